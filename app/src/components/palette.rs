//! The palette: goes to a page, a key or an act on a key by a few letters. Its page without scripts is /find.

use domain::text::SEARCH_MAX;
use leptos::prelude::*;

use crate::pages::keys_filters::secretless;

/// Closed until frontend/js/palette.js opens it.
#[component]
pub fn Palette() -> impl IntoView {
    view! {
        <dialog id="palette" closedby="any" aria-label="Find">
            <input type="search" data-search role="combobox" aria-expanded="true" aria-controls="hits"
                aria-label="Find a page, a key or an act" placeholder="A page, a key or an act"
                maxlength=SEARCH_MAX pattern=secretless() autocomplete="off" spellcheck="false"/>
            <ul id="hits" role="listbox" aria-label="Found"></ul>
            <template id="hit"><li role="option"><span dir="auto"></span> <small></small></li></template>
            <p>
                <kbd>"↑"</kbd> <kbd>"↓"</kbd> " choose, " <kbd>"Enter"</kbd> " goes there, " <kbd>"?"</kbd>
                " outside a field shows all shortcuts"
            </p>
        </dialog>
    }
}

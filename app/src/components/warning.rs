//! What people should know before they go on, although nothing is wrong.

use leptos::prelude::*;

#[component]
pub fn Warning(
    words: String,
    /// Whether calls are refused that people may expect to pass.
    #[prop(optional)]
    grave: bool,
) -> impl IntoView {
    view! {
        <div class="note" class:bad=grave>
            <span aria-hidden="true">"⚠"</span>
            <div><b>{words}</b></div>
        </div>
    }
}

//! What people should know before they go on, although nothing is wrong.

use leptos::prelude::*;

#[component]
pub fn Warning(words: String) -> impl IntoView {
    view! {
        <div class="note">
            <span aria-hidden="true">"⚠"</span>
            <div><b>{words}</b></div>
        </div>
    }
}

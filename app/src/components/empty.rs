//! What a list says that has no rows.

use leptos::prelude::*;

#[component]
pub fn Empty(
    heading: &'static str,
    words: &'static str,
    /// The address to go on to, and the words of its button; `None` if there is nothing to do.
    next: Option<(&'static str, &'static str)>,
) -> impl IntoView {
    view! {
        <div class="card">
            <div class="empty">
                <h2>{heading}</h2>
                <p>{words}</p>
                {next.map(|(address, label)| view! { <a class="button primary" href=address>{label}</a> })}
            </div>
        </div>
    }
}

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

/// What a list says at a place behind its last row.
#[component]
pub fn PastTheEnd(
    /// The address of its first page.
    first: String,
) -> impl IntoView {
    view! {
        <div class="card">
            <div class="empty">
                <h2>"This page is empty"</h2>
                <p>{PAST_THE_END}</p>
                <a class="button primary" href=first>"Show the first page"</a>
            </div>
        </div>
    }
}

/// Why a page behind the last row shows nothing.
pub const PAST_THE_END: &str = "It is past the end of the list: what was here is gone or no longer matches.";

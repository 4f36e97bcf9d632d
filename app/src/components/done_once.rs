//! The way on from a page that shows something once.

use leptos::prelude::*;

/// The link that ends the page. With scripts, every other way to leave asks first, until what is shown was copied
/// (frontend/js/guard.js).
#[component]
pub fn DoneOnce(
    #[prop(into)] href: String,
    /// What is shown, for the question.
    what: &'static str,
    #[prop(default = "Done")] words: &'static str,
) -> impl IntoView {
    let question = format!("Nothing was copied yet. If you leave, you will not see {what} again. Leave?");
    view! { <a class="button primary" href=href data-guard=question data-done="">{words}</a> }
}

//! The one page of one-use links that do not work, whatever the reason.

use domain::refusal::Refusal;
use leptos::prelude::*;

use super::failed::set_status;
use crate::error::ConsoleError;

#[component]
pub fn DeadLink(
    title: &'static str,
    words: &'static str,
    /// Whether whoever has the link may have an account.
    #[prop(optional)]
    signs_in: bool,
) -> impl IntoView {
    set_status(&ConsoleError::Refused(Refusal::LinkInvalid));
    view! {
        <div class="card">
            <div class="empty">
                <h1>{title}</h1>
                <p>{words}</p>
                {signs_in.then(|| view! { <a class="button primary" href="/login">"Sign in"</a> })}
            </div>
        </div>
    }
}

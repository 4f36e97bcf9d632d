//! Where whoever asked collects an approved key: what it is, then the key, once.

use domain::key::ACKNOWLEDGE_WITHIN;
use domain::request::RequestState;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::request::{NotShown, asked_for};
use super::secret::Secret;
use crate::components::failed::{FormProblem, set_status};
use crate::components::time::{Time, span};
use crate::components::title::Title;
use crate::desk::integrations::with_integration_named;
use crate::desk::later::later;
use crate::desk::requests::{RequestView, read_approved, read_request};
use crate::error::ConsoleError;
use crate::forms::hand_over::REQUEST;
use crate::forms::key::NewSecret;
use crate::forms::outcome::{PostedForm, Problem};
use crate::forms::person::Nothing;

#[component]
pub fn CollectRequest() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    match PostedForm::<Nothing, NewSecret>::take() {
        Some(PostedForm { outcome: Ok(issued), .. }) => {
            let draft = domain::draft::KeyDraft::again(&issued.key);
            view! { <Secret issued draft/> }.into_any()
        }
        posted => {
            let problem = PostedForm::problem(posted.as_ref());
            let page = later(async move {
                match read_approved(&id).await {
                    Ok(mut found) => {
                        found.request.draft = with_integration_named(&found.request.draft).await;
                        view! { <Ask id found problem/> }.into_any()
                    }
                    Err(error) => match read_request(&id).await {
                        Ok(found) if found.is_own && found.request.state == RequestState::Collected => {
                            view! { <Collected id error/> }.into_any()
                        }
                        _ => view! { <NotShown title="Collect your key" error/> }.into_any(),
                    },
                }
            });
            view! { <Title text="Collect your key"/> {page} }.into_any()
        }
    }
}

/// In place of a key that was shown before.
#[component]
fn Collected(id: String, error: ConsoleError) -> impl IntoView {
    set_status(&error);
    view! {
        <div class="head narrow">
            <div>
                <h1>"You have collected this key"</h1>
                <p>"It was shown once, and is not shown again. If you have not confirmed it yet, its page leads there."</p>
            </div>
        </div>
        <div class="actions">
            <a class="button primary" href=format!("/keys/{id}")>"View the key"</a>
            <a class="button" href="/requests">"All requests"</a>
        </div>
    }
}

/// What was approved, before anything is made.
#[component]
fn Ask(id: String, found: RequestView, problem: Problem) -> impl IntoView {
    let what = asked_for(&found);
    let until = found.request.until;
    let by = found.request.decided.map(|decided| decided.by.1);
    view! {
        <div class="head narrow">
            <div>
                <h1>"Collect your key"</h1>
                <p>"Approved" {by.map(|by| view! { " by " <bdi>{by}</bdi> })} ". It waits until " <Time at=until/> "."</p>
            </div>
        </div>
        <form class="card narrow" method="post" action=format!("/requests/{id}/collect")>
            <header><h2 dir="auto">{found.request.key_name}</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                {what}
                <p class="soft">
                    {format!(
                        "Nobody has seen this key: it is made when you ask for it, and shown once. Store it at once; you have {} to confirm that.",
                        span(ACKNOWLEDGE_WITHIN),
                    )}
                </p>
            </div>
            <footer>
                <button class="button primary">"Show me the key"</button>
                <a class="button" href=format!("/keys/handovers/new?{REQUEST}={id}")>"Let somebody else collect it"</a>
                <a class="button quiet" href="/requests">"Cancel"</a>
            </footer>
        </form>
    }
}

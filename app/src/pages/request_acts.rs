//! The dialogs that approve, decline and withdraw a request, and the page that decides many.

use domain::field::{Field, FieldErrors};
use domain::request::{Decision, RequestState};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::request::{in_short, life};
use crate::addresses::address_pairs;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::requests::{RequestView, read_request, read_some_requests};
use crate::error::ConsoleError;
use crate::forms::bulk::{ACT, KEY};
use crate::forms::fields::{FormFields, Pairs};
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;
use crate::forms::request::{DecideForm, DecideManyForm};

/// The page behind the dialogs.
const BACK: &str = "/requests";

#[component]
pub fn ApproveModal() -> impl IntoView {
    decide(Decision::Approve)
}

#[component]
pub fn DeclineModal() -> impl IntoView {
    decide(Decision::Decline)
}

/// What will be true afterwards.
const fn effect(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "Whoever asked can collect the key within 7 days. You never see its secret.",
        Decision::Decline => "No key is made. Whoever asked can ask again.",
    }
}

const fn button(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "button primary",
        Decision::Decline => "button primary danger",
    }
}

fn decide(decision: Decision) -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<DecideForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let word = posted.map(|posted| posted.form.word).unwrap_or_default();
    later(async move {
        match read_request(&id).await {
            Ok(found) => {
                let (what, may) = (in_short(&found), found.may_decide);
                let title = format!("{} “{}”?", decision.label(), found.request.key_name);
                let why = (!may && problem.whole.is_none()).then(|| not_possible(&found));
                view! {
                    <Modal title back=BACK>
                        <form method="post" action=format!("/requests/{id}/{}", decision.as_str()) novalidate>
                            <div class="body">
                                <FormProblem problem=problem.whole/>
                                {why.map(|why| view! { <p>{why}</p> })}
                                {may.then(|| view! { <p>{effect(decision)}</p> })}
                                {what}
                                <p><a href=format!("/requests/{id}")>"All that is asked for"</a></p>
                                {may.then(|| view! { <Word errors=problem.fields word autofocus=true/> })}
                            </div>
                            <footer>
                                <a class="button" href=BACK>{if may { "Cancel" } else { "Close" }}</a>
                                {may.then(|| view! { <button class=button(decision)>{decision.label()}</button> })}
                            </footer>
                        </form>
                    </Modal>
                }
                .into_any()
            }
            Err(error) => refused(decision.label(), error),
        }
    })
}

fn not_possible(found: &RequestView) -> &'static str {
    if found.is_own {
        "Somebody else must decide on your own request."
    } else if found.request.state == RequestState::Waiting {
        "You may not issue this key yourself, so you cannot decide on it."
    } else {
        "This request was decided, or it has ended."
    }
}

#[component]
fn Word(errors: FieldErrors, word: String, #[prop(optional)] autofocus: bool) -> impl IntoView {
    let errors = RwSignal::new(errors);
    view! {
        <TextField errors field=Field::Note label="A word to whoever asked" aside="optional" lines=2 value=word autofocus
            hint="It is in the audit."/>
    }
}

#[component]
pub fn WithdrawRequest() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let own = read_request(&id).await.and_then(|found| {
            if found.is_own { Ok(found) } else { Err(ConsoleError::Refused(domain::refusal::Refusal::Forbidden)) }
        });
        match own {
            Ok(found) => view! {
                <Modal title=format!("Withdraw the request for “{}”?", found.request.key_name) back=BACK>
                    <form method="post" action=format!("/requests/{id}/withdraw")>
                        <div class="body">
                            <FormProblem problem=problem.whole/>
                            <p>"Nobody can approve it any more, and its key cannot be collected."</p>
                        </div>
                        <footer>
                            <a class="button" href=BACK>"Cancel"</a>
                            <button class="button primary danger">"Withdraw"</button>
                        </footer>
                    </form>
                </Modal>
            }
            .into_any(),
            Err(error) => refused("Withdraw", error),
        }
    })
}

fn refused(verb: &str, error: ConsoleError) -> AnyView {
    view! {
        <Modal title=format!("{verb} a request") back=BACK>
            <div class="body"><Failed error/></div>
            <footer><a class="button primary" href=BACK>"Close"</a></footer>
        </Modal>
    }
    .into_any()
}

/// The decision about the ticked requests: which they are, then the button.
#[component]
pub fn ManyRequests() -> impl IntoView {
    let posted = PostedForm::<DecideManyForm>::take();
    let form = posted.as_ref().map_or_else(asked, |posted| posted.form.clone());
    let problem = PostedForm::problem(posted.as_ref());
    let title = format!("{} requests", form.decision.map_or("Decide on", Decision::label));
    let body = later(async move {
        let read = async {
            let decision = form.decision.ok_or(ConsoleError::Malformed)?;
            let found = read_some_requests(&form.keys).await?;
            if form.keys.is_empty() {
                return Err(ConsoleError::Refused(domain::refusal::Refusal::NoRequestChosen));
            }
            Ok((decision, found))
        };
        match read.await {
            Ok((decision, found)) => view! {
                <FormProblem problem=problem.whole/>
                <Many decision found asked=form.keys.len() errors=problem.fields word=form.word/>
            }
            .into_any(),
            Err(error) => {
                view! { <Failed error/> <div class="actions"><a class="button" href=BACK>"Back to the list"</a></div> }
                    .into_any()
            }
        }
    });
    view! {
        <Title text=title.clone()/>
        <div class="head"><div><h1>{title}</h1></div></div>
        {body}
    }
}

/// The form that the address of the page holds.
fn asked() -> DecideManyForm {
    DecideManyForm::read(&Pairs(address_pairs()))
}

#[component]
fn Many(
    decision: Decision,
    found: Vec<RequestView>,
    /// How many were ticked.
    asked: usize,
    errors: FieldErrors,
    word: String,
) -> impl IntoView {
    let (taken, skipped): (Vec<_>, Vec<_>) = found.into_iter().partition(|view| view.may_decide);
    let gone = asked.saturating_sub(taken.len() + skipped.len());
    let hidden: Vec<_> = taken
        .iter()
        .map(|view| view! { <input type="hidden" name=KEY value=view.request.key.as_str().to_owned()/> })
        .collect();
    let count = match taken.len() {
        1 => "1 request".to_owned(),
        several => format!("{several} requests"),
    };
    let none = taken.is_empty();
    let rows: Vec<_> = taken
        .into_iter()
        .map(|view| {
            let life = life(&view);
            let request = view.request;
            view! {
                <li>
                    <span>
                        <b dir="auto">{request.key_name}</b> {view.app.map(|app| view! { " of " <bdi>{app}</bdi> })} " for " <bdi>{request.asked_by.1}</bdi> ": "
                        <span dir="auto">{request.reason}</span> " " <small class="soft">{view.means.words} {life}</small>
                    </span>
                </li>
            }
        })
        .collect();
    let skipped: Vec<_> = skipped
        .into_iter()
        .map(|view| view! { <div><dt>"Skipped"</dt><dd><bdi>{view.request.key_name.clone()}</bdi> ": " {not_possible(&view)}</dd></div> })
        .collect();
    let gone = (gone > 0).then(|| view! { <div><dt>"Skipped"</dt><dd>{gone} " no longer there"</dd></div> });
    view! {
        <form class="card narrow" method="post" action="/requests/many" novalidate>
            <div class="body stack">
                {hidden}
                <input type="hidden" name=ACT value=decision.as_str()/>
                {(!none).then(|| view! { <p>{effect(decision)}</p> })}
                <ul class="feed many">{rows}</ul>
                <dl class="facts">{skipped} {gone}</dl>
                {(!none).then(|| view! { <Word errors word/> })}
            </div>
            <footer>
                {(!none).then(|| view! { <button class=button(decision)>{format!("{} {count}", decision.label())}</button> })}
                <a class="button quiet" href=BACK>{if none { "Back to the list" } else { "Cancel" }}</a>
            </footer>
        </form>
    }
}

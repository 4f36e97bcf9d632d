//! Where the link of a hand-over leads: what it is for, then the key, once, and its confirmation. Nobody signs in.

use domain::field::Field;
use domain::key::{ACKNOWLEDGE_WITHIN, Status};
use domain::rotation::Overlap;
use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::keys::{Confirmed, ToConfirm};

use super::frame::Mark;
use super::secret::shown;
use super::sign_in::Closed;
use crate::components::dead_link::DeadLink;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::time::{Time, span};
use crate::components::title::Title;
use crate::desk::hand_overs::{CollectDoor, StoredDoor, Waiting, read_collect_door, read_stored_door, stored_address};
use crate::desk::later::later;
use crate::forms::hand_over::{CollectFields, CollectedSecret, Stored, StoredFields};
use crate::forms::outcome::{PostedForm, Problem};
use crate::islands::acknowledge::AcknowledgeBox;

#[component]
pub fn CollectPage() -> impl IntoView {
    let token = use_params_map().get_untracked().get("token").unwrap_or_default();
    let posted = PostedForm::<CollectFields, CollectedSecret>::take();
    let page = match posted {
        Some(PostedForm { outcome: Ok(collected), .. }) => view! { <Secret collected/> }.into_any(),
        posted => later(async move {
            match read_collect_door(&token).await {
                Ok(CollectDoor::Open(waiting)) => {
                    let problem = PostedForm::problem(posted.as_ref());
                    view! { <Ask token waiting=*waiting problem/> }.into_any()
                }
                Ok(CollectDoor::Dead) => view! { <Dead/> }.into_any(),
                Ok(CollectDoor::Plain) => view! { <Closed/> }.into_any(),
                Err(error) => view! { <Failed error/> }.into_any(),
            }
        })
        .into_any(),
    };
    outside("Collect a key", page)
}

/// The frame of these pages, which lead nowhere else.
pub(super) fn outside(title: &'static str, page: AnyView) -> AnyView {
    view! {
        <Title text=title/>
        <main class="door roomy" id="main">
            <Mark/>
            {page}
        </main>
    }
    .into_any()
}

/// What is handed over, before anything is made.
#[component]
fn Ask(token: String, waiting: Waiting, problem: Problem) -> impl IntoView {
    let Waiting { hand_over, description, may, expires_at, form_id } = waiting;
    let (title, words, button) = match hand_over.rotates {
        None => (
            "A key waits for you",
            "Nobody has seen this key: it is made when you ask for it, and shown once.".to_owned(),
            "Show me the key",
        ),
        Some(overlap) => (
            "A new secret of your key waits for you",
            format!(
                "Nobody has seen this secret: it is made when you ask for it, and shown once. Until you confirm it, nothing \
                 changes. {}",
                old_secret(overlap),
            ),
            "Show me the new secret",
        ),
    };
    let errors = RwSignal::new(problem.fields);
    let passphrase = hand_over.has_passphrase.then(|| {
        let hint = format!("{} tells you by other means than this link.", hand_over.made_by.1);
        view! { <TextField errors field=Field::Passphrase input="password" hint required=true autocomplete="off"/> }
    });
    view! {
        <form class="card" method="post" action=format!("/collect/{token}") novalidate>
            <header><h1>{title}</h1></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <dl class="facts">
                    <div><dt>"For"</dt><dd dir="auto">{hand_over.recipient}</dd></div>
                    <div><dt>"From"</dt><dd><bdi>{hand_over.made_by.1}</bdi></dd></div>
                    <div><dt>"Key"</dt><dd><b dir="auto">{hand_over.key_name}</b> ", " {hand_over.kind.label()}</dd></div>
                    {(!description.is_empty()).then(|| view! { <div><dt>"Description"</dt><dd dir="auto">{description}</dd></div> })}
                    <div><dt>"It may be used"</dt><dd>{may} {expires_at.map(|at| view! { " Until " <Time at/> "." })}</dd></div>
                    <div><dt>"Link works until"</dt><dd><Time at=hand_over.expires_at/></dd></div>
                </dl>
                <p class="soft">
                    {format!("{words} Store it at once; you have {} to confirm that.", span(ACKNOWLEDGE_WITHIN))}
                </p>
                {passphrase}
                <input type="hidden" name=Field::FormId.as_str() value=form_id/>
                <button class="button primary">{button}</button>
            </div>
        </form>
    }
}

/// What becomes of the old secret.
fn old_secret(overlap: Overlap) -> String {
    if overlap == Overlap::NONE {
        return "From then on, the old secret is refused.".to_owned();
    }
    format!("The old secret works for {} after that.", overlap.words())
}

/// The key, or its new secret, once.
#[component]
pub fn Secret(collected: CollectedSecret) -> impl IntoView {
    let issued = &collected.issued;
    let row = &issued.key.row;
    let address = stored_address(&collected.confirm);
    let deadline = issued.ack_deadline.unwrap_or(row.created_at);
    let made = deadline.plus(Millis(-ACKNOWLEDGE_WITHIN.0));
    let rotates = collected.overlap.is_some();
    let (title, words) = match collected.overlap {
        None => (
            format!("Copy “{}” now", row.name),
            "You will not be able to see it again. If you lose it, ask for a new link.".to_owned(),
        ),
        Some(overlap) => (
            format!("Copy the new secret of “{}” now", row.name),
            format!(
                "You will not be able to see it again. If you lose it, do not confirm it: then nothing changes. {}",
                old_secret(overlap),
            ),
        ),
    };
    view! {
        <div class="head narrow">
            <div>
                <h1>{title}</h1>
                <p>{words}</p>
            </div>
        </div>
        {shown(issued, rotates)}
        <form class="narrow stack" method="post" data-address=address.clone() action=address>
            <AcknowledgeBox deadline now=made guard=true outside=true rotates wrong=None/>
        </form>
    }
}

#[component]
pub fn StoredPage() -> impl IntoView {
    let token = use_params_map().get_untracked().get("token").unwrap_or_default();
    let page = match PostedForm::<StoredFields, Stored>::take() {
        Some(PostedForm { outcome: Ok(stored), .. }) => view! { <Works stored/> }.into_any(),
        posted => later(async move {
            match read_stored_door(&token).await {
                Ok(StoredDoor::Open(what, now)) => {
                    let problem = PostedForm::problem(posted.as_ref());
                    view! { <Confirm token what=*what now problem/> }.into_any()
                }
                Ok(StoredDoor::Dead) => view! { <NothingToConfirm/> }.into_any(),
                Err(error) => view! { <Failed error/> }.into_any(),
            }
        })
        .into_any(),
    };
    outside("Confirm the key", page)
}

/// The confirmation again, when the secret is no longer on the screen.
#[component]
fn Confirm(token: String, what: ToConfirm, now: Timestamp, problem: Problem) -> impl IntoView {
    let wrong = problem.fields.of(Field::Acknowledged).next().map(|error| error.message.clone());
    let rotates = matches!(what, ToConfirm::Secret(..));
    let (title, words, deadline) = match what {
        ToConfirm::Key(key) => {
            let until = match key.row.status(now) {
                Status::Pending { until } => until,
                _ => now,
            };
            let words = "It was shown once, and is not shown again. If you have stored it, confirm that below. If not, ask \
                         whoever sent the link for a new one: nobody can use this key then.";
            (format!("Have you stored “{}”?", key.row.name), words, until)
        }
        ToConfirm::Secret(key, waiting) => {
            let words = "It was shown once, and is not shown again. If you have stored it, confirm that below. If not, \
                         leave this page: the old secret works on as before.";
            (format!("Have you stored the new secret of “{}”?", key.row.name), words, waiting.ack_deadline)
        }
    };
    view! {
        <div class="head narrow">
            <div>
                <h1>{title}</h1>
                <p>{words}</p>
            </div>
        </div>
        <form class="narrow stack" method="post" action=format!("/collect/{token}/stored")>
            <FormProblem problem=problem.whole/>
            <AcknowledgeBox deadline now guard=false outside=true rotates wrong/>
        </form>
    }
}

#[component]
fn Works(stored: Stored) -> impl IntoView {
    let (title, then) = match &*stored {
        Confirmed::Key(key) => (format!("“{}” is confirmed and enabled", key.row.name), None),
        Confirmed::Secret(key, ends) => {
            let then = match *ends {
                Some(at) => view! { " The old one works until " <Time at/> "." }.into_any(),
                None => " The old one no longer works.".into_any(),
            };
            (format!("The new secret of “{}” works", key.row.name), Some(then))
        }
    };
    view! {
        <div class="card">
            <div class="empty" role="status">
                <h1>{title}</h1>
                <p>"You can use it now, and close this page." {then}</p>
                <p class="soft">"To see later what it may do and what is left of it, enter it at " <a href="/holder">"/holder"</a> "."</p>
            </div>
        </div>
    }
}

/// The one page of links that do not work, whatever the reason.
#[component]
fn Dead() -> impl IntoView {
    let words = "A link to a key works once, and only for some time. Yours was used or withdrawn, or its time is over. \
                     If this browser has just shown you the key, go back: you can still confirm it. If not, ask whoever \
                     sent the link for a new one.";
    view! { <DeadLink title="This link does not work" words/> }
}

/// The one page of confirmations that do not work, whatever the reason.
#[component]
fn NothingToConfirm() -> impl IntoView {
    let words = "What you collected can be confirmed once, and only for some time. If you have confirmed it, it works, and \
                     you can close this page. If not, it never will: ask whoever sent the link for a new one.";
    view! {
        <DeadLink title="Nothing to confirm" words/>
        <p class="soft">"To find out whether your key works, enter it at " <a href="/holder">"/holder"</a> "."</p>
    }
}

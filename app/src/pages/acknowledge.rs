//! A pending key whose secret is no longer on the screen: confirm it or drop it.

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::key::{ACKNOWLEDGE_WITHIN, Status};
use domain::refusal::Refusal;
use domain::role::Act;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::keys::SeenBy;

use crate::components::failed::{Failed, FormProblem};
use crate::components::hidden_draft::HiddenDraft;
use crate::components::key_status::KeyStatus;
use crate::components::time::span;
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::keys::{KeyView, may_change_keys, read_key, seen_by_another};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::fields::TICKED;
use crate::forms::key::{ANYWAY, AcknowledgeForm, STEP, WizardStep};
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;
use crate::islands::acknowledge::AcknowledgeBox;

#[component]
pub fn Acknowledge() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<AcknowledgeForm>::take();
    let dropped = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    let page = later(async move {
        match read_key(&id).await.and_then(|view| view.allowing(Act::ChangeKeys)) {
            Ok(view) => match (view.key.row.status(view.now), seen_by_another(&view.key.row.id).await) {
                (Status::Pending { until }, Ok(seen_by)) => {
                    view! { <Waiting view until seen_by posted not_dropped=dropped.whole/> }.into_any()
                }
                (Status::Pending { .. }, Err(error)) => view! { <Gone error posted/> }.into_any(),
                _ => view! { <NotWaiting view/> }.into_any(),
            },
            Err(error) => view! { <Gone error posted/> }.into_any(),
        }
    });
    view! { <Title text="Confirm the key"/> {page} }
}

#[component]
fn Waiting(
    view: KeyView,
    until: Timestamp,
    /// Who saw its secret, if it was not the visitor.
    seen_by: Option<SeenBy>,
    posted: Option<PostedForm<AcknowledgeForm>>,
    /// Why the key could not be dropped.
    not_dropped: Option<ConsoleError>,
) -> impl IntoView {
    let KeyView { key, now, .. } = view;
    let id = key.row.id.as_str().to_owned();
    let problem = PostedForm::problem(posted.as_ref());
    let wrong = problem.fields.of(Field::Acknowledged).next().map(|error| error.message.clone());
    let (draft, app) = (KeyDraft::again(&key), key.app_id.to_string());
    // A refused form leaves this page in the history, not a question whether to send it again.
    let address = format!("/keys/{id}/acknowledge");
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("Have you stored “{}”?", key.row.name)}</h1>
                <p>
                    "Its secret was shown once, and Keystead does not keep it. If you have stored it, confirm the key \
                     to activate it. If not, drop the key and generate a new one."
                </p>
            </div>
        </div>
        <p class="narrow inline">
            <KeyStatus status=key.row.status(now) now/> <span class="mono">{key.row.masked()}</span>
        </p>
        <form class="narrow stack" method="post" data-address=address.clone() action=address>
            <FormProblem problem=problem.whole.or(not_dropped)/>
            <HiddenDraft draft=draft.clone()/>
            <input type="hidden" name=Field::App.as_str() value=app.clone()/>
            {seen_by.map(|seen_by| view! { <Anyway seen_by what="this key, and only they saw its secret"/> })}
            <AcknowledgeBox deadline=until now guard=false outside=false rotates=false wrong/>
        </form>
        <div class="actions narrow">
            <form method="post" action=format!("/keys/{id}/drop")>
                <button class="button danger">"Drop this key"</button>
            </form>
            <Again draft app/>
        </div>
    }
}

/// The question to whoever did not see the secret.
#[component]
pub fn Anyway(
    seen_by: SeenBy,
    /// What they did it to, and what only they saw.
    what: &'static str,
) -> impl IntoView {
    let SeenBy { name, did } = seen_by;
    view! {
        <Warning words=format!("{name} {did} {what}. Confirm it anyway?")/>
        <label class="check">
            <input type="checkbox" name=ANYWAY id=ANYWAY value=TICKED required autocomplete="off"/>
            <span>
                {format!("Confirm it, although {name} {did} it.")}
                <br/>
                <small>"The audit will say so."</small>
            </span>
        </label>
    }
}

#[component]
fn NotWaiting(view: KeyView) -> impl IntoView {
    let KeyView { key, now, .. } = view;
    let id = key.row.id.as_str().to_owned();
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("“{}” is not waiting to be confirmed", key.row.name)}</h1>
                <p><KeyStatus status=key.row.status(now) now/></p>
            </div>
        </div>
        <div class="actions">
            <a class="button primary" href=format!("/keys/{id}")>"View the key"</a>
            <a class="button" href="/keys">"All keys"</a>
        </div>
    }
}

/// The key was dropped or deleted, or never was. The posted form still has its fields.
#[component]
fn Gone(error: ConsoleError, posted: Option<PostedForm<AcknowledgeForm>>) -> impl IntoView {
    let gone = error == ConsoleError::Refused(Refusal::NotFound);
    let again = posted.map(|posted| (posted.form.draft, posted.form.app)).filter(|(draft, _)| draft.kind.is_some());
    view! {
        <div class="head narrow"><div><h1>"This key is gone"</h1></div></div>
        <Failed error/>
        {gone.then(|| {
            let within = span(ACKNOWLEDGE_WITHIN);
            view! { <p class="narrow">{format!("It was dropped because nobody confirmed it within {within}, or it was deleted. Nobody can use it.")}</p> }
        })}
        <div class="actions narrow">
            {match again {
                Some((draft, app)) => view! { <Again draft app/> }.into_any(),
                None if may_change_keys() => {
                    view! { <a class="button primary" href="/keys/new">"Generate New Key"</a> }.into_any()
                }
                None => view! { <a class="button primary" href="/keys">"All keys"</a> }.into_any(),
            }}
        </div>
    }
}

/// Restarts the wizard at its summary, with the same fields in the same app.
#[component]
pub fn Again(
    draft: KeyDraft,
    /// The id of the app; empty if it is not known.
    app: String,
) -> impl IntoView {
    view! {
        <form method="post" action="/keys/new">
            <HiddenDraft draft/>
            <input type="hidden" name=Field::App.as_str() value=app/>
            <button class="button" name=STEP value=WizardStep::Summary.as_str()>"Generate again with the same fields"</button>
        </form>
    }
}

//! A new secret that is no longer on the screen and waits to be confirmed: confirm it or drop it.

use domain::field::Field;
use domain::refusal::Refusal;
use domain::rotation::{NoRotation, WaitingSecret};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::keys::SeenBy;

use super::acknowledge::Anyway;
use crate::addresses::{FROM_KEY, with_query};
use crate::components::failed::{Failed, FormProblem, set_status};
use crate::components::key_status::KeyStatus;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::keys::KeyView;
use crate::desk::later::later;
use crate::desk::rotation::{read_rotating, rotation_seen_by_another};
use crate::error::ConsoleError;
use crate::forms::outcome::PostedForm;
use crate::forms::rotation::{ConfirmRotationForm, EndRotationForm, NEW_SECRET};
use crate::islands::acknowledge::AcknowledgeBox;

#[component]
pub fn AcknowledgeRotation() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<ConfirmRotationForm>::take();
    let dropped = PostedForm::problem(PostedForm::<EndRotationForm>::take().as_ref());
    let page = later(async move {
        match read_rotating(&id).await {
            Ok((view, rotation)) => match (rotation.waiting, rotation_seen_by_another(&id).await) {
                (Some(waiting), Ok(seen_by)) => {
                    view! { <Waits view waiting seen_by posted not_dropped=dropped.whole/> }.into_any()
                }
                (None, Ok(_)) => view! { <NothingWaits view asked=posted.is_some()/> }.into_any(),
                (_, Err(error)) => view! { <Failed error/> }.into_any(),
            },
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! { <Title text="Confirm the new secret"/> {page} }
}

#[component]
fn Waits(
    view: KeyView,
    waiting: WaitingSecret,
    /// Who saw it, if it was not the visitor.
    seen_by: Option<SeenBy>,
    posted: Option<PostedForm<ConfirmRotationForm>>,
    /// Why it could not be dropped.
    not_dropped: Option<ConsoleError>,
) -> impl IntoView {
    let KeyView { key, now, .. } = view;
    let id = key.row.id.as_str().to_owned();
    let problem = PostedForm::problem(posted.as_ref());
    let wrong = problem.fields.of(Field::Acknowledged).next().map(|error| error.message.clone());
    let address = format!("/keys/{id}/rotation/acknowledge");
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("Have you stored the new secret of “{}”?", key.row.name)}</h1>
                <p>
                    "It was shown once, and Keystead does not keep it. If you have stored it, confirm it. If not, drop it \
                     and rotate again. Until you confirm it, only the old secret works."
                </p>
            </div>
        </div>
        <p class="narrow inline">
            <KeyStatus status=key.row.status(now) now/>
            <span>"New secret " <span class="mono">{format!("…{}", waiting.last4)}</span> ", made at " <Time at=waiting.asked_at/></span>
        </p>
        <form class="narrow stack" method="post" data-address=address.clone() action=address>
            <FormProblem problem=problem.whole.or(not_dropped)/>
            <input type="hidden" name=NEW_SECRET value=waiting.number.0/>
            {seen_by.map(|seen_by| view! { <Anyway seen_by what="this secret, and only they saw it"/> })}
            <AcknowledgeBox deadline=waiting.ack_deadline now guard=false outside=true rotates=true wrong/>
        </form>
        <div class="actions narrow">
            <form method="post" action=format!("/keys/{id}/rotation/drop")>
                <input type="hidden" name=NEW_SECRET value=waiting.number.0/>
                <button class="button danger">"Drop the new secret"</button>
            </form>
        </div>
    }
}

/// The secret was confirmed or dropped.
#[component]
fn NothingWaits(
    view: KeyView,
    /// Whether somebody has just wanted to confirm it.
    asked: bool,
) -> impl IntoView {
    let why = ConsoleError::Refused(Refusal::NoRotation(NoRotation::NotWaiting));
    if asked {
        set_status(&why);
    }
    let id = view.key.row.id.as_str().to_owned();
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("No new secret of “{}” waits to be confirmed", view.key.row.name)}</h1>
                <p>"Somebody has confirmed or dropped it, or its time was over. If nobody confirmed it, the old secret works as before."</p>
            </div>
        </div>
        <div class="actions narrow">
            <a class="button primary" href=format!("/keys/{id}")>"View the key"</a>
            <a class="button" href=with_query(&format!("/keys/{id}/rotate"), FROM_KEY)>"Rotate again"</a>
        </div>
    }
}

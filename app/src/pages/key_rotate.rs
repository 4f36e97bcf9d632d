//! Rotating a key: the question how long the old secret works, then the new secret, once.

use domain::field::{Field, FieldErrors};
use domain::key::{ACKNOWLEDGE_WITHIN, KeyRow};
use domain::rotation::{KeyRotation, NoRotation, Overlap, OverlapChoice};
use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::secret::shown;
use crate::addresses::{back_of, dialog_address};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::components::select_field::SelectField;
use crate::components::time::{LastUsed, Time, span};
use crate::components::title::Title;
use crate::desk::keys::{KeyView, new_form};
use crate::desk::later::later;
use crate::desk::rotation::read_rotating;
use crate::forms::key::BACK;
use crate::forms::outcome::PostedForm;
use crate::forms::rotation::{NEW_SECRET, NewerSecret, OverlapForm};
use crate::islands::acknowledge::AcknowledgeBox;

#[component]
pub fn RotateModal() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<OverlapForm, NewerSecret>::take();
    let back = back_of(posted.as_ref().map(|posted| posted.form.back.as_str()));
    later(async move {
        let read = match read_rotating(&id).await {
            Ok(read) => new_form().map(|form_id| (read, form_id)),
            Err(error) => Err(error),
        };
        match read {
            Ok(((view, rotation), form_id)) => match not_possible(&view, &rotation) {
                Some(why) => refusal(&view.key.row, why, posted.as_ref(), back).into_any(),
                None => dialog(view, form_id, posted, back).into_any(),
            },
            Err(error) => view! {
                <Modal title="Rotate key" back=back.clone()>
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href=back>"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}

/// Why the key cannot have a new secret now.
pub fn not_possible(view: &KeyView, rotation: &KeyRotation) -> Option<NoRotation> {
    let row = &view.key.row;
    NoRotation::of_status(row.state, row.status(view.now))
        .or_else(|| rotation.waiting.as_ref().map(|_| NoRotation::Waiting))
        .or_else(|| rotation.both().map(|_| NoRotation::Running))
}

fn refusal(
    row: &KeyRow,
    why: NoRotation,
    posted: Option<&PostedForm<OverlapForm, NewerSecret>>,
    back: String,
) -> impl IntoView + use<> {
    // What was just sent was refused for another reason, or for this one.
    let problem = PostedForm::problem(posted).whole.filter(|error| error.message() != why.message());
    let id = row.id.as_str().to_owned();
    let onward = match why {
        NoRotation::Waiting => Some((format!("/keys/{id}/rotation/acknowledge"), "Confirm or drop it")),
        NoRotation::Running => Some((format!("/keys/{id}"), "View the key")),
        _ => None,
    };
    view! {
        <Modal title=format!("Rotate “{}”", row.name) back=back.clone()>
            <div class="body">
                <FormProblem problem/>
                <p>{why.message()}</p>
            </div>
            <footer>
                <a class="button" href=back>"Close"</a>
                {onward.map(|(address, words)| view! { <a class="button primary" href=address>{words}</a> })}
            </footer>
        </Modal>
    }
}

fn dialog(
    view: KeyView,
    form_id: String,
    posted: Option<PostedForm<OverlapForm, NewerSecret>>,
    back: String,
) -> impl IntoView {
    let (row, now) = (view.key.row, view.now);
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    let (id, address) = (row.id, dialog_address(row.id.as_str(), "rotate", &back));
    view! {
        <Modal title=format!("Rotate “{}”?", row.name) back=back.clone()>
            <form method="post" action=address novalidate>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <p>
                        "The key gets a new secret and keeps everything else. You see the secret once, and have "
                        {span(ACKNOWLEDGE_WITHIN)} " to confirm that you have stored it. Until then nothing changes."
                    </p>
                    {overlap_fields(errors, &typed, OverlapChoice::ALL, "Then the old secret works for")}
                    <dl class="facts">
                        <div><dt>"Key"</dt><dd class="mono">{row.masked()}</dd></div>
                        <div><dt>"Last used"</dt><dd><LastUsed at=row.last_used_at now/></dd></div>
                        {row.expires_at.map(|at| view! {
                            <div><dt>"Expires"</dt><dd><Time at/> ", and both secrets with it"</dd></div>
                        })}
                    </dl>
                    <input type="hidden" name=Field::FormId.as_str() value=form_id/>
                    <input type="hidden" name=BACK value=back.clone()/>
                </div>
                <footer>
                    <a class="button" href=back>"Cancel"</a>
                    <a class="button" href=format!("/keys/{id}/rotate/handover")>"Let somebody else collect it"</a>
                    <button class="button primary">"Show me the new secret"</button>
                </footer>
            </form>
        </Modal>
    }
}

/// The choice of an overlap. The time is shown with the option that needs it.
pub fn overlap_fields(
    errors: RwSignal<FieldErrors>,
    typed: &OverlapForm,
    offered: &[OverlapChoice],
    label: &'static str,
) -> impl IntoView + use<> {
    let usual =
        if offered.contains(&OverlapChoice::USUAL) { Some(OverlapChoice::USUAL) } else { offered.first().copied() };
    let chosen = OverlapChoice::parse(&typed.choice).filter(|choice| offered.contains(choice)).or(usual);
    let chosen = chosen.map_or("", OverlapChoice::as_str);
    let options: Vec<_> = offered.iter().map(|choice| (choice.as_str(), choice.label())).collect();
    view! {
        <div class="pair until">
            <SelectField errors field=Field::Overlap label options chosen/>
            <TextField errors field=Field::OverlapTime value=typed.time.clone()
                hint="For example 90m, 36h or 30d. At most 90 days."/>
        </div>
    }
}

/// The page that shows the new secret, once.
#[component]
pub fn RotatedSecret(rotated: NewerSecret) -> impl IntoView {
    let issued = &rotated.issued;
    let row = &issued.key.row;
    let address = format!("/keys/{}/rotation/acknowledge", row.id.as_str());
    let deadline = issued.ack_deadline.unwrap_or(Timestamp::from_millis(0));
    let made = deadline.plus(Millis(-ACKNOWLEDGE_WITHIN.0));
    let then = if rotated.overlap == Overlap::NONE {
        "The old secret works until you confirm this one.".to_owned()
    } else {
        format!("The old secret works on, and for {} after you confirm this one.", rotated.overlap.words())
    };
    view! {
        <Title text="Your new secret"/>
        <div class="head narrow">
            <div>
                <h1>{format!("Copy the new secret of “{}” now", row.name)}</h1>
                <p>"You will not be able to see it again. If you lose it, drop it and rotate again. " {then}</p>
            </div>
        </div>
        {shown(issued, true)}
        <form class="narrow stack" method="post" data-address=address.clone() action=address.clone()>
            <input type="hidden" name=NEW_SECRET value=rotated.number.0/>
            // Whoever has a key already does not have to set up an integration.
            <AcknowledgeBox deadline now=made guard=true outside=true rotates=true wrong=None/>
        </form>
        <div class="actions narrow">
            <form method="post" data-drops="Drop the new secret? It never works then, and the old one stays."
                action=format!("/keys/{}/rotation/drop", row.id.as_str())>
                <input type="hidden" name=NEW_SECRET value=rotated.number.0/>
                <button class="button danger">"Drop the new secret"</button>
            </form>
        </div>
    }
}

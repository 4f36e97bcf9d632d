//! The wizard: kind, details, summary, then the key. Each step is a POST to the same address.

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::kind::KeyKind;
use domain::permission::VERIFY;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::generate_steps::{Details, Kinds, MadeBefore, Steps, Summary, WizardState};
use super::secret::Secret;
use crate::components::failed::Failed;
use crate::desk::keys::new_form;
use crate::error::ConsoleError;
use crate::forms::key::{WizardForm, WizardScreen, WizardStep};
use crate::forms::outcome::PostedForm;

#[component]
pub fn Generate() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let posted = PostedForm::<WizardForm, WizardScreen>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let (mut form, outcome) = match posted {
        Some(posted) => (posted.form, Some(posted.outcome)),
        None => (from_address(query.get("kind"), query.get("preset").as_deref()), None),
    };
    // A damaged id has created no key, and never will, so the form continues with a new one.
    if problem.fields.of(Field::FormId).next().is_some() {
        form.form_id.clear();
    }
    let kind = form.draft.kind.as_deref().and_then(KeyKind::parse).filter(|kind| kind.rules().issuable_now);
    let page = match (kind, form_id(form.form_id)) {
        (None, _) => view! { <Steps at=0/> <h1>"Generate New Key"</h1> <Kinds problem/> }.into_any(),
        (_, Err(error)) => view! { <Failed error/> }.into_any(),
        (Some(kind), Ok(form_id)) => {
            // Wrong fields are corrected in the details step; anything else is tried again from the same step.
            let in_fields = !problem.fields.is_empty() || problem.whole == Some(ConsoleError::NotText);
            let at_summary = form.step == Some(WizardStep::Generate) && !in_fields;
            let state = WizardState { kind, draft: form.draft, form_id, problem };
            match outcome {
                Some(Ok(WizardScreen::Secret(issued))) => {
                    view! { <Steps at=3/> <Secret issued draft=state.draft/> }.into_any()
                }
                Some(Ok(WizardScreen::Summary)) => summary(state),
                Some(Err(ConsoleError::Refused(Refusal::AlreadyIssued { key }))) => {
                    view! { <Steps at=2/> <h1>"Generate New Key"</h1> <MadeBefore state key/> }.into_any()
                }
                Some(Err(_)) if at_summary => summary(state),
                _ => view! { <Steps at=1/> <h1>"Generate New Key"</h1> <Details state/> }.into_any(),
            }
        }
    };
    view! { <Title text="Generate New Key"/> {page} }
}

fn summary(state: WizardState) -> AnyView {
    view! { <Steps at=2/> <h1>"Generate New Key"</h1> <Summary state/> }.into_any()
}

fn from_address(kind: Option<String>, preset: Option<&str>) -> WizardForm {
    let mut draft = KeyDraft { kind, ..KeyDraft::default() };
    if preset == Some("verifier") {
        draft.boxes.push(VERIFY.to_owned());
    }
    WizardForm { draft, ..WizardForm::default() }
}

fn form_id(sent: String) -> Result<String, ConsoleError> {
    if sent.is_empty() { new_form() } else { Ok(sent) }
}

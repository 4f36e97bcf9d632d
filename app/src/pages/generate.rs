//! The wizard: kind, details, summary, then the key. Each step is an address, except the key, which only the answer to
//! a POST shows.

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::generate_kinds::Kinds;
use super::generate_link::Link;
use super::generate_steps::{Details, Expired, MadeBefore, Steps, Summary, WizardState};
use super::secret::Secret;
use crate::components::app_switch::InApp;
use crate::components::failed::Failed;
use crate::components::key_fields::KeyHints;
use crate::components::title::Title;
use crate::desk::apps::read_choices;
use crate::desk::integrations::{read_custom_integrations, with_integration_named};
use crate::desk::keys::{check_draft_in, may_change_keys, new_form, now, read_form, read_hints};
use crate::desk::later::later;
use crate::desk::render::go_to;
use crate::desk::requests::read_causes;
use crate::error::ConsoleError;
use crate::forms::key::{DRAFT, NewSecret, STEP, WizardForm, WizardStep};
use crate::forms::outcome::{PostedForm, Problem};

#[component]
pub fn Generate() -> impl IntoView {
    let page = match PostedForm::<WizardForm, NewSecret>::take() {
        // It has a title of its own.
        Some(PostedForm { form, outcome: Ok(issued), .. }) => {
            return view! { <Steps at=3/> <Secret issued draft=form.draft/> }.into_any();
        }
        Some(PostedForm { form, outcome: Err(error), .. }) => answer(form, error),
        None if may_change_keys() => asked(),
        None => view! {
            <h1>"Generate New Key"</h1>
            <Failed error=ConsoleError::Refused(Refusal::Forbidden)/>
            <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
        }
        .into_any(),
    };
    view! { <Title text="Generate New Key"/> {page} }.into_any()
}

/// The answer to a form that no address can show, because nothing could be kept.
fn answer(form: WizardForm, error: ConsoleError) -> AnyView {
    let in_fields = matches!(error, ConsoleError::NotText);
    let problem = Problem::from(error);
    let in_fields = in_fields || !problem.fields.is_empty();
    match kind_of(&form.draft) {
        None => kinds(problem, String::new()),
        Some(kind) => {
            let asks = form.step == Some(WizardStep::Ask) && problem.fields.of(Field::Reason).next().is_some();
            let WizardForm { draft, form_id, app, reason, .. } = form;
            let state = WizardState { kind, draft, form_id, app, reason, problem };
            // Wrong fields are corrected in the details step; anything else is tried again from the same step.
            let last = [WizardStep::Generate, WizardStep::HandOver, WizardStep::Ask].map(Some).contains(&form.step);
            if asks || (last && !in_fields) {
                later(summary(state)).into_any()
            } else {
                later(details(state, Vec::new())).into_any()
            }
        }
    }
}

/// The step at the page's address.
fn asked() -> AnyView {
    let query = use_query_map().get_untracked();
    let link = Link::of(&query);
    let step = query.get(STEP).as_deref().and_then(WizardStep::parse);
    match query.get(DRAFT) {
        Some(form_id) => later(saved(form_id, link, step)).into_any(),
        None => match link.kind() {
            Ok(Some(_)) => begin(),
            Ok(None) => kinds(Problem::default(), link.further()),
            Err(fields) => kinds(Problem { fields, whole: None }, link.further()),
        },
    }
}

/// Gives a new form its id, so that its first step has an address to come back to.
fn begin() -> AnyView {
    match new_form() {
        Ok(form_id) => {
            let query = use_location().search.get_untracked();
            go_to(&format!("/keys/new?{}&{DRAFT}={form_id}", query.trim_start_matches('?')));
            ().into_any()
        }
        Err(error) => view! { <Failed error/> }.into_any(),
    }
}

/// What was typed into a form, at this step; what the link fills in, if nothing was saved yet.
async fn saved(form_id: String, link: Link, step: Option<WizardStep>) -> AnyView {
    let form = match read_form(&form_id).await {
        Ok(form) => form,
        Err(error) => return view! { <Failed error/> }.into_any(),
    };
    if let Some(key) = form.key {
        return view! { <Steps at=2/> <h1>"Generate New Key"</h1> <MadeBefore draft=form.draft app=form.app key/> }
            .into_any();
    }
    let Some(draft) = form.draft else { return unsaved(form_id, link).await };
    // An earlier step's address does not know it.
    let app = form.app.map_or_else(|| link.app(), |app| app.to_string());
    let checked = check_draft_in(&app, &draft).await;
    let within = InApp::read(&app).await;
    let right = checked.is_ok() && (!within.shown || within.name().is_some());
    let problem = checked.err().map(Problem::from).unwrap_or_default();
    match kind_of(&draft) {
        None => kinds(problem, String::new()),
        Some(kind) => {
            let state = WizardState { kind, draft, form_id, app, reason: String::new(), problem };
            let shows_summary = right && step == Some(WizardStep::Summary);
            if shows_summary { summary(state).await } else { details(state, Vec::new()).await }
        }
    }
}

/// A form of which nothing is saved: a new one with what the link fills in, or an old one.
async fn unsaved(form_id: String, link: Link) -> AnyView {
    let Ok(Some(kind)) = link.kind() else { return view! { <Steps at=1/> <Expired/> }.into_any() };
    let app = link.app_of_key().await;
    match (hints(&app).await, now()) {
        (Ok(hints), Ok(now)) => {
            let (filled, notes) = link.fill(kind, &hints, now);
            let problem = Problem { fields: filled.errors, whole: None };
            let state = WizardState { kind, draft: filled.draft, form_id, app, reason: String::new(), problem };
            details(state, notes).await
        }
        (Err(error), _) | (_, Err(error)) => view! { <Failed error/> }.into_any(),
    }
}

/// The choice of a kind. The rest of a link goes on to the next step.
fn kinds(problem: Problem, further: String) -> AnyView {
    view! { <Steps at=0/> <h1>"Generate New Key"</h1> <Kinds problem further/> }.into_any()
}

async fn details(state: WizardState, notes: Vec<String>) -> AnyView {
    // The form works without them.
    let mut hints = hints(&state.app).await.unwrap_or_default();
    let within = InApp::read(&state.app).await;
    if state.kind.rules().asks(Field::Integration) {
        hints.integrations = read_custom_integrations(&within.chosen).await.unwrap_or_default();
    }
    view! { <Steps at=1/> <h1>"Generate New Key"</h1> <Details state within notes hints/> }.into_any()
}

async fn summary(state: WizardState) -> AnyView {
    let within = InApp::read(&state.app).await;
    // If they cannot be read now, pressing the button finds them.
    let causes = read_causes(&state.draft).await.unwrap_or_default();
    let shown = with_integration_named(&state.draft).await;
    view! { <Steps at=2/> <h1>"Generate New Key"</h1> <Summary state shown within causes/> }.into_any()
}

/// What the form suggests in the app with this id, or in those that the pages are about.
async fn hints(app: &str) -> Result<KeyHints, ConsoleError> {
    match AppId::parse(app) {
        Some(app) => read_hints(&app).await,
        None => read_hints(read_choices().await?).await,
    }
}

fn kind_of(draft: &KeyDraft) -> Option<KeyKind> {
    draft.kind.as_deref().and_then(KeyKind::parse).filter(|kind| kind.rules().issuable_now)
}

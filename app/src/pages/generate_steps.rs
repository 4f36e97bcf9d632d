//! The steps of the wizard before the secret.

use domain::approval::{self, Cause};
use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, IntegrationId, KeyId};
use domain::key::{ACKNOWLEDGE_WITHIN, Status};
use domain::kind::KeyKind;
use domain::refusal::Refusal;
use domain::text::joined;
use leptos::prelude::*;
use service::keys::DRAFTS_KEPT;

use super::acknowledge::Again;
use crate::addresses::wizard_address;
use crate::components::app_switch::{AppField, ChosenApp, InApp};
use crate::components::failed::{FormProblem, set_status};
use crate::components::field::TextField;
use crate::components::hidden_draft::{HiddenDraft, summary};
use crate::components::icon::{Drawn, Icon};
use crate::components::key_fields::{KeyHints, sentence};
use crate::components::problem::{UnshownProblems, part};
use crate::components::time::{Time, span, with_times};
use crate::components::warning::Warning;
use crate::desk::integrations::address;
use crate::desk::keys::{KeyView, read_key, tell};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::key::{STEP, WizardStep};
use crate::forms::outcome::Problem;
use crate::islands::check::Told;
use crate::islands::key_form::{KeyForm, Purpose};

const STEPS: [&str; 4] = ["Kind", "Details", "Summary", "Your key"];

/// The content of one step of the wizard.
#[derive(Debug, Clone)]
pub struct WizardState {
    pub kind: KeyKind,
    pub draft: KeyDraft,
    /// One form creates one key, however often it is sent.
    pub form_id: String,
    /// The id of the app in which it creates the key; empty if none was named.
    pub app: String,
    /// Why the key is asked for, as typed.
    pub reason: String,
    pub problem: Problem,
}

/// Shows the current step of the wizard.
#[component]
pub fn Steps(at: usize) -> impl IntoView {
    let items: Vec<_> = STEPS
        .iter()
        .enumerate()
        .map(|(index, label)| view! { <li aria-current=(index == at).then_some("step")>{*label}</li> })
        .collect();
    view! { <ol class="steps">{items}</ol> }
}

/// Where Cancel leads: to the integration of the key, from whose page people come, or to the keys.
fn left_for(draft: &KeyDraft) -> String {
    let id = draft.integration.as_deref().and_then(IntegrationId::parse);
    id.map_or_else(|| "/keys".to_owned(), |id| address(&id))
}

/// The fields of the kind.
#[component]
pub fn Details(
    state: WizardState,
    within: InApp,
    /// What to say about the values that are filled in.
    notes: Vec<String>,
    hints: KeyHints,
) -> impl IntoView {
    let WizardState { kind, draft, form_id, problem, .. } = state;
    let rules = kind.rules();
    let (of_app, fields) = part(problem.fields, &[Field::App]);
    let (fields, unshown) = part(fields, rules.asked);
    let of_app = RwSignal::new(of_app);
    let notes: Vec<_> = notes
        .into_iter()
        .map(|words| view! { <div class="note info"><Drawn icon=Icon::Info/><p>{words}</p></div> })
        .collect();
    let told = tell(kind, &draft).unwrap_or_default();
    let back = left_for(&draft);
    view! {
        <form class="card wizard" method="post" action="/keys/new" novalidate>
            <header>
                <h2>{rules.label} ": " <span class="soft">{rules.definition}</span></h2>
                <a href="/keys/new">"Another kind"</a>
            </header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <UnshownProblems errors=unshown/>
                {notes}
                {within.shown.then(|| view! { <AppField errors=of_app within hint=rules.in_app/> })}
                <input type="hidden" name=Field::Kind.as_str() value=kind.as_str()/>
                <input type="hidden" name=Field::FormId.as_str() value=form_id/>
                <KeyForm kind purpose=Purpose::New draft errors=fields hints told/>
            </div>
            <footer>
                <button class="button primary" name=STEP value=WizardStep::Summary.as_str()>"Continue to summary"</button>
                <a class="button quiet" href=back>"Cancel"</a>
            </footer>
        </form>
    }
}

/// What will be created, or asked for.
#[component]
pub fn Summary(
    state: WizardState,
    /// The draft with names in the place of ids.
    shown: KeyDraft,
    within: InApp,
    /// Why a second person must approve it; empty if nobody must.
    causes: Vec<Cause>,
) -> impl IntoView {
    let WizardState { kind, draft, form_id, reason, problem, .. } = state;
    let asks = !causes.is_empty();
    let Told { words, until, cautions } = tell(kind, &draft).unwrap_or_default();
    let cautions: Vec<_> =
        cautions.into_iter().map(|caution| view! { <Warning words=caution.words grave=caution.refuses/> }).collect();
    let facts = facts(kind, &shown);
    let edit = within.address(&wizard_address(&form_id, WizardStep::Details));
    let back = left_for(&draft);
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card narrow" method="post" action="/keys/new">
            <header>
                <h2>"Summary"</h2>
                <a class="button quiet" href=edit>"Edit"</a>
            </header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                {cautions}
                <p>{words} {until.map(|at| view! { " Until " <Time at/> "." })}</p>
                <ChosenApp errors within hint=kind.rules().in_app/>
                {facts}
                {if asks {
                    view! { <Reason because=approval::in_words(&causes) reason errors/> }.into_any()
                } else {
                    view! {
                        <p class="soft">"The next screen shows the key once. Treat it as you would a password."</p>
                    }
                    .into_any()
                }}
                <HiddenDraft draft/>
                <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            </div>
            <footer>
                {if asks {
                    view! { <button class="button primary" name=STEP value=WizardStep::Ask.as_str()>"Ask for the key"</button> }.into_any()
                } else {
                    view! {
                        <button class="button primary" name=STEP value=WizardStep::Generate.as_str()>"Generate Token"</button>
                        <button class="button" name=STEP value=WizardStep::HandOver.as_str()>"Let somebody else collect it"</button>
                    }
                    .into_any()
                }}
                <a class="button quiet" href=back>"Cancel"</a>
            </footer>
        </form>
    }
}

/// Why the key is asked for, and why it has to be.
#[component]
fn Reason(
    /// Why somebody must approve it.
    because: String,
    reason: String,
    errors: RwSignal<FieldErrors>,
) -> impl IntoView {
    let words = format!(
        "A second person must approve this key, because {because}. No key is made before you collect it: then you see it once, or let somebody else collect it."
    );
    view! {
        <div class="note info"><Drawn icon=Icon::Info/><p>{words}</p></div>
        <TextField errors field=Field::Reason label="Why you need it" lines=2 value=reason required=true
            hint="Whoever decides reads it, and so does the audit."/>
    }
}

/// Replaces the steps of a form that has already created its key. Only a new form can create another, so nothing leads
/// back into this one.
#[component]
pub fn MadeBefore(
    /// What was typed, if it is still kept.
    draft: Option<KeyDraft>,
    /// The app that was chosen for it.
    #[prop(optional_no_strip)]
    app: Option<AppId>,
    key: KeyId,
) -> impl IntoView {
    let problem = Some(ConsoleError::Refused(Refusal::AlreadyIssued { key }));
    let kind = draft.as_ref().and_then(|draft| KeyKind::parse(draft.kind.as_deref()?));
    let facts = draft.as_ref().zip(kind).map(|(draft, kind)| facts(kind, draft));
    let made = later(async move { became(read_key(key.as_str()).await) });
    view! {
        <section class="card narrow">
            <header><h2>"Summary"</h2></header>
            <div class="body">
                <FormProblem problem/>
                {made}
                {facts}
            </div>
            <footer>
                {match draft {
                    Some(draft) => view! { <Again draft app=app.map(|app| app.to_string()).unwrap_or_default()/> }.into_any(),
                    None => view! { <a class="button" href="/keys/new">"Generate New Key"</a> }.into_any(),
                }}
                <a class="button quiet" href="/keys">"All keys"</a>
            </footer>
        </section>
    }
}

/// Replaces the steps of a form of which nothing is known.
#[component]
pub fn Expired() -> impl IntoView {
    set_status(&ConsoleError::Refused(Refusal::NotFound));
    let words = format!(
        "Keystead keeps what you typed for {}, and shows it to nobody else. No key was generated from this form.",
        span(DRAFTS_KEPT)
    );
    view! {
        <div class="head narrow">
            <div>
                <h1>"This form has expired"</h1>
                <p>{words}</p>
            </div>
        </div>
        <div class="actions">
            <a class="button primary" href="/keys/new">"Start again"</a>
            <a class="button" href="/keys">"All keys"</a>
        </div>
    }
}

/// What has become of the key, with a link to it.
fn became(found: Result<KeyView, ConsoleError>) -> AnyView {
    let (row, now) = match found {
        Ok(KeyView { key, now, .. }) => (key.row, now),
        Err(ConsoleError::Refused(Refusal::NotFound)) => return gone(),
        Err(error) => return view! { <FormProblem problem=Some(error)/> }.into_any(),
    };
    let address = format!("/keys/{}", row.id.as_str());
    match row.status(now) {
        Status::Pending { until } if now < until => view! {
            <p>
                <a href=format!("{address}/acknowledge")>"Confirm the key, or drop it"</a>
            </p>
        }
        .into_any(),
        // It is about to be dropped.
        Status::Pending { .. } => gone(),
        _ => view! {
            <p>{format!("“{}” was confirmed. ", row.name)} <a href=address>"View the key"</a></p>
        }
        .into_any(),
    }
}

fn gone() -> AnyView {
    let words = format!(
        "The key from this form is gone: nobody confirmed it within {}, or it was dropped or deleted. Nobody can use it.",
        span(ACKNOWLEDGE_WITHIN)
    );
    view! { <p>{words}</p> }.into_any()
}

/// The draft in words, line by line. What was left blank is one line.
pub fn facts(kind: KeyKind, draft: &KeyDraft) -> AnyView {
    let (set, blank): (Vec<_>, Vec<_>) = summary(kind, draft).into_iter().partition(|(_, lines)| !lines.is_empty());
    let blank = joined(blank.iter().map(|(label, _)| label.to_lowercase()));
    let blank =
        (!blank.is_empty()).then(|| view! { <div><dt>"Left blank"</dt><dd class="soft">{sentence(&blank)}</dd></div> });
    let rows: Vec<_> = set
        .into_iter()
        .map(|(label, lines)| {
            let lines: Vec<_> = lines.into_iter().map(|line| view! { <li>{with_times(&line)}</li> }).collect();
            view! { <div><dt>{label}</dt><dd><ul>{lines}</ul></dd></div> }
        })
        .collect();
    view! { <dl class="facts">{rows} {blank}</dl> }.into_any()
}

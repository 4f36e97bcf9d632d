//! The steps of the wizard before the secret.

use domain::kind::KeyKind;
use leptos::prelude::*;

use super::generate::{Step, made_before};
use crate::api::keys::words;
use crate::components::failed::FormProblem;
use crate::components::hidden_draft::{HiddenDraft, summary};
use crate::islands::key_form::{KeyForm, Purpose};

const STEPS: [&str; 4] = ["Kind", "Details", "Summary", "Your key"];

/// Where one is among the steps.
#[component]
pub fn Steps(at: usize) -> impl IntoView {
    let items: Vec<_> = STEPS
        .iter()
        .enumerate()
        .map(|(index, label)| view! { <li aria-current=(index == at).then_some("step")>{*label}</li> })
        .collect();
    view! { <ol class="steps">{items}</ol> }
}

/// Which kind of key.
#[component]
pub fn Kinds() -> impl IntoView {
    let kinds: Vec<_> = KeyKind::issuable()
        .enumerate()
        .map(|(index, kind)| {
            let rules = kind.rules();
            view! {
                <label class="kind">
                    <input type="radio" name="kind" value=kind.as_str() required checked=index == 0/>
                    <b>{rules.label}</b>
                    <small>{rules.definition}</small>
                </label>
            }
        })
        .collect();
    view! {
        <form class="stack narrow" method="get" action="/keys/new">
            <fieldset class="kinds">
                <legend>"What kind of key? It cannot be changed later."</legend>
                {kinds}
            </fieldset>
            <p>
                <a href="/keys/new?kind=service&preset=verifier">"Preset: a service that checks keys"</a>
                <br/>
                <small>"A Service key with the permission keystead.verify, for your own API or proxy."</small>
            </p>
            <div class="actions">
                <button class="button primary">"Continue"</button>
                <a class="button quiet" href="/keys">"Cancel"</a>
            </div>
        </form>
    }
}

/// The fields of the kind.
#[component]
pub fn Details(step: Step) -> impl IntoView {
    let Step { kind, draft, form_id, problem } = step;
    let rules = kind.rules();
    view! {
        <form class="card narrow" method="post" action="/keys/new" novalidate>
            <header>
                <h2>{rules.label} ": " <span class="soft">{rules.definition}</span></h2>
                <a href="/keys/new">"Another kind"</a>
            </header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <input type="hidden" name="kind" value=kind.as_str()/>
                <input type="hidden" name="form_id" value=form_id/>
                <KeyForm kind purpose=Purpose::New draft errors=problem.fields/>
            </div>
            <footer>
                <a class="button quiet" href="/keys">"Cancel"</a>
                <button class="button primary" name="step" value="summary">"Continue to summary"</button>
            </footer>
        </form>
    }
}

/// What will be made, before it is.
#[component]
pub fn Summary(step: Step) -> impl IntoView {
    let Step { kind, draft, form_id, problem } = step;
    let made_before = made_before(&problem);
    let words = words(&draft);
    let rows: Vec<_> = summary(kind, &draft)
        .into_iter()
        .map(|(label, lines)| {
            let lines: Vec<_> = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect();
            view! { <div><dt>{label}</dt><dd><ul>{lines}</ul></dd></div> }
        })
        .collect();
    view! {
        <form class="card narrow" method="post" action="/keys/new">
            <header>
                <h2>"Summary"</h2>
                <button class="button quiet" name="step" value="details">"Edit"</button>
            </header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                {made_before.as_ref().map(|id| view! {
                    <p>
                        <a href=format!("/keys/{id}/acknowledge")>"Confirm that its secret is stored, or discard it"</a>
                    </p>
                })}
                {words.map(|words| view! { <p>{words}</p> })}
                <dl class="facts">{rows}</dl>
                <p class="soft">
                    "The next screen shows the key once. Treat it as you would a password; give it the fewest permissions."
                </p>
                <HiddenDraft draft/>
                <input type="hidden" name="form_id" value=form_id/>
            </div>
            <footer>
                <a class="button quiet" href="/keys">"Cancel"</a>
                {made_before.is_none().then(|| view! {
                    <button class="button primary" name="step" value="generate">"Generate Token"</button>
                })}
            </footer>
        </form>
    }
}

//! The first step of the wizard: presets and kinds as cards.

use domain::field::Field;
use domain::kind::{KeyKind, Purpose};
use domain::preset::Preset;
use leptos::prelude::*;

use crate::addresses::preset_address;
use crate::components::failed::FormProblem;
use crate::components::icon::{Drawn, Icon};
use crate::components::problem::{UnshownProblems, part};
use crate::components::warning::Warning;
use crate::desk::keys::may;
use crate::forms::outcome::Problem;

/// What the key is for.
#[component]
pub fn Kinds(
    problem: Problem,
    /// What a link says of the fields.
    further: String,
) -> impl IntoView {
    let (wrong, unshown) = part(problem.fields, &[Field::Kind]);
    let wrong: Vec<_> = wrong.0.into_iter().map(|error| view! { <Warning words=error.message grave=true/> }).collect();
    let groups: Vec<_> =
        Purpose::ALL.into_iter().map(|purpose| view! { <Group purpose further=further.clone()/> }).collect();
    let note = (!further.is_empty())
        .then(|| view! { <div class="note info"><Drawn icon=Icon::Info/><p>"A link fills in the form. Choose what the key is for."</p></div> });
    view! {
        <div class="stack narrow">
            <FormProblem problem=problem.whole/>
            {wrong}
            {note}
            <UnshownProblems errors=unshown/>
            {groups}
            <p class="soft">"You cannot change the kind of a key later."</p>
            <div class="actions"><a class="button quiet" href="/keys">"Cancel"</a></div>
        </div>
    }
}

/// The cards of one purpose: its presets, and its kinds with an empty form.
#[component]
fn Group(purpose: Purpose, further: String) -> impl IntoView {
    let presets = Preset::ALL.iter().filter(|_| Preset::KIND.rules().purpose == purpose);
    let presets = presets.map(|preset| (preset_address(*preset), preset.label(), preset.definition()));
    let kinds = KeyKind::issuable().filter(|kind| kind.rules().purpose == purpose && may(kind.rules().changed_with));
    let kinds = kinds.map(|kind| {
        let rules = kind.rules();
        (format!("/keys/new?kind={}", kind.as_str()), rules.label, rules.definition)
    });
    let cards: Vec<_> = presets
        .chain(kinds)
        .map(|(address, label, words)| {
            let address = if further.is_empty() { address } else { format!("{address}&{further}") };
            view! { <li><a class="kind" href=address><b>{label}</b> " " <small>{words}</small></a></li> }
        })
        .collect();
    view! {
        <section class="stack">
            <h2>{purpose.label()}</h2>
            <ul class="kinds">{cards}</ul>
        </section>
    }
}

//! The keys that a guest sees: those that are ticked, and a search for more.

use domain::field::{Field, FieldErrors};
use domain::grant::KeyAct;
use domain::text::SEARCH_MAX;
use leptos::prelude::*;

use super::key_status::KeyStatus;
use super::problem::FieldProblem;
use crate::desk::people::Choice;
use crate::forms::people::{FIND, FOUND, PRESS, SEARCH};
use crate::pages::keys_filters::{SEARCH_TAKES, secretless};

#[component]
pub fn GrantFields(
    errors: RwSignal<FieldErrors>,
    choices: Vec<Choice>,
    /// The words of the last search.
    find: String,
    /// Whether it has the focus at first: in a dialog of its own, and once somebody has searched.
    autofocus: bool,
) -> impl IntoView {
    let id = Field::Keys.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::Keys).next().is_some());
    let nothing = match (choices.is_empty(), find.trim().is_empty()) {
        (true, false) => Some("No key matches. Search looks at the beginning of words in names, and of ids."),
        (true, true) => Some("No key is chosen yet."),
        _ => None,
    };
    let rows: Vec<_> = choices.into_iter().map(row).collect();
    view! {
        <fieldset class="field" id=id tabindex="-1" aria-describedby=wrong.then(|| format!("{id}-error"))>
            <legend>"Keys that the guest sees"</legend>
            <div class="inline find-keys">
                <input type="search" name=FIND value=find.clone() maxlength=SEARCH_MAX aria-label="Find keys by name or id"
                    placeholder="Name or id of a key" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false" autofocus=autofocus
                    aria-invalid=wrong.then_some("true") aria-describedby=wrong.then(|| format!("{id}-error"))/>
                <input type="hidden" name=FOUND value=find/>
                <button class="button" name=PRESS value=SEARCH>"Find keys"</button>
            </div>
            {nothing.map(|words| view! { <p class="hint">{words}</p> })}
            {(!rows.is_empty()).then(|| view! { <ul class="grants">{rows}</ul> })}
            <span class="hint">"Test means to find out why calls are refused, Rotate to give the key a new secret. What is ticked stays when you search again."</span>
            <FieldProblem field=Field::Keys errors/>
        </fieldset>
    }
}

fn row(Choice { key, ticked, app, now }: Choice) -> impl IntoView {
    let boxes: Vec<_> = KeyAct::ALL
        .iter()
        .map(|act| {
            view! {
                <label class="inline">
                    <input type="checkbox" name=act.as_str() value=key.id.as_str().to_owned() checked=ticked.contains(act)
                        aria-label=format!("{} “{}” {}", act.label(), key.name, key.masked())/>
                    <span aria-hidden="true">{act.label()}</span>
                </label>
            }
        })
        .collect();
    view! {
        <li>
            <span>
                <b dir="auto">{key.name.clone()}</b> " " <KeyStatus status=key.status(now) now/> " "
                <small class="soft">
                    {app.map(|app| view! { <bdi>{app}</bdi> ", " })} {key.kind.label()} " " <span class="mono">{key.masked()}</span>
                </small>
            </span>
            <span class="inline">{boxes}</span>
        </li>
    }
}

/// The button that the Enter key presses. It comes first in its form.
#[component]
pub fn EnterPresses() -> impl IntoView {
    view! {
        <button class="visually-hidden" tabindex="-1" aria-hidden="true" name=PRESS value=crate::forms::people::ENTER></button>
    }
}

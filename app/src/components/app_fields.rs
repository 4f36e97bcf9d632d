//! The apps that somebody sees: those that are ticked, and a search for more where there are many.

use domain::app::{APPS_TOGETHER, App};
use domain::field::{Field, FieldErrors};
use domain::text::SEARCH_MAX;
use leptos::prelude::*;

use super::problem::FieldProblem;
use crate::desk::apps::own_apps;
use crate::forms::apps::{FIND_APP, FOUND_APP, SEARCH_APPS};
use crate::forms::people::PRESS;
use crate::pages::keys_filters::{SEARCH_TAKES, secretless};

#[component]
pub fn AppFields(
    errors: RwSignal<FieldErrors>,
    /// The apps to choose from, and which are ticked.
    choices: Vec<(App, bool)>,
    /// The words of the last search.
    find: String,
    /// Whether it has the focus at first: in a dialog of its own, and once somebody has searched.
    autofocus: bool,
) -> impl IntoView {
    let id = Field::Apps.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::Apps).next().is_some());
    let many = choices.len() >= usize::try_from(APPS_TOGETHER).unwrap_or(usize::MAX) || !find.is_empty();
    let hint = if own_apps().is_empty() {
        "Tick those that the person sees. With none ticked, they see all apps, and those to come. An owner always does."
    } else {
        "Tick those that the person sees, one at least: you do not see all apps yourself."
    };
    let search = many.then(|| {
        view! {
            <div class="inline find-keys">
                <input type="search" name=FIND_APP value=find.clone() maxlength=SEARCH_MAX aria-label="Find apps by name"
                    placeholder="Name of an app" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"
                    autofocus=autofocus/>
                <input type="hidden" name=FOUND_APP value=find/>
                <button class="button" name=PRESS value=SEARCH_APPS>"Find apps"</button>
            </div>
        }
    });
    let boxes: Vec<_> = choices
        .into_iter()
        .enumerate()
        .map(|(place, (app, ticked))| {
            let first = autofocus && !many && place == 0;
            let archived = app.archived_at.is_some().then_some(" (archived)");
            view! {
                <label class="check">
                    <input type="checkbox" name=id value=app.id.to_string() checked=ticked
                        autofocus=first/>
                    <span><bdi>{app.name}</bdi>{archived}</span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field" id=id tabindex="-1" aria-describedby=wrong.then(|| format!("{id}-error"))>
            <legend>"Apps"</legend>
            {search}
            <div class="checks">{boxes}</div>
            <span class="hint">{hint}</span>
            <FieldProblem field=Field::Apps errors/>
        </fieldset>
    }
}

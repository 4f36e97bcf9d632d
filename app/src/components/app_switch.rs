//! Which app the pages are about. Where there is only one, nothing is shown.

use domain::app::App;
use domain::field::{Field, FieldErrors};
use domain::role::Act;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::icon::{Drawn, Icon};
use crate::components::problem::FieldProblem;
use crate::desk::apps::{name_in_full, read_app_in_use, read_choice};
use crate::desk::keys::may;
use crate::desk::later::later;
use crate::forms::apps::BACK;

#[component]
pub fn AppSwitch() -> impl IntoView {
    let here = use_location().pathname.get_untracked();
    later(async move {
        let Some(choice) = read_choice().await else { return ().into_any() };
        let one = choice.one.as_ref();
        let option = |app: &App| {
            view! { <option value=app.id.to_string() selected=one == Some(app)>{name_in_full(app)}</option> }
        };
        let elsewhere = one.filter(|one| !choice.choices.contains(one)).map(option);
        let options: Vec<_> = choice.choices.iter().map(option).collect();
        let more = (choice.more && may(Act::SeeApps)).then(|| view! { <a href="/apps">"All of them"</a> });
        view! {
            <form class="switch" method="post" action="/apps/choose" data-submit>
                <input type="hidden" name=BACK value=here/>
                <label for="switch-app">"App"</label>
                <select id="switch-app" name=Field::App.as_str()>
                    <option value="" selected=one.is_none()>"All apps"</option>
                    {elsewhere}
                    {options}
                </select>
                <button class="button quiet still-only">"Show"</button>
                {more}
            </form>
        }
        .into_any()
    })
}

/// Why keys that look active are refused.
#[component]
pub fn ArchivedNote() -> impl IntoView {
    view! {
        <div class="note">
            <Drawn icon=Icon::Caution/>
            <div>
                <b>"This app is archived, so every call with its keys is refused."</b>
                " They work again once somebody brings the app back."
            </div>
        </div>
    }
}

/// The app in which a form makes a key, where there are several: to choose it, or as it was chosen.
#[derive(Debug, Clone, Default)]
pub struct InApp {
    /// Whether there are several.
    pub shown: bool,
    /// The id of the chosen one; empty if none is.
    pub chosen: String,
    /// The ids and names to choose from.
    pub choices: Vec<(String, String)>,
}

impl InApp {
    /// What the pages are about, unless an app is named.
    pub async fn read(named: &str) -> Self {
        let Some(choice) = read_choice().await else { return Self::default() };
        let named = Some(named.to_owned()).filter(|named| !named.is_empty());
        let chosen = named.or_else(|| choice.one.as_ref().map(|one| one.id.to_string())).unwrap_or_default();
        let elsewhere = choice.one.iter().filter(|one| !choice.choices.contains(one));
        let mut choices: Vec<_> =
            elsewhere.chain(&choice.choices).map(|app| (app.id.to_string(), app.name.clone())).collect();
        if !chosen.is_empty() && !choices.iter().any(|(id, _)| *id == chosen) {
            // One of more than are listed together.
            choices.extend(read_app_in_use(&chosen).await.map(|app| (app.id.to_string(), app.name)));
        }
        Self { shown: true, chosen, choices }
    }

    /// The name of the chosen one.
    pub fn name(&self) -> Option<String> {
        self.choices.iter().find(|(id, _)| *id == self.chosen).map(|(_, name)| name.clone())
    }

    /// The end of an address that keeps the choice.
    pub fn address(&self, address: &str) -> String {
        if self.shown && !self.chosen.is_empty() { in_app(address, &self.chosen) } else { address.to_owned() }
    }
}

/// The address of a step of the wizard in an app.
pub fn in_app(address: &str, app: &str) -> String {
    format!("{address}&{}={app}", Field::App.as_str())
}

/// The choice of the app.
#[component]
pub fn AppField(
    errors: RwSignal<FieldErrors>,
    within: InApp,
    /// What the choice means.
    hint: &'static str,
) -> impl IntoView {
    let id = Field::App.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::App).next().is_some());
    let chosen = within.chosen;
    let options: Vec<_> = within
        .choices
        .into_iter()
        .map(|(id, name)| {
            let selected = id == chosen;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect();
    view! {
        <div class="field">
            <label for=id>{Field::App.label()}</label>
            <select id=id name=id autofocus=wrong aria-invalid=wrong.then_some("true") aria-describedby=format!("{id}-hint {id}-error")>
                <option value="">"Choose an app"</option>
                {options}
            </select>
            <span class="hint" id=format!("{id}-hint")>{hint}</span>
            <FieldProblem field=Field::App errors/>
        </div>
    }
}

/// Sends the choice along, and says it. Asks for it where none was made, or none that counts.
#[component]
pub fn ChosenApp(
    errors: RwSignal<FieldErrors>,
    within: InApp,
    /// What the choice means.
    hint: &'static str,
) -> impl IntoView {
    if !within.shown {
        return ().into_any();
    }
    let Some(name) = within.name() else { return view! { <AppField errors within hint/> }.into_any() };
    view! {
        <input type="hidden" name=Field::App.as_str() value=within.chosen/>
        <dl class="facts"><div><dt>{Field::App.label()}</dt><dd dir="auto">{name}</dd></div></dl>
    }
    .into_any()
}

//! A failed read, shown in place of its data, and a form that was refused as a whole.

use domain::refusal::Refusal;
use domain::role::Act;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::addresses::with_query;
use crate::components::icon::{Drawn, Icon};
use crate::components::modal::Modal;
use crate::desk::keys::may;
use crate::error::ConsoleError;

/// Shows what went wrong and what to do, and sets the status of the page.
#[component]
pub fn Failed(error: ConsoleError) -> impl IntoView {
    if let ConsoleError::Refused(Refusal::ChooseApp { .. }) = error {
        // Nothing is wrong.
        return view! {
            <div class="card">
                <div class="empty">
                    <h2>"Choose an app"</h2>
                    <p>{error.message()}</p>
                    {may(Act::SeeApps).then(|| view! { <a class="button primary" href="/apps">"Apps"</a> })}
                </div>
            </div>
        }
        .into_any();
    }
    set_status(&error);
    view! { <FormProblem problem=Some(error)/> }.into_any()
}

/// A dialog with this title that could not be made, and says why.
pub fn failed_dialog(title: impl Into<String>, error: ConsoleError, back: impl Into<String>) -> AnyView {
    let (title, back) = (title.into(), back.into());
    view! {
        <Modal title back=back.clone()>
            <div class="body"><Failed error/></div>
            <footer><a class="button primary" href=back>"Close"</a></footer>
        </Modal>
    }
    .into_any()
}

/// The page answers with the status of its main read.
pub fn set_status(error: &ConsoleError) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(error.status());
    }
}

/// The note above a form, for errors that belong to no single field.
#[component]
pub fn FormProblem(problem: Option<ConsoleError>) -> impl IntoView {
    problem.map(|error| {
        let signed_out = error == ConsoleError::SignedOut;
        let changed = error == ConsoleError::Refused(Refusal::Changed);
        view! {
            <div class="note bad" role="alert" tabindex="-1">
                <Drawn icon=Icon::Alert/>
                <div>
                    <b>{error.message()}</b>
                    {signed_out.then(|| view! { " " <a href="/login">"Sign in"</a> })}
                    {changed.then(|| view! { " " <a href=here()>"Load the current values"</a> })}
                </div>
            </div>
        }
    })
}

/// The address of the form, in full: scripts show what was refused where its form was.
fn here() -> String {
    let location = use_location();
    with_query(&location.pathname.get_untracked(), &location.search.get_untracked())
}

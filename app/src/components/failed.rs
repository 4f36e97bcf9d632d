//! A read that failed, shown where its data would be, and a form that was refused as a whole.

use leptos::prelude::*;

use crate::error::ConsoleError;

/// What went wrong and what to do; it also sets the status of the page.
#[component]
pub fn Failed(error: ConsoleError) -> impl IntoView {
    set_status(&error);
    view! { <FormProblem problem=Some(error)/> }
}

/// The page answers with the status of its main read.
pub fn set_status(error: &ConsoleError) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(error.status());
    }
}

/// The note above a form: what no single field is to blame for.
#[component]
pub fn FormProblem(problem: Option<ConsoleError>) -> impl IntoView {
    problem.map(|error| {
        let signed_out = error == ConsoleError::SignedOut;
        view! {
            <div class="note bad" role="alert" tabindex="-1">
                <span aria-hidden="true">"!"</span>
                <div>
                    <b>{error.message()}</b>
                    {signed_out.then(|| view! { " " <a href="/login">"Sign in"</a> })}
                </div>
            </div>
        }
    })
}

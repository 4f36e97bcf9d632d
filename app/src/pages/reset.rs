//! Sets a new password with a one-use link.

use domain::field::Field;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::setup::Door;
use super::sign_in::Closed;
use crate::components::dead_link::DeadLink;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::{TextField, password_hint};
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::person::{ResetDoor, read_reset_door};
use crate::forms::account::ResetForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn ResetPage() -> impl IntoView {
    let token = use_params_map().get_untracked().get("token").unwrap_or_default();
    let posted = PostedForm::<ResetForm>::take();
    let page = later(async move {
        match read_reset_door(&token).await {
            Ok(ResetDoor::Open { email, least }) => view! { <NewPassword token email least posted/> }.into_any(),
            Ok(ResetDoor::Closed) => view! { <NoLink/> }.into_any(),
            Ok(ResetDoor::Plain) => view! { <Closed/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! { <Title text="New password"/> <Door>{page}</Door> }
}

#[component]
fn NewPassword(token: String, email: String, least: usize, posted: Option<PostedForm<ResetForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action=format!("/reset/{token}") novalidate>
            <header><h1>"Choose a new password"</h1></header>
            <div class="body">
                <p class="soft">"For " <b>{email.clone()}</b> ". It signs you out everywhere. Then sign in with it."</p>
                <FormProblem problem=problem.whole/>
                // For password managers.
                <input type="hidden" autocomplete="username" value=email/>
                <TextField errors field=Field::NewPassword input="password" hint=password_hint(least)
                    required=true autofocus=true autocomplete="new-password"/>
                <button class="button primary">"Set the password"</button>
            </div>
        </form>
    }
}

/// One page for every link that does not work.
#[component]
fn NoLink() -> impl IntoView {
    let words = "A reset link works once, within one hour, and a newer one replaces it. Ask for a new one.";
    view! { <DeadLink title="This reset link does not work" words signs_in=true/> }
}

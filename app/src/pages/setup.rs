//! Creates the first owner, with the one-use link that the server prints.

use domain::field::Field;
use domain::refusal::Refusal;
use domain::text::PASSWORD_MIN;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use service::setup::SetupDoor;

use super::frame::Mark;
use super::sign_in::Closed;
use crate::components::failed::{Failed, FormProblem, set_status};
use crate::components::field::{TextField, password_hint};
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::person::{is_signed_in, read_setup_door};
use crate::error::ConsoleError;
use crate::forms::outcome::PostedForm;
use crate::forms::person::{SetupForm, TOKEN};

#[component]
pub fn SetupPage() -> impl IntoView {
    let posted = PostedForm::<SetupForm>::take();
    let token = match &posted {
        Some(posted) => posted.form.token.clone(),
        None => use_query_map().get_untracked().get(TOKEN).unwrap_or_default(),
    };
    let page = later(async move {
        match read_setup_door(&token).await {
            Ok(Some(SetupDoor::Done)) => view! { <Door><Done/></Door> }.into_any(),
            Ok(Some(SetupDoor::Open)) => view! { <Door><FirstOwner token posted/></Door> }.into_any(),
            Ok(None) => view! { <Door><Closed/></Door> }.into_any(),
            Ok(Some(SetupDoor::LinkNeeded)) => view! { <Door><LinkNeeded/></Door> }.into_any(),
            Err(error) => view! { <Door><Failed error/></Door> }.into_any(),
        }
    });
    view! { <Title text="Set up"/> {page} }
}

/// A page for whoever is not signed in.
#[component]
pub fn Door(children: Children) -> impl IntoView {
    view! {
        <main class="door" id="main">
            <Mark/>
            {children()}
        </main>
    }
}

#[component]
fn FirstOwner(token: String, posted: Option<PostedForm<SetupForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action="/setup" novalidate>
            <header><h1>"Set up Keystead"</h1></header>
            <div class="body">
                <p class="soft">"You will be the owner, with full access."</p>
                <FormProblem problem=problem.whole/>
                <input type="hidden" name=TOKEN value=token/>
                <TextField errors field=Field::PersonName value=typed.name
                    required=true autofocus=true autocomplete="name"/>
                <TextField errors field=Field::Email value=typed.email input="email"
                    required=true autocomplete="username"/>
                <TextField errors field=Field::Password input="password"
                    hint=password_hint(PASSWORD_MIN)
                    required=true autocomplete="new-password"/>
                <button class="button primary">"Create the owner"</button>
            </div>
        </form>
    }
}

#[component]
fn Done() -> impl IntoView {
    set_status(&ConsoleError::Refused(Refusal::NotFound));
    let (words, address, label) = if is_signed_in() {
        ("A set-up link works once. You are signed in already.", "/", "Go to the dashboard")
    } else {
        ("A set-up link works once. Sign in with your account.", "/login", "Sign in")
    };
    view! {
        <div class="card">
            <div class="empty">
                <h1>"Keystead is set up"</h1>
                <p>{words}</p>
                <a class="button primary" href=address>{label}</a>
            </div>
        </div>
    }
}

#[component]
fn LinkNeeded() -> impl IntoView {
    set_status(&ConsoleError::Refused(Refusal::Forbidden));
    view! {
        <div class="card">
            <div class="empty">
                <h1>"This set-up link does not work"</h1>
                <p>
                    "A set-up link works once, within one hour. Restart Keystead to get a new one: it prints the link \
                     when it starts."
                </p>
            </div>
        </div>
    }
}

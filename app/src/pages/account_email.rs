//! Changes the e-mail that one signs in with, and confirms the new one.

use domain::field::Field;
use leptos::prelude::*;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::title::Title;
use crate::desk::account::is_email_doubted;
use crate::desk::later::later;
use crate::desk::person::read_me;
use crate::forms::account::{EMAIL_STEP, EmailForm, EmailStep};
use crate::forms::outcome::{PostedForm, Problem};

#[component]
pub fn AccountEmail() -> impl IntoView {
    let posted = PostedForm::<EmailForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).filter(|form| form.step == EmailStep::Change);
    // Each of the two forms says what was wrong with it.
    let (of_change, of_code) =
        if typed.is_some() { (problem, Problem::default()) } else { (Problem::default(), problem) };
    let errors = RwSignal::new(of_change.fields);
    let form = match read_me() {
        Ok(me) => {
            let now = me.email.clone();
            let confirm = later(async move {
                match is_email_doubted().await {
                    Ok(true) => view! { <Confirm email=now problem=of_code/> }.into_any(),
                    Ok(false) => ().into_any(),
                    Err(error) => view! { <Failed error/> }.into_any(),
                }
            });
            let email = typed.map_or(me.email, |form| form.email);
            view! {
                {confirm}
                <form class="narrow stack" method="post" action="/account/email" novalidate>
                    <FormProblem problem=of_change.whole/>
                    <TextField errors field=Field::Email value=email input="email" required=true autofocus=true
                        autocomplete="username"/>
                    <TextField errors field=Field::CurrentPassword input="password" required=true
                        autocomplete="current-password"/>
                    <div class="actions">
                        <a class="button" href="/account">"Cancel"</a>
                        <button class="button primary">"Change e-mail"</button>
                    </div>
                </form>
            }
            .into_any()
        }
        Err(error) => view! { <Failed error/> }.into_any(),
    };
    view! {
        <Title text="Change e-mail"/>
        <div class="head narrow">
            <div>
                <h1>"Change e-mail"</h1>
                <p>"You sign in with it. What you did so far stays in the audit under the old one."</p>
            </div>
        </div>
        {form}
    }
}

/// Asks for the code that was mailed to a new e-mail.
#[component]
fn Confirm(email: String, problem: Problem) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="narrow stack" method="post" action="/account/email" novalidate>
            <FormProblem problem=problem.whole/>
            <p>
                "Confirm that you read the mail of " <b>{email}</b> ": enter the code that Keystead mailed there. Until then, it \
                 mails no reset link to it."
            </p>
            <TextField errors field=Field::Code required=true autofocus=true autocomplete="one-time-code"/>
            <div class="actions">
                // The first one is what Enter presses.
                <button class="button primary" name=EMAIL_STEP value=EmailStep::Confirm.as_str()>"Confirm e-mail"</button>
                <button class="button" name=EMAIL_STEP value=EmailStep::Again.as_str()>"Mail another code"</button>
            </div>
        </form>
    }
}

//! What somebody can do who cannot sign in.

use domain::field::Field;
use leptos::prelude::*;

use super::setup::Door;
use crate::components::failed::FormProblem;
use crate::components::field::TextField;
use crate::components::title::Title;
use crate::desk::person::may_ask_for_reset;
use crate::forms::account::ForgotForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn ForgotPage() -> impl IntoView {
    let posted = PostedForm::<ForgotForm>::take();
    let card = match posted {
        Some(PostedForm { form, outcome: Ok(()), .. }) => view! { <Asked email=form.email/> }.into_any(),
        posted if may_ask_for_reset().unwrap_or(false) => view! { <Ask posted/> }.into_any(),
        _ => view! { <AskAnOwner/> }.into_any(),
    };
    view! { <Title text="Forgot your password"/> <Door>{card}</Door> }
}

/// The form for the e-mail, where this installation sends mail.
#[component]
fn Ask(posted: Option<PostedForm<ForgotForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action="/forgot" novalidate>
            <header><h1>"Forgot your password?"</h1></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <p>"Enter the e-mail that you sign in with. You get a link that lets you choose a new password."</p>
                <TextField errors field=Field::Email value=typed.email input="email"
                    required=true autofocus=true autocomplete="username"/>
                <button class="button primary">"Mail me a link"</button>
                <p class="soft">"You cannot read that mail? An owner can make a link for you, too."</p>
            </div>
        </form>
        <p><a href="/login">"Back to sign-in"</a></p>
    }
}

/// One page for every e-mail, whether somebody has it or not.
#[component]
fn Asked(email: String) -> impl IntoView {
    view! {
        <div class="card">
            <header><h1>"Look into your mail"</h1></header>
            <div class="body">
                <p>
                    "If somebody has the e-mail " <bdi>{email}</bdi> " here, and a password, they get a link within a few \
                     minutes. It works once, within an hour."
                </p>
                <p class="soft">
                    "No mail? Look among the unwanted mail, and check the e-mail above. Keystead mails at most three links in \
                     an hour, and the newest one works. An owner can make a link for you, too."
                </p>
            </div>
            <footer><a class="button" href="/login">"Back to sign-in"</a></footer>
        </div>
    }
}

/// What helps where this installation sends no mail.
#[component]
fn AskAnOwner() -> impl IntoView {
    view! {
        <div class="card">
            <header><h1>"Forgot your password?"</h1></header>
            <div class="body">
                <p>
                    "Ask an owner of this Keystead for a reset link. It works once, within an hour, and lets you \
                     choose a new password. They make it on your page under People."
                </p>
                <p class="soft">
                    "Whoever has access to the server makes one with "
                    <code>"keystead person reset --email …"</code>
                    ". An owner who is locked out is helped by "
                    <code>"keystead owner recover --email … --password-stdin"</code> "."
                </p>
            </div>
            <footer><a class="button" href="/login">"Back to sign-in"</a></footer>
        </div>
    }
}

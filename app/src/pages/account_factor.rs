//! One's own second factor: set up, shown once with its recovery codes, and removed.

use domain::field::{Field, FieldErrors};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use secrecy::ExposeSecret;
use service::second_factor::{Enrolment, OwnFactor, RecoveryCodes};

use super::account_passkeys::PasskeysCard;
use crate::components::copy::CopyButton;
use crate::components::done_once::DoneOnce;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::form_id::FormId;
use crate::components::problem::FieldProblem;
use crate::components::qr::Qr;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::account::{Factor, read_factor};
use crate::desk::later::later;
use crate::forms::account::{FACTOR_STEP, FactorAnswer, FactorForm, FactorStep};
use crate::forms::outcome::PostedForm;
use crate::forms::passkey::PasskeyForm;

/// The word in the address that asks for new recovery codes.
const CODES: &str = "codes";

#[component]
pub fn AccountFactor() -> impl IntoView {
    let posted = PostedForm::<FactorForm, FactorAnswer>::take();
    let passkey = PostedForm::<PasskeyForm, FactorAnswer>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    let step = posted.as_ref().and_then(|posted| posted.form.step);
    let of_passkey = passkey.as_ref().and_then(|posted| posted.outcome.as_ref().ok()).cloned();
    let answer = posted.and_then(|posted| posted.outcome.ok()).or(of_passkey);
    let whole = problem.whole;
    let asks_for_codes = step == Some(FactorStep::Codes) || use_query_map().get_untracked().get(CODES).is_some();
    let shown = later(async move {
        let again = step == Some(FactorStep::Confirm) && answer.is_none();
        match read_factor(again).await {
            Ok(factor) => {
                let is_owed = factor.is_owed;
                let shown = match answer {
                    Some(FactorAnswer::Codes(codes)) => view! { <Codes codes/> }.into_any(),
                    Some(FactorAnswer::Enrolment(enrolment)) => enrol(&enrolment, errors),
                    Some(FactorAnswer::Proved) | None => match factor.codes_left {
                        Some(left) if asks_for_codes => new_codes(left, factor.email, factor.has_password, errors),
                        _ => state(factor, passkey, errors),
                    },
                };
                view! {
                    {is_owed.then(|| view! { <Warning words="You need a second factor here. Set it up to go on.".to_owned()/> })}
                    <FormProblem problem=whole/>
                    {shown}
                }
                .into_any()
            }
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Second factor"/>
        <div class="head narrow">
            <div>
                <h1>"Second factor"</h1>
                <p>"A passkey, or a code of an app on your phone, asked for after your password. A stolen password alone then opens nothing."</p>
            </div>
        </div>
        <div class="narrow stack">{shown}</div>
    }
}

/// What can be done now.
fn state(
    factor: Factor,
    passkey: Option<PostedForm<PasskeyForm, FactorAnswer>>,
    errors: RwSignal<FieldErrors>,
) -> AnyView {
    let Factor { factor, begun, email, is_owed, has_password, codes_left } = factor;
    if let Some(enrolment) = begun {
        return enrol(&enrolment, errors);
    }
    let off = factor == OwnFactor::Off;
    let app = match factor {
        OwnFactor::None => view! { <Begin email is_owed has_password errors/> }.into_any(),
        OwnFactor::On { .. } => view! { <Manage factor email has_password errors/> }.into_any(),
        OwnFactor::Off => view! {
            <p>"Second factors are off here. An owner can allow them in the settings."</p>
            <div class="actions"><a class="button" href="/account">"Back to your account"</a></div>
        }
        .into_any(),
    };
    let codes = codes_left.map(|left| {
        view! {
            <section class="card" aria-labelledby="codes">
                <header><h2 id="codes">"Recovery codes"</h2></header>
                <div class="body">
                    <p>"Each signs you in once in place of your passkey. " <b>{left}</b> " left."</p>
                    <p><a href=format!("/account/second-factor?{CODES}=new")>"Make new ones"</a></p>
                </div>
            </section>
        }
    });
    view! {
        <PasskeysCard posted=passkey off/>
        {codes}
        <section class="card" aria-labelledby="app">
            <header><h2 id="app">"Authenticator app"</h2></header>
            <div class="body">{app}</div>
        </section>
    }
    .into_any()
}

#[component]
fn Begin(email: String, is_owed: bool, has_password: bool, errors: RwSignal<FieldErrors>) -> impl IntoView {
    view! {
        <form class="stack" method="post" action="/account/second-factor" novalidate>
            <p>
                "You need an authenticator app, for example one of your password manager, Aegis, or Google or Microsoft \
                 Authenticator."
            </p>
            <Password email has_password errors/>
            <div class="actions">
                {(!is_owed).then(|| view! { <a class="button" href="/account">"Cancel"</a> })}
                <button class="button primary" name=FACTOR_STEP value=FactorStep::Begin.as_str()>"Continue"</button>
            </div>
        </form>
    }
}

/// The password of whoever has one. Whoever has none must have signed in a moment ago, and is told if not.
#[component]
pub fn Password(email: String, has_password: bool, errors: RwSignal<FieldErrors>) -> impl IntoView {
    if !has_password {
        return view! { <div role="alert"><FieldProblem field=Field::CurrentPassword errors/></div> }.into_any();
    }
    view! {
        <input type="hidden" autocomplete="username" value=email/>
        <TextField errors field=Field::CurrentPassword input="password" required=true autocomplete="current-password"/>
    }
    .into_any()
}

/// The secret for the app, and the code that confirms it.
fn enrol(enrolment: &Enrolment, errors: RwSignal<FieldErrors>) -> AnyView {
    let uri = enrolment.uri.expose_secret().to_owned();
    let secret = enrolment.secret.expose_secret().to_owned();
    view! {
        <form class="stack" method="post" action="/account/second-factor" novalidate>
            <FormId/>
            <p>"Scan this picture with the app, or type the secret into it. Then enter the code that the app shows."</p>
            <Qr text=uri label="QR code with the secret, which is below as text"/>
            <div class="field">
                <span class="hint" id="factor-secret-label">"Secret"</span>
                <div class="inline">
                    <code id="factor-secret" aria-labelledby="factor-secret-label">{secret}</code>
                    <CopyButton of="factor-secret" what="the secret" quiet=true/>
                </div>
            </div>
            <TextField errors field=Field::Code inputmode="numeric" required=true autofocus=true
                autocomplete="one-time-code" hint="6 digits. They change every 30 seconds."/>
            <div class="actions">
                <a class="button" href="/account/second-factor">"Cancel"</a>
                <button class="button primary" name=FACTOR_STEP value=FactorStep::Confirm.as_str()>"Set up"</button>
            </div>
        </form>
    }
    .into_any()
}

/// The form that replaces the recovery codes of whoever has passkeys and no app.
fn new_codes(left: u64, email: String, has_password: bool, errors: RwSignal<FieldErrors>) -> AnyView {
    view! {
        <form class="card" method="post" action="/account/second-factor" novalidate>
            <header><h2>"New recovery codes"</h2></header>
            <div class="body">
                <FormId/>
                <p>"You have " {left} " left, and none of them works any more after this. Enter one of them to make new ones."</p>
                <Password email has_password errors/>
                <TextField errors field=Field::Code label="Recovery code" required=true autocomplete="one-time-code"/>
            </div>
            <footer>
                <a class="button" href="/account/second-factor">"Cancel"</a>
                <button class="button primary" name=FACTOR_STEP value=FactorStep::Codes.as_str()>"New recovery codes"</button>
            </footer>
        </form>
    }
    .into_any()
}

/// The recovery codes, shown once.
#[component]
fn Codes(codes: RecoveryCodes) -> impl IntoView {
    let items: Vec<_> =
        codes.0.iter().map(|code| view! { <li><code>{code.expose_secret().to_owned()}</code></li> }).collect();
    view! {
        <div class="card">
            <header><h2>"Your recovery codes"</h2> <CopyButton of="recovery-codes" what="the recovery codes" quiet=true/></header>
            <div class="body">
                <Warning words="You will not see these codes again. Keep them where you keep your passwords, not only on the device that you sign in with.".to_owned()/>
                <p>"Each works once in place of your passkey or a code of the app. Any from before no longer work."</p>
                <ol class="codes" id="recovery-codes">{items}</ol>
            </div>
            <footer><DoneOnce href="/account" what="these codes" words="I have stored them"/></footer>
        </div>
    }
}

#[component]
fn Manage(factor: OwnFactor, email: String, has_password: bool, errors: RwSignal<FieldErrors>) -> impl IntoView {
    let OwnFactor::On { since, codes_left } = factor else { return ().into_any() };
    view! {
        <dl class="facts">
            <div><dt>"On since"</dt><dd><Time at=since/></dd></div>
            <div><dt>"Recovery codes left"</dt><dd>{codes_left}</dd></div>
        </dl>
        <form class="stack" method="post" action="/account/second-factor" novalidate>
            <FormId/>
            <p>"To make new recovery codes, or to remove the second factor, enter your password and a code. For another phone, remove it and set it up again."</p>
            <Password email has_password errors/>
            <TextField errors field=Field::Code inputmode="numeric" required=true autocomplete="one-time-code"
                hint="6 digits of the app, or a recovery code."/>
            <div class="actions">
                <a class="button" href="/account">"Back"</a>
                <button class="button primary" name=FACTOR_STEP value=FactorStep::Codes.as_str()>"New recovery codes"</button>
                <button class="button danger" name=FACTOR_STEP value=FactorStep::Remove.as_str()>"Remove"</button>
            </div>
        </form>
    }
    .into_any()
}

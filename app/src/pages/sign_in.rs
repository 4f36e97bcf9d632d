//! Sign-in.

use domain::field::Field;
use domain::passkey::PasskeyUse;
use domain::provider::Trouble;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use service::providers::Offered;

use super::frame::{Mark, PlainHttp};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::icon::{Drawn, Icon};
use crate::components::passkey_button::PasskeyButton;
use crate::components::providers::Providers;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::passkeys::possible;
use crate::desk::person::{SignInDoor, read_sign_in_door};
use crate::desk::provider_routes::{PROVIDER, TROUBLE};
use crate::forms::outcome::PostedForm;
use crate::forms::passkey::ANSWER;
use crate::forms::person::{NEXT, SignInForm};

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let done = query.get("done").and_then(|done| match &*done {
        "signed_out" => Some("You are signed out."),
        "joined" => Some("Your account is ready. Sign in with the password that you have just set."),
        "password_reset" => Some("Your new password is set. Sign in with it."),
        _ => None,
    });
    let trouble = query.get(TROUBLE).and_then(|trouble| Trouble::parse(&trouble));
    let came_from = query.get(PROVIDER).unwrap_or_default();
    let asked_for = query.get(NEXT).unwrap_or_default();
    view! {
        <Title text="Sign in"/>
        <main class="door" id="main">
            <Mark/>
            <div class="flash" role="status">
                {done.map(|words| view! { <p class="toast good">{words}</p> })}
            </div>
            {later(async move {
                match read_sign_in_door().await {
                    Ok(SignInDoor::SetUpFirst) => view! { <SetUpFirst/> }.into_any(),
                    Ok(SignInDoor::Plain) => view! { <Closed/> }.into_any(),
                    Ok(SignInDoor::Open { plain_http, providers }) => view! {
                        {plain_http.then(|| view! { <PlainHttp/> })}
                        {trouble.and_then(|trouble| explained(trouble, &came_from, &providers))}
                        <SignIn asked_for=asked_for.clone()/>
                        <Providers providers next=asked_for/>
                    }
                    .into_any(),
                    Err(error) => view! { <Failed error/> }.into_any(),
                }
            })}
        </main>
    }
}

/// Why somebody who comes back from a provider is not signed in. Whatever keeps them out here is one answer: they may not
/// be who they say.
fn explained(trouble: Trouble, id: &str, providers: &[Offered]) -> Option<AnyView> {
    let name = providers.iter().find(|provider| provider.id == id)?.name.clone();
    let (title, words) = match trouble {
        Trouble::Unreachable => (
            format!("{name} cannot be reached right now."),
            "Try again in a minute. If that does not help, ask whoever runs this Keystead: its log says what is wrong.",
        ),
        Trouble::Declined => (format!("{name} did not sign you in."), "Try again, or sign in another way."),
        Trouble::Over => (
            "This sign-in is over.".to_owned(),
            "It took longer than ten minutes, was begun in another browser, or was done already. Start again.",
        ),
        Trouble::Unbelieved => (
            format!("The answer of {name} cannot be trusted."),
            "You are not signed in. Try again, and tell whoever runs this Keystead if it happens twice.",
        ),
        Trouble::Refused => (
            format!("{name} knows you, but you cannot enter here with it."),
            "If you have an account here, sign in as before and connect it under “Your account”. Otherwise ask an owner \
             to invite you.",
        ),
    };
    let note = view! {
        <div class="note bad" role="alert" tabindex="-1">
            <Drawn icon=Icon::Alert/>
            <div><b dir="auto">{title}</b> " " {words}</div>
        </div>
    };
    Some(note.into_any())
}

#[component]
fn SignIn(asked_for: String) -> impl IntoView {
    let posted = PostedForm::<SignInForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    let next = if typed.next.is_empty() { asked_for } else { typed.next };
    view! {
        <form class="card" method="post" action="/login" novalidate>
            <header><h1>"Sign in"</h1></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <TextField errors field=Field::Email value=typed.email input="email"
                    required=true autofocus=true autocomplete="username"/>
                <TextField errors field=Field::Password input="password"
                    required=true autocomplete="current-password"/>
                <input type="hidden" name=NEXT value=next.clone()/>
                <button class="button primary">"Sign in"</button>
            </div>
        </form>
        {possible().then(|| view! {
            <form class="stack passkeys-only" method="post" action="/login">
                <input type="hidden" name=NEXT value=next/>
                <PasskeyButton used_for=PasskeyUse::SignIn name=ANSWER words="Sign in with a passkey"/>
            </form>
        })}
        <p><a href="/forgot">"Forgot your password?"</a></p>
    }
}

/// A password must not travel in the clear.
#[component]
pub fn Closed() -> impl IntoView {
    view! {
        <div class="card">
            <div class="empty">
                <h1>"You cannot sign in over this connection"</h1>
                <p>
                    "This is plain HTTP, so anyone on the network could read your password. Open Keystead over HTTPS, \
                     or on the server itself at localhost. For HTTPS, set KEYSTEAD_PUBLIC_URL to that address, and \
                     KEYSTEAD_TRUSTED_PROXIES to the proxy if it is on another machine."
                </p>
                <p class="soft">"An operator who accepts the risk can set " <code>"KEYSTEAD_ALLOW_HTTP=true"</code> "."</p>
            </div>
        </div>
    }
}

#[component]
fn SetUpFirst() -> impl IntoView {
    view! {
        <div class="card">
            <div class="empty">
                <h1>"This installation has no owner yet"</h1>
                <p>
                    "Open the set-up link that Keystead printed when it started. It works once, within one hour. A \
                     restart prints a new one."
                </p>
                <p class="soft">
                    "Without a browser: "
                    <code>"keystead owner create --email owner@example.com --password-stdin"</code>
                </p>
            </div>
        </div>
    }
}

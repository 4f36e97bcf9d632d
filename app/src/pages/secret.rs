//! The page that shows a secret, once. No other page ever does.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::key::KeyRow;
use leptos::prelude::*;
use secrecy::ExposeSecret;
use service::keys::{Issued, ShownSecret};

use super::acknowledge::Again;
use super::event_test::{is_of_events, report};
use super::integration_samples::{loads, own_check, variable};
use super::scope_samples::{FirstCall, FirstCalls};
use crate::components::copy::{CopyButton, Sample};
use crate::components::hidden_draft::HiddenDraft;
use crate::components::icon::{Drawn, Icon};
use crate::components::title::Title;
use crate::desk::integration::public_url;
use crate::islands::acknowledge::AcknowledgeBox;

#[component]
pub fn Secret(issued: Arc<Issued>, draft: KeyDraft) -> impl IntoView {
    let row = &issued.key.row;
    let address = format!("/keys/{}/acknowledge", row.id.as_str());
    let app = issued.key.app_id.to_string();
    let deadline = issued.ack_deadline.unwrap_or(row.created_at);
    view! {
        <Title text="Your key"/>
        <div class="head narrow">
            <div>
                <h1>{format!("Copy “{}” now", row.name)}</h1>
                <p>"You will not be able to see it again. If you lose it, generate a new key."</p>
            </div>
        </div>
        {shown(&issued, false)}
        <form class="narrow stack" method="post" data-address=address.clone() action=address>
            <HiddenDraft draft=draft.clone()/>
            <input type="hidden" name=Field::App.as_str() value=app.clone()/>
            <AcknowledgeBox deadline now=row.created_at guard=true outside=false rotates=false wrong=None/>
        </form>
        <div class="narrow"><Again draft app/></div>
    }
}

/// The secret, and what to do with it: of a new key, or a new one of a key that works already.
pub fn shown(issued: &Issued, rotates: bool) -> impl IntoView + use<> {
    let (treat, starts) = if rotates {
        (
            "Treat this secret as you would a password.",
            "The new secret starts to work when you confirm below. The key works all the time.",
        )
    } else {
        ("Treat this key as you would a password.", "It starts to work when you confirm below.")
    };
    let row = &issued.key.row;
    let url = public_url().unwrap_or_default();
    let first_call = match &issued.shown {
        ShownSecret::Pair { secret, .. } => FirstCall::of(&url, row, &issued.key.app_id, secret.expose_secret()),
        ShownSecret::Token(_) => None,
    };
    let samples = if let Some(call) = first_call {
        view! { <h2>"After you confirm, call Keystead"</h2> <FirstCalls call/> }.into_any()
    } else {
        let code = own_check(&url, Some(row.kind), &issued.key.rules);
        let event = is_of_events(row.kind).then(|| report(&url, row.kind, &issued.key.rules, None));
        view! {
            <p>"After you confirm, load the .env file with " <code>{loads(Some(row.id.as_str()))}</code></p>
            <Sample id="try-it" name="Then ask Keystead about the key" code/>
            {event.map(|code| view! { <Sample id="report-it" name="Or report an event" code/> })}
        }
        .into_any()
    };
    let (file, contents) = (file_name(row), env_file(&issued.shown, variable(&issued.key.rules)));
    view! {
        {secrets(&issued.shown)}
        <div class="actions narrow">
            <a class="button" download=file href=contents>"Download .env"</a>
        </div>
        <div class="note narrow">
            <Drawn icon=Icon::Caution/>
            <div>
                <b>{treat}</b>
                " Store it in your secret manager, and give it to one service only. " {starts}
            </div>
        </div>
        <div class="narrow stack">{samples}</div>
    }
}

fn secrets(shown: &ShownSecret) -> AnyView {
    match shown {
        ShownSecret::Token(token) => {
            view! { <SecretBox id="secret" what="key" value=token.expose_secret().to_owned()/> }.into_any()
        }
        ShownSecret::Pair { id, secret } => view! {
            <h2 class="narrow">"Id"</h2>
            <div class="secret narrow">
                <code id="pair-id">{id.clone()}</code>
                <div class="tools"><CopyButton of="pair-id" what="id"/></div>
            </div>
            <h2 class="narrow">"Secret"</h2>
            <SecretBox id="secret" what="secret" value=secret.expose_secret().to_owned()/>
        }
        .into_any(),
    }
}

/// With scripts, the secret is masked until people choose Show. Copying works either way.
#[component]
fn SecretBox(id: &'static str, what: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="secret narrow maskable">
            <code id=id>{value}</code>
            <div class="tools">
                <label class="button quiet alive-only">
                    <input type="checkbox" class="visually-hidden" autocomplete="off" aria-label=format!("Show the {what}")/>
                    <Drawn icon=Icon::Eye/>
                    <span class="off" aria-hidden="true">"Show"</span>
                    <span class="on" aria-hidden="true">"Hide"</span>
                </label>
                <CopyButton of=id what/>
            </div>
        </div>
    }
}

/// The link contains the text of the file, so nothing is fetched and nothing is kept.
fn env_file(shown: &ShownSecret, variable: &str) -> String {
    let text = match shown {
        ShownSecret::Token(token) => format!("{variable}={}\n", token.expose_secret()),
        ShownSecret::Pair { id, secret } => {
            format!("KEYSTEAD_KEY_ID={id}\nKEYSTEAD_KEY_SECRET={}\n", secret.expose_secret())
        }
    };
    format!("data:text/plain;charset=utf-8,{}", text.replace('=', "%3D").replace('\n', "%0A"))
}

fn file_name(row: &KeyRow) -> String {
    format!("keystead-{}.env", row.id.as_str())
}

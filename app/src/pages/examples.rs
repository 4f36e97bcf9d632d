//! Integration examples: what a program does with a Master User key, ready to run.

use domain::contact::{ContactKind, ContactQuery};
use domain::kind::KeyKind;
use leptos::prelude::*;

use super::chat_samples::EXAMPLES;
use crate::components::copy::Sample;
use crate::components::failed::Failed;
use crate::components::icon::{Drawn, Icon};
use crate::components::title::Title;
use crate::desk::contacts::read_contacts;
use crate::desk::integration::public_url;
use crate::desk::later::later;
use crate::error::ConsoleError;

/// The UUID of a contact who may do what the examples do, and the address that programs call.
async fn read() -> Result<(Option<(String, String)>, String), ConsoleError> {
    let staff = ContactQuery { kind: Some(ContactKind::Staff), ..ContactQuery::default() };
    let rows = read_contacts(&staff).await?.page.map(|page| page.rows).unwrap_or_default();
    let admin = rows.into_iter().find(|contact| contact.is_admin);
    Ok((admin.map(|contact| (contact.id.to_uuid(), contact.name())), public_url()?))
}

#[component]
pub fn ExamplesPage() -> impl IntoView {
    let examples = later(async move {
        match read().await {
            Ok((contact, url)) => view! { <Examples contact url/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Integration examples"/>
        <div class="head">
            <div>
                <h1>"Integration examples"</h1>
                <p>"What a program does with a Master User key. Copy a call, and run it in a shell."</p>
            </div>
            <div class="actions">
                <a class="button" href=format!("/keys?kind={}", KeyKind::CALLS_CHATS.as_str())>"Master User API Keys"</a>
            </div>
        </div>
        {examples}
    }
}

#[component]
fn Examples(contact: Option<(String, String)>, url: String) -> impl IntoView {
    let uuid = contact.as_ref().map(|(uuid, _)| uuid.clone());
    let whose = match contact {
        Some((_, name)) => {
            view! { "They call on behalf of " <b dir="auto">{name}</b> ", a contact who is staff and an admin." }
                .into_any()
        }
        None => view! {
            "Put the UUID of a contact who is staff and an admin into CONTACT_UUID. It is on the page of the contact: "
            <a href="/contacts">"Contacts"</a>
        }
        .into_any(),
    };
    let samples: Vec<_> = EXAMPLES
        .into_iter()
        .map(|example| {
            let code = example.call(&url, uuid.as_deref());
            view! {
                <section class="card">
                    <header><h2>{example.name}</h2></header>
                    <div class="body">
                        <p>{example.words} " The key needs the permission to perform: " {example.permission} "."</p>
                        <Sample id=example.id name="curl" code/>
                    </div>
                </section>
            }
        })
        .collect();
    view! {
        <div class="note info">
            <Drawn icon=Icon::Info/>
            <div>
                <b>"First load the .env file of a Master User key."</b>
                " It has KEYSTEAD_KEY_ID and KEYSTEAD_KEY_SECRET. " {whose}
            </div>
        </div>
        {samples}
    }
}

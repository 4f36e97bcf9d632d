//! The page of an integration: what it is, its webhooks, its keys, what it was told and what it told.

use domain::event::EventQuery;
use domain::field::Field;
use domain::integration::Integration;
use domain::kind::KeyKind;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;

use super::deliveries::Latest;
use super::events::Events;
use super::integration_keys::Keys;
use super::integrations::state;
use super::webhooks::Webhooks;
use crate::addresses::read_address;
use crate::components::failed::{Failed, set_status};
use crate::components::public_id::PublicId;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::integrations::{IntegrationView, address, read_one};
use crate::desk::later::later;
use crate::error::ConsoleError;

/// The page, with the dialog that its address opens over it.
#[component]
pub fn IntegrationPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let query: EventQuery = read_address();
    let page = later(async move {
        match read_one(&id).await {
            Ok(view) => view! { <Shown view query/> }.into_any(),
            Err(error) => not_there(error),
        }
    });
    view! { {page} <Outlet/> }
}

/// What is in the place of an integration that there is not, or of a part of one.
pub(super) fn not_there(error: ConsoleError) -> AnyView {
    let heading = match error {
        ConsoleError::Refused(Refusal::IntegrationNotFound) => "Integration not found",
        ConsoleError::Refused(Refusal::WebhookNotFound) => "Webhook not found",
        ConsoleError::Refused(Refusal::DeliveryNotFound) => "Delivery not found",
        ConsoleError::Refused(Refusal::EventNotFound) => "Event not found",
        error => {
            return view! {
                <Title text="Integration"/>
                <div class="head"><div><h1>"Integration"</h1></div></div>
                <Failed error/>
            }
            .into_any();
        }
    };
    set_status(&error);
    view! {
        <Title text=heading/>
        <div class="card">
            <div class="empty">
                <h1>{heading}</h1>
                <p>"Somebody may have deleted it, it may be too old, or the address is mistyped."</p>
                <a class="button primary" href="/integrations">"All integrations"</a>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Shown(view: IntegrationView, query: EventQuery) -> impl IntoView {
    let IntegrationView { integration, app, now, manages } = view;
    let back = address(&integration.id);
    let name = integration.shown_name().to_owned();
    let events_of = integration.kind.events_of();
    let acts = manages.then(|| {
        view! {
            <a class="button" href=format!("{back}/edit")>"Edit…"</a>
            // What keys report has to arrive somewhere.
            {events_of.is_none().then(|| view! { <a class="button danger" href=format!("{back}/delete")>"Delete…"</a> })}
        }
    });
    let keys = integration.kind.has_keys().then(|| view! { <Keys integration=integration.clone() now/> });
    let events = events_of.map(|_| view! { <Events integration=integration.clone() query now/> });
    let deliveries = manages.then(|| view! { <Latest integration=integration.clone() now/> });
    view! {
        <Title text=name.clone()/>
        <div class="head">
            <div>
                <div class="inline"><h1 dir="auto">{name}</h1> {state(integration.status)}</div>
                <p>{about(&integration)}</p>
            </div>
            <div class="actions">{acts}</div>
        </div>
        <section class="card">
            <header><h2>"Integration"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>{Field::Kind.label()}</dt><dd>{integration.kind.label()}</dd></div>
                    {app.map(|app| view! {
                        <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}{app.archived_at.is_some().then_some(" (archived)")}</dd></div>
                    })}
                    <div>
                        <dt>"Integration id"</dt>
                        <dd><PublicId id="integration-id" value=integration.id.to_string() what="the id of the integration"/></dd>
                    </div>
                    <div><dt>"Created"</dt><dd><Time at=integration.created_at/></dd></div>
                    {events_of.map(reporters)}
                </dl>
            </div>
        </section>
        {events}
        {keys}
        <Webhooks integration manages/>
        {deliveries}
    }
}

/// Who reports to an integration: the keys of this kind.
fn reporters(kind: KeyKind) -> impl IntoView {
    let list = format!("/keys?{}={}", Field::Kind.as_str(), kind.as_str());
    view! { <div><dt>"Reported with"</dt><dd><a href=list>{kind.rules().keys()}</a></dd></div> }
}

/// What an integration is for, in a sentence.
fn about(integration: &Integration) -> &'static str {
    if integration.kind.has_keys() {
        "One of your own systems. It chats with its keys, and its webhook is told what happens in the app."
    } else if integration.kind.is_chat() {
        "A channel. Keystead does not connect to it: it keeps what your programs say about it, and tells its webhooks what happens in the app."
    } else {
        "What programs report with keys of this kind, as they report it. Its webhooks are told of it."
    }
}

//! What a key is: its kind, its id, its dates and its labels.

use std::iter;

use domain::app::App;
use domain::field::Field;
use domain::hand_over::Collection;
use domain::ids::IntegrationId;
use domain::integration::Integration;
use domain::key::KeyDetail;
use domain::list::KeyQuery;
use domain::rotation;
use domain::rules::KeyRules;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::addresses::list_address;
use crate::components::chart::life::Life;
use crate::components::copy::CopyButton;
use crate::components::time::{LastUsed, Time};
use crate::desk::integrations::address;

/// The card.
pub fn facts(
    key: &KeyDetail,
    collected: Option<Collection>,
    app: Option<App>,
    integration: Option<&Integration>,
    now: Timestamp,
) -> impl IntoView + use<> {
    let (row, id) = (key.row.clone(), key.row.id.as_str().to_owned());
    let proxy = row.kind.rules().behind_proxy.then(|| {
        let address = format!("/integrations/setup?key={id}#proxies");
        view! { <footer><a href=address>"Put it behind a proxy"</a></footer> }
    });
    view! {
        <section class="card">
            <header><h2>"Key"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Kind"</dt><dd title=row.kind.rules().definition>{row.kind.label()}</dd></div>
                    {app.map(|app| view! { <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}</dd></div> })}
                    {key.rules.integration.map(|id| view! {
                        <div><dt>{Field::Integration.label()}</dt><dd dir="auto">{named(&id, integration)}</dd></div>
                    })}
                    <div><dt>"Key"</dt><dd class="mono">{row.masked()}</dd></div>
                    <div>
                        <dt>"Id"</dt>
                        <dd class="inline">
                            <code id="key-id">{id.clone()}</code>
                            <CopyButton of="key-id" what="id" quiet=true/>
                        </dd>
                    </div>
                    {row.basic_id().map(|id| view! {
                        <div>
                            <dt>"Id in calls"</dt>
                            <dd class="inline">
                                <code id="basic-id">{id}</code>
                                <CopyButton of="basic-id" what="id in calls" quiet=true/>
                            </dd>
                        </div>
                    })}
                    <div><dt>"Created"</dt><dd><Time at=row.created_at/> " by " {row.created_by.clone()}</dd></div>
                    {collected.map(|by| view! {
                        <div>
                            <dt>"Collected"</dt>
                            <dd>
                                <Time at=by.at/> " by " <span dir="auto">{by.recipient}</span>
                                {by.from.map(|from| format!(", from {from}"))}
                            </dd>
                        </div>
                    })}
                    <div>
                        <dt>"Last used"</dt>
                        <dd>
                            <LastUsed at=row.last_used_at now/>
                            {key.last_used_address.map(|address| format!(" from {address}"))}
                        </dd>
                    </div>
                    {validity(key, now)}
                    {interval(key)}
                    {acts_for(key)}
                    {labels(key)}
                    {revoked(key, now)}
                </dl>
            </div>
            {proxy}
        </section>
    }
}

/// The rotation interval, and when it is over.
fn interval(key: &KeyDetail) -> impl IntoView + use<> {
    let due = key.row.rotation_due_at;
    key.rules.rotate_days.map(|days| {
        view! {
            <div>
                <dt>"Rotate"</dt>
                <dd>"Every " {rotation::interval(days)} {due.map(|due| view! { ", next by " <Time at=due/> })}</dd>
            </div>
        }
    })
}

/// The contacts on whose behalf the key may act, if it may not for any.
fn acts_for(key: &KeyDetail) -> impl IntoView + use<> {
    let contacts = &key.rules.acts_for;
    let links: Vec<_> = contacts
        .iter()
        .map(|id| view! { <a class="mono" href=format!("/contacts/{id}")>{id.to_uuid()}</a> " " })
        .collect();
    (!links.is_empty()).then(|| view! { <div><dt>{Field::ActsFor.label()}</dt><dd>{links}</dd></div> })
}

fn validity(key: &KeyDetail, now: Timestamp) -> impl IntoView + use<> {
    let asks = key.row.kind.rules().asks(Field::Expiry);
    let (from, until, created) = (key.row.not_before, key.row.expires_at, key.row.created_at);
    asks.then(|| {
        view! {
            {from.map(|from| view! { <div><dt>"Valid from"</dt><dd><Time at=from/></dd></div> })}
            <div>
                <dt>"Expires"</dt>
                <dd>
                    {match until {
                        Some(until) => {
                            view! { <Time at=until/> <Life from=from.unwrap_or(created) until now/> }.into_any()
                        }
                        None => "Never".into_any(),
                    }}
                </dd>
            </div>
        }
    })
}

/// The environment, unless it is the usual one, and the labels that the key has.
fn labels(key: &KeyDetail) -> Vec<AnyView> {
    let told = key.rules.told();
    let shown = iter::once(Field::Environment).chain(Field::LABELS);
    shown
        .filter_map(|field| {
            let (_, words) = told.iter().find(|(told, words)| *told == field && !words.is_empty())?;
            let value = label(field, words, &key.rules);
            Some(view! { <div><dt>{field.label()}</dt><dd>{value}</dd></div> }.into_any())
        })
        .collect()
}

/// The value of a label. A tag and an owner link to the keys that share it.
fn label(field: Field, words: &str, rules: &KeyRules) -> AnyView {
    let list = |items: Vec<AnyView>| {
        let items: Vec<_> = items.into_iter().map(|item| view! { <li>{item}</li> }).collect();
        view! { <ul>{items}</ul> }.into_any()
    };
    let link = |query: KeyQuery, words: &str| view! { <a href=list_address(&query)>{words.to_owned()}</a> }.into_any();
    match field {
        Field::Environment => rules.environment.label().into_any(),
        Field::Owner => link(KeyQuery { owner: Some(words.to_owned()), ..KeyQuery::default() }, words),
        Field::Tags => {
            let tags: Vec<_> = rules
                .tags
                .iter()
                .map(|tag| {
                    let address = list_address(&KeyQuery { tag: Some(tag.clone()), ..KeyQuery::default() });
                    view! { <li><a class="chip" href=address>{tag.clone()}</a></li> }
                })
                .collect();
            view! { <ul class="chips">{tags}</ul> }.into_any()
        }
        Field::Metadata => {
            list(rules.metadata.to_items().into_iter().map(|pair| view! { <code>{pair}</code> }.into_any()).collect())
        }
        _ => view! { <code>{words.to_owned()}</code> }.into_any(),
    }
}

/// The name of an integration. It leads to its page, for those who may see that; the others see its id.
fn named(id: &IntegrationId, found: Option<&Integration>) -> AnyView {
    match found {
        Some(integration) => view! { <a href=address(id)>{integration.shown_name().to_owned()}</a> }.into_any(),
        None => view! { <span class="mono">{id.to_string()}</span> }.into_any(),
    }
}

fn revoked(key: &KeyDetail, now: Timestamp) -> impl IntoView + use<> {
    key.revoked.clone().map(move |revoked| {
        view! {
            <div>
                <dt>"Revoked"</dt>
                <dd>
                    <Time at=revoked.at/> ": " {revoked.reason.label()} ". "
                    {match revoked.restorable_until.filter(|until| now < *until) {
                        Some(until) => view! { "An owner can restore it until " <Time at=until/> "." }.into_any(),
                        None => "It cannot be restored.".into_any(),
                    }}
                </dd>
            </div>
        }
    })
}

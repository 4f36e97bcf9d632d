//! What a program needs: calls to copy, addresses to allow in a firewall, and a test that waits for a call.

use domain::field::Field;
use domain::key::KeyRow;
use domain::preset::Preset;
use domain::role::Act;
use domain::rules::KeyRules;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::event_test::{EVENT, EventTest, is_event, is_of_events};
use super::integration_samples::{loads, own_check, verify_calls};
use super::key_proxies::proxies;
use super::scope_samples::{FirstCall, FirstCalls};
use crate::addresses::preset_address;
use crate::components::copy::Sample;
use crate::components::failed::Failed;
use crate::components::icon::{Drawn, Icon};
use crate::components::ignored::NotUnderstood;
use crate::components::key_status::KeyStatus;
use crate::components::time::LastUsed;
use crate::components::title::Title;
use crate::desk::integration::{Integration, read_integration};
use crate::desk::keys::{KeyView, may, may_change_keys};
use crate::desk::later::later;
use crate::islands::connectivity::Connectivity;

#[component]
pub fn SetupIntegration() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let (key, event) = (query.get("key"), query.get(EVENT));
    let guide = later(async move {
        match read_integration(key.as_deref()).await {
            Ok(found) => view! { <Guide found event/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Setup Integration"/>
        <div class="head">
            <div>
                <h1>"Setup Integration"</h1>
                <p>"Call Keystead from your service, and see the call arrive."</p>
            </div>
            {may(Act::SeeRooms).then(|| view! {
                <div class="actions">
                    <a class="button" href="/integrations/prepare">"Prepare to use the API"</a>
                    <a class="button" href="/integrations/examples">"Integration examples"</a>
                </div>
            })}
        </div>
        <NotUnderstood filters=&[(EVENT, is_event)]/>
        {guide}
    }
}

#[component]
fn Guide(
    found: Integration,
    /// The event whose call is shown.
    event: Option<String>,
) -> impl IntoView {
    let Integration { public_url, endpoints, key, reports } = found;
    let (own_check, calls) = match &key {
        Some(KeyView { key, .. }) => (
            own_check(&public_url, Some(key.row.kind), &key.rules),
            verify_calls(
                &public_url,
                Some(key.row.kind),
                &key.rules.cidrs,
                &key.rules.denied_cidrs,
                &key.rules.domains,
            ),
        ),
        None => (own_check(&public_url, None, &KeyRules::default()), verify_calls(&public_url, None, &[], &[], &[])),
    };
    // A key of an account, an app or an integration calls Keystead itself, and nobody else asks about it.
    let first_call = key.as_ref().and_then(|view| {
        let key = &view.key;
        FirstCall::without_secret(&public_url, &key.row, &key.app_id)
    });
    let checks = first_call.is_none().then(|| view! { <Checks calls/> });
    let own_address = first_call.as_ref().map(FirstCall::to_allow);
    let load = loads(key.as_ref().map(|view| view.key.row.id.as_str()));
    let own_call = match first_call {
        Some(call) => view! { <FirstCalls call/> }.into_any(),
        None => view! {
            <p>"Load the .env file of the key with " <code>{load}</code> ", or put the key into the environment in another way. Then ask \
                Keystead about it:"</p>
            <Sample id="own-check" name="curl" code=own_check/>
        }
        .into_any(),
    };
    let usual = endpoints.iter().map(|endpoint| (endpoint.purpose, endpoint.call(&public_url)));
    let endpoints: Vec<_> = own_address
        .into_iter()
        .chain(usual)
        .map(|(purpose, call)| view! { <tr><td>{purpose}</td><td class="wrap"><code>{call}</code></td></tr> })
        .collect();
    let proxies = key.as_ref().and_then(|view| proxies(&view.key));
    let events = key.as_ref().map(|view| &view.key).filter(|key| is_of_events(key.row.kind));
    let events = events.map(|key| {
        let (kind, rules, key) = (key.row.kind, key.rules.clone(), key.row.id.to_string());
        view! {
            <section class="card">
                <header><h2>"The caller: report an event"</h2></header>
                <div class="body"><EventTest url=public_url.clone() kind rules key chosen=event reports/></div>
            </section>
        }
    });
    view! {
        {match key {
            Some(view) => view! { <ConnectivityTest row=view.key.row now=view.now/> }.into_any(),
            None => view! {
                <div class="note info">
                    <Drawn icon=Icon::Info/>
                    <div>
                        <b>"Choose a key to test it live."</b>
                        " Open " <a href="/keys">"a key"</a> " and choose Setup Integration on its page."
                    </div>
                </div>
            }
            .into_any(),
        }}
        {events}
        <div class="cols">
            <section class="card">
                <header><h2>"The caller: try the key"</h2></header>
                <div class="body">{own_call}</div>
            </section>
            <section class="card">
                <header>
                    <h2>"Addresses to allow in a firewall"</h2>
                    <a href="/integrations/endpoints">"Every path"</a>
                </header>
                <div class="sheet" role="region" aria-label="Addresses" tabindex="0">
                    <table class="blocks">
                        <thead><tr><th scope="col">"From your service"</th><th scope="col">"Address"</th></tr></thead>
                        <tbody>{endpoints}</tbody>
                    </table>
                </div>
            </section>
        </div>
        {checks}
        {proxies}
    }
}

/// What a service does that checks the keys of its callers.
#[component]
fn Checks(
    /// Id, name and code of each sample.
    calls: [(&'static str, &'static str, String); 4],
) -> impl IntoView {
    let calls: Vec<_> = calls
        .into_iter()
        .enumerate()
        .map(|(index, (id, name, code))| {
            view! {
                <details name="sample" class="fold" open=index == 0>
                    <summary>{name}</summary>
                    <Sample id name code untitled=true/>
                </details>
            }
        })
        .collect();
    view! {
        <section class="card">
            <header><h2>"Your service: check a key on each call"</h2></header>
            <div class="body">
                <p>
                    "Your service needs its own Service key with the permission "
                    <code>"keystead.verify"</code> " in " <code>"KEYSTEAD_VERIFIER_KEY"</code> ". "
                    {may_change_keys().then(|| view! { <a href=preset_address(Preset::Verifier)>"Generate one"</a> })}
                </p>
                <p>
                    "The samples find both keys in the environment. Your service takes the key to check from each call, and adds the "
                    <code>"clientIp"</code> " and the " <code>"origin"</code> " of the caller. The Rust sample needs the crates "
                    <code>"serde_json"</code> " and " <code>"ureq"</code> "."
                </p>
                {calls}
            </div>
        </section>
    }
}

#[component]
fn ConnectivityTest(row: KeyRow, now: Timestamp) -> impl IntoView {
    let id = row.id.as_str().to_owned();
    let limited = row.kind.rules().asks(Field::Domains) && row.domain_count > 0;
    view! {
        <section class="card">
            <header>
                <h2>"Connectivity test: " {row.name.clone()}</h2>
                <KeyStatus status=row.status(now) now/>
            </header>
            <div class="body">
                <p class="mono">{row.masked()}</p>
                <p class="still-only">
                    "Last used: " <LastUsed at=row.last_used_at now/> ". "
                    <a href=format!("/integrations/setup?key={id}")>"Reload"</a> " after you have made a call."
                </p>
                {limited.then(|| view! {
                    <p class="soft">
                        "This key is restricted to domains. A call is refused unless its Origin matches one of them. \
                         The call below sends one."
                    </p>
                })}
                {(row.cidr_count > 0).then(|| view! {
                    <p class="soft">"Only calls from the key's networks are accepted."</p>
                })}
                <Connectivity key=id/>
            </div>
        </section>
    }
}

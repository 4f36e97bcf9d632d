//! The providers that are connected with one's own account.

use domain::text::joined;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use service::identities::{Connected, WaysIn};

use crate::components::time::{Ago, Time};
use crate::forms::account::IDENTITY;

/// What to say of the password: it can be changed, or a provider is in its place.
#[component]
pub fn PasswordWay(ways: WaysIn) -> impl IntoView {
    if ways.has_password {
        return view! { <a href="/account/password">"Change password"</a> }.into_any();
    }
    let names = joined(ways.connected.iter().map(|connected| connected.provider.as_str()));
    view! { "None. This account signs in with " <bdi>{names}</bdi> "." }.into_any()
}

/// The providers that are connected, and those that can be. Nothing if there are none.
#[component]
pub fn OwnProviders(ways: WaysIn, now: Timestamp) -> impl IntoView {
    let WaysIn { has_password, connected, offered } = ways;
    if connected.is_empty() && offered.is_empty() {
        return ().into_any();
    }
    let is_last = !has_password && connected.len() == 1;
    let rows: Vec<_> = connected.into_iter().map(|connected| row(connected, is_last, now)).collect();
    let none = rows
        .is_empty()
        .then(|| view! { <div class="body"><p class="soft">"You sign in with your password."</p></div> });
    let links: Vec<_> = offered
        .into_iter()
        .map(|provider| {
            let address = format!("/account/connect/{}", provider.id);
            view! { <a class="button" href=address>"Connect " <bdi>{provider.name}</bdi></a> }
        })
        .collect();
    let has_links = !links.is_empty();
    view! {
        <section class="card" aria-labelledby="providers">
            <header><h2 id="providers">"Sign-in by a provider"</h2></header>
            {none}
            {(!rows.is_empty()).then(|| view! { <ul class="feed invites">{rows}</ul> })}
            {has_links.then(|| view! { <footer>{links}</footer> })}
        </section>
    }
    .into_any()
}

fn row(connected: Connected, is_last: bool, now: Timestamp) -> impl IntoView {
    let Connected { handle, provider, email, since, used_at } = connected;
    let act = if is_last {
        view! { <small class="soft">"Your only way to sign in"</small> }.into_any()
    } else {
        let label = format!("Disconnect {provider}");
        view! {
            <form method="post" action="/account/providers">
                <input type="hidden" name=IDENTITY value=handle/>
                <button class="button quiet danger" aria-label=label>"Disconnect"</button>
            </form>
        }
        .into_any()
    };
    view! {
        <li>
            <span>
                <b dir="auto">{provider}</b> " " <bdi>{email}</bdi>
                <small class="soft">" connected " <Time at=since/> ", last used " <Ago at=used_at now/></small>
            </span>
            {act}
        </li>
    }
}

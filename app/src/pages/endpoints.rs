//! "Addresses to allow": every path that programs call, and what Keystead itself calls, for whoever opens a firewall.

use leptos::prelude::*;

use crate::components::failed::Failed;
use crate::components::title::Title;
use crate::desk::context::ApiPaths;
use crate::desk::integration::{Addresses, read_addresses};

#[component]
pub fn EndpointsPage() -> impl IntoView {
    let page = match read_addresses() {
        Ok(found) => view! { <Allowed found/> }.into_any(),
        Err(error) => view! { <Failed error/> }.into_any(),
    };
    view! {
        <Title text="Addresses to allow"/>
        <div class="head">
            <div>
                <h1>"Addresses to allow"</h1>
                <p>"Every host and path that a firewall must let through, and what it is for."</p>
            </div>
            <div class="actions"><a class="button" href="/integrations/setup">"Setup Integration"</a></div>
        </div>
        {page}
    }
}

/// What Keystead itself calls, what it needs that for, and where that is set.
const OUTWARD: [(&str, &str, &str); 5] = [
    ("The database", "Everything that Keystead keeps, unless it is a file.", "KEYSTEAD_DATABASE_URL"),
    ("The mail server", "Invites, links and notices for people.", "KEYSTEAD_SMTP_URL"),
    ("Sign-in providers", "People who sign in by one.", "KEYSTEAD_OIDC_FILE"),
    ("Targets of webhooks", "Other systems are told what happens in an app.", "the pages of integrations"),
    ("The trace collector", "Where the time of requests went, if one is set.", "OTEL_EXPORTER_OTLP_ENDPOINT"),
];

#[component]
fn Allowed(found: Addresses) -> impl IntoView {
    let Addresses { public_url, host, port, apis } = found;
    let cards: Vec<_> = apis.iter().map(|api| card(&public_url, api)).collect();
    let outward: Vec<_> = OUTWARD
        .into_iter()
        .map(|(whom, purpose, place)| view! { <tr><td>{whom}</td><td>{purpose}</td><td>{place}</td></tr> })
        .collect();
    view! {
        <section class="card">
            <header><h2>"To Keystead"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Host"</dt><dd><code>{host}</code></dd></div>
                    <div><dt>"Port"</dt><dd>{port} ", TCP"</dd></div>
                    <div><dt>"People"</dt><dd>"The console needs every path below " <code>{public_url}</code> "."</dd></div>
                    <div><dt>"Programs"</dt><dd>"They need the paths below. Words in braces are ids, and {*path} is any path."</dd></div>
                    <div>
                        <dt>"Monitoring"</dt>
                        <dd>"It needs " <code>"/metrics"</code> " at the address in " <code>"KEYSTEAD_METRICS_LISTEN"</code> ", if that is set."</dd>
                    </div>
                </dl>
            </div>
        </section>
        {cards}
        <section class="card">
            <header><h2>"From Keystead"</h2></header>
            <div class="sheet" role="region" aria-label="From Keystead" tabindex="0">
                <table class="blocks">
                    <thead>
                        <tr><th scope="col">"Called"</th><th scope="col">"Purpose"</th><th scope="col">"Address"</th></tr>
                    </thead>
                    <tbody>{outward}</tbody>
                </table>
            </div>
        </section>
    }
}

fn card(public_url: &str, api: &ApiPaths) -> impl IntoView + use<> {
    let rows: Vec<_> = api
        .paths
        .iter()
        .map(|(path, methods)| {
            let address = format!("{public_url}{path}");
            view! { <tr><td>{methods.clone()}</td><td class="wrap"><code>{address}</code></td></tr> }
        })
        .collect();
    view! {
        <section class="card">
            <header><h2>{api.name}</h2></header>
            <div class="body"><p>{api.purpose}</p></div>
            <div class="sheet" role="region" aria-label=api.name tabindex="0">
                <table class="blocks">
                    <thead><tr><th scope="col">"Method"</th><th scope="col">"Address"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

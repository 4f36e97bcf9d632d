//! How this installation is set up, and how it sees the browser that asks.

use domain::field::Field;
use domain::life::{Life, LifeRules};
use leptos::prelude::*;
use service::seen::SeenState;

use super::settings_approval::Approval;
use super::settings_factor::SecondFactors;
use crate::components::failed::{Failed, FormProblem};
use crate::components::seen::Seen;
use crate::components::select_field::SelectField;
use crate::components::title::Title;
use crate::desk::context::Transport;
use crate::desk::later::later;
use crate::desk::settings::{Settings, read_life_rules, read_settings};
use crate::forms::outcome::PostedForm;
use crate::forms::settings::LifeForm;

#[component]
pub fn SettingsPage() -> impl IntoView {
    let shown = match read_settings() {
        Ok(settings) => view! { <NewKeys/> <Approval/> <SecondFactors/> <Shown settings/> }.into_any(),
        Err(error) => view! { <Failed error/> }.into_any(),
    };
    view! {
        <Title text="Settings"/>
        <div class="head">
            <div>
                <h1>"Settings"</h1>
                <p>"How this installation treats new keys, how it sees you, and how it runs."</p>
            </div>
        </div>
        {shown}
    }
}

/// How long new keys live: the form that changes it, and what came of it.
#[component]
fn NewKeys() -> impl IntoView {
    let posted = PostedForm::<LifeForm>::take();
    later(async move {
        match read_life_rules().await {
            Ok(rules) => view! { <LifeCard rules posted/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    })
}

#[component]
fn LifeCard(rules: LifeRules, posted: Option<PostedForm<LifeForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let saved = posted.as_ref().is_some_and(|posted| posted.outcome.is_ok());
    let posted = posted.filter(|_| !saved);
    let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&rules.to_setting()));
    let (default, longest) = match posted {
        Some(posted) => (posted.form.default, posted.form.longest),
        None => (rules.default.as_str().to_owned(), rules.longest.as_str().to_owned()),
    };
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" data-address="/settings" action="/settings">
            <header><h2>"New keys"</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <Seen state=seen/>
                {saved.then(|| view! { <div class="toast good" role="status"><p>"Saved. This counts for keys from now on."</p></div> })}
                <div class="pair">
                    <SelectField errors field=Field::DefaultLife chosen=default options=lives("Never expires")
                        hint="What the form of a new Service key starts with."/>
                    <SelectField errors field=Field::LongestLife chosen=longest options=lives("No limit")
                        hint="No new Service key may expire later, and no edit may prolong a key beyond this. Keys that exist keep their expiry."/>
                </div>
            </div>
            <footer><button class="button primary">"Save"</button></footer>
        </form>
    }
}

/// The lengths of life to choose from, with the word for one without an end.
fn lives(unlimited: &'static str) -> Vec<(&'static str, &'static str)> {
    Life::ALL.iter().map(|life| (life.as_str(), life.label(unlimited))).collect()
}

#[component]
fn Shown(settings: Settings) -> impl IntoView {
    let verdict = verdict(&settings);
    let code = |text: String| view! { <code>{text}</code> }.into_any();
    let address = |address: Option<std::net::IpAddr>| match address {
        Some(address) => code(address.to_string()),
        None => "Unknown".into_any(),
    };
    let list = |items: Vec<String>, none: &'static str| {
        if items.is_empty() {
            return none.into_any();
        }
        let items: Vec<_> = items.into_iter().map(|item| view! { <li><code>{item}</code></li> }).collect();
        view! { <ul>{items}</ul> }.into_any()
    };
    let transport = match settings.transport {
        Transport::Https => "HTTPS",
        Transport::Loopback => "Plain HTTP on this machine",
        Transport::Plain => "Plain HTTP over a network",
    };
    view! {
        <section class="card">
            <header><h2>"How Keystead sees you"</h2></header>
            <div class="body">
                <p>{verdict}</p>
                <dl class="facts">
                    <div><dt>"Your address"</dt><dd>{address(settings.client)}</dd></div>
                    <div><dt>"Connection from"</dt><dd>{address(settings.peer)}</dd></div>
                    <div>
                        <dt>"Trusted proxy"</dt>
                        <dd>{if settings.peer_is_trusted { "Yes" } else { "No" }}</dd>
                    </div>
                    <div><dt>"X-Forwarded-For"</dt><dd>{list(settings.forwarded_for, "None")}</dd></div>
                    <div><dt>"Connection"</dt><dd>{transport}</dd></div>
                </dl>
            </div>
        </section>
        <section class="card">
            <header><h2>"This installation"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div>
                        <dt>"Trusted proxies"</dt>
                        <dd>
                            {list(settings.trusted_proxies, "None: X-Forwarded-For is not read.")}
                            <p><small>"KEYSTEAD_TRUSTED_PROXIES"</small></p>
                        </dd>
                    </div>
                    <div>
                        <dt>"Public address"</dt>
                        <dd>{code(settings.public_url)} <p><small>"KEYSTEAD_PUBLIC_URL"</small></p></dd>
                    </div>
                    <div>
                        <dt>"Providers"</dt>
                        <dd>{list(settings.providers, "None: people sign in with passwords.")} <p><small>"KEYSTEAD_OIDC_FILE"</small></p></dd>
                    </div>
                    <div>
                        <dt>"Database"</dt>
                        <dd>{settings.engine} <p><small>"KEYSTEAD_DATABASE_URL"</small></p></dd>
                    </div>
                    <div><dt>"Version"</dt><dd>{settings.version}</dd></div>
                </dl>
            </div>
        </section>
    }
}

/// What the addresses mean, and what to do if they are not as expected.
fn verdict(settings: &Settings) -> &'static str {
    let forwarded = !settings.forwarded_for.is_empty();
    match (settings.client, settings.peer_is_trusted, forwarded) {
        (None, _, _) => {
            "Your address is unknown: X-Forwarded-For has an entry that is not an address. Keys that are restricted to \
             networks are refused for calls like this."
        }
        (Some(_), true, true) => "You come through a trusted proxy, which passed on your address.",
        (Some(_), true, false) => {
            "You come through a trusted proxy that did not pass on your address. Let it send X-Forwarded-For."
        }
        (Some(_), false, true) => {
            "X-Forwarded-For came from an address that is not a trusted proxy and was ignored. If it is your own \
             proxy, add its address to KEYSTEAD_TRUSTED_PROXIES."
        }
        (Some(_), false, false) => "You come directly, without a proxy.",
    }
}

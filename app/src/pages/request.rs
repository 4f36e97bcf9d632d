//! The page of one request: what is asked for and why, and what can be done with it.

use domain::field::{Field, FieldErrors};
use domain::text::WHY_MAX;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::generate_steps::facts;
use super::requests::State;
use crate::components::failed::Failed;
use crate::components::field::TextField;
use crate::components::icon::{Drawn, Icon};
use crate::components::time::Time;
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::integrations::with_integration_named;
use crate::desk::later::later;
use crate::desk::requests::{RequestView, read_request};
use crate::error::ConsoleError;

#[component]
pub fn RequestPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let page = later(async move {
        match read_request(&id).await {
            Ok(mut found) => {
                found.request.draft = with_integration_named(&found.request.draft).await;
                view! { <Shown found/> }.into_any()
            }
            Err(error) => view! { <NotShown title="Request" error/> }.into_any(),
        }
    });
    view! { <Title text="Request"/> {page} }
}

/// In place of a page about a request that cannot be shown.
#[component]
pub fn NotShown(title: &'static str, error: ConsoleError) -> impl IntoView {
    view! {
        <div class="head"><div><h1>{title}</h1></div></div>
        <Failed error/>
        <div class="actions"><a class="button" href="/requests">"All requests"</a></div>
    }
}

#[component]
fn Shown(found: RequestView) -> impl IntoView {
    let what = asked_for(&found);
    let (is_ready, may_decide, is_own, now) = (found.is_ready(), found.may_decide, found.is_own, found.now);
    let has_decided = found.has_decided;
    let request = found.request;
    let address = format!("/requests/{}", request.key);
    let is_open = request.state.is_open() && now < request.until;
    let word = request.decided.as_ref().map(|decided| decided.word.clone()).filter(|word| !word.is_empty());
    let by = request.decided.map(|decided| decided.by.1);
    let whose = if has_decided {
        "You wrote".into_any()
    } else {
        by.clone().map_or_else(|| ().into_any(), |by| view! { <bdi>{by}</bdi> " wrote" }.into_any())
    };
    let next = if is_ready {
        view! {
            <a class="button primary" href=format!("{address}/collect")>"Collect your key"</a>
        }
        .into_any()
    } else {
        ().into_any()
    };
    let withdraw = (is_own && is_open)
        .then(|| view! { <a class="button danger" href=format!("{address}/withdraw")>"Withdraw…"</a> });
    view! {
        <div class="head">
            <div>
                <h1>"Request for “" <bdi>{request.key_name}</bdi> "”"</h1>
                <p class="state">
                    <State state=request.state created_at=request.created_at until=request.until now by/>
                </p>
            </div>
            <div class="actions">{withdraw} {next} <a class="button" href="/requests">"All requests"</a></div>
        </div>
        {word.map(|word| view! {
            <div class="note info">
                <Drawn icon=Icon::Info/>
                <div><b>{whose}</b> <p class="lines" dir="auto">{word}</p></div>
            </div>
        })}
        <div class="two wide-left">
            <section class="card">
                <header><h2>"What is asked for"</h2></header>
                <div class="body">{what}</div>
            </section>
            {may_decide.then(|| view! { <Decide address/> })}
        </div>
    }
}

/// What a request asks for: in words, and field by field.
pub fn asked_for(found: &RequestView) -> impl IntoView + use<> {
    view! { {in_short(found)} {facts(found.request.kind, &found.request.draft)} }
}

/// What a request asks for, in words.
pub fn in_short(found: &RequestView) -> impl IntoView + use<> {
    let life = life(found);
    let RequestView { request, means, app, .. } = found.clone();
    let cautions: Vec<_> = means
        .cautions
        .into_iter()
        .map(|caution| view! { <Warning words=caution.words grave=caution.refuses/> })
        .collect();
    view! {
        {cautions}
        <dl class="facts">
            {app.map(|app| view! { <div><dt>{Field::App.label()}</dt><dd dir="auto">{app}</dd></div> })}
            <div><dt>"Asked for by"</dt><dd><bdi>{request.asked_by.1}</bdi> ", " <Time at=request.created_at/></dd></div>
            <div><dt>"Reason"</dt><dd dir="auto">{request.reason}</dd></div>
        </dl>
        <p>{means.words} {life}</p>
    }
}

/// How long the key will live.
pub fn life(found: &RequestView) -> AnyView {
    match (found.lasts, found.means.until) {
        (Some(lasts), _) => format!(" For {lasts} from when it is collected.").into_any(),
        (None, Some(at)) => view! { " Until " <Time at/> "." }.into_any(),
        (None, None) => " Never expires.".into_any(),
    }
}

/// One form with both decisions.
#[component]
fn Decide(address: String) -> impl IntoView {
    let errors = RwSignal::new(FieldErrors::default());
    view! {
        <form class="card" method="post" action=format!("{address}/approve") novalidate>
            <header><h2>"Decide"</h2></header>
            <div class="body">
                <p class="soft">"Whoever asked can collect the key within 7 days. You never see its secret."</p>
                <TextField errors field=Field::Note label="A word to whoever asked" aside="optional" lines=2
                    hint=format!("At most {WHY_MAX} characters. It is in the audit.")/>
            </div>
            <footer>
                <button class="button primary">"Approve"</button>
                <button class="button danger" formaction=format!("{address}/decline")>"Decline"</button>
            </footer>
        </form>
    }
}

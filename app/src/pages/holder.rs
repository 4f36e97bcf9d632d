//! What somebody without an account sees of the key that they hold. They enter it for each page anew, and no page shows it.

use std::net::IpAddr;

use domain::field::{Field, FieldErrors};
use domain::holder::Shown;
use domain::key::Status;
use domain::rotation::interval;
use domain::token::masked;
use domain::usage::RefusedCall;
use leptos::prelude::*;
use service::keys::{HeldKey, HeldView};

use super::collect;
use super::key_restrictions::restrictions;
use super::sign_in::Closed;
use crate::components::failed::FormProblem;
use crate::components::field::TextField;
use crate::components::icon::{Drawn, Icon};
use crate::components::key_status::{KeyStatus, RotationOverdue};
use crate::components::time::Time;
use crate::desk::holder::may_present;
use crate::forms::holder::{HolderForm, Looked};
use crate::forms::outcome::{PostedForm, Problem};

#[component]
pub fn HolderPage() -> impl IntoView {
    let posted = PostedForm::<HolderForm, Looked>::take();
    let page = match posted {
        Some(PostedForm { outcome: Ok(view), .. }) => match &*view {
            HeldView::Here(held) => here(held).into_any(),
            HeldView::Elsewhere(address) => elsewhere(*address).into_any(),
        },
        posted => view! { <Ask problem=PostedForm::problem(posted.as_ref())/> }.into_any(),
    };
    outside("Your key", page)
}

/// The frame of these pages; closed to whoever may not present a key.
pub fn outside(title: &'static str, page: AnyView) -> AnyView {
    let page = if may_present().unwrap_or(false) { page } else { view! { <Closed/> }.into_any() };
    collect::outside(title, page)
}

/// The fields for a key. What was typed is never shown again: it may be a secret in the wrong field.
pub fn key_fields(errors: RwSignal<FieldErrors>) -> impl IntoView {
    view! {
        <TextField errors field=Field::HeldKey input="password" required=true autocomplete="off"
            hint="All of it, as your program sends it. For a key with an id of its own, its secret."/>
        <TextField errors field=Field::HeldId aside="only for a key with an id of its own" autocomplete="off"
            hint="For example mk_7Qm2xVbN4tRa. Leave it blank for a key in one piece."/>
    }
}

#[component]
fn Ask(problem: Problem) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action="/holder" novalidate>
            <header><h1>"Look at your key"</h1></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <p>
                    "You hold a key and want to know what it may do, what is left of it, or why its calls are refused? \
                     Enter it here. You need no account, and Keystead keeps nothing of what you enter."
                </p>
                {key_fields(errors)}
                <button class="button primary">"Look at it"</button>
            </div>
        </form>
        <p><a href="/holder/revoke">"Revoke a key that you hold or have found"</a></p>
    }
}

/// Whoever holds a key where it may not be used may have stolen it, and is told nothing of use.
fn elsewhere(address: Option<IpAddr>) -> impl IntoView {
    let from = address.map_or("an unknown address".to_owned(), |address| address.to_canonical().to_string());
    view! {
        <div class="card">
            <div class="empty">
                <h1>"This key may not be used from where you are"</h1>
                <p>
                    {format!("You come from {from}, and its networks do not let that in. So Keystead tells you nothing more of it here.")}
                </p>
                <p>"If you have found this key, or think that somebody else has it, revoke it."</p>
                <a class="button danger" href="/holder/revoke">"Revoke it…"</a>
            </div>
        </div>
    }
}

fn here(held: &HeldKey) -> impl IntoView + use<> {
    let (row, now) = (&held.key.row, held.now);
    let status = row.status(now);
    let on = !matches!(status, Status::Revoked);
    view! {
        <div class="head">
            <div>
                <div class="inline">
                    <h1 dir="auto">{row.name.clone()}</h1>
                    <KeyStatus status now/>
                    {row.is_rotation_overdue(now).then(|| view! { <RotationOverdue/> })}
                </div>
                <p class="mono">{masked(&row.token_prefix, &row.id, &held.shown.secret().last4)}</p>
            </div>
            <div class="actions">
                {held.may_rotate.then(|| view! { <a class="button" href="/holder/rotate">"Rotate…"</a> })}
                {on.then(|| view! { <a class="button danger" href="/holder/revoke">"Revoke…"</a> })}
            </div>
        </div>
        <div class="stack">
            {held.app_archived.then(|| note("Every call with this key is refused for now. Ask whoever gave it to you."))}
            {secret(held)}
            {facts(held)}
            {restrictions(&held.key, status, now)}
            {left(held)}
            {refusals(&held.refusals)}
            <p class="soft">
                "This page is gone when you leave it. To see it again, "
                <a href="/holder">"enter the key again"</a> "."
            </p>
        </div>
    }
}

fn note(words: impl IntoView + 'static) -> AnyView {
    view! { <div class="note"><Drawn icon=Icon::Caution/><div>{words}</div></div> }.into_any()
}

/// Which secret was presented, if there is more to say than that it is the key's.
fn secret(held: &HeldKey) -> Option<AnyView> {
    let waits = held.waiting.as_ref().map(|waiting| {
        let until = waiting.ack_deadline;
        note(view! {
            <b>"A new secret of this key waits to be confirmed until " <Time at=until/> "."</b>
            " Until somebody confirms it, only yours works."
        })
    });
    let shown = match &held.shown {
        Shown::Only(_) => return waits,
        Shown::New { secret, old, ends } => {
            let used = format!("The old one was {}.", old.1.words(held.now, secret.since));
            note(view! {
                <b>"This is the new secret. The old one works until " <Time at=*ends/> "."</b>
                " " {used}
            })
        }
        Shown::Old { ends, .. } => note(view! {
            <b>"This is the old secret. It works until " <Time at=*ends/> "."</b>
            " Use the new one from now on."
        }),
    };
    Some(shown)
}

fn facts(held: &HeldKey) -> impl IntoView + use<> {
    let (row, rules) = (&held.key.row, &held.key.rules);
    let (kind, secret, since) = (row.kind, held.shown.secret().last4.clone(), held.shown.secret().since);
    let (from, until, due) = (row.not_before, row.expires_at, row.rotation_due_at);
    let revoked = held.key.revoked.as_ref().map(|revoked| revoked.at);
    let rotates = rules.rotate_days.map(|days| {
        view! {
            <div>
                <dt>"Rotate"</dt>
                <dd>"Every " {interval(days)} {due.map(|due| view! { ", next by " <Time at=due/> })}</dd>
            </div>
        }
    });
    let expires = match until {
        Some(at) => view! { <Time at/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <section class="card">
            <header><h2>"Key"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Kind"</dt><dd>{kind.label()} <small>{kind.rules().definition}</small></dd></div>
                    <div><dt>"Environment"</dt><dd>{rules.environment.label()}</dd></div>
                    <div><dt>"Secret"</dt><dd><span class="mono">{format!("…{secret}")}</span> ", since " <Time at=since/></dd></div>
                    {from.map(|at| view! { <div><dt>"Valid from"</dt><dd><Time at/></dd></div> })}
                    <div><dt>"Expires"</dt><dd>{expires}</dd></div>
                    {rotates}
                    {revoked.map(|at| view! { <div><dt>"Revoked"</dt><dd><Time at/></dd></div> })}
                </dl>
            </div>
        </section>
    }
}

/// What is left of the rate limits; nothing for a key without any.
fn left(held: &HeldKey) -> Option<AnyView> {
    let words = held.limits.clone();
    let card = || {
        view! {
            <section class="card">
                <header><h2>"Rate limits right now"</h2></header>
                <div class="body"><p>{words}</p></div>
            </section>
        }
        .into_any()
    };
    (!held.key.rules.limits.is_empty()).then(card)
}

fn refusals(calls: &[(RefusedCall, String)]) -> impl IntoView + use<> {
    let lines: Vec<_> = calls.iter().map(|(call, why)| refusal(call, why.clone())).collect();
    let lines = if lines.is_empty() {
        view! { <div class="body"><p class="soft">"No refused calls."</p></div> }.into_any()
    } else {
        view! { <ul class="feed" aria-label="Refused calls, newest first">{lines}</ul> }.into_any()
    };
    view! { <section class="card"><header><h2>"Last refused calls"</h2></header>{lines}</section> }
}

fn refusal(call: &RefusedCall, why: String) -> impl IntoView + use<> {
    let request: Vec<_> = [&call.method, &call.path].into_iter().flatten().map(String::as_str).collect();
    let known = [
        call.address.map(|address| format!("from {address}")),
        Some(request.join(" ")).filter(|request| !request.is_empty()),
    ];
    let known: Vec<_> = known.into_iter().flatten().map(|text| view! { " · " <bdi>{text}</bdi> }).collect();
    view! {
        <li>
            <span>
                <span class="status bad">{call.code.label_of_key()} ":"</span> " " <bdi>{why}</bdi>
                <br/>
                <small><Time at=call.at/> {known}</small>
            </span>
        </li>
    }
}

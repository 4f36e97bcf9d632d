//! "Why was this refused?": checks a call against a key, check by check.

use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use domain::refusal::Refusal;
use domain::token::without_keys;
use domain::verdict::{CheckResult, Code};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::components::failed::{Failed, FormProblem, set_status};
use crate::components::field::TextField;
use crate::components::icon::{Drawn, Icon};
use crate::components::refusals::{REFUSED_AS, Refusals};
use crate::components::select_field::SelectField;
use crate::components::time::with_times;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::why::{TypedCall, Why, read_why};
use crate::error::ConsoleError;

#[component]
pub fn WhyPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let typed = typed();
    later(async move {
        match read_why(&id, typed.as_ref()).await {
            Ok(found) => view! { <Shown found typed=typed.unwrap_or_default()/> }.into_any(),
            Err(error) => view! {
                <Title text="Why was this refused?"/>
                <div class="head"><div><h1>"Why was this refused?"</h1></div></div>
                <Failed error/>
                <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
            }
            .into_any(),
        }
    })
}

/// The call in the page's address; `None` if there is none.
fn typed() -> Option<TypedCall> {
    let query = use_query_map().get_untracked();
    let text = |field: Field| query.get(field.as_str()).map(|text| without_keys(&text).into_owned());
    let fields = [Field::Address, Field::Origin, Field::Permissions, Field::Kind, Field::At].map(text);
    let asked = fields.iter().any(Option::is_some);
    let [address, origin, permissions, kind, at] = fields.map(Option::unwrap_or_default);
    let refused_as = query.get(REFUSED_AS).as_deref().and_then(Code::parse);
    asked.then_some(TypedCall { address, origin, permissions, kind, at, refused_as })
}

#[component]
fn Shown(found: Why, typed: TypedCall) -> impl IntoView {
    let Why { view, calls, checks, errors } = found;
    let (id, name) = (view.key.row.id.as_str().to_owned(), view.key.row.name);
    if !errors.is_empty() {
        set_status(&ConsoleError::Refused(Refusal::Invalid(errors.clone())));
    }
    let (refused_as, back) = (typed.refused_as, format!("/keys/{id}"));
    view! {
        <Title text=format!("Why was this refused? {name}")/>
        <div class="head">
            <div>
                <h1>"Why was this refused?"</h1>
                <p>
                    "Checks a call against “" {name} "” in its current state. You do not need its secret, and nothing is counted."
                </p>
            </div>
            <div class="actions"><a class="button" href=back>"Back to the key"</a></div>
        </div>
        {checks.map(|checks| view! { <Outcome checks refused_as/> })}
        <div class="cols">
            <CallForm id=id.clone() typed errors/>
            <section class="card">
                <header><h2>"Or pick a recent refusal"</h2></header>
                {match calls {
                    Ok(calls) => view! { <Refusals id calls=calls.refusals tests=true/> }.into_any(),
                    Err(error) => view! { <div class="body"><FormProblem problem=Some(error)/></div> }.into_any(),
                }}
            </section>
        </div>
    }
}

#[component]
fn CallForm(id: String, typed: TypedCall, errors: FieldErrors) -> impl IntoView {
    let errors = RwSignal::new(errors);
    let kinds = KeyKind::issuable().map(|kind| (kind.as_str(), kind.label()));
    let kinds = std::iter::once(("", "Any kind")).chain(kinds).collect();
    view! {
        <form class="card" method="get" action=format!("/keys/{id}/why") novalidate>
            <header><h2>"The call"</h2></header>
            <div class="body">
                <TextField errors field=Field::Address aside="optional" value=typed.address
                    hint="The address of the caller, for example 203.0.113.9. If left blank, the address is unknown."/>
                <TextField errors field=Field::Origin aside="optional" value=typed.origin
                    hint="As a browser sends it, for example https://app.example.com."/>
                <TextField errors field=Field::Permissions label="Permissions asked for" aside="optional"
                    value=typed.permissions hint="For example invoices.read AND (orders.read OR orders.*)."/>
                <div class="pair">
                    <SelectField errors field=Field::Kind label="Kind asked for" options=kinds chosen=typed.kind/>
                    <TextField errors field=Field::At aside="UTC, blank for now" value=typed.at input="datetime-local"/>
                </div>
            </div>
            <footer><button class="button primary">"Check this call"</button></footer>
        </form>
    }
}

#[component]
fn Outcome(checks: Vec<CheckResult>, refused_as: Option<Code>) -> impl IntoView {
    let failed = checks.iter().find(|check| !check.passed);
    let verdict = failed.map_or(Code::Valid, |check| check.code);
    let detail = failed.map_or_else(|| verdict.words().to_owned(), |check| check.detail.clone());
    let class = if verdict == Code::Valid { "status good" } else { "status bad" };
    let then = refused_as.filter(|then| *then != verdict).map(|then| {
        view! {
            <div class="note">
                <Drawn icon=Icon::Caution/>
                <div><b>{format!("At the time, the call was refused as {}. ", then.as_str())}</b> {changed(then)}</div>
            </div>
        }
    });
    view! {
        <section class="card" aria-label="Result">
            <header><h2>"Result"</h2><span class=class>{verdict.as_str()}</span></header>
            <div class="body">
                {then}
                <p>{with_times(&detail)}</p>
                <ol class="gates">{gates(checks)}</ol>
                <p class="soft">"Rate limits and the call quota are those of this server right now."</p>
            </div>
        </section>
    }
}

/// What a call goes through. The first failed gate decides the verdict; those behind it say what they would have done.
fn gates(checks: Vec<CheckResult>) -> Vec<AnyView> {
    let mut is_stopped = false;
    let mut gates = Vec::new();
    for of_gate in checks.chunk_by(|one, next| gate(one.code) == gate(next.code)) {
        let Some(first) = of_gate.first() else { continue };
        let failed = of_gate.iter().find(|check| !check.passed);
        let (class, word) = match (is_stopped, failed.is_some()) {
            (false, false) => ("ok", "Passes"),
            (false, true) => ("no", "Fails"),
            (true, false) => ("off", "Would pass"),
            (true, true) => ("off", "Would fail"),
        };
        is_stopped |= failed.is_some();
        let detail = match failed {
            Some(check) => check.detail.clone(),
            None => of_gate.iter().map(|check| check.detail.as_str()).collect::<Vec<_>>().join(" "),
        };
        let code = failed.map(|check| view! { " " <code>{check.code.as_str()}</code> });
        gates.push(
            view! { <li class=class><b>{gate(first.code)}</b><span><span>{word}</span>{code}</span><small>{with_times(&detail)}</small></li> }
                .into_any(),
        );
    }
    gates
}

/// Why the result differs from the verdict at the time.
fn changed(then: Code) -> &'static str {
    match then {
        Code::NotFound => {
            "The secret in the call was wrong, or it had ended with a rotation. Keystead does not keep secrets, so this page cannot check it."
        }
        Code::RateLimited => "There were too many calls at the time. There is room again now.",
        Code::UsageExceeded => "The call quota was used up at the time. It has refilled or was changed since.",
        _ => "The key has changed since then.",
    }
}

/// The gate that a check belongs to.
fn gate(code: Code) -> &'static str {
    match code {
        Code::Valid => "Key",
        Code::NotFound => "Secret",
        Code::Pending | Code::Revoked | Code::Disabled => "Status",
        Code::NotYetValid | Code::Expired => "Dates",
        Code::KindNotAllowed => "Kind",
        Code::IpNotAllowed => "Address",
        Code::OriginNotAllowed => "Origin",
        Code::InsufficientPermissions => "Permissions",
        Code::RateLimited => "Rate limits",
        Code::UsageExceeded => "Call quota",
    }
}

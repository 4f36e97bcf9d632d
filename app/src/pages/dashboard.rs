//! The dashboard: the state of the keys, calls, recent changes and next steps.

use domain::audit::{Action, AuditRow};
use domain::dashboard::{Dashboard, Step, StepKind};
use domain::list::StatusFilter;
use domain::page::grouped;
use domain::preset::Preset;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::addresses::preset_address;
use crate::components::audit_table::on_itself;
use crate::components::failed::Failed;
use crate::components::time::Ago;
use crate::desk::dashboard::read_dashboard;

#[component]
pub fn DashboardPage() -> impl IntoView {
    let figures = Suspend::new(async move {
        match read_dashboard().await {
            Ok((dashboard, now)) => view! { <Figures dashboard now/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Dashboard"/>
        <div class="head">
            <div>
                <h1>"Dashboard"</h1>
                <p>"Your keys at a glance."</p>
            </div>
            <div class="actions"><a class="button primary" href="/keys/new">"Generate New Key"</a></div>
        </div>
        {figures}
    }
}

#[component]
fn Figures(dashboard: Dashboard, now: Timestamp) -> impl IntoView {
    let keys = [
        (StatusFilter::Active, dashboard.active),
        (StatusFilter::Pending, dashboard.pending),
        (StatusFilter::Expiring7, dashboard.expiring_7),
        (StatusFilter::Expiring30, dashboard.expiring_30),
        (StatusFilter::Expired, dashboard.expired),
        (StatusFilter::NeverUsed, dashboard.never_used),
        (StatusFilter::Disabled, dashboard.disabled),
        (StatusFilter::Revoked, dashboard.revoked),
    ];
    let tiles: Vec<_> = keys
        .into_iter()
        .map(|(filter, count)| {
            let address = format!("/keys?status={}", filter.as_str());
            view! { <a href=address><small>{filter.label()}</small><b>{count.to_string()}</b></a> }
        })
        .collect();
    let recent: Vec<_> = dashboard.recent.into_iter().map(|row| event(row, now)).collect();
    let steps_left = dashboard.checklist.iter().any(|step| !step.done);
    view! {
        {steps_left.then(|| view! { <NextSteps steps=dashboard.checklist/> })}
        <div class="tiles">{tiles}</div>
        <div class="cols">
            <section class="card">
                <header><h2>"Calls, last 24 hours"</h2></header>
                <div class="tiles">
                    <a href="/keys?status=accepted_24h&sort=last_used&dir=desc">
                        <small>"Accepted"</small>
                        <b>{grouped(dashboard.accepted_24h)}</b>
                    </a>
                    <a href="/keys?status=refused_24h&sort=last_used&dir=desc">
                        <small>"Refused"</small>
                        <b>{grouped(dashboard.refused_24h)}</b>
                    </a>
                </div>
                <footer>
                    <small>"Counts may be a second behind."</small>
                </footer>
            </section>
            <section class="card">
                <header><h2>"Recent changes"</h2><a href="/audit">"Audit"</a></header>
                <ul class="feed">{recent}</ul>
            </section>
        </div>
    }
}

#[component]
fn NextSteps(steps: Vec<Step>) -> impl IntoView {
    let items: Vec<_> = steps
        .into_iter()
        .map(|Step { step, done }| {
            if done {
                return view! {
                    <li class="done">
                        <span><span class="visually-hidden">"Done: "</span>{step.label()}</span>
                    </li>
                }
                .into_any();
            }
            let address = match step {
                StepKind::FirstKey => "/keys/new".to_owned(),
                StepKind::VerifierKey => preset_address(Preset::Verifier),
                StepKind::FirstCheck => "/integrations/setup".to_owned(),
            };
            view! { <li><a href=address>{step.label()}</a></li> }.into_any()
        })
        .collect();
    view! {
        <section class="card">
            <header><h2>"Next steps"</h2></header>
            <ol class="checklist">{items}</ol>
        </section>
    }
}

/// One audit event: the action, the subject unless it is also the actor, and the actor.
fn event(row: AuditRow, now: Timestamp) -> impl IntoView {
    let subject = (!on_itself(&row)).then(|| view! { " “" <b><bdi>{row.subject.label.clone()}</bdi></b> "”" });
    view! {
        <li>
            <span>{row.action.label(Action::label)} {subject} " " <small><bdi>{row.actor_label}</bdi></small></span>
            <Ago at=row.at now/>
        </li>
    }
}

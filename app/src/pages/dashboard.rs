//! The dashboard: the state of the keys, calls, what to look at, recent changes and next steps.

use domain::audit::AuditRow;
use domain::calls::{Span, sum};
use domain::dashboard::{Dashboard, Figure, Step, StepKind, ToLookAt, Worst};
use domain::list::StatusFilter;
use domain::page::grouped;
use domain::preset::Preset;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::dashboard_rooms::ChatRooms;
use super::member_key::MemberKeyCard;
use crate::addresses::preset_address;
use crate::components::audit_table::{on_itself, told};
use crate::components::chart::bar_list::{BarList, Line};
use crate::components::chart::calls::CallsChart;
use crate::components::chart::life::left;
use crate::components::chart::spans::{OF_CHART, Spans};
use crate::components::failed::Failed;
use crate::components::ignored::NotUnderstood;
use crate::components::time::{Ago, ShortTime, ago};
use crate::components::title::Title;
use crate::desk::dashboard::read_dashboard;
use crate::desk::keys::may_change_keys;
use crate::desk::later::later;

#[component]
pub fn DashboardPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let span = query.get("range").as_deref().and_then(Span::parse).unwrap_or_default();
    let chosen = query.get("at").as_deref().and_then(Timestamp::parse_input);
    let figures = later(async move {
        match read_dashboard(span).await {
            Ok((dashboard, now)) => view! { <Figures dashboard now chosen/> }.into_any(),
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
            {may_change_keys().then(|| view! {
                <div class="actions"><a class="button primary" href="/keys/new">"Generate New Key"</a></div>
            })}
        </div>
        <NotUnderstood filters=OF_CHART/>
        <MemberKeyCard/>
        <ChatRooms/>
        {figures}
    }
}

#[component]
fn Figures(
    dashboard: Dashboard,
    now: Timestamp,
    /// A moment in the bar that was chosen.
    chosen: Option<Timestamp>,
) -> impl IntoView {
    let keys = [
        (StatusFilter::Active, dashboard.active),
        (StatusFilter::Pending, dashboard.pending),
        (StatusFilter::Expiring30, dashboard.expiring_30),
        (StatusFilter::NeverUsed, dashboard.never_used),
        (StatusFilter::Off, dashboard.off),
    ];
    let tiles: Vec<_> = keys
        .into_iter()
        .map(|(filter, count)| {
            let address = list_of(filter);
            view! { <a href=address><small>{filter.label()}</small><b>{count.to_string()}</b></a> }
        })
        .collect();
    let recent: Vec<_> = told(dashboard.recent).into_iter().map(|(row, action)| event(row, action, now)).collect();
    let steps_left = may_change_keys() && dashboard.checklist.iter().any(|step| !step.done);
    let span = dashboard.span;
    let address = |span: Span| format!("/?range={}", span.as_str());
    let link = |at: Timestamp| format!("{}&at={}", address(span), at.to_input());
    let period = chosen.and_then(|at| dashboard.calls.iter().find(|period| period.has(at)).cloned());
    let all = sum(period.as_ref().map_or(dashboard.calls.as_slice(), std::slice::from_ref));
    view! {
        {steps_left.then(|| view! { <NextSteps steps=dashboard.checklist/> })}
        <div class="tiles">{tiles}</div>
        <div class="two">
            <section class="card">
                <header><h2>"Calls"</h2><Spans spans=Span::OF_ALL_KEYS current=span link=address/></header>
                <div class="body">
                    <CallsChart periods=dashboard.calls span empty="No calls in this time." link chosen/>
                </div>
            </section>
            <section class="card">
                <header>
                    <h2>"Refused, by reason"</h2>
                    {period.map(|period| view! {
                        <small>
                            <ShortTime at=period.starts/> " to " <ShortTime at=period.ends/> " " <a href=address(span)>"Show all"</a>
                        </small>
                    })}
                </header>
                <div class="body"><Reasons reasons=all.reasons/></div>
            </section>
        </div>
        <div class="two">
            <section class="card">
                <header><h2>"To look at"</h2></header>
                {if dashboard.to_look_at.is_empty() {
                    view! { <div class="body"><p class="soft">"Nothing now."</p></div> }.into_any()
                } else {
                    let lines = dashboard.to_look_at.into_iter().map(|look| look_at(look, now));
                    view! { <ul class="feed">{lines.collect::<Vec<_>>()}</ul> }.into_any()
                }}
            </section>
            <section class="card">
                <header><h2>"Recent changes"</h2><a href="/audit">"Audit"</a></header>
                <ul class="feed">{recent}</ul>
            </section>
        </div>
    }
}

fn list_of(filter: StatusFilter) -> String {
    format!("/keys?status={}", filter.as_str())
}

#[component]
fn Reasons(reasons: Vec<(Code, u64)>) -> impl IntoView {
    if reasons.is_empty() {
        return view! { <p class="soft">"No refused calls in this time."</p> }.into_any();
    }
    let lines: Vec<_> = reasons
        .into_iter()
        .map(|(code, number)| Line { label: code.label_of_key().to_owned(), note: None, number })
        .collect();
    view! {
        <BarList lines/>
        <p class="soft"><a href="/keys?status=refused_24h&sort=last_used&dir=desc">"Keys refused in the last 24 hours"</a></p>
    }
    .into_any()
}

/// One sort of keys, with the worst of them.
fn look_at(look: ToLookAt, now: Timestamp) -> impl IntoView {
    let worst: Vec<_> = look
        .worst
        .into_iter()
        .enumerate()
        .map(|(n, Worst { id, name, figure })| {
            let figure = match figure {
                Figure::Expires(at) => left(at.since(now)),
                Figure::Refused(1) => "1 refused".to_owned(),
                Figure::Refused(calls) => format!("{} refused", grouped(calls)),
                Figure::Created(at) => ago(now.since(at)),
                Figure::RotationDue(at) => format!("due {}", ago(now.since(at))),
            };
            view! {
                <span>
                    {(n > 0).then(|| view! { <i>" · "</i> })}
                    <a href=format!("/keys/{}", id.as_str())><bdi>{name}</bdi></a> " " <small>{figure}</small>
                </span>
            }
        })
        .collect();
    let label = look.filter.label();
    let action = (look.count.n > 0).then(|| {
        view! {
            <a href=list_of(look.filter)>
                "Show " {look.count.to_string()} <span class="visually-hidden">": " {label}</span>
            </a>
        }
    });
    view! {
        <li>
            <div>
                <b>{label}</b>
                <div class="dots">{if worst.is_empty() { view! { <span>"None"</span> }.into_any() } else { worst.into_any() }}</div>
            </div>
            {action}
        </li>
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
fn event(row: AuditRow, action: String, now: Timestamp) -> impl IntoView {
    let subject = (!on_itself(&row)).then(|| view! { " “" <b><bdi>{row.subject.label.clone()}</bdi></b> "”" });
    view! {
        <li>
            <span>{action} {subject} " " <small><bdi>{row.actor_label}</bdi></small></span>
            <Ago at=row.at now/>
        </li>
    }
}

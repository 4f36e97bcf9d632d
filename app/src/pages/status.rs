//! Whether all is well, the nodes, and what this node does: for people, what `/metrics` is for a monitoring system.

use domain::list::StatusFilter;
use domain::node::Node;
use domain::page::grouped;
use domain::status::{Figure, Group, Status, Warning};
use domain::timestamp::{Millis, Timestamp};
use domain::verdict::Code;
use leptos::prelude::*;

use super::status_hour::LastHour;
use crate::components::chart::bar_list::{BarList, Line};
use crate::components::failed::Failed;
use crate::components::icon::{Drawn, Icon};
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::status::read_status;
use crate::error::ConsoleError;

#[component]
pub fn StatusPage() -> impl IntoView {
    let shown = later(async move {
        match read_status().await {
            Ok(status) => view! { <Head/> <Shown status/> }.into_any(),
            Err(error) => {
                let is_refused = matches!(error, ConsoleError::Refused(_));
                view! { <Head is_refused/> <Failed error/> }.into_any()
            }
        }
    });
    view! {
        <Title text="Status"/>
        {shown}
    }
}

/// Whoever may not see the status has nothing to refresh.
#[component]
fn Head(#[prop(optional)] is_refused: bool) -> impl IntoView {
    let refresh = || view! { <div class="actions"><a class="button" href="/status">"Refresh"</a></div> };
    view! {
        <div class="head">
            <div>
                <h1>"Status"</h1>
                <p>"Whether all is well, and what this node does. " <a href="/help/monitoring">"Monitoring"</a></p>
            </div>
            {(!is_refused).then(refresh)}
        </div>
    }
}

/// Scripts fetch each part with `data-fresh` anew from time to time, so the parts are the same ones whatever is wrong.
#[component]
fn Shown(status: Status) -> impl IntoView {
    let Status { version, engine, started_at, at, warnings, nodes, figures, recent, calls_by_code, .. } = status;
    let groups: Vec<_> = figures.into_iter().map(group).collect();
    view! {
        <div class="stack" data-fresh>
            <Warnings warnings/>
            <p class="soft">
                "As of " <Time at/> ". Keystead " {version} " on " {engine} ", started " <Ago at=started_at now=at/> ". "
                <span class="alive-only">"Fetched anew every 10 seconds while you look."</span>
            </p>
        </div>
        <Nodes nodes now=at/>
        <LastHour recent now=at/>
        <div class="cols" data-fresh>
            {groups}
            <Verdicts calls=calls_by_code/>
        </div>
    }
}

/// What is wrong, the worst first.
#[component]
fn Warnings(warnings: Vec<Warning>) -> impl IntoView {
    if warnings.is_empty() {
        return view! {
            <div class="note info">
                <Drawn icon=Icon::Info/>
                <div><b>"Everything works."</b></div>
            </div>
        }
        .into_any();
    }
    let notes: Vec<_> = warnings.into_iter().map(|warning| note(&warning)).collect();
    view! { <h2 class="visually-hidden">"To look at"</h2> {notes} }.into_any()
}

fn note(warning: &Warning) -> impl IntoView + use<> {
    let grave = matches!(warning, Warning::NotReady(_) | Warning::FreshnessOld(_));
    let icon = if grave { Icon::Alert } else { Icon::Caution };
    let place = place_of(warning).map(|(address, words)| view! { " " <a href=address>{words}</a> });
    view! {
        <div class="note" class:bad=grave>
            <Drawn icon/>
            <div><b>{warning.words()}</b> " " {warning.advice()} {place}</div>
        </div>
    }
}

/// Where the console shows what a warning is about.
fn place_of(warning: &Warning) -> Option<(String, &'static str)> {
    let keys = |filter: StatusFilter| format!("/keys?status={}", filter.as_str());
    match warning {
        Warning::RotationsOverdue(_) => Some((keys(StatusFilter::RotationOverdue), "Show them")),
        Warning::KeysExpire(_) => Some((keys(StatusFilter::Expiring7), "Show them")),
        Warning::DeliveriesWait(_) => Some(("/integrations".to_owned(), "Integrations")),
        Warning::HashesWait(_) => Some(("/audit".to_owned(), "Audit")),
        Warning::NotReady(_)
        | Warning::FreshnessOld(_)
        | Warning::UsageFlushOld(_)
        | Warning::LimitsAway
        | Warning::ClockOff(_)
        | Warning::OtherClocksOff(_)
        | Warning::VersionsDiffer(_)
        | Warning::FiguresOld(_) => None,
    }
}

#[component]
fn Nodes(nodes: Vec<Node>, now: Timestamp) -> impl IntoView {
    let rows: Vec<_> = nodes.into_iter().map(|node| row(node, now)).collect();
    view! {
        <section class="card">
            <header><h2>"Nodes"</h2></header>
            <div class="sheet" role="region" aria-label="Nodes" tabindex="0">
                <table class="blocks">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Version"</th>
                            <th scope="col">"Started"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col">"Clock"</th>
                        </tr>
                    </thead>
                    <tbody data-fresh>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(node: Node, now: Timestamp) -> impl IntoView {
    view! {
        <tr>
            <td><bdi>{node.name}</bdi> {node.is_this.then_some(" (this one)")}</td>
            <td>{node.version}</td>
            <td><span>"since " <Time at=node.started_at/></span></td>
            <td><Ago at=node.seen_at now/></td>
            <td>{clock(node.clock_off)}</td>
        </tr>
    }
}

/// How a node's clock differs from the database's, in words that need no head of a column.
fn clock(off: Millis) -> String {
    match off.as_seconds() {
        0 => "Clock right".to_owned(),
        seconds @ ..0 => format!("Clock {} s behind", grouped(seconds.unsigned_abs())),
        seconds => format!("Clock {} s ahead", grouped(seconds.unsigned_abs())),
    }
}

fn group(group: Group) -> impl IntoView {
    let figures: Vec<_> = group
        .figures
        .into_iter()
        .map(|Figure { label, value }| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
        .collect();
    view! {
        <section class="card">
            <header><h2>{group.title}</h2></header>
            <div class="body"><dl class="facts">{figures}</dl></div>
        </section>
    }
}

/// The verdicts that this node gave since its start.
#[component]
fn Verdicts(calls: Vec<(Code, u64)>) -> impl IntoView {
    let accepted: u64 = calls.iter().filter(|(code, _)| *code == Code::Valid).map(|(_, number)| number).sum();
    let refused: Vec<_> = calls
        .into_iter()
        .filter(|(code, number)| *code != Code::Valid && *number > 0)
        .map(|(code, number)| Line { label: code.label().to_owned(), note: None, number })
        .collect();
    let reasons = if refused.is_empty() {
        view! { <p class="soft">"No refused calls since the start."</p> }.into_any()
    } else {
        view! { <BarList lines=refused/> }.into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Verdicts since the start"</h2></header>
            <div class="body">
                <p>{grouped(accepted)} " accepted"</p>
                {reasons}
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_ahead_or_behind() {
        for (off, words) in [
            (Millis(0), "Clock right"),
            (Millis(999), "Clock right"),
            (Millis(-999), "Clock right"),
            (Millis::minutes(10), "Clock 600 s ahead"),
            (Millis::hours(-1), "Clock 3,600 s behind"),
        ] {
            assert_eq!(clock(off), words);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do_and_where() {
        let html = |warnings: Vec<Warning>| Owner::new().with(|| view! { <Warnings warnings/> }.to_html());
        assert!(html(Vec::new()).contains("Everything works."));
        let ill = html(vec![Warning::NotReady("the database <is> away".to_owned()), Warning::KeysExpire(2)]);
        assert!(ill.contains("note bad") && ill.contains("the database &lt;is&gt; away"), "{ill}");
        assert!(ill.contains("2 keys expire") && ill.contains("href=\"/keys?status=expiring_7\""), "{ill}");
        assert!(!ill.contains("Everything works."));
    }
}

//! The calls of a key: how many, which were refused, and from where.

use domain::calls::{Period, Span, sum};
use domain::key::KeyDetail;
use domain::timestamp::Timestamp;
use domain::usage::RefusedCall;
use domain::verdict::address_allowed;
use leptos::prelude::*;

use crate::components::chart::bar_list::{BarList, Line};
use crate::components::chart::calls::CallsChart;
use crate::components::chart::spans::Spans;
use crate::components::failed::FormProblem;
use crate::components::refusals::Refusals;
use crate::components::time::ShortTime;
use crate::desk::keys::Calls;

/// Beside a last use that no count shows.
const NOT_COUNTED: &str = "The last use of the key is not counted here. A call of Keystead's own API only marks its key as \
                           used: a check counts for the key that it asks about.";

/// The key's calls, or why they cannot be shown.
#[component]
pub fn CallCards(
    key: KeyDetail,
    calls: Calls,
    /// Whether the visitor may find out why calls are refused.
    tests: bool,
    /// A moment in the bar that was chosen.
    chosen: Option<Timestamp>,
) -> impl IntoView {
    let id = key.row.id.as_str().to_owned();
    let calls = match calls {
        Ok(calls) => calls,
        Err(error) => {
            return view! {
                <section class="card">
                    <header><h2>"Calls"</h2></header>
                    <div class="body"><FormProblem problem=Some(error)/></div>
                </section>
            }
            .into_any();
        }
    };
    let span = calls.span;
    let address = |span: Span| format!("/keys/{id}?range={}", span.as_str());
    let link = |at: Timestamp| format!("{}&at={}#refusals", address(span), at.to_input());
    let empty = if key.row.last_used_at.is_none() {
        "This key has never been used."
    } else {
        "No calls are counted for this key in this time."
    };
    let is_left_out = key.row.last_used_at.is_some_and(|used| calls.leave_out(used));
    let period = chosen.and_then(|at| calls.periods.iter().find(|period| period.has(at)).cloned());
    let refusals: Vec<_> =
        calls.refusals.into_iter().filter(|call| period.as_ref().is_none_or(|period| period.has(call.at))).collect();
    let from = addresses(&key, &refusals);
    view! {
        <section class="card">
            <header><h2>"Calls"</h2><Spans spans=Span::OF_ONE_KEY current=span link=address/></header>
            <div class="body">
                <CallsChart periods=calls.periods span empty link chosen/>
                {is_left_out.then(|| view! { <p class="soft">{NOT_COUNTED}</p> })}
            </div>
        </section>
        <section class="card" id="refusals">
            <header>
                <h2>"Recent refusals"</h2>
                {tests.then(|| view! { <a href=format!("/keys/{id}/why")>"Why was this refused?"</a> })}
            </header>
            {period.map(|period| view! { <Chosen period all=address(span)/> })}
            <Refusals id=id.clone() calls=refusals tests/>
            {(!from.is_empty()).then(|| view! {
                <div class="body"><h3>"Refused addresses"</h3><BarList lines=from/></div>
            })}
        </section>
    }
    .into_any()
}

/// What was refused in the period that was chosen. All calls are counted, and the last ones are kept.
#[component]
fn Chosen(period: Period, all: String) -> impl IntoView {
    let reasons: Vec<_> = sum([&period])
        .reasons
        .into_iter()
        .map(|(code, number)| Line { label: code.label_of_key().to_owned(), note: None, number })
        .collect();
    view! {
        <div class="body">
            <p class="inline">
                <span>"From " <ShortTime at=period.starts/> " to " <ShortTime at=period.ends/></span>
                <a href=all>"Show all"</a>
            </p>
            <BarList lines=reasons/>
        </div>
    }
}

/// The addresses of refused calls, most calls first, and whether the key's networks hold them.
fn addresses(key: &KeyDetail, calls: &[RefusedCall]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for address in calls.iter().filter_map(|call| call.address) {
        let label = address.to_string();
        if let Some(line) = lines.iter_mut().find(|line| line.label == label) {
            line.number += 1;
            continue;
        }
        let is_limited = !key.rules.cidrs.is_empty() || !key.rules.denied_cidrs.is_empty();
        let note = is_limited.then(|| {
            if address_allowed(&key.rules, Some(address)) {
                "inside the allowed networks"
            } else {
                "outside the allowed networks"
            }
        });
        lines.push(Line { label, note, number: 1 });
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.number));
    lines
}

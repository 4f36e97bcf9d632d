//! Events by day, as a strip of bars. Each bar is a link.

use domain::audit_query::DayEvents;
use domain::page::grouped;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::scale::{Scale, per_cent};
use super::time::Parts;

/// The top and the height of the bars in pixels, and the line of the words below them.
const TOP: u64 = 20;
const TALL: u64 = 40;
const BELOW: u64 = TOP + TALL + 16;

/// The strip; nothing if there were no events.
#[component]
pub fn Days(
    days: Vec<DayEvents>,
    link: impl Fn(Timestamp) -> String,
    /// Whether the events below are of this day.
    is_chosen: impl Fn(Timestamp) -> bool,
) -> impl IntoView {
    let most = days.iter().max_by_key(|day| day.events).filter(|day| day.events > 0)?;
    let scale = Scale::exact(most.events, TALL);
    let total = view! { <text class="total" y="12">{format!("Most: {}", words(*most))}</text> };
    let count = u64::try_from(days.len()).unwrap_or(u64::MAX);
    let bars: Vec<_> = (0_u64..)
        .zip(&days)
        .map(|(n, day)| {
            let (x, wide) = (per_cent(n, count), per_cent(1, count));
            let (inner_x, inner) = (per_cent(n * 10 + 1, count * 10), per_cent(8, count * 10));
            let tall = scale.height(day.events);
            let drawn = view! {
                <rect class="spot" x=x.clone() y=TOP width=wide height=TALL></rect>
                <rect class="accepted" x=inner_x y=TOP + TALL - tall width=inner height=tall></rect>
                <text class="said" y="12">{words(*day)}</text>
                {(n % 7 == 1 && n + 2 < count).then(|| view! { <text x=x y=BELOW>{Parts::Date.of(day.day)}</text> })}
            };
            if day.events == 0 {
                return view! { <g aria-hidden="true">{drawn}</g> }.into_any();
            }
            let current = is_chosen(day.day).then_some("true");
            view! { <a href=link(day.day) aria-current=current>{drawn}</a> }.into_any()
        })
        .collect();
    Some(view! {
        <figure class="chart strip">
            <svg role="group" aria-label="Events by day (UTC)">
                <line x1="0" x2="100%" y1=TOP + TALL y2=TOP + TALL></line>
                {bars}
                {total}
            </svg>
        </figure>
    })
}

fn words(day: DayEvents) -> String {
    let plural = if day.events == 1 { "" } else { "s" };
    format!("{} event{plural} on {} (UTC)", grouped(day.events), Parts::Date.of(day.day))
}

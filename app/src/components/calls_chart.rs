//! Calls per hour as bars, with the same numbers as a table.

use domain::calls::{HOURS_SHOWN, Hour};
use domain::page::grouped;
use domain::text::joined;
use leptos::prelude::*;

use super::time::Time;

/// The height of the highest bar, in the drawing's own units.
const TALL: u64 = 1_000;
/// The least height of a bar, so that a single call is visible beside a million.
const SEEN: u64 = 12;

/// The chart, its legend and its table. The table leaves out hours without calls.
#[component]
pub fn CallsChart(
    hours: Vec<Hour>,
    /// The key was never used at all.
    never_used: bool,
) -> impl IntoView {
    let most = hours.iter().map(Hour::all).max().unwrap_or_default();
    if most == 0 {
        let words =
            if never_used { "This key has never been used." } else { "No calls with this key in the last 48 hours." };
        return view! { <p class="soft">{words}</p> }.into_any();
    }
    let accepted = hours.iter().fold(0_u64, |sum, hour| sum.saturating_add(hour.accepted));
    let refused = hours.iter().fold(0_u64, |sum, hour| sum.saturating_add(hour.all_refused()));
    let summary = format!(
        "{} accepted and {} refused calls in {HOURS_SHOWN} hours; {} in the busiest hour. The table below shows the numbers.",
        grouped(accepted),
        grouped(refused),
        grouped(most)
    );
    let bars: Vec<_> =
        (0_u64..).zip(&hours).filter(|(_, hour)| hour.all() > 0).map(|(n, hour)| bar(n, hour, most)).collect();
    let rows: Vec<_> = hours.into_iter().rev().filter(|hour| hour.all() > 0).map(row).collect();
    view! {
        <figure class="chart">
            <figcaption class="inline">
                <span class="status good">{format!("{} accepted", grouped(accepted))}</span>
                <span class="status bad">{format!("{} refused", grouped(refused))}</span>
                <small>{format!("Busiest hour: {}", grouped(most))}</small>
            </figcaption>
            <svg viewBox="0 0 480 1000" preserveAspectRatio="none" role="img" aria-labelledby="calls-title calls-text">
                <title id="calls-title">"Calls per hour"</title>
                <desc id="calls-text">{summary}</desc>
                {bars}
            </svg>
            <p class="axis"><small>"48 hours ago"</small><small>"24 hours ago"</small><small>"now"</small></p>
        </figure>
        <details class="fold">
            <summary>"Show as a table"</summary>
            <div class="sheet" role="region" aria-label="Calls per hour" tabindex="0">
                <table>
                    <caption class="visually-hidden">"Calls per hour, newest first; hours without calls are left out"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Hour starting"</th>
                            <th scope="col" class="num">"Accepted"</th>
                            <th scope="col" class="num">"Refused"</th>
                            <th scope="col">"Verdicts"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

/// One hour: accepted calls, with refused calls stacked on top.
fn bar(place: u64, hour: &Hour, most: u64) -> impl IntoView + use<> {
    let (accepted, refused) = (height(hour.accepted, most), height(hour.all_refused(), most));
    let words = format!(
        "{}: {} accepted, {} refused",
        hour.starts.to_text(),
        grouped(hour.accepted),
        grouped(hour.all_refused())
    );
    let part = |class: &'static str, top: u64, tall: u64| {
        (tall > 0).then(|| view! { <rect class=class x=place * 10 + 1 y=top width="8" height=tall></rect> })
    };
    // A bar that is drawn taller to be visible must not push the other one out of the picture.
    let top = TALL.saturating_sub(accepted);
    view! {
        <g>
            <title>{words}</title>
            {part("accepted", top, accepted)}
            {part("refused", top.saturating_sub(refused), refused)}
        </g>
    }
}

fn height(calls: u64, most: u64) -> u64 {
    // In 128 bits, because a count may be any size. One per cent of the height is reserved for bars that are drawn
    // taller.
    let tall = u128::from(calls) * u128::from(TALL - SEEN) / u128::from(most.max(1));
    match u64::try_from(tall).unwrap_or(TALL) {
        _ if calls == 0 => 0,
        tall => tall.clamp(SEEN, TALL),
    }
}

fn row(hour: Hour) -> impl IntoView {
    let refused = hour.all_refused();
    let codes: Vec<_> =
        hour.refused.iter().map(|(code, calls)| format!("{} {}", code.as_str(), grouped(*calls))).collect();
    view! {
        <tr>
            <td><Time at=hour.starts/></td>
            <td class="num">{grouped(hour.accepted)}</td>
            <td class="num">{grouped(refused)}</td>
            <td class="soft">{joined(codes)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::height;

    #[test]
    fn every_call_is_seen_and_none_leaves_the_picture() {
        assert_eq!(height(0, 10), 0);
        assert_eq!(height(1, 1_000_000), 12);
        assert_eq!(height(u64::MAX, u64::MAX), 988);
        assert_eq!(height(1, u64::MAX) + height(u64::MAX - 1, u64::MAX), 999);
    }
}

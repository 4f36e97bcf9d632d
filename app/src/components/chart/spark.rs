//! The calls of a key's last day, in a row of a list.

use std::fmt::Write;

use domain::calls::{Period, sum};
use domain::page::grouped;
use leptos::prelude::*;

use super::scale::Scale;

/// The height in units of the drawing. The stylesheet stretches it: a row has room for few bytes, and one digit is enough.
const TALL: u64 = 10;

/// Accepted calls as one outline, and refused ones on top. The stylesheet knows them by their order, without a class in each
/// row.
#[component]
pub fn Spark(periods: Vec<Period>) -> impl IntoView {
    let all = sum(&periods);
    if all.accepted == 0 && all.refused == 0 {
        return view! { <svg role="img"><title>"No calls counted"</title><path class="none" d="M0 9h25"></path></svg> }
            .into_any();
    }
    let words = match (all.accepted, all.refused) {
        (accepted, 0) => format!("{} accepted", grouped(accepted)),
        (accepted, refused) => format!("{} accepted, {} refused", grouped(accepted), grouped(refused)),
    };
    let most = periods.iter().map(Period::all).max().unwrap_or_default();
    let scale = Scale::exact(most, TALL);
    let heights: Vec<_> = periods
        .iter()
        .map(|period| {
            let refused = scale.height(period.all_refused()).min(TALL);
            (scale.height(period.accepted).min(TALL - refused), refused)
        })
        .collect();
    let refused = refusals(&heights);
    view! {
        <svg role="img">
            <title>{words}</title>
            <path d=outline(&heights)></path>
            {(!refused.is_empty()).then(|| view! { <path d=refused></path> })}
        </svg>
    }
    .into_any()
}

/// The outline of the accepted calls. Neighbours of one height are one step.
fn outline(heights: &[(u64, u64)]) -> String {
    let mut path = format!("M0 {TALL}");
    for run in heights.chunk_by(|(one, _), (next, _)| one == next) {
        let tall = run.first().map_or(0, |(accepted, _)| *accepted);
        let _ = write!(path, "V{}h{}", TALL - tall, run.len());
    }
    let _ = write!(path, "V{TALL}z");
    path
}

fn refusals(heights: &[(u64, u64)]) -> String {
    let mut path = String::new();
    for (x, (accepted, refused)) in heights.iter().enumerate().filter(|(_, (_, refused))| *refused > 0) {
        let _ = write!(path, "M{x} {}v-{refused}h1v{refused}", TALL - accepted);
    }
    path
}

#[cfg(test)]
mod tests {
    use domain::calls::{Span, by_period};
    use domain::timestamp::{Millis, Timestamp};
    use domain::usage::HourCalls;
    use domain::verdict::Code;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn drawn(calls: impl IntoIterator<Item = (i64, Code, u64)>) -> String {
        let counted: Vec<_> = calls
            .into_iter()
            .map(|(ago, code, calls)| HourCalls { hour: NOW.plus(Millis::hours(-ago)).hour(), code, calls })
            .collect();
        let periods = by_period(&counted, Span::Day, NOW);
        Owner::new().with(|| view! { <Spark periods/> }.to_html()).replace("<!>", "")
    }

    #[test]
    fn a_day_is_an_outline_with_refusals_on_top() {
        let svg = drawn([(24, Code::Valid, 100), (23, Code::Valid, 100), (0, Code::Valid, 40), (0, Code::Expired, 1)]);
        assert_eq!(
            svg,
            "<svg role=\"img\"><title>240 accepted, 1 refused</title>\
             <path d=\"M0 10V0h2V10h22V6h1V10z\"></path>\
             <path d=\"M24 6v-1h1v1\"></path></svg>"
        );
        // A key that only asks about others was used, and has no calls of its own.
        assert!(drawn([]).contains("<title>No calls counted</title>"));
        // A single call is seen beside a million, and no bar leaves the picture.
        let svg = drawn([(3, Code::Valid, 1), (2, Code::Valid, 1_000_000), (2, Code::Expired, 1)]);
        assert!(svg.contains("V9h1V1h1V10") && svg.contains("M22 1v-1h1v1"), "{svg}");
    }

    #[test]
    fn a_page_of_busy_keys_stays_small() {
        let bytes: usize = (0..25_i64)
            .map(|key| {
                let accepted = (0..25)
                    .map(move |ago| (ago, Code::Valid, (ago * 37 + key * 11).rem_euclid(100).unsigned_abs() * 1_000));
                let refused = (0..25).filter(move |ago| (ago + key) % 12 == 0).map(|ago| (ago, Code::Expired, 50));
                drawn(accepted.chain(refused)).len()
            })
            .sum();
        assert!(bytes < 6_000, "{bytes}");
    }
}

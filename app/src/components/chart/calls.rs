//! Calls over time: accepted and refused ones as stacked bars, and the same numbers as a table.

use domain::calls::{Period, Span, sum};
use domain::page::grouped;
use domain::text::joined;
use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;

use super::scale::{Scale, per_cent, words_fit};
use super::time::Parts;
use crate::components::time::{Time, in_parts, zone_of};

/// The top and the height of the bars, and the line of the words below them, in pixels.
const TOP: u64 = 28;
const TALL: u64 = 120;
const BELOW: u64 = TOP + TALL + 18;

/// The chart, its legend and its table. The table leaves out periods without calls.
#[component]
pub fn CallsChart(
    periods: Vec<Period>,
    span: Span,
    /// What there is to say if nobody called.
    empty: &'static str,
    /// The address behind the bar that starts at this moment.
    link: impl Fn(Timestamp) -> String,
    /// A moment within the bar that is chosen.
    chosen: Option<Timestamp>,
) -> impl IntoView {
    let Some(most) = periods.iter().max_by_key(|period| period.all()).filter(|period| period.all() > 0) else {
        return view! { <p class="soft">{empty}</p> }.into_any();
    };
    let all = sum(&periods);
    let scale = Scale::new(most.all(), TALL);
    let plural = if most.all() == 1 { "" } else { "s" };
    let busiest = format!("Most: {} call{plural}, ", grouped(most.all()));
    let first = view! { <text class="total" y="14">{busiest}{range(most, span)}</text> };
    let count = u64::try_from(periods.len()).unwrap_or(u64::MAX);
    let ticks: Vec<_> = (0_u64..).zip(&periods).filter_map(|(n, period)| tick(n, count, period, span)).collect();
    let bars: Vec<_> = (0_u64..)
        .zip(&periods)
        .map(|(n, period)| {
            let is_chosen = chosen.is_some_and(|at| period.has(at));
            Bar { n, count, scale, span, is_chosen }.draw(period, link(period.starts))
        })
        .collect();
    let lines: Vec<_> =
        [0, TALL / 2, TALL].map(|below| view! { <line x1="0" x2="100%" y1=TOP + below y2=TOP + below></line> }).into();
    let rows: Vec<_> = periods.into_iter().rev().filter(|period| period.all() > 0).map(row).collect();
    view! {
        <figure class="chart">
            <figcaption class="inline">
                <span class="key accepted">{format!("{} accepted", grouped(all.accepted))}</span>
                <span class="key refused">{format!("{} refused", grouped(all.refused))}</span>
                <small class="still-only">"Times in UTC"</small>
            </figcaption>
            <p class="scale" aria-hidden="true">
                <small>{grouped(scale.top)}</small><small>{grouped(scale.top / 2)}</small><small>"0"</small>
            </p>
            <svg role="group" aria-label=format!("Calls, last {}", span.label())>{lines}{ticks}{bars}{first}</svg>
        </figure>
        <details class="fold">
            <summary>"Show as a table"</summary>
            <div class="sheet" role="region" aria-label="Calls as a table" tabindex="0">
                <table>
                    <caption class="visually-hidden">"Calls, newest first; periods without calls are left out"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"From"</th>
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

/// Where a bar is, and how it is drawn.
struct Bar {
    n: u64,
    count: u64,
    scale: Scale,
    span: Span,
    is_chosen: bool,
}

impl Bar {
    /// A link with the bar, accepted below refused, and what it says when it is pointed at or has the focus. A period
    /// without calls is only a place to point at.
    fn draw(&self, period: &Period, address: String) -> AnyView {
        let (x, wide) = (per_cent(self.n, self.count), per_cent(1, self.count));
        let (inner_x, inner) = (per_cent(self.n * 10 + 1, self.count * 10), per_cent(8, self.count * 10));
        let accepted = self.scale.height(period.accepted);
        // A bar that is drawn taller to be visible must not push the other one out of the picture.
        let refused = self.scale.height(period.all_refused()).min(TALL.saturating_sub(accepted).max(2));
        let bottom = TOP + TALL;
        let part = |class: &'static str, tall: u64, bottom: u64| {
            let (x, wide) = (inner_x.clone(), inner.clone());
            (tall > 0)
                .then(|| view! { <rect class=class x=x y=bottom.saturating_sub(tall) width=wide height=tall></rect> })
        };
        let said = format!(": {} accepted, {} refused", grouped(period.accepted), grouped(period.all_refused()));
        let drawn = view! {
            <rect class="spot" x=x y=TOP width=wide height=TALL></rect>
            {part("accepted", accepted, bottom)}
            {part("refused", refused, bottom.saturating_sub(accepted))}
            <text class="said" y="14">{range(period, self.span)}{said}</text>
        };
        if period.all() == 0 {
            return view! { <g aria-hidden="true">{drawn}</g> }.into_any();
        }
        let current = self.is_chosen.then_some("true");
        view! { <a href=address aria-current=current>{drawn}</a> }.into_any()
    }
}

/// From when to when, for people.
fn range(period: &Period, span: Span) -> impl IntoView + use<> {
    let until = if span.step() < Millis::days(1) { Parts::Clock } else { Parts::Both };
    let time = |at: Timestamp, parts: Parts, with_zone: bool| {
        let (text, moment) = in_parts(at, parts);
        let text = if with_zone { format!("{text} {}", zone_of(at)) } else { text };
        view! { <tspan data-time=moment data-as=parts.word()>{text}</tspan> }
    };
    // A phone has no room for the end.
    view! {
        {time(period.starts, Parts::Both, false)}
        <tspan class="until">" to " {time(period.ends, until, true)}</tspan>
    }
}

/// The words below the bar that starts at a round time: the clock every six hours, or else the date.
fn tick(n: u64, count: u64, period: &Period, span: Span) -> Option<AnyView> {
    let every = match span {
        Span::Day | Span::TwoDays => Millis::hours(6),
        Span::Week => Millis::days(1),
        Span::Month => Millis::days(5),
    };
    let at = period.starts;
    let fits = at.millis().rem_euclid(every.0) == 0 && words_fit(n, count);
    fits.then(|| {
        let parts = if every < Millis::days(1) { Parts::Clock } else { Parts::Date };
        // A phone has room for every second one.
        let class = (at.millis().rem_euclid(every.0 * 2) != 0).then_some("odd");
        let (text, moment) = in_parts(at, parts);
        view! {
            <text class=class x=per_cent(n, count) y=BELOW data-time=moment data-as=parts.word()>
                {text}
            </text>
        }
        .into_any()
    })
}

fn row(period: Period) -> impl IntoView {
    let refused = period.all_refused();
    let codes: Vec<_> =
        period.refused.iter().map(|(code, calls)| format!("{} {}", code.as_str(), grouped(*calls))).collect();
    view! {
        <tr>
            <td><Time at=period.starts/></td>
            <td class="num">{grouped(period.accepted)}</td>
            <td class="num">{grouped(refused)}</td>
            <td class="soft">{joined(codes)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use domain::calls::by_period;
    use domain::usage::HourCalls;
    use domain::verdict::Code;

    use super::*;

    /// Renders the chart as the server does, one element on a line.
    fn drawn(span: Span, counts: &[(&str, Code, u64)], chosen: Option<&str>) -> String {
        let at = |text: &str| Timestamp::parse_input(text).unwrap();
        let calls: Vec<_> = counts
            .iter()
            .map(|(hour, code, calls)| HourCalls { hour: at(hour).millis(), code: *code, calls: *calls })
            .collect();
        let periods = by_period(&calls, span, at("2026-11-27T12:30"));
        let html = Owner::new().with(|| {
            let link = |at: Timestamp| format!("/?at={}", at.to_input());
            view! { <CallsChart periods span empty="Nothing." link chosen=chosen.map(at)/> }.to_html()
        });
        let comments = html.replace("<!>", "").replace("<!---->", "");
        comments.replace("><", ">\n<") + "\n"
    }

    /// A wrong picture is written beside the expected one, to be looked at.
    fn expect(name: &str, expected: &str, drawn: &str) {
        if drawn != expected {
            let place = format!("{}/{name}.html", std::env::temp_dir().display());
            std::fs::write(&place, drawn).unwrap();
            panic!("{name} is not drawn as expected; see {place}");
        }
    }

    #[test]
    fn a_day_is_drawn_as_expected() {
        let calls = [
            ("2026-11-26T13:00", Code::Valid, 412),
            ("2026-11-27T05:00", Code::Valid, 380),
            ("2026-11-27T05:00", Code::OriginNotAllowed, 180),
            ("2026-11-27T05:00", Code::RateLimited, 10),
            ("2026-11-27T12:00", Code::Expired, 1),
        ];
        expect("day", include_str!("expected/day.html"), &drawn(Span::Day, &calls, Some("2026-11-27T05:59")));
    }

    #[test]
    fn a_month_is_drawn_as_expected() {
        let calls = [("2026-10-28T07:00", Code::Valid, 7), ("2026-11-27T12:00", Code::Valid, 1_000_000)];
        expect("month", include_str!("expected/month.html"), &drawn(Span::Month, &calls, None));
    }

    #[test]
    fn one_call_is_one_call() {
        let html = drawn(Span::Day, &[("2026-11-27T05:00", Code::Valid, 1)], None);
        assert!(html.contains("Most: 1 call, "), "{html}");
    }

    #[test]
    fn no_calls_are_told_in_words() {
        assert_eq!(drawn(Span::Week, &[], None), "<p class=\"soft\">Nothing.</p>\n");
    }
}

//! One figure over the last hour, as bars.

use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;

use super::hour::{Step, Unit};
use super::scale::{Scale, per_cent, words_fit};
use super::time::Parts;
use crate::components::time::in_parts;

/// The top and the height of the bars, and the line of the words below them, in pixels.
const TOP: u64 = 28;
const TALL: u64 = 120;
const BELOW: u64 = TOP + TALL + 18;

/// How high a bar is, in the unit of its picture: its lower part, and a part on top that is bad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bar {
    pub good: u64,
    pub bad: u64,
    /// The same in words, for whoever points at it.
    pub said: String,
}

/// The picture. Its name says what a reader who does not see it must know; a table has the rest.
#[component]
pub fn FiguresChart(
    /// What is measured.
    name: &'static str,
    unit: Unit,
    steps: Vec<Step>,
    /// A bar for each step, or `None` where nobody measured.
    bars: Vec<Option<Bar>>,
) -> impl IntoView {
    let all = |bar: &Bar| bar.good.saturating_add(bar.bad);
    let most = bars.iter().flatten().map(all).max().unwrap_or_default();
    let last = bars.iter().flatten().next_back().map(all).unwrap_or_default();
    let scale = Scale::new(most, TALL);
    let spoken = format!("{name}, last hour: {} at most, {} at last", unit.words(most), unit.words(last));
    let count = u64::try_from(steps.len()).unwrap_or(u64::MAX);
    let ticks: Vec<_> = (0_u64..).zip(&steps).filter_map(|(n, step)| tick(n, count, step.starts)).collect();
    let drawn: Vec<_> = (0_u64..)
        .zip(&steps)
        .zip(bars)
        .map(|((n, step), bar)| draw(&Place { n, count, scale }, step.starts, bar))
        .collect();
    let lines: Vec<_> =
        [0, TALL / 2, TALL].map(|below| view! { <line x1="0" x2="100%" y1=TOP + below y2=TOP + below></line> }).into();
    view! {
        <figure class="chart">
            <p class="scale" aria-hidden="true">
                <small>{unit.words(scale.top)}</small><small>{unit.words(scale.top / 2)}</small><small>"0"</small>
            </p>
            <svg role="img" aria-label=spoken>
                {lines}{ticks}{drawn}
                <text class="total" y="14">{format!("Most: {}", unit.words(most))}</text>
            </svg>
        </figure>
    }
}

/// Where a bar is.
struct Place {
    n: u64,
    count: u64,
    scale: Scale,
}

/// A place to point at with its bar, and what it says then.
fn draw(place: &Place, starts: Timestamp, bar: Option<Bar>) -> impl IntoView + use<> {
    let (n, count) = (place.n, place.count);
    let (x, wide) = (per_cent(n, count), per_cent(1, count));
    let (inner_x, inner) = (per_cent(n * 10 + 1, count * 10), per_cent(8, count * 10));
    let measured = bar.is_some();
    let bar = bar.unwrap_or_default();
    let good = place.scale.height(bar.good);
    // A bar that is drawn taller to be visible must not push the other one out of the picture.
    let bad = place.scale.height(bar.bad).min(TALL.saturating_sub(good).max(2));
    let part = |class: &'static str, tall: u64, bottom: u64| {
        let (x, wide) = (inner_x.clone(), inner.clone());
        (tall > 0).then(|| view! { <rect class=class x=x y=bottom.saturating_sub(tall) width=wide height=tall></rect> })
    };
    let said = if measured { format!(": {}", bar.said) } else { ": not measured".to_owned() };
    view! {
        <g>
            <rect class="spot" x=x y=TOP width=wide height=TALL></rect>
            {part("accepted", good, TOP + TALL)}
            {part("refused", bad, (TOP + TALL).saturating_sub(good))}
            <text class="said" y="14">{clock(starts)}{said}</text>
        </g>
    }
}

/// The clock at a moment, which scripts change to the reader's own.
fn clock(at: Timestamp) -> impl IntoView + use<> {
    let (text, moment) = in_parts(at, Parts::Clock);
    view! { <tspan data-time=moment data-as=Parts::Clock.word()>{text}</tspan> }
}

/// The clock below the bar that starts at a round time.
fn tick(n: u64, count: u64, at: Timestamp) -> Option<AnyView> {
    let every = Millis::minutes(10);
    let fits = at.millis().rem_euclid(every.0) == 0 && words_fit(n, count);
    fits.then(|| {
        // A phone has room for every second one.
        let class = (at.millis().rem_euclid(every.0 * 2) != 0).then_some("odd");
        let (text, moment) = in_parts(at, Parts::Clock);
        view! {
            <text class=class x=per_cent(n, count) y=BELOW data-time=moment data-as=Parts::Clock.word()>
                {text}
            </text>
        }
        .into_any()
    })
}

#[cfg(test)]
mod tests {
    use domain::status::Sample;

    use super::super::hour::steps;
    use super::super::hour::tests::sample;
    use super::*;

    fn drawn(samples: &[Sample]) -> String {
        let steps = steps(samples, Timestamp::from_millis(7_325_000));
        let bars: Vec<_> = steps
            .iter()
            .map(|step| {
                let did = step.did?;
                let (all, bad) = (Unit::Rate.of(did.calls), Unit::Rate.of(did.refused));
                Some(Bar { good: all - bad, bad, said: format!("{} calls", Unit::Rate.words(all)) })
            })
            .collect();
        let html =
            Owner::new().with(|| view! { <FiguresChart name="Calls a second" unit=Unit::Rate steps bars/> }.to_html());
        html.replace("<!>", "").replace("<!---->", "")
    }

    #[test]
    fn an_hour_is_drawn_with_its_worst_and_its_last_figure() {
        let calls = [Sample { calls: 10.0, refused: 0.001, ..sample(5_000) }, Sample { calls: 2.5, ..sample(7_322) }];
        let html = drawn(&calls);
        assert!(html.contains("aria-label=\"Calls a second, last hour: 10 at most, 2.5 at last\""), "{html}");
        assert_eq!(html.matches("class=\"spot\"").count(), 30);
        assert_eq!(html.matches("class=\"accepted\"").count(), 2);
        // The refused ones are seen, and do not leave the picture.
        assert_eq!(html.matches("class=\"refused\"").count(), 1);
        let refused = "<rect x=\"30.33%\" y=\"27\" width=\"2.66%\" height=\"2\" class=\"refused\">";
        assert!(html.contains(refused), "{html}");
        assert!(html.contains("02:02</tspan>: 2.5 calls") && html.contains(": not measured"), "{html}");
        // A clock every ten minutes, except at the end. Every second one is not for phones.
        assert_eq!((html.matches("y=\"166\"").count(), html.matches("class=\"odd\"").count()), (5, 3));
    }

    #[test]
    fn an_hour_without_figures_is_an_empty_picture() {
        let html = drawn(&[]);
        assert!(html.contains("0 at most, 0 at last") && !html.contains("class=\"accepted\""), "{html}");
        assert!(html.len() < 12_000, "{}", html.len());
    }
}

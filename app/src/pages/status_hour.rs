//! What a node did in the last hour: pictures, and a table with the same figures.

use domain::status::Sample;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::chart::figures::{Bar, FiguresChart};
use crate::components::chart::hour::{Step, Unit, steps};
use crate::components::time::Time;

/// A picture: what it measures, in which unit, and the bar for two minutes, if there is anything to draw.
struct Picture {
    title: &'static str,
    unit: Unit,
    bar: fn(&Sample) -> Option<Bar>,
}

const PICTURES: [Picture; 6] = [
    Picture { title: "Calls a second", unit: Unit::Rate, bar: |did| Some(calls(did)) },
    UNANSWERED,
    Picture { title: "Time of a call", unit: Unit::Time, bar: time_of_a_call },
    Picture { title: "Wait for the database", unit: Unit::Time, bar: wait_for_the_database },
    Picture { title: "Requests of the console a second", unit: Unit::Rate, bar: |did| Some(console(did)) },
    Picture { title: "Memory", unit: Unit::Memory, bar: memory },
];

/// Shown only if there were any.
const UNANSWERED: Picture =
    Picture { title: "Calls a second without a verdict", unit: Unit::Rate, bar: |did| Some(unanswered(did)) };

fn calls(did: &Sample) -> Bar {
    let bad = Unit::Rate.of(did.refused);
    let good = Unit::Rate.of(did.calls).saturating_sub(bad);
    let said = format!("{} accepted, {} refused", Unit::Rate.words(good), Unit::Rate.words(bad));
    Bar { good, bad, said }
}

fn unanswered(did: &Sample) -> Bar {
    let bad = Unit::Rate.of(did.unreadable);
    Bar { good: 0, bad, said: Unit::Rate.words(bad) }
}

fn time_of_a_call(did: &Sample) -> Option<Bar> {
    let good = Unit::Time.of(did.verify_p99?);
    let half = did.verify_median.map_or_else(String::new, |half| format!("half at most {}, ", time(half)));
    Some(Bar { good, bad: 0, said: format!("{half}99 of 100 at most {}", Unit::Time.words(good)) })
}

fn wait_for_the_database(did: &Sample) -> Option<Bar> {
    let good = Unit::Time.of(did.store_wait_p99?);
    Some(Bar { good, bad: 0, said: format!("99 of 100 at most {}", Unit::Time.words(good)) })
}

fn console(did: &Sample) -> Bar {
    let good = Unit::Rate.of(did.console_requests);
    Bar { good, bad: 0, said: Unit::Rate.words(good) }
}

fn memory(did: &Sample) -> Option<Bar> {
    (did.resident_bytes > 0).then(|| Bar { good: did.resident_bytes, bad: 0, said: bytes(did.resident_bytes) })
}

fn rate(figure: f64) -> String {
    Unit::Rate.words(Unit::Rate.of(figure))
}

fn time(figure: f64) -> String {
    Unit::Time.words(Unit::Time.of(figure))
}

fn bytes(figure: u64) -> String {
    if figure == 0 { NOTHING.to_owned() } else { Unit::Memory.words(figure) }
}

/// What a table says where there was nothing to measure.
const NOTHING: &str = "–";

#[component]
pub fn LastHour(recent: Vec<Sample>, now: Timestamp) -> impl IntoView {
    let steps = steps(&recent, now);
    let shown = |picture: &Picture| {
        picture.title != UNANSWERED.title || steps.iter().filter_map(|step| step.did).any(|did| did.unreadable > 0.0)
    };
    let pictures: Vec<_> =
        PICTURES.iter().filter(|picture| shown(picture)).map(|picture| card(picture, &steps)).collect();
    let pictures = if recent.is_empty() {
        let words = "This node has just started. Its first figures come within 10 seconds.";
        view! {
            <section class="card">
                <header><h2>"Last hour"</h2></header>
                <div class="body"><p class="soft">{words}</p></div>
            </section>
        }
        .into_any()
    } else {
        pictures.into_any()
    };
    let rows: Vec<_> = steps.iter().rev().filter_map(|step| Some(row(step.starts, step.did?))).collect();
    view! {
        <div class="cols" data-fresh>{pictures}</div>
        <section class="card">
            <header><h2>"The last hour in numbers"</h2></header>
            <div class="body">
                <p class="soft">
                    "In steps of 2 minutes: the mean of each number a second, and the worst of each time. They are of this node \
                     alone, and begin anew when it starts."
                </p>
                <details class="fold">
                    <summary>"Show as a table"</summary>
                    <div class="sheet" role="region" aria-label="The last hour as a table" tabindex="0">
                        <table>
                            <caption class="visually-hidden">"The last hour, newest first"</caption>
                            <thead>
                                <tr>
                                    <th scope="col">"From"</th>
                                    <th scope="col" class="num">"Calls a second"</th>
                                    <th scope="col" class="num">"Refused"</th>
                                    <th scope="col" class="num">"Without a verdict"</th>
                                    <th scope="col" class="num">"Half of calls within"</th>
                                    <th scope="col" class="num">"99 of 100 within"</th>
                                    <th scope="col" class="num">"Wait for the database"</th>
                                    <th scope="col" class="num">"Changes known after"</th>
                                    <th scope="col" class="num">"Console, a second"</th>
                                    <th scope="col" class="num">"Memory"</th>
                                </tr>
                            </thead>
                            <tbody data-fresh>{rows}</tbody>
                        </table>
                    </div>
                </details>
            </div>
        </section>
    }
}

fn card(picture: &Picture, steps: &[Step]) -> impl IntoView + use<> {
    let Picture { title, unit, bar } = *picture;
    let bars = steps.iter().map(|step| bar(step.did.as_ref()?)).collect();
    let steps = steps.to_vec();
    view! {
        <section class="card">
            <header><h2>{title}</h2></header>
            <div class="body"><FiguresChart name=title unit steps bars/></div>
        </section>
    }
}

fn row(starts: Timestamp, did: Sample) -> impl IntoView {
    let measured = |figure: Option<f64>| figure.map_or_else(|| NOTHING.to_owned(), time);
    view! {
        <tr>
            <td><Time at=starts/></td>
            <td class="num">{rate(did.calls)}</td>
            <td class="num">{rate(did.refused)}</td>
            <td class="num">{rate(did.unreadable)}</td>
            <td class="num">{measured(did.verify_median)}</td>
            <td class="num">{measured(did.verify_p99)}</td>
            <td class="num">{measured(did.store_wait_p99)}</td>
            <td class="num">{time(did.freshness_age)}</td>
            <td class="num">{rate(did.console_requests)}</td>
            <td class="num">{bytes(did.resident_bytes)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(recent: Vec<Sample>) -> String {
        let now = Timestamp::from_millis(7_325_000);
        let html = Owner::new().with(|| view! { <LastHour recent now/> }.to_html());
        html.replace("<!>", "").replace("<!---->", "")
    }

    fn sample() -> Sample {
        Sample {
            at: Timestamp::from_millis(7_210_000),
            calls: 812.0,
            refused: 2.5,
            unreadable: 0.0,
            verify_median: Some(0.000_05),
            verify_p99: Some(0.001),
            store_wait_p99: None,
            freshness_age: 0.25,
            resident_bytes: 30_500_000,
            console_requests: 0.1,
        }
    }

    #[test]
    fn right_after_the_start_there_is_nothing_to_draw() {
        let html = shown(Vec::new());
        assert!(html.contains("has just started") && !html.contains("<svg"), "{html}");
    }

    #[test]
    fn each_picture_says_the_same_as_the_table() {
        let html = shown(vec![sample()]);
        for words in [
            "Calls a second, last hour: 812 at most, 812 at last",
            "809 accepted, 2.5 refused",
            "half at most 50 µs, 99 of 100 at most 1 ms",
            "Wait for the database, last hour: 0 µs at most",
            "Memory, last hour: 30.5 MB at most",
            "<td class=\"num\">812</td><td class=\"num\">2.5</td><td class=\"num\">0</td><td class=\"num\">50 µs</td>\
             <td class=\"num\">1 ms</td><td class=\"num\">–</td><td class=\"num\">250 ms</td><td class=\"num\">0.1</td>\
             <td class=\"num\">30.5 MB</td>",
        ] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert!(!html.contains("Calls a second without a verdict"));
        let html = shown(vec![Sample { unreadable: 3.0, ..sample() }]);
        assert!(html.contains("Calls a second without a verdict, last hour: 3 at most"), "{html}");
    }

    #[test]
    fn the_pictures_of_a_busy_hour_stay_small() {
        let samples = (1..=360).map(|n| Sample { at: Timestamp::from_millis(3_725_000 + n * 10_000), ..sample() });
        let html = shown(samples.collect());
        assert!(html.len() < 80_000, "{}", html.len());
    }
}

//! Times: in the zone that the reader chose. If they chose none, UTC in the document, and their own time in the browser.

use domain::timestamp::{Millis, Timestamp};
use domain::zone::Zone;
use leptos::prelude::*;

use super::chart::time::Parts;
use crate::desk::context::chosen_zone;

/// An exact time.
#[component]
pub fn Time(at: Timestamp) -> impl IntoView {
    let zone = chosen_zone();
    view! { <time datetime=at.to_rfc3339() data-zoned=zoned(zone.as_ref())>{in_zone(zone.as_ref(), at)}</time> }
}

/// An exact time as text.
fn in_zone(zone: Option<&Zone>, at: Timestamp) -> String {
    zone.map_or_else(|| at.to_text(), |zone| zone.to_text(at))
}

/// An exact time as text, in the zone that the reader chose.
pub fn exact(at: Timestamp) -> String {
    in_zone(chosen_zone().as_ref(), at)
}

/// Scripts leave a time alone that is in a chosen zone.
fn zoned(zone: Option<&Zone>) -> Option<&'static str> {
    zone.map(|_| "")
}

/// A moment in parts, and what tells scripts to change it to the reader's own time; `None` in a chosen zone.
pub fn in_parts(at: Timestamp, parts: Parts) -> (String, Option<String>) {
    match chosen_zone() {
        Some(zone) => (parts.of(zone.wall(at)), None),
        None => (parts.of(at), Some(at.to_rfc3339())),
    }
}

/// The short name of the zone that a moment is shown in.
pub fn zone_of(at: Timestamp) -> String {
    chosen_zone().map_or_else(|| "UTC".to_owned(), |zone| zone.short(at))
}

/// A text with each exact time in it as such, so that all times on a page are of one zone.
pub fn with_times(text: &str) -> AnyView {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, at, after)) = next_time(rest) {
        parts.push(before.to_owned().into_any());
        parts.push(view! { <Time at/> }.into_any());
        rest = after;
    }
    parts.push(rest.to_owned().into_any());
    parts.into_any()
}

/// The first exact time in a text, with what is before and after it.
fn next_time(text: &str) -> Option<(&str, Timestamp, &str)> {
    let lengths = [Timestamp::from_millis(0).to_text().len(), Timestamp::from_millis(0).to_rfc3339().len()];
    text.match_indices(|c: char| c.is_ascii_digit()).find_map(|(start, _)| {
        lengths.iter().find_map(|length| {
            let (before, rest) = text.split_at_checked(start)?;
            let (time, after) = rest.split_at_checked(*length)?;
            let at = Timestamp::parse_input(&time.replacen(' ', "T", 1).replacen(" UTC", "Z", 1))?;
            [at.to_text(), at.to_rfc3339()].iter().any(|shown| shown == time).then_some((before, at, after))
        })
    })
}

/// A time of the last days, without its year and seconds.
#[component]
pub fn ShortTime(at: Timestamp) -> impl IntoView {
    let (text, moment) = in_parts(at, Parts::Both);
    let text = format!("{text} {}", zone_of(at));
    view! { <span data-time=moment data-as=Parts::Both.word()>{text}</span> }
}

/// How long ago a time was. Hovering shows the exact time.
#[component]
pub fn Ago(at: Timestamp, now: Timestamp) -> impl IntoView {
    let zone = chosen_zone();
    view! {
        <time datetime=at.to_rfc3339() data-relative data-zoned=zoned(zone.as_ref()) title=in_zone(zone.as_ref(), at)>
            {ago(now.since(at))}
        </time>
    }
}

/// How long ago, in words, in one unit; a month has 30 days here.
pub fn ago(length: Millis) -> String {
    let seconds = length.as_seconds();
    let (count, unit) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        86_400..5_184_000 => (seconds / 86_400, "day"),
        5_184_000..63_072_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    format!("{} ago", counted(count, unit))
}

fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A length of time in words: `15 minutes`, `24 hours`.
pub fn span(length: Millis) -> String {
    let minutes = length.as_seconds() / 60;
    let (count, unit) = if minutes % 60 == 0 { (minutes / 60, "hour") } else { (minutes, "minute") };
    counted(count, unit)
}

/// Whole days in words: `7 days`.
pub fn days(length: Millis) -> String {
    counted(length.as_seconds() / 86_400, "day")
}

/// When a key was last used, or that it never was.
#[component]
pub fn LastUsed(at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    match at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "Never used".into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Millis, ago, next_time, span};

    #[test]
    fn exact_times_are_found_in_a_text() {
        for (text, before, after) in [
            ("Until 2026-11-29 07:08:14 UTC.", "Until ", "."),
            ("2026-11-29T07:08:14Z", "", ""),
            ("1 of 2: “2026-11-29 07:08:14 UTC” → é", "1 of 2: “", "” → é"),
        ] {
            let (found, at, rest) = next_time(text).unwrap();
            assert_eq!((found, rest, at.to_text().as_str()), (before, after, "2026-11-29 07:08:14 UTC"), "{text}");
        }
        for text in ["", "7", "2026-11-29", "2026-13-29 07:08:14 UTC", "2026-11-29 07:08:14 CET"] {
            assert!(next_time(text).is_none(), "{text}");
        }
    }

    #[test]
    fn how_long_ago_is_told_in_one_unit() {
        for (length, words) in [
            (Millis(-5_000), "just now"),
            (Millis::seconds(59), "just now"),
            (Millis::minutes(1), "1 minute ago"),
            (Millis::minutes(59), "59 minutes ago"),
            (Millis::hours(23), "23 hours ago"),
            (Millis::days(59), "59 days ago"),
            (Millis::days(60), "2 months ago"),
            (Millis::days(729), "24 months ago"),
            (Millis::days(730), "2 years ago"),
        ] {
            assert_eq!(ago(length), words);
        }
    }

    #[test]
    fn a_length_of_time_is_told_in_its_own_unit() {
        for (length, words) in [
            (Millis::minutes(15), "15 minutes"),
            (Millis::minutes(1), "1 minute"),
            (Millis::hours(1), "1 hour"),
            (Millis::hours(24), "24 hours"),
        ] {
            assert_eq!(span(length), words);
        }
    }
}

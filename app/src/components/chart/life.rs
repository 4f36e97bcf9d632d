//! How much of a key's validity has passed.

use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;

use super::scale::per_cent;

/// A bar from the start to the end, filled up to now, and the time that is left.
#[component]
pub fn Life(from: Timestamp, until: Timestamp, now: Timestamp) -> impl IntoView {
    let whole = until.since(from).0.max(1).unsigned_abs();
    // The start shows that it is a bar.
    let past = now.since(from).0.clamp(0, until.since(from).0.max(0)).unsigned_abs().max(whole / 50);
    view! {
        <svg class="bar" aria-hidden="true"><rect class="accepted" width=per_cent(past, whole) height="100%"></rect></svg>
        <small>{left(until.since(now))}</small>
    }
}

/// How much time is left, in words, rounded down.
pub fn left(length: Millis) -> String {
    let hours = length.as_seconds() / 3_600;
    match hours {
        _ if length.0 <= 0 => "Over".to_owned(),
        0 => "Less than an hour left".to_owned(),
        1..48 => format!("{hours} hour{} left", if hours == 1 { "" } else { "s" }),
        _ => format!("{} days left", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_rounded_down() {
        for (length, words) in [
            (Millis(0), "Over"),
            (Millis::minutes(59), "Less than an hour left"),
            (Millis::minutes(119), "1 hour left"),
            (Millis::hours(47), "47 hours left"),
            (Millis::hours(71), "2 days left"),
        ] {
            assert_eq!(left(length), words);
        }
    }
}

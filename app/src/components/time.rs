//! Times: UTC in the document, and the reader's own time in the browser.

use domain::timestamp::{Millis, Timestamp};
use leptos::prelude::*;

/// An exact time.
#[component]
pub fn Time(
    /// The time to show.
    at: Timestamp,
    /// Show how long ago it was, in the browser. Hovering shows the exact time.
    #[prop(optional)]
    relative: bool,
) -> impl IntoView {
    view! { <time datetime=at.to_rfc3339() data-relative=relative>{at.to_text()}</time> }
}

/// A length of time in words: `15 minutes`, `24 hours`.
pub fn span(length: Millis) -> String {
    let minutes = length.as_seconds() / 60;
    let (count, unit) = if minutes % 60 == 0 { (minutes / 60, "hour") } else { (minutes, "minute") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// When a key was last used, or that it never was.
#[component]
pub fn LastUsed(at: Option<Timestamp>) -> impl IntoView {
    match at {
        Some(at) => view! { <Time at relative=true/> }.into_any(),
        None => "Never used".into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Millis, span};

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

//! The status of a key, by word and colour.

use domain::key::Status;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

/// A key's status at `now`.
#[component]
pub fn KeyStatus(status: Status, now: Timestamp) -> impl IntoView {
    let (class, words) = words(&status, now);
    view! { <span class=format!("status {class}")>{words}</span> }
}

fn words(status: &Status, now: Timestamp) -> (&'static str, String) {
    match status {
        Status::Pending { until } => {
            let minutes = (until.millis() - now.millis()).max(0) / 60_000;
            let left = if minutes == 0 { "less than 1 min".to_owned() } else { format!("{minutes} min") };
            ("pending", format!("Pending, {left} left"))
        }
        Status::Active => ("active", "Active".to_owned()),
        Status::Expiring { at } => ("expiring", format!("Expires in {}", days(*at, now))),
        Status::NotYetValid { from } => ("not_yet_valid", format!("Starts in {}", days(*from, now))),
        Status::Expired { .. } => ("expired", "Expired".to_owned()),
        Status::Disabled => ("disabled", "Disabled".to_owned()),
        Status::Revoked => ("revoked", "Revoked".to_owned()),
    }
}

fn days(at: Timestamp, now: Timestamp) -> String {
    const HOUR: i64 = 3_600_000;
    let hours = (at.millis() - now.millis()).max(0) / HOUR;
    match hours {
        0 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, Timestamp, words};

    #[test]
    fn times_are_rounded_down_to_what_is_sure() {
        let now = Timestamp::from_millis(0);
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        for (status, expected) in [
            (Status::Pending { until: at(11) }, "Pending, 11 min left"),
            (Status::Pending { until: Timestamp::from_millis(59_000) }, "Pending, less than 1 min left"),
            (Status::Expiring { at: at(59) }, "Expires in less than an hour"),
            (Status::Expiring { at: at(60) }, "Expires in 1 hour"),
            (Status::Expiring { at: at(60 * 47) }, "Expires in 47 hours"),
            (Status::Expiring { at: at(60 * 24 * 5) }, "Expires in 5 days"),
        ] {
            assert_eq!(words(&status, now).1, expected);
        }
    }
}

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

/// The mark of a key whose secret should have been rotated.
#[component]
pub fn RotationOverdue() -> impl IntoView {
    view! { <span class="status expiring">"Rotation overdue"</span> }
}

/// The class and the text of a status. The text may break before the remaining time, not within it.
fn words(status: &Status, now: Timestamp) -> (&'static str, String) {
    match status {
        Status::Pending { until } => {
            let minutes = (until.millis() - now.millis()).max(0) / 60_000;
            let left = if minutes == 0 { "less than 1".to_owned() } else { minutes.to_string() };
            ("pending", format!("Pending, {left}\u{a0}min\u{a0}left"))
        }
        Status::Active => ("active", "Active".to_owned()),
        Status::Expiring { at } => ("expiring", format!("Expires in\u{a0}{}", days(*at, now))),
        Status::NotYetValid { from } => ("not_yet_valid", format!("Starts in\u{a0}{}", days(*from, now))),
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
        1 => "1\u{a0}hour".to_owned(),
        2..48 => format!("{hours}\u{a0}hours"),
        _ => format!("{}\u{a0}days", hours / 24),
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
            (Status::Pending { until: at(11) }, "Pending, 11\u{a0}min\u{a0}left"),
            (Status::Pending { until: Timestamp::from_millis(59_000) }, "Pending, less than 1\u{a0}min\u{a0}left"),
            (Status::Expiring { at: at(59) }, "Expires in\u{a0}less than an hour"),
            (Status::Expiring { at: at(60) }, "Expires in\u{a0}1\u{a0}hour"),
            (Status::Expiring { at: at(60 * 47) }, "Expires in\u{a0}47\u{a0}hours"),
            (Status::Expiring { at: at(60 * 24 * 5) }, "Expires in\u{a0}5\u{a0}days"),
        ] {
            assert_eq!(words(&status, now).1, expected);
        }
    }
}

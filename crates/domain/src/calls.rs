//! The calls of one key, as its page shows them.

use serde::{Deserialize, Serialize};

use crate::timestamp::{Millis, Timestamp};
use crate::usage::{HourCalls, RefusedCall};
use crate::verdict::Code;

/// How many hours the chart shows, including the current one.
pub const HOURS_SHOWN: i64 = 48;

/// What a key's page shows of its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCalls {
    /// The last [`HOURS_SHOWN`] hours, oldest first, including hours without calls.
    pub hours: Vec<Hour>,
    /// The last refused calls, newest first.
    pub refusals: Vec<RefusedCall>,
}

/// The calls of one hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// The start of the hour.
    pub starts: Timestamp,
    /// How many calls were accepted.
    pub accepted: u64,
    /// How many calls were refused, by verdict.
    pub refused: Vec<(Code, u64)>,
}

impl Hour {
    /// The number of refused calls, whatever their verdict; stops at `u64::MAX`.
    pub fn all_refused(&self) -> u64 {
        self.refused.iter().fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    /// The number of calls, accepted and refused; stops at `u64::MAX`.
    pub fn all(&self) -> u64 {
        self.accepted.saturating_add(self.all_refused())
    }
}

/// The start of the first hour that is shown, in milliseconds.
pub fn first_hour(now: Timestamp) -> i64 {
    now.plus(Millis::hours(1 - HOURS_SHOWN)).hour()
}

/// Sorts counts into the hours that are shown, and skips all others.
pub fn by_hour(calls: &[HourCalls], now: Timestamp) -> Vec<Hour> {
    let first = Timestamp::from_millis(first_hour(now));
    let hour = |n: i64| {
        let starts = first.plus(Millis::hours(n));
        let mut hour = Hour { starts, accepted: 0, refused: Vec::new() };
        for counted in calls.iter().filter(|counted| counted.hour == starts.millis()) {
            if counted.code == Code::Valid {
                hour.accepted = hour.accepted.saturating_add(counted.calls);
            } else {
                hour.refused.push((counted.code, counted.calls));
            }
        }
        hour
    };
    (0..HOURS_SHOWN).map(hour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_in_their_hours_and_the_running_one_is_the_last() {
        let now = Timestamp::parse_input("2026-11-21T09:30").unwrap();
        let at = |text: &str| Timestamp::parse_input(text).unwrap().millis();
        let calls = |hour, code, calls| HourCalls { hour, code, calls };
        let hours = by_hour(
            &[
                calls(at("2026-11-19T09:00"), Code::Valid, 7),
                calls(at("2026-11-19T10:00"), Code::Valid, 1),
                calls(at("2026-11-21T09:00"), Code::Valid, 5),
                calls(at("2026-11-21T09:00"), Code::Expired, u64::MAX),
                calls(at("2026-11-21T09:00"), Code::RateLimited, 3),
            ],
            now,
        );
        assert_eq!(hours.len(), 48);
        assert_eq!(first_hour(now), at("2026-11-19T10:00"));
        let (first, last) = (hours.first().unwrap(), hours.last().unwrap());
        assert_eq!((first.starts.millis(), first.accepted, first.all()), (at("2026-11-19T10:00"), 1, 1));
        assert_eq!((last.starts.millis(), last.accepted), (at("2026-11-21T09:00"), 5));
        assert_eq!(last.refused, [(Code::Expired, u64::MAX), (Code::RateLimited, 3)]);
        assert_eq!((last.all_refused(), last.all()), (u64::MAX, u64::MAX));
        assert_eq!(hours.iter().filter(|hour| hour.all() > 0).count(), 2);
    }
}

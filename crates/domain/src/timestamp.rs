//! Times in UTC. Nothing here reads a clock: callers pass the time in.

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, Time};

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// A length of `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// A length of `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// A length of `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }

    /// A length of `n` days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self::hours(n.saturating_mul(24))
    }

    /// Whole seconds, rounded towards zero.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000
    }

    /// Whole seconds to wait, rounded up and at least 1, so that nobody comes back too early.
    pub const fn whole_seconds_up(self) -> i64 {
        let seconds = Self(self.0.saturating_add(999)).as_seconds();
        if seconds < 1 { 1 } else { seconds }
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The milliseconds since 1970-01-01T00:00:00Z; negative before it.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This much later (earlier if negative); stops at the ends of the range.
    pub const fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// This many seconds later; stops at the ends of the range.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus(Millis::seconds(seconds))
    }

    /// The time from `earlier` to this moment; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// The start of this second.
    pub const fn whole_second(self) -> Self {
        Self(self.0.div_euclid(1_000).saturating_mul(1_000))
    }

    /// The start of the next second, or this moment if it is the start of one.
    pub const fn whole_second_up(self) -> Self {
        self.plus(Millis(999)).whole_second()
    }

    /// The start of this hour, in milliseconds since 1970.
    pub const fn hour(self) -> i64 {
        self.0.saturating_sub(self.0.rem_euclid(3_600_000))
    }

    /// The start of this day in UTC.
    pub const fn midnight(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(86_400_000)))
    }

    /// `2026-11-21`, the value of a `date` input.
    pub fn to_date(self) -> String {
        self.parts().0
    }

    /// `2026-11-21T09:30:02Z`: whole seconds, rounded down.
    pub fn to_rfc3339(self) -> String {
        let (date, clock) = self.parts();
        format!("{date}T{clock}Z")
    }

    /// `2026-11-21 09:30:02 UTC`, for people.
    pub fn to_text(self) -> String {
        let (date, clock) = self.parts();
        format!("{date} {clock} UTC")
    }

    /// `2026-11-21 09:30:02.123 UTC`, where a second does not tell two times apart.
    pub fn to_exact_text(self) -> String {
        let (date, clock) = self.parts();
        format!("{date} {clock}.{:03} UTC", self.0.rem_euclid(1000))
    }

    /// `2026-11-21T09:30:02`, the value of a `datetime-local` input whose zone is UTC.
    pub fn to_input(self) -> String {
        let (date, clock) = self.parts();
        format!("{date}T{clock}")
    }

    /// Reads `2026-11-21`, `2026-11-21T09:30` or `2026-11-21T09:30:02`, with or without `Z`, as UTC. A space may
    /// replace the `T`. `None` for anything else.
    pub fn parse_input(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, Some(clock)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = Month::try_from(u8::try_from(digits(parts.next()?, 2)?).ok()?).ok()?;
        let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
        let mut seconds = 0;
        if let Some(clock) = clock {
            let mut clock = clock.split(':');
            seconds += i64::from(below(digits(clock.next()?, 2)?, 24)?) * 3_600;
            seconds += i64::from(below(digits(clock.next()?, 2)?, 60)?) * 60;
            if let Some(text) = clock.next() {
                seconds += i64::from(below(digits(text, 2)?, 60)?);
            }
            if clock.next().is_some() {
                return None;
            }
        }
        if parts.next().is_some() {
            return None;
        }
        let midnight = date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp();
        Some(Self::from_millis(0).plus_seconds(midnight.saturating_add(seconds)))
    }

    fn parts(self) -> (String, String) {
        // 0000-01-01 and 9999-12-31: the calendar ends there, and so do four-digit years.
        let seconds = self.0.div_euclid(1_000).clamp(-62_167_219_200, 253_402_300_799);
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        (
            format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()),
            format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
        )
    }
}

/// Exactly `len` ASCII digits as a number.
fn digits(text: &str, len: usize) -> Option<u16> {
    if text.len() != len || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn below(n: u16, end: u16) -> Option<u16> {
    (n < end).then_some(n)
}

#[cfg(feature = "server")]
mod rfc3339;
#[cfg(test)]
mod tests;

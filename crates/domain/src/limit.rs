//! Rate limits: a number of calls per length of time, counted in a sliding window.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors, parse_items};
use crate::text::quote;
use crate::timestamp::{Millis, Timestamp};

/// The most limits of a key.
pub const LIMITS_MAX: usize = 10;
/// The most characters of a limit's name.
pub const LIMIT_NAME_MAX: usize = 50;
/// The most calls of a limit.
pub const LIMIT_MAX: u32 = 1_000_000_000;
/// The shortest window of a limit.
pub const WINDOW_MIN: Millis = Millis::seconds(1);
/// The longest window of a limit.
pub const WINDOW_MAX: Millis = Millis::days(31);
/// The most that one call may cost.
pub const COST_MAX: u32 = 1_000_000_000;

/// The name of a limit that was typed without one.
const UNNAMED: &str = "calls";

/// A number of calls within a window of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// The limit's name, unique among the limits of a key.
    pub name: String,
    /// How many calls it allows within the window, 1 to `LIMIT_MAX`.
    pub limit: u32,
    /// The length of the window, `WINDOW_MIN` to `WINDOW_MAX`.
    pub window: Millis,
}

impl RateLimit {
    /// Builds a limit from the parts that a program sends. The error says what is wrong.
    pub fn new(name: &str, limit: u32, window: Millis) -> Result<Self, String> {
        if !is_name(name) {
            return Err(format!(
                "{} is not a name for a limit: use 1 to {LIMIT_NAME_MAX} of the characters a-z, A-Z, 0-9, _, - and the dot.",
                quote(name)
            ));
        }
        if limit == 0 || limit > LIMIT_MAX {
            return Err(format!("A limit allows 1 to {LIMIT_MAX} calls. To allow none, disable the key."));
        }
        if !(WINDOW_MIN..=WINDOW_MAX).contains(&window) {
            return Err("A limit's window is 1 second to 31 days.".to_owned());
        }
        Ok(Self { name: name.to_owned(), limit, window })
    }

    /// Reads `100 per minute`, `burst: 20 per 10s`, `daily: 5000/1d`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let how =
            || format!("{} is not a rate limit: write one like 100 per minute, or burst: 20 per 10s.", quote(text));
        let (name, rest) = text.rsplit_once(':').map_or((UNNAMED, text), |(name, rest)| (name.trim(), rest));
        let (count, window) = rest.split_once("per").or_else(|| rest.split_once('/')).ok_or_else(how)?;
        let count = count.trim().replace(['_', '\''], "");
        let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large to store is above the maximum in any case, and gets that error.
        let limit = if digits { count.parse().unwrap_or(u32::MAX) } else { return Err(how()) };
        Self::new(name, limit, window_of(window.trim()).ok_or_else(how)?)
    }

    /// Reads one limit per item, or several with commas between them. Errors name their items.
    pub fn parse_items(items: &[impl AsRef<str>]) -> Result<Vec<Self>, FieldErrors> {
        let limits = parse_items(items, Field::Limits, LIMITS_MAX, Self::parse)?;
        for (n, limit) in limits.iter().enumerate() {
            if limits.iter().take(n).any(|before| before.name == limit.name) {
                let message = format!("Two rate limits are called {}: give each its own name.", limit.name);
                return Err(FieldErrors::one(Field::Limits, message));
            }
        }
        Ok(limits)
    }

    /// `100 per minute`, without the name.
    pub fn words(&self) -> String {
        format!("{} per {}", self.limit, window_words(self.window))
    }
}

impl fmt::Display for RateLimit {
    /// The limit as people type it, with its name unless that is the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.words())
    }
}

/// Whether this may be the name of a limit.
pub fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=LIMIT_NAME_MAX).contains(&text.len()) && text.bytes().all(known)
}

const UNITS: [(&str, &str, i64); 4] =
    [("s", "second", 1), ("m", "minute", 60), ("h", "hour", 3_600), ("d", "day", 86_400)];

fn window_of(text: &str) -> Option<Millis> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at_checked(digits)?;
    let count: i64 = if count.is_empty() { 1 } else { count.parse().ok()? };
    let unit = unit.trim().to_ascii_lowercase();
    let known =
        |(short, long, _): &&(&str, &str, i64)| unit == *short || unit.strip_suffix('s').unwrap_or(&unit) == *long;
    let (_, _, seconds) = UNITS.iter().find(known)?;
    Some(Millis::seconds(count.checked_mul(*seconds)?))
}

fn window_words(window: Millis) -> String {
    let seconds = window.as_seconds();
    if window.0 % 1_000 != 0 {
        return format!("{} ms", window.0);
    }
    let unit = UNITS.iter().rev().find(|(_, _, unit)| seconds % unit == 0);
    let (short, long, unit) = unit.copied().unwrap_or(("s", "second", 1));
    if seconds == unit { long.to_owned() } else { format!("{}{short}", seconds / unit) }
}

/// The calls that one limit has counted: those of the current window, and those of the window before. Of the window
/// before, only the part counts that is less than one window's length ago, as if its calls had come evenly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The number of the current window.
    index: i64,
    current: u64,
    previous: u64,
}

/// The answer of a limit to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitAnswer {
    /// Whether there was room.
    pub passed: bool,
    /// How many calls are left now.
    pub remaining: u32,
    /// How long until the current window ends or, if there was no room, until there is. A cost above the limit never
    /// fits.
    pub reset: Millis,
}

impl Window {
    /// Whether `cost` fits at `now`. Counts nothing yet. If the clock goes back, the window stays where it is.
    pub fn ask(&mut self, limit: u32, window: Millis, cost: u32, now: Timestamp) -> LimitAnswer {
        let width = window.0.max(1);
        let index = now.millis().div_euclid(width);
        if index > self.index {
            self.previous = if index == self.index + 1 { self.current } else { 0 };
            self.current = 0;
            self.index = index;
        }
        // If the clock was set back, use the newest time that was seen.
        let elapsed = if index < self.index { 0 } else { now.millis().rem_euclid(width) };
        let (limit, cost) = (u64::from(limit), u64::from(cost));
        let left = limit.saturating_sub(self.used(width, elapsed));
        let passed = cost <= left;
        let reset = if passed { width - elapsed } else { self.room_after(limit, cost, width, elapsed) };
        LimitAnswer { passed, remaining: u32::try_from(left).unwrap_or(u32::MAX), reset: Millis(reset) }
    }

    /// Counts what was asked for.
    pub fn count(&mut self, cost: u32) {
        self.current = self.current.saturating_add(u64::from(cost));
    }

    /// Whether none of its calls count any longer at `now`.
    pub fn is_over(&self, window: Millis, now: Timestamp) -> bool {
        now.millis().div_euclid(window.0.max(1)) > self.index.saturating_add(1)
    }

    fn used(&self, width: i64, elapsed: i64) -> u64 {
        self.current.saturating_add(weighed(self.previous, width, elapsed))
    }

    /// How long until `cost` fits.
    fn room_after(&self, limit: u64, cost: u64, width: i64, elapsed: i64) -> i64 {
        let Some(room) = limit.checked_sub(cost) else { return WINDOW_MAX.0 };
        if let Some(room) = room.checked_sub(self.current) {
            return faded(self.previous, room, width).saturating_sub(elapsed).max(1);
        }
        (width - elapsed).saturating_add(faded(self.current, room, width)).max(1)
    }
}

/// The share of `calls` that still counts, rounded up.
fn weighed(calls: u64, width: i64, elapsed: i64) -> u64 {
    let (width, elapsed) = (u128::from(width.unsigned_abs()), u128::from(elapsed.unsigned_abs()));
    let share = (u128::from(calls) * (width - elapsed.min(width))).div_ceil(width);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// How far into a window it takes until at most `room` of the previous window's `calls` still count.
fn faded(calls: u64, room: u64, width: i64) -> i64 {
    if calls <= room {
        return 0;
    }
    let (calls, room, wide) = (u128::from(calls), u128::from(room), u128::from(width.unsigned_abs()));
    i64::try_from((wide * (calls - room)).div_ceil(calls)).unwrap_or(width)
}

#[cfg(test)]
mod tests;

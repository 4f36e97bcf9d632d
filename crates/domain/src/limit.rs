//! Rate limits: a number of calls per length of time, counted in a sliding window.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors, read_items};
use crate::text::quote;
use crate::timestamp::Millis;

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
        let (limits, mut errors) = read_items(items, Field::Limits, LIMITS_MAX, Self::parse);
        for (n, limit) in limits.iter().enumerate() {
            if limits.iter().take(n).any(|before| before.name == limit.name) {
                let message = format!("Two rate limits are called {}: give each its own name.", limit.name);
                errors.push(Field::Limits, message);
            }
        }
        errors.into_result().map(|()| limits)
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

/// A limit of at most this many calls remembers the time of each.
const EXACT_MAX: u32 = 32;

/// A larger limit remembers the first of the calls in each part of its window.
const PARTS: i64 = 16;

/// The calls that one limit has counted, and when. A call counts until it is one window old, or a sixteenth of a window
/// less with a limit over `EXACT_MAX`. Never longer: whoever stays within the limit in every stretch of the window's
/// length is never refused.
///
/// Times are those of a clock that never goes back, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallLog {
    /// The time of the first group.
    begun: i64,
    /// The oldest first.
    groups: Vec<Group>,
}

/// Calls that count, and are forgotten, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    /// When the first of them came, in milliseconds after `begun`. The longest window has fewer than 2³².
    after: u32,
    calls: u32,
}

/// The answer of a limit to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitAnswer {
    /// Whether there was room.
    pub passed: bool,
    /// How many calls are left now.
    pub remaining: u32,
    /// How long until there is room or, if there was, until the oldest call no longer counts; at most one window. A cost
    /// above the limit never fits.
    pub reset: Millis,
}

impl CallLog {
    /// Whether `cost` fits at `now`. Counts nothing yet.
    pub fn ask(&mut self, limit: u32, window: Millis, cost: u32, now: Millis) -> LimitAnswer {
        self.forget(window, now);
        let used = self.groups.iter().map(|group| u64::from(group.calls)).sum();
        let left = u64::from(limit).saturating_sub(used);
        let passed = u64::from(cost) <= left;
        let needed = if passed { 1 } else { u64::from(cost) - left };
        let remaining = u32::try_from(left).unwrap_or(u32::MAX);
        LimitAnswer { passed, remaining, reset: self.freed(needed, window, now) }
    }

    /// Counts what was asked for at the same time.
    pub fn count(&mut self, limit: u32, window: Millis, cost: u32, now: Millis) {
        if cost == 0 {
            return;
        }
        if self.groups.is_empty() {
            self.begun = now.0;
        }
        let after = u32::try_from(now.0 - self.begun).unwrap_or_default();
        let part = if limit <= EXACT_MAX { 1 } else { u32::try_from(window.0 / PARTS).unwrap_or_default().max(1) };
        match self.groups.last_mut() {
            Some(last) if after.saturating_sub(last.after) < part => {
                last.calls = last.calls.saturating_add(cost);
            }
            _ => self.groups.push(Group { after, calls: cost }),
        }
    }

    /// How many of its calls count at `now`.
    pub fn used(&mut self, window: Millis, now: Millis) -> u32 {
        self.forget(window, now);
        self.groups.iter().fold(0, |used, group| used.saturating_add(group.calls))
    }

    /// When the oldest of its calls no longer counts; `None` if none counts.
    pub fn next_end(&self, window: Millis) -> Option<Millis> {
        self.groups.first().map(|group| Millis(self.ends(*group, window)))
    }

    /// Whether none of its calls count any longer.
    pub fn is_over(&self, window: Millis, now: Millis) -> bool {
        self.groups.last().is_none_or(|last| self.ends(*last, window) <= now.0)
    }

    /// Forgets the calls that no longer count.
    fn forget(&mut self, window: Millis, now: Millis) {
        let over = self.groups.iter().take_while(|group| self.ends(**group, window) <= now.0).count();
        self.groups.drain(..over);
        let Some(first) = self.groups.first().map(|group| group.after).filter(|first| *first > 0) else { return };
        self.begun += i64::from(first);
        self.groups.iter_mut().for_each(|group| group.after -= first);
    }

    /// How long until so many of the calls no longer count.
    fn freed(&self, calls: u64, window: Millis, now: Millis) -> Millis {
        let mut freed = 0;
        let last = self.groups.iter().find(|group| {
            freed += u64::from(group.calls);
            freed >= calls
        });
        last.map_or(window, |group| Millis(self.ends(*group, window) - now.0))
    }

    fn ends(&self, group: Group, window: Millis) -> i64 {
        self.begun + i64::from(group.after) + window.0.max(1)
    }
}

#[cfg(test)]
mod tests;

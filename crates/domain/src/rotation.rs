//! Rotation: a new secret for a key, beside the old one for a while.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors};
use crate::key::{KeyState, SecretNumber, Status};
use crate::text::quote;
use crate::timestamp::{Millis, Timestamp};

/// The longest time for which two secrets of a key work.
pub const OVERLAP_MAX: Millis = Millis::days(90);
/// The shortest rotation interval, in days.
pub const ROTATE_DAYS_MIN: u32 = 1;
/// The longest rotation interval, in days: ten years.
pub const ROTATE_DAYS_MAX: u32 = 3_653;
/// How many addresses of each secret are named. Of more, it is only said that there are more.
pub const ADDRESSES_KEPT: usize = 10;
/// How far back the calls of each secret are counted.
pub const COUNTED_FOR: Millis = Millis::hours(1);

names! {
    /// The choices for an overlap.
    pub enum OverlapChoice {
        None = "none",
        Hour = "1h",
        Day = "24h",
        Week = "7d",
        /// The time in another field.
        Custom = "custom",
    }
}

impl OverlapChoice {
    /// What people choose first.
    pub const USUAL: Self = Self::Day;

    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "Not at all",
            Self::Hour => "1 hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Custom => "Another time",
        }
    }
}

/// For how long the old secret of a key works beside the new one, from the moment at which somebody confirms that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overlap(Millis);

impl Overlap {
    /// The old secret stops working at once.
    pub const NONE: Self = Self(Millis(0));
    /// What is meant if nobody says anything.
    pub const USUAL: Self = Self(Millis::hours(24));

    /// Reads `none`, or a number of minutes, hours or days like `30m`, `36h` or `7d`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let none = OverlapChoice::None.as_str();
        if text.trim() == none { Ok(Self::NONE) } else { Self::length(text, &format!(", or {none}")) }
    }

    /// The same for an overlap that goes on: there is no `none`.
    pub fn parse_longer(text: &str) -> Result<Self, String> {
        Self::length(text, "")
    }

    /// Reads a number of minutes, hours or days. `or` names what else may be written.
    fn length(text: &str, or: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("{} is not a length of time: write one like 30m, 36h or 7d{or}.", quote(text));
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = if is_number { number.parse().unwrap_or(i64::MAX) } else { return Err(wrong()) };
        let length = match unit {
            "m" => Millis::minutes(number),
            "h" => Millis::hours(number),
            "d" => Millis::days(number),
            _ => return Err(wrong()),
        };
        if length > OVERLAP_MAX { Err("Choose 90 days at most.".to_owned()) } else { Ok(Self(length)) }
    }

    /// Reads the choice of a form, and the time beside it.
    pub fn read(choice: &str, time: &str) -> Result<Self, FieldErrors> {
        match OverlapChoice::parse(choice) {
            None => Err(FieldErrors::one(Field::Overlap, "Choose one of the options.")),
            Some(OverlapChoice::Custom) if time.trim().is_empty() => {
                Err(FieldErrors::one(Field::OverlapTime, "Enter a time, for example 36h or 30d."))
            }
            Some(OverlapChoice::Custom) => {
                // Beside it is a choice for none.
                Self::parse_longer(time).map_err(|message| FieldErrors::one(Field::OverlapTime, message))
            }
            Some(choice) => Self::parse(choice.as_str()).map_err(|message| FieldErrors::one(Field::Overlap, message)),
        }
    }

    /// Reads the milliseconds that [`Overlap::millis`] gave.
    pub fn from_millis(millis: i64) -> Self {
        Self(Millis(millis.clamp(0, OVERLAP_MAX.0)))
    }

    /// Its length in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0.0
    }

    /// When an overlap from `now` on ends: at a whole second, as it is shown, and never later than the key expires. `None`
    /// if there is nothing to wait for.
    pub fn ends(self, now: Timestamp, key_expires_at: Option<Timestamp>) -> Option<Timestamp> {
        if self == Self::NONE {
            return None;
        }
        let end = now.plus(self.0).whole_second_up();
        let end = key_expires_at.map_or(end, |expires| end.min(expires));
        (end > now).then_some(end)
    }

    /// The end of an overlap that goes on from `now`, which began at `since`; `None` if that is no later than `ends_at`.
    pub fn extends(
        self,
        now: Timestamp,
        since: Timestamp,
        ends_at: Timestamp,
        key_expires_at: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let end = self.ends(now, key_expires_at)?.min(since.plus(OVERLAP_MAX).whole_second_up());
        (end > ends_at).then_some(end)
    }

    /// The length as people read it: `24 hours`, `7 days`, `none`.
    pub fn words(self) -> String {
        let minutes = self.0.as_seconds() / 60;
        let (count, unit) = match minutes {
            0 => return OverlapChoice::None.as_str().to_owned(),
            _ if minutes % 1_440 == 0 && minutes > 1_440 => (minutes / 1_440, "day"),
            _ if minutes % 60 == 0 => (minutes / 60, "hour"),
            _ => (minutes, "minute"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// Reads a rotation interval in days; `None` if it is blank.
pub fn rotate_days(text: &str) -> Result<Option<u32>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(days) if is_number && (ROTATE_DAYS_MIN..=ROTATE_DAYS_MAX).contains(&days) => Ok(Some(days)),
        _ => Err(format!("{} is not a number of days from {ROTATE_DAYS_MIN} to {ROTATE_DAYS_MAX}.", quote(text))),
    }
}

/// A rotation interval in words: `90 days`.
pub fn interval(days: u32) -> String {
    format!("{days} day{}", if days == 1 { "" } else { "s" })
}

names! {
    /// Why a key cannot be rotated now, or its rotation cannot be changed.
    pub enum NoRotation {
        Pending = "pending",
        Revoked = "revoked",
        Expired = "expired",
        /// A new secret waits to be confirmed.
        Waiting = "waiting",
        /// The old secret still works.
        Running = "running",
        /// No new secret waits to be confirmed.
        NotWaiting = "not_waiting",
        /// Only one secret works.
        NotRunning = "not_running",
        /// The end would not be any later.
        NoLater = "no_later",
        /// The form is about another new secret.
        Another = "another",
        /// The form has made its secret.
        Repeated = "repeated",
        /// A new secret waits until somebody collects it.
        HandedOver = "handed_over",
        /// Its holder may use it, but not rotate it.
        NotByHolder = "not_by_holder",
    }
}

impl NoRotation {
    /// What to tell a person: what is wrong and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Pending => "Nobody has confirmed this key yet; confirm it first, or drop it and generate it again.",
            Self::Revoked => "This key is revoked; restore it first, or generate a new key.",
            Self::Expired => "This key has expired; give it a later expiry first.",
            Self::Waiting => "A new secret of this key waits to be confirmed; confirm or drop that one first.",
            Self::Running => "The last rotation is not over and both secrets work; finish or undo it first.",
            Self::NotWaiting => "No new secret of this key waits to be confirmed; it may have been dropped.",
            Self::NotRunning => "Only one secret of this key works, so there is no rotation to change.",
            Self::NoLater => {
                "The old secret would not work any longer than it does now; choose a longer time, within 90 days in all and the expiry of the key."
            }
            Self::Another => "This key has been rotated again since you opened this page; look at its secrets first.",
            Self::Repeated => {
                "This form has already made a new secret, which is shown only once; if you did not store it, drop it and rotate again."
            }
            Self::HandedOver => "Somebody is to collect a new secret of this key; withdraw that link first.",
            Self::NotByHolder => "You may use this key, but not rotate it; ask whoever gave it to you.",
        }
    }

    /// Why a key of this status cannot get a new secret; `None` if it can. A disabled key can: its new secret works once
    /// somebody enables it.
    pub const fn of_status(state: KeyState, status: Status) -> Option<Self> {
        match (state, status) {
            (KeyState::Pending, _) => Some(Self::Pending),
            (KeyState::Revoked, _) => Some(Self::Revoked),
            (_, Status::Expired { .. }) => Some(Self::Expired),
            _ => None,
        }
    }
}

/// A new secret that waits to be confirmed. Until then it does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSecret {
    /// Which of the key's secrets it will be.
    pub number: SecretNumber,
    /// The last four characters of its token.
    pub last4: String,
    /// For how long the old one is to work on.
    pub overlap: Overlap,
    /// Who asked for it, in words.
    pub asked_by: String,
    /// When they asked.
    pub asked_at: Timestamp,
    /// When it is dropped if nobody confirms it.
    pub ack_deadline: Timestamp,
}

/// A secret that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSecret {
    /// Which of the key's secrets it is.
    pub number: SecretNumber,
    /// The last four characters of its token.
    pub last4: String,
    /// Since when it works.
    pub since: Timestamp,
    /// When it stops working; `None` if it works as long as the key.
    pub ends_at: Option<Timestamp>,
}

/// What is known of the calls with one secret. It is counted while the key has two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    /// The last call with it; `None` if there was none since there are two.
    pub last_used_at: Option<Timestamp>,
    /// The calls of the last hour, accepted or refused.
    pub calls: u64,
    /// The addresses that it was used from, the latest first, with the last call from each. At most `ADDRESSES_KEPT`.
    pub addresses: Vec<(IpAddr, Timestamp)>,
    /// Whether there were more addresses.
    pub more: bool,
}

impl SecretUse {
    /// For example `used 41 times in the last hour, from 2 addresses`. Both secrets work since `begun`: nothing is known
    /// of the time before.
    pub fn words(&self, now: Timestamp, begun: Timestamp) -> String {
        if self.calls == 0 {
            return match now.since(begun).as_seconds() / 60 {
                60.. => "not used in the last hour".to_owned(),
                minutes @ 2.. => format!("not used in the {minutes} minutes since both work"),
                _ => "not used yet: both have worked for less than 2 minutes".to_owned(),
            };
        }
        let since = now.plus(Millis(-COUNTED_FOR.0));
        let from = self.addresses.iter().filter(|(_, at)| *at > since).count();
        let times = match self.calls {
            1 => "once".to_owned(),
            calls => format!("{} times", crate::page::grouped(calls)),
        };
        let from = match from {
            0 => String::new(),
            1 => ", from 1 address".to_owned(),
            _ if self.more => format!(", from {ADDRESSES_KEPT}+ addresses"),
            from => format!(", from {from} addresses"),
        };
        format!("used {times} in the last hour{from}")
    }
}

/// A secret that works, with its use.
pub type UsedSecret = (LiveSecret, SecretUse);

/// The secrets of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation {
    /// A new secret that waits to be confirmed.
    pub waiting: Option<WaitingSecret>,
    /// The secrets that work, newest first: one, or two while an old one still works.
    pub secrets: Vec<UsedSecret>,
}

impl KeyRotation {
    /// The new secret and the old one, with its end, if both work.
    pub fn both(&self) -> Option<(&UsedSecret, &UsedSecret, Timestamp)> {
        let [new, old] = self.secrets.as_slice() else { return None };
        Some((new, old, old.0.ends_at?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn an_overlap_is_a_number_and_a_unit() {
        for (text, length, words) in [
            ("none", Millis(0), "none"),
            ("0m", Millis(0), "none"),
            ("1h", Millis::hours(1), "1 hour"),
            (" 24h ", Millis::hours(24), "24 hours"),
            ("1d", Millis::days(1), "24 hours"),
            ("7d", Millis::days(7), "7 days"),
            ("90m", Millis::minutes(90), "90 minutes"),
            ("90d", Millis::days(90), "90 days"),
        ] {
            let overlap = Overlap::parse(text).unwrap();
            assert_eq!((overlap.0, overlap.words().as_str()), (length, words), "{text}");
            assert_eq!(Overlap::from_millis(overlap.millis()), overlap);
        }
        for text in
            ["", "h", "1", "-1h", "+1h", "1.5h", "1w", "1 h", "é", "h1", "91d", "2161h", "99999999999999999999d"]
        {
            assert!(Overlap::parse(text).is_err() && Overlap::parse_longer(text).is_err(), "{text}");
        }
        // An error names every word that may be written.
        assert!(Overlap::parse("soon").unwrap_err().ends_with("write one like 30m, 36h or 7d, or none."));
        assert!(Overlap::parse_longer("none").unwrap_err().ends_with("write one like 30m, 36h or 7d."));
        for choice in OverlapChoice::ALL.iter().filter(|choice| **choice != OverlapChoice::Custom) {
            assert!(Overlap::read(choice.as_str(), "nonsense").is_ok(), "{choice:?}");
        }
        assert_eq!(Overlap::read(OverlapChoice::USUAL.as_str(), ""), Ok(Overlap::USUAL));
        assert_eq!(Overlap::read("custom", "36h"), Ok(Overlap(Millis::hours(36))));
        let wrong = |choice, time| Overlap::read(choice, time).unwrap_err().0[0].field;
        assert_eq!(
            (wrong("custom", " "), wrong("custom", "x"), wrong("36h", "")),
            (Field::OverlapTime, Field::OverlapTime, Field::Overlap)
        );
    }

    #[test]
    fn no_overlap_outlives_the_key_or_ninety_days() {
        let at = |hours| NOW.plus(Millis::hours(hours));
        assert_eq!(Overlap::USUAL.ends(NOW, None), Some(at(24)));
        assert_eq!(Overlap::USUAL.ends(NOW, Some(at(5))), Some(at(5)));
        assert_eq!(Overlap::USUAL.ends(NOW, Some(at(25))), Some(at(24)));
        assert_eq!((Overlap::USUAL.ends(NOW, Some(NOW)), Overlap::NONE.ends(NOW, None)), (None, None));
        let extended = |since, ends, expires| Overlap::USUAL.extends(NOW, since, ends, expires);
        assert_eq!(extended(at(-1), at(1), None), Some(at(24)));
        assert_eq!(extended(at(-1), at(24), None), None, "no later");
        assert_eq!(extended(at(-1), at(1), Some(at(2))), Some(at(2)));
        assert_eq!(extended(at(2 - 90 * 24), at(1), None), Some(at(2)), "90 days in all");
        assert_eq!(extended(at(1 - 90 * 24), at(1), None), None);
        // Whoever extends it again in the same second is told that nothing became longer.
        let later = NOW.plus(Millis(1));
        let end = Overlap::USUAL.ends(later, None).unwrap();
        assert_eq!(end, at(24).plus_seconds(1));
        assert_eq!(Overlap::USUAL.extends(later.plus(Millis(998)), NOW, end, None), None);
    }

    #[test]
    fn an_interval_is_whole_days() {
        assert_eq!((rotate_days(""), rotate_days(" 90 ")), (Ok(None), Ok(Some(90))));
        assert_eq!((interval(1).as_str(), interval(90).as_str()), ("1 day", "90 days"));
        for text in ["0", "-1", "+1", "3654", "1.5", "x", "99999999999"] {
            assert!(rotate_days(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_use_of_a_secret_is_told_in_a_line() {
        let address = |n: u8, ago: i64| (IpAddr::from([10, 0, 0, n]), NOW.plus(Millis::minutes(-ago)));
        let told = |calls, addresses: Vec<_>, more| {
            SecretUse { last_used_at: None, calls, addresses, more }.words(NOW, NOW.plus(Millis::hours(-1)))
        };
        assert_eq!(told(0, vec![address(1, 70)], false), "not used in the last hour");
        assert_eq!(told(1, vec![address(1, 5)], false), "used once in the last hour, from 1 address");
        assert_eq!(
            told(41, vec![address(1, 5), address(2, 5), address(3, 61)], false),
            "used 41 times in the last hour, from 2 addresses"
        );
        assert_eq!(told(1_200, Vec::new(), false), "used 1,200 times in the last hour");
        let many = (0..10).map(|n| address(n, 1)).collect();
        assert_eq!(told(50, many, true), "used 50 times in the last hour, from 10+ addresses");
        let unused = |minutes: i64| SecretUse::default().words(NOW, NOW.plus(Millis::minutes(-minutes)));
        assert_eq!(unused(60), "not used in the last hour");
        assert_eq!(unused(59), "not used in the 59 minutes since both work");
        assert_eq!(unused(1), "not used yet: both have worked for less than 2 minutes");
    }

    #[test]
    fn a_disabled_key_can_be_rotated_and_one_that_never_works_cannot() {
        let of =
            |state, expires_at| NoRotation::of_status(state, crate::key::status(state, None, expires_at, None, NOW));
        assert_eq!((of(KeyState::Active, None), of(KeyState::Disabled, None)), (None, None));
        assert_eq!(of(KeyState::Active, Some(NOW)), Some(NoRotation::Expired));
        assert_eq!(of(KeyState::Pending, None), Some(NoRotation::Pending));
        assert_eq!(of(KeyState::Revoked, Some(NOW)), Some(NoRotation::Revoked));
        for why in NoRotation::ALL {
            let message = why.message();
            assert!(message.ends_with('.') && message.matches('.').count() == 1, "{message}");
        }
    }
}

//! How long new keys live: what the wizard suggests, and what an installation allows at most.

use serde::{Deserialize, Serialize};

use crate::audit::Change;
use crate::expiry::Expiry;
use crate::field::{Field, FieldErrors};
use crate::text::joined;
use crate::timestamp::{Millis, Timestamp};

names! {
    /// A length of life, in days.
    pub enum Life {
        Days30 = "30",
        Days90 = "90",
        Days365 = "365",
        /// Without an end.
        Unlimited = "never",
    }
}

impl Life {
    /// Its days; `None` without an end.
    pub const fn days(self) -> Option<i64> {
        self.expiry().days()
    }

    /// The expiry of a key that lives this long.
    pub const fn expiry(self) -> Expiry {
        match self {
            Self::Days30 => Expiry::Days30,
            Self::Days90 => Expiry::Days90,
            Self::Days365 => Expiry::Days365,
            Self::Unlimited => Expiry::Never,
        }
    }

    /// The words of the settings, with a word for a life without an end.
    pub const fn label(self, unlimited: &'static str) -> &'static str {
        match self {
            Self::Unlimited => unlimited,
            other => other.expiry().label(),
        }
    }
}

/// What an installation says about the life of the keys that can expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeRules {
    /// The life that the wizard suggests.
    pub default: Life,
    /// The longest life that a key may have.
    pub longest: Life,
}

impl Default for LifeRules {
    fn default() -> Self {
        Self { default: Life::Days90, longest: Life::Unlimited }
    }
}

impl LifeRules {
    /// The strictest there are.
    pub const fn strictest() -> Self {
        Self { default: Life::Days30, longest: Life::Days30 }
    }

    /// Reads the two choices of the settings.
    pub fn read(default: &str, longest: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let words = || format!("Use one of {}.", joined(Life::ALL.iter().map(|life| life.as_str())));
        let read = |word| Life::parse(word).ok_or_else(words);
        let default = errors.keep(Field::DefaultLife, read(default));
        let longest = errors.keep(Field::LongestLife, read(longest));
        match (default, longest) {
            (Some(default), Some(longest)) if default > longest => {
                Err(FieldErrors::one(Field::DefaultLife, "Choose a default that is no longer than the longest life."))
            }
            (Some(default), Some(longest)) => Ok(Self { default, longest }),
            _ => Err(errors),
        }
    }

    /// The expiry, if it is allowed; otherwise the latest that is.
    pub fn at_most(self, expiry: Expiry) -> Expiry {
        if self.allows(expiry) { expiry } else { self.longest.expiry() }
    }

    /// Whether a new key may have this expiry. Only a date depends on which one it is.
    pub fn allows(self, expiry: Expiry) -> bool {
        match (self.longest.days(), expiry) {
            (None, _) | (_, Expiry::Custom) => true,
            (Some(most), expiry) => expiry.days().is_some_and(|days| days <= most),
        }
    }

    /// Refuses the expiry of a key that was issued at `issued`, if that is too late. `None` for `expires` is never.
    pub fn check(self, issued: Timestamp, expires: Option<Timestamp>) -> Result<(), String> {
        let Some(days) = self.longest.days() else { return Ok(()) };
        let latest = issued.plus(Millis::days(days));
        if expires.is_some_and(|expires| expires <= latest) {
            return Ok(());
        }
        Err(format!("Keys may live for {days} days at most here: choose an expiry by {}.", latest.to_text()))
    }

    /// The text of the setting.
    pub fn to_setting(self) -> String {
        format!("{} {}", self.default.as_str(), self.longest.as_str())
    }

    /// Reads the text of the setting; `None` if it is of a later version.
    pub fn from_setting(text: &str) -> Option<Self> {
        let (default, longest) = text.split_once(' ')?;
        Some(Self { default: Life::parse(default)?, longest: Life::parse(longest)? })
    }

    /// The differences to earlier rules, for the audit.
    pub fn changes(self, before: Self) -> Vec<Change> {
        let pairs =
            [(Field::DefaultLife, before.default, self.default), (Field::LongestLife, before.longest, self.longest)];
        let differing = pairs.into_iter().filter(|(_, from, to)| from != to);
        let told = |life: Life| Some(life.label("No end").to_owned());
        differing
            .map(|(field, from, to)| Change { field: field.as_str().to_owned(), from: told(from), to: told(to) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUED: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn rules(longest: Life) -> LifeRules {
        LifeRules { longest, ..LifeRules::default() }
    }

    #[test]
    fn no_key_may_live_longer_than_allowed() {
        let after = |days| Some(ISSUED.plus(Millis::days(days)));
        assert_eq!(rules(Life::Unlimited).check(ISSUED, None), Ok(()));
        for (longest, days) in [(Life::Days30, 30), (Life::Days90, 90), (Life::Days365, 365)] {
            assert_eq!(rules(longest).check(ISSUED, after(days)), Ok(()));
            let late = after(days).map(|at| at.plus_seconds(1));
            for refused in [late, None] {
                let message = rules(longest).check(ISSUED, refused).unwrap_err();
                assert!(message.starts_with(&format!("Keys may live for {days} days at most here")), "{message}");
            }
        }
    }

    #[test]
    fn what_is_not_allowed_becomes_the_latest_that_is() {
        let rules = rules(Life::Days90);
        assert_eq!(rules.at_most(Expiry::Never), Expiry::Days90);
        assert_eq!(rules.at_most(Expiry::Days365), Expiry::Days90);
        for expiry in [Expiry::Days7, Expiry::Days60, Expiry::Days90, Expiry::Custom] {
            assert_eq!(rules.at_most(expiry), expiry);
        }
        assert_eq!(LifeRules::default().at_most(Expiry::Never), Expiry::Never);
    }

    #[test]
    fn the_default_is_no_longer_than_the_longest() {
        for (default, longest) in [("30", "30"), ("90", "365"), ("365", "never"), ("never", "never")] {
            assert!(LifeRules::read(default, longest).is_ok(), "{default} {longest}");
        }
        for (default, longest) in [("90", "30"), ("never", "365"), ("", "never"), ("90", "90 days"), ("x", "y")] {
            assert!(LifeRules::read(default, longest).is_err(), "{default} {longest}");
        }
    }

    #[test]
    fn the_setting_is_read_back() {
        for default in Life::ALL {
            for longest in Life::ALL {
                let rules = LifeRules { default: *default, longest: *longest };
                assert_eq!(LifeRules::from_setting(&rules.to_setting()), Some(rules));
            }
        }
        for text in ["", "90", "90 91", "90 90 90"] {
            assert_eq!(LifeRules::from_setting(text), None, "{text}");
        }
    }

    #[test]
    fn the_record_tells_what_changed() {
        let before = LifeRules::default();
        assert_eq!(before.changes(before), []);
        let changes = LifeRules { default: Life::Days30, longest: Life::Days90 }.changes(before);
        let told: Vec<_> = changes.iter().map(|c| (&*c.field, c.from.as_deref(), c.to.as_deref())).collect();
        assert_eq!(
            told,
            [("default_life", Some("90 days"), Some("30 days")), ("longest_life", Some("No end"), Some("90 days"))]
        );
    }
}

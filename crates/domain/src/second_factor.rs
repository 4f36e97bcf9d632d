//! The second factor of a sign-in: who needs one here, and the codes that people type.

use crate::audit::Change;
use crate::field::{Field, FieldErrors};
use crate::role::Role;
use crate::text::joined;
use crate::timestamp::{Millis, Timestamp};

names! {
    /// Who needs a second factor.
    pub enum FactorPolicy {
        /// Nobody can set one up.
        Off = "off",
        Optional = "optional",
        /// Owners and admins.
        Managers = "managers",
        Everybody = "everybody",
    }
}

impl FactorPolicy {
    /// The words of the settings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Optional => "Optional",
            Self::Managers => "Required for owners and admins",
            Self::Everybody => "Required for everybody",
        }
    }

    /// Whether a person with this role needs one.
    pub const fn requires(self, role: Role) -> bool {
        match self {
            Self::Off | Self::Optional => false,
            Self::Managers => matches!(role, Role::Owner | Role::Admin),
            Self::Everybody => true,
        }
    }
}

/// The most days of grace.
pub const GRACE_MAX: i64 = 90;

/// What an installation says about second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorRules {
    /// Who needs one.
    pub policy: FactorPolicy,
    /// How many days people have to set one up.
    pub grace_days: i64,
    /// Since when the policy holds.
    pub since: Timestamp,
}

impl Default for FactorRules {
    fn default() -> Self {
        Self { policy: FactorPolicy::Optional, grace_days: 7, since: Timestamp::from_millis(0) }
    }
}

impl FactorRules {
    /// The strictest there are: everybody needs one at once.
    pub const fn strictest() -> Self {
        Self { policy: FactorPolicy::Everybody, grace_days: 0, since: Timestamp::from_millis(0) }
    }

    /// Reads the choices of the settings, which hold from `now` on.
    pub fn read(policy: &str, grace_days: &str, now: Timestamp) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let policy = FactorPolicy::parse(policy)
            .ok_or_else(|| format!("Use one of {}.", joined(FactorPolicy::ALL.iter().map(|policy| policy.as_str()))));
        let days = grace_days.trim().parse().ok().filter(|days| (0..=GRACE_MAX).contains(days));
        let days = days.ok_or_else(|| format!("Enter a number of days from 0 to {GRACE_MAX}."));
        let policy = errors.keep(Field::FactorPolicy, policy);
        let days = errors.keep(Field::GraceDays, days);
        match (policy, days) {
            (Some(policy), Some(grace_days)) => Ok(Self { policy, grace_days, since: now }),
            _ => Err(errors),
        }
    }

    /// When a person must have one who was added at `created`; `None` if never.
    pub fn due(self, role: Role, created: Timestamp) -> Option<Timestamp> {
        self.policy.requires(role).then(|| self.since.max(created).plus(Millis::days(self.grace_days)))
    }

    /// The text of the setting.
    pub fn to_setting(self) -> String {
        format!("{} {} {}", self.policy.as_str(), self.grace_days, self.since.millis())
    }

    /// Reads the text of the setting; `None` if it is of a later version.
    pub fn from_setting(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let policy = FactorPolicy::parse(parts.next()?)?;
        let grace_days = parts.next()?.parse().ok()?;
        Some(Self { policy, grace_days, since: Timestamp::from_millis(parts.next()?.parse().ok()?) })
    }

    /// The differences to earlier rules, for the audit.
    pub fn changes(self, before: Self) -> Vec<Change> {
        let policy = |rules: Self| rules.policy.label().to_owned();
        let days = |rules: Self| rules.grace_days.to_string();
        let pairs = [(Field::FactorPolicy, policy(before), policy(self)), (Field::GraceDays, days(before), days(self))];
        let differing = pairs.into_iter().filter(|(_, from, to)| from != to);
        differing
            .map(|(field, from, to)| Change { field: field.as_str().to_owned(), from: Some(from), to: Some(to) })
            .collect()
    }
}

/// A code as it was typed.
#[derive(Clone, PartialEq, Eq)]
pub enum Code {
    /// The six digits that an app shows.
    OfApp(u32),
    /// One of the recovery codes, in the form that is hashed.
    Recovery(String),
}

/// The letters and digits of recovery codes: base 32.
pub const RECOVERY_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The characters of a recovery code: 60 bits.
pub const RECOVERY_LENGTH: usize = 12;
/// How many recovery codes a person gets.
pub const RECOVERY_CODES: usize = 10;

/// The longest text that could be a code, with spaces.
const TYPED_MAX: usize = 100;

impl Code {
    /// Reads a code. Spaces, hyphens, small and full-width letters and digits are what people type and paste.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "Enter the 6 digits that your app shows, or a recovery code.".to_owned();
        if text.len() > TYPED_MAX {
            return Err(wrong());
        }
        let typed: String = text.chars().filter_map(plain).collect();
        let is_number = typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            return typed.parse().map(Self::OfApp).map_err(|_| wrong());
        }
        let is_recovery = typed.len() == RECOVERY_LENGTH && typed.bytes().all(|byte| RECOVERY_ALPHABET.contains(&byte));
        if is_recovery { Ok(Self::Recovery(typed)) } else { Err(wrong()) }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

/// A character of a code in its plain form; `None` for what only separates.
fn plain(c: char) -> Option<char> {
    let narrow = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    if narrow.is_whitespace() || matches!(narrow, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200f}') {
        return None;
    }
    Some(narrow.to_ascii_uppercase())
}

/// A text in groups of four, as people can read it out.
pub fn grouped(text: &str, separator: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = Millis::days(1);

    #[test]
    fn codes_are_read_as_people_type_them() {
        for text in ["123456", " 123 456 ", "123-456", "１２３４５６", "１２３　４５６", "1\t2\u{200b}3456\r\n"]
        {
            assert_eq!(Code::parse(text), Ok(Code::OfApp(123_456)), "{text:?}");
        }
        assert_eq!(Code::parse("000001"), Ok(Code::OfApp(1)));
        let recovery = Ok(Code::Recovery("ABCDEFGH2345".to_owned()));
        for text in ["ABCD-EFGH-2345", "abcdefgh2345", " abcd efgh 2345", "ＡＢＣＤ－ＥＦＧＨ－２３４５"]
        {
            assert_eq!(Code::parse(text), recovery, "{text:?}");
        }
        for text in [
            "",
            "12345",
            "1234567",
            "12345a",
            "ABCD-EFGH-2341",
            "ABCDEFGH234",
            "ABCDEFGH23456",
            "٠١٢٣٤٥",
            "é",
            &"1".repeat(10_000),
        ] {
            assert!(Code::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "Code(..)");
    }

    #[test]
    fn who_must_have_one_has_days_of_grace() {
        let since = Timestamp::from_millis(1_800_000_000_000);
        let rules = |policy| FactorRules { policy, grace_days: 7, since };
        let before = since.plus(Millis(-DAY.0));
        for role in Role::ALL {
            let manages = matches!(role, Role::Owner | Role::Admin);
            assert_eq!(rules(FactorPolicy::Off).due(*role, before), None);
            assert_eq!(rules(FactorPolicy::Optional).due(*role, before), None);
            assert_eq!(rules(FactorPolicy::Managers).due(*role, before).is_some(), manages, "{role:?}");
            assert_eq!(rules(FactorPolicy::Everybody).due(*role, before), Some(since.plus(Millis::days(7))));
        }
        let later = since.plus(Millis::days(3));
        assert_eq!(rules(FactorPolicy::Everybody).due(Role::Guest, later), Some(since.plus(Millis::days(10))));
    }

    #[test]
    fn the_setting_is_read_back_and_the_record_tells_what_changed() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        for policy in FactorPolicy::ALL {
            let rules = FactorRules::read(policy.as_str(), " 14 ", now).unwrap();
            assert_eq!(FactorRules::from_setting(&rules.to_setting()), Some(rules));
        }
        for text in ["", "off", "off 7", "of 7 0", "off x 0"] {
            assert_eq!(FactorRules::from_setting(text), None, "{text}");
        }
        for (policy, days) in [("", "7"), ("Off", "7"), ("off", ""), ("off", "-1"), ("off", "91"), ("off", "1.5")] {
            assert!(FactorRules::read(policy, days, now).is_err(), "{policy} {days}");
        }
        let changes =
            FactorRules { policy: FactorPolicy::Managers, ..FactorRules::default() }.changes(FactorRules::default());
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].to.as_deref(), Some("Required for owners and admins"));
    }

    #[test]
    fn groups_have_four_characters() {
        assert_eq!(grouped("ABCDEFGHIJ", "-"), "ABCD-EFGH-IJ");
        assert_eq!(grouped("", " "), "");
    }
}

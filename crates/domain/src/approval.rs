//! Which keys a second person must approve before they are issued.

use serde::{Deserialize, Serialize};

use crate::audit::Change;
use crate::field::{Field, FieldErrors, parse_items};
use crate::kind::KeyKind;
use crate::permission::Permission;
use crate::spec::KeySpec;
use crate::text::{joined, quote};
use crate::timestamp::Timestamp;

/// The most patterns of the settings.
pub const PATTERNS_MAX: usize = 50;

/// The pattern of every permission that administers Keystead itself.
const OWN: &str = "keystead.*";

/// Permissions: one, those that begin like `invoices.*`, all with `*`, or Keystead's own with `keystead.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == OWN {
            return Ok(Self(OWN.to_owned()));
        }
        Permission::parse(text).map(|permission| Self(permission.as_str().to_owned()))
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key with this permission may do something that the pattern is about. A wildcard may on either side. Unlike
    /// in a key, `*` here also means Keystead's own: asking too often does no harm.
    fn meets(&self, held: &Permission) -> bool {
        let below = |pattern: &str, text: &str| {
            pattern.strip_suffix('*').map_or(pattern == text, |stem| text.starts_with(stem))
        };
        below(&self.0, held.as_str()) || (!self.is_own() && below(held.as_str(), &self.0))
    }

    fn is_own(&self) -> bool {
        self.0 == OWN || Permission::parse(&self.0).is_ok_and(|permission| permission.is_reserved())
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What an installation says about approval. By default, no key needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRules {
    /// Keys of these kinds need it, in the order of their declaration.
    pub kinds: Vec<KeyKind>,
    /// Keys with one of these permissions do.
    pub permissions: Vec<Pattern>,
    /// Keys that could expire and never do.
    pub without_expiry: bool,
}

/// Why a key needs approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Every key of its kind does.
    Kind(KeyKind),
    /// It has this permission.
    Permission(Permission),
    /// It never expires.
    NoExpiry,
}

/// The causes in words that end a sentence: `it has the permissions a.b and c.d, and it never expires`.
pub fn in_words(causes: &[Cause]) -> String {
    let kind = causes.iter().find_map(|cause| match cause {
        Cause::Kind(kind) => Some(format!("its kind is {}", kind.label())),
        _ => None,
    });
    let held = causes.iter().filter_map(|cause| match cause {
        Cause::Permission(permission) => Some(permission.as_str()),
        _ => None,
    });
    let held = match held.collect::<Vec<_>>().as_slice() {
        [] => None,
        [one] => Some(format!("it has the permission {one}")),
        [others @ .., last] => Some(format!("it has the permissions {} and {last}", joined(others))),
    };
    let endless = causes.contains(&Cause::NoExpiry).then(|| "it never expires".to_owned());
    [kind, held, endless].into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

impl ApprovalRules {
    /// The strictest there are: every key needs approval.
    pub fn strictest() -> Self {
        Self { kinds: KeyKind::issuable().collect(), permissions: Vec::new(), without_expiry: true }
    }

    /// Reads what was typed into the settings. `kinds` are words.
    pub fn read(kinds: &[String], permissions: &[String], without_expiry: bool) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut chosen = Vec::new();
        for (item, word) in kinds.iter().enumerate() {
            match KeyKind::parse(word).filter(|kind| kind.rules().issuable_now) {
                Some(kind) => chosen.push(kind),
                None => errors.push_item(Field::ApprovalKinds, item, unknown_kind(word)),
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        let patterns = parse_items(permissions, Field::ApprovalPermissions, PATTERNS_MAX, Pattern::parse);
        let patterns = errors.keep_all(patterns);
        errors.into_result()?;
        Ok(Self { kinds: chosen, permissions: patterns.unwrap_or_default(), without_expiry })
    }

    /// Whether any key needs approval.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Why this key needs approval; empty if it does not.
    pub fn causes(&self, spec: &KeySpec) -> Vec<Cause> {
        let kind = self.kinds.contains(&spec.kind).then_some(Cause::Kind(spec.kind));
        let held = spec.rules.permissions.iter();
        let held = held.filter(|held| self.permissions.iter().any(|pattern| pattern.meets(held)));
        let endless = self.without_expiry && spec.expires_at.is_none() && spec.kind.rules().asks(Field::Expiry);
        let held = held.map(|held| Cause::Permission(held.clone()));
        kind.into_iter().chain(held).chain(endless.then_some(Cause::NoExpiry)).collect()
    }

    /// Refuses a change of a key that nobody approves. It may give no cause that the key did not have. A key of a kind that
    /// needs approval gets no further permission and no later expiry, either.
    pub fn check_change(&self, before: &KeySpec, after: &KeySpec, expiry: Field) -> Result<(), FieldErrors> {
        let (had, has) = (self.causes(before), self.causes(after));
        let mut errors = FieldErrors::default();
        for cause in has.iter().filter(|cause| !had.contains(cause)) {
            match cause {
                Cause::Permission(permission) => errors.push(Field::Permissions, refused(permission)),
                Cause::NoExpiry => errors.push(expiry, ENDLESS),
                Cause::Kind(_) => {}
            }
        }
        if self.kinds.contains(&after.kind) {
            let held = &before.rules.permissions;
            let gained = |permission: &&Permission| !held.iter().any(|held| held.gives(permission.as_str()));
            for permission in after.rules.permissions.iter().filter(gained) {
                if errors.of(Field::Permissions).all(|error| error.message != refused(permission)) {
                    errors.push(Field::Permissions, refused(permission));
                }
            }
            if later(before.expires_at, after.expires_at) && errors.of(expiry).next().is_none() {
                errors.push(expiry, "A second person must approve a later expiry here: ask for a new key instead.");
            }
        }
        errors.into_result()
    }

    /// The text of the setting.
    #[cfg(feature = "server")]
    pub fn to_setting(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the text of the setting; `None` if it is of a later version. Earlier ones kept kinds that nobody issues.
    #[cfg(feature = "server")]
    pub fn from_setting(text: &str) -> Option<Self> {
        let mut rules: Self = serde_json::from_str(text).ok()?;
        rules.kinds.retain(|kind| kind.rules().issuable_now);
        Some(rules)
    }

    /// The differences to earlier rules, for the audit.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let rows = |rules: &Self| {
            [
                (Field::ApprovalKinds, joined(rules.kinds.iter().map(|kind| kind.as_str()))),
                (Field::ApprovalPermissions, joined(rules.permissions.iter().map(Pattern::as_str))),
                (Field::ApprovalNoExpiry, if rules.without_expiry { "yes".to_owned() } else { String::new() }),
            ]
        };
        let told = |text: String| (!text.is_empty()).then_some(text);
        let pairs = rows(before).into_iter().zip(rows(self));
        pairs
            .filter(|((_, from), (_, to))| from != to)
            .map(|((field, from), (_, to))| Change { field: field.as_str().to_owned(), from: told(from), to: told(to) })
            .collect()
    }
}

const ENDLESS: &str = "A second person must approve keys that never expire: choose an expiry, or ask for a new key.";

fn refused(permission: &Permission) -> String {
    format!("A second person must approve {} here: ask for a new key instead.", permission.as_str())
}

fn unknown_kind(word: &str) -> String {
    let kinds = joined(KeyKind::issuable().map(KeyKind::as_str));
    format!("{} is not a kind that somebody issues: choose among {kinds}.", quote(word))
}

/// Whether a key expires later than it did; `None` is never.
fn later(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    before.is_some_and(|before| after.is_none_or(|after| after > before))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pattern_survives_its_text_and_meets_itself(text in r"\PC{0,40}|[a-z0-9.*]{0,20}|keystead\.[a-z.*]{0,8}") {
            if let Ok(pattern) = Pattern::parse(&text) {
                prop_assert_eq!(Pattern::parse(pattern.as_str()), Ok(pattern.clone()));
                if let Ok(held) = Permission::parse(pattern.as_str()) {
                    prop_assert!(pattern.meets(&held));
                }
            }
        }
    }

    fn rules(kinds: &[&str], permissions: &[&str], without_expiry: bool) -> ApprovalRules {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        ApprovalRules::read(&owned(kinds), &owned(permissions), without_expiry).unwrap()
    }

    fn key(kind: KeyKind, permissions: &[&str], expires_at: Option<i64>) -> KeySpec {
        let mut spec = KeySpec::blank(kind);
        spec.rules.permissions = permissions.iter().map(|text| Permission::parse(text).unwrap()).collect();
        spec.expires_at = expires_at.map(Timestamp::from_millis);
        spec
    }

    #[test]
    fn nothing_needs_approval_until_somebody_says_so() {
        let rules = ApprovalRules::default();
        assert!(rules.is_off());
        for kind in KeyKind::ALL {
            assert_eq!(rules.causes(&key(*kind, &["*", "keystead.verify"], None)), []);
        }
    }

    #[test]
    fn a_pattern_meets_what_a_key_may_do() {
        for (pattern, held, meets) in [
            ("invoices.read", "invoices.read", true),
            ("invoices.read", "invoices.write", false),
            ("invoices.*", "invoices.write", true),
            ("invoices.*", "invoices.lines.read", true),
            ("invoices.*", "invoicesx.read", false),
            ("invoices.write", "invoices.*", true),
            ("invoices.write", "*", true),
            ("invoices.*", "invoices.lines.*", true),
            ("invoices.lines.*", "invoices.*", true),
            ("*", "a", true),
            ("*", "keystead.verify", true),
            ("keystead.*", "keystead.verify", true),
            ("keystead.verify", "keystead.verify", true),
            // A wildcard never gives one of Keystead's own.
            ("keystead.*", "*", false),
            ("keystead.verify", "*", false),
            ("keystead.*", "keysteads.read", false),
        ] {
            let found = rules(&[], &[pattern], false).causes(&key(KeyKind::Service, &[held], None));
            assert_eq!(found.len(), usize::from(meets), "{pattern} {held}");
        }
    }

    #[test]
    fn each_cause_is_named() {
        let rules = rules(&["client", "service"], &["invoices.*"], true);
        let words = |spec: KeySpec| in_words(&rules.causes(&spec));
        assert_eq!(
            words(key(KeyKind::Service, &["a.b", "invoices.read"], None)),
            "its kind is Service, and it has the permission invoices.read, and it never expires"
        );
        for (held, expected) in [
            (&["invoices.a", "invoices.b"][..], "it has the permissions invoices.a and invoices.b"),
            (
                &["invoices.a", "invoices.b", "invoices.c"],
                "it has the permissions invoices.a, invoices.b and invoices.c",
            ),
        ] {
            let spec = key(KeyKind::Service, held, Some(9));
            assert_eq!(words(spec), format!("its kind is Service, and {expected}"));
        }
        assert_eq!(words(key(KeyKind::Service, &[], Some(9))), "its kind is Service");
        // These keys cannot expire at all.
        assert_eq!(words(key(KeyKind::Client, &[], None)), "its kind is Client");
        assert_eq!(words(key(KeyKind::Telephony, &[], None)), "");
    }

    #[test]
    fn a_change_brings_no_key_under_the_rules() {
        let of = |rules: &ApprovalRules, before: &KeySpec, after: &KeySpec| {
            let checked = rules.check_change(before, after, Field::Expiry);
            checked.err().unwrap_or_default().0.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let some = rules(&[], &["invoices.*"], true);
        let service = |permissions: &[&str], end| key(KeyKind::Service, permissions, end);
        let plain = service(&["a.b"], Some(9));
        assert_eq!(of(&some, &plain, &service(&["a.b", "c.d"], Some(99))), []);
        assert_eq!(of(&some, &plain, &service(&["invoices.read"], Some(9))), [Field::Permissions]);
        assert_eq!(of(&some, &plain, &service(&["*"], Some(9))), [Field::Permissions]);
        assert_eq!(of(&some, &plain, &service(&[], None)), [Field::Expiry]);
        // What it had, it keeps.
        let had = service(&["invoices.read"], None);
        assert_eq!(of(&some, &had, &service(&["invoices.read", "c.d"], None)), []);
        assert_eq!(of(&some, &had, &service(&["invoices.read", "invoices.write"], None)), [Field::Permissions]);

        let all = rules(&["service"], &[], false);
        assert_eq!(of(&all, &plain, &service(&[], Some(8))), []);
        assert_eq!(of(&all, &plain, &service(&["a.b"], Some(10))), [Field::Expiry]);
        assert_eq!(of(&all, &plain, &service(&["a.b", "c.d"], None)), [Field::Permissions, Field::Expiry]);
        assert_eq!(of(&all, &service(&["c.*"], None), &service(&["c.d"], None)), []);
    }

    #[test]
    fn what_is_wrong_is_named_at_its_field() {
        let wrong = |kinds: &[&str], permissions: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let errors = ApprovalRules::read(&owned(kinds), &owned(permissions), false).unwrap_err();
            errors.0.into_iter().map(|error| (error.field, error.item)).collect::<Vec<_>>()
        };
        // The key of an app comes with the app, so nobody asks for one.
        for kind in ["sausage", "member", ""] {
            assert_eq!(wrong(&["service", kind], &[]), [(Field::ApprovalKinds, Some(1))], "{kind}");
        }
        for text in ["Invoices.read", "a..b", "keystead.v*", "a.*.b"] {
            assert_eq!(wrong(&[], &["ok.*", text]), [(Field::ApprovalPermissions, Some(1))], "{text}");
        }
        let many = vec!["a.b".to_owned(); PATTERNS_MAX + 1];
        assert!(ApprovalRules::read(&[], &many, false).is_err());
    }

    #[cfg(feature = "server")]
    #[test]
    fn the_setting_is_read_back() {
        for rules in [ApprovalRules::default(), rules(&["account", "service"], &["keystead.*", "a.b", "*"], true)] {
            assert_eq!(ApprovalRules::from_setting(&rules.to_setting()), Some(rules));
        }
        let earlier = r#"{"kinds":["service","member"],"permissions":[],"without_expiry":false}"#;
        assert_eq!(ApprovalRules::from_setting(earlier), Some(rules(&["service"], &[], false)));
        for text in ["", "{}", r#"{"kinds":["sausage"],"permissions":[],"without_expiry":false}"#] {
            assert_eq!(ApprovalRules::from_setting(text), None, "{text}");
        }
    }

    #[test]
    fn the_record_tells_what_changed() {
        let (before, after) = (ApprovalRules::default(), rules(&["service"], &["keystead.*"], true));
        assert_eq!(before.changes(&before), []);
        let told = after.changes(&before);
        let told: Vec<_> = told.iter().map(|c| (&*c.field, c.from.as_deref(), c.to.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("approval_kinds", None, Some("service")),
                ("approval_permissions", None, Some("keystead.*")),
                ("approval_no_expiry", None, Some("yes"))
            ]
        );
    }
}

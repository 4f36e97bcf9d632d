//! What people should know about a key before they generate it, although nothing is wrong with its fields.

use serde::{Deserialize, Serialize};

use crate::contradiction::contradiction;
use crate::field::Field;
use crate::permission::{AdminPermission, Permission};
use crate::spec::KeySpec;
use crate::timestamp::Timestamp;

/// Something to know about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caution {
    /// In a sentence or two.
    pub words: String,
    /// Whether calls are refused that people may expect to pass.
    pub refuses: bool,
}

/// What to know about a key, the gravest first. Says nothing about fields that its kind does not have.
pub fn cautions(spec: &KeySpec, now: Timestamp) -> Vec<Caution> {
    let mut cautions: Vec<_> =
        contradiction(&spec.rules).map(|words| Caution { words, refuses: true }).into_iter().collect();
    let kind = spec.kind.rules();
    let mut say = |words: &str| cautions.push(Caution { words: words.to_owned(), refuses: false });
    let endless = kind.asks(Field::Expiry) && spec.expires_at.is_none();
    let rules = &spec.rules;
    let open =
        kind.asks(Field::Cidrs) && rules.cidrs.is_empty() && rules.denied_cidrs.is_empty() && rules.domains.is_empty();
    let exposed = match (endless, open) {
        (true, true) => {
            "This key never expires and works from everywhere. Anyone who finds it can use it until you notice."
        }
        (true, false) => "This key never expires.",
        (false, true) => "This key works from everywhere.",
        (false, false) => "",
    };
    if !exposed.is_empty() {
        say(exposed);
    }
    if administers(spec) {
        say(
            "This key administers Keystead: treat it like the password of an owner, and give it networks and an expiry.",
        );
    }
    if spec.not_before.is_some_and(|from| from <= now) {
        say("“Valid from” is in the past: the key works as soon as you confirm it.");
    }
    cautions
}

/// Whether a key of this kind changes something in Keystead itself.
fn administers(spec: &KeySpec) -> bool {
    let changes =
        |permission: &Permission| AdminPermission::parse(permission.as_str()).is_some_and(AdminPermission::changes);
    spec.rules.permissions.iter().any(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::KeyDraft;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn of(draft: KeyDraft) -> Vec<(String, bool)> {
        let named = KeyDraft { name: Some("x".to_owned()), ..draft };
        let spec = named.check(NOW).unwrap();
        cautions(&spec, NOW).into_iter().map(|caution| (caution.words, caution.refuses)).collect()
    }

    fn kind(kind: &str) -> KeyDraft {
        KeyDraft { kind: Some(kind.to_owned()), ..KeyDraft::default() }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_leaves_a_key_open_is_said() {
        let starts = |draft: KeyDraft| of(draft).iter().map(|(words, _)| words[..32].to_owned()).collect::<Vec<_>>();
        assert_eq!(starts(kind("service")), ["This key never expires and works"]);
        assert_eq!(of(KeyDraft { expiry: some("90"), ..kind("service") })[0].0, "This key works from everywhere.");
        let bound = KeyDraft { domains: Some(vec!["app.example.com".to_owned()]), ..kind("service") };
        assert_eq!(of(bound.clone()), [("This key never expires.".to_owned(), false)]);
        assert_eq!(of(KeyDraft { expiry: some("7"), ..bound }), []);
    }

    #[test]
    fn a_kind_is_told_only_what_it_can_change() {
        assert_eq!(of(kind("client")), []);
        assert_eq!(of(kind("master_user")), [("This key works from everywhere.".to_owned(), false)]);
    }

    #[test]
    fn a_key_that_can_never_pass_comes_first_and_a_past_start_is_told() {
        let networks = Some(vec!["10.0.0.0/8".to_owned()]);
        let shut = KeyDraft { cidrs: networks.clone(), denied_cidrs: networks, ..kind("service") };
        let told = of(KeyDraft { not_before: some("2020-01-01"), ..shut });
        assert!(told[0].0.starts_with("This key can never pass") && told[0].1, "{told:?}");
        assert_eq!(told[1].0, "This key never expires.");
        assert!(told[2].0.contains("in the past") && !told[2].1, "{told:?}");
        let later = KeyDraft { not_before: some("2040-01-01"), expiry: some("never"), ..kind("service") };
        assert_eq!(of(later).len(), 1);
    }
}

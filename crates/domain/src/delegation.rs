//! Which keys a key may make and change: those that may do no more in Keystead than itself, in no more places and for no
//! longer. Permissions of the customer's own APIs do not count. A key that issues keys need not hold them.

use crate::key::KeyRecord;
use crate::kind::Purpose;
use crate::spec::KeySpec;

/// Whether `made` may do more in Keystead than `maker`.
pub fn exceeds(maker: &KeyRecord, made: &KeySpec) -> bool {
    let (own, rules) = (&maker.rules, &made.rules);
    let mut administers = rules.permissions.iter().filter(|permission| permission.is_reserved()).peekable();
    // What is kept in Keystead opens to other kinds without a permission of Keystead's own.
    if administers.peek().is_none() && made.kind.rules().purpose == Purpose::OwnApis {
        return false;
    }
    let more = administers.any(|permission| !own.permissions.contains(permission));
    let longer = maker.expires_at.is_some_and(|end| made.expires_at.is_none_or(|expires| expires > end));
    let within = |network| own.cidrs.iter().any(|mine| mine.covers(network));
    let elsewhere = !own.cidrs.is_empty() && (rules.cidrs.is_empty() || !rules.cidrs.iter().all(within));
    let blocked = |network| rules.denied_cidrs.iter().any(|denied| denied.covers(network));
    let unblocked = !own.denied_cidrs.iter().all(blocked);
    let known = |domain| own.domains.contains(domain);
    let other_origins = !own.domains.is_empty() && (rules.domains.is_empty() || !rules.domains.iter().all(known));
    more || longer || elsewhere || unblocked || other_origins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::KeyDraft;
    use crate::ids::{AppId, KeyId};
    use crate::key::KeyState;
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn list(items: &[&str]) -> Option<Vec<String>> {
        (!items.is_empty()).then(|| items.iter().map(|item| (*item).to_owned()).collect())
    }

    fn spec(boxes: &[&str], expires: Option<&str>, cidrs: &[&str], denied: &[&str], domains: &[&str]) -> KeySpec {
        let draft = KeyDraft {
            kind: Some("service".to_owned()),
            name: Some("Key".to_owned()),
            permissions: list(&["invoices.read"]),
            boxes: boxes.iter().map(|name| (*name).to_owned()).collect(),
            expires_at: expires.map(str::to_owned),
            cidrs: list(cidrs),
            denied_cidrs: list(denied),
            domains: list(domains),
            ..KeyDraft::default()
        };
        draft.check(NOW).unwrap()
    }

    fn record(spec: KeySpec) -> KeyRecord {
        KeyRecord {
            id: KeyId::from_random([1; 16]),
            app_id: AppId::from_random([1; 12]),
            kind: spec.kind,
            name: spec.name,
            state: KeyState::Active,
            app_archived: false,
            not_before: spec.not_before,
            expires_at: spec.expires_at,
            rules: spec.rules,
        }
    }

    const WRITE: &[&str] = &["keystead.keys.write"];

    #[test]
    fn a_key_gives_only_what_it_has() {
        let maker = record(spec(WRITE, None, &[], &[], &[]));
        assert!(!exceeds(&maker, &spec(&[], None, &[], &[], &[])));
        assert!(!exceeds(&maker, &spec(WRITE, None, &[], &[], &[])));
        assert!(exceeds(&maker, &spec(&["keystead.keys.read"], None, &[], &[], &[])));
        assert!(exceeds(&maker, &spec(&["keystead.keys.write", "keystead.verify"], None, &[], &[], &[])));
    }

    #[test]
    fn a_kind_that_opens_what_keystead_keeps_is_no_less_restricted_than_its_maker() {
        let draft = |kind: &str| {
            let integration = (kind == "integration").then(|| "0123456789abcdef01234567".to_owned());
            let (kind, name) = (Some(kind.to_owned()), Some("Key".to_owned()));
            KeyDraft { kind, name, integration, ..KeyDraft::default() }.check(NOW).unwrap()
        };
        for made in [draft("app"), draft("integration"), draft("master_user"), draft("client")] {
            assert!(!exceeds(&record(spec(WRITE, None, &[], &[], &[])), &made));
            assert!(exceeds(&record(spec(WRITE, Some("2030-01-01"), &[], &[], &[])), &made));
            assert!(exceeds(&record(spec(WRITE, None, &["10.0.0.0/8"], &[], &[])), &made));
            assert!(exceeds(&record(spec(WRITE, None, &[], &["10.0.0.0/8"], &[])), &made));
            assert!(!exceeds(&record(draft("account")), &made));
        }
    }

    #[test]
    fn what_it_gives_ends_and_is_restricted_as_it_is_itself() {
        let (end, later) = (Some("2030-01-01"), Some("2030-01-02"));
        let maker = record(spec(WRITE, end, &["10.0.0.0/8", "192.0.2.0/24"], &["10.1.0.0/16"], &["a.example"]));
        let good = |boxes, expires| spec(boxes, expires, &["10.2.0.0/16"], &["10.0.0.0/8"], &["a.example"]);
        assert!(!exceeds(&maker, &good(WRITE, end)));
        assert!(exceeds(&maker, &good(WRITE, later)) && exceeds(&maker, &good(WRITE, None)));
        assert!(!exceeds(&maker, &good(&[], None)), "it administers nothing");
        let origin: &[&str] = &["a.example"];
        for (cidrs, denied, domains) in [
            (&[][..], &["10.0.0.0/8"][..], origin),
            (&["10.2.0.0/16", "198.51.100.0/24"], &["10.0.0.0/8"], origin),
            (&["0.0.0.0/0"], &["10.0.0.0/8"], origin),
            (&["10.2.0.0/16"], &[], origin),
            (&["10.2.0.0/16"], &["10.1.0.0/24"], origin),
            (&["10.2.0.0/16"], &["10.0.0.0/8"], &[]),
            (&["10.2.0.0/16"], &["10.0.0.0/8"], &["a.example", "b.example"]),
        ] {
            assert!(exceeds(&maker, &spec(WRITE, end, cidrs, denied, domains)), "{cidrs:?} {denied:?} {domains:?}");
        }
    }
}

use super::filled::texts;
use super::tests::{list, some};
use super::*;
use crate::audit::Change;
use crate::ids::ContactId;
use crate::permission::Permission;
use crate::quota::Quota;
use crate::rules::{KeyRules, changes};
use crate::sample;

const NOW: Timestamp = Timestamp::from_millis(1_795_253_402_000);

fn detail(kind: KeyKind) -> KeyDetail {
    let has = |field| kind.rules().asks(field);
    let given = |field, items: &'static [&'static str]| if has(field) { items } else { &[] };
    let permissions: &[&str] = match kind {
        KeyKind::Service => &["invoices.read", "keystead.verify"],
        KeyKind::MasterUser => &["chats.read"],
        _ => &[],
    };
    let mut key = sample::key(kind, NOW);
    key.row.not_before = has(Field::NotBefore).then_some(NOW.plus_seconds(-60));
    key.row.expires_at = has(Field::ExpiresAt).then_some(NOW.plus_seconds(-30));
    key.description = if has(Field::Description) { "nightly".to_owned() } else { String::new() };
    key.quota_left = has(Field::Quota).then_some(10);
    key.rules = KeyRules {
        cidrs: CidrRule::parse_items(Field::Cidrs, given(Field::Cidrs, &["10.0.0.0/8", "::1"])).unwrap(),
        denied_cidrs: CidrRule::parse_items(Field::Cidrs, given(Field::DeniedCidrs, &["10.1.0.0/16"])).unwrap(),
        domains: DomainRule::parse_items(given(Field::Domains, &["*.example.com"])).unwrap(),
        permissions: permissions.iter().map(|text| Permission::parse(text).unwrap()).collect(),
        limits: RateLimit::parse_items(given(Field::Limits, &["burst: 20 per 10s"])).unwrap(),
        quota: has(Field::Quota).then_some(Quota { total: 1_000, refill: Refill::Daily }),
        environment: Environment::Live,
        external_id: has(Field::ExternalId).then(|| "cus_42".to_owned()),
        owner: has(Field::Owner).then(|| Owner::Team("Payments".to_owned())),
        tags: if has(Field::Tags) { vec!["eu".to_owned(), "prod".to_owned()] } else { Vec::new() },
        metadata: Metadata::parse_items(&texts(given(Field::Metadata, &["plan=gold"]))).unwrap(),
        rotate_days: has(Field::RotateDays).then_some(90),
        acts_for: if has(Field::ActsFor) { vec![ContactId::from_random([7; 12])] } else { Vec::new() },
        integration: has(Field::Integration).then(|| IntegrationId::from_random([7; 12])),
    };
    key
}

/// What an edit records in the audit.
fn record(draft: &KeyDraft, key: &KeyDetail) -> Vec<Change> {
    changes(&key.spec().told(), &draft.check_edit(key, NOW).unwrap().told())
}

#[test]
fn the_edit_form_sent_back_unchanged_changes_nothing() {
    for kind in KeyKind::issuable() {
        let key = detail(kind);
        assert_eq!(KeyDraft::from_detail(&key).check_edit(&key, NOW), Ok(key.spec()), "{}", kind.label());
    }
}

#[test]
fn the_same_fields_again_make_the_same_key() {
    for kind in KeyKind::issuable() {
        let mut old = detail(kind);
        old.row.expires_at = None;
        let spec = KeyDraft::again(&old).check(NOW).unwrap();
        assert_eq!(spec, old.spec());
    }
}

#[test]
fn each_kind_refuses_what_its_table_does_not_allow() {
    for kind in KeyKind::ALL.iter().copied() {
        let sent = |field| {
            let mut draft = KeyDraft::default();
            // Blank on purpose: blanking a list lifts a restriction.
            match field {
                Field::Name => draft.name = some("x"),
                Field::Description => draft.description = some(""),
                Field::Cidrs => draft.cidrs = list(&[]),
                Field::Domains => draft.domains = list(&[]),
                Field::Permissions => draft.permissions = list(&[]),
                Field::NotBefore => draft.not_before = some(""),
                Field::Expiry => draft.expiry = some(""),
                _ => draft.expires_at = some(""),
            }
            draft
        };
        for field in [
            Field::Name,
            Field::Description,
            Field::Cidrs,
            Field::Domains,
            Field::Permissions,
            Field::NotBefore,
            Field::Expiry,
            Field::ExpiresAt,
        ] {
            let checked = sent(field).check_edit(&detail(kind), NOW);
            if kind.rules().allows_edit(field) {
                assert!(checked.is_ok(), "{} {}", kind.label(), field.as_str());
            } else if field != Field::Name && !kind.rules().asks(field) {
                assert_eq!(checked.unwrap(), detail(kind).spec(), "{} {}", kind.label(), field.as_str());
            } else {
                assert_eq!(checked.unwrap_err().0[0].field, field, "{}", kind.label());
            }
        }
    }
}

#[test]
fn the_kind_stays() {
    let draft = |kind: &str| KeyDraft { kind: some(kind), ..KeyDraft::default() };
    let key = detail(KeyKind::Service);
    assert_eq!(draft("service").check_edit(&key, NOW), Ok(key.spec()));
    assert_eq!(draft("client").check_edit(&key, NOW).unwrap_err().0[0].field, Field::Kind);
}

#[test]
fn boxes_alone_are_a_change_of_permissions() {
    let ticked = KeyDraft { boxes: vec!["chats.export".to_owned()], ..KeyDraft::default() };
    let master = detail(KeyKind::MasterUser);
    assert_eq!(
        record(&ticked, &master),
        [Change { field: "permissions".to_owned(), from: some("chats.read"), to: some("chats.export") }]
    );
    assert_eq!(ticked.check_edit(&detail(KeyKind::Client), NOW).unwrap_err().0[0].field, Field::Permissions);
    let none = KeyDraft { permissions: list(&[]), ..KeyDraft::default() };
    assert_eq!(none.check_edit(&master, NOW).unwrap().rules.permissions, []);
}

#[test]
fn changes_are_recorded_old_and_new() {
    let draft = KeyDraft {
        name: some(" Billing export 2 "),
        description: some(""),
        cidrs: list(&["10.0.0.0/8"]),
        expiry: some("never"),
        owner: some("Ada@example.com"),
        tags: list(&[]),
        metadata: list(&["plan=silver", "seats=5"]),
        ..KeyDraft::default()
    };
    let key = detail(KeyKind::Service);
    let change = |field: &str, from: Option<&str>, to: Option<&str>| Change {
        field: field.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    assert_eq!(
        record(&draft, &key),
        [
            change("name", Some("Billing export"), Some("Billing export 2")),
            change("description", Some("nightly"), None),
            change("expires_at", Some("2026-11-21T09:29:32Z"), None),
            change("cidrs", Some("10.0.0.0/8, ::1/128"), Some("10.0.0.0/8")),
            change("owner", Some("Payments"), Some("ada@example.com")),
            change("tags", Some("eu, prod"), None),
            change("metadata", Some("plan=gold"), Some("plan=silver, seats=5")),
        ]
    );
}

#[test]
fn a_key_begins_before_it_ends_also_against_what_is_stored() {
    let both = KeyDraft {
        not_before: some("2027-01-02"),
        expiry: some("custom"),
        expires_at: some("2027-01-01"),
        ..KeyDraft::default()
    };
    let key = detail(KeyKind::Service);
    assert_eq!(both.check_edit(&key, NOW).unwrap_err().0[0].field, Field::ExpiresAt);
    let late = KeyDraft { not_before: some("2027-01-02"), ..KeyDraft::default() };
    assert_eq!(late.check_edit(&key, NOW).unwrap_err().0[0].field, Field::ExpiresAt);
}

/// A browser makes the year 0027 of 27.
#[test]
fn an_expiry_in_the_past_may_only_stay_as_it_is() {
    let key = detail(KeyKind::Service);
    let ended = key.row.expires_at.unwrap();
    assert!(ended < NOW);
    for (text, accepted) in [
        ("0027-12-31T00:00", false),
        ("1999-12-31", false),
        ("2026-01-01", false),
        (&*ended.to_rfc3339(), true),
        ("2027-01-01", true),
    ] {
        let draft = KeyDraft { expiry: some("custom"), expires_at: some(text), ..KeyDraft::default() };
        assert_eq!(draft.check_edit(&key, NOW).is_ok(), accepted, "{text}");
    }
}

/// A browser makes the year 0027 of a 27 that was typed.
#[test]
fn a_key_begins_and_ends_in_this_century() {
    let key = detail(KeyKind::Service);
    for (text, accepted) in [("0027-12-31T00:00", false), ("1999-12-31T23:59", false), ("2000-01-01", true)] {
        let start = KeyDraft { not_before: some(text), ..KeyDraft::default() };
        assert_eq!(start.check_edit(&key, NOW).is_ok(), accepted, "{text}");
        let end = KeyDraft { expiry: some("custom"), expires_at: some(text), ..KeyDraft::default() };
        let errors = end.check_edit(&key, NOW).unwrap_err();
        let told: Vec<_> = errors.of(Field::ExpiresAt).map(|error| &*error.message).collect();
        assert_eq!(told.iter().any(|message| message.contains("is not a date")), !accepted, "{told:?}");
    }
}

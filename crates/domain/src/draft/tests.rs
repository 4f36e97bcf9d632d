use super::*;
use crate::permission::{Permission, VERIFY};
use crate::timestamp::Millis;

const NOW: Timestamp = Timestamp::from_millis(1_795_253_402_987);

const INTEGRATION: &str = "0123456789abcdef01234567";

#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
pub(super) fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(|item| (*item).to_owned()).collect())
}

fn draft(kind: &str) -> KeyDraft {
    let integration = KeyKind::parse(kind).filter(|kind| kind.rules().asks(Field::Integration));
    let integration = integration.map(|_| INTEGRATION.to_owned());
    KeyDraft { kind: some(kind), name: some("Billing export"), integration, ..KeyDraft::default() }
}

fn errors(draft: &KeyDraft) -> Vec<(Field, String)> {
    draft.check(NOW).unwrap_err().0.into_iter().map(|e| (e.field, e.message)).collect()
}

fn fields(draft: &KeyDraft) -> Vec<Field> {
    errors(draft).into_iter().map(|(field, _)| field).collect()
}

#[test]
fn every_issuable_kind_needs_only_a_name_and_one_an_integration() {
    for kind in KeyKind::issuable() {
        let spec = draft(kind.as_str()).check(NOW).unwrap();
        assert_eq!((spec.kind, spec.name.as_str(), spec.expires_at), (kind, "Billing export", None));
        assert!(spec.rules.permissions.is_empty() && spec.rules.cidrs.is_empty() && spec.rules.domains.is_empty());
        let nameless = KeyDraft { name: None, ..draft(kind.as_str()) };
        assert_eq!(fields(&nameless), [Field::Name]);
    }
}

#[test]
fn other_kinds_are_refused() {
    for kind in ["", "  ", "Service", "Account", "member", "nonsense"] {
        assert_eq!(fields(&draft(kind)), [Field::Kind], "{kind}");
    }
    assert_eq!(errors(&KeyDraft::default()), [(Field::Kind, "Choose what the key is for.".to_owned())]);
    // The other fields are checked all the same.
    let wrong = KeyDraft { name: some(""), cidrs: list(&["x"]), acts_for: list(&["x"]), ..draft("nonsense") };
    assert_eq!(fields(&wrong), [Field::Kind, Field::Name, Field::Cidrs, Field::ActsFor]);
}

#[test]
fn a_key_of_an_integration_names_it_and_no_other_key_does() {
    let of = |id: &str| KeyDraft { integration: some(id), ..draft("integration") };
    let spec = of(&format!(" {INTEGRATION} ")).check(NOW).unwrap();
    assert_eq!(spec.rules.integration, IntegrationId::parse(INTEGRATION));
    for missing in [KeyDraft { integration: None, ..draft("integration") }, of("  ")] {
        let chosen = "Choose the integration that the key is for.".to_owned();
        assert_eq!(errors(&missing), [(Field::Integration, chosen)]);
    }
    for wrong in ["0123456789ABCDEF01234567", "0123456789abcdef0123456", "me"] {
        assert_eq!(fields(&of(wrong)), [Field::Integration], "{wrong}");
    }
    for kind in KeyKind::issuable().filter(|kind| !kind.rules().asks(Field::Integration)) {
        let draft = KeyDraft { integration: some(INTEGRATION), ..draft(kind.as_str()) };
        assert_eq!(fields(&draft), [Field::Integration], "{}", kind.label());
        assert_eq!(KeyDraft { integration: some(" "), ..draft }.check(NOW).unwrap().rules.integration, None);
    }
}

#[test]
fn a_full_service_key() {
    let spec = KeyDraft {
        description: some("nightly"),
        cidrs: list(&["10.0.0.0/8", "::1"]),
        domains: list(&["*.example.com"]),
        permissions: list(&["invoices.write", "invoices.read"]),
        boxes: vec![VERIFY.to_owned()],
        not_before: some("2026-12-01"),
        expiry: some("custom"),
        expires_at: some("2026-12-31T12:00"),
        ..draft("service")
    }
    .check(NOW)
    .unwrap();
    assert_eq!(spec.rules.cidrs.len(), 2);
    assert_eq!(
        spec.rules.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        ["invoices.read", "invoices.write", VERIFY]
    );
    assert_eq!(spec.not_before.map(Timestamp::to_rfc3339).as_deref(), Some("2026-12-01T00:00:00Z"));
    assert_eq!(spec.expires_at.map(Timestamp::to_rfc3339).as_deref(), Some("2026-12-31T12:00:00Z"));
}

#[test]
fn every_error_is_at_its_field_at_once() {
    let draft = KeyDraft {
        name: some(" "),
        description: some("\u{202e}"),
        cidrs: list(&["10.0.0.1/8"]),
        domains: list(&["*"]),
        permissions: list(&["keystead.verify"]),
        not_before: some("soon"),
        expiry: some("5"),
        ..draft("service")
    };
    assert_eq!(
        fields(&draft),
        [
            Field::Name,
            Field::Description,
            Field::Cidrs,
            Field::Domains,
            Field::Permissions,
            Field::NotBefore,
            Field::Expiry
        ]
    );
}

#[test]
fn fields_of_other_kinds_must_be_blank() {
    let blank = KeyDraft {
        cidrs: list(&[" ", ""]),
        permissions: list(&[]),
        not_before: some(""),
        expiry: some("never"),
        expires_at: some(""),
        ..draft("client")
    };
    assert!(blank.check(NOW).is_ok());
    let filled = KeyDraft { cidrs: list(&["::1"]), permissions: list(&["a.b"]), expiry: some("30"), ..draft("client") };
    assert_eq!(fields(&filled), [Field::Cidrs, Field::Permissions, Field::Expiry]);
    assert_eq!(errors(&filled)[0].1, "Client keys do not have this field: leave it blank.");
    let boxed = KeyDraft { boxes: vec![VERIFY.to_owned()], ..draft("telephony") };
    assert!(fields(&boxed).iter().all(|field| *field == Field::Permissions));
    let master = KeyDraft { domains: list(&["example.com"]), description: some("x"), ..draft("master_user") };
    assert_eq!(fields(&master), [Field::Description, Field::Domains]);
}

#[test]
fn boxes_are_those_of_the_kind() {
    let master = KeyDraft {
        boxes: vec!["chats.write".to_owned(), "chats.read".to_owned(), "chats.read".to_owned()],
        ..draft("master_user")
    };
    let spec = master.check(NOW).unwrap();
    assert_eq!(
        spec.rules.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        ["chats.read", "chats.write"]
    );
    for (kind, ticked) in
        [("master_user", VERIFY), ("service", "chats.read"), ("service", "keystead.keys.all"), ("service", "")]
    {
        let draft = KeyDraft { boxes: vec![ticked.to_owned()], ..draft(kind) };
        assert_eq!(fields(&draft), [Field::Permissions], "{kind} {ticked}");
    }
    let typed = KeyDraft { permissions: list(&["chats.read"]), ..draft("master_user") };
    assert_eq!(fields(&typed), [Field::Permissions]);
}

#[test]
fn typed_and_ticked_permissions_share_one_limit() {
    let many = |n: usize| Some((0..n).map(|i| format!("a.{i}")).collect());
    let with = |n| KeyDraft { permissions: many(n), boxes: vec![VERIFY.to_owned()], ..draft("service") };
    assert_eq!(with(199).check(NOW).unwrap().rules.permissions.len(), 200);
    assert_eq!(fields(&with(200)), [Field::Permissions]);
}

#[test]
fn expiry_is_whole_seconds_from_now_or_a_date() {
    let expiry = |word: &str, date: &str| {
        KeyDraft { expiry: some(word), expires_at: some(date), ..draft("service") }
            .check(NOW)
            .map(|spec| spec.expires_at.map(Timestamp::to_rfc3339))
    };
    assert_eq!(expiry("7", "").unwrap().as_deref(), Some("2026-11-28T09:30:02Z"));
    assert_eq!(expiry("90", " ").unwrap().as_deref(), Some("2027-02-19T09:30:02Z"));
    assert_eq!(expiry("never", "").unwrap(), None);
    assert_eq!(expiry("", "").unwrap(), None);
    assert_eq!(expiry("", "2027-01-01").unwrap().as_deref(), Some("2027-01-01T00:00:00Z"));
    for (word, date, field) in [
        ("custom", "", Field::ExpiresAt),
        ("custom", "tomorrow", Field::ExpiresAt),
        ("custom", "2026-11-21T09:30:02", Field::ExpiresAt),
        ("custom", "2020-01-01", Field::ExpiresAt),
        ("never", "2027-01-01", Field::ExpiresAt),
        ("7", "2027-01-01", Field::ExpiresAt),
        ("31", "", Field::Expiry),
        ("-7", "", Field::Expiry),
    ] {
        assert_eq!(expiry(word, date).unwrap_err().0[0].field, field, "{word} {date}");
    }
}

#[test]
fn an_expiry_is_later_than_now() {
    let at =
        |now: Timestamp| KeyDraft { expires_at: some("2026-11-21T09:30:02"), ..draft("service") }.check(now).is_ok();
    let moment = NOW.whole_second();
    assert!(at(moment.plus(Millis(-1))));
    assert!(!at(moment));
}

#[test]
fn a_key_begins_before_it_ends() {
    let from = |not_before: &str, expiry: &str| KeyDraft {
        not_before: some(not_before),
        expiry: some(expiry),
        ..draft("service")
    };
    assert!(from("2026-11-28T09:30:01", "7").check(NOW).is_ok());
    assert_eq!(errors(&from("2026-11-28T09:30:02", "7")), [(Field::Expiry, NOT_AFTER_START.to_owned())]);
}

#[test]
fn a_missing_field_in_json_is_not_sent() {
    let draft: KeyDraft = serde_json::from_str(r#"{"kind":"service","name":"x","boxes":["keystead.verify"]}"#).unwrap();
    assert_eq!((draft.cidrs, draft.boxes.len()), (None, 1));
    let draft: KeyDraft =
        serde_json::from_str(r#"{"kind":"service","name":"x","cidrs":["::1","","10.0.0.1/8"]}"#).unwrap();
    assert_eq!(draft.check(NOW).unwrap_err().0[0].item, Some(2));
}

use proptest::prelude::*;

use super::*;
use crate::cidr::CidrRule;
use crate::ids::{AppId, KeyId};
use crate::origin::DomainRule;
use crate::permission::Permission;
use crate::rules::KeyRules;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn key() -> KeyRecord {
    KeyRecord {
        id: KeyId::from_random([1; 16]),
        app_id: AppId::from_random([2; 12]),
        kind: KeyKind::Service,
        name: "Billing export".to_owned(),
        state: KeyState::Active,
        not_before: None,
        expires_at: None,
        rules: KeyRules::default(),
        app_archived: false,
    }
}

#[test]
fn a_plain_key_passes() {
    assert_eq!(decide(&key(), &Request::default(), NOW), Code::Valid);
}

#[test]
fn validity_has_sharp_edges() {
    let at = |not_before: Option<i64>, expires_at: Option<i64>| {
        let moment = |by: Option<i64>| by.map(|by| Timestamp::from_millis(NOW.millis() + by));
        decide(
            &KeyRecord { not_before: moment(not_before), expires_at: moment(expires_at), ..key() },
            &Request::default(),
            NOW,
        )
    };
    assert_eq!(at(Some(0), None), Code::Valid);
    assert_eq!(at(Some(1), None), Code::NotYetValid);
    assert_eq!(at(None, Some(1)), Code::Valid);
    assert_eq!(at(None, Some(0)), Code::Expired);
}

#[test]
fn rules_need_something_to_compare() {
    let key = KeyRecord {
        rules: KeyRules {
            cidrs: vec![CidrRule::parse("10.0.0.0/8").unwrap()],
            domains: vec![DomainRule::parse("*.example.com").unwrap()],
            ..KeyRules::default()
        },
        ..key()
    };
    let address = "::ffff:10.1.2.3".parse().ok();
    let ask = |address, origin| decide(&key, &Request { address, origin, ..Request::default() }, NOW);
    assert_eq!(ask(None, Some("https://a.example.com")), Code::IpNotAllowed);
    assert_eq!(ask(address, None), Code::OriginNotAllowed);
    assert_eq!(ask(address, Some("null")), Code::OriginNotAllowed);
    assert_eq!(ask(address, Some("https://example.com")), Code::OriginNotAllowed);
    assert_eq!(ask(address, Some("https://a.example.com")), Code::Valid);
}

#[test]
fn codes_are_upper_case_on_the_wire_and_have_a_sentence() {
    for code in Code::ALL {
        assert_eq!(code.as_str(), code.as_str().to_ascii_uppercase());
        assert_eq!(Code::parse(code.as_str()), Some(*code));
        assert!(code.words().ends_with('.'));
    }
    assert_eq!(serde_json::to_string(&Code::IpNotAllowed).unwrap(), "\"IP_NOT_ALLOWED\"");
}

/// The obvious model: collect all that is wrong, then take what the design lists first.
fn model(key: &KeyRecord, request: &Request<'_>, now: i64) -> &'static str {
    let order = [
        "PENDING",
        "REVOKED",
        "DISABLED",
        "NOT_YET_VALID",
        "EXPIRED",
        "KIND_NOT_ALLOWED",
        "IP_NOT_ALLOWED",
        "ORIGIN_NOT_ALLOWED",
        "INSUFFICIENT_PERMISSIONS",
    ];
    let mut wrong = Vec::new();
    if let Some(query) = request.permissions {
        let held: Vec<&str> = key.rules.permissions.iter().map(Permission::as_str).collect();
        let has = |name: &str| held.contains(&name) || (held.contains(&"*") && !name.starts_with("keystead."));
        let satisfied = match query.as_str() {
            "a.b" => has("a.b"),
            "a.b OR keystead.verify" => has("a.b") || has("keystead.verify"),
            "a.b AND keystead.verify" => has("a.b") && has("keystead.verify"),
            other => panic!("{other}"),
        };
        if !satisfied {
            wrong.push("INSUFFICIENT_PERMISSIONS");
        }
    }
    for rule in &key.rules.domains {
        assert_eq!(rule.as_str(), "app.example.com");
        if request.origin != Some("https://app.example.com") {
            wrong.push("ORIGIN_NOT_ALLOWED");
        }
    }
    for rule in &key.rules.cidrs {
        assert_eq!(rule.to_string(), "10.0.0.0/8");
        let inside = request
            .address
            .map(|address| address.to_canonical().to_string())
            .is_some_and(|text| text.starts_with("10."));
        if !inside {
            wrong.push("IP_NOT_ALLOWED");
        }
    }
    for rule in &key.rules.denied_cidrs {
        assert_eq!(rule.to_string(), "10.1.0.0/16");
        let known = request.address.map(|address| address.to_canonical().to_string());
        if known.is_none_or(|text| text.starts_with("10.1.")) {
            wrong.push("IP_NOT_ALLOWED");
        }
    }
    if request.kind.is_some() && request.kind != Some(key.kind) {
        wrong.push("KIND_NOT_ALLOWED");
    }
    if let Some(until) = key.expires_at
        && until.millis() <= now
    {
        wrong.push("EXPIRED");
    }
    if let Some(from) = key.not_before
        && from.millis() > now
    {
        wrong.push("NOT_YET_VALID");
    }
    match key.state {
        KeyState::Pending => wrong.push("PENDING"),
        KeyState::Revoked => wrong.push("REVOKED"),
        KeyState::Disabled => wrong.push("DISABLED"),
        KeyState::Active => {}
    }
    if key.app_archived {
        wrong.push("DISABLED");
    }
    order.into_iter().find(|code| wrong.contains(code)).unwrap_or("VALID")
}

fn any_key() -> impl Strategy<Value = KeyRecord> {
    let moment = || prop::option::weighted(0.3, (-2_i64..=2).prop_map(|by| Timestamp::from_millis(NOW.millis() + by)));
    let state = prop_oneof![6 => Just(KeyState::Active), 1 => Just(KeyState::Pending), 1 => Just(KeyState::Disabled), 1 => Just(KeyState::Revoked)];
    let kind = prop::sample::select(vec![KeyKind::Service, KeyKind::Client]);
    let permissions = prop::sample::subsequence(vec!["a.b", "keystead.verify", "*", "c"], 0..=4);
    let app_archived = prop::bool::weighted(0.1);
    (state, kind, moment(), moment(), any::<[bool; 3]>(), permissions, app_archived).prop_map(
        |(state, kind, not_before, expires_at, [cidr, denied, domain], permissions, app_archived)| KeyRecord {
            app_archived,
            state,
            kind,
            not_before,
            expires_at,
            rules: KeyRules {
                cidrs: if cidr { vec![CidrRule::parse("10.0.0.0/8").unwrap()] } else { Vec::new() },
                denied_cidrs: if denied { vec![CidrRule::parse("10.1.0.0/16").unwrap()] } else { Vec::new() },
                domains: if domain { vec![DomainRule::parse("app.example.com").unwrap()] } else { Vec::new() },
                permissions: permissions.into_iter().map(|text| Permission::parse(text).unwrap()).collect(),
                ..KeyRules::default()
            },
            ..key()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_verdict_is_the_first_of_all_that_is_wrong(
        key in any_key(),
        address in prop::option::of(prop::sample::select(vec!["10.0.0.1", "10.1.0.1", "::ffff:10.1.0.1", "11.0.0.1", "2001:db8::1"])),
        origin in prop::option::of(prop::sample::select(vec!["https://app.example.com", "https://example.com", "null"])),
        query in prop::option::of(prop::sample::select(vec!["a.b", "a.b OR keystead.verify", "a.b AND keystead.verify"])),
        kind in prop::option::of(prop::sample::select(vec![KeyKind::Service, KeyKind::Client])),
    ) {
        let query = query.map(|text| PermissionQuery::parse(text).unwrap());
        let request = Request {
            address: address.map(|text| text.parse().unwrap()),
            origin,
            permissions: query.as_ref(),
            kind,
        };
        prop_assert_eq!(decide(&key, &request, NOW).as_str(), model(&key, &request, NOW.millis()));
        let checks = explain(&key, &request, NOW);
        let first = checks.iter().find(|check| !check.passed).map_or(Code::Valid, |check| check.code);
        prop_assert_eq!(first, decide(&key, &request, NOW));
        prop_assert!(checks.iter().all(|check| check.detail.ends_with('.')));
    }
}

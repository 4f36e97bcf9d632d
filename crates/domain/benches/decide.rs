//! Measures the decision alone: `cargo bench -p domain -F server`.

#![expect(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use std::hint::black_box;

use divan::Bencher;
use domain::cidr::CidrRule;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyRecord, KeyState};
use domain::kind::KeyKind;
use domain::limit::{CallLog, RateLimit};
use domain::origin::DomainRule;
use domain::permission::Permission;
use domain::permission_query::PermissionQuery;
use domain::rules::KeyRules;
use domain::timestamp::{Millis, Timestamp};
use domain::verdict::{Code, Request, decide};

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);
const QUERY: &str = "invoices.read AND (invoices.write OR reports.read)";

fn main() {
    divan::main();
}

/// A key with a restriction of each sort.
fn restricted_key(cidrs: Vec<CidrRule>) -> KeyRecord {
    let permissions = ["invoices.read", "invoices.write"].map(|text| Permission::parse(text).unwrap());
    KeyRecord {
        id: KeyId::parse("7Qm2xVbN4tRa").unwrap(),
        app_id: AppId::from_random([1; 12]),
        kind: KeyKind::Service,
        name: "Billing".to_owned(),
        state: KeyState::Active,
        not_before: Some(NOW.plus(Millis::days(-1))),
        expires_at: Some(NOW.plus(Millis::days(1))),
        rules: KeyRules {
            cidrs,
            denied_cidrs: vec![CidrRule::parse("203.0.113.128/25").unwrap()],
            domains: vec![DomainRule::parse("*.example.com").unwrap()],
            permissions: permissions.to_vec(),
            limits: vec![RateLimit::parse("1000000000 per 1d").unwrap()],
            ..KeyRules::default()
        },
        app_archived: false,
    }
}

fn decision(bencher: Bencher<'_, '_>, key: &KeyRecord) {
    let query = PermissionQuery::parse(QUERY).unwrap();
    let request = Request {
        address: Some([203, 0, 113, 9].into()),
        origin: Some("https://app.example.com"),
        permissions: Some(&query),
        kind: Some(KeyKind::Service),
    };
    assert_eq!(decide(key, &request, NOW), Code::Valid);
    bencher.bench(|| decide(black_box(key), black_box(&request), black_box(NOW)));
}

#[divan::bench(sample_size = 1000)]
fn a_key_with_all_restrictions(bencher: Bencher<'_, '_>) {
    decision(bencher, &restricted_key(vec![CidrRule::parse("203.0.113.0/24").unwrap()]));
}

/// The address is in the last of them.
#[divan::bench(sample_size = 1000)]
fn a_list_of_100_networks(bencher: Bencher<'_, '_>) {
    let others = (0..99).map(|n| CidrRule::parse(&format!("10.{n}.0.0/16")).unwrap());
    let cidrs = others.chain([CidrRule::parse("203.0.113.0/24").unwrap()]).collect();
    decision(bencher, &restricted_key(cidrs));
}

#[divan::bench(sample_size = 1000)]
fn a_rate_limit(bencher: Bencher<'_, '_>) {
    let limit = RateLimit::parse("1000000000 per 1d").unwrap();
    let mut log = CallLog::default();
    let mut now = Millis(0);
    bencher.bench_local(|| {
        now.0 += 1;
        let answer = black_box(&mut log).ask(limit.limit, limit.window, 1, now);
        log.count(limit.limit, limit.window, 1, now);
        answer
    });
}

#[divan::bench(sample_size = 1000)]
fn reading_a_permission_query(bencher: Bencher<'_, '_>) {
    bencher.bench(|| PermissionQuery::parse(black_box(QUERY)));
}

#[divan::bench(sample_size = 1000)]
fn answering_a_permission_query(bencher: Bencher<'_, '_>) {
    let query = PermissionQuery::parse(QUERY).unwrap();
    let key = restricted_key(Vec::new());
    assert!(query.allows(&key.rules.permissions));
    bencher.bench(|| black_box(&query).allows(black_box(&key.rules.permissions)));
}

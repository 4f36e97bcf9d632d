//! The metrics: which there are, what they count, and that nothing outside makes more of them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::{
    refusal::Refusal,
    role::{Act, Role},
    timestamp::{Millis, Timestamp},
    usage::Edge,
    verdict::Code,
};
use prometheus::proto::{Metric, MetricFamily, MetricType};
use service::{
    ClientInfo, Service,
    metrics::{Closed, LimitTake},
    nodes::Joining,
    sign_in::SignIn,
    verify::{AskedLimit, Credential, VerifyRequest},
};

use crate::world::{EMAIL, PASSWORD, World, draft, in_background, owner, refusal, signed_in, until};

/// All families, in the order of their names.
const FAMILIES: &[(&str, MetricType)] = &[
    ("keystead_build_info", MetricType::GAUGE),
    ("keystead_cache_keys", MetricType::GAUGE),
    ("keystead_cache_lookups_total", MetricType::COUNTER),
    ("keystead_clock_off_seconds", MetricType::GAUGE),
    ("keystead_connections", MetricType::GAUGE),
    ("keystead_connections_closed_total", MetricType::COUNTER),
    ("keystead_console_requests_total", MetricType::COUNTER),
    ("keystead_console_seconds", MetricType::HISTOGRAM),
    ("keystead_database_figures_age_seconds", MetricType::GAUGE),
    ("keystead_deliveries_total", MetricType::COUNTER),
    ("keystead_deliveries_waiting", MetricType::GAUGE),
    ("keystead_freshness_age_seconds", MetricType::GAUGE),
    ("keystead_hashes_waiting", MetricType::GAUGE),
    ("keystead_keys", MetricType::GAUGE),
    ("keystead_keys_expiring", MetricType::GAUGE),
    ("keystead_limit_shares", MetricType::GAUGE),
    ("keystead_limit_takes_total", MetricType::COUNTER),
    ("keystead_nodes", MetricType::GAUGE),
    ("keystead_process_cpu_seconds_total", MetricType::COUNTER),
    ("keystead_process_resident_bytes", MetricType::GAUGE),
    ("keystead_process_start_time_seconds", MetricType::GAUGE),
    ("keystead_ready", MetricType::GAUGE),
    ("keystead_rotations_overdue", MetricType::GAUGE),
    ("keystead_sign_ins_total", MetricType::COUNTER),
    ("keystead_store_errors_total", MetricType::COUNTER),
    ("keystead_store_wait_seconds", MetricType::HISTOGRAM),
    ("keystead_streams", MetricType::GAUGE),
    ("keystead_usage_flush_age_seconds", MetricType::GAUGE),
    ("keystead_verify_calls_total", MetricType::COUNTER),
    ("keystead_verify_seconds", MetricType::HISTOGRAM),
    ("keystead_writer_waiting", MetricType::GAUGE),
    ("keystead_writes_total", MetricType::COUNTER),
];

fn metrics<'f>(families: &'f [MetricFamily], name: &str) -> &'f [Metric] {
    let found = families.iter().find(|family| family.name() == name);
    found.unwrap_or_else(|| panic!("{name} is missing")).get_metric()
}

fn has(metric: &Metric, labels: &[(&str, &str)]) -> bool {
    labels
        .iter()
        .all(|(name, value)| metric.get_label().iter().any(|label| label.name() == *name && label.value() == *value))
}

/// The value of the series with these labels, whether it is a counter or a gauge.
fn value(families: &[MetricFamily], name: &str, labels: &[(&str, &str)]) -> f64 {
    let found = metrics(families, name).iter().find(|metric| has(metric, labels));
    let metric = found.unwrap_or_else(|| panic!("{name} has no series {labels:?}"));
    metric.get_counter().get_value() + metric.get_gauge().get_value()
}

#[track_caller]
fn same(one: f64, other: u32) {
    assert!((one - f64::from(other)).abs() < 1e-9, "{one} is not {other}");
}

/// Every series: its name and its labels.
fn series(families: &[MetricFamily]) -> BTreeSet<String> {
    let of = |family: &MetricFamily| {
        let name = family.name().to_owned();
        let labels = |metric: &Metric| format!("{name} {:?}", metric.get_label());
        family.get_metric().iter().map(labels).collect::<Vec<_>>()
    };
    families.iter().flat_map(of).collect()
}

async fn ask(service: &Service, token: &str, edge: Edge) -> Code {
    let request = VerifyRequest { edge, ..VerifyRequest::default() };
    service.verifier().verify(Credential::Token(token), request).await.unwrap().code
}

async fn every_family_is_there_with_its_type_and_its_help(w: World) {
    let gathered = w.service.gather().await;
    let found: Vec<_> = gathered.iter().map(|family| (family.name(), family.get_field_type())).collect();
    assert_eq!(found, FAMILIES);
    for family in &gathered {
        let (name, help) = (family.name(), family.help());
        assert!(help.len() > 10 && help.ends_with('.'), "{name}: {help}");
        let is_counter = family.get_field_type() == MetricType::COUNTER;
        assert_eq!(is_counter, name.ends_with("_total"), "{name}");
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(plain && name.starts_with("keystead_"), "{name}");
        if family.get_field_type() == MetricType::HISTOGRAM {
            assert!(name.ends_with("_seconds"), "{name}");
        }
    }
    let build = &metrics(&gathered, "keystead_build_info")[0];
    assert!(has(build, &[("engine", w.store.engine())]));
    assert!(value(&gathered, "keystead_process_resident_bytes", &[]) > 1e6);
    same(value(&gathered, "keystead_ready", &[]), 1);
}

async fn no_key_and_no_call_makes_another_series(w: World) {
    let before = series(&w.service.gather().await);
    for n in 0..20 {
        let (_, token) = w.active(&draft("service", &format!("Key {n}"))).await;
        ask(&w.service, &token, Edge::Authorize).await;
    }
    for n in 0..1_000 {
        ask(&w.service, &format!("ks_{n}_nonsense"), Edge::ALL[n % Edge::ALL.len()]).await;
    }
    w.clock.advance(Millis::seconds(20));
    assert_eq!(series(&w.service.gather().await), before);
}

async fn calls_are_counted_by_edge_and_verdict(w: World) {
    let (_, token) = w.active(&draft("service", "Called")).await;
    for _ in 0..40 {
        assert_eq!(ask(&w.service, &token, Edge::Verify).await, Code::Valid);
    }
    for _ in 0..8 {
        assert_eq!(ask(&w.service, "nonsense", Edge::Authorize).await, Code::NotFound);
    }
    let unheard = [AskedLimit::Own { name: "unheard of".to_owned(), cost: 1 }];
    let mistake = VerifyRequest { limits: &unheard, ..VerifyRequest::default() };
    w.service.verifier().verify(Credential::Token(&token), mistake).await.unwrap_err();
    let gathered = w.service.gather().await;
    let calls = |edge: Edge, code: &str| {
        value(&gathered, "keystead_verify_calls_total", &[("edge", edge.as_str()), ("code", code)])
    };
    same(calls(Edge::Verify, "VALID"), 40);
    same(calls(Edge::Authorize, "NOT_FOUND"), 8);
    same(calls(Edge::Verify, "UNAVAILABLE"), 0);
    let all: f64 = metrics(&gathered, "keystead_verify_calls_total").iter().map(|m| m.get_counter().get_value()).sum();
    same(all, 48);
    let measured = metrics(&gathered, "keystead_verify_seconds").iter();
    let measured: u64 = measured.map(|metric| metric.get_histogram().get_sample_count()).sum();
    // On several threads, each measures its first.
    assert!((3..=16).contains(&measured), "{measured}");
    let lookups = |outcome| value(&gathered, "keystead_cache_lookups_total", &[("outcome", outcome)]);
    assert!(lookups("hit") >= 39.0 && lookups("miss") >= 1.0, "{} {}", lookups("hit"), lookups("miss"));
    same(value(&gathered, "keystead_cache_keys", &[]), 1);
    same(value(&w.service.gather().await, "keystead_keys", &[("state", "active")]), 1);
}

async fn figures_of_keys_are_read_again_after_a_while(w: World) {
    let first = w.service.gather().await;
    same(value(&first, "keystead_keys", &[("state", "pending")]), 0);
    w.pending(&draft("service", "Pending")).await;
    same(value(&w.service.gather().await, "keystead_keys", &[("state", "pending")]), 0);
    w.clock.advance(Millis::seconds(15));
    let later = w.service.gather().await;
    same(value(&later, "keystead_keys", &[("state", "pending")]), 1);
    same(value(&later, "keystead_database_figures_age_seconds", &[]), 0);
}

async fn without_the_database_the_old_figures_are_given_soon(w: World) {
    let (_, token) = w.active(&draft("service", "Kept")).await;
    w.service.gather().await;
    w.store.close().await;
    w.clock.advance(Millis::seconds(60));
    w.service.verifier().verify(Credential::Token(&token), VerifyRequest::default()).await.unwrap_err();
    let begun = Instant::now();
    let gathered = w.service.gather().await;
    // Somebody who waits for the database does so for ten.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    same(value(&gathered, "keystead_ready", &[]), 0);
    same(value(&gathered, "keystead_keys", &[("state", "active")]), 1);
    same(value(&gathered, "keystead_database_figures_age_seconds", &[]), 60);
    same(value(&gathered, "keystead_verify_calls_total", &[("edge", "verify"), ("code", "UNAVAILABLE")]), 1);
    assert!(value(&gathered, "keystead_store_errors_total", &[("kind", "unavailable")]) >= 1.0);
    let status = w.service.status(owner()).await.unwrap();
    assert!(status.ready.is_some() && !status.warnings.is_empty());
}

async fn sign_ins_are_counted_when_they_have_ended(w: World) {
    w.make_owner().await;
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    for _ in 0..2 {
        let wrong = SignIn { email: EMAIL.to_owned(), password: "another one".into() };
        w.service.sign_in(wrong, &ClientInfo::default()).await.unwrap_err();
    }
    let gathered = w.service.gather().await;
    let outcome = |outcome| value(&gathered, "keystead_sign_ins_total", &[("outcome", outcome)]);
    same(outcome("signed_in"), 1);
    same(outcome("refused"), 2);
}

async fn what_others_count_is_there(w: World) {
    let metrics = w.service.metrics();
    metrics.limit_taken(LimitTake::Local);
    metrics.limit_shares(3);
    metrics.connection_opened();
    metrics.connection_opened();
    metrics.connection_closed(Closed::Idle);
    metrics.console_answered(503, Duration::from_millis(7));
    let gathered = w.service.gather().await;
    same(value(&gathered, "keystead_limit_takes_total", &[("outcome", "local")]), 1);
    same(value(&gathered, "keystead_limit_shares", &[]), 3);
    same(value(&gathered, "keystead_connections", &[]), 1);
    same(value(&gathered, "keystead_connections_closed_total", &[("why", "idle")]), 1);
    same(value(&gathered, "keystead_console_requests_total", &[("status", "5xx")]), 1);
}

async fn only_an_owner_sees_the_status(w: World) {
    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        assert_eq!(refusal(w.service.status(&signed_in(role)).await), Refusal::Forbidden, "{role:?}");
    }
    owner().may(Act::SeeStatus).unwrap();
    let (_, token) = w.active(&draft("service", "Called")).await;
    ask(&w.service, &token, Edge::Verify).await;
    ask(&w.service, "nonsense", Edge::Verify).await;
    let joining = Joining { name: "a".to_owned(), version: "0.1.0".to_owned(), counts_alone: false };
    w.service.joins_nodes(joining).unwrap();
    let status = w.service.status(owner()).await.unwrap();
    assert_eq!(status.calls_by_code, [(Code::Valid, 1), (Code::NotFound, 1)]);
    assert_eq!((status.engine.as_str(), status.ready.as_deref()), (w.store.engine(), None));
    assert_eq!(status.nodes.first().map(|node| node.is_this), Some(true));
    assert!(status.recent.is_empty() && status.started_at != Timestamp::from_millis(0));
    let keys = status.figures.iter().find(|group| group.title == "Keys").unwrap();
    assert_eq!((keys.figures[0].label.as_str(), keys.figures[0].value.as_str()), ("Active", "1"));
}

async fn the_background_keeps_the_ages_low(w: World) {
    let _running = in_background(&w.service);
    until("its first writes are over", async || {
        let gathered = w.service.gather().await;
        value(&gathered, "keystead_writes_total", &[("outcome", "committed")]) >= 1.0
            && value(&gathered, "keystead_writer_waiting", &[]) < 1.0
    })
    .await;
    same(value(&w.service.gather().await, "keystead_usage_flush_age_seconds", &[]), 0);
}

on_both! {
    every_family_is_there_with_its_type_and_its_help,
    no_key_and_no_call_makes_another_series,
    calls_are_counted_by_edge_and_verdict,
    figures_of_keys_are_read_again_after_a_while,
    without_the_database_the_old_figures_are_given_soon,
    sign_ins_are_counted_when_they_have_ended,
    what_others_count_is_there,
    only_an_owner_sees_the_status,
    the_background_keeps_the_ages_low,
}

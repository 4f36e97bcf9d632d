//! How often a verify call about a cached key asks the allocator for memory: each time costs every call. It has a program of
//! its own, because what counts replaces the allocator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of a test, which clippy does not take for one")]

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use domain::{
    draft::KeyDraft, permission, permission::AdminPermission, permission_query::PermissionQuery, timestamp::Timestamp,
    verdict::Code,
};
use secrecy::ExposeSecret;
use service::{
    Caller, Service,
    keys::ShownSecret,
    verify::{Credential, Verdict, VerifyRequest},
};
use testkit::{Installation, TestDatabase};

/// For a key without restrictions, and for the asking key.
const PLAIN: u64 = 2;

/// For a key with a restriction of each sort: the answer of its rate limit, with its name, and where it was counted.
const RESTRICTED: u64 = 6;

/// How many times a call that waits for nothing asks for memory.
fn asked_for(call: impl Future<Output = service::Result<Verdict>>) -> u64 {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    let measured = allocation_counter::measure(|| {
        let Poll::Ready(Ok(verdict)) = call.as_mut().poll(&mut context) else { panic!("it waits, or has failed") };
        assert_eq!(verdict.code, Code::Valid);
    });
    measured.count_total
}

async fn issued(service: &Service, name: &str, draft: KeyDraft) -> String {
    let draft = KeyDraft { kind: Some("service".to_owned()), name: Some(name.to_owned()), ..draft };
    let issued = service.issue_acknowledged(&Caller::command_line("test"), service.default_app(), &draft).await;
    let ShownSecret::Token(token) = issued.unwrap().shown else { panic!("a service key is a token") };
    token.expose_secret().to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn a_call_about_a_cached_key_hardly_asks_for_memory() {
    let installation = Installation::new(TestDatabase::sqlite(), Timestamp::from_millis(1_780_000_000_000));
    let service = Service::start(installation.setup().await).await.unwrap();
    let asking = KeyDraft { boxes: vec![permission::VERIFY.to_owned()], ..KeyDraft::default() };
    let asking = issued(&service, "Gateway", asking).await;
    let plain = issued(&service, "Plain", KeyDraft::default()).await;
    let restricted = KeyDraft {
        cidrs: list(&["203.0.113.0/24"]),
        domains: list(&["*.example.com"]),
        permissions: list(&["invoices.read", "invoices.write"]),
        limits: list(&["1000000 per day"]),
        ..KeyDraft::default()
    };
    let restricted = issued(&service, "Restricted", restricted).await;
    let query = PermissionQuery::parse("invoices.read AND (invoices.write OR reports.read)").unwrap();
    let request = || VerifyRequest {
        address: Some([203, 0, 113, 9].into()),
        origin: Some("https://app.example.com"),
        permissions: Some(&query),
        ..VerifyRequest::default()
    };
    let verifier = service.verifier();
    let [for_asking, for_plain, for_restricted] = {
        let ask = || verifier.authenticate(&asking, AdminPermission::Verify, None, None);
        let plain = || verifier.verify(Credential::Token(&plain), VerifyRequest::default());
        let restricted = || verifier.verify(Credential::Token(&restricted), request());
        // The first calls fill the cache and make the counters.
        for _ in 0..3 {
            assert_eq!(ask().await.unwrap().code, Code::Valid);
            assert_eq!(plain().await.unwrap().code, Code::Valid);
            assert_eq!(restricted().await.unwrap().code, Code::Valid);
        }
        [asked_for(ask()), asked_for(plain()), asked_for(restricted())]
    };
    assert!(for_asking <= PLAIN, "{for_asking} times for the asking key");
    assert!(for_plain <= PLAIN, "{for_plain} times for a key without restrictions");
    assert!(for_restricted <= RESTRICTED, "{for_restricted} times for a key with restrictions");
}

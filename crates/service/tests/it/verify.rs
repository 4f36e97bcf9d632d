//! The verdict table, end to end.

use std::net::IpAddr;

use domain::{
    draft::KeyDraft, key::RevokeReason, kind::KeyKind, permission::AdminPermission, permission::VERIFY,
    permission_query::PermissionQuery, timestamp::Millis, token::PlainToken, usage::Edge, verdict::Code,
};
use service::{
    Service,
    verify::{Credential, Seen, Verdict, VerifyRequest, WatchedCall},
};

use crate::world::{World, draft, list, owner};

async fn ask(w: &World, token: &str, request: VerifyRequest<'_>) -> Verdict {
    let verdict = w.service.verifier().verify(Credential::Token(token), request);
    verdict.await.unwrap()
}

fn from(address: &str) -> VerifyRequest<'static> {
    VerifyRequest { address: Some(address.parse().unwrap()), ..VerifyRequest::default() }
}

fn origin(origin: &str) -> VerifyRequest<'_> {
    VerifyRequest { origin: Some(origin), ..VerifyRequest::default() }
}

async fn a_key_in_each_state_gets_its_code(w: World) {
    let plain = draft("service", "Key");
    let (_, active) = w.active(&plain).await;
    let (_, pending) = w.pending(&plain).await;
    let (id, disabled) = w.active(&plain).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let (id, revoked) = w.active(&plain).await;
    let reason = RevokeReason::Leaked;
    w.service.revoke(owner(), &id, reason, None).await.unwrap();
    let (id, deleted) = w.active(&plain).await;
    w.service.delete(owner(), &id, "Key").await.unwrap();
    let later = KeyDraft { not_before: Some("2026-12-24T18:00".to_owned()), ..plain.clone() };
    let (_, early) = w.active(&later).await;
    let short = KeyDraft { expiry: Some("7".to_owned()), ..plain };
    let (_, expired) = w.active(&short).await;
    w.clock.advance(Millis::days(7));
    // Twice: from the store, and from the cache.
    for _ in 0..2 {
        assert_eq!(w.code(&active).await, Code::Valid);
        assert_eq!(w.code(&pending).await, Code::Pending);
        assert_eq!(w.code(&disabled).await, Code::Disabled);
        assert_eq!(w.code(&revoked).await, Code::Revoked);
        assert_eq!(w.code(&deleted).await, Code::NotFound);
        assert_eq!(w.code(&early).await, Code::NotYetValid);
        assert_eq!(w.code(&expired).await, Code::Expired);
    }
}

async fn restrictions_hold(w: World) {
    let strict = KeyDraft {
        cidrs: list(&["203.0.113.0/24", "2001:db8::/32"]),
        domains: list(&["app.example.com", "*.example.org"]),
        permissions: list(&["invoices.*", "reports.read"]),
        ..draft("service", "Strict")
    };
    let (_, token) = w.active(&strict).await;
    let good = VerifyRequest {
        address: Some("203.0.113.9".parse().unwrap()),
        origin: Some("https://app.example.com"),
        ..VerifyRequest::default()
    };
    let query = |text: &str| PermissionQuery::parse(text).unwrap();
    let held = query("invoices.read AND (reports.read OR reports.write)");
    let lacking = query("invoices.read AND reports.write");
    let administers = query(VERIFY);
    let with = |permissions| VerifyRequest { permissions: Some(permissions), ..good };
    assert_eq!(ask(&w, &token, good).await.code, Code::Valid);
    assert_eq!(ask(&w, &token, with(&held)).await.code, Code::Valid);
    let insufficient = Code::InsufficientPermissions;
    assert_eq!(ask(&w, &token, with(&lacking)).await.code, insufficient);
    assert_eq!(ask(&w, &token, with(&administers)).await.code, insufficient);
    let mapped: IpAddr = "::ffff:203.0.113.9".parse().unwrap();
    for (address, code) in [
        (Some(mapped), Code::Valid),
        (Some("2001:db8::1".parse().unwrap()), Code::Valid),
        (Some("198.51.100.1".parse().unwrap()), Code::IpNotAllowed),
        (Some("::ffff:198.51.100.1".parse().unwrap()), Code::IpNotAllowed),
        (None, Code::IpNotAllowed),
    ] {
        let request = VerifyRequest { address, ..good };
        assert_eq!(ask(&w, &token, request).await.code, code, "{address:?}");
    }
    for (origin, code) in [
        (Some("https://a.example.org"), Code::Valid),
        (Some("https://app.example.com:8443"), Code::Valid),
        (Some("https://example.org"), Code::OriginNotAllowed),
        (Some("https://app.example.com.attacker.example"), Code::OriginNotAllowed),
        (Some("null"), Code::OriginNotAllowed),
        (None, Code::OriginNotAllowed),
    ] {
        let request = VerifyRequest { origin, ..good };
        assert_eq!(ask(&w, &token, request).await.code, code, "{origin:?}");
    }
    for (kind, code) in [(KeyKind::Service, Code::Valid), (KeyKind::Client, Code::KindNotAllowed)] {
        let kind = Some(kind);
        let request = VerifyRequest { kind, ..good };
        assert_eq!(ask(&w, &token, request).await.code, code);
    }
}

async fn keys_without_rules_accept_what_is_unknown(w: World) {
    let (_, token) = w.active(&draft("service", "Free")).await;
    for request in [VerifyRequest::default(), from("192.0.2.1"), origin("null")] {
        assert_eq!(ask(&w, &token, request).await.code, Code::Valid);
    }
}

async fn what_is_no_token_of_ours_is_not_found(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    let (_, other) = w.active(&draft("service", "Other")).await;
    let secret = |token: &str| token[16..59].to_owned();
    let composed = |prefix, id, half: &str| PlainToken::compose(prefix, id, half).expose().to_owned();
    let recombined = composed("ks", &id, &secret(&other));
    let prefixed = composed("xx", &id, &secret(&token));
    let unknown = domain::ids::KeyId::from_random([3; 16]);
    let nobody = composed("ks", &unknown, &secret(&token));
    let mut damaged = token.clone();
    damaged.replace_range(20..21, if &token[20..21] == "a" { "b" } else { "a" });
    let megabyte = "k".repeat(1 << 20);
    for text in [
        "",
        "ks_",
        "k\0s",
        "schlüssel",
        &megabyte,
        &damaged,
        &recombined,
        &prefixed,
        &nobody,
        &format!("{token} "),
        &token[..token.len() - 1],
    ] {
        let verdict = ask(&w, text, VerifyRequest::default()).await;
        assert_eq!(verdict.code, Code::NotFound, "{text:.80}");
        assert!(verdict.key.is_none());
    }
    assert_eq!(w.code(&token).await, Code::Valid);
}

async fn a_malformed_token_never_reaches_the_store(w: World) {
    let (_, token) = w.active(&draft("service", "Key")).await;
    let damaged = testkit::damaged(&token);
    w.store.close().await;
    assert_eq!(w.code(&damaged).await, Code::NotFound);
    w.clock.advance(Millis::seconds(1));
    let verifier = w.service.verifier();
    let request = VerifyRequest::default();
    let asked = verifier.verify(Credential::Token(&token), request).await;
    assert!(asked.is_err(), "a well-formed one needs the store, which is gone");
    assert_eq!(w.code(&damaged).await, Code::NotFound);
}

async fn a_cached_key_needs_no_store(w: World) {
    let (_, token) = w.active(&draft("service", "Key")).await;
    let setup = w.setup().await;
    let store = setup.store.clone();
    let fresh = Service::start(setup).await.unwrap();
    assert_eq!(crate::world::code(&fresh, &token).await, Code::Valid);
    store.close().await;
    assert_eq!(crate::world::code(&fresh, &token).await, Code::Valid);
}

async fn a_pair_is_verified_by_both_halves(w: World) {
    let app = w.service.default_app();
    let draft = draft("master_user", "Bot");
    let issued = w.service.issue_acknowledged(owner(), app, &draft).await.unwrap();
    let whole = crate::world::token(&issued);
    let (id, secret) = whole.rsplit_once('_').unwrap();
    let verifier = w.service.verifier();
    let code = |id, secret| {
        let pair = Credential::Pair { id, secret };
        async move {
            let verdict = verifier.verify(pair, VerifyRequest::default());
            verdict.await.unwrap().code
        }
    };
    assert_eq!(code(id, secret).await, Code::Valid);
    assert_eq!(code(id, &secret[1..]).await, Code::NotFound);
    assert_eq!(code(&id[3..], secret).await, Code::NotFound);
    assert_eq!(code("", "").await, Code::NotFound);
    assert_eq!(w.code(&whole).await, Code::Valid);
}

async fn a_verifier_key_is_bound_to_its_app(w: World) {
    let app = w.service.create_app(owner(), "Other").await.unwrap();
    let (_, here) = w.active(&draft("service", "Here")).await;
    let there = draft("service", "There");
    let there = w.service.issue_acknowledged(owner(), &app.id, &there).await;
    let there = crate::world::token(&there.unwrap());
    let scope = |scope| VerifyRequest { scope: Some(scope), ..VerifyRequest::default() };
    let default = w.service.default_app();
    assert_eq!(ask(&w, &here, scope(default)).await.code, Code::Valid);
    assert_eq!(ask(&w, &there, scope(&app.id)).await.code, Code::Valid);
    let foreign = ask(&w, &there, scope(default)).await;
    assert_eq!((foreign.code, foreign.key.is_none()), (Code::NotFound, true));
    assert_eq!(ask(&w, &there, VerifyRequest::default()).await.code, Code::Valid);
}

async fn asking_needs_a_service_key_with_the_permission(w: World) {
    let may =
        KeyDraft { boxes: vec![VERIFY.to_owned()], cidrs: list(&["203.0.113.0/24"]), ..draft("service", "Gateway") };
    let wild = KeyDraft { permissions: list(&["*"]), ..draft("service", "Wild") };
    let (_, gateway) = w.active(&may).await;
    let (_, wild) = w.active(&wild).await;
    let (_, client) = w.active(&draft("client", "Client")).await;
    let inside: Option<IpAddr> = Some("203.0.113.9".parse().unwrap());
    let code = |token, address| {
        let verdict = w.service.verifier().authenticate(token, AdminPermission::Verify, address, None);
        async { verdict.await.unwrap().code }
    };
    assert_eq!(code(&gateway, inside).await, Code::Valid);
    assert_eq!(code(&gateway, None).await, Code::IpNotAllowed);
    assert_eq!(code(&wild, inside).await, Code::InsufficientPermissions);
    assert_eq!(code(&client, inside).await, Code::KindNotAllowed);
    assert_eq!(code("junk", inside).await, Code::NotFound);
}

async fn a_watcher_sees_the_calls_of_its_key(w: World) {
    let (id, token) = w.active(&draft("service", "Watched")).await;
    let (_, other) = w.active(&draft("service", "Other")).await;
    let mut watch = w.service.watch(owner(), &id).await.unwrap();
    assert_eq!(w.code(&other).await, Code::Valid);
    let request = VerifyRequest { edge: Edge::OwnCheck, ..from("192.0.2.7") };
    ask(&w, &token, request).await;
    let seen = WatchedCall { at: w.service.now(), code: Code::Valid, address: request.address, edge: Edge::OwnCheck };
    assert_eq!(watch.next().await, Some(Seen::Call(seen)));
}

on_both!(
    a_key_in_each_state_gets_its_code,
    restrictions_hold,
    keys_without_rules_accept_what_is_unknown,
    what_is_no_token_of_ours_is_not_found,
    a_malformed_token_never_reaches_the_store,
    a_cached_key_needs_no_store,
    a_pair_is_verified_by_both_halves,
    a_verifier_key_is_bound_to_its_app,
    asking_needs_a_service_key_with_the_permission,
    a_watcher_sees_the_calls_of_its_key,
);

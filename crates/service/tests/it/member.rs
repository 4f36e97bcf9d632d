//! The API KEY of an app, and the access tokens that it buys.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use domain::{
    access_token::{ACCESS_FOR, AccessScope},
    audit::Action,
    ids::AppId,
    key::KeyRecord,
    kind::KeyKind,
    list::KeyQuery,
    member_key::MemberKey,
    proof::PROOF_FOR,
    refusal::Refusal,
    role::{Act, Role},
    timestamp::Millis,
    verdict::Code,
};
use serde_json::{Value, json};
use service::{
    Caller, Service,
    verify::{CachedKey, Credential, VerifyRequest},
};

use crate::{
    apps::create,
    world::{START, World, called, in_background, owner, refusal, secret, shell, signed_in, somebody_at},
};

/// The id of a form.
const FORM: &str = "form-0123456789abcdef";

async fn code(service: &Service, key: &str) -> Code {
    let request = VerifyRequest { kind: Some(KeyKind::Member), ..VerifyRequest::default() };
    service.verifier().verify(Credential::Member { key }, request).await.unwrap().code
}

/// What a call with this API KEY knows of it.
async fn record(w: &World, key: &str) -> Arc<CachedKey> {
    let verdict = w.service.verifier().verify(Credential::Member { key }, VerifyRequest::default()).await.unwrap();
    verdict.key.unwrap()
}

async fn revealed(w: &World, app: &AppId) -> String {
    secret(&w.service.reveal_member_key(shell(), app).await.unwrap())
}

fn token(w: &World, key: &KeyRecord, scope: AccessScope) -> String {
    secret(&w.service.access_token(key, scope).unwrap())
}

/// The parts of a token, decoded.
fn parts(token: &str) -> (Value, Value) {
    let read = |part: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
    let mut parts = token.split('.');
    (read(parts.next().unwrap()), read(parts.next().unwrap()))
}

async fn every_app_has_one_from_the_start(w: World) {
    let first = *w.service.default_app();
    let second = w.one_event(Action::AppCreated, create(&w, "Web shop")).await;
    let change = w.newest().await.changes.pop().unwrap();
    let shown = w.service.member_key(owner(), &second.id).await.unwrap();
    assert_eq!((&*change.field, change.to), ("API KEY", Some(shown.masked())));
    assert_eq!((shown.issued_at, shown.issued_by), (w.service.now(), "owner@example.com".to_owned()));
    let (one, two) = (revealed(&w, &first).await, revealed(&w, &second.id).await);
    assert_ne!(one, two);
    for (app, key) in [(first, one), (second.id, two)] {
        assert_eq!(code(&w.service, &key).await, Code::Valid);
        let record = &record(&w, &key).await.record;
        assert_eq!((record.app_id, record.kind), (app, KeyKind::Member));
        // A digit further on is another key.
        let wrong = key.replace(&key[14..20], "000000");
        assert_eq!(code(&w.service, &wrong).await, Code::NotFound);
        let later = testkit::damaged(&key);
        assert_eq!(code(&w.service, &later).await, Code::NotFound, "the time is part of it");
    }
}

async fn it_is_in_no_list_and_no_count_of_keys(w: World) {
    let app = *w.service.default_app();
    let key = revealed(&w, &app).await;
    let id = MemberKey::parse(&key).unwrap().id();
    let listed = w.service.keys(owner(), &app, &KeyQuery::default()).await.unwrap();
    assert_eq!((listed.rows.len(), listed.total.n), (0, 0));
    assert_eq!(refusal(w.service.key(owner(), &id).await), Refusal::NotFound);
    // Its calls are counted for the app, and nothing is refused by the database.
    for _ in 0..3 {
        assert_eq!(code(&w.service, &key).await, Code::Valid);
    }
    let request = VerifyRequest { kind: Some(KeyKind::Service), ..VerifyRequest::default() };
    let verdict = w.service.verifier().verify(Credential::Member { key: &key }, request).await.unwrap();
    assert_eq!(verdict.code, Code::KindNotAllowed);
    // As a token it is none.
    assert_eq!(w.code(&key).await, Code::NotFound);
    w.service.verifier().flush_usage().await.unwrap();
    let figures = w.service.dashboard(owner(), &app, domain::calls::Span::Day).await.unwrap();
    assert_eq!((called(&figures), figures.active.n), ((3, 1), 0));
}

async fn owners_alone_see_the_whole_of_it_and_it_is_on_record(w: World) {
    let app = *w.service.default_app();
    for role in [Role::Admin, Role::Auditor] {
        let caller = signed_in(role);
        assert!(w.service.member_key(&caller, &app).await.is_ok());
        assert_eq!(refusal(w.no_change(w.service.reveal_member_key(&caller, &app)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(w.service.reissue_member_key(&caller, &app, FORM)).await), Refusal::Forbidden);
    }
    let guest = signed_in(Role::Guest);
    assert_eq!(refusal(w.service.member_key(&guest, &app).await), Refusal::Forbidden);
    let late = somebody_at(7, Role::Owner, START.plus(Millis(-PROOF_FOR.0)));
    assert_eq!(refusal(w.no_change(w.service.reveal_member_key(&late, &app)).await), Refusal::ProveAgain);
    assert_eq!(refusal(w.no_change(w.service.reissue_member_key(&late, &app, FORM)).await), Refusal::ProveAgain);
    let nowhere = AppId::from_random([9; 12]);
    assert_eq!(refusal(w.service.reveal_member_key(owner(), &nowhere).await), Refusal::AppNotFound);
    assert_eq!(refusal(w.service.reissue_member_key(owner(), &nowhere, FORM).await), Refusal::AppNotFound);
    assert_eq!(refusal(w.service.member_key(owner(), &nowhere).await), Refusal::AppNotFound);

    let reveal = w.one_event(Action::MemberKeyRevealed, w.service.reveal_member_key(owner(), &app)).await;
    let key = secret(&reveal.unwrap());
    let event = w.newest().await;
    assert_eq!(event.subject.id, app.as_str());
    let told = event.changes[0].to.clone().unwrap();
    assert!(told.starts_with(&key[..13]) && !told.contains(&key[14..20]) && !told.contains(&key[21..27]), "{told}");
    assert_eq!(told, w.service.member_key(owner(), &app).await.unwrap().masked());
}

async fn a_reissue_ends_the_old_key_and_its_tokens_at_once(w: World) {
    let app = *w.service.default_app();
    let old = revealed(&w, &app).await;
    let before = record(&w, &old).await;
    let bought = token(&w, &before.record, AccessScope::Write);
    assert_eq!(w.service.check_access(&before.record, &bought), Ok(AccessScope::Write));
    let other = w.another().await;
    assert_eq!(code(&other, &old).await, Code::Valid);
    let _running = in_background(&other);

    let expired = refusal(w.no_change(w.service.reissue_member_key(owner(), &app, "")).await);
    assert!(matches!(expired, Refusal::Invalid(_)));
    let reissue = w.service.reissue_member_key(owner(), &app, FORM);
    let new = secret(&w.one_change(Action::MemberKeyReissued, reissue).await.unwrap());
    let change = w.newest().await.changes.pop().unwrap();
    let again = w.no_event(w.service.reissue_member_key(owner(), &app, FORM)).await;
    assert_eq!(refusal(again), Refusal::AlreadyReissued);
    assert!(change.from.unwrap().starts_with(&old[..13]) && change.to.unwrap().starts_with(&new[..13]));
    assert_eq!((code(&w.service, &old).await, code(&w.service, &new).await), (Code::NotFound, Code::Valid));
    assert_eq!(revealed(&w, &app).await, new);
    let after = record(&w, &new).await;
    assert_eq!(w.service.check_access(&after.record, &bought), Err(Refusal::AccessTokenMismatch));
    let fresh = token(&w, &after.record, AccessScope::Write);
    assert_eq!(w.service.check_access(&after.record, &fresh), Ok(AccessScope::Write));
    // Another process finds out within a second.
    for _ in 0..100 {
        if code(&other, &old).await == Code::NotFound {
            return;
        }
        w.clock.advance(Millis(100));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the other process still accepts the old key");
}

async fn a_token_says_what_it_is_for_and_no_two_are_alike(w: World) {
    let app = *w.service.default_app();
    let key = record(&w, &revealed(&w, &app).await).await;
    let (first, second) = (token(&w, &key.record, AccessScope::Write), token(&w, &key.record, AccessScope::Read));
    assert_ne!(first, token(&w, &key.record, AccessScope::Write), "a fresh one in the same second");
    assert!(domain::text::message(&first).is_err(), "it is refused in texts");
    let (head, claims) = parts(&first);
    assert_eq!((&head["alg"], &head["typ"]), (&json!("HS256"), &json!("JWT")));
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!(app.as_str()), &json!(key.record.id.as_str())));
    assert_eq!((&claims["authorities"], &claims["scope"]), (&json!("[ROLE_USER]"), &json!("write")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 18_000);
    assert_eq!(parts(&second).1["authorities"], "[ROLE_READ]");
    let rights = |scope| {
        let caller = Caller::member(&key.record, scope, None);
        Act::ALL.iter().copied().filter(|act| caller.may(*act).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(rights(AccessScope::Read), [Act::SeeRooms]);
    assert_eq!(rights(AccessScope::Write), [Act::SeeRooms, Act::ManageRooms]);
    assert_eq!(w.service.check_access(&key.record, &second), Ok(AccessScope::Read));

    w.clock.advance(Millis(ACCESS_FOR.0 - 1_000));
    assert_eq!(w.service.check_access(&key.record, &first), Ok(AccessScope::Write));
    w.clock.advance(Millis(1_000));
    assert_eq!(w.service.check_access(&key.record, &first), Err(Refusal::AccessTokenInvalid));
}

async fn what_this_installation_did_not_sign_is_refused(w: World) {
    let first = *w.service.default_app();
    let second = create(&w, "Second").await.id;
    let (mine, theirs) = (revealed(&w, &first).await, revealed(&w, &second).await);
    let (mine, theirs) = (record(&w, &mine).await, record(&w, &theirs).await);
    let good = token(&w, &mine.record, AccessScope::Read);
    assert_eq!(w.service.check_access(&theirs.record, &good), Err(Refusal::AccessTokenMismatch));
    let sections: Vec<_> = good.split('.').collect();
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let (head, claims) = parts(&good);
    let with = |value: &Value, name: &str, content: Value| {
        let mut value = value.clone();
        value[name] = content;
        encode(&value)
    };
    let forged = [
        String::new(),
        "..".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("{good}.x"),
        format!("{}.{}.", sections[0], sections[1]),
        format!("{}.{}.{}", with(&head, "alg", json!("none")), sections[1], ""),
        format!("{}.{}.{}", with(&head, "alg", json!("HS512")), sections[1], sections[2]),
        format!("{}.{}.{}", with(&head, "kid", json!("2")), sections[1], sections[2]),
        format!("{}.{}.{}", sections[0], with(&claims, "scope", json!("write")), sections[2]),
        format!("{}.{}.{}", sections[0], with(&claims, "exp", json!(i64::MAX)), sections[2]),
        "a".repeat(5_000),
    ];
    for token in forged {
        assert_eq!(w.service.check_access(&mine.record, &token), Err(Refusal::AccessTokenInvalid), "{token}");
    }
    assert_eq!(w.service.check_access(&mine.record, &good), Ok(AccessScope::Read));
}

async fn an_archived_app_has_its_key_switched_off(w: World) {
    let app = create(&w, "Archived").await.id;
    let key = revealed(&w, &app).await;
    assert_eq!(code(&w.service, &key).await, Code::Valid);
    w.service.archive_app(owner(), &app).await.unwrap();
    assert_eq!(code(&w.service, &key).await, Code::Disabled);
    w.service.restore_app(owner(), &app).await.unwrap();
    assert_eq!(code(&w.service, &key).await, Code::Valid);
}

async fn apps_of_an_earlier_version_get_one_at_the_next_start(w: World) {
    let app = create(&w, "Old").await.id;
    w.database.execute("DELETE FROM member_key").await;
    assert_eq!(refusal(w.service.member_key(owner(), &app).await), Refusal::NotFound);
    let seq = w.newest().await.seq;
    let again = w.another().await;
    let newest = w.newest().await;
    assert_eq!((newest.seq, newest.action.known()), (seq + 2, Some(Action::MemberKeyIssued)));
    for id in [app, *w.service.default_app()] {
        let key = secret(&again.reveal_member_key(shell(), &id).await.unwrap());
        assert_eq!(code(&again, &key).await, Code::Valid);
    }
    w.another().await;
    assert_eq!(w.newest().await.seq, seq + 4, "no more after the two reveals");
}

on_both!(
    every_app_has_one_from_the_start,
    it_is_in_no_list_and_no_count_of_keys,
    owners_alone_see_the_whole_of_it_and_it_is_on_record,
    a_reissue_ends_the_old_key_and_its_tokens_at_once,
    a_token_says_what_it_is_for_and_no_two_are_alike,
    what_this_installation_did_not_sign_is_refused,
    an_archived_app_has_its_key_switched_off,
    apps_of_an_earlier_version_get_one_at_the_next_start,
);

//! Two processes on one database.

use std::time::{Duration, Instant};

use domain::{key::RevokeReason, timestamp::Millis, verdict::Code};
use service::{
    Service,
    verify::{Credential, VerifyRequest},
};

use crate::world::{World, code, draft, in_background, owner, verdict};

const SECOND: Duration = Duration::from_secs(1);
/// After this time the other process has seen every change, so whatever it caches then stays.
const SETTLED: Duration = Duration::from_millis(500);

async fn another_process_refuses_within_a_second(w: World) {
    let other = w.another().await;
    let _running = in_background(&other);
    for _ in 0..5 {
        let (id, token) = w.active(&draft("service", "Key")).await;
        assert_eq!(code(&other, &token).await, Code::Valid);
        w.service.revoke(owner(), &id, RevokeReason::Leaked, None).await.unwrap();
        refused_within_a_second(&other, &token).await;
    }
}

async fn a_key_made_elsewhere_works_at_once(w: World) {
    let other = w.another().await;
    let _running = in_background(&other);
    let (_, token) = w.active(&draft("service", "Key")).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
}

async fn a_process_that_cannot_confirm_asks_for_each_call(w: World) {
    let other = w.another().await;
    let (id, token) = w.active(&draft("service", "Key")).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
    // Nothing polls here. After a second the process must not trust its cache.
    w.clock.advance(Millis::seconds(1));
    assert_eq!(code(&other, &token).await, Code::Valid);
    w.service.disable(owner(), &id, None).await.unwrap();
    assert_eq!(code(&other, &token).await, Code::Disabled);
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(code(&other, &token).await, Code::Valid);
}

/// Announcements only speed up what the poll finds. Without them, it is still no later than promised.
async fn a_process_that_lost_its_listener_refuses_within_a_second(w: World) {
    let other = w.another().await;
    let _running = in_background(&other);
    let (id, token) = w.active(&draft("service", "Key")).await;
    tokio::time::sleep(SETTLED).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
    let listeners = w.database.cut_listeners();
    assert_eq!(listeners, usize::from(format!("{:?}", w.store) == "Store::Postgres"));
    w.service.revoke(owner(), &id, RevokeReason::Leaked, None).await.unwrap();
    refused_within_a_second(&other, &token).await;
}

/// The poll runs in real time. The test's clock does not move meanwhile, so nothing else ends the trust in the cache.
async fn refused_within_a_second(other: &Service, token: &str) {
    let answered = Instant::now();
    while code(other, token).await == Code::Valid {
        assert!(answered.elapsed() < SECOND, "still accepted after a second");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(code(other, token).await, Code::Revoked);
}

/// While the database is down, no key is accepted that could have been revoked. Afterwards everything works again. A
/// SQLite file cannot be stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_stops_and_comes_back() {
    let w = World::postgres().await;
    let other = w.another().await;
    let _running = in_background(&other);
    let (id, token) = w.active(&draft("service", "Key")).await;
    let (_, kept) = w.active(&draft("service", "Kept")).await;
    tokio::time::sleep(SETTLED).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
    assert_eq!(code(&other, &kept).await, Code::Valid);
    w.database.stop();
    w.clock.advance(Millis::seconds(1));
    let request = VerifyRequest::default();
    let asked = other.verifier().verify(Credential::Token(&token), request);
    let asked = tokio::time::timeout(Duration::from_secs(15), asked).await.unwrap();
    assert!(asked.is_err(), "the cache was not confirmed for a second: {asked:?}");
    w.database.start();
    w.service.revoke(owner(), &id, RevokeReason::Leaked, None).await.unwrap();
    w.clock.advance(Millis::seconds(1));
    for (token, expected) in [(&token, Code::Revoked), (&kept, Code::Valid)] {
        // The first calls may still meet connections that were cut.
        let until = Instant::now() + Duration::from_secs(5);
        let mut answer = verdict(&other, token).await;
        while answer.is_err() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = verdict(&other, token).await;
        }
        assert_eq!(answer.unwrap().code, expected);
    }
}

async fn throttle_and_sessions_are_shared(w: World) {
    let other = w.another().await;
    w.make_owner().await;
    let signed_in = w.sign_in(crate::world::EMAIL, crate::world::PASSWORD).await.unwrap();
    let cookie = crate::world::secret(&signed_in.cookie);
    let session = other.session(&cookie).await.unwrap().unwrap();
    other.sign_out(&session, None).await.unwrap();
    assert!(w.service.session(&cookie).await.unwrap().is_none());
}

on_both!(
    another_process_refuses_within_a_second,
    a_key_made_elsewhere_works_at_once,
    a_process_that_cannot_confirm_asks_for_each_call,
    a_process_that_lost_its_listener_refuses_within_a_second,
    throttle_and_sessions_are_shared,
);

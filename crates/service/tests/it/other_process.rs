//! Two processes on one database.

use std::time::{Duration, Instant};

use domain::{key::RevokeReason, release::GENERATION, timestamp::Millis, verdict::Code};
use service::{
    Error, Service,
    verify::{Credential, Seen, VerifyRequest, WatchedCall},
};
use store::{StoreError, Tx};

use crate::rotation::{confirm, rotate};
use crate::world::{World, code, draft, in_background, owner, until, verdict};

const SECOND: Duration = Duration::from_secs(1);
/// After this time the other process has seen every change, so whatever it caches then stays.
const SETTLED: Duration = Duration::from_millis(500);

async fn another_process_refuses_within_a_second(w: World) {
    let (other, in_time) = (w.another().await, w.another_in_time().await);
    let _running = [in_background(&other), in_background(&in_time)];
    for _ in 0..5 {
        let (id, token) = w.active(&draft("service", "Key")).await;
        for process in [&other, &in_time] {
            assert_eq!(code(process, &token).await, Code::Valid);
        }
        w.service.revoke(owner(), &id, RevokeReason::Leaked, None).await.unwrap();
        refused_within_a_second(&in_time, &token).await;
        learns_of_it(&other, &token).await;
    }
}

async fn a_key_made_elsewhere_works_at_once(w: World) {
    let other = w.another().await;
    let _running = in_background(&other);
    let (_, token) = w.active(&draft("service", "Key")).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
}

/// Nothing polls here: the other process learns it from the call.
async fn a_secret_that_another_process_made_works_at_once(w: World) {
    let other = w.another().await;
    let (id, old) = w.active(&draft("service", "Key")).await;
    assert_eq!(code(&other, &old).await, Code::Valid);
    let new = rotate(&w, &id, "1h").await;
    assert_eq!(code(&other, &new).await, Code::NotFound, "it is not confirmed");
    confirm(&w, &id).await;
    for secret in [&new, &old] {
        assert_eq!(code(&other, secret).await, Code::Valid);
    }
    w.service.finish_rotation(owner(), &id).await.unwrap();
    let newest = rotate(&w, &id, "1h").await;
    confirm(&w, &id).await;
    assert_eq!(code(&other, &newest).await, Code::Valid);
    assert_eq!(code(&other, &old).await, Code::NotFound, "nor is anything older believed then");
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
    let (other, in_time) = (w.another().await, w.another_in_time().await);
    let _running = [in_background(&other), in_background(&in_time)];
    let (id, token) = w.active(&draft("service", "Key")).await;
    let expected = if format!("{:?}", w.store) == "Store::Postgres" { 2 } else { 0 };
    until("both listen", async || w.database.listeners() == expected).await;
    tokio::time::sleep(SETTLED).await;
    for process in [&other, &in_time] {
        assert_eq!(code(process, &token).await, Code::Valid);
    }
    assert_eq!(w.database.cut_listeners(), expected);
    w.service.revoke(owner(), &id, RevokeReason::Leaked, None).await.unwrap();
    refused_within_a_second(&in_time, &token).await;
    learns_of_it(&other, &token).await;
}

/// It decides nothing, changes nothing and says why, until the newer release has left.
async fn a_process_stops_where_a_newer_release_has_taken_over(w: World) {
    let other = w.another().await;
    let _running = in_background(&other);
    let (id, token) = w.active(&draft("service", "Key")).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
    let newer = (GENERATION + 1).to_string();
    let take_over = async |tx: &mut Tx| {
        tx.put_setting("least_generation", &newer).await?;
        tx.bump_version().await
    };
    w.store.write(take_over).await.unwrap();
    until("it decides no longer", async || verdict(&other, &token).await.is_err()).await;
    let refused = verdict(&other, &token).await.unwrap_err();
    assert!(matches!(refused, Error::Store(StoreError::TakenOver(_))), "{refused}");
    let refused = other.disable(owner(), &id, None).await.unwrap_err();
    assert!(matches!(refused, Error::Store(StoreError::TakenOver(_))), "{refused}");
    let reason = other.ready().await.unwrap_err().to_string();
    assert!(reason.contains(&format!("least generation {newer}")) && reason.ends_with("update it"), "{reason}");
    w.database.execute("DELETE FROM setting WHERE name = 'least_generation'").await;
    other.ready().await.unwrap();
    assert_eq!(code(&other, &token).await, Code::Valid);
}

/// Of a process on the machine's own clock. What counts is when a call was made: a machine that stands still delays its
/// answer, too.
async fn refused_within_a_second(in_time: &Service, token: &str) {
    let answered = Instant::now();
    loop {
        let made = answered.elapsed();
        match code(in_time, token).await {
            Code::Valid => assert!(made < SECOND, "still accepted after a second"),
            code => return assert_eq!(code, Code::Revoked),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The poll runs in real time. The test's clock does not move meanwhile, so nothing else ends the trust in the cache.
async fn learns_of_it(other: &Service, token: &str) {
    until("it learns of it", async || code(other, token).await == Code::Revoked).await;
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
        until("it decides again", async || verdict(&other, token).await.is_ok()).await;
        assert_eq!(code(&other, token).await, expected);
    }
}

/// Announcements carry the calls. A SQLite file has none, and one server.
#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_the_calls_that_another_process_takes() {
    let w = World::postgres().await;
    let other = w.another().await;
    let _running = [in_background(&w.service), in_background(&other)];
    let (id, token) = w.active(&draft("service", "Key")).await;
    // Others are asked for their calls once, and again only when the clock moves.
    until("both listen", async || w.database.listeners() == 2).await;
    let mut watch = w.service.watch(owner(), &id).await.unwrap();
    tokio::time::sleep(SETTLED).await;
    assert_eq!(code(&other, &token).await, Code::Valid);
    let seen = tokio::time::timeout(Duration::from_mins(1), watch.next()).await.unwrap();
    assert!(matches!(seen, Some(Seen::Call(WatchedCall { code: Code::Valid, .. }))), "{seen:?}");
    let twice = tokio::time::timeout(Duration::from_millis(1_500), watch.next()).await;
    assert!(twice.is_err(), "it is shown twice: {twice:?}");
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
    a_secret_that_another_process_made_works_at_once,
    a_process_that_cannot_confirm_asks_for_each_call,
    a_process_that_lost_its_listener_refuses_within_a_second,
    a_process_stops_where_a_newer_release_has_taken_over,
    throttle_and_sessions_are_shared,
);

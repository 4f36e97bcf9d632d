//! How long a session lasts and what ends it.

use std::time::Duration;

use domain::{audit::Action, refusal::Refusal, timestamp::Millis};
use service::{
    ClientInfo,
    sessions::{ABSOLUTE, IDLE},
    sign_in::SignIn,
    streams::STREAMS_MAX,
};
use store::{StoreError, Tx};
use tokio::{sync::Notify, time::timeout};

use crate::{
    usage::quiet,
    world::{EMAIL, PASSWORD, World, in_background, owner, person, secret, session_of, shell},
};

async fn cookie(w: &World) -> String {
    w.make_owner().await;
    secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie)
}

async fn is_open(w: &World, cookie: &str) -> bool {
    w.service.session(cookie).await.unwrap().is_some()
}

async fn an_idle_session_ends(w: World) {
    let cookie = cookie(&w).await;
    w.clock.advance(Millis(IDLE.0 - 1));
    assert!(is_open(&w, &cookie).await);
    w.clock.advance(Millis(IDLE.0 - 1));
    assert!(is_open(&w, &cookie).await, "its use was noted");
    w.clock.advance(IDLE);
    assert!(!is_open(&w, &cookie).await);
}

async fn a_session_from_the_future_is_over(w: World) {
    w.make_owner().await;
    let sign_in = async || secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    for ahead in [Millis::hours(9_000), Millis::minutes(2)] {
        w.clock.set(ahead);
        let cookie = sign_in().await;
        assert!(is_open(&w, &cookie).await);
        w.clock.set(Millis(-ahead.0));
        assert!(!is_open(&w, &cookie).await, "{ahead:?}");
    }
    let cookie = sign_in().await;
    w.clock.set(Millis::seconds(-59));
    assert!(is_open(&w, &cookie).await, "clocks of servers differ a little");
}

async fn what_a_browser_asks_by_itself_keeps_no_session_open(w: World) {
    let cookie = cookie(&w).await;
    for _ in 0..29 {
        w.clock.advance(Millis::minutes(1));
        assert!(w.service.idle_session(&cookie).await.unwrap().is_some());
    }
    w.clock.advance(Millis::minutes(1));
    assert!(w.service.idle_session(&cookie).await.unwrap().is_none());
}

async fn streams_end_with_their_session(w: World) {
    let cookie = cookie(&w).await;
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let other = w.another().await;
    let (here, elsewhere) = (w.service.stream(&session).unwrap(), other.stream(&session).unwrap());
    let here = w.service.session_ends(&here, Duration::from_hours(1));
    let elsewhere = other.session_ends(&elsewhere, Duration::from_millis(20));
    tokio::pin!(here, elsewhere);
    let both = async { tokio::select!(() = &mut here => {}, () = &mut elsewhere => {}) };
    assert!(timeout(Duration::from_millis(200), both).await.is_err(), "the session goes on");
    w.service.sign_out(&session, None).await.unwrap();
    let ended = timeout(Duration::from_mins(1), async { tokio::join!(here, elsewhere) }).await;
    assert!(ended.is_ok(), "here at once, elsewhere when it looks again");
}

async fn streams_end_elsewhere_for_whoever_may_do_less(w: World) {
    let cookie = cookie(&w).await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let other = w.another().await;
    let stream = other.stream(&session).unwrap();
    let ends = other.session_ends(&stream, Duration::from_millis(20));
    tokio::pin!(ends);
    assert!(timeout(Duration::from_millis(200), &mut ends).await.is_err(), "nothing has changed");
    w.service.change_role(owner(), session.person.id(), "auditor").await.unwrap();
    assert!(timeout(Duration::from_mins(1), ends).await.is_ok());
    assert!(w.service.session(&cookie).await.unwrap().is_some(), "the session goes on");
}

async fn a_session_has_a_few_streams(w: World) {
    let cookie = cookie(&w).await;
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let mut open: Vec<_> = (0..STREAMS_MAX).map(|_| w.service.stream(&session).unwrap()).collect();
    assert_eq!(w.service.stream(&session).unwrap_err(), Refusal::TooManyStreams);
    open.pop();
    open.push(w.service.stream(&session).unwrap());
    assert_eq!(w.service.stream(&session).unwrap_err(), Refusal::TooManyStreams);
}

async fn a_stream_ends_when_its_session_is_over_or_replaced(w: World) {
    let cookie = cookie(&w).await;
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let stream = w.service.stream(&session).unwrap();
    let sign_in = SignIn { email: EMAIL.to_owned(), password: PASSWORD.into() };
    let client = ClientInfo { session: Some(session), ..ClientInfo::default() };
    let signed_in = session_of(w.service.sign_in(sign_in, &client).await.unwrap());
    let ends = w.service.session_ends(&stream, Duration::from_hours(1));
    timeout(Duration::from_mins(1), ends).await.unwrap();

    let session = w.service.session(&secret(&signed_in.cookie)).await.unwrap().unwrap();
    let stream = w.service.stream(&session).unwrap();
    w.clock.advance(IDLE);
    let ends = w.service.session_ends(&stream, Duration::from_millis(20));
    timeout(Duration::from_mins(1), ends).await.unwrap();
}

async fn a_busy_session_ends_too(w: World) {
    let cookie = cookie(&w).await;
    let step = Millis::minutes(20);
    for _ in 0..ABSOLUTE.0 / step.0 - 1 {
        w.clock.advance(step);
        assert!(is_open(&w, &cookie).await);
    }
    w.clock.advance(step);
    assert!(!is_open(&w, &cookie).await);
}

async fn use_is_noted_once_a_minute(w: World) {
    let cookie = cookie(&w).await;
    let before = w.store.write_count();
    for _ in 0..59 {
        w.clock.advance(Millis::seconds(1));
        assert!(is_open(&w, &cookie).await);
    }
    assert_eq!(w.store.write_count(), before);
    w.clock.advance(Millis::seconds(1));
    assert!(is_open(&w, &cookie).await);
    assert!(is_open(&w, &cookie).await);
    assert_eq!(w.store.write_count(), before + 1);
}

/// Pages work while the database can be read and not written.
async fn a_use_that_cannot_be_noted_keeps_nobody_out(w: World) {
    let (breaks, mends): (&[&str], &str) = if w.store.engine() == "SQLite" {
        (
            &["CREATE TRIGGER stuck BEFORE UPDATE ON session BEGIN SELECT RAISE(ABORT, 'stuck'); END"],
            "DROP TRIGGER stuck",
        )
    } else {
        (
            &[
                "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$",
                "CREATE TRIGGER stuck BEFORE UPDATE ON session FOR EACH ROW EXECUTE FUNCTION stuck()",
            ],
            "DROP TRIGGER stuck ON session",
        )
    };
    let cookie = cookie(&w).await;
    for statement in breaks {
        w.database.execute(statement).await;
    }
    w.clock.advance(Millis(IDLE.0 - 1));
    assert!(is_open(&w, &cookie).await);
    w.database.execute(mends).await;
    assert!(is_open(&w, &cookie).await);
    w.clock.advance(Millis(IDLE.0 - 1));
    assert!(is_open(&w, &cookie).await, "its use was noted as soon as that was possible");
}

async fn a_page_does_not_wait_for_another_writer(w: World) {
    let cookie = cookie(&w).await;
    w.clock.advance(Millis::minutes(2));
    let (begun, done) = (Notify::new(), Notify::new());
    let writer = w.store.write(async |_: &mut Tx| {
        begun.notify_one();
        done.notified().await;
        Ok::<_, StoreError>(())
    });
    let page = async {
        begun.notified().await;
        assert!(timeout(Duration::from_secs(5), is_open(&w, &cookie)).await.unwrap());
        done.notify_one();
    };
    let (written, ()) = tokio::join!(writer, page);
    written.unwrap();
}

async fn signing_out_ends_it_and_leaves_one_event(w: World) {
    let cookie = cookie(&w).await;
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let caller = session.caller(None);
    assert!(caller.rights().may(domain::role::Act::ManageOwners));
    let proof = service::Authentication::Cookie { password_checked_at: w.service.now() };
    assert_eq!(caller.authentication(), proof);
    w.service.sign_out(&session, None).await.unwrap();
    let ended = w.newest().await;
    assert_eq!(ended.action, Action::SessionEnded);
    assert!(!is_open(&w, &cookie).await);
    w.service.sign_out(&session, None).await.unwrap();
    assert_eq!(w.newest().await.seq, ended.seq);
}

async fn what_is_no_cookie_opens_nothing(w: World) {
    let cookie = cookie(&w).await;
    let upper = cookie.to_uppercase();
    let other = "0".repeat(64);
    for text in ["", "x", &cookie[1..], &upper, &other, &format!("{cookie} ")] {
        assert!(!is_open(&w, text).await, "{text}");
    }
}

async fn what_has_ended_is_removed(w: World) {
    let cookie = cookie(&w).await;
    w.sign_in("nobody@example.com", "wrong").await.unwrap_err();
    w.clock.advance(Millis::hours(25));
    let _running = in_background(&w.service);
    quiet(&w).await;
    w.clock.advance(Millis::hours(-25));
    assert!(!is_open(&w, &cookie).await, "the row is gone");
}

on_both!(
    an_idle_session_ends,
    a_session_from_the_future_is_over,
    what_a_browser_asks_by_itself_keeps_no_session_open,
    streams_end_with_their_session,
    streams_end_elsewhere_for_whoever_may_do_less,
    a_session_has_a_few_streams,
    a_stream_ends_when_its_session_is_over_or_replaced,
    a_busy_session_ends_too,
    use_is_noted_once_a_minute,
    a_use_that_cannot_be_noted_keeps_nobody_out,
    a_page_does_not_wait_for_another_writer,
    signing_out_ends_it_and_leaves_one_event,
    what_is_no_cookie_opens_nothing,
    what_has_ended_is_removed,
);

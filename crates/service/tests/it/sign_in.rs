//! Signing in: what an attempt costs, what it reveals, and how attempts are slowed down.

use std::time::Duration;

use domain::{audit::Action, field::Field, refusal::Refusal, timestamp::Millis};
use service::{
    ClientInfo, Error,
    clock::Clock,
    sign_in::{SignIn, SignedIn},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::{EMAIL, PASSWORD, World, person, refusal, secret, session_of, shell, until};

const UNKNOWN: &str = "nobody@example.com";

async fn an_attempt_costs_one_hash_whoever_it_names(w: World) {
    w.make_owner().await;
    for (email, password) in [(EMAIL, "wrong"), (UNKNOWN, "wrong"), (UNKNOWN, PASSWORD)] {
        let (before, writes) = (w.hasher.count(), w.store.write_count());
        assert_eq!(refusal(w.sign_in(email, password).await), Refusal::SignInFailed);
        assert_eq!(w.hasher.count() - before, 1, "{email}");
        assert_eq!(w.store.write_count() - writes, 1, "{email}");
    }
    let before = w.hasher.count();
    let signed_in = w.sign_in(EMAIL, PASSWORD).await.unwrap();
    assert_eq!(w.hasher.count() - before, 1);
    assert_eq!(signed_in.person.email(), EMAIL);
    assert_eq!(w.newest().await.action, Action::SessionStarted);
    let again = w.sign_in(EMAIL, PASSWORD).await.unwrap();
    assert_ne!(secret(&signed_in.cookie), secret(&again.cookie));
    assert_eq!(secret(&again.cookie).len(), 64);
}

async fn what_nobody_can_have_is_refused_at_its_field_without_a_hash(w: World) {
    w.make_owner().await;
    let before = w.hasher.count();
    let long = "x".repeat(257);
    for (email, password, field) in [
        ("owner", PASSWORD, Field::Email),
        ("", PASSWORD, Field::Email),
        (EMAIL, "", Field::Password),
        (EMAIL, &long, Field::Password),
        (UNKNOWN, &long, Field::Password),
    ] {
        let Refusal::Invalid(errors) = refusal(w.sign_in(email, password).await) else { panic!("{email}") };
        assert_eq!(errors.of(field).count(), 1, "{email}");
    }
    assert_eq!(w.hasher.count(), before);
}

async fn waits_grow_after_five_failures_known_or_not(w: World) {
    w.make_owner().await;
    for email in [EMAIL, UNKNOWN] {
        for _ in 0..5 {
            assert_eq!(refusal(w.sign_in(email, "wrong").await), Refusal::SignInFailed);
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let before = w.hasher.count();
            let wait = refusal(w.sign_in(email, PASSWORD).await);
            assert_eq!(wait, Refusal::Wait { seconds }, "{email}");
            assert_eq!(w.hasher.count(), before, "a waiting account costs no hash");
            w.clock.advance(Millis(i64::from(seconds) * 1000 - 1));
            let wait = refusal(w.sign_in(email, PASSWORD).await);
            assert_eq!(wait, Refusal::Wait { seconds: 1 }, "{email}");
            w.clock.advance(Millis(1));
            assert_eq!(refusal(w.sign_in(email, "wrong").await), Refusal::SignInFailed);
        }
    }
    w.clock.advance(Millis::minutes(15));
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    for _ in 0..4 {
        let failed = refusal(w.sign_in(EMAIL, "wrong").await);
        assert_eq!(failed, Refusal::SignInFailed, "a success starts the count anew");
    }
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
}

/// Signs in with a browser that shows this device cookie.
async fn with_device(w: &World, password: &str, device: Option<&str>) -> service::Result<SignedIn> {
    let sign_in = SignIn { email: EMAIL.to_owned(), password: password.into() };
    let client = ClientInfo { device: device.map(Into::into), ..ClientInfo::default() };
    w.service.sign_in(sign_in, &client).await.map(session_of)
}

async fn guessing_keeps_nobody_out_who_signed_in_before(w: World) {
    w.make_owner().await;
    let device = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().device);
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 });
    let again = with_device(&w, PASSWORD, Some(&device)).await.unwrap();
    assert_eq!(secret(&again.device), device, "the browser stays the same");
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 }, "strangers wait on");

    // What is no proof, or the proof of another browser or person, counts like none.
    let (nonce, mac) = device.split_at(32);
    let other = person("other@example.com");
    w.service.create_owner(shell(), other).await.unwrap();
    let of_other = secret(&w.sign_in("other@example.com", PASSWORD).await.unwrap().device);
    for wrong in ["", "x", &nonce.replace(|_| true, "0"), &format!("{}{mac}", "0".repeat(32)), &of_other] {
        assert_eq!(refusal(with_device(&w, PASSWORD, Some(wrong)).await), Refusal::Wait { seconds: 1 }, "{wrong}");
    }
    // The browser's own failures count too.
    for _ in 0..5 {
        assert_eq!(refusal(with_device(&w, "wrong", Some(&device)).await), Refusal::SignInFailed);
    }
    assert_eq!(refusal(with_device(&w, PASSWORD, Some(&device)).await), Refusal::Wait { seconds: 1 });
}

async fn signing_in_again_ends_the_session_that_the_browser_had(w: World) {
    w.make_owner().await;
    let first = w.sign_in(EMAIL, PASSWORD).await.unwrap();
    let session = w.service.session(&secret(&first.cookie)).await.unwrap();
    assert!(session.is_some());
    let sign_in = || SignIn { email: EMAIL.to_owned(), password: PASSWORD.into() };
    let client = ClientInfo { session, ..ClientInfo::default() };
    let second = session_of(w.service.sign_in(sign_in(), &client).await.unwrap());
    assert!(w.service.session(&secret(&first.cookie)).await.unwrap().is_none());
    assert!(w.service.session(&secret(&second.cookie)).await.unwrap().is_some());
    // It has ended, so it is not on record as ended twice.
    let (events, ..) = w.marks().await;
    w.service.sign_in(sign_in(), &client).await.unwrap();
    assert_eq!(w.marks().await.0, events + 1);
}

async fn old_failures_are_forgotten(w: World) {
    w.make_owner().await;
    for _ in 0..20 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
        w.clock.advance(Millis::minutes(15));
    }
    w.clock.advance(Millis::hours(24));
    for _ in 0..4 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
}

async fn spellings_of_an_e_mail_share_their_failures(w: World) {
    w.make_owner().await;
    for email in [EMAIL, " owner@example.com", "OWNER@EXAMPLE.COM\t", "Owner@Example.Com", "\u{ff4f}wner@example.com"] {
        assert_eq!(refusal(w.sign_in(email, "wrong").await), Refusal::SignInFailed);
    }
    for email in [EMAIL, "oWner@example.com "] {
        let wait = refusal(w.sign_in(email, PASSWORD).await);
        assert_eq!(wait, Refusal::Wait { seconds: 1 }, "{email}");
    }
}

async fn attempts_side_by_side_are_not_all_let_in(w: World) {
    w.make_owner().await;
    let before = w.hasher.count();
    let attempts: Vec<_> = (0..40)
        .map(|_| {
            let service = w.service.clone();
            tokio::spawn(async move {
                let sign_in = SignIn { email: EMAIL.to_owned(), password: "wrong".into() };
                service.sign_in(sign_in, &ClientInfo::default()).await
            })
        })
        .collect();
    for attempt in attempts {
        attempt.await.unwrap().unwrap_err();
    }
    assert_eq!(w.hasher.count() - before, 5);
}

async fn the_first_wait_is_on_record_without_what_was_typed(w: World) {
    w.make_owner().await;
    for (email, label) in [(EMAIL, EMAIL), (UNKNOWN, "unknown e-mails")] {
        let before = w.newest().await.seq;
        for _ in 0..5 {
            w.sign_in(email, "wrong").await.unwrap_err();
        }
        w.sign_in(email, "wrong").await.unwrap_err();
        let event = w.newest().await;
        assert_eq!((event.seq, event.action.known()), (before + 1, Some(Action::SignInBlocked)));
        assert_eq!(event.subject.label, label);
    }
    let all = format!("{:?}", w.events().await);
    assert!(!all.contains(UNKNOWN) && !all.contains("wrong"));
}

/// Waits of invented e-mails: at most one event an hour, with their number.
async fn invented_e_mails_do_not_flood_the_record(w: World) {
    w.make_owner().await;
    let before = w.newest().await.seq;
    let invent = async |numbers: std::ops::Range<u32>| {
        for n in numbers {
            for _ in 0..5 {
                let (writes, answer) = (w.store.write_count(), w.sign_in(&format!("{n}@example.com"), "wrong").await);
                assert_eq!(refusal(answer), Refusal::SignInFailed);
                assert!(w.store.write_count() - writes <= 2);
            }
        }
    };
    invent(0..20).await;
    let event = w.newest().await;
    assert_eq!((event.seq, event.note.as_deref()), (before + 1, Some("1 wait began")));
    w.clock.advance(Millis::hours(1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.seq, event.note.as_deref()), (before + 2, Some("19 waits began")));
    // An hour later there is nothing to say, and then the next one is on record at once.
    w.clock.advance(Millis::hours(1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    assert_eq!(w.newest().await.seq, before + 2);
    invent(20..21).await;
    assert_eq!(w.newest().await.note.as_deref(), Some("1 wait began"));
    // The waits of people are all on record.
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    assert_eq!(w.newest().await.subject.label, EMAIL);
}

/// Fails as often as strangers may, waiting each time as long as told.
async fn fail_to_the_end(w: &World, email: &str) {
    for _ in 0..100 {
        assert_eq!(refusal(w.sign_in(email, "wrong").await), Refusal::SignInFailed);
        w.clock.advance(Millis::minutes(15));
    }
}

async fn after_a_hundred_failures_only_known_browsers_go_on(w: World) {
    w.make_owner().await;
    let device = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().device);
    for email in [EMAIL, UNKNOWN] {
        fail_to_the_end(&w, email).await;
        w.clock.advance(Millis::days(2));
        w.service.tidy(&CancellationToken::new()).await.unwrap();
        let before = w.hasher.count();
        assert_eq!(refusal(w.sign_in(email, PASSWORD).await), Refusal::OnlyKnownBrowsers, "{email}");
        assert_eq!(w.hasher.count(), before, "{email}: no computation");
    }
    // A success opens it.
    with_device(&w, PASSWORD, Some(&device)).await.unwrap();
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    // So does the command line.
    fail_to_the_end(&w, EMAIL).await;
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::OnlyKnownBrowsers);
    w.service.unlock_owner(shell(), EMAIL).await.unwrap();
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
}

async fn a_browser_that_fails_a_hundred_times_is_no_longer_known(w: World) {
    w.make_owner().await;
    let device = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().device);
    for _ in 0..100 {
        with_device(&w, "wrong", Some(&device)).await.unwrap_err();
        w.clock.advance(Millis::minutes(15));
    }
    for _ in 0..5 {
        with_device(&w, "wrong", Some(&device)).await.unwrap_err();
    }
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 }, "it counts as a stranger");
    w.clock.advance(Millis::seconds(1));
    let again = with_device(&w, PASSWORD, Some(&device)).await.unwrap();
    assert_ne!(secret(&again.device), device, "it begins anew");
}

async fn old_failures_are_removed_in_parts_but_not_those_that_hold(w: World) {
    w.make_owner().await;
    fail_to_the_end(&w, UNKNOWN).await;
    let fail = async |tx: &mut store::Tx| {
        for n in 0..2_500_u32 {
            tx.record_sign_in_failure(&n.to_be_bytes(), w.clock.now(), |_| w.clock.now()).await?;
        }
        Ok::<_, store::StoreError>(())
    };
    w.store.write(fail).await.unwrap();
    w.clock.advance(Millis::days(2));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    for n in [0, 1_000, 2_499_u32] {
        assert_eq!(w.store.sign_in_failures(&n.to_be_bytes()).await.unwrap(), None);
    }
    assert_eq!(refusal(w.sign_in(UNKNOWN, "wrong").await), Refusal::OnlyKnownBrowsers);
}

/// Signs in without waiting for the answer, up to the moment at which the password is looked at.
async fn begin(w: &World, password: &str) -> JoinHandle<Result<SignedIn, Error>> {
    w.hasher.hold(true);
    let before = w.hasher.count();
    let (service, password) = (w.service.clone(), password.into());
    let attempt = tokio::spawn(async move {
        let sign_in = SignIn { email: EMAIL.to_owned(), password };
        service.sign_in(sign_in, &ClientInfo::default()).await.map(session_of)
    });
    while w.hasher.count() == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    attempt
}

async fn who_hangs_up_keeps_no_wait_off_the_record(w: World) {
    w.make_owner().await;
    for _ in 0..4 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    begin(&w, "wrong").await.abort();
    w.hasher.hold(false);
    until("the wait is on record", async || w.newest().await.action == Action::SignInBlocked).await;
}

async fn a_password_that_was_replaced_meanwhile_begins_no_session(w: World) {
    w.make_owner().await;
    let attempt = begin(&w, PASSWORD).await;
    w.service.recover_owner(shell(), EMAIL, &"another long password of mine".into()).await.unwrap();
    w.hasher.hold(false);
    assert_eq!(refusal(attempt.await.unwrap()), Refusal::SignInFailed);
    assert_eq!(w.newest().await.action, Action::PersonRecovered);
}

on_both!(
    who_hangs_up_keeps_no_wait_off_the_record,
    a_password_that_was_replaced_meanwhile_begins_no_session,
    an_attempt_costs_one_hash_whoever_it_names,
    waits_grow_after_five_failures_known_or_not,
    guessing_keeps_nobody_out_who_signed_in_before,
    signing_in_again_ends_the_session_that_the_browser_had,
    attempts_side_by_side_are_not_all_let_in,
    old_failures_are_forgotten,
    spellings_of_an_e_mail_share_their_failures,
    the_first_wait_is_on_record_without_what_was_typed,
    invented_e_mails_do_not_flood_the_record,
    after_a_hundred_failures_only_known_browsers_go_on,
    a_browser_that_fails_a_hundred_times_is_no_longer_known,
    old_failures_are_removed_in_parts_but_not_those_that_hold,
    what_nobody_can_have_is_refused_at_its_field_without_a_hash,
);

//! Passkeys: copies, other sites, forged signatures and strangers, none of whom gets in or keeps others out.

use domain::{audit::Action, refusal::Refusal, timestamp::Millis};
use testkit::SoftKey;

use crate::{
    passkeys::{add, finish, half, sign_in, with_passkey},
    world::{EMAIL, PASSWORD, SITE, World, refusal},
};

async fn a_copy_of_it_is_noticed_and_refused(w: World) {
    let (_, mut key) = with_passkey(&w).await;
    let mut copy = key.clone();
    sign_in(&w, &mut key).await.unwrap();
    sign_in(&w, &mut key).await.unwrap();
    assert_eq!(refusal(sign_in(&w, &mut copy).await), Refusal::PasskeyRefused);
    let event = w.newest().await;
    assert_eq!(event.action, Action::PasskeyRefused);
    let note = "The passkey “Laptop”: its counter went back, so there may be a copy of it";
    assert_eq!((event.note.as_deref(), event.subject.label.as_str()), (Some(note), EMAIL));
    // The same count is a copy's, too. After the password it is no better.
    copy.counter = key.counter - 1;
    let step = half(&w, EMAIL).await;
    assert_eq!(refusal(finish(&w, &step, &mut copy).await), Refusal::PasskeyRefused);
    sign_in(&w, &mut key).await.unwrap();
}

async fn another_site_and_another_host_are_refused(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    for site in [
        "https://keys.example.org",
        "https://example.com",
        "https://evil.keys.example.com",
        "https://keys.example.com:8443",
        "http://keys.example.com",
    ] {
        let mut fooled = SoftKey { origin: site.to_owned(), ..key.clone() };
        assert_eq!(refusal(sign_in(&w, &mut fooled).await), Refusal::PasskeyRefused, "{site}");
        let event = w.newest().await;
        assert!(event.note.as_deref().unwrap().ends_with("it was used on another site"), "{site}: {event:?}");
        let mut new = SoftKey { origin: site.to_owned(), ..SoftKey::new(9, SITE) };
        assert_eq!(refusal(add(&w, &here, &mut new).await), Refusal::PasskeyRefused, "{site}");
        // That forgets the failure.
        sign_in(&w, &mut key).await.unwrap();
    }
    let mut other = SoftKey { host: "example.com".to_owned(), ..key.clone() };
    assert_eq!(refusal(sign_in(&w, &mut other).await), Refusal::PasskeyRefused);
    let mut new = SoftKey { host: "example.com".to_owned(), ..SoftKey::new(9, SITE) };
    assert_eq!(refusal(add(&w, &here, &mut new).await), Refusal::PasskeyRefused);
    assert_eq!(w.service.own_passkeys(&here).await.unwrap().len(), 1);
}

async fn one_that_does_not_check_who_uses_it_is_refused(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    key.verifies = false;
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    assert!(w.newest().await.note.unwrap().ends_with("it did not check who used it"));
    let step = half(&w, EMAIL).await;
    assert_eq!(refusal(finish(&w, &step, &mut key).await), Refusal::PasskeyRefused);
    let mut new = SoftKey { verifies: false, ..SoftKey::new(9, SITE) };
    assert_eq!(refusal(add(&w, &here, &mut new).await), Refusal::PasskeyRefused);
}

async fn a_forged_signature_is_refused_and_counted(w: World) {
    let (_, mut key) = with_passkey(&w).await;
    // Another private key behind the same id.
    let forged = |key: &SoftKey| SoftKey { key: SoftKey::new(2, SITE).key, ..key.clone() };
    for _ in 0..5 {
        let refused = w.one_event(Action::PasskeyRefused, sign_in(&w, &mut forged(&key))).await;
        assert_eq!(refusal(refused), Refusal::PasskeyRefused);
    }
    let waits = w.no_event(sign_in(&w, &mut forged(&key))).await;
    assert_eq!(refusal(waits), Refusal::Wait { seconds: 1 }, "so a stranger cannot fill the record");
    // Nobody makes a right one by trying: neither the passkey nor the password waits for that.
    half(&w, EMAIL).await;
    sign_in(&w, &mut key).await.unwrap();
    // That forgot the failures.
    for _ in 0..100 {
        assert_eq!(refusal(sign_in(&w, &mut forged(&key)).await), Refusal::PasskeyRefused);
        w.clock.advance(Millis::minutes(15));
    }
    assert_eq!(refusal(sign_in(&w, &mut forged(&key)).await), Refusal::PasskeyRefused, "there is no end to it");
    sign_in(&w, &mut key).await.unwrap();
}

/// Whoever knows an e-mail can fail with it as often as they like.
async fn wrong_passwords_of_strangers_keep_no_passkey_out(w: World) {
    let (_, mut key) = with_passkey(&w).await;
    for _ in 0..5 {
        assert_eq!(refusal(w.sign_in(EMAIL, "wrong").await), Refusal::SignInFailed);
    }
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 });
    sign_in(&w, &mut key).await.unwrap();
    for _ in 0..100 {
        assert_eq!(refusal(w.sign_in(EMAIL, "wrong").await), Refusal::SignInFailed);
        w.clock.advance(Millis::minutes(15));
    }
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::OnlyKnownBrowsers);
    // The browser is unknown each time. What it proves opens the account to passwords again.
    sign_in(&w, &mut key).await.unwrap();
    let step = half(&w, EMAIL).await;
    finish(&w, &step, &mut key).await.unwrap();
}

/// A stranger learns nothing from the answer, nor from the work: a transaction takes the challenge, and one counts.
async fn an_unknown_one_costs_what_a_known_one_costs(w: World) {
    let (_, key) = with_passkey(&w).await;
    let mut unknown = SoftKey { handle: key.handle.clone(), ..SoftKey::new(7, SITE) };
    let seq = w.newest().await.seq;
    let writes = w.store.write_count();
    assert_eq!(refusal(sign_in(&w, &mut unknown).await), Refusal::PasskeyRefused);
    assert_eq!(w.store.write_count() - writes, 3, "the challenge is kept and taken, and the try is counted");
    assert_eq!(w.newest().await.seq, seq, "strangers fill no record");
    for _ in 0..4 {
        assert_eq!(refusal(sign_in(&w, &mut unknown).await), Refusal::PasskeyRefused);
    }
    assert_eq!(refusal(sign_in(&w, &mut unknown).await), Refusal::Wait { seconds: 1 });
    // Nobody else waits for that.
    w.sign_in("nobody@example.com", PASSWORD).await.unwrap_err();
    sign_in(&w, &mut key.clone()).await.unwrap();
}

on_both!(
    a_copy_of_it_is_noticed_and_refused,
    another_site_and_another_host_are_refused,
    one_that_does_not_check_who_uses_it_is_refused,
    a_forged_signature_is_refused_and_counted,
    wrong_passwords_of_strangers_keep_no_passkey_out,
    an_unknown_one_costs_what_a_known_one_costs,
);

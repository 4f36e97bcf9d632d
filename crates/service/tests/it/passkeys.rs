//! Passkeys: added, used after the password, alone and as a proof, and removed.

use domain::{
    audit::Action, field::Field, passkey::PASSKEYS_MAX, person::SecondFactor, proof::PROOF_FOR, refusal::Refusal,
    role::Role, second_factor::FactorPolicy, timestamp::Millis,
};
use service::{
    ClientInfo, Error,
    ceremony::Asks,
    second_factor::{OwnFactor, RecoveryCodes},
    sessions::Session,
    sign_in::{Entry, SignIn, SignedIn, WaysOn},
};
use testkit::{Authenticator, SoftKey};
use tokio::task::JoinSet;

use crate::{
    people::with_role,
    world::{EMAIL, PASSWORD, SITE, World, owner, refusal, secret, shell},
};

async fn session(w: &World, signed_in: &SignedIn) -> Session {
    w.service.session(&secret(&signed_in.cookie)).await.unwrap().unwrap()
}

fn from(session: &Session) -> ClientInfo {
    ClientInfo { session: Some(session.clone()), ..ClientInfo::default() }
}

/// The owner, signed in with the password.
async fn the_owner(w: &World) -> Session {
    w.make_owner().await;
    session(w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await
}

pub async fn add(w: &World, here: &Session, key: &mut SoftKey) -> Result<Option<RecoveryCodes>, Error> {
    let answer = key.add(&w.service.passkey_options(Asks::Add(here)).await?);
    w.service.add_passkey(here, "Laptop", &answer, &from(here)).await
}

/// The owner with a passkey, which was used before.
pub async fn with_passkey(w: &World) -> (Session, SoftKey) {
    let here = the_owner(w).await;
    let mut key = SoftKey::new(1, SITE);
    add(w, &here, &mut key).await.unwrap().unwrap();
    (here, key)
}

pub async fn sign_in(w: &World, key: &mut SoftKey) -> Result<SignedIn, Error> {
    let answer = key.answer_to(&w.service.passkey_options(Asks::SignIn(None)).await?);
    w.service.sign_in_with_passkey(&answer, &ClientInfo::default()).await
}

/// The cookie of a sign-in whose password was right.
pub async fn half(w: &World, email: &str) -> String {
    let sign_in = SignIn { email: email.to_owned(), password: PASSWORD.into() };
    match w.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap() {
        Entry::Code { step } => secret(&step),
        Entry::Session(_) => panic!("no second factor is asked for"),
    }
}

pub async fn finish(w: &World, step: &str, key: &mut SoftKey) -> Result<SignedIn, Error> {
    let answer = key.answer_to(&w.service.passkey_options(Asks::Code(step)).await?);
    w.service.finish_with_passkey(step, &answer, &ClientInfo::default()).await
}

async fn the_first_one_brings_recovery_codes_and_ends_the_other_sessions(w: World) {
    let here = the_owner(&w).await;
    let there = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let mut key = SoftKey::new(1, SITE);
    let codes = w.one_event(Action::PasskeyAdded, add(&w, &here, &mut key)).await.unwrap().unwrap();
    assert_eq!(codes.0.len(), 10);
    let event = w.newest().await;
    assert_eq!(event.changes[0].to.as_deref(), Some("Laptop"));
    assert!(!format!("{event:?}").contains(&hex::encode(&key.id)));
    assert!(w.service.session(&there).await.unwrap().is_none());
    let own = w.service.own_passkeys(&here).await.unwrap();
    assert_eq!((own.len(), own[0].name.as_str(), own[0].used_at), (1, "Laptop", None));
    // The second one changes no code.
    let mut other = SoftKey::new(2, SITE);
    assert!(add(&w, &here, &mut other).await.unwrap().is_none());
    let step = half(&w, EMAIL).await;
    let entered = w.service.finish_sign_in(&step, &secret(&codes.0[0]), &ClientInfo::default()).await.unwrap();
    assert_eq!(w.newest().await.note.as_deref(), Some("With a recovery code, 9 left"));
    // Somebody without an app has no codes of one.
    let step = half(&w, EMAIL).await;
    let wrong = refusal(w.service.finish_sign_in(&step, "123456", &ClientInfo::default()).await);
    assert!(matches!(wrong, Refusal::Invalid(errors) if errors.of(Field::Code).count() == 1));
    assert!(w.service.session(&secret(&entered.cookie)).await.unwrap().is_some());
}

async fn it_signs_in_after_the_password_and_alone(w: World) {
    let (_, mut key) = with_passkey(&w).await;
    let step = half(&w, EMAIL).await;
    assert_eq!(w.service.ways_on(&step).await.unwrap(), Some(WaysOn { codes: true, passkeys: true }));
    let entered = w.one_event(Action::SessionStarted, finish(&w, &step, &mut key)).await.unwrap();
    assert_eq!(w.newest().await.note.as_deref(), Some("With the passkey “Laptop”"));
    assert_eq!(entered.person.email(), EMAIL);
    assert_eq!(refusal(finish(&w, &step, &mut key).await), Refusal::SignInOver, "once");
    w.clock.advance(Millis::minutes(1));
    let entered = w.one_event(Action::SessionStarted, sign_in(&w, &mut key)).await.unwrap();
    let here = session(&w, &entered).await;
    assert_eq!(w.service.own_passkeys(&here).await.unwrap()[0].used_at, Some(w.service.now()));
    assert!(here.caller(None).has_proved_recently(w.service.now()), "it counts as a proof");
    // One that neither counts nor keeps a list of its own is found after the password, and not without.
    let mut plain = SoftKey::new(2, SITE);
    plain.counter = 0;
    add(&w, &here, &mut plain).await.unwrap();
    plain.handle = None;
    for _ in 0..2 {
        let step = half(&w, EMAIL).await;
        finish(&w, &step, &mut plain).await.unwrap();
    }
    assert_eq!(refusal(sign_in(&w, &mut plain).await), Refusal::PasskeyRefused);
    assert_eq!(w.newest().await.action, Action::PasskeyRefused);
    // The app of somebody who has both still works.
    let begun = w.service.begin_factor(&here, &PASSWORD.into(), "h", &from(&here)).await.unwrap();
    let app = Authenticator::of(&secret(&begun.secret));
    w.service.confirm_factor(&here, &app.at(w.service.now()), &from(&here)).await.unwrap();
    w.clock.advance(Millis::seconds(30));
    let step = half(&w, EMAIL).await;
    w.service.finish_sign_in(&step, &app.at(w.service.now()), &ClientInfo::default()).await.unwrap();
    sign_in(&w, &mut key).await.unwrap();
}

async fn a_challenge_works_once_for_its_purpose_its_person_and_five_minutes(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    let client = ClientInfo::default();
    let answer = key.answer_to(&w.service.passkey_options(Asks::SignIn(None)).await.unwrap());
    w.service.sign_in_with_passkey(&answer, &client).await.unwrap();
    key.counter += 1;
    let again = w.no_change(w.service.sign_in_with_passkey(&answer, &client)).await;
    assert_eq!(refusal(again), Refusal::PasskeyRefused, "again, and nothing was even written");
    // Many at once: one signs in.
    let answer = key.answer_to(&w.service.passkey_options(Asks::SignIn(None)).await.unwrap());
    let mut tries = JoinSet::new();
    for _ in 0..16 {
        let (service, answer) = (w.service.clone(), answer.clone());
        tries.spawn(async move { service.sign_in_with_passkey(&answer, &ClientInfo::default()).await });
    }
    let entered = tries.join_all().await.into_iter().flatten().count();
    assert_eq!(entered, 1);
    // Another purpose.
    let answer = key.answer_to(&w.service.passkey_options(Asks::Prove(&here)).await.unwrap());
    assert_eq!(refusal(w.service.sign_in_with_passkey(&answer, &client).await), Refusal::PasskeyRefused);
    let answer = key.answer_to(&w.service.passkey_options(Asks::SignIn(None)).await.unwrap());
    let proved = w.service.prove_again_by_passkey(&here, &answer, &from(&here)).await;
    assert_eq!(refusal(proved), Refusal::PasskeyRefused);
    let added = key.clone().add(&w.service.passkey_options(Asks::SignIn(None)).await.unwrap());
    assert_eq!(refusal(w.service.add_passkey(&here, "x", &added, &from(&here)).await), Refusal::PasskeyRefused);
    // Another person.
    with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let ada = session(&w, &w.sign_in("ada@example.com", PASSWORD).await.unwrap()).await;
    let answer = key.answer_to(&w.service.passkey_options(Asks::Prove(&here)).await.unwrap());
    let proved = w.service.prove_again_by_passkey(&ada, &answer, &from(&ada)).await;
    assert_eq!(refusal(proved), Refusal::PasskeyRefused);
    let answer = key.answer_to(&w.service.passkey_options(Asks::Prove(&ada)).await.unwrap());
    let proved = w.service.prove_again_by_passkey(&ada, &answer, &from(&ada)).await;
    assert_eq!(refusal(proved), Refusal::PasskeyRefused, "her challenge, and the owner's passkey");
    // Too late, and just in time.
    for (after, passes) in [(Millis(299_999), true), (Millis(300_000), false)] {
        let options = w.service.passkey_options(Asks::SignIn(None)).await.unwrap();
        w.clock.advance(after);
        let entered = w.service.sign_in_with_passkey(&key.answer_to(&options), &client).await;
        assert_eq!(entered.is_ok(), passes, "{after:?}");
    }
    for nonsense in ["", "{}", "null", "[]", &"[".repeat(10_000), &"x".repeat(100_000)] {
        assert_eq!(refusal(w.service.sign_in_with_passkey(nonsense, &client).await), Refusal::PasskeyRefused);
    }
}

async fn it_is_a_proof_in_place_of_the_password(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    w.clock.advance(PROOF_FOR);
    let now = w.service.now();
    let mut new = SoftKey::new(2, SITE);
    assert!(!here.caller(None).has_proved_recently(now));
    assert_eq!(refusal(add(&w, &here, &mut new).await), Refusal::ProveAgain);
    let answer = key.answer_to(&w.service.passkey_options(Asks::Prove(&here)).await.unwrap());
    let client = from(&here);
    let asks = w.service.prove_again_by_passkey(&here, &answer, &client);
    let proved = w.one_event(Action::ProvedAgain, asks).await.unwrap();
    assert_eq!(w.newest().await.note.as_deref(), Some("With the passkey “Laptop”"));
    assert!(proved.caller(None).has_proved_recently(now));
    add(&w, &proved, &mut new).await.unwrap();
    // What a challenge was made for with a proof needs it at the end, too.
    let options = w.service.passkey_options(Asks::Add(&proved)).await.unwrap();
    w.clock.advance(PROOF_FOR);
    let late = w.service.add_passkey(&proved, "x", &SoftKey::new(3, SITE).add(&options), &client).await;
    assert_eq!(refusal(late), Refusal::ProveAgain);
}

async fn the_newest_hundred_challenges_of_a_person_can_be_answered(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    let mut asked = Vec::new();
    for _ in 0..101 {
        asked.push(w.service.passkey_options(Asks::Prove(&here)).await.unwrap());
        w.clock.advance(Millis(1));
    }
    let first = w.service.prove_again_by_passkey(&here, &key.answer_to(&asked[0]), &from(&here)).await;
    assert_eq!(refusal(first), Refusal::PasskeyRefused, "it gave way to the newest");
    for options in [&asked[1], &asked[100]] {
        w.service.prove_again_by_passkey(&here, &key.answer_to(options), &from(&here)).await.unwrap();
    }
}

async fn it_is_named_and_removed_by_its_person_only(w: World) {
    let (here, mut key) = with_passkey(&w).await;
    let id = w.service.own_passkeys(&here).await.unwrap()[0].id;
    with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let ada = session(&w, &w.sign_in("ada@example.com", PASSWORD).await.unwrap()).await;
    let (password, theirs) = (PASSWORD.into(), from(&ada));
    assert_eq!(refusal(w.service.rename_passkey(&ada, &id, "Mine", &theirs).await), Refusal::FactorChanged);
    assert_eq!(refusal(w.service.remove_passkey(&ada, &id, &password, &theirs).await), Refusal::FactorChanged);
    assert_eq!(refusal(add(&w, &ada, &mut key.clone()).await), Refusal::PasskeyRefused, "one id is one person's");
    let mine = from(&here);
    w.one_event(Action::AccountEdited, w.service.rename_passkey(&here, &id, " Desk ", &mine)).await.unwrap();
    assert_eq!(w.service.own_passkeys(&here).await.unwrap()[0].name, "Desk");
    w.no_event(w.service.rename_passkey(&here, &id, "Desk", &mine)).await.unwrap();
    for name in ["", " ", &"a".repeat(101), "a\nb"] {
        assert!(matches!(refusal(w.service.rename_passkey(&here, &id, name, &mine).await), Refusal::Invalid(_)));
    }
    let wrong = refusal(w.service.remove_passkey(&here, &id, &"not mine".into(), &mine).await);
    assert!(matches!(wrong, Refusal::Invalid(errors) if errors.of(Field::CurrentPassword).count() == 1));
    let there = secret(&sign_in(&w, &mut key).await.unwrap().cookie);
    w.one_event(Action::PasskeyRemoved, w.service.remove_passkey(&here, &id, &password, &mine)).await.unwrap();
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    assert!(w.service.session(&there).await.unwrap().is_none(), "it was the last second factor");
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
}

async fn a_short_password_does_not_stay_alone(w: World) {
    let (here, _) = with_passkey(&w).await;
    let short: secrecy::SecretString = "grey heron 12".into();
    let mine = from(&here);
    w.service.change_own_password(&here, &PASSWORD.into(), &short, &mine).await.unwrap();
    let id = w.service.own_passkeys(&here).await.unwrap()[0].id;
    let refused = refusal(w.service.remove_passkey(&here, &id, &short, &mine).await);
    assert!(matches!(refused, Refusal::Invalid(errors) if errors.of(Field::CurrentPassword).count() == 1));
    let mut other = SoftKey::new(2, SITE);
    add(&w, &here, &mut other).await.unwrap();
    w.service.remove_passkey(&here, &id, &short, &mine).await.unwrap();
    assert_eq!(w.service.own_passkeys(&here).await.unwrap().len(), 1);
}

async fn a_person_has_a_bound_of_them(w: World) {
    let (here, _) = with_passkey(&w).await;
    for number in 2..=u8::try_from(PASSKEYS_MAX).unwrap() {
        add(&w, &here, &mut SoftKey::new(number, SITE)).await.unwrap();
    }
    let full = refusal(add(&w, &here, &mut SoftKey::new(99, SITE)).await);
    assert!(matches!(full, Refusal::Invalid(errors) if errors.of(Field::PasskeyName).count() == 1));
}

async fn whoever_is_taken_out_signs_in_with_none(w: World) {
    w.make_owner().await;
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let ada = session(&w, &w.sign_in("ada@example.com", PASSWORD).await.unwrap()).await;
    let mut key = SoftKey::new(3, SITE);
    add(&w, &ada, &mut key).await.unwrap();
    let factor = async || w.service.person(owner(), &id).await.unwrap().person.second_factor;
    assert_eq!(factor().await, SecondFactor::Passkey);
    w.service.disable_person(shell(), &id).await.unwrap();
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    w.service.enable_person(shell(), &id).await.unwrap();
    // Whoever is signed out everywhere goes on with no sign-in that waits.
    let step = half(&w, "ada@example.com").await;
    w.service.sign_out_person(shell(), &id).await.unwrap();
    assert_eq!(refusal(finish(&w, &step, &mut key).await), Refusal::SignInOver);
    let ada = sign_in(&w, &mut key).await.unwrap();
    // The reset ends the passkeys and the sessions.
    w.one_event(Action::SecondFactorRemoved, w.service.reset_factor(owner(), &id)).await.unwrap();
    assert!(w.service.session(&secret(&ada.cookie)).await.unwrap().is_none());
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    assert_eq!(factor().await, SecondFactor::None);
    w.no_event(w.service.reset_factor(owner(), &id)).await.unwrap();
    let ada = session(&w, &w.sign_in("ada@example.com", PASSWORD).await.unwrap()).await;
    add(&w, &ada, &mut key).await.unwrap();
    w.service.remove_person(shell(), &id).await.unwrap();
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    // An owner who recovers the account has none either.
    let here = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    add(&w, &here, &mut key).await.unwrap();
    assert!(w.service.recover_owner(shell(), EMAIL, &PASSWORD.into()).await.unwrap().had_factor);
    assert_eq!(refusal(sign_in(&w, &mut key).await), Refusal::PasskeyRefused);
    // One's own is removed with the password, not in this way.
    let me = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await.caller(None);
    let own = w.store.person_by_email(EMAIL).await.unwrap().unwrap().id;
    assert_eq!(refusal(w.service.reset_factor(&me, &own).await), Refusal::Forbidden);
}

async fn it_is_what_the_policy_asks_for(w: World) {
    let here = the_owner(&w).await;
    w.service.set_factor_rules(shell(), FactorPolicy::Managers.as_str(), "0").await.unwrap();
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let owing = w.service.session(&cookie).await.unwrap().unwrap();
    assert!(owing.owes_factor);
    let mut key = SoftKey::new(1, SITE);
    add(&w, &owing, &mut key).await.unwrap();
    assert!(!w.service.session(&cookie).await.unwrap().unwrap().owes_factor);
    let entered = sign_in(&w, &mut key).await.unwrap();
    assert!(!session(&w, &entered).await.owes_factor);
    // Whoever removes the app keeps what the passkey gives.
    drop(here);
    w.service.set_factor_rules(shell(), FactorPolicy::Off.as_str(), "0").await.unwrap();
    let here = session(&w, &entered).await;
    assert_eq!(refusal(add(&w, &here, &mut SoftKey::new(2, SITE)).await), Refusal::FactorsOff);
    assert_eq!(w.service.own_factor(&here).await.unwrap(), OwnFactor::Off);
    sign_in(&w, &mut key).await.unwrap();
}

async fn without_a_name_there_are_none(w: World) {
    let here = the_owner(&w).await;
    let nameless = w.another().await;
    nameless.serves_at("http://127.0.0.1:3000");
    assert!(!nameless.has_passkeys());
    assert_eq!(refusal(nameless.passkey_options(Asks::SignIn(None)).await), Refusal::PasskeyRefused);
    assert_eq!(refusal(nameless.passkey_options(Asks::Add(&here)).await), Refusal::PasskeyRefused);
    let mut key = SoftKey::new(1, SITE);
    let answer = key.add(&w.service.passkey_options(Asks::Add(&here)).await.unwrap());
    assert_eq!(refusal(nameless.add_passkey(&here, "x", &answer, &from(&here)).await), Refusal::PasskeyRefused);
}

on_both!(
    the_first_one_brings_recovery_codes_and_ends_the_other_sessions,
    it_signs_in_after_the_password_and_alone,
    a_challenge_works_once_for_its_purpose_its_person_and_five_minutes,
    it_is_a_proof_in_place_of_the_password,
    the_newest_hundred_challenges_of_a_person_can_be_answered,
    it_is_named_and_removed_by_its_person_only,
    a_short_password_does_not_stay_alone,
    a_person_has_a_bound_of_them,
    whoever_is_taken_out_signs_in_with_none,
    it_is_what_the_policy_asks_for,
    without_a_name_there_are_none,
);

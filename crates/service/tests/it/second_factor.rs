//! Second factors: setting one up, signing in with it, its recovery codes, and removing it.

use std::time::Duration;

use domain::{audit::Action, field::Field, refusal::Refusal, timestamp::Millis};
use service::{
    ClientInfo, Error,
    second_factor::OwnFactor,
    sessions::Session,
    sign_in::{CODE_WITHIN, Entry, SignIn, SignedIn, WaysOn},
};
use testkit::Authenticator;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::{EMAIL, PASSWORD, World, person, refusal, secret, shell};

const NEW: &str = "an entirely different phrase";
const SECOND: Millis = Millis::seconds(1);
pub const STEP: Millis = Millis::seconds(30);

async fn session(w: &World, signed_in: &SignedIn) -> Session {
    w.service.session(&secret(&signed_in.cookie)).await.unwrap().unwrap()
}

/// What the browser of this session sends.
pub fn from(session: &Session) -> ClientInfo {
    ClientInfo { session: Some(session.clone()), ..ClientInfo::default() }
}

/// The owner, signed in, with a second factor and its recovery codes. The next code of the app was not used yet.
async fn with_factor(w: &World) -> (Session, Authenticator, Vec<String>) {
    w.make_owner().await;
    let here = session(w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let app = begin(w, &here).await;
    let code = app.at(w.service.now());
    let codes = w.service.confirm_factor(&here, &code, &from(&here)).await.unwrap();
    w.clock.advance(STEP);
    (here, app, codes.0.iter().map(secret).collect())
}

pub async fn begin(w: &World, here: &Session) -> Authenticator {
    let begun = w.service.begin_factor(here, &PASSWORD.into(), "keys.example.com", &from(here)).await.unwrap();
    Authenticator::of(&secret(&begun.secret))
}

/// The password, and the cookie of the sign-in that waits for a code.
async fn half(w: &World, client: &ClientInfo) -> String {
    let sign_in = SignIn { email: EMAIL.to_owned(), password: PASSWORD.into() };
    match w.service.sign_in(sign_in, client).await.unwrap() {
        Entry::Code { step } => secret(&step),
        Entry::Session(_) => panic!("no code is asked for"),
    }
}

async fn finish(w: &World, step: &str, code: &str) -> Result<SignedIn, Error> {
    w.service.finish_sign_in(step, code, &ClientInfo::default()).await
}

#[track_caller]
fn wrong_code<T: std::fmt::Debug>(answer: Result<T, Error>) {
    let Refusal::Invalid(errors) = refusal(answer) else { panic!("not about the code") };
    assert_eq!(errors.of(Field::Code).count(), 1, "{errors:?}");
}

async fn it_is_set_up_with_the_password_and_a_code(w: World) {
    w.make_owner().await;
    let there = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let here = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    assert_eq!(w.service.own_factor(&here).await.unwrap(), OwnFactor::None);
    let refused = w.service.begin_factor(&here, &"wrong".into(), "h", &from(&here)).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(_)));
    let begun = w.service.begin_factor(&here, &PASSWORD.into(), "keys.example.com:8443", &from(&here)).await.unwrap();
    let shown = secret(&begun.secret);
    assert!(shown.len() == 39 && shown.split(' ').all(|group| group.len() == 4), "{shown}");
    let uri = secret(&begun.uri);
    assert!(uri.starts_with("otpauth://totp/Keystead%20keys.example.com%3A8443:owner%40example.com?secret="), "{uri}");
    assert!(uri.contains(&shown.replace(' ', "")) && uri.contains("&issuer=Keystead%20"), "{uri}");
    assert_eq!(w.service.own_factor(&here).await.unwrap(), OwnFactor::None, "it is not confirmed");
    w.sign_in(EMAIL, PASSWORD).await.unwrap();

    let app = Authenticator::of(&shown);
    let again = w.service.begun_factor(&here, "h").await.unwrap().unwrap();
    assert_eq!(secret(&again.secret), shown, "it is shown again until then");
    for code in ["", "000000x", "12345", "AAAA-AAAA-AAAA", &app.at(w.service.now().plus(Millis::minutes(2)))] {
        wrong_code(w.service.confirm_factor(&here, code, &from(&here)).await);
    }
    let stream = w.service.stream(&there).unwrap();
    let code = app.at(w.service.now());
    let codes = w.service.confirm_factor(&here, &code, &from(&here)).await.unwrap().0;
    let event = w.newest().await;
    assert_eq!((event.action.known(), &*event.actor_label), (Some(Action::SecondFactorAdded), EMAIL));
    let mut all: Vec<_> = codes.iter().map(secret).collect();
    assert!(all.iter().all(|code| code.len() == 14 && code.matches('-').count() == 2), "{all:?}");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 10);
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    let on = OwnFactor::On { since: w.service.now(), codes_left: 10 };
    assert_eq!(w.service.own_factor(&here).await.unwrap(), on);
    assert!(w.service.begun_factor(&here, "h").await.unwrap().is_none(), "a confirmed secret never comes back");
    let twice = w.service.begin_factor(&here, &PASSWORD.into(), "h", &from(&here)).await;
    assert_eq!(refusal(twice), Refusal::FactorChanged);
    assert_eq!(refusal(w.service.confirm_factor(&here, &code, &from(&here)).await), Refusal::FactorChanged);
    // Neither the secret nor a code is at rest or on record.
    let row = w.store.second_factor(here.person.id()).await.unwrap().unwrap();
    assert!(!row.secret.windows(20).any(|bytes| bytes == app.secret()));
    let record = format!("{:?}", w.events().await);
    assert!(!record.contains(&code) && all.iter().all(|code| !record.contains(code)));
}

async fn a_set_up_waits_for_a_quarter_of_an_hour(w: World) {
    w.make_owner().await;
    let here = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let old = begin(&w, &here).await;
    let app = begin(&w, &here).await;
    wrong_code(w.service.confirm_factor(&here, &old.at(w.service.now()), &from(&here)).await);
    w.clock.advance(Millis::minutes(15));
    let code = app.at(w.service.now());
    assert_eq!(refusal(w.service.confirm_factor(&here, &code, &from(&here)).await), Refusal::FactorChanged);
}

/// Otherwise whoever finds a browser that was left open could finish what its owner began in another.
async fn a_set_up_belongs_to_the_session_that_began_it(w: World) {
    w.make_owner().await;
    let there = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let here = session(&w, &w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let app = begin(&w, &here).await;
    let code = app.at(w.service.now());
    assert!(w.service.begun_factor(&there, "h").await.unwrap().is_none());
    let confirmed = w.no_change(w.service.confirm_factor(&there, &code, &from(&there))).await;
    assert_eq!(refusal(confirmed), Refusal::FactorChanged);
    assert!(w.service.begun_factor(&here, "h").await.unwrap().is_some());
    // The password begins another, in place of the first.
    let theirs = begin(&w, &there).await;
    assert!(w.service.begun_factor(&here, "h").await.unwrap().is_none());
    assert_eq!(refusal(w.service.confirm_factor(&here, &code, &from(&here)).await), Refusal::FactorChanged);
    w.service.confirm_factor(&there, &theirs.at(w.service.now()), &from(&there)).await.unwrap();
}

async fn the_password_alone_signs_nobody_in(w: World) {
    let (_, app, _) = with_factor(&w).await;
    let (events, ..) = w.marks().await;
    let step = half(&w, &ClientInfo::default()).await;
    assert_eq!(w.marks().await.0, events, "nobody has signed in");
    assert_eq!(w.service.ways_on(&step).await.unwrap(), Some(WaysOn { codes: true, passkeys: false }));
    assert!(w.service.session(&step).await.unwrap().is_none(), "it is no session");
    for wrong in ["", "x", &step[1..], &step.to_uppercase(), &"0".repeat(64), &format!("{step}{step}")] {
        assert_eq!(w.service.ways_on(wrong).await.unwrap(), None);
        assert_eq!(refusal(finish(&w, wrong, &app.at(w.service.now())).await), Refusal::SignInOver, "{wrong}");
    }
    let signed_in = finish(&w, &step, &app.at(w.service.now())).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.action, Action::SessionStarted);
    assert_eq!(event.note.as_deref(), Some("With a second factor"));
    assert!(!session(&w, &signed_in).await.owes_factor);
    assert_eq!(refusal(finish(&w, &step, &app.at(w.service.now())).await), Refusal::SignInOver, "a step is gone once");

    w.clock.advance(STEP);
    let step = half(&w, &ClientInfo::default()).await;
    w.clock.advance(CODE_WITHIN);
    assert_eq!(refusal(finish(&w, &step, &app.at(w.service.now())).await), Refusal::SignInOver);
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    // A wrong password is refused as ever, whoever has a second factor.
    assert_eq!(refusal(w.sign_in(EMAIL, "wrong").await), Refusal::SignInFailed);
}

async fn a_code_counts_once_in_its_step_and_those_beside_it_however_it_is_typed(w: World) {
    let (_, app, _) = with_factor(&w).await;
    w.clock.advance(Millis::minutes(5));
    let now = w.service.now();
    let beside = |steps: i64| now.plus(Millis(STEP.0 * steps));
    for far in [-2, 2] {
        wrong_code(finish(&w, &half(&w, &ClientInfo::default()).await, &app.at(beside(far))).await);
    }
    let spaced = |code: &str| format!(" {} {}\t", &code[..3], &code[3..]);
    let wide = |code: &str| code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect::<String>();
    let (previous, present, next) = (app.at(beside(-1)), app.at(now), app.at(beside(1)));
    for (code, typed) in [(&previous, spaced(&previous)), (&present, wide(&present)), (&next, next.clone())] {
        finish(&w, &half(&w, &ClientInfo::default()).await, &typed).await.unwrap();
        for again in [code.clone(), spaced(code), wide(code)] {
            wrong_code(finish(&w, &half(&w, &ClientInfo::default()).await, &again).await);
        }
    }
    // Those before it are used up with it.
    wrong_code(finish(&w, &half(&w, &ClientInfo::default()).await, &present).await);
}

async fn of_many_at_once_with_one_code_one_gets_in(w: World) {
    let (_, app, recovery) = with_factor(&w).await;
    for code in [app.at(w.service.now()), recovery[0].clone()] {
        let mut steps = Vec::new();
        for _ in 0..4 {
            steps.push(half(&w, &ClientInfo::default()).await);
        }
        let tries: Vec<_> = steps
            .into_iter()
            .map(|step| {
                let (service, code) = (w.service.clone(), code.clone());
                tokio::spawn(async move { service.finish_sign_in(&step, &code, &ClientInfo::default()).await.is_ok() })
            })
            .collect();
        let mut entered = 0;
        for one in tries {
            entered += usize::from(one.await.unwrap());
        }
        assert_eq!(entered, 1, "{code}");
    }
}

/// Whoever knows the password guesses at the code no further than at a password.
async fn codes_are_throttled_like_passwords(w: World) {
    let (_, app, _) = with_factor(&w).await;
    let client = ClientInfo::default();
    for _ in 0..4 {
        wrong_code(finish(&w, &half(&w, &client).await, "000000").await);
    }
    let (before, step) = (w.newest().await.seq, half(&w, &client).await);
    wrong_code(finish(&w, &step, "000000").await);
    let event = w.newest().await;
    assert_eq!((event.seq, event.action.known()), (before + 1, Some(Action::SignInBlocked)));
    for seconds in [1, 2, 4] {
        assert_eq!(refusal(finish(&w, &step, &app.at(w.service.now())).await), Refusal::Wait { seconds });
        assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds });
        w.clock.advance(Millis(SECOND.0 * i64::from(seconds)));
        // The right password in between makes no guess free.
        let step = half(&w, &client).await;
        wrong_code(finish(&w, &step, "000000").await);
    }
    w.clock.advance(Millis::minutes(1));
    let step = half(&w, &client).await;
    finish(&w, &step, &app.at(w.service.now())).await.unwrap();
    for _ in 0..4 {
        assert_eq!(refusal(w.sign_in(EMAIL, "wrong").await), Refusal::SignInFailed, "the count has begun anew");
    }
}

async fn guesses_side_by_side_are_not_all_judged(w: World) {
    let (_, app, _) = with_factor(&w).await;
    let step = half(&w, &ClientInfo::default()).await;
    let tries: Vec<_> = (0..40)
        .map(|n| {
            let (service, step) = (w.service.clone(), step.clone());
            tokio::spawn(async move { service.finish_sign_in(&step, &format!("{n:06}"), &ClientInfo::default()).await })
        })
        .collect();
    let mut judged = 0;
    for one in tries {
        judged += usize::from(matches!(refusal(one.await.unwrap()), Refusal::Invalid(_)));
    }
    assert!(judged <= 5, "{judged}");
    drop(app);
}

async fn recovery_codes_work_once_each(w: World) {
    let (here, app, codes) = with_factor(&w).await;
    for (n, typed) in [codes[0].clone(), codes[1].to_lowercase(), codes[2].replace('-', " ")].iter().enumerate() {
        finish(&w, &half(&w, &ClientInfo::default()).await, typed).await.unwrap();
        let note = w.newest().await.note.unwrap();
        assert_eq!(note, format!("With a recovery code, {} left", 9 - n));
        wrong_code(finish(&w, &half(&w, &ClientInfo::default()).await, typed).await);
        finish(&w, &half(&w, &ClientInfo::default()).await, &app.at(w.service.now())).await.unwrap();
        w.clock.advance(STEP);
    }
    let renew =
        async |password: &str, code: &str| w.service.renew_codes(&here, &password.into(), code, &from(&here)).await;
    assert!(matches!(refusal(renew("wrong", &app.at(w.service.now())).await), Refusal::Invalid(_)));
    wrong_code(renew(PASSWORD, &codes[0]).await);
    wrong_code(renew(PASSWORD, "").await);
    let new = renew(PASSWORD, &codes[3]).await.unwrap().0;
    assert_eq!(w.newest().await.action, Action::RecoveryCodesMade);
    assert_eq!(new.len(), 10);
    wrong_code(finish(&w, &half(&w, &ClientInfo::default()).await, &codes[4]).await);
    finish(&w, &half(&w, &ClientInfo::default()).await, &secret(&new[9])).await.unwrap();
}

async fn a_code_of_another_person_is_none(w: World) {
    let (_, app, codes) = with_factor(&w).await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let other = session(&w, &w.sign_in("other@example.com", PASSWORD).await.unwrap()).await;
    let theirs = begin(&w, &other).await;
    wrong_code(w.service.confirm_factor(&other, &app.at(w.service.now()), &from(&other)).await);
    w.service.confirm_factor(&other, &theirs.at(w.service.now()), &from(&other)).await.unwrap();
    w.clock.advance(STEP);
    let step = half(&w, &ClientInfo::default()).await;
    wrong_code(finish(&w, &step, &theirs.at(w.service.now())).await);
    // A sealed secret in another's row opens nothing.
    let sign_in = SignIn { email: "other@example.com".to_owned(), password: PASSWORD.into() };
    let Entry::Code { step } = w.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap() else { panic!() };
    wrong_code(finish(&w, &secret(&step), &codes[0]).await);
    let mine = w.store.person_by_email(EMAIL).await.unwrap().unwrap().id;
    let sealed = w.store.second_factor(&mine).await.unwrap().unwrap();
    let session_mac = w.store.sessions_of(other.person.id()).await.unwrap().remove(0).id_mac;
    let swap = async |tx: &mut store::Tx| {
        tx.delete_second_factor(other.person.id()).await?;
        tx.put_second_factor(other.person.id(), &session_mac, &sealed.secret, sealed.seal_version, w.service.now())
            .await
    };
    w.store.write(swap).await.unwrap();
    let moved = w.service.confirm_factor(&other, &app.at(w.service.now()), &from(&other)).await;
    assert!(matches!(moved, Err(Error::Internal { .. })), "{moved:?}");
}

async fn it_is_removed_with_the_password_and_a_code(w: World) {
    let (here, app, _) = with_factor(&w).await;
    let there =
        session(&w, &finish(&w, &half(&w, &ClientInfo::default()).await, &app.at(w.service.now())).await.unwrap())
            .await;
    let remove =
        async |password: &str, code: &str| w.service.remove_factor(&here, &password.into(), code, &from(&here)).await;
    wrong_code(remove(PASSWORD, &app.at(w.service.now())).await);
    w.clock.advance(STEP);
    assert!(matches!(refusal(remove("not the password", &app.at(w.service.now())).await), Refusal::Invalid(_)));
    let stream = w.service.stream(&there).unwrap();
    remove(PASSWORD, &app.at(w.service.now())).await.unwrap();
    assert_eq!(w.newest().await.action, Action::SecondFactorRemoved);
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    assert_eq!(w.service.own_factor(&here).await.unwrap(), OwnFactor::None);
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    w.clock.advance(STEP);
    assert_eq!(refusal(remove(PASSWORD, &app.at(w.service.now())).await), Refusal::FactorChanged);
}

/// Beside a second factor a password may be shorter, and then is not all that protects an account.
async fn a_short_password_needs_a_second_factor(w: World) {
    let (here, app, codes) = with_factor(&w).await;
    let short = "otter, bell 42";
    let change =
        async |old: &str, new: &str| w.service.change_own_password(&here, &old.into(), &new.into(), &from(&here)).await;
    change(PASSWORD, short).await.unwrap();
    let refused = w.service.remove_factor(&here, &short.into(), &app.at(w.service.now()), &from(&here)).await;
    let Refusal::Invalid(errors) = refusal(refused) else { panic!() };
    assert!(errors.0[0].message.contains("needs 15 characters"), "{errors:?}");
    assert_eq!(errors.0[0].field, Field::CurrentPassword);
    change(short, NEW).await.unwrap();
    w.service.remove_factor(&here, &NEW.into(), &codes[0], &from(&here)).await.unwrap();
    assert!(matches!(refusal(change(NEW, short).await), Refusal::Invalid(_)));
}

/// A link resets the password and nothing more; the shell helps who has lost both.
async fn a_reset_keeps_the_factor_and_a_recovery_removes_it(w: World) {
    let (_, app, _) = with_factor(&w).await;
    let waiting = half(&w, &ClientInfo::default()).await;
    let token = secret(&w.service.reset_link(shell(), EMAIL).await.unwrap().token);
    w.service.reset_password(&token, &PASSWORD.into(), &ClientInfo::default()).await.unwrap();
    assert_eq!(
        refusal(finish(&w, &waiting, &app.at(w.service.now())).await),
        Refusal::SignInOver,
        "the old password was judged"
    );
    let step = half(&w, &ClientInfo::default()).await;
    let recovered = w.service.recover_owner(shell(), EMAIL, &NEW.into()).await.unwrap();
    assert!(recovered.had_factor);
    assert_eq!(w.newest().await.note.as_deref(), Some("The second factor was removed"));
    assert_eq!(refusal(finish(&w, &step, &app.at(w.service.now())).await), Refusal::SignInOver);
    w.sign_in(EMAIL, NEW).await.unwrap();
    assert!(!w.service.recover_owner(shell(), EMAIL, &PASSWORD.into()).await.unwrap().had_factor);
}

/// The device of a person is known after a code, not before.
async fn a_browser_is_known_only_after_the_code(w: World) {
    let (_, app, _) = with_factor(&w).await;
    let step = half(&w, &ClientInfo::default()).await;
    let device = secret(&finish(&w, &step, &app.at(w.service.now())).await.unwrap().device);
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    assert!(matches!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { .. }));
    w.clock.advance(STEP);
    let client = ClientInfo { device: Some((&*device).into()), ..ClientInfo::default() };
    let step = half(&w, &client).await;
    w.service.finish_sign_in(&step, &app.at(w.service.now()), &client).await.unwrap();
}

on_both!(
    it_is_set_up_with_the_password_and_a_code,
    a_set_up_waits_for_a_quarter_of_an_hour,
    a_set_up_belongs_to_the_session_that_began_it,
    the_password_alone_signs_nobody_in,
    a_code_counts_once_in_its_step_and_those_beside_it_however_it_is_typed,
    of_many_at_once_with_one_code_one_gets_in,
    codes_are_throttled_like_passwords,
    guesses_side_by_side_are_not_all_judged,
    recovery_codes_work_once_each,
    a_code_of_another_person_is_none,
    it_is_removed_with_the_password_and_a_code,
    a_short_password_needs_a_second_factor,
    a_reset_keeps_the_factor_and_a_recovery_removes_it,
    a_browser_is_known_only_after_the_code,
);

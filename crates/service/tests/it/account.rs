//! What people do with their own account.

use std::time::Duration;

use domain::{
    audit::Action, draft::KeyDraft, field::Field, labels::Owner, refusal::Refusal, role::Role, timestamp::Millis,
    verdict::Code,
};
use service::{
    ClientInfo, Error,
    account::OwnSession,
    sessions::{IDLE, Session},
    sign_in::SignIn,
};
use tokio::time::timeout;

use crate::invites::invite;
use crate::world::{EMAIL, PASSWORD, World, draft, owner, person, refusal, secret, session_of, shell};

const NEW: &str = "an entirely different phrase";

/// Signs the owner in with this browser.
async fn browser(w: &World, user_agent: &str, address: &str) -> Session {
    let sign_in = SignIn { email: EMAIL.to_owned(), password: PASSWORD.into() };
    let address = Some(address.parse().unwrap());
    let client = ClientInfo { address, user_agent: user_agent.to_owned(), ..ClientInfo::default() };
    let signed_in = session_of(w.service.sign_in(sign_in, &client).await.unwrap());
    session(w, &secret(&signed_in.cookie)).await.unwrap()
}

async fn session(w: &World, cookie: &str) -> Option<Session> {
    w.service.session(cookie).await.unwrap()
}

/// What the browser of this session sends.
fn from(session: &Session) -> ClientInfo {
    ClientInfo { session: Some(session.clone()), ..ClientInfo::default() }
}

async fn sessions(w: &World, session: &Session) -> Vec<OwnSession> {
    w.service.own_sessions(session).await.unwrap()
}

/// Returns the result of `work`, after checking that nothing is on record of it.
async fn no_event<T>(w: &World, work: impl Future<Output = T>) -> T {
    let before = w.marks().await.0;
    let value = work.await;
    assert_eq!(w.marks().await.0, before);
    value
}

#[track_caller]
fn field<T: std::fmt::Debug>(answer: Result<T, Error>) -> (Field, String) {
    let Refusal::Invalid(mut errors) = refusal(answer) else { panic!("not about fields") };
    assert_eq!(errors.0.len(), 1, "{errors:?}");
    let error = errors.0.remove(0);
    (error.field, error.message)
}

async fn people_see_where_they_are_signed_in_and_end_it_there(w: World) {
    w.make_owner().await;
    let here = browser(&w, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "203.0.113.9").await;
    w.clock.advance(Millis::minutes(5));
    let there = browser(&w, "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36", "2001:db8::1").await;
    let shown = sessions(&w, &here).await;
    let told: Vec<_> = shown.iter().map(|s| (&*s.device, s.address.as_deref().unwrap(), s.is_this)).collect();
    assert_eq!(told, [("Chrome on Windows", "2001:db8::1", false), ("Firefox on Linux", "203.0.113.9", true)]);
    assert_eq!(shown[1].since, here.created_at);

    let stream = w.service.stream(&there).unwrap();
    w.service.end_own_session(&here, &shown[0].handle, &from(&here)).await.unwrap();
    let ended = w.newest().await;
    assert_eq!((ended.action.known(), ended.actor_label.as_str()), (Some(Action::SessionEnded), EMAIL));
    assert_eq!(ended.note.as_deref(), Some("Of another browser: Chrome on Windows, 2001:db8::1"));
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    assert_eq!(sessions(&w, &here).await.len(), 1);
    let again = w.no_change(w.service.end_own_session(&here, &shown[0].handle, &from(&here))).await;
    assert_eq!(refusal(again), Refusal::NoSession);

    // What has ended by time is not shown.
    browser(&w, "", "203.0.113.9").await;
    w.clock.advance(Millis(IDLE.0 - 1));
    assert_eq!(sessions(&w, &here).await.len(), 1);
}

async fn nobody_ends_the_session_of_another(w: World) {
    w.make_owner().await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let cookie = secret(&w.sign_in("other@example.com", PASSWORD).await.unwrap().cookie);
    let other = session(&w, &cookie).await.unwrap();
    let handle = sessions(&w, &other).await.remove(0).handle;
    let mine = browser(&w, "", "203.0.113.9").await;
    for named in [&handle[..], "", "x", &handle[1..], &handle.to_uppercase(), &"0".repeat(32)] {
        let answer = w.no_change(w.service.end_own_session(&mine, named, &from(&mine))).await;
        assert_eq!(refusal(answer), Refusal::NoSession, "{named}");
    }
    w.service.end_other_sessions(&mine, &from(&mine)).await.unwrap();
    assert!(session(&w, &cookie).await.is_some());
}

async fn signing_out_everywhere_else_leaves_this_browser(w: World) {
    w.make_owner().await;
    let here = browser(&w, "", "203.0.113.9").await;
    let client = from(&here);
    assert_eq!(no_event(&w, w.service.end_other_sessions(&here, &client)).await.unwrap(), 0);
    let others = [browser(&w, "", "203.0.113.9").await, browser(&w, "", "203.0.113.9").await];
    let stream = w.service.stream(&others[1]).unwrap();
    assert_eq!(w.service.end_other_sessions(&here, &from(&here)).await.unwrap(), 2);
    assert_eq!(w.newest().await.note.as_deref(), Some("2 other sessions ended"));
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    let shown = sessions(&w, &here).await;
    assert!(shown.len() == 1 && shown[0].is_this);
}

async fn a_name_is_changed_on_record_and_cleaned_up(w: World) {
    w.make_owner().await;
    let here = browser(&w, "", "203.0.113.9").await;
    w.service.rename_self(&here, " Gra\u{308}ce\u{200d} ", &from(&here)).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.action, Action::AccountEdited);
    let change = &event.changes[0];
    assert_eq!((&*change.field, change.to.as_deref()), ("person_name", Some("Gräce\u{200d}")));
    let client = from(&here);
    no_event(&w, w.service.rename_self(&here, "Gräce\u{200d}", &client)).await.unwrap();
    for name in ["", " ", "\u{200b}", "two\nlines", "\u{202e}evil", &"x".repeat(101)] {
        let answer = w.no_change(w.service.rename_self(&here, name, &from(&here))).await;
        assert_eq!(field(answer).0, Field::PersonName, "{name:?}");
    }
    let longest = "\u{5d0}".repeat(100);
    w.service.rename_self(&here, &longest, &from(&here)).await.unwrap();
}

async fn an_e_mail_is_changed_with_the_password_and_signs_in_from_then_on(w: World) {
    w.make_owner().await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let sign_in = w.sign_in(EMAIL, PASSWORD).await.unwrap();
    let change = async |email: &str, password: &str| {
        let here = session(&w, &secret(&sign_in.cookie)).await.unwrap();
        w.service.change_own_email(&here, email, &password.into(), &from(&here)).await
    };
    let wrong = (Field::CurrentPassword, "This is not your password.".to_owned());
    assert_eq!(field(change("new@example.com", "wrong").await), wrong);
    assert_eq!(field(change(" OTHER@example.com", PASSWORD).await).0, Field::Email);
    w.service.invite(owner(), &invite(Role::Auditor, "invited@example.com")).await.unwrap();
    assert_eq!(field(change("invited@example.com", PASSWORD).await).0, Field::Email);
    assert_eq!(field(change("new", PASSWORD).await).0, Field::Email);
    assert_eq!(field(change(&format!("{}@example.com", "x".repeat(243)), PASSWORD).await).0, Field::Email);
    let theirs = KeyDraft { owner: Some(EMAIL.to_owned()), ..draft("service", "Owned") };
    let (id, token) = w.active(&theirs).await;
    let longest = format!("{}@example.com", "x".repeat(242));
    change(&longest, PASSWORD).await.unwrap();
    change("New+box@Example.com", PASSWORD).await.unwrap();
    let events = w.events().await;
    let event = events.iter().find(|event| event.action == Action::AccountEdited).unwrap();
    assert_eq!(&*event.subject.label, "new+box@example.com");
    let now = w.service.key(owner(), &id).await.unwrap().rules.owner.clone();
    assert_eq!((now, w.code(&token).await), (Some(Owner::Person("new+box@example.com".to_owned())), Code::Valid));
    let change = &event.changes[0];
    assert_eq!((change.from.as_deref(), change.to.as_deref()), (Some(&*longest), Some("new+box@example.com")));
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::SignInFailed);
    w.sign_in("new+box@example.com", PASSWORD).await.unwrap();
}

/// The password was right each time. But nobody learns about many e-mails that way.
async fn an_e_mail_of_another_is_no_wrong_password_and_is_asked_for_a_few_times(w: World) {
    w.make_owner().await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let here = browser(&w, "", "203.0.113.9").await;
    let change = async |email: &str| w.service.change_own_email(&here, email, &PASSWORD.into(), &from(&here)).await;
    for _ in 0..5 {
        assert_eq!(field(change("other@example.com").await).0, Field::Email);
    }
    assert_eq!(refusal(change("new@example.com").await), Refusal::Wait { seconds: 1 });
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    w.clock.advance(Millis::seconds(1));
    change("new@example.com").await.unwrap();
}

async fn a_new_password_ends_the_other_sessions(w: World) {
    w.make_owner().await;
    let (there, here) = (browser(&w, "", "203.0.113.9").await, browser(&w, "", "203.0.113.9").await);
    let stream = w.service.stream(&there).unwrap();
    let change =
        async |old: &str, new: &str| w.service.change_own_password(&here, &old.into(), &new.into(), &from(&here)).await;
    let hashes = w.hasher.count();
    for (old, new, wrong) in [
        ("", NEW, Field::CurrentPassword),
        (&*"x".repeat(257), NEW, Field::CurrentPassword),
        (PASSWORD, "", Field::NewPassword),
        (PASSWORD, "password12345678", Field::NewPassword),
        (PASSWORD, PASSWORD, Field::NewPassword),
        (PASSWORD, &*"x".repeat(257), Field::NewPassword),
    ] {
        assert_eq!(field(w.no_change(change(old, new)).await).0, wrong);
    }
    assert_eq!(w.hasher.count(), hashes, "none of it costs a computation");
    assert_eq!(field(change("wrong", NEW).await).0, Field::CurrentPassword);
    change(PASSWORD, NEW).await.unwrap();
    let event = w.newest().await;
    assert_eq!(
        (event.action.known(), event.note.as_deref()),
        (Some(Action::PasswordChanged), Some("1 other session ended"))
    );
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    assert_eq!(sessions(&w, &here).await.len(), 1);
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::SignInFailed);
    w.sign_in(EMAIL, NEW).await.unwrap();
    let all = format!("{:?}", w.events().await);
    assert!(!all.contains(NEW) && !all.contains(PASSWORD));
}

/// A stolen session is no way around the waits of the sign-in.
async fn guessing_in_a_session_counts_like_signing_in(w: World) {
    w.make_owner().await;
    let here = browser(&w, "", "203.0.113.9").await;
    let guess = async |old: &str| w.service.change_own_password(&here, &old.into(), &NEW.into(), &from(&here)).await;
    for n in 0..5 {
        let answer = if n % 2 == 0 {
            guess("wrong").await
        } else {
            w.service.change_own_email(&here, "new@example.com", &"wrong".into(), &from(&here)).await
        };
        assert_eq!(field(answer).0, Field::CurrentPassword);
    }
    assert_eq!(w.newest().await.action, Action::SignInBlocked);
    let hashes = w.hasher.count();
    assert_eq!(refusal(guess(PASSWORD).await), Refusal::Wait { seconds: 1 });
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 });
    assert_eq!(w.hasher.count(), hashes);
    w.clock.advance(Millis::seconds(1));
    guess(PASSWORD).await.unwrap();
    w.sign_in(EMAIL, NEW).await.unwrap();
}

/// Two changes at once: the one that comes later was judged by a password that is gone.
async fn of_two_changes_at_once_one_wins(w: World) {
    w.make_owner().await;
    let here = browser(&w, "", "203.0.113.9").await;
    let client = from(&here);
    let (one, two) = (PASSWORD.into(), PASSWORD.into());
    let (first, second) = (NEW.into(), "quite another phrase again".into());
    let (one, two) = tokio::join!(
        w.service.change_own_password(&here, &one, &first, &client),
        w.service.change_own_password(&here, &two, &second, &client),
    );
    assert_ne!(one.is_ok(), two.is_ok());
    let opens = async |password| usize::from(w.sign_in(EMAIL, password).await.is_ok());
    assert_eq!(opens(NEW).await + opens("quite another phrase again").await, 1);
}

on_both!(
    people_see_where_they_are_signed_in_and_end_it_there,
    nobody_ends_the_session_of_another,
    signing_out_everywhere_else_leaves_this_browser,
    a_name_is_changed_on_record_and_cleaned_up,
    an_e_mail_is_changed_with_the_password_and_signs_in_from_then_on,
    an_e_mail_of_another_is_no_wrong_password_and_is_asked_for_a_few_times,
    a_new_password_ends_the_other_sessions,
    guessing_in_a_session_counts_like_signing_in,
    of_two_changes_at_once_one_wins,
);

//! The set-up link and what the shell does for owners.

use domain::{audit::Action, field::Field, refusal::Refusal, timestamp::Millis};
use service::{
    ClientInfo,
    setup::{NewPerson, SetupDoor},
};

use crate::world::{EMAIL, PASSWORD, World, owner, person, refusal, secret, shell, signed_in};

async fn link(w: &World) -> String {
    secret(&w.service.setup_link().await.unwrap().unwrap().0)
}

async fn the_link_makes_one_owner_and_signs_them_in(w: World) {
    let link = link(&w).await;
    assert_eq!(w.newest().await.action, Action::SetupLinkMade);
    assert_eq!(w.service.setup_door(&link).await.unwrap(), SetupDoor::Open);
    let client = ClientInfo::default();
    let made = w.service.first_owner(&link, person(" Owner@Example.com "), &client);
    let made = made.await.unwrap();
    assert_eq!(made.person.email(), EMAIL);
    let session = w.service.session(&secret(&made.cookie)).await.unwrap();
    assert_eq!(session.unwrap().person, made.person);
    let actions: Vec<_> = w.events().await.iter().take(2).filter_map(|e| e.action.known()).collect();
    assert_eq!(actions, [Action::SessionStarted, Action::PersonCreated]);

    assert_eq!(w.service.setup_door(&link).await.unwrap(), SetupDoor::Done);
    assert!(w.service.setup_link().await.unwrap().is_none());
    let hashes = w.hasher.count();
    let again = w.service.first_owner(&link, person("two@example.com"), &client);
    assert_eq!(refusal(again.await), Refusal::NotFound);
    assert_eq!(w.hasher.count(), hashes, "a closed door costs no hash");
}

async fn a_restart_kills_the_old_link(w: World) {
    let first = link(&w).await;
    let restarted = w.another().await;
    let second = secret(&restarted.setup_link().await.unwrap().unwrap().0);
    let door = w.service.setup_door(&first).await.unwrap();
    assert_eq!(door, SetupDoor::LinkNeeded);
    assert_eq!(w.service.setup_door(&second).await.unwrap(), SetupDoor::Open);
    for token in ["", "x", &second[1..], &second.to_uppercase()] {
        let door = w.service.setup_door(token).await.unwrap();
        assert_eq!(door, SetupDoor::LinkNeeded, "{token}");
    }
}

async fn the_link_works_for_an_hour(w: World) {
    let link = link(&w).await;
    w.clock.advance(Millis(Millis::hours(1).0 - 1));
    assert_eq!(w.service.setup_door(&link).await.unwrap(), SetupDoor::Open);
    w.clock.advance(Millis(1));
    let client = ClientInfo::default();
    let late = w.service.first_owner(&link, person(EMAIL), &client).await;
    assert_eq!(refusal(late), Refusal::LinkInvalid);
}

async fn two_at_once_make_one_owner(w: World) {
    let link = link(&w).await;
    let client = ClientInfo::default();
    let (one, two) = tokio::join!(
        w.service.first_owner(&link, person("one@example.com"), &client),
        w.service.first_owner(&link, person("two@example.com"), &client),
    );
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

async fn what_is_wrong_is_said_at_its_field_and_the_link_stays(w: World) {
    let link = link(&w).await;
    let bad =
        NewPerson { name: " ".to_owned(), email: "not an e-mail".to_owned(), password: "password12345678".into() };
    let client = ClientInfo::default();
    let answer = w.service.first_owner(&link, bad, &client).await;
    let Refusal::Invalid(errors) = refusal(answer) else { panic!("not about fields") };
    for field in [Field::PersonName, Field::Email, Field::Password] {
        assert_eq!(errors.of(field).count(), 1, "{field:?}");
    }
    let name = &errors.of(Field::PersonName).next().unwrap().message;
    assert_eq!(name, "Enter the name that others know you by.");
    let reason = &errors.of(Field::Password).next().unwrap().message;
    assert!(reason.contains("common") || reason.contains("guess"), "{reason}");
    assert_eq!(w.service.setup_door(&link).await.unwrap(), SetupDoor::Open);
}

async fn the_shell_makes_recovers_and_unlocks_owners(w: World) {
    let link = link(&w).await;
    w.make_owner().await;
    assert_eq!(w.newest().await.action, Action::PersonCreated);
    assert_eq!(w.newest().await.actor_label, "root (command line)");
    assert_eq!(w.service.setup_door(&link).await.unwrap(), SetupDoor::Done);
    let twice = w.service.create_owner(shell(), person("OWNER@example.com")).await;
    assert_eq!(refusal(twice), Refusal::EmailTaken);

    let cookie = w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie;
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    let waits = refusal(w.sign_in(EMAIL, PASSWORD).await);
    assert!(matches!(waits, Refusal::Wait { .. }));
    w.service.unlock_owner(shell(), EMAIL).await.unwrap();
    assert_eq!(w.newest().await.action, Action::PersonUnlocked);
    w.sign_in(EMAIL, PASSWORD).await.unwrap();

    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    let new = "an entirely different phrase".into();
    w.service.recover_owner(shell(), EMAIL, &new).await.unwrap();
    assert_eq!(w.newest().await.action, Action::PersonRecovered);
    let session = w.service.session(&secret(&cookie)).await.unwrap();
    assert!(session.is_none(), "a recovery ends the sessions");
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::SignInFailed);
    w.sign_in(EMAIL, "an entirely different phrase").await.unwrap();

    let nobody = w.service.unlock_owner(shell(), "nobody@example.com").await;
    assert_eq!(refusal(nobody), Refusal::NotFound);
}

async fn only_owners_manage_owners(w: World) {
    w.make_owner().await;
    w.service.create_owner(owner(), person("b@example.com")).await.unwrap();
    for role in domain::role::Role::ALL {
        if *role == domain::role::Role::Owner {
            continue;
        }
        let caller = signed_in(*role);
        let made = w.service.create_owner(&caller, person("c@example.com")).await;
        assert_eq!(refusal(made), Refusal::Forbidden);
        let recovered = w.service.recover_owner(&caller, EMAIL, &PASSWORD.into()).await;
        assert_eq!(refusal(recovered), Refusal::Forbidden);
        let unlocked = w.service.unlock_owner(&caller, EMAIL).await;
        assert_eq!(refusal(unlocked), Refusal::Forbidden);
    }
}

on_both!(
    the_link_makes_one_owner_and_signs_them_in,
    a_restart_kills_the_old_link,
    the_link_works_for_an_hour,
    two_at_once_make_one_owner,
    what_is_wrong_is_said_at_its_field_and_the_link_stays,
    the_shell_makes_recovers_and_unlocks_owners,
    only_owners_manage_owners,
);

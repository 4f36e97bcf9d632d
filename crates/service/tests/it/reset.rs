//! Links that reset a password: who makes them, and that each works once.

use std::time::Duration;

use domain::{audit::Action, field::Field, refusal::Refusal, role::Role, timestamp::Millis};
use service::ClientInfo;
use tokio::time::timeout;

use crate::{
    people::with_role,
    world::{EMAIL, PASSWORD, World, owner, person, refusal, secret, shell, signed_in, until},
};

const NEW: &str = "an entirely different phrase";

async fn link(w: &World) -> String {
    secret(&w.service.reset_link(shell(), EMAIL).await.unwrap().token)
}

async fn reset(w: &World, token: &str, password: &str) -> service::Result<()> {
    w.service.reset_password(token, &password.into(), &ClientInfo::default()).await
}

async fn opens(w: &World, token: &str) -> bool {
    w.service.reset_door(token).await.unwrap().is_some()
}

async fn a_link_sets_a_password_once_and_signs_nobody_in(w: World) {
    w.make_owner().await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let stream = w.service.stream(&session).unwrap();
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    let token = link(&w).await;
    assert_eq!(
        (w.newest().await.action.known(), &*w.newest().await.actor_label),
        (Some(Action::ResetLinkMade), "root (command line)")
    );
    let writes = w.store.write_count();
    for _ in 0..100 {
        assert_eq!(w.service.reset_door(&token).await.unwrap().unwrap().email(), EMAIL);
    }
    assert_eq!(w.store.write_count(), writes, "looking uses nothing up");
    for wrong in ["", "short", "password12345678", EMAIL] {
        let Refusal::Invalid(errors) = refusal(reset(&w, &token, wrong).await) else { panic!("{wrong}") };
        assert_eq!(errors.of(Field::NewPassword).count(), 1, "{wrong}");
    }
    let before = w.marks().await;
    reset(&w, &token, NEW).await.unwrap();
    let after = w.marks().await;
    assert_eq!((after.0, after.2), (before.0 + 1, before.2 + 1));
    let event = w.newest().await;
    assert_eq!((event.action.known(), &*event.actor_label), (Some(Action::PasswordReset), EMAIL));
    assert!(w.service.session(&cookie).await.unwrap().is_none());
    timeout(Duration::from_mins(1), w.service.session_ends(&stream, Duration::from_hours(1))).await.unwrap();
    // The waiting time has ended, and the old password is gone.
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::SignInFailed);
    w.sign_in(EMAIL, NEW).await.unwrap();
    let all = format!("{:?}", w.events().await);
    assert!(!all.contains(&token) && !all.contains(NEW));

    let hashes = w.hasher.count();
    assert!(!opens(&w, &token).await);
    assert_eq!(refusal(reset(&w, &token, PASSWORD).await), Refusal::LinkInvalid);
    assert_eq!(w.hasher.count(), hashes, "a closed door costs no hash");
}

/// What does not work is refused alike, and costs the same: no write and no computation.
async fn links_cut_doubled_swapped_replaced_or_late_do_not_work(w: World) {
    w.make_owner().await;
    w.service.create_owner(shell(), person("other@example.com")).await.unwrap();
    let setup = w.service.setup_link().await.unwrap();
    assert!(setup.is_none());
    let first = link(&w).await;
    let token = link(&w).await;
    assert!(opens(&w, &token).await && !opens(&w, &first).await, "the newer link replaces the older");
    let others = secret(&w.service.reset_link(shell(), "other@example.com").await.unwrap().token);
    assert!(opens(&w, &token).await, "that of another replaces nothing");
    let (head, tail) = token.split_at(32);
    for wrong in [
        first.as_str(),
        "",
        "x",
        &token[1..],
        head,
        &format!("{token}{token}"),
        &format!("{tail}{head}"),
        &format!("{}{}", &others[..32], tail),
        &token.to_uppercase(),
        &format!("{token} "),
        &"0".repeat(64),
        &"é".repeat(10_000),
    ] {
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        assert!(!opens(&w, wrong).await, "{wrong}");
        assert_eq!(refusal(reset(&w, wrong, NEW).await), Refusal::LinkInvalid, "{wrong}");
        assert_eq!((w.hasher.count(), w.store.write_count()), (hashes, writes), "{wrong}");
    }
    w.clock.advance(Millis(Millis::hours(1).0 - 1));
    assert!(opens(&w, &token).await);
    w.clock.advance(Millis(1));
    assert_eq!(refusal(reset(&w, &token, NEW).await), Refusal::LinkInvalid);
    assert_eq!(refusal(reset(&w, &token, NEW).await), Refusal::LinkInvalid);
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
}

async fn of_many_at_once_one_wins(w: World) {
    w.make_owner().await;
    let token = link(&w).await;
    let tries: Vec<_> = (0..16)
        .map(|n| {
            let (service, token) = (w.service.clone(), token.clone());
            tokio::spawn(async move {
                let new = format!("{NEW}, number {n}");
                service.reset_password(&token, &(&*new).into(), &ClientInfo::default()).await.map(|()| new)
            })
        })
        .collect();
    let mut won = Vec::new();
    for one in tries {
        won.extend(one.await.unwrap().ok());
    }
    assert_eq!(won.len(), 1);
    w.sign_in(EMAIL, &won[0]).await.unwrap();
}

async fn a_password_that_is_set_otherwise_ends_the_link(w: World) {
    w.make_owner().await;
    let token = link(&w).await;
    w.service.recover_owner(shell(), EMAIL, &NEW.into()).await.unwrap();
    assert!(!opens(&w, &token).await);
    let token = link(&w).await;
    let cookie = secret(&w.sign_in(EMAIL, NEW).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let client = ClientInfo::default();
    w.service.change_own_password(&session, &NEW.into(), &PASSWORD.into(), &client).await.unwrap();
    assert!(!opens(&w, &token).await);
}

async fn only_owners_make_links_for_those_who_may_sign_in(w: World) {
    w.make_owner().await;
    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        let made = w.no_change(w.service.reset_link(&signed_in(role), EMAIL)).await;
        assert_eq!(refusal(made), Refusal::Forbidden);
    }
    w.service.reset_link(owner(), " OWNER@Example.com").await.unwrap();
    let nobody = w.no_change(w.service.reset_link(shell(), "nobody@example.com")).await;
    assert_eq!(refusal(nobody), Refusal::PersonNotFound);
    assert!(matches!(refusal(w.service.reset_link(shell(), "x").await), Refusal::Invalid(_)));
    let id = with_role(&w, Role::Admin, "out@example.com", Vec::new()).await;
    w.service.disable_person(owner(), &id).await.unwrap();
    for made in [
        w.no_change(w.service.reset_link_of(owner(), &id)).await,
        w.no_change(w.service.reset_link(shell(), "out@example.com")).await,
    ] {
        assert_eq!(refusal(made), Refusal::KeptOut);
    }
    w.service.enable_person(owner(), &id).await.unwrap();
    w.service.reset_link_of(owner(), &id).await.unwrap();
}

/// Otherwise an owner who is taken out would have left a door open.
async fn whoever_is_taken_out_leaves_no_link(w: World) {
    w.make_owner().await;
    for act in ["admin", "disable", "remove"] {
        let id = with_role(&w, Role::Owner, "second@example.com", Vec::new()).await;
        let cookie = secret(&w.sign_in("second@example.com", PASSWORD).await.unwrap().cookie);
        let caller = w.service.session(&cookie).await.unwrap().unwrap().caller(None);
        let token = secret(&w.service.reset_link(&caller, EMAIL).await.unwrap().token);
        assert!(opens(&w, &token).await, "{act}");
        match act {
            "disable" => w.service.disable_person(owner(), &id).await.unwrap(),
            "remove" => w.service.remove_person(owner(), &id).await.unwrap(),
            role => assert!(w.service.change_role(owner(), &id, role).await.unwrap()),
        }
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        assert!(!opens(&w, &token).await, "{act}");
        assert_eq!(refusal(reset(&w, &token, NEW).await), Refusal::LinkInvalid, "{act}");
        assert_eq!((w.hasher.count(), w.store.write_count()), (hashes, writes), "{act}");
        if act != "remove" {
            w.service.remove_person(owner(), &id).await.unwrap();
        }
    }
    reset(&w, &link(&w).await, NEW).await.unwrap();
}

async fn whoever_is_disabled_while_a_password_is_hashed_keeps_the_old_one(w: World) {
    w.make_owner().await;
    let id = with_role(&w, Role::Admin, "out@example.com", Vec::new()).await;
    let token = secret(&w.service.reset_link(shell(), "out@example.com").await.unwrap().token);
    w.hasher.hold_new(true);
    let before = w.hasher.count();
    let service = w.service.clone();
    let resetting =
        tokio::spawn(async move { service.reset_password(&token, &NEW.into(), &ClientInfo::default()).await });
    until("the new password is being hashed", async || w.hasher.count() > before).await;
    w.service.disable_person(owner(), &id).await.unwrap();
    w.hasher.hold_new(false);
    assert_eq!(refusal(resetting.await.unwrap()), Refusal::LinkInvalid);
    assert_eq!(w.newest().await.action, Action::PersonDisabled);
    w.service.enable_person(owner(), &id).await.unwrap();
    w.sign_in("out@example.com", PASSWORD).await.unwrap();
}

async fn outdated_hashes_are_renewed_when_the_password_is_typed(w: World) {
    w.make_owner().await;
    w.hasher.raise_costs();
    w.sign_in(EMAIL, "wrong").await.unwrap_err();
    let stored = async || w.store.person_by_email(EMAIL).await.unwrap().unwrap().password_hash;
    assert_eq!(stored().await, format!("counted 0:{PASSWORD}"), "a wrong password renews nothing");
    let before = w.hasher.count();
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    assert_eq!((stored().await, w.hasher.count() - before), (format!("counted 1:{PASSWORD}"), 2));
    let before = w.hasher.count();
    w.sign_in(EMAIL, PASSWORD).await.unwrap();
    assert_eq!(w.hasher.count() - before, 1, "once");
}

on_both!(
    a_link_sets_a_password_once_and_signs_nobody_in,
    links_cut_doubled_swapped_replaced_or_late_do_not_work,
    of_many_at_once_one_wins,
    a_password_that_is_set_otherwise_ends_the_link,
    only_owners_make_links_for_those_who_may_sign_in,
    whoever_is_taken_out_leaves_no_link,
    whoever_is_disabled_while_a_password_is_hashed_keeps_the_old_one,
    outdated_hashes_are_renewed_when_the_password_is_typed,
);

//! Invites: one use, for one person, for seven days, and only as far as whoever sent it may go.

use domain::{
    audit::Action,
    draft::KeyDraft,
    field::Field,
    grant::{KeyAct, KeyGrant},
    ids::KeyId,
    invite::{EXPIRED_KEPT, INVITE_FOR, INVITES_MAX, InviteDraft},
    key::RevokeReason,
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
};
use service::{Caller, ClientInfo, Error, Service, invites::Acceptance, sessions::Person};
use tokio_util::sync::CancellationToken;

use crate::{
    people::with_role,
    world::{EMAIL, PASSWORD, World, draft, owner, refusal, secret, shell, signed_in, somebody, somebody_at},
};

pub fn invite(role: Role, email: &str) -> InviteDraft {
    InviteDraft {
        first_name: "Ada".to_owned(),
        last_name: "Byron".to_owned(),
        email: email.to_owned(),
        role: role.as_str().to_owned(),
        ..InviteDraft::default()
    }
}

async fn accept(service: &Service, token: &str) -> Result<Person, Error> {
    let sent = Acceptance { name: "Ada Byron".to_owned(), password: PASSWORD.into() };
    service.accept_invite(token, sent, &ClientInfo::default()).await
}

async fn who_may_invite_whom(w: World) {
    for by in Role::ALL {
        for whom in Role::ALL {
            let draft = InviteDraft {
                keys: w.a_key().await,
                ..invite(*whom, &format!("{}@{}.example", by.as_str(), whom.as_str()))
            };
            let may = match by {
                Role::Owner => true,
                Role::Admin => matches!(whom, Role::Auditor | Role::Guest),
                Role::Auditor | Role::Guest => false,
            };
            let caller = signed_in(*by);
            if may {
                let invited = w.service.invite(&caller, &draft).await.unwrap();
                assert_eq!(invited.invite.role, *whom);
            } else {
                assert_eq!(refusal(w.no_change(w.service.invite(&caller, &draft)).await), Refusal::Forbidden);
                let sent = w.service.invite(owner(), &draft).await.unwrap().invite.id;
                assert_eq!(refusal(w.no_change(w.service.renew_invite(&caller, &sent)).await), Refusal::Forbidden);
                assert_eq!(refusal(w.no_change(w.service.revoke_invite(&caller, &sent)).await), Refusal::Forbidden);
            }
        }
    }
}

async fn an_invite_makes_a_person_who_then_signs_in(w: World) {
    w.make_owner().await;
    let (seen, _) = w.active(&draft("service", "Seen")).await;
    let (gone, _) = w.active(&draft("service", "Gone")).await;
    let keys = vec![KeyGrant::new(seen, &[KeyAct::Test]), KeyGrant::new(gone, &[])];
    let asked =
        InviteDraft { keys, access_ends_at: "2030-01-01T00:00".to_owned(), ..invite(Role::Guest, "Guest@Example.com") };
    let invited = w.service.invite(shell(), &asked).await.unwrap();
    let event = w.newest().await;
    assert_eq!(
        (event.action.known(), event.subject.label.as_str()),
        (Some(Action::PersonInvited), "guest@example.com")
    );
    let token = secret(&invited.token);
    assert!(!format!("{event:?}").contains(&token) && !format!("{invited:?}").contains(&token));
    w.service.delete(owner(), &gone, "Gone").await.unwrap();
    // Looking uses nothing up.
    for _ in 0..100 {
        let shown = w.no_change(w.service.invite_by_token(&token)).await.unwrap().unwrap();
        assert_eq!((shown.name.as_str(), shown.role), ("Ada Byron", Role::Guest));
    }
    assert_eq!(refusal(w.sign_in("guest@example.com", PASSWORD).await), Refusal::SignInFailed, "not before");
    let person = accept(&w.service, &token).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.action.known(), event.actor_label.as_str()), (Some(Action::PersonCreated), "guest@example.com"));
    assert_eq!(event.note.as_deref(), Some("Invited by root (command line)"));
    assert_eq!(w.store.key_grants(person.id()).await.unwrap(), [KeyGrant::new(seen, &[KeyAct::Test])]);
    assert!(w.service.invites(owner()).await.unwrap().is_empty());
    assert!(accept(&w.service, &token).await.is_err());
    let cookie = secret(&w.sign_in("guest@example.com", PASSWORD).await.unwrap().cookie);
    let guest = w.service.session(&cookie).await.unwrap().unwrap().caller(None);
    assert_eq!(w.service.key(&guest, &seen).await.unwrap().row.name, "Seen");
}

async fn what_is_wrong_is_said_at_its_field_and_uses_nothing_up(w: World) {
    let invited = w.service.invite(shell(), &invite(Role::Admin, "ada@example.com")).await.unwrap();
    let token = secret(&invited.token);
    for (name, password, field) in [
        ("", PASSWORD, Field::PersonName),
        ("Ada\u{202e}", PASSWORD, Field::PersonName),
        ("Ada", "short", Field::Password),
        ("Ada", "ada@example.com", Field::Password),
        ("Ada", &"x".repeat(257), Field::Password),
    ] {
        let sent = Acceptance { name: name.to_owned(), password: password.into() };
        let hashes = w.hasher.count();
        let Refusal::Invalid(errors) =
            refusal(w.no_change(w.service.accept_invite(&token, sent, &ClientInfo::default())).await)
        else {
            panic!("{name} {password}")
        };
        assert_eq!((errors.of(field).count(), w.hasher.count()), (1, hashes), "{name} {password}");
    }
    accept(&w.service, &token).await.unwrap();
}

async fn of_many_at_once_one_makes_a_person(w: World) {
    let invited = w.service.invite(shell(), &invite(Role::Auditor, "ada@example.com")).await.unwrap();
    let token = secret(&invited.token);
    let other = w.another().await;
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let (service, token) = (if n % 2 == 0 { w.service.clone() } else { other.clone() }, token.clone());
            tokio::spawn(async move { accept(&service, &token).await })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(refusal::<()>(Err(error)), Refusal::LinkInvalid),
        }
    }
    assert_eq!(made, 1);
    let created = w.events().await.into_iter().filter(|event| event.action == Action::PersonCreated).count();
    assert_eq!(created, 1);
}

/// Unknown, used, revoked, replaced and expired links are one, with the same work: no hash and no write.
async fn a_dead_link_is_like_one_that_never_was(w: World) {
    let token = async |email: &str| {
        let invited = w.service.invite(shell(), &invite(Role::Auditor, email)).await.unwrap();
        (secret(&invited.token), invited.invite.id)
    };
    let (used, _) = token("used@example.com").await;
    accept(&w.service, &used).await.unwrap();
    let (revoked, id) = token("revoked@example.com").await;
    w.one_event(Action::InviteRevoked, w.service.revoke_invite(owner(), &id)).await.unwrap();
    let (replaced, id) = token("replaced@example.com").await;
    let renewed =
        secret(&w.one_event(Action::InviteRenewed, w.service.renew_invite(shell(), &id)).await.unwrap().token);
    let (expired, _) = token("expired@example.com").await;
    assert!(w.service.invite_by_token(&renewed).await.unwrap().is_some());
    w.clock.advance(Millis(INVITE_FOR.0 - 1));
    assert!(w.service.invite_by_token(&expired).await.unwrap().is_some());
    w.clock.advance(Millis(1));
    let unknown = "0".repeat(64);
    let doubled = format!("{renewed}{renewed}");
    for dead in [&used, &revoked, &replaced, &expired, &renewed, &unknown, &doubled, &renewed[1..], "", "%00", "é"] {
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        assert!(w.service.invite_by_token(dead).await.unwrap().is_none(), "{dead}");
        assert_eq!(refusal(accept(&w.service, dead).await), Refusal::LinkInvalid, "{dead}");
        assert_eq!((w.hasher.count(), w.store.write_count()), (hashes, writes), "{dead}");
    }
    // One that is too late can be sent again.
    let again = w.service.renew_invite(shell(), &id).await.unwrap();
    accept(&w.service, &secret(&again.token)).await.unwrap();
    assert_eq!(refusal(w.service.renew_invite(owner(), &id).await), Refusal::InviteGone);
    assert_eq!(refusal(w.service.revoke_invite(owner(), &id).await), Refusal::InviteGone);
}

async fn an_e_mail_is_invited_once_however_it_is_written(w: World) {
    w.make_owner().await;
    let at_email = |answer| {
        let Refusal::Invalid(errors) = answer else { panic!("{answer:?}") };
        assert_eq!((errors.of(Field::Email).count(), errors.0.len()), (1, 1));
    };
    w.service.invite(owner(), &invite(Role::Admin, "ada@example.com")).await.unwrap();
    for email in ["ada@example.com", " ADA@Example.com ", "\u{ff41}da@example.com", EMAIL, "OWNER@EXAMPLE.COM"] {
        at_email(refusal(w.no_change(w.service.invite(owner(), &invite(Role::Admin, email))).await));
    }
    let long = |characters: usize| format!("{}@example.com", "x".repeat(characters - "@example.com".len()));
    w.service.invite(owner(), &invite(Role::Admin, &long(254))).await.unwrap();
    at_email(refusal(w.service.invite(owner(), &invite(Role::Admin, &long(255))).await));
    for email in ["a.d.a@example.com", "ada+1@example.com", "ädä@example.com"] {
        w.service.invite(owner(), &invite(Role::Admin, email)).await.unwrap();
    }
}

/// Otherwise an owner who is taken out would have left a door open.
async fn whoever_is_taken_out_leaves_no_invite(w: World) {
    w.make_owner().await;
    for act in ["admin", "auditor", "disable", "remove"] {
        let id = with_role(&w, Role::Owner, "second@example.com", Vec::new()).await;
        let cookie = secret(&w.sign_in("second@example.com", PASSWORD).await.unwrap().cookie);
        let caller = w.service.session(&cookie).await.unwrap().unwrap().caller(None);
        let admin = secret(&w.service.invite(&caller, &invite(Role::Admin, "a@example.com")).await.unwrap().token);
        let auditor = secret(&w.service.invite(&caller, &invite(Role::Auditor, "b@example.com")).await.unwrap().token);
        match act {
            "disable" => w.service.disable_person(owner(), &id).await.unwrap(),
            "remove" => w.service.remove_person(owner(), &id).await.unwrap(),
            role => assert!(w.service.change_role(owner(), &id, role).await.unwrap()),
        }
        assert!(w.service.invite_by_token(&admin).await.unwrap().is_none(), "{act}");
        let stays = w.service.invite_by_token(&auditor).await.unwrap();
        assert_eq!(stays.is_some(), act == "admin", "{act}");
        assert_eq!(w.newest().await.action, Action::InviteRevoked, "{act}");
        if let Some(stays) = stays {
            w.service.revoke_invite(owner(), &stays.id).await.unwrap();
        }
        if act != "remove" {
            w.service.remove_person(owner(), &id).await.unwrap();
        }
    }
}

/// A new key that may do this in Keystead, and works until June.
pub async fn key_that(w: &World, boxes: &[&str]) -> (KeyId, Caller) {
    let boxes = boxes.iter().map(|name| (*name).to_owned()).collect();
    let (id, _) =
        w.active(&KeyDraft { boxes, expires_at: Some("2026-06-01".to_owned()), ..draft("service", "Inviter") }).await;
    let key = w.service.key(owner(), &id).await.unwrap();
    (id, Caller::key(key.record(false), None))
}

/// Whatever ends the rights of the key that sent an invite, its link is like one that never was.
async fn a_key_that_may_no_longer_invite_leaves_no_invite(w: World) {
    let refused = async |token: &str, act: &str| {
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        assert!(w.service.invite_by_token(token).await.unwrap().is_none(), "{act}");
        assert_eq!(refusal(accept(&w.service, token).await), Refusal::LinkInvalid, "{act}");
        assert_eq!((w.hasher.count(), w.store.write_count()), (hashes, writes), "{act}");
    };
    for act in ["revoke", "delete", "edit", "disable"] {
        let (id, caller) = key_that(&w, &["keystead.people.write"]).await;
        let email = format!("{act}@example.com");
        let token = secret(&w.service.invite(&caller, &invite(Role::Owner, &email)).await.unwrap().token);
        assert!(w.service.invite_by_token(&token).await.unwrap().is_some(), "{act}");
        match act {
            "revoke" => drop(w.service.revoke(owner(), &id, RevokeReason::Other, None).await.unwrap()),
            "delete" => w.service.delete(owner(), &id, "Inviter").await.unwrap(),
            "edit" => {
                let reads = KeyDraft { boxes: vec!["keystead.people.read".to_owned()], ..KeyDraft::default() };
                let revision = w.service.key(owner(), &id).await.unwrap().revision;
                drop(w.service.edit(owner(), &id, &reads, revision).await.unwrap());
            }
            _ => drop(w.service.disable(owner(), &id, None).await.unwrap()),
        }
        refused(&token, act).await;
        if act == "disable" {
            w.service.enable(owner(), &id, None).await.unwrap();
            accept(&w.service, &token).await.unwrap();
        }
    }
    let (_, caller) = key_that(&w, &["keystead.people.write"]).await;
    let invited = w.service.invite(&caller, &invite(Role::Auditor, "late@example.com")).await.unwrap();
    w.clock.advance(Millis::days(4));
    refused(&secret(&invited.token), "expire").await;
}

async fn a_key_that_may_no_longer_use_a_key_lets_no_guest_in(w: World) {
    let (seen, _) = w.active(&draft("service", "Seen")).await;
    let (id, caller) = key_that(&w, &["keystead.people.write", "keystead.keys.write"]).await;
    let keys = vec![KeyGrant::new(seen, &[KeyAct::Revoke])];
    let asked = InviteDraft { keys, ..invite(Role::Guest, "guest@example.com") };
    let token = secret(&w.service.invite(&caller, &asked).await.unwrap().token);
    assert!(w.service.invite_by_token(&token).await.unwrap().is_some());
    let boxes = vec!["keystead.people.write".to_owned(), "keystead.keys.read".to_owned()];
    let revision = w.service.key(owner(), &id).await.unwrap().revision;
    w.service.edit(owner(), &id, &KeyDraft { boxes, ..KeyDraft::default() }, revision).await.unwrap();
    assert!(w.service.invite_by_token(&token).await.unwrap().is_none());
    assert_eq!(refusal(accept(&w.service, &token).await), Refusal::LinkInvalid);
}

async fn only_so_many_of_one_sender_wait(w: World) {
    for n in 0..INVITES_MAX {
        w.service.invite(owner(), &invite(Role::Auditor, &format!("{n}@example.com"))).await.unwrap();
    }
    let more = refusal(w.service.invite(owner(), &invite(Role::Auditor, "more@example.com")).await);
    assert_eq!(more, Refusal::TooManyInvites { most: INVITES_MAX });
    // Nobody keeps the others from theirs, and nobody takes over more than they may send.
    let other = somebody(8, Role::Admin);
    let theirs = w.service.invite(&other, &invite(Role::Auditor, "more@example.com")).await.unwrap().invite.id;
    let renewed = w.no_change(w.service.renew_invite(owner(), &theirs)).await;
    assert_eq!(refusal(renewed), Refusal::TooManyInvites { most: INVITES_MAX });
    let waiting = w.service.invites(owner()).await.unwrap();
    let own = waiting.iter().find(|seen| seen.invite.id != theirs).unwrap();
    w.service.renew_invite(owner(), &own.invite.id).await.unwrap();
    // Those whose link has expired wait for nobody. They are listed for a while.
    w.clock.advance(INVITE_FOR);
    let later = somebody_at(7, Role::Owner, w.service.now());
    w.service.invite(&later, &invite(Role::Auditor, "later@example.com")).await.unwrap();
    let listed = async || {
        w.service.tidy(&CancellationToken::new()).await.unwrap();
        w.service.invites(owner()).await.unwrap().len()
    };
    let all = usize::try_from(INVITES_MAX).unwrap() + 2;
    w.clock.advance(Millis(EXPIRED_KEPT.0 - 1));
    assert_eq!(listed().await, all);
    w.clock.advance(Millis(1));
    assert_eq!(listed().await, 1, "the one that came later");
}

on_both!(
    who_may_invite_whom,
    an_invite_makes_a_person_who_then_signs_in,
    what_is_wrong_is_said_at_its_field_and_uses_nothing_up,
    of_many_at_once_one_makes_a_person,
    a_dead_link_is_like_one_that_never_was,
    an_e_mail_is_invited_once_however_it_is_written,
    whoever_is_taken_out_leaves_no_invite,
    a_key_that_may_no_longer_invite_leaves_no_invite,
    a_key_that_may_no_longer_use_a_key_lets_no_guest_in,
    only_so_many_of_one_sender_wait,
);

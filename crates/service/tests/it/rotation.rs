//! Rotation: a new secret beside the old one.

use domain::{
    audit::{Action, SECRET},
    draft::KeyDraft,
    grant::{KeyAct, KeyGrant},
    ids::KeyId,
    key::{RevokeReason, SecretNumber},
    refusal::Refusal,
    role::Role,
    rotation::{NoRotation, Overlap},
    timestamp::Millis,
    token::PlainToken,
    verdict::Code,
};
use service::{
    Caller, Service,
    keys::{Rotated, ShownSecret},
    verify::{Credential, VerifyRequest},
};

use crate::roles::guest;
use crate::world::{World, code, draft, in_background, owner, refusal, secret, signed_in, somebody, token, until};

/// Asks for a new secret, and returns its token.
pub async fn rotate(w: &World, id: &KeyId, overlap: &str) -> String {
    token(&asked(w, id, overlap).await.issued)
}

pub async fn asked(w: &World, id: &KeyId, overlap: &str) -> Rotated {
    let form = w.service.new_form_id().unwrap();
    w.service.rotate(owner(), id, Overlap::parse(overlap).unwrap(), &form).await.unwrap()
}

pub async fn confirm(w: &World, id: &KeyId) {
    w.service.acknowledge_rotation(owner(), id, false).await.unwrap();
}

#[track_caller]
pub fn why<T: std::fmt::Debug>(answer: service::Result<T>) -> NoRotation {
    match refusal(answer) {
        Refusal::NoRotation(why) => why,
        other => panic!("{other:?}"),
    }
}

pub async fn codes(w: &World, tokens: [&str; 2]) -> [Code; 2] {
    [w.code(tokens[0]).await, w.code(tokens[1]).await]
}

pub const BOTH: [Code; 2] = [Code::Valid, Code::Valid];
const NEW_ONLY: [Code; 2] = [Code::NotFound, Code::Valid];
pub const OLD_ONLY: [Code; 2] = [Code::Valid, Code::NotFound];

async fn nothing_changes_until_the_new_secret_is_confirmed(w: World) {
    let (id, old) = w.active(&draft("service", "Rotated")).await;
    let before = w.service.key(owner(), &id).await.unwrap();
    let new = w.one_event(Action::KeyRotated, rotate(&w, &id, "24h")).await;
    assert!(new.starts_with(&format!("ks_{id}_")) && new != old);
    assert_eq!(codes(&w, [&old, &new]).await, OLD_ONLY);
    assert_eq!(w.service.key(owner(), &id).await.unwrap(), before);
    let event = w.newest().await;
    assert_eq!((event.changes[0].field.as_str(), event.changes[0].to.as_deref()), (SECRET, Some("2")));
    assert!(!format!("{event:?}").contains(&new[20..]));
    let waiting = w.service.rotation(owner(), &id).await.unwrap().waiting.unwrap();
    assert_eq!((waiting.number, waiting.overlap), (SecretNumber(2), Overlap::USUAL));

    // The overlap begins now, and not when the secret was made.
    w.clock.advance(Millis::minutes(14));
    w.one_change(Action::RotationAcknowledged, confirm(&w, &id)).await;
    let event = w.newest().await;
    assert_eq!((event.changes[0].from.as_deref(), event.changes[0].to.as_deref()), (Some("1"), Some("2")));
    let after = w.service.key(owner(), &id).await.unwrap();
    assert_eq!((after.spec(), after.row.created_at), (before.spec(), before.row.created_at));
    assert!(new.ends_with(&after.row.last4), "lists show the new one");
    assert_eq!(codes(&w, [&old, &new]).await, BOTH);
    w.clock.advance(Millis(Millis::hours(24).0 - 1));
    assert_eq!(codes(&w, [&old, &new]).await, BOTH);
    let ended = w.no_change(async {
        w.clock.advance(Millis(1));
        codes(&w, [&old, &new]).await
    });
    assert_eq!(ended.await, NEW_ONLY, "the clock alone ends it");
    assert_eq!(w.one_change(Action::RotationFinished, w.service.finish_overdue_rotations()).await.unwrap(), 1);
    assert_eq!(w.service.finish_overdue_rotations().await.unwrap(), 0);
    assert_eq!(codes(&w, [&old, &new]).await, NEW_ONLY);
    assert_eq!(w.store.live_secrets(&id).await.unwrap().len(), 1);
}

async fn an_overlap_may_be_none_and_never_outlives_the_key(w: World) {
    let (id, old) = w.active(&draft("service", "At once")).await;
    let new = rotate(&w, &id, "none").await;
    confirm(&w, &id).await;
    assert_eq!(codes(&w, [&old, &new]).await, NEW_ONLY);
    assert!(w.service.rotation(owner(), &id).await.unwrap().both().is_none());

    let soon = KeyDraft { expiry: Some("7".to_owned()), ..draft("service", "Soon over") };
    let (id, old) = w.active(&soon).await;
    let new = rotate(&w, &id, "90d").await;
    confirm(&w, &id).await;
    let expires = w.service.key(owner(), &id).await.unwrap().row.expires_at;
    let rotation = w.service.rotation(owner(), &id).await.unwrap();
    assert_eq!(rotation.both().map(|(_, _, ends)| ends), expires);
    let extend = w.no_change(w.service.extend_rotation(owner(), &id, Overlap::parse("90d").unwrap())).await;
    assert_eq!(why(extend), NoRotation::NoLater);
    w.clock.advance(Millis::days(7));
    assert_eq!(codes(&w, [&old, &new]).await, [Code::NotFound, Code::Expired]);
    let form = w.service.new_form_id().unwrap();
    assert_eq!(why(w.service.rotate(owner(), &id, Overlap::USUAL, &form).await), NoRotation::Expired);
}

async fn a_rotation_is_extended_finished_or_undone(w: World) {
    let (id, first) = w.active(&draft("service", "Calm")).await;
    for act in [w.service.finish_rotation(owner(), &id).await, w.service.undo_rotation(owner(), &id).await] {
        assert_eq!(why(act), NoRotation::NotRunning);
    }
    let second = rotate(&w, &id, "1h").await;
    assert_eq!(why(w.service.finish_rotation(owner(), &id).await), NoRotation::NotRunning, "it only waits");
    confirm(&w, &id).await;
    w.clock.advance(Millis::minutes(59));
    let extend = async |by: &str| w.service.extend_rotation(owner(), &id, Overlap::parse(by).unwrap()).await;
    assert_eq!(why(w.no_change(extend("1m")).await), NoRotation::NoLater);
    w.one_change(Action::RotationExtended, extend("2h")).await.unwrap();
    w.clock.advance(Millis::minutes(119));
    assert_eq!(codes(&w, [&first, &second]).await, BOTH);
    // 90 days in all, however often.
    w.clock.advance(Millis::seconds(30));
    extend("90d").await.unwrap();
    let (_, _, ends) =
        w.service.rotation(owner(), &id).await.unwrap().both().map(|(a, b, c)| (a.clone(), b.clone(), c)).unwrap();
    let since = w.store.live_secrets(&id).await.unwrap()[0].since;
    assert_eq!(ends, since.plus(Millis::days(90)));

    w.one_change(Action::RotationUndone, w.service.undo_rotation(owner(), &id)).await.unwrap();
    assert_eq!(codes(&w, [&first, &second]).await, OLD_ONLY);
    w.clock.advance(Millis::days(365));
    assert_eq!(codes(&w, [&first, &second]).await, OLD_ONLY, "the old one has no end any more");
    let event = w.newest().await;
    assert_eq!((event.changes[0].from.as_deref(), event.changes[0].to.as_deref()), (Some("2"), Some("1")));

    let third = rotate(&w, &id, "7d").await;
    confirm(&w, &id).await;
    assert_eq!(codes(&w, [&first, &third]).await, BOTH);
    w.one_change(Action::RotationFinished, w.service.finish_rotation(owner(), &id)).await.unwrap();
    assert_eq!(codes(&w, [&first, &third]).await, NEW_ONLY);
    assert_eq!(w.code(&second).await, Code::NotFound);
    let over = [w.service.undo_rotation(owner(), &id).await, w.service.finish_rotation(owner(), &id).await];
    assert_eq!(over.map(why), [NoRotation::NotRunning; 2]);
}

async fn a_key_is_rotated_once_at_a_time_and_only_while_it_can_work(w: World) {
    let app = w.service.default_app();
    let again = async |id: &KeyId| {
        let form = w.service.new_form_id().unwrap();
        why(w.no_change(w.service.rotate(owner(), id, Overlap::USUAL, &form)).await)
    };
    let (pending, _) = w.pending(&draft("service", "Pending")).await;
    assert_eq!(again(&pending).await, NoRotation::Pending);
    let (revoked, _) = w.active(&draft("service", "Revoked")).await;
    w.service.revoke(owner(), &revoked, RevokeReason::Other, None).await.unwrap();
    assert_eq!(again(&revoked).await, NoRotation::Revoked);

    let (id, old) = w.active(&draft("service", "Busy")).await;
    let form = w.service.new_form_id().unwrap();
    w.service.rotate(owner(), &id, Overlap::USUAL, &form).await.unwrap();
    let repeated = w.no_change(w.service.rotate(owner(), &id, Overlap::USUAL, &form)).await;
    assert_eq!(why(repeated), NoRotation::Repeated);
    assert_eq!(again(&id).await, NoRotation::Waiting);
    confirm(&w, &id).await;
    assert_eq!(again(&id).await, NoRotation::Running);
    // The form stays used, whatever becomes of its secret.
    w.service.finish_rotation(owner(), &id).await.unwrap();
    let repeated = w.no_change(w.service.rotate(owner(), &id, Overlap::USUAL, &form)).await;
    assert_eq!(why(repeated), NoRotation::Repeated);
    assert_eq!(w.code(&old).await, Code::NotFound);
    for damaged in ["", "short", "0123456789abcde\u{e9}"] {
        let refused = w.service.rotate(owner(), &id, Overlap::USUAL, damaged).await;
        assert!(matches!(refusal(refused), Refusal::Invalid(_)));
    }
    // An old secret whose time is over is in nobody's way.
    rotate(&w, &id, "1h").await;
    confirm(&w, &id).await;
    w.clock.advance(Millis::hours(1));
    rotate(&w, &id, "1h").await;
    assert_eq!(w.store.live_secrets(&id).await.unwrap().len(), 1);

    // 64 at once.
    let (id, _) = w.active(&draft("service", "Wanted")).await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let service = w.service.clone();
            tokio::spawn(async move {
                let form = service.new_form_id().unwrap();
                service.rotate(owner(), &id, Overlap::USUAL, &form).await
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(why(refused), NoRotation::Waiting),
        }
    }
    assert_eq!(made, 1);
    let missing = w.service.rotate(owner(), &KeyId::from_random([1; 16]), Overlap::USUAL, &form).await;
    assert_eq!(refusal(missing), Refusal::NotFound);
    assert_eq!(w.service.keys(owner(), app, &domain::list::KeyQuery::default()).await.unwrap().rows.len(), 4);
}

async fn what_is_done_to_the_key_is_done_to_both_secrets(w: World) {
    let (id, old) = w.active(&draft("service", "Both")).await;
    let new = rotate(&w, &id, "7d").await;
    confirm(&w, &id).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, [Code::Disabled; 2]);
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, BOTH);
    w.service.revoke(owner(), &id, RevokeReason::Other, None).await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, [Code::Revoked; 2]);
    w.service.restore(owner(), &id).await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, BOTH);
    w.service.delete(owner(), &id, "Both").await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, [Code::NotFound; 2]);

    // A disabled key can be rotated: the new secret works once the key does.
    let (id, old) = w.active(&draft("service", "Off")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let new = rotate(&w, &id, "none").await;
    confirm(&w, &id).await;
    assert_eq!(codes(&w, [&old, &new]).await, [Code::NotFound, Code::Disabled]);
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(codes(&w, [&old, &new]).await, NEW_ONLY);
    // What was revoked meanwhile is not confirmed.
    rotate(&w, &id, "1h").await;
    w.service.revoke(owner(), &id, RevokeReason::Other, None).await.unwrap();
    assert_eq!(why(w.service.acknowledge_rotation(owner(), &id, false).await), NoRotation::Revoked);
}

async fn a_kind_without_a_token_is_rotated_as_well(w: World) {
    let (id, old) = w.active(&draft("master_user", "Chats")).await;
    let rotated = asked(&w, &id, "24h").await;
    let ShownSecret::Pair { id: shown, secret: half } = &rotated.issued.shown else { panic!("a pair") };
    assert_eq!(*shown, format!("mk_{id}"));
    confirm(&w, &id).await;
    let half = secret(half);
    let pair = Credential::Pair { id: shown, secret: &half };
    let verdict = w.service.verifier().verify(pair, VerifyRequest::default()).await.unwrap();
    assert_eq!((verdict.code, verdict.secret), (Code::Valid, Some(SecretNumber(2))));
    let whole = PlainToken::from_pair(shown, &half).unwrap();
    assert_eq!(codes(&w, [&old, whole.expose()]).await, BOTH);
}

async fn a_program_confirms_in_the_same_act(w: World) {
    let (id, old) = w.active(&draft("service", "Program")).await;
    let seq = w.newest().await.seq;
    let rotated = w.service.rotate_acknowledged(owner(), &id, Overlap::USUAL).await.unwrap();
    assert_eq!((rotated.issued.ack_deadline, rotated.number), (None, SecretNumber(2)));
    assert_eq!(rotated.overlap_ends_at, Some(w.service.now().plus(Millis::hours(24))));
    let new = token(&rotated.issued);
    assert!(new.ends_with(&rotated.issued.key.row.last4));
    assert_eq!(codes(&w, [&old, &new]).await, BOTH);
    let actions: Vec<_> = w.events().await.iter().take_while(|e| e.seq > seq).map(|e| e.action.clone()).collect();
    assert_eq!(actions, [Action::RotationAcknowledged, Action::KeyRotated]);
    assert_eq!(why(w.service.rotate_acknowledged(owner(), &id, Overlap::NONE).await), NoRotation::Running);
}

async fn who_did_not_see_the_secret_is_asked_first(w: World) {
    let (id, _) = w.active(&draft("service", "Theirs")).await;
    rotate(&w, &id, "1h").await;
    let another = somebody(9, Role::Admin);
    let seen = w.service.rotation_seen_by_another(&another, &id).await.unwrap().unwrap();
    assert_eq!((seen.name.as_str(), seen.did), ("owner@example.com", "asked for"));
    assert!(w.service.rotation_seen_by_another(owner(), &id).await.unwrap().is_none());
    let refused = w.no_change(w.service.acknowledge_rotation(&another, &id, false)).await;
    assert_eq!(refusal(refused), Refusal::IssuedByAnother);
    w.service.acknowledge_rotation(&another, &id, true).await.unwrap();
    assert_eq!(w.newest().await.note.unwrap(), "Asked for by owner@example.com, who alone saw it");
}

async fn who_may_not_rotate_changes_nothing(w: World) {
    let (id, _) = w.active(&draft("service", "Key")).await;
    let auditor = signed_in(Role::Auditor);
    let (s, form) = (&w.service, w.service.new_form_id().unwrap());
    let refused = async |w: &World| {
        let asked = w.no_change(s.rotate(&auditor, &id, Overlap::USUAL, &form)).await;
        assert_eq!(refusal(asked), Refusal::Forbidden);
        for act in [
            w.no_change(s.rotate_acknowledged(&auditor, &id, Overlap::USUAL)).await.map(drop),
            w.no_change(s.acknowledge_rotation(&auditor, &id, true)).await.map(drop),
            w.no_change(s.drop_rotation(&auditor, &id)).await,
            w.no_change(s.extend_rotation(&auditor, &id, Overlap::USUAL)).await.map(drop),
            w.no_change(s.finish_rotation(&auditor, &id)).await.map(drop),
            w.no_change(s.undo_rotation(&auditor, &id)).await.map(drop),
        ] {
            assert_eq!(refusal(act), Refusal::Forbidden);
        }
    };
    refused(&w).await;
    rotate(&w, &id, "24h").await;
    refused(&w).await;
    confirm(&w, &id).await;
    refused(&w).await;
    assert_eq!(s.rotation(&auditor, &id).await.unwrap().secrets.len(), 2);
    let (hidden, _) = w.active(&draft("master_user", "Hidden")).await;
    assert_eq!(refusal(s.rotation(&auditor, &hidden).await), Refusal::NotFound);
}

async fn a_guest_rotates_what_was_granted(w: World) {
    let (mine, old) = w.active(&draft("master_user", "Mine")).await;
    let (seen, _) = w.active(&draft("service", "Seen")).await;
    let (hidden, _) = w.active(&draft("service", "Hidden")).await;
    let guest = guest(vec![KeyGrant::new(mine, &[KeyAct::Rotate]), KeyGrant::new(seen, &[KeyAct::Revoke])]);
    for (id, refused) in [(seen, Refusal::Forbidden), (hidden, Refusal::NotFound)] {
        let form = w.service.new_form_id().unwrap();
        let asked = w.no_change(w.service.rotate(&guest, &id, Overlap::USUAL, &form)).await;
        assert_eq!(refusal(asked), refused);
        assert_eq!(refusal(w.no_change(w.service.undo_rotation(&guest, &id)).await), refused);
    }
    let form = w.service.new_form_id().unwrap();
    let rotated = w.service.rotate(&guest, &mine, Overlap::USUAL, &form).await.unwrap();
    w.service.acknowledge_rotation(&guest, &mine, false).await.unwrap();
    assert_eq!(codes(&w, [&old, &token(&rotated.issued)]).await, BOTH);
    w.service.undo_rotation(&guest, &mine).await.unwrap();
    assert_eq!(codes(&w, [&old, &token(&rotated.issued)]).await, OLD_ONLY);
}

async fn a_page_about_another_new_secret_changes_nothing(w: World) {
    let (id, _) = w.active(&draft("service", "Two tabs")).await;
    let revision = async || w.service.key(owner(), &id).await.unwrap().revision;
    let s = &w.service;
    let (first, second) = (having_seen(2), having_seen(3));
    rotate(&w, &id, "24h").await;
    s.drop_rotation(&first, &id).await.unwrap();
    rotate(&w, &id, "24h").await;
    let before = revision().await;
    let confirmed = w.no_change(s.acknowledge_rotation(&first, &id, false)).await;
    let dropped = w.no_change(s.drop_rotation(&first, &id)).await;
    assert_eq!((why(confirmed), why(dropped)), (NoRotation::Another, NoRotation::Another));
    s.acknowledge_rotation(&second, &id, false).await.unwrap();
    assert_eq!(revision().await, before + 1, "its secret is another one");
    for act in [
        w.no_change(s.extend_rotation(&first, &id, Overlap::parse("7d").unwrap())).await,
        w.no_change(s.finish_rotation(&first, &id)).await,
        w.no_change(s.undo_rotation(&first, &id)).await,
    ] {
        assert_eq!(why(act), NoRotation::Another);
    }
    s.extend_rotation(&second, &id, Overlap::parse("7d").unwrap()).await.unwrap();
    s.undo_rotation(&second, &id).await.unwrap();
    assert_eq!(revision().await, before + 3);
}

fn having_seen(number: i64) -> Caller {
    owner().clone().having_seen_secret(Some(SecretNumber(number)))
}

async fn every_process_knows(w: World) {
    let other: Service = w.another().await;
    let _running = (in_background(&w.service), in_background(&other));
    let (id, old) = w.active(&draft("service", "Everywhere")).await;
    let becomes = async |token: &str, expected: Code| {
        until(&format!("it is {expected:?}"), async || code(&other, token).await == expected).await;
    };
    becomes(&old, Code::Valid).await;
    let new = rotate(&w, &id, "24h").await;
    confirm(&w, &id).await;
    becomes(&new, Code::Valid).await;
    assert_eq!(code(&other, &old).await, Code::Valid);
    w.service.finish_rotation(owner(), &id).await.unwrap();
    becomes(&old, Code::NotFound).await;
    let third = rotate(&w, &id, "24h").await;
    confirm(&w, &id).await;
    becomes(&third, Code::Valid).await;
    w.service.undo_rotation(owner(), &id).await.unwrap();
    becomes(&third, Code::NotFound).await;
    assert_eq!(code(&other, &new).await, Code::Valid);
}

on_both!(
    nothing_changes_until_the_new_secret_is_confirmed,
    an_overlap_may_be_none_and_never_outlives_the_key,
    a_rotation_is_extended_finished_or_undone,
    a_key_is_rotated_once_at_a_time_and_only_while_it_can_work,
    what_is_done_to_the_key_is_done_to_both_secrets,
    a_kind_without_a_token_is_rotated_as_well,
    a_program_confirms_in_the_same_act,
    who_did_not_see_the_secret_is_asked_first,
    a_page_about_another_new_secret_changes_nothing,
    who_may_not_rotate_changes_nothing,
    a_guest_rotates_what_was_granted,
    every_process_knows,
);

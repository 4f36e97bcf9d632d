//! Disable, enable, revoke, restore, delete.

use domain::{
    audit::Action,
    field::Field,
    ids::KeyId,
    key::{KeyState, RevokeReason},
    refusal::Refusal,
    role::Role,
    rotation::Overlap,
    timestamp::Millis,
    verdict::Code,
};

use crate::world::{World, draft, owner, refusal, signed_in};

async fn revoke(w: &World, id: &KeyId, reason: RevokeReason) {
    let revoked = w.service.revoke(owner(), id, reason, None).await.unwrap();
    assert_eq!(revoked.revoked.unwrap().reason, reason);
}

async fn a_key_is_switched_off_and_on(w: World) {
    let (id, token) = w.active(&draft("service", "Switch")).await;
    assert_eq!(refusal(w.service.enable(owner(), &id, None).await), Refusal::WrongState);
    w.service.disable(owner(), &id, None).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Disabled);
    assert_eq!(refusal(w.service.disable(owner(), &id, None).await), Refusal::WrongState);
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Valid);
    // An Undo is for the key as it was.
    let revision = w.service.key(owner(), &id).await.unwrap().revision;
    let stale = w.no_change(w.service.disable(owner(), &id, Some(revision - 1))).await;
    assert_eq!(refusal(stale), Refusal::Changed);
    let before = owner().clone().having_seen(Some(revision - 1));
    for act in [
        w.no_change(w.service.rotate_acknowledged(&before, &id, Overlap::USUAL)).await.map(drop),
        w.no_change(w.service.revoke(&before, &id, RevokeReason::Other, None)).await.map(drop),
        w.no_change(w.service.restore(&before, &id)).await.map(drop),
        w.no_change(w.service.acknowledge(&before, &id, false)).await.map(drop),
        w.no_change(w.service.finish_rotation(&before, &id)).await.map(drop),
    ] {
        assert_eq!(refusal(act), Refusal::Changed);
    }
    w.service.disable(owner(), &id, Some(revision)).await.unwrap();
}

async fn a_revoke_can_be_taken_back_for_a_day(w: World) {
    let (id, token) = w.active(&draft("service", "Revoked")).await;
    let reason = RevokeReason::NoLongerNeeded;
    let note = Some("  moved to the new ledger ");
    let key = w.service.revoke(owner(), &id, reason, note).await.unwrap();
    assert_eq!(key.row.state, KeyState::Revoked);
    assert_eq!(w.newest().await.note.unwrap(), "moved to the new ledger");
    assert_eq!(w.code(&token).await, Code::Revoked);
    w.clock.advance(Millis(Millis::hours(24).0 - 1));
    let key = w.service.restore(owner(), &id).await.unwrap();
    assert_eq!((key.row.state, key.revoked), (KeyState::Active, None));
    assert_eq!(w.code(&token).await, Code::Valid);

    revoke(&w, &id, reason).await;
    w.clock.advance(Millis::hours(24));
    let late = w.no_change(w.service.restore(owner(), &id)).await;
    assert_eq!(refusal(late), Refusal::TooLate);
    assert_eq!(w.code(&token).await, Code::Revoked);
}

async fn a_leaked_key_never_comes_back(w: World) {
    for reason in RevokeReason::ALL {
        let (id, _) = w.active(&draft("service", "Leak")).await;
        revoke(&w, &id, *reason).await;
        let restored = w.service.restore(owner(), &id).await;
        if *reason == RevokeReason::Leaked {
            assert_eq!(refusal(restored), Refusal::StaysRevoked(RevokeReason::Leaked));
        } else {
            restored.unwrap();
        }
    }
}

async fn a_disabled_key_comes_back_disabled(w: World) {
    let (id, token) = w.active(&draft("service", "Off")).await;
    revoke(&w, &id, RevokeReason::Other).await;
    w.service.restore(owner(), &id).await.unwrap();
    w.service.disable(owner(), &id, None).await.unwrap();
    revoke(&w, &id, RevokeReason::Other).await;
    let key = w.service.restore(owner(), &id).await.unwrap();
    assert_eq!(key.row.state, KeyState::Disabled);
    assert_eq!(w.code(&token).await, Code::Disabled);
}

async fn states_that_do_not_fit_are_refused(w: World) {
    let (pending, _) = w.pending(&draft("service", "Pending")).await;
    let (active, _) = w.active(&draft("service", "Active")).await;
    let (revoked, _) = w.active(&draft("service", "Revoked")).await;
    revoke(&w, &revoked, RevokeReason::Leaked).await;
    let (service, me) = (&w.service, owner());
    let other = RevokeReason::Other;
    let wrong = [
        w.no_change(service.disable(me, &pending, None)).await,
        w.no_change(service.enable(me, &pending, None)).await,
        w.no_change(service.revoke(me, &pending, other, None)).await,
        w.no_change(service.restore(me, &pending)).await,
        w.no_change(service.restore(me, &active)).await,
        w.no_change(service.disable(me, &revoked, None)).await,
        w.no_change(service.enable(me, &revoked, None)).await,
        w.no_change(service.revoke(me, &revoked, other, None)).await,
    ];
    for answer in wrong {
        assert_eq!(refusal(answer), Refusal::WrongState);
    }
    let nobody = KeyId::from_random([1; 16]);
    let missing = w.no_change(service.disable(me, &nobody, None)).await;
    assert_eq!(refusal(missing), Refusal::NotFound);
}

async fn a_delete_needs_the_name_and_is_for_good(w: World) {
    let (id, token) = w.active(&draft("service", "Élan")).await;
    for name in ["", "elan", "ÉLAN", "Élan 2"] {
        let refused = w.no_change(w.service.delete(owner(), &id, name)).await;
        assert_eq!(refusal(refused), Refusal::NameMismatch, "{name}");
    }
    assert_eq!(w.code(&token).await, Code::Valid);
    // The same name, typed with a combining accent and a trailing space.
    w.service.delete(owner(), &id, "E\u{301}lan ").await.unwrap();
    assert_eq!(w.code(&token).await, Code::NotFound);
    assert_eq!(refusal(w.service.key(owner(), &id).await), Refusal::NotFound);
    // Nobody sees how many spaces there are.
    let (spaced, _) = w.active(&draft("service", "Export  nightly")).await;
    w.service.delete(owner(), &spaced, "Export nightly").await.unwrap();
    let query = domain::audit_query::AuditQuery { key: Some(id), ..Default::default() };
    let history = w.service.audit(owner(), &query).await.unwrap().rows;
    let actions: Vec<_> = history.iter().filter_map(|event| event.action.known()).collect();
    let expected = [Action::KeyDeleted, Action::KeyAcknowledged, Action::KeyIssued];
    assert_eq!(actions, expected, "what is on record stays");
}

async fn a_note_has_its_limits(w: World) {
    let (id, _) = w.active(&draft("service", "Noted")).await;
    let long = "x".repeat(201);
    for note in [long.as_str(), "a\nb", "a\u{202e}b"] {
        let revoke = w.service.revoke(owner(), &id, RevokeReason::Other, Some(note));
        let Refusal::Invalid(errors) = refusal(w.no_change(revoke).await) else { panic!("{note}") };
        assert_eq!(errors.of(Field::Note).count(), 1);
    }
    let blank = w.service.revoke(owner(), &id, RevokeReason::Other, Some("  "));
    blank.await.unwrap();
    assert_eq!(w.newest().await.note, None);
}

async fn only_owners_restore(w: World) {
    let (id, _) = w.active(&draft("service", "Revoked")).await;
    let admin = signed_in(Role::Admin);
    let revoked = w.service.revoke(&admin, &id, RevokeReason::Other, None).await;
    revoked.unwrap();
    let refused = w.no_change(w.service.restore(&admin, &id)).await;
    assert_eq!(refusal(refused), Refusal::Forbidden);
    w.service.restore(owner(), &id).await.unwrap();
}

on_both!(
    a_key_is_switched_off_and_on,
    a_revoke_can_be_taken_back_for_a_day,
    a_leaked_key_never_comes_back,
    a_disabled_key_comes_back_disabled,
    states_that_do_not_fit_are_refused,
    a_delete_needs_the_name_and_is_for_good,
    a_note_has_its_limits,
    only_owners_restore,
);

//! New secrets that somebody else collects: made when they ask, seen by them alone, and working once they confirm.

use domain::{
    audit::Action,
    draft::KeyDraft,
    field::Field,
    grant::{KeyAct, KeyGrant},
    hand_over::{HandOverDraft, LinkLife},
    ids::KeyId,
    key::{ACKNOWLEDGE_WITHIN, RevokeReason},
    refusal::Refusal,
    role::Role,
    rotation::{NoRotation, Overlap},
    timestamp::Millis,
    verdict::Code,
};
use service::{
    Caller, ClientInfo, Error,
    keys::{Collected, Confirmed, HandedOver, RotationForm, ToConfirm},
};

use crate::{
    apps,
    hand_overs::{maker, the_owner},
    people::with_role,
    rotation::{confirm, rotate},
    world::{EMAIL, World, draft, owner, refusal, secret, shell, signed_in, token},
};

async fn hand_over(w: &World, by: &Caller, id: &KeyId, overlap: &str, passphrase: &str) -> Result<HandedOver, Error> {
    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
    let (form_id, passphrase) = (w.service.new_form_id().unwrap(), passphrase.into());
    let form = RotationForm { form_id: &form_id, to: &to, passphrase: &passphrase };
    w.service.hand_rotation_over(by, id, Overlap::parse(overlap).unwrap(), &form).await
}

fn outside() -> ClientInfo {
    ClientInfo { address: Some("198.51.100.7".parse().unwrap()), ..ClientInfo::default() }
}

async fn collect(w: &World, made: &HandedOver, passphrase: &str) -> Result<Collected, Error> {
    w.service.collect(&secret(&made.token), &passphrase.into(), "", &outside()).await
}

async fn codes(w: &World, old: &str, new: &str) -> [Code; 2] {
    [w.code(old).await, w.code(new).await]
}

async fn the_overlap_begins_when_the_recipient_confirms_what_only_they_saw(w: World) {
    let by = the_owner(&w).await;
    let (id, old) = w.active(&draft("service", "Partner")).await;
    let before = w.service.key(&by, &id).await.unwrap();
    let made = w.one_event(Action::HandOverMade, hand_over(&w, &by, &id, "1h", "")).await.unwrap();
    assert_eq!(w.service.rotation_hand_over(&by, &id).await.unwrap(), Some(made.hand_over.clone()));
    assert_eq!(w.service.hand_overs(&by).await.unwrap(), std::slice::from_ref(&made.hand_over));
    assert_eq!(w.service.key(&by, &id).await.unwrap(), before, "nothing has changed");
    assert!(w.service.rotation(&by, &id).await.unwrap().waiting.is_none(), "no secret exists yet");
    let link = secret(&made.token);
    for _ in 0..100 {
        let shown = w.no_change(w.service.hand_over_by_token(&link)).await.unwrap().unwrap();
        let key = w.no_change(w.service.key_of_hand_over(&shown)).await.unwrap().unwrap();
        assert_eq!((shown.rotates, key.row.id), (Some(Overlap::parse("1h").unwrap()), id));
    }
    let collected = collect(&w, &made, "").await.unwrap();
    let new = token(&collected.issued);
    assert_eq!(collected.overlap, Some(Overlap::parse("1h").unwrap()));
    let events = w.events().await;
    let actions: Vec<_> = events[..2].iter().map(|event| event.action.known()).collect();
    assert_eq!(actions, [Some(Action::HandOverCollected), Some(Action::KeyRotated)]);
    assert_eq!(events[1].actor_label, EMAIL);
    assert!(events[1].note.as_deref().unwrap().contains("Grace"), "{:?}", events[1]);
    assert!(events[..2].iter().all(|event| event.address.as_deref() == Some("198.51.100.7")));
    assert!(!format!("{events:?}").contains(&new[20..]));
    assert_eq!(codes(&w, &old, &new).await, [Code::Valid, Code::NotFound]);
    let by_whom = w.service.collection(&by, &id).await.unwrap().unwrap();
    assert_eq!((by_whom.recipient.as_str(), by_whom.from.as_deref()), ("Grace", Some("198.51.100.7")));
    assert_eq!(refusal(collect(&w, &made, "").await), Refusal::LinkInvalid, "once");
    assert_eq!(w.service.rotation_hand_over(&by, &id).await.unwrap(), None);

    // Whoever made the link did not see the secret, and has to say so.
    assert_eq!(w.service.rotation_seen_by_another(&by, &id).await.unwrap().unwrap().name, "Grace");
    assert_eq!(refusal(w.service.acknowledge_rotation(&by, &id, false).await), Refusal::IssuedByAnother);
    w.clock.advance(Millis::minutes(14));
    let confirm = secret(&collected.confirm);
    for _ in 0..10 {
        let found = w.no_change(w.service.collected_by_token(&confirm)).await.unwrap().unwrap();
        assert!(matches!(found, ToConfirm::Secret(key, _) if key.row.id == id));
    }
    let client = outside();
    let done =
        w.one_change(Action::RotationAcknowledged, w.service.confirm_collected(&confirm, &client)).await.unwrap();
    let ends = w.service.now().plus(Millis::hours(1));
    assert!(matches!(done, Confirmed::Secret(_, Some(at)) if at == ends));
    assert_eq!(w.newest().await.note.as_deref(), Some("Confirmed by Grace, who collected it"));
    assert_eq!(codes(&w, &old, &new).await, [Code::Valid, Code::Valid]);
    assert_eq!(refusal(w.service.confirm_collected(&confirm, &client).await), Refusal::LinkInvalid);
    w.clock.advance(Millis::hours(1));
    assert_eq!(codes(&w, &old, &new).await, [Code::NotFound, Code::Valid]);
}

async fn what_nobody_collects_or_confirms_changes_nothing(w: World) {
    let by = the_owner(&w).await;
    let (id, old) = w.active(&draft("service", "Partner")).await;
    hand_over(&w, &by, &id, "1h", "").await.unwrap();
    w.clock.advance(LinkLife::Day.length());
    w.one_event(Action::HandOverExpired, w.service.drop_overdue_hand_overs()).await.unwrap();
    let by = maker(&w, EMAIL).await;
    let made = hand_over(&w, &by, &id, "none", "").await.unwrap();
    let collected = collect(&w, &made, "").await.unwrap();
    w.clock.advance(ACKNOWLEDGE_WITHIN);
    let late = w.service.confirm_collected(&secret(&collected.confirm), &outside()).await;
    assert_eq!(refusal(late), Refusal::LinkInvalid);
    w.one_event(Action::RotationDropped, w.service.drop_overdue_rotations()).await.unwrap();
    assert_eq!(codes(&w, &old, &token(&collected.issued)).await, [Code::Valid, Code::NotFound]);
    // The link that came with a dropped secret does not confirm another one.
    let made = hand_over(&w, &by, &id, "none", "").await.unwrap();
    let collected = collect(&w, &made, "").await.unwrap();
    w.service.drop_rotation(&by, &id).await.unwrap();
    let others = rotate(&w, &id, "1h").await;
    let confirm_link = secret(&collected.confirm);
    assert!(w.service.collected_by_token(&confirm_link).await.unwrap().is_none());
    assert_eq!(refusal(w.service.confirm_collected(&confirm_link, &outside()).await), Refusal::LinkInvalid);
    assert_eq!(codes(&w, &old, &others).await, [Code::Valid, Code::NotFound]);
}

async fn one_link_at_a_time_and_only_where_the_key_can_be_rotated(w: World) {
    let by = the_owner(&w).await;
    let why = |answer: Result<HandedOver, Error>| match refusal(answer) {
        Refusal::NoRotation(why) => why,
        other => panic!("{other:?}"),
    };
    let (id, _) = w.active(&draft("service", "Partner")).await;
    let made = hand_over(&w, &by, &id, "1h", "").await.unwrap();
    assert_eq!(why(w.no_event(hand_over(&w, &by, &id, "1h", "")).await), NoRotation::HandedOver);
    // Somebody rotates it before the recipient comes: they wait until that is over.
    rotate(&w, &id, "1h").await;
    assert_eq!(refusal(w.no_event(collect(&w, &made, "")).await), Refusal::HandOverNotNow);
    confirm(&w, &id).await;
    assert_eq!(refusal(w.no_event(collect(&w, &made, "")).await), Refusal::HandOverNotNow);
    w.service.finish_rotation(owner(), &id).await.unwrap();
    collect(&w, &made, "").await.unwrap();
    assert_eq!(why(hand_over(&w, &by, &id, "1h", "").await), NoRotation::Waiting);
    let (pending, _) = w.pending(&draft("service", "Pending")).await;
    assert_eq!(why(hand_over(&w, &by, &pending, "1h", "").await), NoRotation::Pending);
    let (revoked, _) = w.active(&draft("service", "Revoked")).await;
    let before = hand_over(&w, &by, &revoked, "1h", "").await.unwrap();
    w.service.revoke(owner(), &revoked, RevokeReason::Other, None).await.unwrap();
    assert_eq!(refusal(w.no_event(collect(&w, &before, "")).await), Refusal::HandOverStale);
    assert_eq!(why(hand_over(&w, &by, &revoked, "1h", "").await), NoRotation::Revoked);
    // Nobody could collect it in an archived app.
    let shop = apps::create(&w, "Shop").await;
    let (stored, _) = apps::issue(&w, &shop.id, &draft("service", "Stored")).await;
    let (waits, _) = apps::issue(&w, &shop.id, &draft("service", "Waits")).await;
    let made = hand_over(&w, &by, &waits, "1h", "a lantern").await.unwrap();
    w.service.archive_app(owner(), &shop.id).await.unwrap();
    assert_eq!(refusal(w.no_event(hand_over(&w, &by, &stored, "1h", "")).await), Refusal::AppArchived);
    // Whoever knows the passphrase is not counted as somebody who guesses it.
    for _ in 0..12 {
        assert_eq!(refusal(w.no_event(collect(&w, &made, "a lantern")).await), Refusal::HandOverNotNow);
    }
    w.service.restore_app(owner(), &shop.id).await.unwrap();
    collect(&w, &made, "a lantern").await.unwrap();
    // A passphrase is asked for as with a key.
    let (id, _) = w.active(&draft("service", "Guarded")).await;
    let made = hand_over(&w, &by, &id, "1h", "a lantern").await.unwrap();
    let Refusal::Invalid(errors) = refusal(collect(&w, &made, "a lantern!").await) else { panic!() };
    assert_eq!(errors.of(Field::Passphrase).count(), 1);
    collect(&w, &made, "a lantern").await.unwrap();
}

/// A guest who may rotate a key may let somebody else collect its new secret, and nobody else sees that link.
async fn who_may_rotate_may_hand_over(w: World) {
    let by = the_owner(&w).await;
    let (id, _) = w.active(&draft("service", "Partner")).await;
    let (other, _) = w.active(&draft("service", "Other")).await;
    let grants = vec![KeyGrant::new(id, &[KeyAct::Rotate]), KeyGrant::new(other, &[])];
    let guest_id = with_role(&w, Role::Guest, "guest@example.com", grants).await;
    let guest = maker(&w, "guest@example.com").await;
    let made = hand_over(&w, &guest, &id, "1h", "").await.unwrap();
    assert_eq!(refusal(hand_over(&w, &guest, &other, "1h", "").await), Refusal::Forbidden);
    let of_others = hand_over(&w, &by, &other, "1h", "").await.unwrap();
    assert_eq!(w.service.hand_overs(&guest).await.unwrap(), std::slice::from_ref(&made.hand_over));
    assert_eq!(w.service.hand_overs(&by).await.unwrap().len(), 2);
    assert_eq!(w.service.rotation_hand_over(&guest, &other).await.unwrap(), None);
    assert_eq!(w.service.rotation_hand_over(&signed_in(Role::Auditor), &id).await.unwrap(), None);
    assert_eq!(refusal(w.service.hand_over_of(&guest, &other).await), Refusal::HandOverGone);
    assert_eq!(refusal(w.no_event(w.service.withdraw_hand_over(&guest, &other)).await), Refusal::HandOverGone);
    w.one_event(Action::HandOverWithdrawn, w.service.withdraw_hand_over(&guest, &id)).await.unwrap();
    assert_eq!(refusal(collect(&w, &made, "").await), Refusal::LinkInvalid);
    let made = hand_over(&w, &guest, &id, "1h", "").await.unwrap();
    collect(&w, &made, "").await.unwrap();
    w.service.drop_rotation(&by, &id).await.unwrap();
    // What the maker may no longer do, their link does not do either.
    let made = hand_over(&w, &guest, &id, "1h", "").await.unwrap();
    let grants = [KeyGrant::new(id, &[])];
    w.service.set_grants(&by, &guest_id, &grants, "").await.unwrap();
    assert_eq!(refusal(w.no_event(collect(&w, &made, "")).await), Refusal::HandOverStale);
    assert!(collect(&w, &of_others, "").await.is_ok());
    let made = hand_over(&w, &by, &id, "1h", "").await;
    assert_eq!(refusal(made), Refusal::NoRotation(NoRotation::HandedOver));
    w.service.withdraw_hand_over(&by, &id).await.unwrap();
    hand_over(&w, &by, &id, "1h", "").await.unwrap();
}

/// A key and the command line hand over what they may rotate, with the rights that they have when it is collected.
async fn programs_hand_over_as_they_rotate(w: World) {
    let with = |permission: &str| KeyDraft { boxes: vec![permission.to_owned()], ..draft("service", "Manager") };
    let (own, _) = w.active(&with("keystead.keys.write")).await;
    let by = Caller::key(w.service.key(owner(), &own).await.unwrap().record(false), None);
    let (reads, _) = w.active(&with("keystead.keys.read")).await;
    let reader = Caller::key(w.service.key(owner(), &reads).await.unwrap().record(false), None);
    let (id, old) = w.active(&draft("service", "Partner")).await;
    let (stronger, _) = w.active(&with("keystead.people.write")).await;
    for (by, id, why) in [
        (&by, &own, Refusal::OwnKey),
        (&by, &stronger, Refusal::BeyondOwnRights),
        (&reader, &id, Refusal::Forbidden),
        (&by.clone().having_seen(Some(99)), &id, Refusal::Changed),
    ] {
        assert_eq!(refusal(w.no_event(hand_over(&w, by, id, "1h", "")).await), why);
    }
    let made = w.one_event(Action::HandOverMade, hand_over(&w, &by, &id, "1h", "")).await.unwrap();
    assert_eq!(made.hand_over.made_by, (own.to_string(), by.actor().label()));
    let collected = collect(&w, &made, "").await.unwrap();
    assert_eq!(w.events().await[1].actor_label, by.actor().label());
    // It did not see the secret.
    assert_eq!(refusal(w.service.acknowledge_rotation(&by, &id, false).await), Refusal::IssuedByAnother);
    w.service.confirm_collected(&secret(&collected.confirm), &outside()).await.unwrap();
    assert_eq!(codes(&w, &old, &token(&collected.issued)).await, [Code::Valid, Code::Valid]);

    let (other, _) = w.active(&draft("service", "Other")).await;
    let made = hand_over(&w, &by, &other, "1h", "").await.unwrap();
    w.service.disable(owner(), &own, None).await.unwrap();
    assert_eq!(refusal(w.no_event(collect(&w, &made, "")).await), Refusal::HandOverStale);
    w.service.withdraw_hand_over(shell(), &other).await.unwrap();
    let made = hand_over(&w, shell(), &other, "none", "").await.unwrap();
    assert_eq!(made.hand_over.made_by, (String::new(), shell().actor().label()));
    collect(&w, &made, "").await.unwrap();
}

/// Nothing is left of it in the list, and the record has both.
async fn a_deleted_key_takes_its_hand_over_along(w: World) {
    let by = the_owner(&w).await;
    let (id, _) = w.active(&draft("service", "Partner")).await;
    let (other, _) = w.active(&draft("service", "Other")).await;
    let made = hand_over(&w, &by, &id, "1h", "").await.unwrap();
    let stays = hand_over(&w, &by, &other, "1h", "").await.unwrap();
    w.service.delete(&by, &id, "Partner").await.unwrap();
    assert_eq!(w.service.hand_overs(&by).await.unwrap(), [stays.hand_over]);
    let events = w.events().await;
    let told: Vec<_> = events[..2].iter().map(|event| (event.action.known(), event.note.as_deref())).collect();
    let withdrawn = (Some(Action::HandOverWithdrawn), Some("The key was deleted."));
    assert_eq!(told, [(Some(Action::KeyDeleted), None), withdrawn]);
    assert_eq!(refusal(collect(&w, &made, "").await), Refusal::LinkInvalid);
    assert!(w.service.hand_over_by_token(&secret(&made.token)).await.unwrap().is_none());
}

/// Whoever stole a key may have collected by its link: what they have ends when the key is revoked.
async fn what_was_collected_is_not_confirmed_once_its_maker_may_no_longer_do_it(w: World) {
    let with = KeyDraft { boxes: vec!["keystead.keys.write".to_owned()], ..draft("service", "Manager") };
    let (own, _) = w.active(&with).await;
    let by = Caller::key(w.service.key(owner(), &own).await.unwrap().record(false), None);
    let (id, old) = w.active(&draft("service", "Partner")).await;
    let made = hand_over(&w, &by, &id, "1h", "").await.unwrap();
    let collected = collect(&w, &made, "").await.unwrap();
    let new_key = crate::hand_overs::hand_over(&w, &by, "service", "").await.unwrap();
    let new_key = collect(&w, &new_key, "").await.unwrap();
    w.service.revoke(owner(), &own, RevokeReason::Leaked, None).await.unwrap();
    for collected in [&collected, &new_key] {
        let confirm = secret(&collected.confirm);
        let confirmed = w.no_change(w.service.confirm_collected(&confirm, &outside())).await;
        assert_eq!(refusal(confirmed), Refusal::HandOverStale);
    }
    assert_eq!(codes(&w, &old, &token(&collected.issued)).await, [Code::Valid, Code::NotFound]);
    assert_eq!(w.code(&token(&new_key.issued)).await, Code::Pending);
    // A person is no other case, and whoever may do it again is heard.
    let owner = the_owner(&w).await;
    let maker_id = with_role(&w, Role::Admin, "maker@example.com", Vec::new()).await;
    let by = maker(&w, "maker@example.com").await;
    let (other, _) = w.active(&draft("service", "Other")).await;
    let made = hand_over(&w, &by, &other, "1h", "").await.unwrap();
    let collected = collect(&w, &made, "").await.unwrap();
    let confirm = secret(&collected.confirm);
    w.service.disable_person(&owner, &maker_id).await.unwrap();
    let confirmed = w.no_change(w.service.confirm_collected(&confirm, &outside())).await;
    assert_eq!(refusal(confirmed), Refusal::HandOverStale);
    w.service.enable_person(&owner, &maker_id).await.unwrap();
    w.service.confirm_collected(&confirm, &outside()).await.unwrap();
}

/// A key does not work while its app is archived.
async fn what_was_collected_waits_for_its_app(w: World) {
    let by = the_owner(&w).await;
    let (id, _) = w.active(&draft("service", "Partner")).await;
    let made = hand_over(&w, &by, &id, "1h", "").await.unwrap();
    let new_secret = collect(&w, &made, "").await.unwrap();
    let made = crate::hand_overs::hand_over(&w, &by, "service", "").await.unwrap();
    let new_key = collect(&w, &made, "").await.unwrap();
    let app = *w.service.default_app();
    // The last one stays in use.
    w.service.create_app(owner(), "Another").await.unwrap();
    w.service.archive_app(owner(), &app).await.unwrap();
    for collected in [&new_secret, &new_key] {
        let confirmed = w.no_change(w.service.confirm_collected(&secret(&collected.confirm), &outside())).await;
        assert_eq!(refusal(confirmed), Refusal::HandOverNotNow);
    }
    w.service.restore_app(owner(), &app).await.unwrap();
    w.service.confirm_collected(&secret(&new_secret.confirm), &outside()).await.unwrap();
    w.service.confirm_collected(&secret(&new_key.confirm), &outside()).await.unwrap();
}

async fn no_row_has_the_secret(w: World) {
    let by = the_owner(&w).await;
    let mut secrets = Vec::new();
    for n in 0..20 {
        let (id, _) = w.active(&draft("service", "Partner")).await;
        let made = hand_over(&w, &by, &id, "1h", "").await.unwrap();
        let collected = collect(&w, &made, "").await.unwrap();
        if n % 2 == 0 {
            w.service.confirm_collected(&secret(&collected.confirm), &outside()).await.unwrap();
        }
        let half = token(&collected.issued).rsplit('_').next().unwrap()[..43].to_owned();
        secrets.extend([secret(&made.token), secret(&collected.confirm), half]);
    }
    let rows = w.database.dump().await;
    for secret in &secrets {
        assert!(rows.iter().all(|row| !row.contains(&secret[..16])));
    }
}

on_both!(
    the_overlap_begins_when_the_recipient_confirms_what_only_they_saw,
    what_nobody_collects_or_confirms_changes_nothing,
    one_link_at_a_time_and_only_where_the_key_can_be_rotated,
    who_may_rotate_may_hand_over,
    programs_hand_over_as_they_rotate,
    a_deleted_key_takes_its_hand_over_along,
    what_was_collected_is_not_confirmed_once_its_maker_may_no_longer_do_it,
    what_was_collected_waits_for_its_app,
    no_row_has_the_secret,
);

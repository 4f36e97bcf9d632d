//! One act on many keys.

use std::collections::BTreeSet;

use domain::{
    audit::Action,
    audit_query::AuditQuery,
    bulk::{BulkAct, BulkChange, BulkCount, Selection, Skip},
    draft::KeyDraft,
    ids::KeyId,
    key::{KeyState, RevokeReason},
    labels::Owner,
    list::{KeyQuery, StatusFilter},
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
    verdict::Code,
};
use service::Caller;

use crate::world::{EMAIL, World, draft, owner, refusal, signed_in, somebody};

async fn act(w: &World, caller: &Caller, selection: &Selection, change: &BulkChange) -> Option<BulkCount> {
    let form = w.service.new_form_id().unwrap();
    let done = w.service.bulk(caller, w.service.default_app(), selection, change, &form).await.unwrap();
    done.map(|done| done.count)
}

fn matching(query: KeyQuery) -> Selection {
    Selection::Matching(Box::new(query))
}

async fn each_key_is_changed_and_recorded_as_by_itself(w: World) {
    let (one, token) = w.active(&draft("service", "One")).await;
    let (two, _) = w.active(&draft("client", "Two")).await;
    let (off, _) = w.active(&draft("service", "Off")).await;
    w.service.disable(owner(), &off, None).await.unwrap();
    let (pending, _) = w.pending(&draft("service", "Pending")).await;
    let unknown = KeyId::from_random([9; 16]);
    let chosen = Selection::Keys(vec![one, two, off, pending, unknown, one]);
    let app = w.service.default_app();
    let preview = w.service.preview_bulk(owner(), app, &chosen, BulkAct::Disable).await.unwrap();
    let skipped = vec![(Skip::NotFound, 1), (Skip::Pending, 1), (Skip::AlreadyDisabled, 1)];
    assert_eq!(preview.count, BulkCount { taken: 2, skipped });
    let names: BTreeSet<_> = preview.names.iter().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["One", "Two"]));
    assert_eq!(w.code(&token).await, Code::Valid);
    let before = w.events().await.len();
    assert_eq!(act(&w, owner(), &chosen, &BulkChange::Disable).await, Some(preview.count));
    assert_eq!(w.code(&token).await, Code::Disabled);
    let events = w.events().await;
    assert_eq!(events.len(), before + 2);
    assert!(events[..2].iter().all(|event| event.action == Action::KeyDisabled));

    let revoke = BulkChange::Revoke { reason: RevokeReason::Leaked, note: Some(" all of them ".to_owned()) };
    let done = act(&w, owner(), &chosen, &revoke).await.unwrap();
    assert_eq!((done.taken, done.skipped_in_all()), (3, 2));
    assert_eq!(w.code(&token).await, Code::Revoked);
    assert_eq!(w.newest().await.note.as_deref(), Some("all of them"));
    let key = w.service.key(owner(), &off).await.unwrap();
    assert_eq!(key.revoked.as_ref().unwrap().from, KeyState::Disabled);
    w.service.check_record(owner(), &|_, _| {}).await.unwrap();
}

async fn all_that_match_are_found_in_the_act(w: World) {
    for n in 0..30 {
        w.active(&draft("service", &format!("Nightly export {n}"))).await;
    }
    let (other, _) = w.active(&draft("service", "Other")).await;
    let exports = || KeyQuery { search: Some("export".to_owned()), ..KeyQuery::default() };
    let tag = BulkChange::tag(BulkAct::AddTag, "nightly").unwrap();
    assert_eq!(act(&w, owner(), &matching(exports()), &tag).await.unwrap().taken, 30);
    let tagged = || KeyQuery { tag: Some("nightly".to_owned()), ..KeyQuery::default() };
    let week = BulkChange::set_expiry("7", "", w.service.now()).unwrap();
    assert_eq!(act(&w, owner(), &matching(tagged()), &week).await.unwrap().taken, 30);
    let newest = w.newest().await;
    assert_eq!((newest.action.known(), &*newest.changes[0].field), (Some(Action::KeyEdited), "expires_at"));
    let expiring = KeyQuery { status: Some(StatusFilter::Expiring7), ..KeyQuery::default() };
    assert_eq!(act(&w, owner(), &matching(expiring), &BulkChange::Disable).await.unwrap().taken, 30);
    assert_eq!(w.service.key(owner(), &other).await.unwrap().row.state, KeyState::Active);
    let untag = BulkChange::tag(BulkAct::RemoveTag, "nightly").unwrap();
    act(&w, owner(), &matching(exports()), &untag).await;
    let app = w.service.default_app();
    let none = w.service.preview_bulk(owner(), app, &matching(tagged()), BulkAct::Enable).await;
    assert_eq!(refusal(none), Refusal::NothingChosen);
}

async fn a_form_sent_twice_acts_once(w: World) {
    let (id, token) = w.active(&draft("service", "Once")).await;
    let form = w.service.new_form_id().unwrap();
    let app = w.service.default_app();
    let all = matching(KeyQuery::default());
    let first = w.service.bulk(owner(), app, &all, &BulkChange::Disable, &form).await.unwrap();
    assert_eq!(first.unwrap().keys, [id]);
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(w.service.bulk(owner(), app, &all, &BulkChange::Disable, &form).await.unwrap(), None);
    assert_eq!(w.code(&token).await, Code::Valid);
}

async fn a_refused_act_changes_nothing(w: World) {
    let (id, _) = w.active(&draft("service", "Kept")).await;
    let app = w.service.default_app();
    let form = w.service.new_form_id().unwrap();
    let all = matching(KeyQuery::default());
    for role in [Role::Auditor, Role::Guest] {
        let caller = signed_in(role);
        let refused = w.no_change(w.service.bulk(&caller, app, &all, &BulkChange::Disable, &form)).await;
        assert_eq!(refusal(refused), Refusal::Forbidden);
        let refused = w.service.preview_bulk(&caller, app, &all, BulkAct::Disable).await;
        assert_eq!(refusal(refused), Refusal::Forbidden);
    }
    let note = BulkChange::Revoke { reason: RevokeReason::Other, note: Some("x".repeat(201)) };
    let refused = w.no_change(w.service.bulk(owner(), app, &all, &note, &form)).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(_)));
    let nobody = Selection::Keys(Vec::new());
    assert_eq!(
        refusal(w.no_change(w.service.bulk(owner(), app, &nobody, &BulkChange::Disable, &form)).await),
        Refusal::NothingChosen
    );
    let many = Selection::Keys((0..10_001_u128).map(|n| KeyId::from_random((n << 64).to_be_bytes())).collect());
    let refused = w.no_change(w.service.bulk(owner(), app, &many, &BulkChange::Disable, &form)).await;
    assert_eq!(refusal(refused), Refusal::TooMany { most: 10_000 });
    // A refusal leaves the form unused.
    let done = w.service.bulk(owner(), app, &all, &BulkChange::Disable, &form).await.unwrap();
    assert_eq!(done.unwrap().keys, [id]);
    assert_eq!(w.service.key(owner(), &id).await.unwrap().row.state, KeyState::Disabled);
}

async fn an_act_is_undone_for_the_keys_that_it_took_and_nobody_changed_since(w: World) {
    let (one, _) = w.active(&draft("service", "One")).await;
    let (touched, _) = w.active(&draft("service", "Touched")).await;
    let (off, _) = w.active(&draft("service", "Off")).await;
    w.service.disable(owner(), &off, None).await.unwrap();
    let (app, form) = (w.service.default_app(), w.service.new_form_id().unwrap());
    let all = matching(KeyQuery::default());
    w.service.bulk(owner(), app, &all, &BulkChange::Disable, &form).await.unwrap();
    let names = w.service.taken_names(owner(), &form).await.unwrap();
    assert_eq!(BTreeSet::from_iter(names), BTreeSet::from(["One".to_owned(), "Touched".to_owned()]));
    // Somebody else decides anew.
    w.service.enable(owner(), &touched, None).await.unwrap();
    w.service.disable(owner(), &touched, None).await.unwrap();

    let taken = Selection::TakenBy(form.clone());
    let preview = w.service.preview_bulk(owner(), app, &taken, BulkAct::Enable).await.unwrap();
    assert_eq!(preview.count, BulkCount { taken: 1, skipped: vec![(Skip::ChangedSince, 1)] });
    assert_eq!(act(&w, owner(), &taken, &BulkChange::Enable).await, Some(preview.count));
    let state = async |id| w.service.key(owner(), id).await.unwrap().row.state;
    assert_eq!((state(&one).await, state(&touched).await), (KeyState::Active, KeyState::Disabled));
    assert_eq!(state(&off).await, KeyState::Disabled, "it was before");

    let somebody_else = somebody(8, Role::Owner);
    let again = w.service.new_form_id().unwrap();
    let refused = w.service.bulk(&somebody_else, app, &taken, &BulkChange::Disable, &again).await;
    assert_eq!(refusal(refused), Refusal::NotUndoable);
    assert!(w.service.taken_names(&somebody_else, &form).await.unwrap().is_empty());
    w.clock.advance(Millis::hours(1));
    let late = w.service.bulk(owner(), app, &taken, &BulkChange::Disable, &again).await;
    assert_eq!(refusal(late), Refusal::NotUndoable);
}

async fn keys_are_transferred_to_somebody_here(w: World) {
    w.make_owner().await;
    let of = |owner: &str| KeyDraft { owner: Some(owner.to_owned()), ..draft("service", owner) };
    let (one, token) = w.active(&of("Payments team")).await;
    let (two, _) = w.active(&of(EMAIL)).await;
    w.pending(&draft("service", "Pending")).await;
    let all = matching(KeyQuery::default());
    let unknown = BulkChange::transfer("nobody@example.com").unwrap();
    let (app, form) = (w.service.default_app(), w.service.new_form_id().unwrap());
    let refused = w.no_change(w.service.bulk(owner(), app, &all, &unknown, &form)).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(_)));
    let verdict = async || crate::world::verdict(&w.service, &token).await.unwrap().key.unwrap();
    assert_eq!(verdict().await.record.rules.owner.as_ref().map(Owner::as_str), Some("Payments team"));
    let transfer = BulkChange::transfer("Owner@Example.com").unwrap();
    let done = act(&w, owner(), &all, &transfer).await.unwrap();
    assert_eq!(done, BulkCount { taken: 1, skipped: vec![(Skip::Pending, 1), (Skip::SameOwner, 1)] });
    let event = w.newest().await;
    let change = &event.changes[0];
    assert_eq!((event.action.known(), change.field.as_str()), (Some(Action::KeyEdited), "owner"));
    assert_eq!((change.from.as_deref(), change.to.as_deref()), (Some("Payments team"), Some(EMAIL)));
    assert_eq!(verdict().await.record.rules.owner.as_ref().map(Owner::as_str), Some(EMAIL), "from the next call on");
    assert_eq!(w.code(&token).await, Code::Valid, "the secret stays");
    let theirs = KeyQuery { owner: Some(EMAIL.to_owned()), ..KeyQuery::default() };
    let page = w.service.keys(owner(), app, &theirs).await.unwrap();
    let found: BTreeSet<_> = page.rows.iter().map(|row| row.id).collect();
    assert_eq!(found, BTreeSet::from([one, two]));
}

async fn a_long_act_says_how_far_it_is(w: World) {
    let (id, _) = w.active(&draft("service", "One")).await;
    let (app, form) = (*w.service.default_app(), w.service.new_form_id().unwrap());
    let mut keys: Vec<_> = (1..10_000_u128).map(|n| KeyId::from_random((n << 64).to_be_bytes())).collect();
    keys.push(id);
    let progress = || w.service.bulk_progress(owner(), &form).unwrap();
    let (service, keys, sent) = (w.service.clone(), Selection::Keys(keys), form.clone());
    let act = tokio::spawn(async move { service.bulk(owner(), &app, &keys, &BulkChange::Disable, &sent).await });
    let mut seen = BTreeSet::new();
    while !act.is_finished() {
        seen.extend(progress());
        tokio::task::yield_now().await;
    }
    assert_eq!(act.await.unwrap().unwrap().unwrap().keys, [id]);
    assert!(seen.len() > 1, "{seen:?}");
    assert!(seen.iter().all(|(done, of)| done % 1_000 == 0 && *of == 10_000), "{seen:?}");
    assert_eq!(progress(), None, "it is over");
    assert_eq!(refusal(w.service.bulk_progress(&signed_in(Role::Guest), &form)), Refusal::Forbidden);
}

async fn an_export_has_the_keys_in_sight_and_no_others(w: World) {
    for n in 0..3 {
        w.active(&KeyDraft { tags: Some(vec!["eu".to_owned()]), ..draft("service", &format!("Key {n}")) }).await;
    }
    w.active(&draft("master_user", "Chat")).await;
    let app = w.service.default_app();
    let count = async |caller: &Caller, query: &KeyQuery| {
        let mut export = w.service.export_keys(caller, app, query).unwrap();
        let mut keys = 0;
        loop {
            let piece = export.next().await.unwrap();
            if piece.is_empty() {
                return keys;
            }
            keys += piece.len();
        }
    };
    let everything = KeyQuery { after: Some("zzzzzzzzzzzz~name~z".to_owned()), ..KeyQuery::default() };
    assert_eq!(count(owner(), &everything).await, 4, "whatever the page");
    assert_eq!(count(&signed_in(Role::Auditor), &everything).await, 3);
    assert_eq!(count(owner(), &KeyQuery { tag: Some("eu".to_owned()), ..KeyQuery::default() }).await, 3);
    let guest = signed_in(Role::Guest);
    assert_eq!(count(&guest, &everything).await, 0, "a guest exports the keys that were granted");
    assert_eq!(refusal(w.service.export_audit(&guest, &AuditQuery::default())), Refusal::Forbidden);
    let mut audit = w.service.export_audit(&signed_in(Role::Auditor), &AuditQuery::default()).unwrap();
    let seen = audit.next().await.unwrap();
    assert!(!seen.is_empty() && !format!("{seen:?}").contains("Chat"));
    assert!(audit.next().await.unwrap().is_empty());
}

on_both!(
    each_key_is_changed_and_recorded_as_by_itself,
    all_that_match_are_found_in_the_act,
    a_form_sent_twice_acts_once,
    a_refused_act_changes_nothing,
    an_act_is_undone_for_the_keys_that_it_took_and_nobody_changed_since,
    keys_are_transferred_to_somebody_here,
    a_long_act_says_how_far_it_is,
    an_export_has_the_keys_in_sight_and_no_others,
);

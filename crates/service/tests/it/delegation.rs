//! Keys that make and change other keys, and who may give a key a permission of Keystead's own.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    app::AppQuery,
    audit::{Action, Actor},
    bulk::{BulkChange, Selection, Skip},
    draft::KeyDraft,
    field::Field,
    grant::{KeyAct, KeyGrant},
    hand_over::HandOverDraft,
    ids::{AppId, KeyId},
    invite::InviteDraft,
    key::{KeyDetail, KeyState, RevokeReason},
    kind::KeyKind,
    labels::Owner,
    list::KeyQuery,
    page::Uncounted,
    refusal::Refusal,
    role::{Act, Role},
    rotation::Overlap,
    verdict::Code,
};
use service::{
    Caller, Error,
    keys::{HandOverForm, HandedOver, RotationForm},
};

use crate::hand_overs::collect;
use crate::invites::invite;
use crate::roles::guest;
use crate::world::{World, draft, list, owner, refusal, secret, shell, signed_in};

on_both! {
    a_key_issues_changes_and_deletes_keys_in_its_own_name,
    a_key_makes_and_changes_no_key_that_may_do_more,
    a_key_does_not_change_itself,
    a_key_of_another_app_is_not_found,
    a_key_hands_over_what_it_could_issue_and_as_long_as_it_could,
    a_key_sees_and_withdraws_the_hand_overs_of_its_app,
    the_command_line_hands_over_too,
    an_act_on_many_leaves_what_the_key_may_not_change,
    nobody_gives_what_they_may_not_do,
    who_may_not_give_its_permissions_can_only_stop_a_key,
    a_guest_rotates_such_a_key_if_somebody_who_may_granted_it,
}

fn manager(boxes: &[&str]) -> KeyDraft {
    KeyDraft { boxes: boxes.iter().map(|name| (*name).to_owned()).collect(), ..draft("service", "Manager") }
}

async fn caller(w: &World, boxes: &[&str]) -> (KeyId, Caller) {
    let (id, _) = w.active(&manager(boxes)).await;
    let key = w.service.key(owner(), &id).await.unwrap();
    (id, Caller::key(key.record(false), None))
}

const WRITE: &[&str] = &["keystead.keys.write"];

async fn a_key_issues_changes_and_deletes_keys_in_its_own_name(w: World) {
    let (manager, by) = caller(&w, WRITE).await;
    let app = *w.service.default_app();
    let made = w.service.issue_acknowledged(&by, &app, &draft("service", "Made")).await.unwrap();
    let id = made.key.row.id;
    assert_eq!((made.key.row.state, made.ack_deadline), (KeyState::Active, None));
    let events = w.events().await;
    for (event, action) in events.iter().zip([Action::KeyAcknowledged, Action::KeyIssued]) {
        assert_eq!((event.action.known(), event.actor_label.as_str()), (Some(action), "key Manager"));
    }
    assert_eq!(by.actor(), &Actor::Key { id: manager, name: "Manager".to_owned() });

    let rename = KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    let edited = w.one_change(Action::KeyEdited, w.service.edit(&by, &id, &rename, made.key.revision)).await.unwrap();
    w.one_change(Action::KeyDisabled, w.service.disable(&by, &id, Some(edited.revision))).await.unwrap();
    w.one_change(Action::KeyEnabled, w.service.enable(&by, &id, None)).await.unwrap();
    w.one_change(Action::KeyRevoked, w.service.revoke(&by, &id, RevokeReason::Other, None)).await.unwrap();
    let restored = w.one_change(Action::KeyRestored, w.service.restore(&by, &id)).await.unwrap();
    let stale = w.no_change(w.service.delete_at(&by, &id, Some(edited.revision))).await;
    assert_eq!(refusal(stale), Refusal::Changed);
    w.one_change(Action::KeyDeleted, w.service.delete_at(&by, &id, Some(restored.revision))).await.unwrap();
    assert_eq!(refusal(w.service.delete_at(&by, &id, None).await), Refusal::NotFound);

    let form = w.service.new_form_id().unwrap();
    let pending = w.service.issue(&by, &app, &draft("master_user", "Pending"), &form).await.unwrap();
    assert!(pending.ack_deadline.is_some());
    let (_, other) = caller(&w, WRITE).await;
    assert_eq!(refusal(w.service.acknowledge(&other, &pending.key.row.id, false).await), Refusal::IssuedByAnother);
    assert_eq!(w.service.acknowledge(&by, &pending.key.row.id, false).await.unwrap().row.state, KeyState::Active);
    // Keys of an account make other keys, so only owners may change them.
    let mut row = w.service.key(&by, &pending.key.row.id).await.unwrap().row.clone();
    assert!(by.rights_on(&row).may(Act::ChangeKeys));
    row.kind = KeyKind::Account;
    assert!(!by.rights_on(&row).may(Act::ChangeKeys));
}

async fn a_key_makes_and_changes_no_key_that_may_do_more(w: World) {
    let (_, by) = caller(&w, WRITE).await;
    let app = *w.service.default_app();
    for boxes in [&["keystead.people.write"][..], &["keystead.keys.write", "keystead.audit.read"]] {
        let made = w.no_change(w.service.issue_acknowledged(&by, &app, &manager(boxes))).await;
        assert_eq!(refusal(made), Refusal::BeyondOwnRights);
        let (stronger, _) = w.active(&manager(boxes)).await;
        let edit = w.service.edit(&by, &stronger, &KeyDraft { cidrs: list(&[]), ..KeyDraft::default() }, 1).await;
        assert_eq!(refusal(edit), Refusal::BeyondOwnRights);
        for done in [
            w.service.disable(&by, &stronger, None).await.map(drop),
            w.service.revoke(&by, &stronger, RevokeReason::Other, None).await.map(drop),
            w.service.delete_at(&by, &stronger, None).await,
        ] {
            assert_eq!(refusal(done), Refusal::BeyondOwnRights);
        }
    }
    // Its own permission it may give, and those of the customer's APIs.
    let equal = KeyDraft { permissions: list(&["invoices.*"]), ..manager(WRITE) };
    let made = w.service.issue_acknowledged(&by, &app, &equal).await.unwrap().key;
    let more = KeyDraft { boxes: vec!["keystead.verify".to_owned()], ..KeyDraft::default() };
    let edit = w.service.edit(&by, &made.row.id, &more, made.revision).await;
    assert_eq!(refusal(edit), Refusal::BeyondOwnRights);
}

async fn a_key_does_not_change_itself(w: World) {
    let (id, by) = caller(&w, WRITE).await;
    let key = w.service.key(&by, &id).await.unwrap();
    let edit = KeyDraft { name: Some("Other".to_owned()), ..KeyDraft::default() };
    for done in [
        w.service.edit(&by, &id, &edit, key.revision).await.map(drop),
        w.service.disable(&by, &id, None).await.map(drop),
        w.service.revoke(&by, &id, RevokeReason::Other, None).await.map(drop),
        w.service.delete_at(&by, &id, None).await,
    ] {
        assert_eq!(refusal(done), Refusal::OwnKey);
    }
}

async fn a_key_of_another_app_is_not_found(w: World) {
    let (_, by) = caller(&w, &["keystead.keys.read", "keystead.keys.write", "keystead.apps.read"]).await;
    let other = w.service.create_app(owner(), "Other").await.unwrap();
    let theirs = w.service.issue_acknowledged(owner(), &other.id, &draft("service", "Theirs")).await.unwrap().key;
    let id = theirs.row.id;
    assert_eq!(refusal(w.service.key(&by, &id).await), Refusal::NotFound);
    assert_eq!(refusal(w.service.disable(&by, &id, None).await), Refusal::NotFound);
    assert_eq!(refusal(w.service.delete_at(&by, &id, None).await), Refusal::NotFound);
    let made = w.no_change(w.service.issue_acknowledged(&by, &other.id, &draft("service", "Made"))).await;
    assert_eq!(refusal(made), Refusal::NotFound);
    let apps = async |by: &Caller| w.service.apps(by, &AppQuery::default()).await.unwrap().rows.len();
    assert_eq!((apps(&by).await, apps(owner()).await), (1, 2));
    assert_eq!(refusal(w.service.app(&by, &other.id).await), Refusal::AppNotFound);
    let names = |page: Uncounted<Arc<KeyDetail>>, _| page.rows.iter().flat_map(|key| key.row.name.bytes()).collect();
    let page = async |by: &Caller| w.service.keys_in_full(by, &other.id, &KeyQuery::default(), names).await.unwrap();
    assert_eq!((&*page(&by).await, &*page(owner()).await), (&b""[..], &b"Theirs"[..]));
}

async fn hand_over(w: &World, by: &Caller, app: &AppId, key: &KeyDraft) -> Result<HandedOver, Error> {
    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
    let (form_id, none) = (w.service.new_form_id().unwrap(), "".into());
    let form = HandOverForm { key, form_id: &form_id, to: &to, request: None, passphrase: &none };
    w.service.hand_over(by, app, &form).await
}

async fn a_key_hands_over_what_it_could_issue_and_as_long_as_it_could(w: World) {
    let (manager_id, by) = caller(&w, WRITE).await;
    let app = *w.service.default_app();
    let other = w.service.create_app(owner(), "Other").await.unwrap().id;
    let key = draft("service", "Partner export");
    let made = w.one_event(Action::HandOverMade, hand_over(&w, &by, &app, &key)).await.unwrap();
    assert_eq!(made.hand_over.made_by, (manager_id.to_string(), "key Manager".to_owned()));
    let collected = collect(&w.service, &secret(&made.token), "").await.unwrap();
    assert_eq!(collected.issued.key.row.created_by, "key Manager");
    let own = w.service.acknowledge(&by, &made.hand_over.key, false).await;
    assert_eq!(refusal(own), Refusal::IssuedByAnother, "it did not see the secret");

    for boxes in [&["keystead.people.write"][..], &["keystead.keys.write", "keystead.audit.read"]] {
        let made = w.no_event(hand_over(&w, &by, &app, &manager(boxes))).await;
        assert_eq!(refusal(made), Refusal::BeyondOwnRights);
    }
    assert_eq!(refusal(w.no_event(hand_over(&w, &by, &other, &key)).await), Refusal::NotFound);
    let (_, reads) = caller(&w, &["keystead.keys.read"]).await;
    assert_eq!(refusal(w.no_event(hand_over(&w, &reads, &app, &key)).await), Refusal::Forbidden);

    let link = secret(&hand_over(&w, &by, &app, &key).await.unwrap().token);
    let collected = async || refusal(w.no_event(collect(&w.service, &link, "")).await);
    w.service.disable(owner(), &manager_id, None).await.unwrap();
    assert_eq!(collected().await, Refusal::HandOverStale);
    w.service.enable(owner(), &manager_id, None).await.unwrap();
    w.service.archive_app(owner(), &app).await.unwrap();
    assert_eq!(collected().await, Refusal::HandOverNotNow);
    w.service.restore_app(owner(), &app).await.unwrap();
    let fewer = KeyDraft { permissions: list(&[]), ..KeyDraft::default() };
    let revision = w.service.key(owner(), &manager_id).await.unwrap().revision;
    let edited = w.service.edit(owner(), &manager_id, &fewer, revision).await.unwrap();
    assert_eq!(collected().await, Refusal::HandOverStale, "it lost the permission");
    let again = KeyDraft { boxes: vec!["keystead.keys.write".to_owned()], ..fewer };
    w.service.edit(owner(), &manager_id, &again, edited.revision).await.unwrap();
    collect(&w.service, &link, "").await.unwrap();
}

async fn a_key_sees_and_withdraws_the_hand_overs_of_its_app(w: World) {
    let (_, by) = caller(&w, WRITE).await;
    let (_, reads) = caller(&w, &["keystead.keys.read"]).await;
    let app = *w.service.default_app();
    let other = w.service.create_app(owner(), "Other").await.unwrap().id;
    let make = async |app: &AppId, key: KeyDraft| hand_over(&w, owner(), app, &key).await.unwrap().hand_over;
    let theirs = make(&other, draft("service", "Theirs")).await;
    let privileged = make(&app, draft("master_user", "Chats")).await;
    let strong = make(&app, manager(&["keystead.people.write"])).await;
    let weak = make(&app, draft("service", "Weak")).await;
    let seen = async |by: &Caller| -> BTreeSet<KeyId> {
        w.service.hand_overs_in_sight(by).await.unwrap().into_iter().map(|one| one.key).collect()
    };
    assert_eq!(seen(&reads).await, BTreeSet::from([strong.key, weak.key]));
    assert_eq!(seen(&by).await, BTreeSet::from([privileged.key, strong.key, weak.key]));
    assert_eq!(w.service.hand_over_in_sight(&reads, &weak.key).await.unwrap(), weak);
    for hidden in [&theirs.key, &privileged.key, &KeyId::from_random([7; 16])] {
        assert_eq!(refusal(w.service.hand_over_in_sight(&reads, hidden).await), Refusal::HandOverGone);
    }
    let withdraw = async |by: &Caller, key: &KeyId| refusal(w.no_event(w.service.withdraw_hand_over(by, key)).await);
    assert_eq!(withdraw(&reads, &weak.key).await, Refusal::Forbidden);
    assert_eq!(withdraw(&by, &theirs.key).await, Refusal::HandOverGone);
    assert_eq!(withdraw(&by, &strong.key).await, Refusal::BeyondOwnRights);
    for key in [&weak.key, &privileged.key] {
        w.one_event(Action::HandOverWithdrawn, w.service.withdraw_hand_over(&by, key)).await.unwrap();
    }
}

async fn the_command_line_hands_over_too(w: World) {
    let app = *w.service.default_app();
    let made = hand_over(&w, shell(), &app, &draft("service", "Partner export")).await.unwrap();
    assert_eq!(made.hand_over.made_by, (String::new(), shell().actor().label()));
    let collected = collect(&w.service, &secret(&made.token), "").await.unwrap();
    assert_eq!(collected.issued.key.row.created_by, shell().actor().label());
    assert_eq!(w.events().await[1].actor_label, shell().actor().label());
}

async fn an_act_on_many_leaves_what_the_key_may_not_change(w: World) {
    let ends = |days: &str, boxes: &[&str]| KeyDraft { expiry: Some(days.to_owned()), ..manager(boxes) };
    let (own, _) = w.active(&ends("90", WRITE)).await;
    let by = Caller::key(w.service.key(owner(), &own).await.unwrap().record(false), None);
    let (stronger, _) = w.active(&ends("30", &["keystead.people.write"])).await;
    let (equal, _) = w.active(&ends("30", WRITE)).await;
    let (plain, _) = w.active(&KeyDraft { expiry: Some("30".to_owned()), ..draft("service", "Plain") }).await;
    let app = *w.service.default_app();
    let other = w.service.create_app(owner(), "Other").await.unwrap();
    let theirs =
        w.service.issue_acknowledged(owner(), &other.id, &draft("service", "Theirs")).await.unwrap().key.row.id;
    let act = async |selection: &Selection, change: &BulkChange| {
        let form = w.service.new_form_id().unwrap();
        let done = w.service.bulk(&by, &app, selection, change, &form).await.unwrap().unwrap();
        (BTreeSet::from_iter(done.keys), BTreeSet::from_iter(done.left))
    };
    let not_allowed = [(own, Skip::NotAllowed), (stronger, Skip::NotAllowed)];
    let named = Selection::Keys(vec![own, stronger, equal, plain, theirs]);
    let (changed, left) = act(&named, &BulkChange::Disable).await;
    assert_eq!(changed, BTreeSet::from([equal, plain]));
    assert_eq!(left, not_allowed.into_iter().chain([(theirs, Skip::NotFound)]).collect());
    let all = Selection::Matching(Box::default());
    assert_eq!(act(&all, &BulkChange::Enable).await, (BTreeSet::from([equal, plain]), not_allowed.into()));
    // No key that administers Keystead outlives the one that changes it.
    let until = |days: &str| BulkChange::set_expiry(days, "", w.service.now()).unwrap();
    let (changed, left) = act(&all, &until("365")).await;
    assert_eq!(changed, BTreeSet::from([plain]));
    assert_eq!(left, not_allowed.into_iter().chain([(equal, Skip::NotAllowed)]).collect());
    assert_eq!(act(&all, &until("60")).await.0, BTreeSet::from([equal, plain]));
}

async fn nobody_gives_what_they_may_not_do(w: World) {
    let (admin, app) = (signed_in(Role::Admin), *w.service.default_app());
    let issue = async |by: &Caller, name: &str| w.service.issue_acknowledged(by, &app, &manager(&[name])).await;
    for name in ["keystead.keys.write", "keystead.people.write", "keystead.settings.read"] {
        let Refusal::Invalid(errors) = refusal(issue(&admin, name).await) else { panic!("{name}") };
        assert_eq!(errors.of(Field::Permissions).count(), 1);
        issue(owner(), name).await.unwrap();
        issue(shell(), name).await.unwrap();
    }
    for name in ["keystead.verify", "keystead.keys.read", "keystead.audit.read"] {
        issue(&admin, name).await.unwrap();
    }
}

async fn who_may_not_give_its_permissions_can_only_stop_a_key(w: World) {
    let admin = signed_in(Role::Admin);
    let rename = || KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    let form = || w.service.new_form_id().unwrap();
    let to = HandOverDraft { recipient: "Ada".to_owned(), email: String::new(), life: "1d".to_owned() };
    let (id, token) = w.active(&manager(WRITE)).await;
    for done in [
        w.no_change(w.service.edit(&admin, &id, &rename(), 1)).await.map(drop),
        w.no_change(w.service.rotate(&admin, &id, Overlap::USUAL, &form())).await.map(drop),
        w.no_change(w.service.rotate_acknowledged(&admin, &id, Overlap::USUAL)).await.map(drop),
        w.no_change(w.service.hand_rotation_over(
            &admin,
            &id,
            Overlap::USUAL,
            &RotationForm { form_id: &form(), to: &to, passphrase: &"".into() },
        ))
        .await
        .map(drop),
    ] {
        assert_eq!(refusal(done), Refusal::Forbidden);
    }
    let rights = admin.rights_on(&w.service.key(&admin, &id).await.unwrap().row);
    assert!(!rights.may(Act::ChangeKeys) && !rights.may(Act::RotateKeys) && rights.may(Act::StopKeys));
    // What only takes away is allowed, and giving it back is not.
    w.service.disable(&admin, &id, None).await.unwrap();
    assert_eq!(refusal(w.no_change(w.service.enable(&admin, &id, None)).await), Refusal::Forbidden);
    let selection = Selection::Keys(vec![id]);
    for (change, skipped) in [
        (BulkChange::Enable, Some(Skip::NotAllowed)),
        (BulkChange::SetExpiry(None), Some(Skip::NotAllowed)),
        (BulkChange::Transfer(Owner::Team("Mine".to_owned())), Some(Skip::NotAllowed)),
        (BulkChange::Disable, Some(Skip::AlreadyDisabled)),
    ] {
        let app = *w.service.default_app();
        let done = w.service.bulk(&admin, &app, &selection, &change, &form()).await.unwrap().unwrap();
        assert_eq!(done.count.skipped, skipped.map(|why| (why, 1)).into_iter().collect::<Vec<_>>(), "{change:?}");
    }
    w.service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Valid);
    w.service.revoke(&admin, &id, RevokeReason::Other, None).await.unwrap();
    w.service.delete(&admin, &id, "Manager").await.unwrap();
    // Nor is a pending key of that sort theirs to confirm, but to drop.
    let (pending, _) = w.pending(&manager(WRITE)).await;
    assert_eq!(refusal(w.no_change(w.service.acknowledge(&admin, &pending, true)).await), Refusal::Forbidden);
    w.service.drop_pending(&admin, &pending).await.unwrap();
    // A key that may do no more than they is theirs, and stays so.
    let (id, _) = w.active(&manager(&["keystead.keys.read"])).await;
    w.service.edit(&admin, &id, &rename(), 1).await.unwrap();
    let more = KeyDraft { boxes: vec!["keystead.people.write".to_owned()], ..KeyDraft::default() };
    assert!(matches!(refusal(w.service.edit(&admin, &id, &more, 2).await), Refusal::Invalid(_)));
    w.service.rotate_acknowledged(&admin, &id, Overlap::USUAL).await.unwrap();
}

async fn a_guest_rotates_such_a_key_if_somebody_who_may_granted_it(w: World) {
    let (id, _) = w.active(&manager(WRITE)).await;
    let guest = guest(vec![KeyGrant::new(id, &[KeyAct::Rotate])]);
    w.service.rotate_acknowledged(&guest, &id, Overlap::USUAL).await.unwrap();
    let draft =
        |email: &str| InviteDraft { keys: vec![KeyGrant::new(id, &[KeyAct::Rotate])], ..invite(Role::Guest, email) };
    let refused = w.no_event(w.service.invite(&signed_in(Role::Admin), &draft("a@example.com"))).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(errors) if errors.of(Field::Keys).count() == 1));
    w.service.invite(owner(), &draft("b@example.com")).await.unwrap();
}

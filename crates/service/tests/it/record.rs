//! No record, no change: each change is one transaction with one event and a new version.

use domain::{
    audit::{Action, ActorKind},
    key::RevokeReason,
};

use store::ChainCheck;

use crate::world::{World, draft, owner};

async fn each_change_leaves_one_event_in_its_transaction(w: World) {
    let (service, me) = (&w.service, owner());
    let form = service.new_form_id().unwrap();
    let app = service.default_app();
    let draft = draft("service", "Life");
    let issue = service.issue(me, app, &draft, &form);
    let issued = w.one_change(Action::KeyIssued, issue).await.unwrap();
    let id = &issued.key.row.id;
    let step = service.acknowledge(me, id, false);
    w.one_change(Action::KeyAcknowledged, step).await.unwrap();
    let rename = crate::world::draft("service", "Longer life");
    let step = service.edit(me, id, &rename, 2);
    w.one_change(Action::KeyEdited, step).await.unwrap();
    let step = service.disable(me, id, None);
    w.one_change(Action::KeyDisabled, step).await.unwrap();
    let step = service.enable(me, id, None);
    w.one_change(Action::KeyEnabled, step).await.unwrap();
    let step = service.revoke(me, id, RevokeReason::Other, None);
    w.one_change(Action::KeyRevoked, step).await.unwrap();
    let step = service.restore(me, id);
    w.one_change(Action::KeyRestored, step).await.unwrap();
    let step = service.delete(me, id, "Longer life");
    w.one_change(Action::KeyDeleted, step).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.actor_kind, ActorKind::Person);
    assert_eq!(event.actor_label, "owner@example.com");
    assert_eq!(event.address.unwrap(), "203.0.113.9");
    assert_eq!(event.subject.label, "Longer life");
}

async fn an_edit_is_recorded_under_the_name_that_the_key_now_has(w: World) {
    let (id, _) = w.active(&draft("service", "Old")).await;
    let rename = draft("service", "New");
    w.service.edit(owner(), &id, &rename, 1).await.unwrap();
    assert_eq!(w.newest().await.subject.label, "New");
}

async fn the_record_that_was_really_written_is_checked(w: World) {
    w.active(&draft("service", "One")).await;
    w.active(&draft("service", "Two")).await;
    let check = async || w.service.check_record(owner(), &|_, _| {}).await.unwrap();
    let ChainCheck::Intact { events, link } = check().await else { panic!("nobody meddled") };
    assert_eq!(events, w.newest().await.seq);
    assert_ne!(link, [0; 32]);
    w.database.execute("UPDATE audit_event SET actor_label = 'somebody else' WHERE seq = 3").await;
    assert_eq!(check().await, ChainCheck::Broken { seq: 3 });
    w.database.execute("UPDATE audit_event SET form = 99 WHERE seq = 2").await;
    assert_eq!(check().await, ChainCheck::Newer { seq: 2 });
}

on_both!(
    each_change_leaves_one_event_in_its_transaction,
    an_edit_is_recorded_under_the_name_that_the_key_now_has,
    the_record_that_was_really_written_is_checked,
);

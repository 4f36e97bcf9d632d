//! What programs keep about contacts, chats and messages, and files that anybody with their link reads.

use domain::{
    attachment::{Attachment, LINKED_BYTES_MAX},
    audit::Action,
    contact::{Contact, ContactDraft, ContactRef, NewContact},
    ids::{AttachmentId, RoomId},
    message::Author,
    participant::NamedContact,
    refusal::Refusal,
    role::Role,
    room::{Room, RoomKind},
    timestamp::Millis,
};
use serde_json::{Value, json};
use service::{
    Result,
    chat::{
        profiles::{self, Object},
        rooms::NewRoom,
    },
};
use store::AttachmentRow;
use tokio_util::sync::CancellationToken;

use super::{new, room, rules, says, texts};
use crate::world::{World, owner, refusal, signed_in};

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("{value}") };
    object
}

fn draft(first: &str) -> ContactDraft {
    ContactDraft { first_name: first.to_owned(), identifier: format!("crm/{first}"), ..ContactDraft::default() }
}

async fn add(w: &World, first: &str, kept: Value) -> Contact {
    let app = w.service.default_app();
    w.service.create_contact_with(owner(), app, &draft(first), &object(kept)).await.unwrap()
}

/// A chat of one contact that goes with them.
async fn personal(w: &World, contact: &Contact) -> Room {
    let contacts = vec![NamedContact { id: contact.id, name: contact.name() }];
    let new = NewRoom { kind: RoomKind::Chat, contacts, ..new(rules("Help")) };
    let kept = object(json!({ "type": "personal" }));
    w.service.create_room_with(owner(), w.service.default_app(), new, &kept).await.unwrap()
}

async fn what_a_program_keeps_comes_back_and_is_no_key(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let kept = json!({ "metadata": { "plan": "gold" }, "profile": { "givenName": "A longer name" } });
    let ada = add(&w, "Ada", kept.clone()).await;
    let found = service.contact(owner(), &app, ContactRef::Identifier("crm/Ada")).await.unwrap();
    assert_eq!(profiles::read(&found.profile), object(kept));
    let same = |before: &Contact| -> Result<(NewContact, Object)> {
        Ok((NewContact::from(before), profiles::read(&before.profile)))
    };
    w.no_event(service.change_contact_with(owner(), &ada.id, same)).await.unwrap();
    let other = |before: &Contact| -> Result<(NewContact, Object)> {
        Ok((
            NewContact::from(before),
            object(json!({ "metadata": { "plan": "lead" }, "profile": { "givenName": "A" } })),
        ))
    };
    let changed = service.change_contact_with(owner(), &ada.id, other);
    let changed = w.one_event(Action::ContactChanged, changed).await.unwrap();
    assert_eq!(profiles::read(&changed.profile)["metadata"]["plan"], "lead");
    let event = w.newest().await;
    assert!(event.changes.iter().all(|change| !format!("{change:?}").contains("lead")), "{:?}", event.changes);
    // Somebody gives the contact another name in the console: that is their name now.
    let renamed = ContactDraft { first_name: "Augusta".to_owned(), ..ContactDraft::from_contact(&changed) };
    let renamed = service.change_contact(owner(), &ada.id, &renamed).await.unwrap();
    assert_eq!(profiles::read(&renamed.profile), object(json!({ "metadata": { "plan": "lead" }, "profile": {} })));
    let token = w.active(&crate::world::draft("service", "Key")).await.1;
    for wrong in [json!({ "note": token }), json!({ "a": "x".repeat(16_000) })] {
        let refused = service.create_contact_with(owner(), &app, &draft("Bo"), &object(wrong)).await;
        assert!(matches!(refusal(refused), Refusal::Invalid(_)));
    }
    let auditor = signed_in(Role::Auditor);
    let refused = service.create_contact_with(&auditor, &app, &draft("Bo"), &Object::new()).await;
    assert_eq!(refusal(refused), Refusal::Forbidden);
    assert_eq!(refusal(service.change_contact_with(&auditor, &ada.id, same).await), Refusal::Forbidden);
}

async fn the_first_chat_of_a_contact_is_the_default_one(w: World) {
    let service = &w.service;
    let ada = add(&w, "Ada", json!({})).await;
    let (first, second) = (personal(&w, &ada).await, personal(&w, &ada).await);
    assert!(profiles::is_personal(&first) && profiles::is_default(&first));
    assert!(profiles::is_personal(&second) && !profiles::is_default(&second));
    let group = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Group")) }).await;
    assert!(!profiles::is_personal(&group));
    let named = NamedContact { id: ada.id, name: ada.name() };
    w.clock.advance(Millis::seconds(5));
    service.add_contacts(owner(), &group.id, &[named], &Author::manager("Business")).await.unwrap();
    let page = async |after: Option<RoomId>, before: Option<RoomId>| {
        service
            .chats_of(owner(), &ada.id, after.as_ref().map(RoomId::as_str), before.as_ref().map(RoomId::as_str), 2)
            .await
            .unwrap()
    };
    let ids = |rooms: &[Room]| rooms.iter().map(|room| room.id).collect::<Vec<_>>();
    let one = page(None, None).await;
    assert_eq!((one.rows.len(), one.rows[0].id), (2, group.id), "something was said there last");
    let two = page(one.rows.last().map(|room| room.id), None).await;
    assert_eq!((two.rows.len(), two.next.is_some(), two.previous.is_some()), (1, false, true));
    assert_eq!(ids(&page(None, two.rows.first().map(|room| room.id)).await.rows), ids(&one.rows));
    let gone = RoomId::from_random([9; 12]);
    let refused = service.chats_of(owner(), &ada.id, Some(gone.as_str()), None, 2).await;
    assert_eq!(refusal(refused), Refusal::RoomNotFound);
    service.remove_contact_with_chats(owner(), &ada.id).await.unwrap();
    for id in [first.id, second.id] {
        assert_eq!(refusal(service.room(owner(), &id).await), Refusal::RoomNotFound);
    }
    assert_eq!(texts(service, &group.id).await, ["Ada was added", "Ada left"]);
    assert_eq!(refusal(service.remove_contact_with_chats(owner(), &ada.id).await), Refusal::ContactNotFound);
}

async fn a_chat_changes_its_name_and_what_is_kept(w: World) {
    let service = &w.service;
    let id = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    let change = async |name: &str, kept: Value| {
        let put = |_: &Room| -> Result<(String, Object)> { Ok((name.to_owned(), object(kept.clone()))) };
        service.change_chat(owner(), &id, put).await
    };
    let kept = json!({ "displayName": null, "iconUrl": "https://example.com/a.png" });
    w.one_event(Action::RoomChanged, change("Help", kept.clone())).await.unwrap();
    assert!(texts(service, &id).await.is_empty(), "it is still called the same");
    w.no_event(change("Help", kept.clone())).await.unwrap();
    w.one_event(Action::RoomChanged, change("Support", kept.clone())).await.unwrap();
    assert_eq!(texts(service, &id).await, ["The chat is now called Support"]);
    let renamed = service.rename_chat(owner(), &id, "Sales", &Author::butler()).await.unwrap();
    assert_eq!(profiles::read(&renamed.profile), object(json!({ "iconUrl": "https://example.com/a.png" })));
    assert_eq!(service.room(owner(), &id).await.unwrap(), renamed);
    service.archive_room(owner(), &id, true).await.unwrap();
    assert_eq!(refusal(change("Other", kept.clone()).await), Refusal::RoomEnded);
    service.archive_room(owner(), &id, false).await.unwrap();
    assert!(matches!(refusal(change(" ", kept).await), Refusal::Invalid(_)));
    service.delete_chat(owner(), &id).await.unwrap();
    assert_eq!(refusal(service.delete_chat(owner(), &id).await), Refusal::RoomNotFound);
}

async fn a_message_has_more_than_a_text(w: World) {
    let service = &w.service;
    let id = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    let extra = object(json!({ "content": { "type": "carousel", "items": [{ "title": "One" }] } }));
    let business = || Author::manager("Business");
    let sent = service.send_with(owner(), &id, says(business(), "One"), &extra).await.unwrap();
    let found = service.said(owner(), &id, 1, u64::MAX, false, 9).await.unwrap();
    assert_eq!(found, [sent]);
    assert_eq!(profiles::read(&found[0].extra), extra);
    let plain = service.send(owner(), &id, says(business(), "Hi")).await.unwrap();
    assert!(plain.extra.is_empty());
    let long = object(json!({ "a": "x".repeat(20_000) }));
    let refused = service.send_with(owner(), &id, says(business(), "Hi"), &long).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(_)));
}

async fn a_file_is_read_by_its_link_alone(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let put = async |bytes: &[u8]| service.put_file(owner(), &app, "a.png", "image/png", bytes.to_vec()).await;
    let file = put(b"bytes").await.unwrap();
    let link = service.file_link(&file.id);
    let (found, bytes) = service.linked_file(&link).await.unwrap();
    assert_eq!((found, bytes.as_slice()), (file.clone(), &b"bytes"[..]));
    assert_eq!(service.linked(&link), Some(file.id));
    let other = AttachmentId::from_random([9; 12]);
    let moved = link.replace(file.id.as_str(), other.as_str());
    let cut = &link[..link.len() - 2];
    for wrong in ["", file.id.as_str(), &moved, cut, &format!("{link}0"), &link.to_uppercase()] {
        assert_eq!(service.linked(wrong), None, "{wrong}");
        assert_eq!(refusal(service.linked_file(wrong).await), Refusal::AttachmentNotFound, "{wrong}");
    }
    assert_eq!(refusal(put(b"").await), Refusal::AttachmentEmpty);
    let auditor = signed_in(Role::Auditor);
    let refused = service.put_file(&auditor, &app, "a", "b", vec![1]).await;
    assert_eq!(refusal(refused), Refusal::Forbidden);
    assert_eq!(refusal(service.remove_file(&auditor, &app, &file.id).await), Refusal::Forbidden);
    let chat = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    assert!(!service.has_file(owner(), &chat, &file.id).await.unwrap());
    w.one_event(Action::FileRemoved, service.remove_file(owner(), &app, &file.id)).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.subject.id, app.as_str());
    assert_eq!(event.changes[0].from.as_deref(), Some("a.png"));
    assert_eq!(refusal(service.linked_file(&link).await), Refusal::AttachmentNotFound);
    let again = w.no_event(service.remove_file(owner(), &app, &file.id)).await;
    assert_eq!(refusal(again), Refusal::AttachmentNotFound);
}

async fn files_that_stay_by_themselves_have_a_bound(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let chat = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    for (n, place) in [(1, RoomId::parse(app.as_str()).unwrap()), (2, chat)] {
        let file = Attachment {
            id: AttachmentId::from_random([n; 12]),
            name: "large".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: LINKED_BYTES_MAX - 1,
        };
        let row = AttachmentRow { room_id: place, file, digest: vec![n; 32] };
        w.store.write(async |tx| tx.insert_attachment(&row, service.now()).await).await.unwrap();
    }
    let alone = async || service.put_file(owner(), &app, "a.png", "image/png", vec![1]).await;
    let in_chat = async || service.put_linked_file(owner(), &chat, "b.png", "image/png", vec![2]).await;
    alone().await.unwrap();
    in_chat().await.unwrap();
    assert_eq!(refusal(alone().await), Refusal::AttachmentsFull);
    assert_eq!(refusal(in_chat().await), Refusal::AttachmentsFull);
    // Nothing is left of those that were refused.
    for place in [RoomId::parse(app.as_str()).unwrap(), chat] {
        assert_eq!(w.store.attachments_size(&place).await.unwrap().0, 2);
    }
}

async fn a_file_with_a_link_stays_though_no_message_has_it(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let chat = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    let alone = service.put_file(owner(), &app, "a.png", "image/png", vec![1]).await.unwrap();
    let in_chat = service.put_linked_file(owner(), &chat, "b.png", "image/png", vec![2]).await.unwrap();
    let unsent = service.put_attachment(owner(), &chat, "c.png", "image/png", vec![3]).await.unwrap();
    w.clock.advance(Millis::days(2));
    assert_eq!(w.store.unsent_attachments(service.now(), 9).await.unwrap(), [unsent.id]);
    service.tidy(&CancellationToken::new()).await.unwrap();
    for (file, bytes) in [(&alone, [1]), (&in_chat, [2])] {
        let (found, read) = service.linked_file(&service.file_link(&file.id)).await.unwrap();
        assert_eq!((&found, read.as_slice()), (file, &bytes[..]));
    }
    assert_eq!(refusal(service.linked_file(&service.file_link(&unsent.id)).await), Refusal::AttachmentNotFound);
    w.one_event(Action::FileRemoved, service.remove_file(owner(), &app, &in_chat.id)).await.unwrap();
    assert_eq!(w.newest().await.subject.id, chat.as_str());
    service.remove_file(owner(), &app, &alone.id).await.unwrap();
}

on_both! {
    what_a_program_keeps_comes_back_and_is_no_key,
    the_first_chat_of_a_contact_is_the_default_one,
    a_chat_changes_its_name_and_what_is_kept,
    a_message_has_more_than_a_text,
    a_file_is_read_by_its_link_alone,
    files_that_stay_by_themselves_have_a_bound,
    a_file_with_a_link_stays_though_no_message_has_it,
}

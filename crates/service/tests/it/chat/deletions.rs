//! Messages that are deleted: what stays, what goes, and who is told.

use std::time::Duration;

use domain::{
    audit::Action,
    ids::RoomId,
    message::{Author, MessageKind},
    refusal::Refusal,
    role::Role,
};
use service::{
    Service,
    chat::{live::RoomWatch, messages::NewMessage},
};
use tokio::time::timeout;

use super::{join, key, new, room, rules, say, says, texts};
use crate::world::{World, in_background, owner, refusal, signed_in};

/// Sends a file, and returns the number of its message.
async fn send_file(service: &Service, room: &RoomId, bytes: &[u8]) -> u64 {
    let file = service.put_attachment(owner(), room, "a.png", "image/png", bytes.to_vec()).await.unwrap();
    let ana = Author::participant(&key("ana"));
    let message = NewMessage { kind: MessageKind::File, attachment: Some(file.id), ..says(ana, "") };
    service.send(owner(), room, message).await.unwrap().seq
}

async fn a_deleted_message_leaves_its_number_and_its_author(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    let reply = NewMessage { reply_to: Some(1), ..says(Author::participant(&key("ana")), "Secret") };
    let secret = service.send(owner(), &id, reply).await.unwrap();
    say(service, &id, "ana", "Later").await.unwrap();
    let delete = async |seq| service.delete_message(owner(), &id, seq).await;
    w.one_event(Action::MessagesDeleted, delete(secret.seq)).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.changes[0].from.as_deref(), event.changes[0].to.as_deref()), (Some("2"), None));
    let found = service.messages(owner(), &id, 2, Some(2), 9).await.unwrap().remove(0);
    assert_eq!((found.kind, found.text.as_str(), found.reply_to), (MessageKind::Deleted, "", None));
    assert_eq!((found.author, found.created_at), (secret.author, secret.created_at));
    assert_eq!(texts(service, &id).await, ["ana joined", "", "Later"]);
    assert_eq!(say(service, &id, "ana", "Next").await.unwrap().seq, 4);
    for seq in [secret.seq, 1, 0, 99] {
        assert_eq!(refusal(w.no_event(delete(seq)).await), Refusal::MessageNotFound, "{seq}");
    }
    let deleted = NewMessage { kind: MessageKind::Deleted, ..says(Author::participant(&key("ana")), "Hi") };
    assert_eq!(refusal(service.send(owner(), &id, deleted).await), Refusal::Forbidden);
    let auditor = signed_in(Role::Auditor);
    assert_eq!(refusal(w.no_change(service.delete_message(&auditor, &id, 3)).await), Refusal::Forbidden);
    assert_eq!(refusal(w.no_change(service.delete_messages(&auditor, &id)).await), Refusal::Forbidden);
    let nowhere = RoomId::from_random([9; 12]);
    assert_eq!(refusal(service.delete_message(owner(), &nowhere, 1).await), Refusal::RoomNotFound);
}

async fn a_file_goes_with_the_last_message_that_names_it(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    let first = send_file(service, &id, b"one").await;
    let file = service.messages(owner(), &id, first, Some(first), 1).await.unwrap().remove(0).attachment.unwrap();
    let again = NewMessage {
        kind: MessageKind::File,
        attachment: Some(file.id),
        ..says(Author::participant(&key("ana")), "Again")
    };
    let second = service.send(owner(), &id, again).await.unwrap().seq;
    service.delete_message(owner(), &id, first).await.unwrap();
    assert_eq!(service.attachment(owner(), &id, &file.id).await.unwrap().1, b"one");
    let link = service.file_link(&file.id);
    assert_eq!(service.linked_file(&link).await.unwrap().1, b"one");
    service.delete_message(owner(), &id, second).await.unwrap();
    assert_eq!(refusal(service.attachment(owner(), &id, &file.id).await), Refusal::AttachmentNotFound);
    assert_eq!(refusal(service.linked_file(&link).await), Refusal::AttachmentNotFound);
}

async fn every_message_goes_but_what_keystead_said(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    w.no_event(service.delete_messages(owner(), &id)).await.unwrap();
    join(service, &id, "ana").await.unwrap();
    w.no_event(service.delete_messages(owner(), &id)).await.unwrap();
    for n in 0..3 {
        say(service, &id, "ana", &n.to_string()).await.unwrap();
    }
    send_file(service, &id, b"bytes").await;
    w.one_event(Action::MessagesDeleted, service.delete_messages(owner(), &id)).await.unwrap();
    assert_eq!(texts(service, &id).await, ["ana joined", "", "", "", ""]);
    assert_eq!(w.newest().await.changes[0].from.as_deref(), Some("1 to 5"));
    w.no_event(service.delete_messages(owner(), &id)).await.unwrap();
    assert!(service.said(owner(), &id, 1, u64::MAX, true, 9).await.unwrap().is_empty());
}

async fn next(watch: &mut RoomWatch) -> (u64, MessageKind) {
    let seen = timeout(Duration::from_mins(1), watch.next()).await.unwrap().unwrap();
    (seen.seq, seen.kind)
}

async fn whoever_watches_sees_that_a_message_was_deleted(w: World) {
    let another = w.another().await;
    let _running = in_background(&w.service);
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(&w.service, &id, "ana").await.unwrap();
    for text in ["One", "Two"] {
        say(&w.service, &id, "ana", text).await.unwrap();
    }
    let mut watch = w.service.watch_room(owner(), &id, 3).await.unwrap();
    another.delete_message(owner(), &id, 2).await.unwrap();
    assert_eq!(next(&mut watch).await, (2, MessageKind::Deleted), "by another process");
    // The page was made before, and its watch begins after.
    let mut late = another.watch_room(owner(), &id, 3).await.unwrap();
    assert_eq!(next(&mut late).await, (2, MessageKind::Deleted));
    let mut whole = another.watch_room(owner(), &id, 0).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(next(&mut whole).await);
    }
    assert_eq!(seen, [(1, MessageKind::System), (2, MessageKind::Deleted), (3, MessageKind::Text)]);
    say(&w.service, &id, "ana", "Three").await.unwrap();
    loop {
        match next(&mut watch).await {
            (4, kind) => break assert_eq!(kind, MessageKind::Text),
            again => assert_eq!(again, (2, MessageKind::Deleted), "it may be told twice"),
        }
    }
}

on_both! {
    a_deleted_message_leaves_its_number_and_its_author,
    a_file_goes_with_the_last_message_that_names_it,
    every_message_goes_but_what_keystead_said,
    whoever_watches_sees_that_a_message_was_deleted,
}

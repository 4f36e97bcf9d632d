use std::ops::RangeInclusive;

use domain::attachment::Attachment;
use domain::ids::AttachmentId;
use domain::message::{Author, AuthorKind, Message, MessageKind};
use domain::participant::ClientKey;
use store::{AttachmentRow, RoomEnd, Store, StoreError};

use super::rooms::{add, room, room_id};
use crate::fixtures::{NOW, with_app};

contract! {
    a_message_comes_back_as_it_was_written,
    messages_are_read_by_number,
    a_number_is_given_once,
    the_bytes_of_a_file_come_back_in_order,
}

fn message(room: u8, seq: u64) -> Message {
    Message {
        room_id: room_id(room),
        seq,
        kind: MessageKind::Text,
        author: Author { kind: AuthorKind::Participant, id: "ana".to_owned(), name: "Ana".to_owned() },
        text: format!("Message {seq}"),
        reply_to: None,
        to: None,
        attachment: None,
        created_at: NOW.plus_seconds(i64::try_from(seq).unwrap()),
    }
}

async fn insert(store: &Store, messages: &[Message]) -> Result<(), StoreError> {
    let last = messages.last().unwrap();
    let end = RoomEnd { room_id: last.room_id, last_seq: last.seq, at: last.created_at };
    let messages: Vec<_> = messages.iter().collect();
    store.write(async |tx| tx.insert_messages(&messages, &[end]).await).await
}

pub async fn write(store: &Store, room: u8, numbers: RangeInclusive<u64>) {
    insert(store, &numbers.map(|seq| message(room, seq)).collect::<Vec<_>>()).await.unwrap();
}

fn file(n: u8, room: u8) -> AttachmentRow {
    let (name, media_type) = ("Übersicht \"1\".pdf".to_owned(), "application/pdf".to_owned());
    let file = Attachment { id: AttachmentId::from_random([n; 12]), name, media_type, size: 9 };
    AttachmentRow { room_id: room_id(room), file, digest: vec![n; 32] }
}

async fn a_message_comes_back_as_it_was_written(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app)]).await;
    let attached = file(7, 1);
    store.write(async |tx| tx.insert_attachment(&attached, NOW).await).await.unwrap();
    let written = [
        Message { text: "\"Hi\\\n\t👩‍👩‍👧 it's {{me}}; DROP".to_owned(), ..message(1, 1) },
        Message { kind: MessageKind::Whisper, to: ClientKey::parse("bo"), reply_to: Some(1), ..message(1, 2) },
        Message {
            kind: MessageKind::File,
            text: String::new(),
            attachment: Some(attached.file.clone()),
            author: Author::butler(),
            ..message(1, 3)
        },
        Message { kind: MessageKind::System, author: Author::system(), ..message(1, 4) },
    ];
    insert(&store, &written).await.unwrap();
    assert_eq!(store.messages(&room_id(1), 1, 9, 9).await.unwrap(), written);
    let room = store.room(&room_id(1)).await.unwrap().unwrap();
    assert_eq!((room.last_seq, room.last_message_at), (4, Some(written[3].created_at)));
    let found = store.some_attachments(&[attached.file.id, AttachmentId::from_random([9; 12])]).await.unwrap();
    assert_eq!(found, [attached]);
    assert!(store.some_attachments(&[]).await.unwrap().is_empty());
}

async fn messages_are_read_by_number(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app), room(2, &app)]).await;
    write(&store, 1, 1..=300).await;
    write(&store, 2, 1..=3).await;
    let range = async |from, to, limit| {
        let messages = store.messages(&room_id(1), from, to, limit).await.unwrap();
        messages.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!(range(7, 9, 99).await, [7, 8, 9]);
    assert_eq!(range(7, 9, 2).await, [7, 8]);
    assert_eq!(range(299, u64::MAX, 99).await, [299, 300]);
    assert_eq!(range(9, 7, 99).await, [0; 0]);
    assert_eq!(range(301, 400, 99).await, [0; 0]);
    let latest = store.latest_messages(&room_id(1), 3).await.unwrap();
    assert_eq!(latest.iter().map(|message| message.seq).collect::<Vec<_>>(), [298, 299, 300]);
    assert_eq!(store.latest_messages(&room_id(2), 99).await.unwrap().len(), 3);
    assert!(store.latest_messages(&room_id(3), 99).await.unwrap().is_empty());
}

async fn a_number_is_given_once(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app)]).await;
    write(&store, 1, 1..=3).await;
    let again = insert(&store, &[message(1, 4), message(1, 3)]).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(store.messages(&room_id(1), 1, 9, 9).await.unwrap().len(), 3, "neither is written");
    assert_eq!(store.room(&room_id(1)).await.unwrap().unwrap().last_seq, 3);
}

async fn the_bytes_of_a_file_come_back_in_order(store: Store) {
    let (first, second) = (file(1, 1), file(2, 1));
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    store
        .write(async |tx| {
            tx.insert_attachment(&first, NOW).await?;
            tx.insert_attachment(&second, NOW).await?;
            tx.put_attachment_bytes(&first.file.id, &bytes).await?;
            tx.put_attachment_bytes(&second.file.id, b"bytes").await
        })
        .await
        .unwrap();
    assert!(store.attachment_bytes(&first.file.id).await.unwrap() == bytes);
    assert_eq!(store.attachments_of(&room_id(1), 9).await.unwrap(), [first.file.id, second.file.id]);
    assert_eq!(store.attachments_of(&room_id(1), 1).await.unwrap(), [first.file.id]);
    store.write(async |tx| tx.delete_attachments(&[first.file.id]).await).await.unwrap();
    assert_eq!(store.attachments_of(&room_id(1), 9).await.unwrap(), [second.file.id]);
    assert!(store.attachment_bytes(&first.file.id).await.unwrap().is_empty());
    store.write(async |tx| tx.delete_attachment_bytes(&second.file.id).await).await.unwrap();
    assert!(store.attachment_bytes(&second.file.id).await.unwrap().is_empty());
}

use std::ops::RangeInclusive;

use domain::attachment::Attachment;
use domain::ids::AttachmentId;
use domain::message::{Author, AuthorKind, Message, MessageKind};
use domain::participant::ClientKey;
use store::{AttachmentRow, Deletion, RoomEnd, Store, StoreError, Tx};

use super::rooms::{add, room, room_id};
use crate::fixtures::{NOW, with_app};

contract! {
    a_message_comes_back_as_it_was_written,
    messages_are_read_by_number,
    a_number_is_given_once,
    the_bytes_of_a_file_come_back_in_order,
    a_deleted_message_keeps_its_number_and_nothing_that_was_said,
    a_file_goes_once_no_message_names_it,
    files_that_nobody_sent_are_found,
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
        extra: String::new(),
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
        Message { extra: r#"{"content":{"type":"image","text":"\u0000é\""}}"#.to_owned(), ..message(1, 5) },
    ];
    insert(&store, &written).await.unwrap();
    assert_eq!(store.messages(&room_id(1), 1, 9, 9).await.unwrap(), written);
    let room = store.room(&room_id(1)).await.unwrap().unwrap();
    assert_eq!((room.last_seq, room.last_message_at), (5, Some(written[4].created_at)));
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
    assert_eq!(store.attachments_size(&room_id(1)).await.unwrap(), (2, first.file.size + second.file.size));
    assert_eq!(store.attachments_size(&room_id(9)).await.unwrap(), (0, 0));
    store.write(async |tx| tx.delete_attachments(&[first.file.id]).await).await.unwrap();
    assert_eq!(store.attachments_of(&room_id(1), 9).await.unwrap(), [second.file.id]);
    assert!(store.attachment_bytes(&first.file.id).await.unwrap().is_empty());
    store.write(async |tx| tx.delete_attachment_bytes(&second.file.id).await).await.unwrap();
    assert!(store.attachment_bytes(&second.file.id).await.unwrap().is_empty());
}

async fn a_deleted_message_keeps_its_number_and_nothing_that_was_said(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app), room(2, &app)]).await;
    write(&store, 1, 1..=5).await;
    write(&store, 2, 1..=1).await;
    let joined = Message { kind: MessageKind::System, author: Author::system(), ..message(1, 6) };
    let whisper = Message {
        kind: MessageKind::Whisper,
        to: ClientKey::parse("bo"),
        reply_to: Some(1),
        extra: "{}".to_owned(),
        ..message(1, 7)
    };
    insert(&store, &[joined.clone(), whisper.clone()]).await.unwrap();
    let delete = async |from, to, at| {
        let work = async |tx: &mut Tx| tx.delete_messages(&room_id(1), from, to, at).await;
        store.write(work).await.unwrap()
    };
    assert_eq!(delete(2, 3, NOW).await, 2);
    assert_eq!(delete(3, 7, NOW).await, 3, "neither what was deleted before nor what Keystead said");
    assert_eq!(delete(3, 7, NOW).await, 0);
    let found = store.messages(&room_id(1), 1, 9, 9).await.unwrap();
    assert_eq!(found.len(), 7, "numbers have no gaps");
    assert_eq!((&found[0], &found[5]), (&message(1, 1), &joined));
    let deleted = |of: &Message| Message {
        kind: MessageKind::Deleted,
        text: String::new(),
        reply_to: None,
        extra: String::new(),
        ..of.clone()
    };
    assert_eq!((&found[1], &found[6]), (&deleted(&message(1, 2)), &deleted(&whisper)));
    let said = async |room: u8, newest, limit| {
        let found = store.said_messages(&room_id(room), 1, 99, newest, limit).await.unwrap();
        found.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!((said(1, false, 9).await, said(2, true, 9).await), (vec![1], vec![1]));
    write(&store, 1, 8..=10).await;
    assert_eq!((said(1, true, 3).await, said(1, false, 3).await), (vec![10, 9, 8], vec![1, 8, 9]));
    let after = async |n| {
        let mut found = store.deletions_after(&[(room_id(1), n), (room_id(2), 0)]).await.unwrap();
        found.sort_by_key(|deletion| deletion.n);
        found
    };
    let now = NOW.millis().unsigned_abs();
    let first = Deletion { room_id: room_id(1), n: now, first: 2, last: 3 };
    let second = Deletion { n: now + 1, first: 3, last: 7, ..first };
    assert_eq!(after(0).await, [first, second], "each has a number of its own");
    assert_eq!(after(now).await, [second]);
    assert_eq!(after(now + 1).await, []);
    assert!(store.deletions_after(&[]).await.unwrap().is_empty());
    // Those of long ago are forgotten with the next one.
    assert_eq!(delete(8, 8, NOW.plus_seconds(4_000)).await, 1);
    assert_eq!(after(0).await.len(), 1);
    store.write(async |tx| tx.forget_room(&room_id(1)).await).await.unwrap();
    assert!(after(0).await.is_empty());
}

async fn a_file_goes_once_no_message_names_it(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app)]).await;
    let files = [file(1, 1), file(2, 1), file(3, 1)];
    let work = async |tx: &mut Tx| {
        for file in &files {
            tx.insert_attachment(file, NOW).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(work).await.unwrap();
    let with = |seq, of: &AttachmentRow| Message {
        kind: MessageKind::File,
        attachment: Some(of.file.clone()),
        ..message(1, seq)
    };
    insert(&store, &[with(1, &files[0]), with(2, &files[1]), with(3, &files[1]), message(1, 4)]).await.unwrap();
    let ids: Vec<_> = files.iter().map(|row| row.file.id).collect();
    let mut named = store.named_attachments(&room_id(1), 1, 4).await.unwrap();
    named.sort_unstable();
    assert_eq!(named, ids[..2]);
    assert_eq!(store.named_attachments(&room_id(1), 2, 4).await.unwrap(), [ids[1]]);
    assert_eq!(store.unnamed_attachments(&ids).await.unwrap(), [ids[2]]);
    store.write(async |tx| tx.delete_messages(&room_id(1), 1, 2, NOW).await).await.unwrap();
    let mut unnamed = store.unnamed_attachments(&ids).await.unwrap();
    unnamed.sort_unstable();
    assert_eq!(unnamed, [ids[0], ids[2]], "another message names the second");
}

async fn files_that_nobody_sent_are_found(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app)]).await;
    let [sent, unsent, young, elsewhere] = [file(1, 1), file(2, 1), file(3, 1), file(4, 9)];
    let avatar = AttachmentId::from_random([5; 12]);
    let work = async |tx: &mut Tx| {
        for (file, seconds) in [(&sent, 2), (&unsent, 1), (&elsewhere, 3), (&young, 9)] {
            tx.insert_attachment(file, NOW.plus_seconds(seconds)).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(work).await.unwrap();
    let with_file = Message { kind: MessageKind::File, attachment: Some(sent.file.clone()), ..message(1, 1) };
    insert(&store, &[with_file]).await.unwrap();
    let before = async |limit| store.unsent_attachments(NOW.plus_seconds(9), limit).await.unwrap();
    assert_eq!(before(9).await, [unsent.file.id, sent.file.id, elsewhere.file.id]);
    assert_eq!(before(1).await, [unsent.file.id]);
    let mut stay = store.sent_attachments(&before(9).await).await.unwrap();
    stay.sort_unstable();
    assert_eq!(stay, [sent.file.id, elsewhere.file.id], "that of a message, and that of no room");
    assert!(store.sent_attachments(&[]).await.unwrap().is_empty());
    store.write(async |tx| tx.mark_sent(&stay).await).await.unwrap();
    store.write(async |tx| tx.mark_sent(&[]).await).await.unwrap();
    assert_eq!(before(9).await, [unsent.file.id]);
    let mut named = store.named_files(&[sent.file.id, unsent.file.id, avatar]).await.unwrap();
    named.sort_unstable();
    assert_eq!(named, [sent.file.id, unsent.file.id], "a row is enough, and there is no contact with the picture");
    assert!(store.named_files(&[]).await.unwrap().is_empty());
}

//! What is said in a room: its numbers, who may say it, and that it is on disk.

use std::{collections::BTreeSet, slice};

use domain::{
    ids::RoomId,
    message::{Author, MessageKind},
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
};
use service::chat::messages::NewMessage;

use super::{join, key, new, room, rules, say, says, texts};
use crate::world::{World, owner, refusal, signed_in};

async fn numbers_have_no_gap_however_many_write_at_once(w: World) {
    let another = w.another().await;
    let rooms = [room(&w, new(rules("One"))).await.id, room(&w, new(rules("Two"))).await.id];
    for id in &rooms {
        join(&w.service, id, "ana").await.unwrap();
    }
    let at_once: Vec<_> = (0..300)
        .map(|n| {
            let service = if n % 3 == 0 { another.clone() } else { w.service.clone() };
            let id = rooms[n % 2];
            // Some are refused, and leave no gap.
            let name = if n % 15 == 14 { "nobody" } else { "ana" };
            tokio::spawn(async move { say(&service, &id, name, &format!("Message {n}")).await })
        })
        .collect();
    let mut sent = BTreeSet::new();
    for one in at_once {
        match one.await.unwrap() {
            Ok(message) => assert!(sent.insert((message.room_id, message.seq)), "a number is given once"),
            refused => assert_eq!(refusal(refused), Refusal::NotJoined),
        }
    }
    assert_eq!(sent.len(), 280);
    for id in &rooms {
        let texts = texts(&w.service, id).await;
        assert_eq!(texts.len(), 141, "one says that Ana joined");
        assert_eq!(texts.into_iter().collect::<BTreeSet<_>>().len(), 141, "nothing is written twice");
        assert_eq!(w.service.room(owner(), id).await.unwrap().last_seq, 141);
    }
}

async fn messages_that_wait_share_a_commit(w: World) {
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(&w.service, &id, "ana").await.unwrap();
    let before = w.store.write_count();
    let at_once: Vec<_> = (0..500)
        .map(|n| {
            let service = w.service.clone();
            tokio::spawn(async move { say(&service, &id, "ana", &format!("{n}")).await })
        })
        .collect();
    for one in at_once {
        one.await.unwrap().unwrap();
    }
    let commits = w.store.write_count() - before;
    assert!(commits < 250, "{commits} commits for 500 messages");
}

async fn what_is_answered_is_written(w: World) {
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(&w.service, &id, "ana").await.unwrap();
    let sent = w.no_event(say(&w.service, &id, "ana", " Hi\r\nthere ")).await.unwrap();
    let elsewhere = w.another().await.messages(owner(), &id, 2, Some(2), 9).await.unwrap();
    assert_eq!(elsewhere, slice::from_ref(&sent));
    assert_eq!((sent.seq, sent.text.as_str(), sent.author.name.as_str()), (2, "Hi\nthere", "ana"));
    assert_eq!(w.service.room(owner(), &id).await.unwrap().last_message_at, Some(sent.created_at));
    // A clock that goes back does not turn the order of times around.
    w.clock.set(Millis::seconds(-60));
    assert_eq!(say(&w.service, &id, "ana", "Later").await.unwrap().created_at, sent.created_at);
    let range = async |from, to, limit| {
        let messages = w.service.messages(owner(), &id, from, to, limit).await.unwrap();
        messages.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert_eq!(range(0, None, 9).await, [1, 2, 3]);
    assert_eq!(range(2, Some(9), 1).await, [2]);
    assert_eq!(range(9, None, 9).await, [0; 0]);
    let latest = w.service.latest(owner(), &id, 2).await.unwrap();
    assert_eq!(latest.iter().map(|message| message.seq).collect::<Vec<_>>(), [2, 3]);
}

async fn a_message_is_refused_for_its_own_reason(w: World) {
    let service = &w.service;
    let (id, other) = (room(&w, new(rules("Lounge"))).await.id, room(&w, new(rules("Other"))).await.id);
    for name in ["ana", "bo"] {
        join(service, &id, name).await.unwrap();
    }
    let ana = || Author::participant(&key("ana"));
    let send = async |new: NewMessage| service.send(owner(), &id, new).await;
    for text in ["", " \n", "a\0b", &"x".repeat(5_001)] {
        let Refusal::Invalid(_) = refusal(send(says(ana(), text)).await) else { panic!("{text:?}") };
    }
    send(says(ana(), &"x".repeat(5_000))).await.unwrap();
    let replies = |to| NewMessage { reply_to: Some(to), ..says(ana(), "Hi") };
    assert_eq!(send(replies(3)).await.unwrap().reply_to, Some(3));
    assert_eq!(send(replies(0)).await.unwrap().reply_to, None);
    assert_eq!(refusal(send(replies(99)).await), Refusal::MessageNotFound);
    let whispers = |to: Option<&str>| NewMessage { kind: MessageKind::Whisper, to: to.map(key), ..says(ana(), "Hi") };
    let whisper = send(whispers(Some("bo"))).await.unwrap();
    assert!(whisper.is_for(&key("bo")) && !whisper.is_for(&key("cy")));
    assert_eq!(refusal(send(whispers(Some("cy"))).await), Refusal::NotJoined);
    assert!(matches!(refusal(send(whispers(None)).await), Refusal::Invalid(_)));
    let file = async |at: &RoomId| service.put_attachment(owner(), at, "a.png", "image/png", vec![1]).await.unwrap().id;
    let with = |attachment| NewMessage { kind: MessageKind::File, attachment, ..says(ana(), "") };
    let mine = file(&id).await;
    assert_eq!(send(with(Some(mine))).await.unwrap().attachment.unwrap().id, mine);
    assert_eq!(refusal(send(with(Some(file(&other).await))).await), Refusal::AttachmentNotFound);
    assert!(matches!(refusal(send(with(None)).await), Refusal::Invalid(_)));
    let system = NewMessage { kind: MessageKind::System, ..says(Author::system(), "Ana is gone") };
    assert_eq!(refusal(send(system).await), Refusal::Forbidden, "only Keystead itself speaks so");
    assert_eq!(refusal(send(says(Author::participant(&key("cy")), "Hi")).await), Refusal::NotJoined);
    send(NewMessage { kind: MessageKind::Notice, ..says(Author::manager("Support"), "Closing soon") }).await.unwrap();
    send(says(Author::butler(), "Hello")).await.unwrap();
    let auditor = signed_in(Role::Auditor);
    assert_eq!(refusal(service.send(&auditor, &id, says(ana(), "Hi")).await), Refusal::Forbidden);
    let seen = service.messages(&auditor, &id, 1, None, 99).await.unwrap();
    assert!(seen.iter().any(|message| message.seq == whisper.seq));
}

on_both! {
    numbers_have_no_gap_however_many_write_at_once,
    messages_that_wait_share_a_commit,
    what_is_answered_is_written,
    a_message_is_refused_for_its_own_reason,
}

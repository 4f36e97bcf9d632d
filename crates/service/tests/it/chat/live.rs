//! Watching a room: every message, in order, wherever it was written.

use std::{sync::Arc, time::Duration};

use domain::refusal::Refusal;
use domain::role::Role;
use service::chat::live::RoomWatch;
use tokio::time::timeout;

use super::{join, new, room, rules, say};
use crate::world::{World, in_background, owner, refusal, signed_in};

async fn next(watch: &mut RoomWatch) -> (u64, String) {
    let seen = timeout(Duration::from_mins(1), watch.next()).await.unwrap().unwrap();
    (seen.seq, seen.text.clone())
}

async fn whoever_watches_sees_what_was_and_what_comes(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    say(service, &id, "ana", "Before").await.unwrap();
    let mut all = service.watch_room(owner(), &id, 0).await.unwrap();
    let mut rest = service.watch_room(&signed_in(Role::Auditor), &id, 2).await.unwrap();
    say(service, &id, "ana", "After").await.unwrap();
    for expected in [(1, "ana joined"), (2, "Before"), (3, "After")] {
        assert_eq!(next(&mut all).await, (expected.0, expected.1.to_owned()));
    }
    assert_eq!(next(&mut rest).await, (3, "After".to_owned()));
    // A number that does not exist yet skips nothing.
    let mut ahead = service.watch_room(owner(), &id, 99).await.unwrap();
    join(service, &id, "bo").await.unwrap();
    assert_eq!(next(&mut ahead).await, (4, "bo joined".to_owned()));
    assert_eq!(refusal(service.watch_room(&signed_in(Role::Guest), &id, 0).await), Refusal::Forbidden);
}

async fn what_another_process_writes_comes_in_its_order(w: World) {
    let another = w.another().await;
    let _running = in_background(&w.service);
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(&w.service, &id, "ana").await.unwrap();
    let mut watch = w.service.watch_room(owner(), &id, 1).await.unwrap();
    for n in 2..=9 {
        let service = if n % 2 == 0 { &another } else { &w.service };
        say(service, &id, "ana", &format!("{n}")).await.unwrap();
    }
    for n in 2..=9 {
        assert_eq!(next(&mut watch).await, (n, n.to_string()));
    }
    say(&another, &id, "ana", "10").await.unwrap();
    assert_eq!(next(&mut watch).await, (10, "10".to_owned()), "even when nobody writes here");
    another.delete_room(owner(), &id).await.unwrap();
    let ended = timeout(Duration::from_mins(1), watch.next()).await.unwrap();
    assert!(ended.is_none());
}

async fn a_slow_viewer_misses_nothing_and_holds_nothing(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    let mut watch = service.watch_room(owner(), &id, 1).await.unwrap();
    // Far more than wait in memory.
    for n in 2..=300 {
        say(service, &id, "ana", &format!("{n}")).await.unwrap();
    }
    for n in 2..=300 {
        assert_eq!(next(&mut watch).await, (n, n.to_string()));
    }
}

async fn a_thousand_viewers_share_each_message(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    let mut watches = Vec::new();
    for _ in 0..1_000 {
        watches.push(service.watch_room(owner(), &id, 1).await.unwrap());
    }
    say(service, &id, "ana", "Hi").await.unwrap();
    let mut first = None;
    for watch in &mut watches {
        let seen = timeout(Duration::from_mins(1), watch.next()).await.unwrap().unwrap();
        let form = seen.form(|message| message.text.clone());
        let first = first.get_or_insert_with(|| Arc::clone(&form));
        assert!(Arc::ptr_eq(first, &form), "it is made once for all");
    }
}

on_both! {
    whoever_watches_sees_what_was_and_what_comes,
    what_another_process_writes_comes_in_its_order,
    a_slow_viewer_misses_nothing_and_holds_nothing,
    a_thousand_viewers_share_each_message,
}

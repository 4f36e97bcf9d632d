//! Several processes, a killed one, a clean stop, and a database that is away.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    delivery::{DeliveryQuery, DeliveryState},
    ids::RoomId,
    timestamp::Millis,
};
use service::{Service, deliveries::Deliver};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Receivers, chat, deliveries, heard, message_hook, say};
use crate::world::{World, owner, until};

/// A process that runs until it is told to stop, or is killed.
fn run(service: &Service) -> (CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    let (service, token) = (service.clone(), stop.clone());
    (stop, tokio::spawn(async move { service.run(token).await }))
}

async fn two_processes_share_the_work_and_each_chat_is_told_in_order(w: World) {
    const CHATS: usize = 12;
    const EACH: usize = 20;
    let receivers = Receivers::of(&w.service);
    let other = w.another().await;
    other.delivers_by(Arc::clone(&receivers) as Arc<dyn Deliver>);
    let (integration, webhook) = message_hook(&w).await;
    let (_, second) = message_hook(&w).await;
    let mut chats: Vec<RoomId> = Vec::new();
    for n in 0..CHATS {
        chats.push(chat(&w, &format!("Chat {n}")).await.id);
    }
    let (stop, one) = run(&w.service);
    let running = run(&other);
    for n in 0..EACH {
        for (which, id) in chats.iter().enumerate() {
            let service = if (n + which).is_multiple_of(2) { &w.service } else { &other };
            say(service, id, &format!("{which} {n}")).await;
        }
    }
    let heard = heard(&receivers, 2 * CHATS * EACH).await;
    for hook in [webhook, second] {
        let mut told: HashMap<String, Vec<usize>> = HashMap::new();
        for heard in heard.iter().filter(|heard| heard.webhook == hook) {
            let (which, n) = heard.text.split_once(' ').unwrap();
            told.entry(which.to_owned()).or_default().push(n.parse().unwrap());
        }
        assert_eq!(told.len(), CHATS);
        for (which, told) in told {
            assert!(told.iter().copied().eq(0..EACH), "chat {which}: {told:?}");
        }
    }
    until("all is written", async || {
        deliveries(&w, &integration.id).await.iter().all(|told| told.state == DeliveryState::Delivered)
    })
    .await;
    assert!(deliveries(&w, &integration.id).await.iter().all(|told| told.tries == 1));
    assert_eq!(receivers.heard().len(), 2 * CHATS * EACH, "nothing is told twice");
    for stopping in [(stop, one), running] {
        stopping.0.cancel();
        stopping.1.await.unwrap();
    }
}

async fn what_a_killed_process_took_is_taken_over_after_a_minute(w: World) {
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.hold(&webhook, true);
    let (_stop, killed) = run(&w.service);
    say(&w.service, &room.id, "first").await;
    say(&w.service, &room.id, "second").await;
    until("it is on its way", async || receivers.waiting().0 == 1).await;
    killed.abort();
    let _ = killed.await;

    let other = w.another().await;
    let heirs = Receivers::of(&other);
    let (stop, running) = run(&other);
    w.clock.advance(Millis::seconds(59));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(heirs.heard().is_empty(), "the other process has it still");
    w.clock.advance(Millis::seconds(1));
    heard(&heirs, 2).await;
    assert_eq!(heirs.texts(&webhook), ["first", "second"]);
    until("that is written", async || {
        deliveries(&w, &integration.id).await.iter().all(|told| told.state == DeliveryState::Delivered)
    })
    .await;
    stop.cancel();
    running.await.unwrap();
}

async fn a_process_that_stops_writes_what_came_of_its_deliveries(w: World) {
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.hold(&webhook, true);
    let (stop, running) = run(&w.service);
    say(&w.service, &room.id, "first").await;
    say(&w.service, &room.id, "second").await;
    until("it is on its way", async || receivers.waiting().0 == 1).await;
    stop.cancel();
    receivers.hold(&webhook, false);
    running.await.unwrap();
    let told = deliveries(&w, &integration.id).await;
    assert_eq!((told[0].state, told[1].state), (DeliveryState::Delivered, DeliveryState::Waiting));
    assert_eq!(told[1].next_try_at, Some(w.service.now()), "another process may send it");
    assert_eq!(receivers.texts(&webhook), ["first"]);
}

/// One that does not come to an end is left to others at once, not after a minute.
async fn a_process_that_stops_leaves_the_rest_to_others(w: World) {
    let receivers = Receivers::of(&w.service);
    let (_, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.hold(&webhook, true);
    let (stop, running) = run(&w.service);
    say(&w.service, &room.id, "first").await;
    until("it is on its way", async || receivers.waiting().0 == 1).await;
    stop.cancel();
    running.await.unwrap();
    let other = w.another().await;
    let heirs = Receivers::of(&other);
    let (stop, running) = run(&other);
    assert_eq!(heard(&heirs, 1).await[0].text, "first");
    stop.cancel();
    running.await.unwrap();
}

on_both!(
    two_processes_share_the_work_and_each_chat_is_told_in_order,
    what_a_killed_process_took_is_taken_over_after_a_minute,
    a_process_that_stops_writes_what_came_of_its_deliveries,
    a_process_that_stops_leaves_the_rest_to_others,
);

/// What came of a delivery is written once the database is back, and it is not sent again for that. A SQLite file cannot be
/// stopped.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_delivery_waits_for_the_database() {
    let w = World::postgres().await;
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.hold(&webhook, true);
    let (stop, running) = run(&w.service);
    say(&w.service, &room.id, "first").await;
    until("it is on its way", async || receivers.waiting().0 == 1).await;
    w.database.stop();
    receivers.hold(&webhook, false);
    heard(&receivers, 1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    w.database.start();
    until("it is written", async || {
        let told = w.service.deliveries(owner(), &integration.id, &DeliveryQuery::default()).await;
        told.is_ok_and(|told| told.rows[0].state == DeliveryState::Delivered)
    })
    .await;
    assert_eq!(receivers.texts(&webhook), ["first"]);
    stop.cancel();
    running.await.unwrap();
}

//! What is told, in which order, and that nobody waits for a slow receiver.

use domain::{
    delivery::{About, DUE_AT_MOST, DeliveryState, KEPT, NEVER_SENT, NOTHING_LEFT, TOO_LATE, WAITS, WAITS_AT_MOST},
    integration::IntegrationStatus,
    message::{Author, MessageKind},
    room::RoomKind,
    timestamp::Millis,
};
use service::{
    chat::{messages::NewMessage, rooms::NewRoom},
    integrations::IntegrationChange,
};
use tokio_util::sync::CancellationToken;

use super::{Receivers, chat, deliveries, heard, hook, message_hook, say};
use crate::{
    chat::{contact, join, key, new, room, rules, say as say_in_room, says},
    world::{World, in_background, owner, until},
};

async fn a_webhook_is_told_of_a_chat_and_its_messages_with_its_secret(w: World) {
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    let app = *w.service.default_app();
    let (integration, webhook, secret) =
        hook(&w, &app, &["conversation:create", "conversation:message", "conversation:read"]).await;
    let room = chat(&w, "Support").await;
    say(&w.service, &room.id, "Hello").await;
    let heard = heard(&receivers, 2).await;
    let told: Vec<_> = heard.iter().map(|heard| (heard.webhook, heard.text.as_str(), heard.secret.as_str())).collect();
    assert_eq!(told, [(webhook, "Support", secret.as_str()), (webhook, "Hello", secret.as_str())]);
    until("both are delivered", async || {
        deliveries(&w, &integration.id).await.iter().all(|told| told.state == DeliveryState::Delivered)
    })
    .await;
    let told = deliveries(&w, &integration.id).await;
    assert_eq!(told[0].about, About::Room(room.id));
    assert_eq!(told[1].about, About::Message { room: room.id, seq: 1 });
    assert_eq!((told[1].tries, told[1].status, told[1].answer.as_str()), (1, Some(200), "noted"));
    assert_eq!(told[1].id, heard[1].delivery);
}

async fn nobody_is_told_of_what_they_did_not_ask_for(w: World) {
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let other = w.service.create_app(owner(), "Other").await.unwrap();
    let (other_integration, ..) = hook(&w, &other.id, &["conversation:message", "conversation:create"]).await;

    // A room is no chat, and Keystead itself says who comes and goes.
    let lounge = room(&w, new(rules("Lounge"))).await;
    join(&w.service, &lounge.id, "ana").await.unwrap();
    say_in_room(&w.service, &lounge.id, "ana", "In a room").await.unwrap();
    let support = chat(&w, "Support").await;
    w.service.rename_chat(owner(), &support.id, "Help", &Author::contact(&contact(1).id)).await.unwrap();
    let two = NewRoom { kind: RoomKind::Chat, contacts: vec![contact(1), contact(2)], ..new(rules("Two")) };
    let two = w.service.create_room(owner(), &app_of(&w), two).await.unwrap();
    let to = Some(key(contact(2).id.as_str()));
    let whisper = NewMessage { kind: MessageKind::Whisper, to, ..says(Author::contact(&contact(1).id), "Between us") };
    // Whether a chat has whispers is another question; nobody is told of them.
    let _ = w.service.send(owner(), &two.id, whisper).await;
    say(&w.service, &support.id, "Hello").await;
    heard(&receivers, 1).await;
    assert_eq!(receivers.texts(&webhook), ["Hello"]);
    assert_eq!(deliveries(&w, &integration.id).await.len(), 1);
    assert!(deliveries(&w, &other_integration.id).await.is_empty());
}

fn app_of(w: &World) -> domain::ids::AppId {
    *w.service.default_app()
}

async fn a_chat_waits_for_what_is_tried_again_and_no_other_does(w: World) {
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let (one, two) = (chat(&w, "One").await, chat(&w, "Two").await);
    receivers.refuse("first", 2);
    for text in ["first", "second", "third"] {
        say(&w.service, &one.id, text).await;
    }
    say(&w.service, &two.id, "beside").await;
    until("the other chat is told", async || receivers.texts(&webhook).len() == 2).await;
    let told = deliveries(&w, &integration.id).await;
    until("the refusal is written", async || deliveries(&w, &integration.id).await[0].tries == 1).await;
    let waits = &deliveries(&w, &integration.id).await[0];
    assert_eq!((waits.state, waits.status), (DeliveryState::Waiting, Some(503)));
    assert_eq!(waits.next_try_at, Some(w.service.now().plus(WAITS[1])));
    assert_eq!(told[1].next_try_at, None, "it waits for the one before it");

    w.clock.advance(WAITS[1]);
    until("it is refused again", async || deliveries(&w, &integration.id).await[0].tries == 2).await;
    assert_eq!(receivers.texts(&webhook).len(), 3, "nothing else of the chat");
    w.clock.advance(WAITS[2]);
    heard(&receivers, 6).await;
    let texts: Vec<_> = receivers.texts(&webhook).into_iter().filter(|text| text != "beside").collect();
    assert_eq!(texts, ["first", "first", "first", "second", "third"]);
}

async fn after_eight_tries_it_has_failed_and_its_chat_goes_on(w: World) {
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.refuse("never", 100);
    say(&w.service, &room.id, "never").await;
    say(&w.service, &room.id, "after it").await;
    for n in 0..WAITS.len() {
        let tried = u32::try_from(n).unwrap() + 1;
        until("it is tried", async || deliveries(&w, &integration.id).await[0].tries == tried).await;
        if let Some(wait) = WAITS.get(n + 1) {
            w.clock.advance(*wait);
        }
    }
    until("the next is delivered", async || deliveries(&w, &integration.id).await[1].state == DeliveryState::Delivered)
        .await;
    let told = deliveries(&w, &integration.id).await;
    assert_eq!((told[0].state, told[0].tries, told[0].next_try_at), (DeliveryState::Failed, 8, None));
    assert!(told[0].failure.contains("503"), "{}", told[0].failure);
    assert_eq!(receivers.texts(&webhook).len(), 9);
}

async fn a_receiver_that_never_answers_delays_no_other(w: World) {
    let receivers = Receivers::of(&w.service);
    let (_, stuck) = message_hook(&w).await;
    let (_, quick) = message_hook(&w).await;
    receivers.hold(&stuck, true);
    let mut chats = Vec::new();
    for n in 0..10 {
        chats.push(chat(&w, &format!("Chat {n}")).await);
    }
    for n in 0..5 {
        for room in &chats {
            say(&w.service, &room.id, &format!("{n}")).await;
        }
    }
    // Only now: who never answers is given up after 14 seconds.
    let _running = in_background(&w.service);
    until("the quick one is told all", async || receivers.texts(&quick).len() == 50).await;
    assert!(receivers.texts(&stuck).is_empty());
    assert_eq!(receivers.waiting().0, 4, "four at a time, and the others wait for those");
    receivers.hold(&stuck, false);
    until("the other is told all too", async || receivers.texts(&stuck).len() == 50).await;
}

async fn what_is_gone_when_it_is_sent_is_not_told(w: World) {
    let (integration, _) = message_hook(&w).await;
    let (gone, kept) = (chat(&w, "Gone").await, chat(&w, "Kept").await);
    for room in [&gone, &kept] {
        say(&w.service, &room.id, "Hello").await;
    }
    say(&w.service, &kept.id, "A slip").await;
    w.service.delete_chat(owner(), &gone.id).await.unwrap();
    w.service.delete_message(owner(), &kept.id, 2).await.unwrap();
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    until("all are over", async || {
        deliveries(&w, &integration.id).await.iter().all(|told| told.state != DeliveryState::Waiting)
    })
    .await;
    let told = deliveries(&w, &integration.id).await;
    for gone in [&told[0], &told[2]] {
        assert_eq!((gone.state, gone.tries, gone.failure.as_str()), (DeliveryState::Failed, 0, NOTHING_LEFT));
    }
    assert_eq!(told[1].state, DeliveryState::Delivered);
    assert_eq!(receivers.heard().len(), 1);
}

async fn an_integration_that_is_not_active_is_told_nothing(w: World) {
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    say(&w.service, &room.id, "before").await;
    let set = async |status| {
        let change = IntegrationChange { status: Some(status), ..IntegrationChange::default() };
        w.service.change_integration(owner(), &integration.id, change).await.unwrap();
    };
    set(IntegrationStatus::Inactive).await;
    say(&w.service, &room.id, "meanwhile").await;
    let _running = in_background(&w.service);
    let (_, other) = message_hook(&w).await;
    say(&w.service, &room.id, "after").await;
    until("another is told", async || receivers.texts(&other) == ["after"]).await;
    assert!(receivers.texts(&webhook).is_empty());
    set(IntegrationStatus::Active).await;
    until("what waited is told", async || receivers.texts(&webhook) == ["before"]).await;
}

/// Also if it is set inactive, or its app archived, while it is told something of the same chat.
async fn whoever_is_switched_off_is_not_told_the_rest(w: World) {
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    for n in 0..200 {
        say(&w.service, &room.id, &n.to_string()).await;
    }
    let _running = in_background(&w.service);
    until("some are told", async || receivers.texts(&webhook).len() > 3).await;
    let off = IntegrationChange { status: Some(IntegrationStatus::Inactive), ..IntegrationChange::default() };
    w.service.change_integration(owner(), &integration.id, off).await.unwrap();
    // What is on its way arrives.
    let told = receivers.texts(&webhook).len();
    let (_, other) = message_hook(&w).await;
    say(&w.service, &room.id, "after").await;
    until("another is told", async || receivers.texts(&other) == ["after"]).await;
    let more = receivers.texts(&webhook).len() - told;
    assert!(more <= 2, "{more} more, of {told}");
}

async fn what_waits_for_a_removed_webhook_is_forgotten(w: World) {
    let (integration, _) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    for text in ["one", "two"] {
        say(&w.service, &room.id, text).await;
    }
    let ids: Vec<_> = deliveries(&w, &integration.id).await.iter().map(|told| told.id).collect();
    w.service.delete_integration(owner(), &integration.id).await.unwrap();
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    until("they are forgotten", async || {
        let mut left = 0;
        for id in &ids {
            left += usize::from(w.store.delivery(id).await.unwrap().is_some());
        }
        left == 0
    })
    .await;
    assert!(receivers.heard().is_empty());
}

async fn old_deliveries_go_and_those_that_wait_too_long_fail(w: World) {
    let receivers = Receivers::of(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    for text in ["one", "two"] {
        say(&w.service, &room.id, text).await;
    }
    w.clock.advance(WAITS_AT_MOST);
    w.clock.advance(Millis(1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    let told = deliveries(&w, &integration.id).await;
    let states: Vec<_> = told.iter().map(|told| told.state).collect();
    assert_eq!(states, [DeliveryState::Waiting, DeliveryState::Failed], "the first is tried on");
    assert_eq!(told[1].failure, TOO_LATE);
    let _running = in_background(&w.service);
    until("the first is told", async || receivers.texts(&webhook) == ["one"]).await;
    until("that is written", async || deliveries(&w, &integration.id).await[0].state == DeliveryState::Delivered).await;
    w.clock.advance(KEPT);
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    assert_eq!(deliveries(&w, &integration.id).await.len(), 2, "not yet");
    w.clock.advance(Millis(1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    assert!(deliveries(&w, &integration.id).await.is_empty());
}

async fn what_is_due_and_never_sent_fails_and_its_chat_goes_on(w: World) {
    let (integration, _) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    say(&w.service, &room.id, "one").await;
    let first = deliveries(&w, &integration.id).await;
    w.clock.advance(DUE_AT_MOST);
    say(&w.service, &room.id, "two").await;
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    assert_eq!(deliveries(&w, &integration.id).await[0], first[0], "not yet");
    w.clock.advance(Millis(1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    let told = deliveries(&w, &integration.id).await;
    assert_eq!((told[0].state, told[0].failure.as_str()), (DeliveryState::Failed, NEVER_SENT));
    assert_eq!((told[1].state, told[1].next_try_at), (DeliveryState::Waiting, told[0].done_at));
}

on_both!(
    what_is_due_and_never_sent_fails_and_its_chat_goes_on,
    a_webhook_is_told_of_a_chat_and_its_messages_with_its_secret,
    nobody_is_told_of_what_they_did_not_ask_for,
    a_chat_waits_for_what_is_tried_again_and_no_other_does,
    after_eight_tries_it_has_failed_and_its_chat_goes_on,
    a_receiver_that_never_answers_delays_no_other,
    what_is_gone_when_it_is_sent_is_not_told,
    an_integration_that_is_not_active_is_told_nothing,
    whoever_is_switched_off_is_not_told_the_rest,
    what_waits_for_a_removed_webhook_is_forgotten,
    old_deliveries_go_and_those_that_wait_too_long_fail,
);

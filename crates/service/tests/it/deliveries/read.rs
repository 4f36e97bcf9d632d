//! Who may see what webhooks are told, and have it sent again.

use domain::{
    audit::Action,
    delivery::{DeliveryQuery, DeliveryState},
    ids::{DeliveryId, IntegrationId},
    refusal::Refusal,
    role::Role,
};
use service::integrations::WebhookChange;

use super::{Receivers, chat, deliveries, hook, message_hook, say};
use crate::world::{World, in_background, owner, refusal, signed_in, until};

async fn those_who_manage_integrations_see_what_was_told(w: World) {
    let (integration, _) = message_hook(&w).await;
    let (other, _) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    say(&w.service, &room.id, "Hello").await;
    let told = deliveries(&w, &integration.id).await.remove(0);
    let query = DeliveryQuery::default();
    let admin = signed_in(Role::Admin);
    let shown = w.service.deliveries(&admin, &integration.id, &query).await.unwrap();
    assert_eq!(shown.rows, std::slice::from_ref(&told));
    assert_eq!(w.service.delivery(&admin, &integration.id, &told.id).await.unwrap(), told);
    for role in [Role::Auditor, Role::Guest] {
        let caller = signed_in(role);
        assert_eq!(refusal(w.service.deliveries(&caller, &integration.id, &query).await), Refusal::Forbidden);
        assert_eq!(refusal(w.service.delivery(&caller, &integration.id, &told.id).await), Refusal::Forbidden);
        assert_eq!(refusal(w.service.send_again(&caller, &integration.id, &told.id).await), Refusal::Forbidden);
    }
    assert_eq!(refusal(w.service.delivery(owner(), &other.id, &told.id).await), Refusal::DeliveryNotFound);
    assert_eq!(refusal(w.service.send_again(owner(), &other.id, &told.id).await), Refusal::DeliveryNotFound);
    let nothing = DeliveryId::from_random([7; 12]);
    assert_eq!(refusal(w.service.delivery(owner(), &integration.id, &nothing).await), Refusal::DeliveryNotFound);
    let nowhere = IntegrationId::from_random([7; 12]);
    assert_eq!(refusal(w.service.deliveries(owner(), &nowhere, &query).await), Refusal::IntegrationNotFound);

    let app = w.service.create_app(owner(), "Other").await.unwrap();
    let (hidden, ..) = hook(&w, &app.id, &["conversation:message"]).await;
    let within = signed_in(Role::Admin).within(w.service.default_app());
    assert_eq!(refusal(w.service.deliveries(&within, &hidden.id, &query).await), Refusal::IntegrationNotFound);
}

async fn what_failed_is_sent_again_on_record(w: World) {
    let receivers = Receivers::of(&w.service);
    let running = in_background(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    say(&w.service, &room.id, "Hello").await;
    until("it is delivered", async || deliveries(&w, &integration.id).await[0].state == DeliveryState::Delivered).await;
    let told = deliveries(&w, &integration.id).await.remove(0);
    receivers.hold(&webhook, true);
    let again =
        w.one_event(Action::DeliverySentAgain, w.service.send_again(owner(), &integration.id, &told.id)).await.unwrap();
    assert_eq!((again.id, again.state, again.tries), (told.id, DeliveryState::Waiting, 0));
    let event = w.newest().await;
    assert_eq!(event.subject.id, integration.id.as_str());
    assert!(event.note.unwrap().contains(told.id.as_str()));
    until("it is on its way", async || receivers.waiting().0 == 1).await;
    w.no_event(w.service.send_again(owner(), &integration.id, &told.id)).await.unwrap();
    receivers.hold(&webhook, false);
    until("it is told again", async || receivers.texts(&webhook) == ["Hello", "Hello"]).await;
    assert_eq!(
        receivers.heard()[0].delivery,
        receivers.heard()[1].delivery,
        "the receiver can tell that it is the same"
    );
    drop(running);
}

async fn what_waits_for_its_next_try_is_sent_now(w: World) {
    let receivers = Receivers::of(&w.service);
    let _running = in_background(&w.service);
    let (integration, webhook) = message_hook(&w).await;
    let room = chat(&w, "One").await;
    receivers.refuse("Hello", 1);
    say(&w.service, &room.id, "Hello").await;
    until("it is refused", async || deliveries(&w, &integration.id).await[0].tries == 1).await;
    let told = deliveries(&w, &integration.id).await.remove(0);
    assert_eq!(told.target, "https://receiver.example.com/hook");
    let target = "https://elsewhere.example.com/hook";
    let moved = WebhookChange { target: Some(target.to_owned()), ..WebhookChange::default() };
    w.service.change_webhook(owner(), &integration.id, &webhook, moved).await.unwrap();
    assert_eq!(deliveries(&w, &integration.id).await[0], told, "it says what was called");
    w.one_event(Action::DeliverySentAgain, w.service.send_again(owner(), &integration.id, &told.id)).await.unwrap();
    until("it is told", async || receivers.texts(&webhook).len() == 2).await;
    until("it is delivered", async || deliveries(&w, &integration.id).await[0].state == DeliveryState::Delivered).await;
    let told = deliveries(&w, &integration.id).await.remove(0);
    assert_eq!((told.tries, told.target.as_str()), (1, target));
}

on_both!(
    those_who_manage_integrations_see_what_was_told,
    what_failed_is_sent_again_on_record,
    what_waits_for_its_next_try_is_sent_now,
);

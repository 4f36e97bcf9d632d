//! What webhooks are told, when, in which order, and by whom. The receivers are in these tests; how one is called over HTTP
//! is tested with the server.

mod lanes;
mod processes;
mod read;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    delivery::{Delivery, DeliveryQuery, Reply},
    ids::{AppId, DeliveryId, IntegrationId, RoomId, WebhookId},
    integration::{Integration, IntegrationKind},
    message::Author,
    room::{Room, RoomKind},
    webhook::WebhookRules,
};
use secrecy::ExposeSecret;
use service::{
    Service,
    chat::rooms::NewRoom,
    deliveries::{Deliver, Delivering, Parcel, Told},
    integrations::NewIntegration,
};

use crate::{
    chat::{contact, new, rules, says},
    world::{World, owner, until},
};

/// What a receiver was told, and what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub webhook: WebhookId,
    pub delivery: DeliveryId,
    /// The text of a message, or the name of a chat.
    pub text: String,
    pub status: u16,
    pub secret: String,
}

/// Receivers that note what they are told, and answer as a test wants.
#[derive(Debug, Default)]
pub struct Receivers {
    heard: Mutex<Vec<Heard>>,
    /// How often each text is refused before it is accepted.
    refusals: Mutex<HashMap<String, u32>>,
    /// Those that do not answer at the moment.
    held: Mutex<HashSet<WebhookId>>,
    /// How many wait for an answer, and how many did at most.
    waiting: Mutex<(usize, usize)>,
}

impl Receivers {
    /// Receivers to which a process sends.
    pub fn of(service: &Service) -> Arc<Self> {
        let receivers = Arc::new(Self::default());
        service.delivers_by(Arc::clone(&receivers) as Arc<dyn Deliver>);
        receivers
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What a webhook was told, in order.
    pub fn texts(&self, webhook: &WebhookId) -> Vec<String> {
        self.heard().into_iter().filter(|heard| heard.webhook == *webhook).map(|heard| heard.text).collect()
    }

    pub fn refuse(&self, text: &str, times: u32) {
        self.refusals.lock().unwrap().insert(text.to_owned(), times);
    }

    pub fn hold(&self, webhook: &WebhookId, held: bool) {
        let mut all = self.held.lock().unwrap();
        if held {
            all.insert(*webhook)
        } else {
            all.remove(webhook)
        };
    }

    /// How many wait for an answer now, and how many did at most.
    pub fn waiting(&self) -> (usize, usize) {
        *self.waiting.lock().unwrap()
    }

    async fn answer(&self, parcel: &Parcel) -> Reply {
        let webhook = parcel.webhook.id;
        {
            let mut waiting = self.waiting.lock().unwrap();
            waiting.0 += 1;
            waiting.1 = waiting.1.max(waiting.0);
        }
        while self.held.lock().unwrap().contains(&webhook) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.waiting.lock().unwrap().0 -= 1;
        let text = match &parcel.told {
            Told::Message { message, .. } => message.text.clone(),
            Told::Room { room, .. } => room.name.clone(),
            Told::Event(event) => event.name.clone(),
        };
        let refused = self.refusals.lock().unwrap().get_mut(&text).is_some_and(|times| {
            let refused = *times > 0;
            *times = times.saturating_sub(1);
            refused
        });
        let status = if refused { 503 } else { 200 };
        let secret = parcel.secret.expose_secret().to_owned();
        let heard = Heard { webhook, delivery: parcel.delivery.id, text, status, secret };
        self.heard.lock().unwrap().push(heard);
        Reply::answered(status, "noted")
    }
}

impl Deliver for Receivers {
    fn deliver<'a>(&'a self, _: &'a Service, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(self.answer(parcel))
    }
}

/// Waits until so much was heard.
pub async fn heard(receivers: &Receivers, many: usize) -> Vec<Heard> {
    until(&format!("{many} are heard"), async || receivers.heard().len() >= many).await;
    receivers.heard()
}

/// A custom integration of an app with its webhook, and the secret of that.
pub async fn hook(w: &World, app: &AppId, triggers: &[&str]) -> (Integration, WebhookId, String) {
    let rules = WebhookRules::checked("https://receiver.example.com/hook", triggers, false, false).unwrap();
    let new = NewIntegration { kind: IntegrationKind::Custom, name: None, extra: String::new(), webhooks: vec![rules] };
    let (integration, secrets) = w.service.create_integration(owner(), app, new).await.unwrap();
    let webhook = integration.webhooks[0].id;
    (integration, webhook, secrets[0].expose_secret().to_owned())
}

/// A webhook of the app "Default" that is told of messages.
pub async fn message_hook(w: &World) -> (Integration, WebhookId) {
    let (integration, webhook, _) = hook(w, w.service.default_app(), &["conversation:message"]).await;
    (integration, webhook)
}

/// A chat with contact 1, in the app "Default".
pub async fn chat(w: &World, name: &str) -> Room {
    let chat = NewRoom { kind: RoomKind::Chat, contacts: vec![contact(1)], ..new(rules(name)) };
    w.service.create_room(owner(), w.service.default_app(), chat).await.unwrap()
}

/// Contact 1 says something in a chat.
pub async fn say(service: &Service, chat: &RoomId, text: &str) {
    service.send(owner(), chat, says(Author::contact(&contact(1).id), text)).await.unwrap();
}

/// What the webhooks of an integration are told, oldest first.
pub async fn deliveries(w: &World, integration: &IntegrationId) -> Vec<Delivery> {
    let query = DeliveryQuery { rows: 1_000, ..DeliveryQuery::default() };
    let mut rows = w.service.deliveries(owner(), integration, &query).await.unwrap().rows;
    rows.reverse();
    rows
}

//! All that sending a delivery takes, read when it is sent: what is told is as it is then.

use domain::{
    contact::Contact,
    delivery::{About, Delivery},
    ids::ContactId,
    message::{AuthorKind, MessageKind},
    participant::Who,
    refusal::Refusal,
};

use super::{Parcel, Told};
use crate::{Error, Result, Service};

/// What is there to send.
pub(super) enum Packed {
    /// All of it.
    Ready(Box<Parcel>),
    /// What it tells of is gone.
    NothingLeft,
    /// The webhook is removed.
    NoWebhook,
}

/// The parcel of a delivery, as far as there is one.
pub(super) async fn pack(service: &Service, delivery: &Delivery) -> Result<Packed> {
    let Some(webhook) = service.store().webhook(&delivery.webhook_id).await? else { return Ok(Packed::NoWebhook) };
    let Some(told) = told(service, &delivery.about).await? else { return Ok(Packed::NothingLeft) };
    let secret = match service.webhook_secret(&webhook).await {
        // Somebody has just removed it.
        Err(Error::Refused(Refusal::WebhookNotFound)) => return Ok(Packed::NoWebhook),
        secret => secret?,
    };
    Ok(Packed::Ready(Box::new(Parcel { delivery: delivery.clone(), webhook, secret, told })))
}

async fn told(service: &Service, about: &About) -> Result<Option<Told>> {
    let store = service.store();
    match about {
        About::Message { room, seq } => {
            let Some(room) = store.room(room).await? else { return Ok(None) };
            let message = store.messages(&room.id, *seq, *seq, 1).await?.pop();
            let message = message.filter(|message| message.kind != MessageKind::Deleted);
            let Some(message) = message else { return Ok(None) };
            let id = ContactId::parse(&message.author.id).filter(|_| message.author.kind == AuthorKind::Contact);
            let author = contact(service, id).await?;
            Ok(Some(Told::Message { room: Box::new(room), message: Box::new(message), author }))
        }
        About::Room(room) => {
            let Some(room) = store.room(room).await? else { return Ok(None) };
            let alone = match room.created_by {
                Some(creator) => Some(creator),
                None => match store.participants(&room.id, Who::Joined, 2).await?.as_slice() {
                    [one] => one.contact,
                    _ => None,
                },
            };
            let contact = contact(service, alone).await?;
            Ok(Some(Told::Room { room: Box::new(room), contact }))
        }
        About::Event(event) => Ok(store.event(event).await?.map(|event| Told::Event(Box::new(event)))),
    }
}

async fn contact(service: &Service, id: Option<ContactId>) -> Result<Option<Box<Contact>>> {
    let Some(id) = id else { return Ok(None) };
    Ok(service.store().contact_by_id(&id).await?.map(Box::new))
}

//! The body of a call to a webhook, in Sunshine's form. It is made when it is sent.

use serde_json::{Value, json};
use service::deliveries::{Parcel, Told};

use crate::wire::openmethods::shown::event_payload;
use crate::wire::sunshine::shown::{FileLinks, conversation_payload, message_payload, moment};

/// One event in a list of one, because receivers expect a list.
pub(super) fn of(links: FileLinks<'_>, parcel: &Parcel) -> Value {
    let (delivery, webhook) = (&parcel.delivery, &parcel.webhook);
    let payload = match &parcel.told {
        Told::Message { room, message, author } => {
            message_payload(links, room, message, author.as_deref(), webhook.include_full_user)
        }
        Told::Room { room, contact } => conversation_payload(room, contact.as_deref(), webhook.include_full_user),
        Told::Event(event) => event_payload(event),
    };
    json!({
        "app": { "id": delivery.app_id },
        "webhook": { "id": webhook.id, "version": "v2" },
        "events": [{
            "id": delivery.id,
            "createdAt": moment(delivery.created_at),
            "type": delivery.trigger,
            "payload": payload,
        }],
    })
}

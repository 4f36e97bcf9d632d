//! What was delivered to the webhooks of an integration: what its pages read, and the form that sends it again.

use domain::delivery::{About, Delivery, DeliveryQuery, DeliveryState};
use domain::ids::{DeliveryId, IntegrationId, RoomId};
use domain::integration::Integration;
use domain::page::Page;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::room::RoomKind;
use domain::timestamp::Timestamp;
use service::Caller;

use super::context::Desk;
use super::integrations::{IntegrationView, address, integration_id, read_one, told};
use super::rooms::allowed;
use crate::error::ConsoleError;
use crate::forms::integration_done::IntegrationDone;
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// How many deliveries the page of an integration shows.
const LATEST: u32 = 10;

/// A page of the deliveries of an integration.
#[derive(Debug)]
pub struct DeliveryList {
    pub integration: Integration,
    pub page: Page<Delivery>,
    pub now: Timestamp,
}

/// A delivery.
#[derive(Debug)]
pub struct DeliveryView {
    pub integration: Integration,
    pub delivery: Delivery,
    /// The name and the page of what it is about; `None` if that is gone.
    pub about: Option<(String, String)>,
    /// Where it goes; `None` if the webhook is gone.
    pub target: Option<String>,
}

/// Reads the ids of an integration and of one of its deliveries from an address.
pub fn delivery_ids(integration: &str, delivery: &str) -> Result<(IntegrationId, DeliveryId), ConsoleError> {
    let id = DeliveryId::parse(delivery).ok_or(ConsoleError::Refused(Refusal::DeliveryNotFound))?;
    Ok((integration_id(integration)?, id))
}

pub async fn read_deliveries(id: &str, query: &DeliveryQuery) -> Result<DeliveryList, ConsoleError> {
    let view = read_one(id).await.and_then(IntegrationView::managed)?;
    let desk = Desk::from_context()?;
    let page = desk.service().deliveries(&desk.caller()?, &view.integration.id, query).await?;
    Ok(DeliveryList { integration: view.integration, page, now: view.now })
}

/// The latest deliveries of an integration.
pub async fn read_latest(id: &IntegrationId) -> Result<Page<Delivery>, ConsoleError> {
    let desk = Desk::from_context()?;
    let query = DeliveryQuery { rows: LATEST, ..DeliveryQuery::default() };
    Ok(desk.service().deliveries(&desk.caller()?, id, &query).await?)
}

pub async fn read_delivery(integration: &str, delivery: &str) -> Result<DeliveryView, ConsoleError> {
    let integration = read_one(integration).await.and_then(IntegrationView::managed)?.integration;
    let (_, id) = delivery_ids(integration.id.as_str(), delivery)?;
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let delivery = desk.service().delivery(&caller, &integration.id, &id).await?;
    let target = target_of(&integration, &delivery);
    let about = match &delivery.about {
        About::Message { room, .. } | About::Room(room) => room_page(&desk, &caller, room).await,
        // It may be of another integration, whose page is somewhere else.
        About::Event(_) => None,
    };
    Ok(DeliveryView { integration, delivery, about, target })
}

/// Where a delivery goes; `None` if its webhook is gone.
pub fn target_of(integration: &Integration, delivery: &Delivery) -> Option<String> {
    let webhook = integration.webhooks.iter().find(|webhook| webhook.id == delivery.webhook_id)?;
    Some(webhook.target.clone())
}

/// The name and the page of a room or chat.
async fn room_page(desk: &Desk, caller: &Caller, id: &RoomId) -> Option<(String, String)> {
    let room = desk.service().room(caller, id).await.ok()?;
    let list = if room.kind == RoomKind::Room { "rooms" } else { "chats" };
    Some((room.name, format!("/{list}/{}", room.id)))
}

/// Whether a delivery can be sent again: one that is over, or waits for another try. Not one that waits for its turn.
pub fn can_send_again(delivery: &Delivery) -> bool {
    delivery.state != DeliveryState::Waiting || (delivery.tries > 0 && delivery.next_try_at.is_some())
}

pub async fn send_again(
    desk: Desk,
    (integration, delivery): (IntegrationId, DeliveryId),
    _form: Nothing,
) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let sent = desk.service().send_again(&caller, &integration, &delivery).await?;
    let to = format!("{}/deliveries/{}", address(&integration), sent.id);
    Ok(told(&desk, to, IntegrationDone::SentAgain))
}

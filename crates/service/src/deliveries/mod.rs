//! What webhooks are told. It is noted in the transaction of what happened, sent in the background, and people can look at
//! it and have it sent again.

mod choice;
mod news;
mod parcel;
mod worker;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use domain::{
    audit::{Action, AuditEvent, Subject},
    contact::Contact,
    delivery::{DUE_AT_MOST, Delivery, DeliveryQuery, KEPT, Reply, WAITS_AT_MOST},
    event::Event,
    ids::{DeliveryId, IntegrationId},
    integration::Integration,
    message::Message,
    page::Page,
    refusal::Refusal,
    role::Act,
    room::Room,
    timestamp::Millis,
    webhook::Webhook,
};
use secrecy::SecretString;
use store::Tx;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    news::{News, enqueue, tell_of_room},
    worker::{LOOK_EVERY, Worker},
};
use crate::{Caller, Error, Result, Service, service::event};

/// The most deliveries to forget or to fail in one transaction, so that other writers do not wait long.
const AT_ONCE: u32 = 5_000;

/// The most deliveries that were never sent to fail in one transaction. Each is named by its number.
const UNSENT_AT_ONCE: u32 = 500;

/// What a webhook is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A message in a chat.
    Message {
        /// The chat.
        room: Box<Room>,
        /// The message.
        message: Box<Message>,
        /// Who wrote it, if that is a contact who is still there.
        author: Option<Box<Contact>>,
    },
    /// A chat.
    Room {
        /// The chat.
        room: Box<Room>,
        /// On whose behalf it was created, or who is alone in it, if that is a contact who is still there.
        contact: Option<Box<Contact>>,
    },
    /// What a program reported.
    Event(Box<Event>),
}

/// A delivery with all that sending it takes.
pub struct Parcel {
    /// The delivery.
    pub delivery: Delivery,
    /// Whom it is told.
    pub webhook: Webhook,
    /// What every call to that webhook carries.
    pub secret: SecretString,
    /// What it is told.
    pub told: Told,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("delivery", &self.delivery.id).finish_non_exhaustive()
    }
}

/// What comes of sending a parcel.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// What sends parcels.
pub trait Deliver: Send + Sync {
    /// Sends a parcel of this service, or says why not, within 10 seconds.
    fn deliver<'a>(&'a self, service: &'a Service, parcel: &'a Parcel) -> Delivering<'a>;
}

/// Who sends parcels in this process, and when to look for what is due.
#[derive(Default)]
pub(crate) struct Outbox {
    deliver: OnceLock<Arc<dyn Deliver>>,
    due: Notify,
}

impl Outbox {
    /// Something is due now.
    pub fn is_due(&self) {
        self.due.notify_one();
    }
}

impl Service {
    /// Says who sends what webhooks are told, once that is known. Until then, this process sends nothing.
    pub fn delivers_by(&self, deliver: Arc<dyn Deliver>) {
        // Who sends does not change.
        let _ = self.outbox().deliver.set(deliver);
    }

    /// A page of what the webhooks of an integration were and will be told, newest first. Refuses with `Forbidden` or
    /// `IntegrationNotFound`.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        integration: &IntegrationId,
        query: &DeliveryQuery,
    ) -> Result<Page<Delivery>> {
        let found = self.store().integration(integration).await?;
        let integration = told_to(caller, integration, found)?;
        Ok(self.store().list_deliveries(&integration.id, query).await?)
    }

    /// One of them; `DeliveryNotFound` if there is no such delivery.
    pub async fn delivery(&self, caller: &Caller, integration: &IntegrationId, id: &DeliveryId) -> Result<Delivery> {
        let found = self.store().integration(integration).await?;
        let integration = told_to(caller, integration, found)?;
        of(&integration, self.store().delivery(id).await?)
    }

    /// Sends a delivery again: one that is over from its first try, one that waits for its next try at once, with a try of its
    /// own. One that is being sent, or waits for the one before it, stays as it is, and nothing is recorded.
    pub async fn send_again(&self, caller: &Caller, integration: &IntegrationId, id: &DeliveryId) -> Result<Delivery> {
        let work = async |tx: &mut Tx| {
            let found = tx.integration(integration).await?;
            let integration = told_to(caller, integration, found)?;
            let before = of(&integration, tx.delivery(id).await?)?;
            if tx.webhook(&before.webhook_id).await?.is_none() {
                return Err(Refusal::WebhookNotFound.into());
            }
            if !tx.send_delivery_again(id, self.now()).await? {
                return Ok(before);
            }
            let subject = Subject::integration(&integration.id, integration.shown_name());
            let event = AuditEvent {
                app_id: Some(integration.app_id),
                note: Some(format!("{} {id}", before.trigger.as_str())),
                ..event(caller, self.now(), Action::DeliverySentAgain, subject)
            };
            self.record(tx, event).await?;
            of(&integration, tx.delivery(id).await?)
        };
        let delivery = self.write(work).await?;
        self.outbox().is_due();
        Ok(delivery)
    }

    /// Fails what waited behind others or was due for too long, and forgets what was over long ago, part by part until
    /// `shutdown`.
    pub(crate) async fn tidy_deliveries(&self, shutdown: &CancellationToken) -> Result<()> {
        let now = self.now();
        let before = |age: Millis| now.plus(Millis(-age.0));
        let (late, old) = (before(WAITS_AT_MOST), before(KEPT));
        let unsent = before(DUE_AT_MOST);
        // For example those of integrations that are not in use.
        for webhook in self.store().due_webhooks(unsent).await? {
            while !shutdown.is_cancelled() {
                let part =
                    async |tx: &mut Tx| tx.fail_unsent_deliveries(&webhook.id, unsent, now, UNSENT_AT_ONCE).await;
                if self.write(part).await? < u64::from(UNSENT_AT_ONCE) {
                    break;
                }
            }
        }
        while !shutdown.is_cancelled() {
            let part = async |tx: &mut Tx| {
                let failed = tx.fail_late_deliveries(late, now, AT_ONCE).await?;
                Ok::<_, Error>(failed.max(tx.prune_deliveries(old, AT_ONCE).await?))
            };
            if self.write(part).await? < u64::from(AT_ONCE) {
                break;
            }
        }
        Ok(())
    }
}

/// The integration, if it is in sight, and the caller may see what its webhooks are told: an integration's own key may.
fn told_to(caller: &Caller, id: &IntegrationId, found: Option<Integration>) -> Result<Integration> {
    if caller.own_integration() != Some(*id) {
        caller.may(Act::ManageIntegrations)?;
    }
    let found = found.filter(|found| caller.sight().apps.has(&found.app_id));
    Ok(found.ok_or(Refusal::IntegrationNotFound)?)
}

/// The delivery, if it is one of this integration.
fn of(integration: &Integration, found: Option<Delivery>) -> Result<Delivery> {
    let found = found.filter(|found| found.integration_id == integration.id);
    Ok(found.ok_or(Refusal::DeliveryNotFound)?)
}

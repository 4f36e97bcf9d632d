//! What sends: it takes what is due by a lease, sends it, and writes what came of it, all that has ended in one transaction.
//! Several processes do this on the same database. What one of them took and never wrote about is due again after a minute.

use std::{collections::HashMap, mem, sync::Arc, time::Duration};

use domain::{
    delivery::{Delivery, DeliveryState, NOTHING_LEFT, Reply},
    timestamp::{Millis, Timestamp},
};
use secrecy::ExposeSecret;
use store::{DueWebhook, StoreError, Tx, failpoint};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::timeout,
};

use super::{
    AT_ONCE, Deliver,
    choice::{Place, Traffic},
    parcel::{Packed, pack},
};
use crate::{Error, Result, Service, entropy, metrics::DeliveryOutcome};

/// How often to look for what is due: another process may have noted it, or it waited for its next try.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// For how long a process has what it took.
const LEASED: Millis = Millis::minutes(1);

/// What sending may take at the very most, after the time within which others answer at once.
const LONGEST: Duration = Duration::from_secs(12);

/// Nothing is sent when less than this is left of its lease.
const LEFT_AT_LEAST: Millis = Millis::seconds(20);

/// Whoever answers within this time answers at once.
const AT_ONCE_WITHIN: Duration = Duration::from_secs(2);

/// How long a delivery waits that could not be read, because the database did not answer.
const READ_AGAIN_AFTER: Millis = Millis::seconds(5);

/// How long what is on its way may take once the process stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// A delivery that is on its way.
struct Flight {
    delivery: Delivery,
    webhook: DueWebhook,
    place: Place,
}

/// What came of one.
struct Landed {
    delivery: Delivery,
    /// Whether there was an answer at once; `None` if nobody was asked.
    prompt: Option<bool>,
}

/// Takes and sends what is due.
pub(crate) struct Worker {
    service: Service,
    /// The mark of this process.
    lease: String,
    traffic: Traffic,
    sending: JoinSet<Landed>,
    flights: HashMap<Id, Flight>,
    /// What ended, until that is written.
    ended: Vec<Delivery>,
    /// The webhooks of those, for which something may be due then.
    freed: Vec<DueWebhook>,
}

impl Worker {
    /// One that has taken nothing yet.
    pub fn new(service: &Service) -> Self {
        Self {
            service: service.clone(),
            lease: String::new(),
            traffic: Traffic::default(),
            sending: JoinSet::new(),
            flights: HashMap::new(),
            ended: Vec::new(),
            freed: Vec::new(),
        }
    }

    /// Waits until something has come of a delivery, or another one is due.
    pub async fn is_called(&mut self) {
        tokio::select! {
            Some(joined) = self.sending.join_next_with_id() => self.land(joined),
            () = self.service.outbox().due.notified() => {}
        }
        while let Some(joined) = self.sending.try_join_next_with_id() {
            self.land(joined);
        }
    }

    /// Writes what has ended, and takes and sends what is due. Returns whether more may be due that could be taken now.
    pub async fn turn(&mut self) -> Result<bool> {
        let Some(deliver) = self.service.outbox().deliver.get().cloned() else { return Ok(false) };
        if self.lease.is_empty() {
            self.lease = hex::encode(entropy::bytes::<8>(self.service.entropy())?);
        }
        let now = self.service.now();
        let due = if self.traffic.has_room() { self.service.store().due_webhooks(now).await? } else { Vec::new() };
        let removed: Vec<_> = due.iter().filter(|due| due.target.is_none()).map(|due| due.id).collect();
        let asked = self.traffic.choose(due.iter().chain(&self.freed));
        if self.ended.is_empty() && asked.is_empty() && removed.is_empty() {
            return Ok(false);
        }
        let until = now.plus(LEASED);
        let (lease, ended) = (self.lease.as_str(), self.ended.as_slice());
        let work = async |tx: &mut Tx| {
            // Of all together, because somebody may have removed a thousand at the same time. The rest is due again.
            let mut left = AT_ONCE;
            for webhook in &removed {
                let dropped = tx.drop_deliveries(webhook, left).await?;
                left = left.saturating_sub(u32::try_from(dropped).unwrap_or(u32::MAX));
                if left == 0 {
                    break;
                }
            }
            tx.finish_deliveries(ended, lease, now).await?;
            Ok::<_, Error>(tx.lease_deliveries(&asked, lease, until, now).await?)
        };
        let has_ended = !ended.is_empty();
        if has_ended {
            failpoint::reached("delivery-before");
        }
        let taken = self.service.write(work).await?;
        if has_ended {
            failpoint::reached("delivery-after");
        }
        self.ended.clear();
        let freed = mem::take(&mut self.freed);
        let webhooks: HashMap<_, _> = freed.into_iter().chain(due).map(|webhook| (webhook.id, webhook)).collect();
        let (many, are_left) = (taken.len(), webhooks.len() > asked.len());
        for delivery in taken {
            if let Some(webhook) = webhooks.get(&delivery.webhook_id) {
                self.send(&deliver, delivery, webhook, until);
            }
        }
        let places: u32 = asked.iter().map(|(_, most)| most).sum();
        // Fewer were due for those that were asked for, so others may have their places.
        Ok(are_left && many > 0 && usize::try_from(places).is_ok_and(|places| many < places))
    }

    /// Gives what is on its way some time, and leaves the rest to others. That may arrive twice.
    pub async fn stop(mut self) {
        let land = async {
            while let Some(joined) = self.sending.join_next_with_id().await {
                self.land(joined);
            }
        };
        // Too late, or done.
        let _ = timeout(STOP_WITHIN, land).await;
        self.sending.abort_all();
        let now = self.service.now();
        self.ended.extend(self.flights.drain().map(|(_, flight)| waiting(flight.delivery, now)));
        if self.ended.is_empty() {
            return;
        }
        let (lease, ended) = (self.lease.as_str(), self.ended.as_slice());
        let work = async |tx: &mut Tx| tx.finish_deliveries(ended, lease, now).await;
        if let Err(error) = self.service.write(work).await {
            tracing::warn!(%error, "what came of {} deliveries is not known; they are sent again", self.ended.len());
        }
    }

    fn send(&mut self, deliver: &Arc<dyn Deliver>, delivery: Delivery, webhook: &DueWebhook, until: Timestamp) {
        let place = self.traffic.leaves(webhook);
        let sending = send(self.service.clone(), Arc::clone(deliver), delivery.clone(), until);
        let id = self.sending.spawn(sending).id();
        self.flights.insert(id, Flight { delivery, webhook: webhook.clone(), place });
    }

    fn land(&mut self, joined: Result<(Id, Landed), JoinError>) {
        let (id, landed) = match joined {
            Ok((id, landed)) => (id, Some(landed)),
            Err(error) => {
                tracing::error!(%error, "a delivery broke; it is sent again when its lease ends");
                (error.id(), None)
            }
        };
        let Some(flight) = self.flights.remove(&id) else { return };
        self.traffic.over(&flight.place, landed.as_ref().and_then(|landed| landed.prompt));
        if let Some(landed) = landed {
            if landed.prompt.is_some() {
                self.service.metrics().delivered(match landed.delivery.state {
                    DeliveryState::Delivered => DeliveryOutcome::Delivered,
                    DeliveryState::Waiting => DeliveryOutcome::Again,
                    DeliveryState::Failed => DeliveryOutcome::Failed,
                });
            }
            if landed.delivery.state != DeliveryState::Waiting {
                self.freed.push(flight.webhook);
            }
            self.ended.push(landed.delivery);
        }
    }
}

/// Sends a delivery. It belongs to this process until some time.
async fn send(service: Service, deliver: Arc<dyn Deliver>, delivery: Delivery, until: Timestamp) -> Landed {
    let asked_nobody = |delivery| Landed { delivery, prompt: None };
    let now = service.now();
    // This process may have been stopped for a while. Then another has it soon.
    if until.since(now) < LEFT_AT_LEAST {
        return asked_nobody(waiting(delivery, now));
    }
    let parcel = match pack(&service, &delivery).await {
        Ok(Packed::Ready(parcel)) => parcel,
        Ok(Packed::NothingLeft) => return asked_nobody(delivery.given_up(NOTHING_LEFT, service.now())),
        Ok(Packed::NoWebhook) => return asked_nobody(delivery.given_up("The webhook was removed.", service.now())),
        Err(Error::Store(error)) if !matches!(error, StoreError::Corrupt(_)) => {
            let later = service.now().plus(READ_AGAIN_AFTER);
            return asked_nobody(waiting(delivery, later));
        }
        Err(error) => {
            tracing::error!(%error, delivery = %delivery.id, "a delivery cannot be read");
            let reply = Reply::none("Keystead cannot read what to send; its log says why.");
            return asked_nobody(delivery.tried(&reply, service.now()));
        }
    };
    let delivery = Delivery { target: parcel.webhook.target.clone(), ..delivery };
    let mut sending = deliver.deliver(&service, &parcel);
    let answered = timeout(AT_ONCE_WITHIN, &mut sending).await;
    let prompt = answered.is_ok();
    let reply = match answered {
        Ok(reply) => reply,
        Err(_) => timeout(LONGEST, sending).await.unwrap_or_else(|_| Reply::none("there was no answer in time")),
    };
    let reply = reply.without(parcel.secret.expose_secret());
    Landed { delivery: delivery.tried(&reply, service.now()), prompt: Some(prompt) }
}

/// A delivery that was not tried, due at this time.
fn waiting(delivery: Delivery, at: Timestamp) -> Delivery {
    Delivery { next_try_at: Some(at), ..delivery }
}

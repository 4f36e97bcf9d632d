//! The group commit of events, and of what webhooks are told of them.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{
    delivery::About,
    event::{Event, EventAbout},
    ids::{AppId, EventId, IntegrationId, KeyId},
    kind::KeyKind,
    refusal::Refusal,
    timestamp::Timestamp,
    webhook::Trigger,
};
use store::{EventPlace, Hook, NewDelivery, StoreError, Tx};

use super::live::EventLive;
use crate::{
    clock::Clock,
    deliveries::Outbox,
    together::{Together, Writing, Written},
};

/// An event that is right as far as that can be known without its integration.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) id: EventId,
    pub(super) app_id: AppId,
    pub(super) kind: KeyKind,
    pub(super) key_id: KeyId,
    pub(super) key_name: String,
    pub(super) about: EventAbout,
    pub(super) data: String,
    pub(super) origin: Option<String>,
    pub(super) address: Option<IpAddr>,
}

impl Draft {
    /// The event, with the next number of its integration.
    fn event(&self, place: &mut EventPlace, at: Timestamp) -> Event {
        place.last_seq += 1;
        Event {
            id: self.id,
            app_id: self.app_id,
            integration_id: place.integration_id,
            seq: place.last_seq,
            kind: self.kind,
            key_id: self.key_id,
            key_name: self.key_name.clone(),
            name: self.about.name.clone(),
            crm_id: self.about.crm_id.clone(),
            agent_id: self.about.agent_id.clone(),
            data: self.data.clone(),
            origin: self.origin.clone(),
            address: self.address,
            at,
        }
    }
}

/// Writes events together, and tells those who watch and those who send to webhooks.
pub(crate) struct EventWork {
    clock: Arc<dyn Clock>,
    live: Arc<EventLive>,
    outbox: Arc<Outbox>,
    /// Whether a webhook is to be told of what is being written.
    is_due: AtomicBool,
}

impl EventWork {
    pub(crate) fn new(clock: Arc<dyn Clock>, live: Arc<EventLive>, outbox: Arc<Outbox>) -> Self {
        Self { clock, live, outbox, is_due: AtomicBool::default() }
    }
}

impl Together for EventWork {
    type Job = Arc<Draft>;
    type Done = Event;

    const TOGETHER: usize = 500;
    /// Together they have at most 64 MB of further members.
    const WAITING: usize = 1_000;
    const WHAT: &'static str = "events";

    fn write<'a>(&'a self, tx: &'a mut Tx, jobs: &'a [&'a Arc<Draft>]) -> Writing<'a, Event> {
        Box::pin(async move {
            let (written, is_due) = write_all(tx, jobs, self.clock.now()).await?;
            self.is_due.store(is_due, Ordering::Relaxed);
            Ok(written)
        })
    }

    fn written(&self, done: &[&Event]) {
        for event in done {
            self.live.tell(&event.integration_id, event.seq);
        }
        if self.is_due.swap(false, Ordering::Relaxed) {
            self.outbox.is_due();
        }
    }
}

/// Writes what may be written, and returns whether a webhook is to be told of any of it.
async fn write_all(tx: &mut Tx, jobs: &[&Arc<Draft>], now: Timestamp) -> Result<(Written<Event>, bool), StoreError> {
    let apps: BTreeSet<_> = jobs.iter().map(|job| job.app_id).collect();
    let apps: Vec<_> = apps.into_iter().collect();
    let places = tx.event_places(&apps).await?;
    let mut places: HashMap<_, _> = places.into_iter().map(|place| ((place.app_id, place.kind), place)).collect();
    let written: Written<Event> = jobs
        .iter()
        .map(|job| {
            let place = places.get_mut(&(job.app_id, job.kind)).ok_or(Refusal::IntegrationNotFound)?;
            Ok(job.event(place, now))
        })
        .collect();
    let events: Vec<&Event> = written.iter().filter_map(|written| written.as_ref().ok()).collect();
    if events.is_empty() {
        return Ok((written, false));
    }
    tx.insert_events(&events).await?;
    let is_due = forward(tx, &apps, &events).await?;
    Ok((written, is_due))
}

/// Has the webhooks told that want to hear of events, and returns whether there are any.
async fn forward(tx: &mut Tx, apps: &[AppId], events: &[&Event]) -> Result<bool, StoreError> {
    let mut hooks: HashMap<IntegrationId, Vec<Hook>> = HashMap::new();
    for hook in tx.hooks_for(apps, &[Trigger::Event]).await? {
        hooks.entry(hook.integration_id).or_default().push(hook);
    }
    let mut told = Vec::new();
    for event in events {
        for hook in hooks.get(&event.integration_id).into_iter().flatten() {
            told.push(NewDelivery {
                webhook: hook.clone(),
                trigger: Trigger::Event,
                about: About::Event(event.id),
                lane: lane(event),
                at: event.at,
            });
        }
    }
    tx.enqueue(&told).await?;
    Ok(!told.is_empty())
}

/// The events of one agent of a CRM are told in their order, and one without an agent waits for no other. No CRM ID and no
/// agent has a line break in it.
fn lane(event: &Event) -> String {
    format!("{}\n{}", event.crm_id, event.agent_id.as_deref().unwrap_or_else(|| event.id.as_str()))
}

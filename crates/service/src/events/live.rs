//! Watching the events of an integration as they come, to this process or another. Few watch, so each reads the events for
//! itself, and is only told how far there are any.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use domain::{
    event::Event,
    ids::{IntegrationId, KeyId},
};
use store::Store;
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{Caller, Result, Service, verify::shards::lock};

/// How often whoever watches reads, and how many events they see of each time. More can be neither read nor sent to many.
const READ_EVERY: Duration = Duration::from_millis(250);
const SHOWN: u32 = 25;

/// How many events of an integration are looked through each time for those with a key.
const LOOKED_THROUGH: u64 = 5_000;

/// How many integrations are looked at in one statement.
const LOOKED_AT: usize = 500;

/// What whoever watches learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSeen {
    /// The next event.
    Event(Box<Event>),
    /// This many events were left out; of those that were not looked through, with any key.
    More(u64),
}

/// The events of an integration from now on, or only those with one of its keys. Dropping this ends the watch.
#[derive(Debug)]
pub struct EventWatch {
    integration: IntegrationId,
    key: Option<KeyId>,
    store: Store,
    /// The number of the last event.
    told: watch::Receiver<u64>,
    /// The number of the next event to read.
    next: u64,
    read: VecDeque<Event>,
    ticks: Interval,
}

impl EventWatch {
    /// The same from the event after this number, as far as that is not too long ago.
    #[must_use]
    pub fn after(self, seq: u64) -> Self {
        Self { next: self.next.min(seq.saturating_add(1)), ..self }
    }

    /// The next events in their order; of a busy integration, the last of each moment and how many more there were. `None`
    /// when the database does not answer or the service is gone.
    pub async fn next(&mut self) -> Option<EventSeen> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(EventSeen::Event(Box::new(event)));
            }
            let told = *self.told.borrow_and_update();
            if told < self.next {
                self.told.changed().await.ok()?;
                continue;
            }
            self.ticks.tick().await;
            let last = *self.told.borrow_and_update();
            let (read, left_out) = self.read_until(last).await?;
            self.read = read.into();
            self.next = last + 1;
            if left_out > 0 {
                return Some(EventSeen::More(left_out));
            }
        }
    }
}

impl EventWatch {
    /// The newest of the events up to this one that were not read yet, and how many are left out.
    async fn read_until(&self, last: u64) -> Option<(Vec<Event>, u64)> {
        let most = if self.key.is_some() { LOOKED_THROUGH } else { SHOWN.into() };
        let first = self.next.max((last + 1).saturating_sub(most));
        let unread = first - self.next;
        let Some(key) = &self.key else {
            let read = self.store.events_between(&self.integration, first, last, SHOWN).await.ok()?;
            return Some((read, unread));
        };
        let found = self.store.events_of_key_between(&self.integration, key, first, last, SHOWN).await.ok()?;
        let (read, count) = found;
        let more = count.saturating_sub(u64::try_from(read.len()).unwrap_or(u64::MAX));
        Some((read, unread + more))
    }
}

/// Who watches which integration in this process.
#[derive(Debug, Default)]
pub(crate) struct EventLive(Mutex<HashMap<IntegrationId, watch::Sender<u64>>>);

impl EventLive {
    /// Tells those who watch the integration that it has events up to this number.
    pub(crate) fn tell(&self, integration: &IntegrationId, last: u64) {
        if let Some(told) = lock(&self.0).get(integration) {
            told.send_if_modified(|told| {
                let is_newer = last > *told;
                *told = last.max(*told);
                is_newer
            });
        }
    }

    fn join(&self, integration: &IntegrationId, last: u64) -> watch::Receiver<u64> {
        lock(&self.0).entry(*integration).or_insert_with(|| watch::Sender::new(last)).subscribe()
    }

    /// The integrations that somebody watches. Forgets the others.
    fn watched(&self) -> Vec<IntegrationId> {
        let mut watched = lock(&self.0);
        watched.retain(|_, told| told.receiver_count() > 0);
        watched.keys().copied().collect()
    }
}

impl Service {
    /// Watches the events of an integration from now on; with a key, only those that come with it.
    pub async fn watch_events(
        &self,
        caller: &Caller,
        integration: &IntegrationId,
        key: Option<&KeyId>,
    ) -> Result<EventWatch> {
        let integration = self.integration(caller, integration).await?.id;
        let ends = self.store().event_ends(&[integration]).await?;
        let last = ends.first().map_or(0, |(_, last)| *last);
        let told = self.event_live().join(&integration, last);
        let mut ticks = interval(READ_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let store = self.store().clone();
        Ok(EventWatch { integration, key: key.copied(), store, told, next: last + 1, read: VecDeque::new(), ticks })
    }

    /// Tells those who watch integrations of the events that other processes took in. [`Service::run`] does it each second.
    pub(crate) async fn tell_event_watchers(&self) -> Result<()> {
        let live = self.event_live();
        for some in live.watched().chunks(LOOKED_AT) {
            for (integration, last) in self.store().event_ends(some).await? {
                live.tell(&integration, last);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_never_goes_back_and_nobody_is_remembered_who_left() {
        let (live, integration) = (EventLive::default(), IntegrationId::from_random([1; 12]));
        live.tell(&integration, 7);
        let mut first = live.join(&integration, 7);
        let second = live.join(&integration, 6);
        assert_eq!((*first.borrow_and_update(), *second.borrow()), (7, 7));
        live.tell(&integration, 9);
        live.tell(&integration, 8);
        assert!(first.has_changed().unwrap() && *first.borrow_and_update() == 9);
        assert!(!first.has_changed().unwrap());
        assert_eq!(live.watched(), [integration]);
        drop((first, second));
        assert!(live.watched().is_empty());
    }
}

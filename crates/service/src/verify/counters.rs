//! The rate limits and call quotas of each key, counted in this process. It counts a rate limit against its share of it,
//! and spends of a call quota only the block that it has reserved, so both hold across all processes.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use domain::{
    ids::KeyId,
    quota::Quota,
    share::{Look, Others, Share, Spending},
    timestamp::Millis,
};
use store::{LimitPlace, Store, StoreError};

use super::{
    ByKey,
    limits::{Answer, Asking, Logs, Standing},
    quota::{QuotaSpending, QuotaState},
    shards::{Shards, lock},
};
use crate::{clock::Clock, error::Result};

/// The counters of all keys that have some.
#[derive(Default)]
pub(super) struct Counters(Shards<ByKey<Arc<KeyCounters>>>);

/// The counters of one key. They outlive the cached key, so an edit does not reset a limit.
#[derive(Default)]
pub(super) struct KeyCounters {
    logs: Mutex<Logs>,
    /// Boxed, because few keys have a call quota, but a million may have counters.
    quota: OnceLock<Arc<QuotaSpending>>,
}

impl Counters {
    /// The counters of a key.
    pub(super) fn of(&self, id: &KeyId) -> Arc<KeyCounters> {
        Arc::clone(self.0.of(id.as_str()).entry(*id).or_default())
    }

    fn known(&self, id: &KeyId) -> Option<Arc<KeyCounters>> {
        self.0.of(id.as_str()).get(id).cloned()
    }

    /// Returns blocks that nobody is spending, or all of them at the end, and forgets keys with nothing counted.
    pub(super) async fn tidy(&self, store: &Store, clock: &dyn Clock, uptime: Millis, at_end: bool) -> Result<()> {
        let mut unspent = Vec::new();
        for mut keys in self.0.iter() {
            for (id, key) in keys.iter() {
                unspent.extend(key.quota.get().and_then(|quota| quota.give_back(id, clock.instant(), at_end)));
            }
            // It is in use by a cached key or a call, which goes on counting.
            keys.retain(|_, key| Arc::strong_count(key) > 1 || !key.is_idle(uptime));
        }
        if unspent.is_empty() {
            return Ok(());
        }
        let work = async |tx: &mut store::Tx| tx.return_quota(&unspent).await;
        // If a block cannot be returned, it is lost. That is safe; returning it twice would not be.
        let given: Result<(), StoreError> = Box::pin(store.write(work)).await;
        Ok(given?)
    }

    /// What [`Logs::has_news`] says of a limit.
    pub(super) fn has_news(&self, place: &LimitPlace, now: Millis) -> Result<(), Option<Millis>> {
        self.known(&place.key_id).map_or(Ok(()), |key| lock(&key.logs).has_news(place, now))
    }

    /// What [`Logs::settle`] puts on record.
    pub(super) fn settle(&self, place: &LimitPlace, now: Millis, on_record: u32, others: &Others) -> Share {
        let key = self.known(&place.key_id);
        key.map_or_else(Share::default, |key| lock(&key.logs).settle(place, now, on_record, others))
    }

    /// Takes what is on record now, as [`Logs::took`] does.
    pub(super) fn took(&self, place: &LimitPlace, now: Millis, share: Share, others: &Others) -> Option<Millis> {
        let gone = (share != Share::default()).then_some(now);
        self.known(&place.key_id).map_or(gone, |key| lock(&key.logs).took(place, now, share, others))
    }

    /// From now on, counts all limits against shares: `share` says what each begins with.
    pub(super) fn share(&self, now: Millis, share: fn(Look) -> Spending) {
        for keys in self.0.iter() {
            keys.values().for_each(|key| lock(&key.logs).share(now, share));
        }
    }

    /// From now on, counts against whole limits.
    pub(super) fn own_all(&self) {
        for keys in self.0.iter() {
            keys.values().for_each(|key| lock(&key.logs).own_all());
        }
    }

    /// Tells `see` of every share.
    pub(super) fn see_shares(&self, now: Millis, see: &mut dyn FnMut(LimitPlace, Look, &mut Spending)) {
        for keys in self.0.iter() {
            keys.iter().for_each(|(id, key)| lock(&key.logs).see_shares(id, now, see));
        }
    }
}

impl KeyCounters {
    /// Checks every limit of the key and of the call. If all have room, counts the call with each of them.
    pub(super) fn limits(&self, asking: Asking<'_>, standing: impl FnOnce() -> Standing) -> Answer {
        let mut logs = lock(&self.logs);
        // Only under the lock: whoever changes it then goes through the limits of each key.
        logs.ask(asking, standing())
    }

    /// Whether a call that lacks room in these limits should wait for more. Notes that it does.
    pub(super) fn wait(&self, short: &[(LimitPlace, u32)], now: Millis) -> bool {
        lock(&self.logs).wait(short, now)
    }

    /// Notes that the call no longer waits.
    pub(super) fn waited(&self, short: &[(LimitPlace, u32)]) {
        lock(&self.logs).waited(short);
    }

    /// Notes that the call is refused.
    pub(super) fn refused(&self, short: &[(LimitPlace, u32)], found_none: bool, now: Millis) {
        lock(&self.logs).refused(short, found_none, now);
    }

    /// Spends `cost` calls of the quota, from the block in memory if it has them.
    pub(super) async fn spend(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        id: &KeyId,
        quota: (Quota, i64),
        cost: u32,
    ) -> Result<QuotaState> {
        self.quota.get_or_init(Arc::default).spend(store, clock, id, quota, cost).await
    }

    /// Roughly how many calls are left, as far as this process knows; `None` before it has reserved a block.
    pub(super) fn left(&self, epoch: i64, period: i64) -> Option<u64> {
        self.quota.get()?.left(epoch, period)
    }

    /// Calls of the block in memory.
    pub(super) fn unspent(&self, epoch: i64, period: i64) -> u64 {
        self.quota.get().map_or(0, |quota| quota.unspent(epoch, period))
    }

    fn is_idle(&self, now: Millis) -> bool {
        lock(&self.logs).is_idle(now) && self.quota.get().is_none_or(|quota| quota.is_idle())
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCounters").finish_non_exhaustive()
    }
}

//! The rate limits and call quotas of each key, counted in this process. A rate limit applies per process. A call quota
//! is exact across all of them, because a process spends only the block that it has reserved in the store.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    ids::KeyId,
    limit::{CallLog, RateLimit},
    quota::Quota,
    timestamp::Millis,
};
use store::{QuotaBlock, QuotaReturn, Store, StoreError};

use super::{
    AskedLimit, ByKey,
    shards::{Shards, lock},
};
use crate::{clock::Clock, error::Result};

/// The most limits that are counted for one key: its own, and those that calls bring along.
const LOGS_MAX: usize = 64;

/// How long a process assumes that a call quota is used up before it asks again.
const EMPTY_FOR: Duration = Duration::from_millis(250);

/// A block is at most one part in this many of what this process has spent, so that a crash loses little of a quota even
/// if it happens again and again.
const SPENT_SHARE: u64 = 8;

/// A block that was not used for this long is returned.
const UNTOUCHED_FOR: Duration = Duration::from_secs(5);

/// The answer of one rate limit to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// The rate limit that answered.
    pub limit: RateLimit,
    /// Whether there was room.
    pub passed: bool,
    /// How many calls are left after this one.
    pub remaining: u32,
    /// How long until there is room or, if there was, until the oldest call no longer counts.
    pub reset: Millis,
}

/// The answer of the call quota to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaState {
    /// Whether enough was left.
    pub passed: bool,
    /// Roughly how many calls are left, not counting calls reserved by other processes.
    pub remaining: u64,
}

/// The counters of all keys that have some.
#[derive(Default)]
pub(super) struct Counters(Shards<ByKey<Arc<KeyCounters>>>);

/// The counters of one key. They outlive the cached key, so an edit does not reset a limit.
#[derive(Default)]
pub(super) struct KeyCounters {
    logs: Mutex<Vec<Counted>>,
    /// Boxed, because few keys have a call quota, but a million may have counters.
    quota: OnceLock<Box<Spending>>,
}

struct Counted {
    limit: RateLimit,
    log: CallLog,
}

/// A call quota as this process spends it.
#[derive(Default)]
struct Spending {
    block: Mutex<Held>,
    /// Locked while a block is being reserved, so that a burst of calls reserves only one.
    taking: tokio::sync::Mutex<()>,
    /// What the calls cost that wait for a block. They spend it at once, so it may have room for them all.
    awaited: AtomicU64,
}

/// A call that waits for a block.
struct Awaiting<'a>(&'a AtomicU64, u64);

impl<'a> Awaiting<'a> {
    fn new(awaited: &'a AtomicU64, cost: u64) -> Self {
        awaited.fetch_add(cost, Ordering::AcqRel);
        Self(awaited, cost)
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::AcqRel);
    }
}

/// The block that is being spent.
#[derive(Default)]
struct Held {
    epoch: i64,
    period: i64,
    calls: u64,
    /// How many calls the store had left when the block was reserved.
    behind: u64,
    /// How many calls this process has spent of the key's quotas.
    spent: u64,
    touched: Option<Instant>,
    /// The last request that the store could not satisfy: how many calls it was for, and when.
    empty: Option<(u64, Instant)>,
}

impl Counters {
    /// The counters of a key.
    pub(super) fn of(&self, id: &KeyId) -> Arc<KeyCounters> {
        Arc::clone(self.0.of(id.as_str()).entry(*id).or_default())
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
}

impl KeyCounters {
    /// Checks every limit of the key and of the call. If all have room and `count` is set, counts the call with each of
    /// them.
    pub(super) fn limits(
        &self,
        own: &[RateLimit],
        asked: &[AskedLimit],
        cost: u32,
        now: Millis,
        count: bool,
    ) -> Vec<LimitState> {
        let mut logs = lock(&self.logs);
        // Do this before any index is taken, because removing an entry moves the others.
        if logs.len() > LOGS_MAX {
            forget_brought(&mut logs, own, now);
        }
        let own = own.iter().filter_map(|own| match asked.iter().find(|asked| asked.name() == own.name) {
            None => Some((own, cost)),
            Some(AskedLimit::Own { cost, .. }) => Some((own, *cost)),
            Some(AskedLimit::Brought { .. }) => None,
        });
        let more = asked.iter().filter_map(|asked| match asked {
            AskedLimit::Own { .. } => None,
            AskedLimit::Brought { limit, cost } => Some((limit, *cost)),
        });
        let mut states: Vec<(LimitState, usize, u32)> = Vec::new();
        for (limit, cost) in own.chain(more) {
            let place = place(&mut logs, limit);
            let Some(counted) = logs.get_mut(place) else { continue };
            let taken = counted.log.ask(limit.limit, limit.window, cost, now);
            let state = LimitState {
                limit: limit.clone(),
                passed: taken.passed,
                remaining: taken.remaining,
                reset: taken.reset,
            };
            states.push((state, place, cost));
        }
        if count && states.iter().all(|(state, _, _)| state.passed) {
            for (state, place, cost) in &mut states {
                if let Some(counted) = logs.get_mut(*place) {
                    counted.log.count(state.limit.limit, state.limit.window, *cost, now);
                    state.remaining = state.remaining.saturating_sub(*cost);
                }
            }
        }
        states.into_iter().map(|(state, _, _)| state).collect()
    }

    /// Spends `cost` calls of the quota, from the block in memory if it has them.
    pub(super) async fn spend(
        &self,
        store: &Store,
        clock: &dyn Clock,
        id: &KeyId,
        quota: (Quota, i64),
        cost: u32,
    ) -> Result<QuotaState> {
        self.quota.get_or_init(Box::default).spend(store, clock, id, quota, cost).await
    }

    /// Roughly how many calls are left, as far as this process knows; `None` before it has reserved a block.
    pub(super) fn left(&self, epoch: i64, period: i64) -> Option<u64> {
        self.quota.get()?.left(epoch, period)
    }

    /// Calls of the block in memory.
    pub(super) fn unspent(&self, epoch: i64, period: i64) -> u64 {
        self.quota.get().map_or(0, |quota| lock(&quota.block).fitting(epoch, period))
    }

    fn is_idle(&self, now: Millis) -> bool {
        let counting = lock(&self.logs).iter().any(|counted| !counted.log.is_over(counted.limit.window, now));
        !counting && self.quota.get().is_none_or(|quota| lock(&quota.block).calls == 0)
    }
}

impl Spending {
    async fn spend(
        &self,
        store: &Store,
        clock: &dyn Clock,
        id: &KeyId,
        (quota, epoch): (Quota, i64),
        cost: u32,
    ) -> Result<QuotaState> {
        let cost = u64::from(cost);
        let now = clock.now();
        let period = quota.refill.period(now);
        if let Some(state) = self.spend_held(epoch, period, cost, clock.instant()) {
            return Ok(state);
        }
        let _awaiting = Awaiting::new(&self.awaited, cost);
        let _taking = self.taking.lock().await;
        // Another call may have reserved a block in the meantime.
        if let Some(state) = self.spend_held(epoch, period, cost, clock.instant()) {
            return Ok(state);
        }
        let (held, spent) = {
            let held = lock(&self.block);
            (held.fitting(epoch, period), held.spent)
        };
        let least = cost.saturating_sub(held);
        let wanted = (spent / SPENT_SHARE).max(self.awaited.load(Ordering::Acquire));
        let work = async |tx: &mut store::Tx| tx.take_quota(id, epoch, least, wanted, now).await;
        let taken: Result<Option<QuotaBlock>, StoreError> = Box::pin(store.write(work)).await;
        let Some(block) = taken? else {
            // The quota was changed, and this call still has the old key.
            return Ok(QuotaState { passed: false, remaining: 0 });
        };
        if block.was_ahead {
            tracing::warn!(key = id.as_str(), "a call quota was in a period that lies far ahead: a clock was wrong");
        }
        let mut held = lock(&self.block);
        let calls = held.fitting(epoch, block.period).saturating_add(block.calls);
        let spent = held.spent;
        *held = Held { epoch, period: block.period, calls, behind: block.left, spent, ..Held::default() };
        // Keep it even if it is not enough. It is returned like any other block.
        let at = clock.instant();
        held.touched = Some(at);
        let passed = calls >= cost;
        if passed {
            held.calls = calls - cost;
            held.spent = spent.saturating_add(cost);
        } else {
            held.empty = Some((cost, at));
        }
        Ok(QuotaState { passed, remaining: held.calls.saturating_add(block.left) })
    }

    fn left(&self, epoch: i64, period: i64) -> Option<u64> {
        let held = lock(&self.block);
        (held.epoch == epoch && held.period >= period && epoch != 0).then(|| held.calls.saturating_add(held.behind))
    }

    fn spend_held(&self, epoch: i64, period: i64, cost: u64, at: Instant) -> Option<QuotaState> {
        let mut held = lock(&self.block);
        let calls = held.fitting(epoch, period);
        if calls >= cost && held.touched.is_some() {
            held.calls = calls - cost;
            held.spent = held.spent.saturating_add(cost);
            if cost > 0 {
                held.touched = Some(at);
            }
            return Some(QuotaState { passed: true, remaining: held.calls.saturating_add(held.behind) });
        }
        let believed =
            |(refused, since): (u64, Instant)| cost >= refused && at.saturating_duration_since(since) < EMPTY_FOR;
        let same = held.epoch == epoch && held.period >= period;
        (same && held.empty.is_some_and(believed))
            .then(|| QuotaState { passed: false, remaining: calls.saturating_add(held.behind) })
    }

    fn give_back(&self, id: &KeyId, at: Instant, at_end: bool) -> Option<QuotaReturn> {
        let mut held = lock(&self.block);
        let untouched = |touched| at.saturating_duration_since(touched) >= UNTOUCHED_FOR;
        let due = at_end || held.touched.is_some_and(untouched);
        if !due || held.calls == 0 {
            return None;
        }
        let unspent = QuotaReturn { key_id: *id, epoch: held.epoch, period: held.period, calls: held.calls };
        let Held { epoch, period, spent, .. } = *held;
        *held = Held { epoch, period, spent, behind: held.behind + held.calls, ..Held::default() };
        Some(unspent)
    }
}

impl Held {
    /// How many calls of the block may be spent in this period of this quota.
    fn fitting(&self, epoch: i64, period: i64) -> u64 {
        // Setting the clock back does not reopen the previous period.
        if self.epoch == epoch && self.period >= period { self.calls } else { 0 }
    }
}

/// Forgets limits that count nothing, then the oldest limits that calls brought along; never one of the key's own.
fn forget_brought(logs: &mut Vec<Counted>, own: &[RateLimit], now: Millis) {
    logs.retain(|counted| !counted.log.is_over(counted.limit.window, now));
    let mut excess = logs.len().saturating_sub(LOGS_MAX);
    logs.retain(|counted| {
        let goes = excess > 0 && own.iter().all(|own| own.name != counted.limit.name);
        excess -= usize::from(goes);
        !goes
    });
}

/// The index of a limit's counter, found by its name and the length of its window.
fn place(logs: &mut Vec<Counted>, limit: &RateLimit) -> usize {
    let same = |counted: &Counted| counted.limit.name == limit.name && counted.limit.window == limit.window;
    logs.iter().position(same).unwrap_or_else(|| {
        // There is almost always just one.
        logs.reserve_exact(1);
        logs.push(Counted { limit: limit.clone(), log: CallLog::default() });
        logs.len() - 1
    })
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

//! Rate limits and quotas of each key, counted in this process. A limit holds for each process; a quota holds over all
//! of them, because a process spends only what it has taken from the store as a block.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use domain::{
    ids::KeyId,
    limit::{self, RateLimit},
    quota::Quota,
    timestamp::{Millis, Timestamp},
};
use store::{QuotaBlock, QuotaReturn, Store, StoreError};

use super::{
    AskedLimit, ByKey,
    shards::{Shards, lock},
};
use crate::{clock::Clock, error::Result};

/// The most limits that stay counted for one key: its own, and those that calls bring along.
const WINDOWS_MAX: usize = 64;

/// How long it is believed that a quota has nothing left.
const EMPTY_FOR: Duration = Duration::from_millis(250);

/// A block that was not touched for so long is given back.
const UNTOUCHED_FOR: Duration = Duration::from_secs(5);

/// What one limit said to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// The limit.
    pub limit: RateLimit,
    /// Whether there was room.
    pub passed: bool,
    /// How many calls are left after this one.
    pub remaining: u32,
    /// Until the running window ends or, where there was no room, until there is.
    pub reset: Millis,
}

/// What the quota said to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaState {
    /// Whether enough was left.
    pub passed: bool,
    /// About how many calls are left: what other processes hold is not among them.
    pub remaining: u64,
}

/// The counters of all keys that have some.
#[derive(Default)]
pub(super) struct Counters(Shards<ByKey<Arc<KeyCounters>>>);

/// The counters of one key. They outlive what is cached of the key: an edit does not set a limit back.
#[derive(Default)]
pub(super) struct KeyCounters {
    windows: Mutex<Vec<Counted>>,
    /// Apart, because few keys have a quota, and a million may have counters.
    quota: OnceLock<Box<Spending>>,
}

struct Counted {
    limit: RateLimit,
    window: limit::Window,
}

/// A quota as this process spends it.
#[derive(Default)]
struct Spending {
    block: Mutex<Held>,
    /// Held while a block is taken, so that a burst takes one.
    taking: tokio::sync::Mutex<()>,
}

/// The block that is being spent.
#[derive(Default)]
struct Held {
    epoch: i64,
    period: i64,
    calls: u64,
    /// What the store had left when it was taken.
    behind: u64,
    touched: Option<Instant>,
    /// The last request that the store could not satisfy: how many calls it was for, and when.
    empty: Option<(u64, Instant)>,
}

impl Counters {
    /// The counters of a key.
    pub(super) fn of(&self, id: &KeyId) -> Arc<KeyCounters> {
        Arc::clone(self.0.of(id.as_str()).entry(*id).or_default())
    }

    /// Gives back blocks that nobody spends any more (all of them at the end), and forgets keys with nothing counted.
    pub(super) async fn tidy(&self, store: &Store, clock: &dyn Clock, at_end: bool) -> Result<()> {
        let mut unspent = Vec::new();
        for mut keys in self.0.iter() {
            for (id, key) in keys.iter() {
                unspent.extend(key.quota.get().and_then(|quota| quota.give_back(id, clock.instant(), at_end)));
            }
            // Whoever has it, in a cached key or in a call, counts on.
            keys.retain(|_, key| Arc::strong_count(key) > 1 || !key.is_idle(clock.now()));
        }
        if unspent.is_empty() {
            return Ok(());
        }
        let work = async |tx: &mut store::Tx| tx.return_quota(&unspent).await;
        // What cannot be given back is lost, which a quota can bear; given back twice it could not.
        let given: Result<(), StoreError> = Box::pin(store.write(work)).await;
        Ok(given?)
    }
}

impl KeyCounters {
    /// Asks every limit of the key and of the call; counts the call with all of them if all have room and `count` is set.
    pub(super) fn limits(
        &self,
        own: &[RateLimit],
        asked: &[AskedLimit],
        cost: u32,
        now: Timestamp,
        count: bool,
    ) -> Vec<LimitState> {
        let mut windows = lock(&self.windows);
        // Before any place is taken: removing one moves the others.
        if windows.len() > WINDOWS_MAX {
            forget_brought(&mut windows, own, now);
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
            let place = place(&mut windows, limit);
            let Some(counted) = windows.get_mut(place) else { continue };
            let taken = counted.window.ask(limit.limit, limit.window, cost, now);
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
                if let Some(counted) = windows.get_mut(*place) {
                    counted.window.count(*cost);
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

    /// About how many calls are left, as far as this process knows; `None` before it took anything.
    pub(super) fn left(&self, epoch: i64, period: i64) -> Option<u64> {
        self.quota.get()?.left(epoch, period)
    }

    /// Calls of the block in memory.
    pub(super) fn unspent(&self, epoch: i64, period: i64) -> u64 {
        self.quota.get().map_or(0, |quota| lock(&quota.block).fitting(epoch, period))
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        let counting = lock(&self.windows).iter().any(|counted| !counted.window.is_over(counted.limit.window, now));
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
        let _taking = self.taking.lock().await;
        // Another call may have taken a block meanwhile.
        if let Some(state) = self.spend_held(epoch, period, cost, clock.instant()) {
            return Ok(state);
        }
        let held = lock(&self.block).fitting(epoch, period);
        let least = cost.saturating_sub(held);
        let work = async |tx: &mut store::Tx| tx.take_quota(id, epoch, least, now).await;
        let taken: Result<Option<QuotaBlock>, StoreError> = Box::pin(store.write(work)).await;
        let Some(block) = taken? else {
            // The quota was changed, and this call's key is of before the change.
            return Ok(QuotaState { passed: false, remaining: 0 });
        };
        let mut held = lock(&self.block);
        let calls = held.fitting(epoch, block.period).saturating_add(block.calls);
        *held = Held { epoch, period: block.period, calls, behind: block.left, ..Held::default() };
        // Also where it does not suffice: what is held then is given back like any other.
        let at = clock.instant();
        held.touched = Some(at);
        let passed = calls >= cost;
        if passed {
            held.calls = calls - cost;
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
        *held = Held { epoch: held.epoch, period: held.period, behind: held.behind + held.calls, ..Held::default() };
        Some(unspent)
    }
}

impl Held {
    /// What may be spent in this period of this quota.
    fn fitting(&self, epoch: i64, period: i64) -> u64 {
        // A clock that was put back does not open the period before.
        if self.epoch == epoch && self.period >= period { self.calls } else { 0 }
    }
}

/// Forgets what is over, and of the limits that calls brought along the oldest; never one of the key's own.
fn forget_brought(windows: &mut Vec<Counted>, own: &[RateLimit], now: Timestamp) {
    windows.retain(|counted| !counted.window.is_over(counted.limit.window, now));
    let mut excess = windows.len().saturating_sub(WINDOWS_MAX);
    windows.retain(|counted| {
        let goes = excess > 0 && own.iter().all(|own| own.name != counted.limit.name);
        excess -= usize::from(goes);
        !goes
    });
}

/// Where a limit is counted, by its name and its window's length.
fn place(windows: &mut Vec<Counted>, limit: &RateLimit) -> usize {
    let same = |counted: &Counted| counted.limit.name == limit.name && counted.limit.window == limit.window;
    windows.iter().position(same).unwrap_or_else(|| {
        // Nearly always the only one.
        windows.reserve_exact(1);
        windows.push(Counted { limit: limit.clone(), window: limit::Window::default() });
        windows.len() - 1
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

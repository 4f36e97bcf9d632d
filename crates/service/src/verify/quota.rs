//! The call quota of a key, as this process spends it: exact across all processes, because each spends only the block that
//! it has reserved in the store.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{ids::KeyId, quota::Quota};
use store::{QuotaBlock, QuotaReturn, Store, StoreError, failpoint};

use super::shards::lock;
use crate::{clock::Clock, error::Result, to_the_end::to_the_end};

/// How long a process assumes that a call quota is used up before it asks again.
const EMPTY_FOR: Duration = Duration::from_millis(250);

/// A block is at most one part in this many of what this process has spent, so that a crash loses little of a quota even
/// if it happens again and again.
const SPENT_SHARE: u64 = 8;

/// A block that was not used for this long is returned.
const UNTOUCHED_FOR: Duration = Duration::from_secs(5);

/// The answer of the call quota to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaState {
    /// Whether enough was left.
    pub passed: bool,
    /// Roughly how many calls are left, not counting calls reserved by other processes.
    pub remaining: u64,
}

/// A call quota as this process spends it.
#[derive(Default)]
pub(super) struct QuotaSpending {
    block: Mutex<Held>,
    /// Locked while a block is being reserved, so that a burst of calls reserves only one.
    taking: Arc<tokio::sync::Mutex<()>>,
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

impl QuotaSpending {
    /// Spends `cost` calls, from the block in memory if it has them.
    pub(super) async fn spend(
        self: &Arc<Self>,
        store: &Store,
        clock: &Arc<dyn Clock>,
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
        let taking = Arc::clone(&self.taking).lock_owned().await;
        // Another call may have reserved a block in the meantime.
        if let Some(state) = self.spend_held(epoch, period, cost, clock.instant()) {
            return Ok(state);
        }
        // In a task of its own: whoever goes away while it is under way must not take the block along.
        let (this, store, clock, id) = (Arc::clone(self), store.clone(), Arc::clone(clock), *id);
        let reserve = async move {
            let _taking = taking;
            this.reserve(&store, &*clock, &id, epoch, period, cost).await
        };
        to_the_end("reserving calls of a quota", reserve).await
    }

    /// Reserves a block, and spends `cost` calls of it.
    async fn reserve(
        &self,
        store: &Store,
        clock: &dyn Clock,
        id: &KeyId,
        epoch: i64,
        period: i64,
        cost: u64,
    ) -> Result<QuotaState> {
        let (held, spent) = {
            let held = lock(&self.block);
            (held.fitting(epoch, period), held.spent)
        };
        let least = cost.saturating_sub(held);
        let wanted = (spent / SPENT_SHARE).max(self.awaited.load(Ordering::Acquire));
        let now = clock.now();
        let work = async |tx: &mut store::Tx| tx.take_quota(id, epoch, least, wanted, now).await;
        let taken: Result<Option<QuotaBlock>, StoreError> = Box::pin(store.write(work)).await;
        failpoint::reached("quota-after");
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

    /// Roughly how many calls are left; `None` before a block was reserved.
    pub(super) fn left(&self, epoch: i64, period: i64) -> Option<u64> {
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

    /// Calls of the block in memory.
    pub(super) fn unspent(&self, epoch: i64, period: i64) -> u64 {
        lock(&self.block).fitting(epoch, period)
    }

    /// Whether no calls are reserved.
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.block).calls == 0
    }

    /// Takes the block out of memory if nobody is spending it.
    pub(super) fn give_back(&self, id: &KeyId, at: Instant, at_end: bool) -> Option<QuotaReturn> {
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

//! The shares of rate limits that this node has: when it takes more, and when it gives back. Calls are counted in memory.
//! One task settles with the record what calls lack and what is left over, for all limits together.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::NodeId,
    share::{Others, Share},
    timestamp::Millis,
};
use store::{LimitPlace, NodeShare, Store, StoreError, Tx};
use tokio::sync::{Notify, watch};

use super::{
    counters::{Counters, KeyCounters},
    limits::{Against, Standing},
    shards::lock,
};
use crate::{
    Result,
    metrics::{LimitTake, Metrics},
};

/// How long a call waits for room that other nodes may give back.
const WAIT: Duration = Duration::from_secs(1);

/// How long a call waits for this node to join the others. It takes less, unless another has a million shares to record.
const JOINED_WITHIN: Duration = Duration::from_secs(8);

/// The most limits that are settled in one transaction, so that other writers do not wait long.
const TOGETHER: usize = 1_000;

/// How long a settling may take. Calls may wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// When limits that could not be settled are tried again.
const TRY_AGAIN: Millis = Millis(250);

/// What limits are counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// The whole limits: there is no other node.
    Whole = 0,
    /// Nothing yet. Other nodes have to learn of this one first.
    Joining = 1,
    /// Shares.
    Shared = 2,
}

/// The shares of this node, and what is to be settled.
pub(crate) struct Shares {
    mode: AtomicU8,
    /// Until when this node may count, in milliseconds of uptime.
    confirmed_until: AtomicI64,
    /// Whether shares could not be settled the last time.
    is_away: AtomicBool,
    /// Whether this node counts by itself while the database is away.
    counts_alone: AtomicBool,
    agenda: Mutex<Agenda>,
    called: Notify,
    /// Whether another node has announced something since the last settling.
    is_told: AtomicBool,
    /// How often something was settled, or tried to be.
    rounds: watch::Sender<u64>,
    metrics: Metrics,
}

/// What is to be settled, and when.
#[derive(Default)]
struct Agenda {
    now: HashSet<LimitPlace>,
    /// Where this node was short when it last settled: others may have given back since.
    short: HashSet<LimitPlace>,
    later: BTreeSet<(i64, LimitPlace)>,
    due: HashMap<LimitPlace, i64>,
}

impl Agenda {
    fn settled(&mut self, place: &LimitPlace, is_short: bool, again: Option<Millis>) {
        self.set(place.clone(), again);
        if is_short {
            self.short.insert(place.clone());
        } else {
            self.short.remove(place);
        }
    }

    fn set(&mut self, place: LimitPlace, at: Option<Millis>) {
        if let Some(before) = self.due.remove(&place) {
            let entry = (before, place);
            self.later.remove(&entry);
            return self.add(entry.1, at);
        }
        self.add(place, at);
    }

    fn add(&mut self, place: LimitPlace, at: Option<Millis>) {
        if let Some(Millis(at)) = at {
            self.due.insert(place.clone(), at);
            self.later.insert((at, place));
        }
    }

    fn take_due(&mut self, now: Millis) -> Vec<LimitPlace> {
        let mut due = Vec::new();
        while self.later.first().is_some_and(|(at, _)| *at <= now.0) {
            if let Some((_, place)) = self.later.pop_first() {
                self.due.remove(&place);
                due.push(place);
            }
        }
        due
    }
}

impl Shares {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self {
            mode: AtomicU8::new(Mode::Whole as u8),
            confirmed_until: AtomicI64::new(i64::MAX),
            is_away: AtomicBool::new(false),
            counts_alone: AtomicBool::new(false),
            agenda: Mutex::default(),
            called: Notify::new(),
            is_told: AtomicBool::new(false),
            rounds: watch::Sender::new(0),
            metrics,
        }
    }

    /// From now on, this node is one of perhaps several. It counts nothing until it has joined them.
    pub(crate) fn joins(&self, counts_alone: bool) {
        self.counts_alone.store(counts_alone, Ordering::Relaxed);
        self.confirmed_until.store(0, Ordering::Release);
        self.set_mode(Mode::Joining);
    }

    pub(crate) fn mode(&self) -> Mode {
        match self.mode.load(Ordering::Acquire) {
            0 => Mode::Whole,
            1 => Mode::Joining,
            _ => Mode::Shared,
        }
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Release);
        self.next_round();
    }

    /// This node may count until this uptime.
    pub(crate) fn confirm_until(&self, uptime: Millis) {
        self.confirmed_until.fetch_max(uptime.0, Ordering::AcqRel);
    }

    /// Whether the database is away, so that shares cannot be settled.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Acquire)
    }

    /// Whether this node cannot join the others, because the database is away.
    pub(crate) fn cannot_join(&self, is_away: bool) {
        if self.is_joining() && self.is_away() != is_away {
            self.is_away.store(is_away, Ordering::Release);
            self.next_round();
        }
    }

    /// What may be counted now.
    #[inline]
    pub(super) fn standing(&self, now: Millis) -> Standing {
        let is_shared = self.mode.load(Ordering::Acquire) != Mode::Whole as u8;
        let is_confirmed = now.0 < self.confirmed_until.load(Ordering::Acquire);
        Standing { is_shared, against: if is_confirmed { Against::Own } else { Against::Nothing } }
    }

    /// Waits until this node has joined the others, or cannot. That takes a few seconds at most.
    pub(super) async fn joined(&self) {
        let mut rounds = self.rounds.subscribe();
        let joined = async {
            while self.is_joining() && !self.is_away() {
                // This outlives whoever waits.
                let _ = rounds.changed().await;
            }
        };
        // Without an answer, the call is refused.
        let _ = tokio::time::timeout(JOINED_WITHIN, joined).await;
    }

    /// Whether this node is still joining.
    #[inline]
    pub(super) fn is_joining(&self) -> bool {
        self.mode.load(Ordering::Acquire) == Mode::Joining as u8
    }

    /// Settles these limits soon.
    pub(super) fn call_for(&self, places: impl IntoIterator<Item = LimitPlace>) {
        lock(&self.agenda).now.extend(places);
        self.called.notify_one();
    }

    /// Waits until somebody asks for a settling.
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Settles soon, because of what another node announced.
    pub(crate) fn call(&self) {
        self.is_told.store(true, Ordering::Release);
        self.called.notify_one();
    }

    /// Looks at these limits from now on.
    pub(crate) fn watch(&self, places: impl IntoIterator<Item = LimitPlace>, now: Millis) {
        let mut agenda = lock(&self.agenda);
        places.into_iter().for_each(|place| agenda.set(place, Some(now)));
    }

    /// Forgets what was to be settled.
    pub(crate) fn clear(&self) {
        *lock(&self.agenda) = Agenda::default();
        self.is_away.store(false, Ordering::Release);
        self.metrics.limit_shares(0);
        // Calls that wait have room now.
        self.next_round();
    }

    /// Asks `again` after each settling until it has an answer. `None` if there was none in time, or the database is away.
    pub(super) async fn until_settled<T>(
        &self,
        counters: &KeyCounters,
        short: &[(LimitPlace, u32)],
        mut again: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut rounds = self.rounds.subscribe();
        let _waiting = Waiting { counters, short };
        self.call_for(short.iter().map(|(place, _)| place.clone()));
        let settled = async {
            loop {
                rounds.changed().await.ok()?;
                if let Some(answer) = again() {
                    return Some(answer);
                }
                if self.is_away() {
                    return None;
                }
            }
        };
        tokio::time::timeout(WAIT, settled).await.ok().flatten()
    }

    /// Whether a call that has no room in its share is counted against the whole limit, because the database is away.
    pub(super) fn counts_alone(&self, now: Millis) -> bool {
        let is_alone = self.is_away() || self.standing(now).against == Against::Nothing;
        let counts = is_alone && self.counts_alone.load(Ordering::Relaxed);
        if counts {
            self.metrics.limit_taken(LimitTake::Local);
        }
        counts
    }

    /// Settles what is due, what calls lack, and what other nodes lack.
    pub(super) async fn settle(&self, store: &Store, counters: &Counters, node: &NodeId, now: Millis) -> Result<()> {
        let settled = self.settle_all(store, counters, node, now).await;
        self.is_away.store(settled.is_err(), Ordering::Release);
        if settled.is_err() {
            self.metrics.limit_taken(LimitTake::Failed);
        }
        self.next_round();
        self.metrics.limit_shares(lock(&self.agenda).due.len());
        Ok(settled?)
    }

    async fn settle_all(
        &self,
        store: &Store,
        counters: &Counters,
        node: &NodeId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut places: BTreeSet<LimitPlace> = soon(store.short_limits(node)).await?.into_iter().collect();
        let due = {
            let mut agenda = lock(&self.agenda);
            places.extend(agenda.now.drain());
            if self.is_told.swap(false, Ordering::AcqRel) {
                places.extend(agenda.short.drain());
            }
            agenda.take_due(now)
        };
        for place in due {
            match counters.has_news(&place, now) {
                Ok(()) => {
                    places.insert(place);
                }
                Err(again) => lock(&self.agenda).set(place, again),
            }
        }
        let places: Vec<LimitPlace> = places.into_iter().collect();
        let mut written = Ok(());
        for together in places.chunks(TOGETHER) {
            if written.is_ok() {
                written = self.settle_some(store, counters, node, together, now).await;
            }
            if written.is_err() {
                let again = Some(Millis(now.0.saturating_add(TRY_AGAIN.0)));
                for place in together {
                    lock(&self.agenda).set(place.clone(), again);
                }
            }
        }
        written
    }

    /// Settles these limits in one transaction. What this node gives back is lowered in memory first, and what it takes is
    /// raised after the commit.
    async fn settle_some(
        &self,
        store: &Store,
        counters: &Counters,
        node: &NodeId,
        places: &[LimitPlace],
        now: Millis,
    ) -> Result<(), StoreError> {
        let work = async |tx: &mut Tx| {
            let mut on_record = by_place(tx.limit_shares(places).await?, node);
            let mut settled = Vec::with_capacity(places.len());
            for place in places {
                let (before, others) = on_record.remove(place).unwrap_or_default();
                let share = counters.settle(place, now, before.calls, &others);
                settled.push((before, share, others));
            }
            let changed = places.iter().zip(&settled).filter(|(_, (before, share, _))| before != share);
            let changed: Vec<_> = changed.map(|(place, (_, share, _))| (place, *share)).collect();
            tx.put_limit_shares(node, &changed).await?;
            let concerns_others = |(before, share, others): &(Share, Share, Others)| {
                share.short > before.short.saturating_mul(2) || (share.calls < before.calls && others.short() > 0)
            };
            if settled.iter().any(concerns_others) {
                tx.announce_shares(node).await?;
            }
            Ok::<_, StoreError>(settled)
        };
        // On the heap, as every transaction.
        let settled = soon(Box::pin(store.write(work))).await?;
        for (place, (before, share, others)) in places.iter().zip(settled) {
            let again = counters.took(place, now, share, &others);
            lock(&self.agenda).settled(place, share.short > 0, again);
            if share.short > 0 {
                self.metrics.limit_taken(LimitTake::Short);
            } else if share.calls > before.calls {
                self.metrics.limit_taken(LimitTake::Taken);
            }
        }
        Ok(())
    }

    fn next_round(&self) {
        self.rounds.send_modify(|round| *round = round.wrapping_add(1));
    }
}

/// What this node and what the others have of each limit.
fn by_place(shares: Vec<NodeShare>, node: &NodeId) -> HashMap<LimitPlace, (Share, Others)> {
    let mut on_record: HashMap<LimitPlace, (Share, Others)> = HashMap::new();
    for NodeShare { place, node: of, share } in shares {
        let (own, others) = on_record.entry(place).or_default();
        if of == *node { *own = share } else { others.add(share) }
    }
    on_record
}

/// Fails if the database takes too long. What was to be settled is then tried again.
async fn soon<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable(format!("the database did not answer in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

/// A call that waits. It may go away at any time.
struct Waiting<'a> {
    counters: &'a KeyCounters,
    short: &'a [(LimitPlace, u32)],
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counters.waited(self.short);
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shares").finish_non_exhaustive()
    }
}

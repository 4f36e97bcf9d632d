//! Last used, calls per hour and the last refusals: counted in memory, written once a second. A crash may lose the last
//! second of it.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    ids::{AppId, KeyId},
    timestamp::{Millis, Timestamp},
    usage::{HourCalls, RefusedCall},
    verdict::Code,
};
use store::{LastUsed, Store, StoreError, UsageBatch};

use super::{IdBytes, VerifyRequest};
use crate::error::Result;

type AppBytes = [u8; AppId::LEN];

/// Calls for different keys seldom wait for each other.
const SHARDS: usize = 16;

/// Refusals of one key that are written down in one second; the counts know of the others.
const REFUSALS_A_SECOND: usize = 5;

/// Keys whose refusals are written down in one second and shard: a flood over many keys is counted, not told.
const REFUSED_KEYS: usize = 64;

/// The most characters of an origin or a query that are kept with a refusal.
const TEXT_MAX: usize = 200;

/// A key in constant use has its last use written once in so long: the orders of the list follow it, which costs more
/// than counting.
const MARK_EVERY: Millis = Millis::seconds(10);

#[derive(Default)]
pub(super) struct Usage {
    shards: [Mutex<Counts>; SHARDS],
    marks: Mutex<Marks>,
}

/// Uses on their way to the store.
#[derive(Default)]
struct Marks {
    /// The newest ones that are not written yet.
    waiting: HashMap<IdBytes, Use>,
    /// What was written of late.
    written: HashMap<IdBytes, Timestamp>,
}

impl Marks {
    fn add(&mut self, id: IdBytes, this: Use) {
        let known = self.waiting.entry(id).or_insert(this);
        if known.at <= this.at {
            *known = this;
        }
    }

    /// Those that are due, or all.
    fn take(&mut self, all: bool) -> HashMap<IdBytes, Use> {
        let written = &self.written;
        let due = |id: &IdBytes, this: &Use| all || written.get(id).is_none_or(|at| turn(id, *at) != turn(id, this.at));
        self.waiting.extract_if(|id, this| due(id, this)).collect()
    }

    fn written(&mut self, uses: &HashMap<IdBytes, Use>, now: Timestamp) {
        self.written.retain(|_, at| now.since(*at).0.abs() < MARK_EVERY.0);
        self.written.extend(uses.iter().map(|(id, this)| (*id, this.at)));
    }
}

#[derive(Default)]
struct Counts {
    keys: HashMap<IdBytes, KeyCalls>,
    /// Calls for keys that do not exist, by the app that asked.
    unknown: HashMap<AppBytes, Tally>,
    refused: HashMap<IdBytes, Vec<RefusedCall>>,
}

/// The calls of one key.
#[derive(Default)]
struct KeyCalls {
    /// Unset while the key was used without being asked about.
    app: Option<AppBytes>,
    used: Option<Use>,
    calls: Tally,
}

#[derive(Clone, Copy)]
struct Use {
    at: Timestamp,
    address: Option<IpAddr>,
}

/// Calls by hour and verdict; all of one second are nearly always of one kind, which takes no allocation.
#[derive(Default, Clone)]
struct Tally {
    first: Option<HourCalls>,
    others: Vec<HourCalls>,
}

impl Tally {
    fn add(&mut self, more: HourCalls) {
        let Some(first) = &mut self.first else {
            self.first = Some(more);
            return;
        };
        let mut known = std::iter::once(first).chain(&mut self.others);
        match known.find(|known| known.hour == more.hour && known.code == more.code) {
            Some(known) => known.calls += more.calls,
            None => self.others.push(more),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &HourCalls> {
        self.first.iter().chain(&self.others)
    }
}

impl KeyCalls {
    fn mark(&mut self, this: Use) {
        if self.used.is_none_or(|known| known.at <= this.at) {
            self.used = Some(this);
        }
    }
}

/// Counts a key's turns to have its use written. Each key has its own beat, so that busy keys do not all come at once.
fn turn(id: &IdBytes, at: Timestamp) -> i64 {
    let beat: i64 = id.iter().map(|byte| i64::from(*byte)).sum();
    at.plus(Millis::seconds(beat)).millis().div_euclid(MARK_EVERY.0)
}

/// A call whose key was found.
pub(super) struct Decided<'a> {
    pub(super) id: &'a IdBytes,
    pub(super) app: &'a AppId,
    /// Whether the secret was right; otherwise the key was not used.
    pub(super) secret_fits: bool,
    pub(super) code: Code,
    pub(super) now: Timestamp,
    pub(super) request: &'a VerifyRequest<'a>,
}

impl Usage {
    /// A call for a key was decided.
    pub(super) fn decided(&self, call: &Decided<'_>) {
        let mut counts = self.shard(call.id);
        let key = counts.keys.entry(*call.id).or_default();
        key.app = app_bytes(call.app);
        key.calls.add(HourCalls { hour: call.now.hour(), code: call.code, calls: 1 });
        if call.secret_fits {
            key.mark(Use { at: call.now, address: call.request.address });
        }
        if call.code != Code::Valid {
            counts.refuse(call);
        }
    }

    /// A key was used without being asked about.
    pub(super) fn used(&self, id: &IdBytes, now: Timestamp, address: Option<IpAddr>) {
        self.shard(id).keys.entry(*id).or_default().mark(Use { at: now, address });
    }

    /// A call for a key that does not exist; counted for the app that asked, if one did.
    pub(super) fn refused_unknown(&self, scope: Option<&AppId>, now: Timestamp) {
        if let Some(app) = scope.and_then(app_bytes) {
            let calls = HourCalls { hour: now.hour(), code: Code::NotFound, calls: 1 };
            self.shard(&app).unknown.entry(app).or_default().add(calls);
        }
    }

    /// Writes everything in one transaction, at the end also the uses that are not due yet. If that fails it is kept
    /// for the next time.
    pub(super) async fn flush(&self, store: &Store, now: Timestamp, at_end: bool) -> Result<()> {
        let counts = self.take();
        let uses = {
            let mut marks = lock(&self.marks);
            let used = counts.keys.iter().filter_map(|(id, key)| Some((*id, key.used?)));
            used.for_each(|(id, this)| marks.add(id, this));
            marks.take(at_end)
        };
        let batch = counts.batch(&uses);
        if batch.is_empty() {
            return Ok(());
        }
        let written: Result<(), StoreError> = store.write(async |tx| tx.flush_usage(&batch).await).await;
        if let Err(error) = written {
            let mut marks = lock(&self.marks);
            for (id, this) in uses {
                marks.add(id, this);
            }
            self.put_back(counts);
            return Err(error.into());
        }
        lock(&self.marks).written(&uses, now);
        Ok(())
    }

    fn take(&self) -> Counts {
        let mut all = Counts::default();
        for shard in &self.shards {
            let mut counts = lock(shard);
            // Draining keeps the tables: a hot key costs no allocation each second.
            all.keys.extend(counts.keys.drain());
            all.unknown.extend(counts.unknown.drain());
            all.refused.extend(counts.refused.drain());
        }
        all
    }

    fn put_back(&self, counts: Counts) {
        for (id, old) in counts.keys {
            let mut shard = self.shard(&id);
            let key = shard.keys.entry(id).or_default();
            key.app = key.app.or(old.app);
            old.calls.iter().for_each(|calls| key.calls.add(*calls));
        }
        for (app, old) in counts.unknown {
            let mut shard = self.shard(&app);
            let tally = shard.unknown.entry(app).or_default();
            old.iter().for_each(|calls| tally.add(*calls));
        }
        for (id, old) in counts.refused {
            self.shard(&id).refused.entry(id).or_insert(old);
        }
    }

    /// The counts that a text's calls go to; its characters are random.
    fn shard(&self, text: &[u8]) -> MutexGuard<'_, Counts> {
        let sum: usize = text.iter().map(|byte| usize::from(*byte)).sum();
        let [first, ..] = &self.shards;
        let shard = self.shards.get(sum % SHARDS).unwrap_or(first);
        lock(shard)
    }
}

impl Counts {
    fn refuse(&mut self, call: &Decided<'_>) {
        if self.refused.len() >= REFUSED_KEYS && !self.refused.contains_key(call.id) {
            return;
        }
        let refused = self.refused.entry(*call.id).or_default();
        // The newest are kept: what is asked now is what somebody looks for.
        if refused.len() == REFUSALS_A_SECOND {
            refused.remove(0);
        }
        let request = call.request;
        let cut = |text: &str| text.chars().take(TEXT_MAX).collect();
        refused.push(RefusedCall {
            at: call.now,
            code: call.code,
            edge: request.edge,
            address: request.address,
            origin: request.origin.map(cut),
            permissions: request.permissions.map(|query| cut(query.as_str())),
            kind: request.kind,
            method: request.method.map(cut),
            path: request.path.map(cut),
        });
    }

    fn batch(&self, uses: &HashMap<IdBytes, Use>) -> UsageBatch {
        let mut batch = UsageBatch::default();
        let mut apps: HashMap<AppBytes, Tally> = self.unknown.clone();
        for (id, key) in &self.keys {
            let Some(key_id) = key_id(id) else { continue };
            for calls in key.calls.iter() {
                batch.keys.push((key_id.clone(), *calls));
                if let Some(app) = key.app {
                    apps.entry(app).or_default().add(*calls);
                }
            }
        }
        let newest =
            |(id, this): (&IdBytes, &Use)| Some(LastUsed { key_id: key_id(id)?, at: this.at, address: this.address });
        batch.used = uses.iter().filter_map(newest).collect();
        // In the order of the tables: neighbours share pages.
        batch.used.sort_unstable_by(|a, b| a.key_id.cmp(&b.key_id));
        batch.keys.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (app, tally) in &apps {
            let app = std::str::from_utf8(app).ok().and_then(AppId::parse);
            batch.apps.extend(app.into_iter().flat_map(|app| tally.iter().map(move |calls| (app.clone(), *calls))));
        }
        for (id, refused) in &self.refused {
            let key = key_id(id);
            batch
                .refusals
                .extend(key.into_iter().flat_map(|key| refused.iter().map(move |r| (key.clone(), r.clone()))));
        }
        batch
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_id(id: &IdBytes) -> Option<KeyId> {
    KeyId::parse(std::str::from_utf8(id).ok()?)
}

fn app_bytes(app: &AppId) -> Option<AppBytes> {
    app.as_str().as_bytes().try_into().ok()
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

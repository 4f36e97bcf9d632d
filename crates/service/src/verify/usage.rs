//! Calls per hour, last uses and the last refusals, counted in memory and written once a second. A crash may lose the
//! last second.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use domain::{
    ids::{AppId, KeyId},
    key::{KeyRecord, SecretNumber},
    kind::KeyKind,
    text,
    timestamp::Timestamp,
    token,
    usage::{HourCalls, RefusedCall},
    verdict::Code,
};
use store::{KeyCalls, KeyUse, Store, StoreError, UsageBatch, failpoint};

use super::{
    ByKey, VerifyRequest,
    flushes::Flushes,
    last_used_queue::{self, LastUsedQueue},
    secret_calls::CallsBySecret,
    shards::{Shards, lock},
};
use crate::{clock::Clock, error::Result};

/// The most refusals of one key that are kept per second. The counts include the rest.
const REFUSALS_A_SECOND: usize = 5;

/// The most keys per second and shard whose refusals are kept. A flood over many keys is counted, but not kept.
const REFUSED_KEYS: usize = 64;

/// The most characters of an origin or a query that are kept with a refusal.
const TEXT_MAX: usize = 200;

/// How many recorded uses are searched per second for those that lists miss.
const MISSED_AT_ONCE: u32 = 2_000;

pub(super) struct Usage {
    counts: Shards<Counts>,
    queue: Mutex<LastUsedQueue>,
    flushes: Arc<Flushes>,
}

#[derive(Default)]
struct Counts {
    keys: ByKey<Traffic>,
    /// Calls for keys that do not exist, by the app that asked.
    unknown: HashMap<AppId, Tally>,
    refused: ByKey<Vec<RefusedCall>>,
}

/// What happened to one key.
#[derive(Default)]
struct Traffic {
    /// The key's app and kind; `None` while the key has only asked about others.
    of: Option<(AppId, KeyKind)>,
    used: Option<KeyUse>,
    calls: Tally,
    /// The calls with each of its secrets; `None` while it has one.
    by_secret: Option<Box<CallsBySecret>>,
}

/// Calls by hour and verdict. Those of one second are almost always all alike, which needs no allocation.
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

impl Traffic {
    /// Whether its key is in the table of keys: API KEYs are not.
    fn is_listed(&self) -> bool {
        self.of.is_none_or(|(_, kind)| kind != KeyKind::OF_APP)
    }

    fn mark(&mut self, this: KeyUse) {
        if self.used.is_none_or(|known| known.at <= this.at) {
            self.used = Some(this);
        }
    }
}

/// A call whose key was found.
pub(super) struct Decided<'a> {
    pub(super) key: &'a KeyRecord,
    /// Which of the key's secrets was presented; `None` means that the key was not used.
    pub(super) secret: Option<SecretNumber>,
    /// Whether the calls with each secret are counted.
    pub(super) by_secret: bool,
    pub(super) code: Code,
    pub(super) now: Timestamp,
    pub(super) request: &'a VerifyRequest<'a>,
}

impl Usage {
    /// The state at the start of a process. `newest_hour` is the newest hour on record.
    pub(super) fn new(newest_hour: Option<Timestamp>) -> Self {
        Self { counts: Shards::default(), queue: Mutex::new(LastUsedQueue::new(newest_hour)), flushes: Arc::default() }
    }

    /// Counts a call about a key. Of an API KEY only the app's calls are kept, because no page shows it alone.
    pub(super) fn decided(&self, call: &Decided<'_>) {
        let mut counts = self.counts.of(call.key.id.as_str());
        let key = counts.keys.entry(call.key.id).or_default();
        key.of = Some((call.key.app_id, call.key.kind));
        key.calls.add(HourCalls { hour: call.now.hour(), code: call.code, calls: 1 });
        if call.key.kind == KeyKind::OF_APP {
            return;
        }
        if let Some(secret) = call.secret {
            key.mark(KeyUse { at: call.now, address: call.request.address });
            if call.by_secret {
                key.by_secret.get_or_insert_default().add(secret, call.now, call.request.address);
            }
        }
        if call.code != Code::Valid {
            counts.refuse(call);
        }
    }

    /// Notes that a key was used to ask about others.
    pub(super) fn used(&self, id: &KeyId, now: Timestamp, address: Option<IpAddr>) {
        self.counts.of(id.as_str()).keys.entry(*id).or_default().mark(KeyUse { at: now, address });
    }

    /// Counts a call that a key with two secrets makes to ask about others.
    pub(super) fn used_secret(&self, id: &KeyId, secret: SecretNumber, now: Timestamp, address: Option<IpAddr>) {
        let mut counts = self.counts.of(id.as_str());
        counts.keys.entry(*id).or_default().by_secret.get_or_insert_default().add(secret, now, address);
    }

    /// Counts a call about an unknown key, for the app that asked, if there is one.
    pub(super) fn refused_unknown(&self, scope: Option<&AppId>, now: Timestamp) {
        if let Some(app) = scope {
            let calls = HourCalls { hour: now.hour(), code: Code::NotFound, calls: 1 };
            self.counts.of(app.as_str()).unknown.entry(*app).or_default().add(calls);
        }
    }

    /// Which keys the last flushes changed.
    pub(super) fn flushes(&self) -> &Arc<Flushes> {
        &self.flushes
    }

    /// Writes everything in one transaction, and updates lists as far as there is time. If it fails, keeps the counts
    /// for the next time.
    pub(super) async fn flush(&self, store: &Store, clock: &dyn Clock, at_end: bool) -> Result<()> {
        let counts = self.take();
        let batch = counts.batch();
        let due = {
            let mut queue = lock(&self.queue);
            counts.uses().for_each(|(id, newest)| queue.add(*id, newest));
            queue.take(clock.now(), at_end)
        };
        if !batch.is_empty() || !due.is_empty() {
            failpoint::reached("usage-before");
            let written: Result<_, StoreError> = store
                .write(async |tx| {
                    let from = tx.key_stamp().await?;
                    tx.flush_usage(&batch).await?;
                    let listed = last_used_queue::write(tx, &due, clock, at_end).await?;
                    Ok((listed, from, tx.key_stamp().await?))
                })
                .await;
            failpoint::reached("usage-after");
            let written = match written {
                Ok((listed, from, to)) => {
                    let used = batch.keys.iter().map(|calls| calls.key_id);
                    self.flushes.note(from, to, used.chain(due.iter().map(|used| used.key_id)));
                    Ok(listed)
                }
                // The lists come later, without these counts beside them.
                Err(StoreError::Refused(_)) => write_in_parts(store, batch).await.map(|()| 0),
                Err(error) => Err(error),
            };
            let listed = match written {
                Ok(listed) => listed,
                Err(error) => {
                    lock(&self.queue).put_back(&due);
                    self.put_back(counts);
                    return Err(error.into());
                }
            };
            lock(&self.queue).listed(&due, listed);
        }
        let missed = lock(&self.queue).missed();
        if let Some(place) = missed {
            let (uses, next) = store.unlisted_uses(&place, MISSED_AT_ONCE).await?;
            lock(&self.queue).found(&uses, next);
        }
        Ok(())
    }

    fn take(&self) -> Counts {
        let mut all = Counts::default();
        for mut counts in self.counts.iter() {
            // Draining keeps the tables allocated, so a hot key needs no allocation each second.
            all.keys.extend(counts.keys.drain());
            all.unknown.extend(counts.unknown.drain());
            all.refused.extend(counts.refused.drain());
        }
        all
    }

    fn put_back(&self, counts: Counts) {
        for (id, old) in counts.keys {
            let mut shard = self.counts.of(id.as_str());
            let key = shard.keys.entry(id).or_default();
            key.of = key.of.or(old.of);
            old.calls.iter().for_each(|calls| key.calls.add(*calls));
            old.used.into_iter().for_each(|used| key.mark(used));
            if let Some(old) = old.by_secret {
                key.by_secret.get_or_insert_default().put_back(*old);
            }
        }
        for (app, old) in counts.unknown {
            let mut shard = self.counts.of(app.as_str());
            let tally = shard.unknown.entry(app).or_default();
            old.iter().for_each(|calls| tally.add(*calls));
        }
        for (id, old) in counts.refused {
            self.counts.of(id.as_str()).refused.entry(id).or_insert(old);
        }
    }
}

/// Writes a batch that the database has refused, in smaller and smaller parts, and drops each row that it refuses alone.
async fn write_in_parts(store: &Store, batch: UsageBatch) -> Result<(), StoreError> {
    let (mut parts, mut has_written) = (vec![batch], false);
    while let Some(part) = parts.pop() {
        let written: Result<(), StoreError> = store.write(async |tx| tx.flush_usage(&part).await).await;
        match written {
            Ok(()) => has_written = true,
            Err(error @ StoreError::Refused(_)) => {
                if let Some((first, second)) = part.halves() {
                    parts.extend([first, second]);
                } else {
                    tracing::error!(%error, "a count of calls is dropped: the database refuses it");
                }
            }
            // Whoever keeps the batch for the next time would count again what is written already.
            Err(error) if has_written => {
                tracing::error!(%error, "the rest of the counts of this second is lost");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Counts {
    fn refuse(&mut self, call: &Decided<'_>) {
        if self.refused.len() >= REFUSED_KEYS && !self.refused.contains_key(&call.key.id) {
            return;
        }
        let refused = self.refused.entry(call.key.id).or_default();
        // Keep the newest: those are the ones that somebody looks for. But whoever knows the id can send wrong secrets.
        if refused.len() == REFUSALS_A_SECOND {
            let oldest = refused.iter().position(|known| known.code == Code::NotFound);
            if oldest.is_none() && call.code == Code::NotFound {
                return;
            }
            refused.remove(oldest.unwrap_or(0));
        }
        let request = call.request;
        // This is untrusted text, and may even contain keys. Postgres cannot store U+0000, and no other control
        // character belongs on a screen.
        let cut = |text: &str| token::without_secrets(text).chars().take(TEXT_MAX).map(text::shown).collect();
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

    /// The newest use of each key.
    fn uses(&self) -> impl Iterator<Item = (&KeyId, KeyUse)> {
        self.keys.iter().filter_map(|(id, key)| Some((id, key.used?)))
    }

    fn batch(&self) -> UsageBatch {
        let mut batch = UsageBatch::default();
        let unknown = self.unknown.iter().map(|(app, tally)| ((*app, None), tally.clone()));
        let mut apps: HashMap<(AppId, Option<KeyKind>), Tally> = unknown.collect();
        for (id, key) in &self.keys {
            // Attach the use to a row that is written anyway.
            let mut used = key.used;
            for calls in key.calls.iter() {
                let HourCalls { hour, code, calls: n } = *calls;
                let used = used.take_if(|used| used.at.hour() == hour);
                if key.is_listed() {
                    batch.keys.push(KeyCalls { key_id: *id, hour, code: Some(code), calls: n, used });
                }
                if let Some((app, kind)) = key.of {
                    apps.entry((app, Some(kind))).or_default().add(*calls);
                }
            }
            batch.secrets.extend(key.by_secret.iter().flat_map(|calls| calls.batch(*id)));
            if let Some(newest) = used {
                batch.keys.push(KeyCalls { key_id: *id, hour: newest.at.hour(), code: None, calls: 0, used });
            }
        }
        // In the order of the table, because neighbouring rows share database pages.
        batch.keys.sort_unstable_by_key(|a| a.key_id);
        for ((app, kind), tally) in &apps {
            batch.apps.extend(tally.iter().map(|calls| (*app, *kind, *calls)));
        }
        for (id, refused) in &self.refused {
            batch.refusals.extend(refused.iter().map(|refusal| (*id, refusal.clone())));
        }
        batch
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

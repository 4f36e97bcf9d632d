//! Last used and calls per hour: counted in memory, written once a second. A crash may lose the last
//! second of it.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    ids::{AppId, KeyId},
    timestamp::Timestamp,
    verdict::Code,
};
use store::{HourCount, LastUsed, Store, StoreError};

use super::{Cached, IdBytes};
use crate::error::Result;

type AppBytes = [u8; AppId::LEN];

/// Calls for different keys seldom wait for each other.
const SHARDS: usize = 16;

#[derive(Default)]
pub(super) struct Usage {
    shards: [Mutex<Counts>; SHARDS],
}

#[derive(Default)]
struct Counts {
    used: HashMap<IdBytes, Use>,
    calls: HashMap<(AppBytes, i64, Code), u64>,
}

#[derive(Clone, Copy)]
struct Use {
    at: Timestamp,
    address: Option<IpAddr>,
}

impl Counts {
    fn mark(&mut self, id: IdBytes, this: Use) {
        match self.used.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(this);
            }
            Entry::Occupied(mut entry) => {
                if entry.get().at <= this.at {
                    entry.insert(this);
                }
            }
        }
    }

    fn count(&mut self, app: AppBytes, hour: i64, code: Code, calls: u64) {
        *self.calls.entry((app, hour, code)).or_default() += calls;
    }

    fn is_empty(&self) -> bool {
        self.used.is_empty() && self.calls.is_empty()
    }
}

impl Usage {
    /// A call for a key was decided; `used` is its id if the secret was right.
    pub(super) fn decided(
        &self,
        used: Option<&IdBytes>,
        key: &Cached,
        code: Code,
        now: Timestamp,
        address: Option<IpAddr>,
    ) {
        let Some(app) = app_bytes(&key.record.app_id) else {
            return;
        };
        let mut counts = self.shard(key.record.id.as_str().as_bytes());
        counts.count(app, now.hour(), code, 1);
        if let Some(id) = used {
            counts.mark(*id, Use { at: now, address });
        }
    }

    /// A key was used without being asked about.
    pub(super) fn used(&self, id: &IdBytes, now: Timestamp, address: Option<IpAddr>) {
        self.shard(id).mark(*id, Use { at: now, address });
    }

    /// A call for a key that does not exist; counted for the app that asked, if one did.
    pub(super) fn refused_unknown(&self, scope: Option<&AppId>, now: Timestamp) {
        if let Some(app) = scope.and_then(app_bytes) {
            self.shard(&app).count(app, now.hour(), Code::NotFound, 1);
        }
    }

    /// Writes everything in one transaction. If that fails it is kept for the next time.
    pub(super) async fn flush(&self, store: &Store) -> Result<()> {
        let counts = self.take();
        if counts.is_empty() {
            return Ok(());
        }
        let (used, calls) = rows(&counts);
        let written: Result<(), StoreError> = store.write(async |tx| tx.flush_usage(&used, &calls).await).await;
        if let Err(error) = written {
            self.put_back(&counts);
            return Err(error.into());
        }
        Ok(())
    }

    fn take(&self) -> Counts {
        let mut all = Counts::default();
        for shard in &self.shards {
            let mut counts = shard.lock().unwrap_or_else(PoisonError::into_inner);
            // Draining keeps the tables: a hot key costs no allocation each second.
            all.used.extend(counts.used.drain());
            for ((app, hour, code), calls) in counts.calls.drain() {
                all.count(app, hour, code, calls);
            }
        }
        all
    }

    fn put_back(&self, counts: &Counts) {
        for (id, this) in &counts.used {
            self.shard(id).mark(*id, *this);
        }
        for (&(app, hour, code), calls) in &counts.calls {
            self.shard(&app).count(app, hour, code, *calls);
        }
    }

    /// The counts that a text's calls go to; its characters are random.
    fn shard(&self, text: &[u8]) -> MutexGuard<'_, Counts> {
        let sum: usize = text.iter().map(|byte| usize::from(*byte)).sum();
        let [first, ..] = &self.shards;
        let shard = self.shards.get(sum % SHARDS).unwrap_or(first);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rows(counts: &Counts) -> (Vec<LastUsed>, Vec<HourCount>) {
    let used = counts.used.iter().filter_map(|(id, this)| {
        Some(LastUsed { key_id: KeyId::parse(std::str::from_utf8(id).ok()?)?, at: this.at, address: this.address })
    });
    let calls = counts.calls.iter().filter_map(|((app, hour, code), calls)| {
        Some(HourCount {
            app_id: AppId::parse(std::str::from_utf8(app).ok()?)?,
            hour: *hour,
            code: *code,
            calls: *calls,
        })
    });
    (used.collect(), calls.collect())
}

fn app_bytes(app: &AppId) -> Option<AppBytes> {
    app.as_str().as_bytes().try_into().ok()
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

//! What keeps a verifier up to date: changes of this process and of others, counts that are to be written, and how old
//! all of that is.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{ids::KeyId, timestamp::Millis};
use store::{Changes, StoreError, failpoint};

use super::{Verifier, flushes::Flushes};
use crate::error::{Error, Result};

impl Verifier {
    /// Writes everything counted since the last flush in one transaction. Does nothing if nothing was counted.
    pub async fn flush_usage(&self) -> Result<()> {
        let began = self.0.uptime();
        self.0.usage.flush(&self.0.store.for_writes(), &*self.0.clock, false).await?;
        self.0.flushed.store(began.0, Ordering::Relaxed);
        Ok(())
    }

    /// How long ago everything that was counted by then had been written.
    pub(crate) fn usage_flush_age(&self) -> Duration {
        let age = self.0.uptime().0.saturating_sub(self.0.flushed.load(Ordering::Relaxed));
        Duration::from_millis(u64::try_from(age).unwrap_or_default())
    }

    /// How long ago changes of other processes were last asked for.
    pub(crate) fn freshness_age(&self) -> Duration {
        self.0.freshness.age()
    }

    /// Which keys the last flushes of this process changed.
    pub(crate) fn flushes(&self) -> Arc<Flushes> {
        Arc::clone(self.0.usage.flushes())
    }

    /// How many keys are in the cache.
    pub(crate) fn cached_keys(&self) -> u64 {
        self.0.cache.len()
    }

    /// Like `flush_usage`, at shutdown: leaves nothing for later.
    pub(crate) async fn flush_all_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store.for_writes(), &*self.0.clock, true).await
    }

    /// Returns the blocks of call quotas that nobody is spending, or all of them at the end.
    pub(crate) async fn tidy_counters(&self, at_end: bool) -> Result<()> {
        self.0.counters.tidy(&self.0.store, &*self.0.clock, self.0.uptime(), at_end).await
    }

    /// Announcements of other processes, if the database has them. The poll finds the same changes a little later.
    pub(crate) async fn changes(&self) -> Result<Option<Changes>> {
        Ok(self.0.store.changes().await?)
    }

    /// Compares the store's version with the one that the cache reflects.
    pub(crate) async fn poll(&self) -> Result<()> {
        // One at a time. Answers that overtake each other would clear the cache for nothing.
        let _polling = self.0.polling.lock().await;
        let asked = self.0.freshness.asking();
        let looked_at = self.0.clock.now();
        let seen = self.0.store.look().await.inspect_err(|error| {
            if matches!(error, StoreError::TakenOver(_)) {
                self.0.freshness.distrust();
            }
        })?;
        let took = self.0.clock.instant().saturating_duration_since(asked.at);
        if let Some(theirs) = seen.now {
            self.0.shared_clock.compare(looked_at, theirs, took, &*self.0.clock);
        }
        let learned = self.0.keyring.follow(&self.0.store, seen.data_keys).await?;
        if learned {
            // A key that was read before may name one that was unknown then.
            self.forget();
        }
        self.0.freshness.polled(seen.version, &asked, || self.forget());
        Ok(())
    }

    /// A poll that begins after this call. Those who ask while one is under way share the next.
    pub(super) async fn look_again(&self) -> Result<()> {
        let verifier = self.clone();
        let look = move |()| {
            let verifier = verifier.clone();
            async move {
                verifier.poll().await.map_err(|error| match error {
                    Error::Store(error) => error,
                    error => StoreError::Failed(error.to_string()),
                })
            }
        };
        Ok(self.0.looks.ask((), look).await??)
    }

    /// How far this machine's clock is ahead of the database's (behind, if negative), if that is far.
    pub(crate) fn clock_off(&self) -> Option<Millis> {
        self.0.shared_clock.off()
    }

    /// Forgets a key that this process changed in the transaction that made `version`. Call it after the commit and
    /// before the use case answers.
    pub(crate) fn changed(&self, key: &KeyId, version: i64) {
        self.0.cache.remove(key);
        self.0.freshness.made(version);
        failpoint::reached("cache-after");
    }

    /// Forgets every key, because this process made `version` and changed all keys of an app in it.
    pub(crate) fn all_changed(&self, version: i64) {
        self.forget();
        self.0.freshness.made(version);
    }

    fn forget(&self) {
        self.0.cache.clear();
        self.0.apps.forget();
    }
}

//! A cache of keys by id, bounded in bytes, and of unknown ids, bounded in number and kept for seconds.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    ids::KeyId,
    key::{KeyRecord, SecretNumber},
    timestamp::Timestamp,
    token::TokenMac,
};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};
use store::{SecretVersion, StoredKey};

use super::{KeyCounters, Proof};
use crate::{clock::Clock, error::Result, keyring::Keyring, mac::MacKey};

/// Roughly how many bytes of keys the cache holds.
const BYTES: u64 = 96 << 20;

/// Roughly how many keys that is. It sizes the tables.
const KEYS: usize = 100_000;

/// How many unknown ids are remembered.
const UNKNOWN: usize = 10_000;

/// How long an unknown id is remembered. Issuing a key clears its id, as any change does. An entry that stayed could
/// only refuse, and nobody knows an id before its key is issued.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);

/// A key as the verifier holds it.
#[derive(Debug)]
pub struct CachedKey {
    /// The fields that decide the verdict.
    pub record: Arc<KeyRecord>,
    secrets: Box<[Secret]>,
    /// The epoch of its call quota; 0 without one.
    pub(super) quota_epoch: i64,
    /// The key's counters; `None` if it has no rate limits and no call quota.
    pub(super) counters: Option<Arc<KeyCounters>>,
    /// The second in which the key was last marked as used while it asked about others.
    marked: AtomicI64,
    bytes: u64,
}

#[derive(Debug)]
struct Secret {
    number: SecretNumber,
    mac: TokenMac,
    pepper: i64,
    expires_at: Option<Timestamp>,
    /// What checks signatures that were made with it; `None` for a kind that does not sign.
    signer: Option<Box<MacKey>>,
}

impl Secret {
    fn new(stored: &SecretVersion, signer: Option<MacKey>) -> Self {
        Self {
            number: stored.number,
            mac: stored.mac,
            pepper: stored.pepper_version,
            expires_at: stored.expires_at,
            signer: signer.map(Box::new),
        }
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

impl CachedKey {
    /// `signer` gives what checks the signatures that were made with a secret.
    pub(super) fn new(
        stored: StoredKey,
        counters: Option<Arc<KeyCounters>>,
        signer: impl Fn(&SecretVersion) -> Option<MacKey>,
    ) -> Self {
        let StoredKey { record, secrets, quota_epoch } = stored;
        let secrets: Box<[Secret]> = secrets.iter().map(|secret| Secret::new(secret, signer(secret))).collect();
        let bytes = weigh(&record, &secrets);
        Self { record: record.into(), secrets, quota_epoch, counters, marked: AtomicI64::new(i64::MIN), bytes }
    }

    /// Whether to mark the key as used now. This happens once a second, so that the calls of one asking key do not all
    /// wait for the same counter.
    pub(super) fn is_mark_due(&self, now: Timestamp) -> bool {
        let second = now.whole_second().millis();
        let due = self.marked.load(Ordering::Relaxed) != second;
        if due {
            self.marked.store(second, Ordering::Relaxed);
        }
        due
    }

    /// Whether the key is being rotated, so that the calls with each of its secrets are counted.
    pub(super) fn has_two_secrets(&self) -> bool {
        self.secrets.len() > 1
    }

    /// Whether it still has this secret.
    pub(super) fn has_live(&self, number: SecretNumber, now: Timestamp) -> bool {
        self.secrets.iter().any(|secret| secret.number == number && secret.is_live(now))
    }

    /// Finds which of the key's secrets the proof shows; `None` if it is none of the current ones.
    pub(super) fn secret_of(&self, proof: &Proof<'_>, keyring: &Keyring, now: Timestamp) -> Option<SecretNumber> {
        if let Proof::Signed(token) = proof {
            let signed = |secret: &&Secret| {
                let signer = secret.signer.as_ref().filter(|_| secret.is_live(now));
                signer.is_some_and(|signer| token.proves(self.record.kind, signer, now))
            };
            return self.secrets.iter().find(signed).map(|secret| secret.number);
        }
        let text = proof.as_bytes()?;
        // Two secrets almost always have the same pepper, and a MAC costs more than all else here.
        let mut made: Option<(i64, Option<TokenMac>)> = None;
        let shown = self.secrets.iter().find(|secret| {
            if !secret.is_live(now) {
                return false;
            }
            let mac = match made {
                Some((pepper, mac)) if pepper == secret.pepper => mac,
                _ => keyring.token_mac(secret.pepper, text),
            };
            made = Some((secret.pepper, mac));
            mac == Some(secret.mac)
        });
        shown.map(|secret| secret.number)
    }
}

/// Roughly how many bytes a key takes, including the allocator's overhead.
fn weigh(record: &KeyRecord, secrets: &[Secret]) -> u64 {
    let signers = secrets.iter().filter(|secret| secret.signer.is_some()).count() * size_of::<MacKey>();
    let bytes = 640 + record.name.len() + size_of_val(secrets) + signers + record.rules.weight();
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<KeyId, Arc<CachedKey>> for ByBytes {
    fn weight(&self, _: &KeyId, key: &Arc<CachedKey>) -> u64 {
        key.bytes
    }
}

/// The cache of keys and of unknown ids.
pub(super) struct KeyCache {
    clock: Arc<dyn Clock>,
    known: Cache<KeyId, Arc<CachedKey>, ByBytes, DefaultHashBuilder>,
    /// Until when an id counts as unknown. Kept apart from the keys, so that garbage displaces none.
    unknown: Cache<KeyId, Instant>,
}

impl KeyCache {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, known: Cache::with_weighter(KEYS, BYTES, ByBytes), unknown: Cache::new(UNKNOWN) }
    }

    /// The key, if it is cached.
    pub(super) fn known(&self, id: &KeyId) -> Option<Arc<CachedKey>> {
        self.known.get(id)
    }

    /// The key, read with `read` if it is not cached. Only one reader per id runs at a time.
    pub(super) async fn fill<F>(&self, id: KeyId, read: impl Fn() -> F) -> Result<Option<Arc<CachedKey>>>
    where
        F: Future<Output = Result<Option<Arc<CachedKey>>>>,
    {
        loop {
            if self.is_unknown(&id) {
                return Ok(None);
            }
            let guard = match self.known.get_value_or_guard_async(&id).await {
                // Callers that wait for a reader get its result, even if that is not cached.
                Ok(read) => match self.known.get(&id) {
                    Some(key) if Arc::ptr_eq(&key, &read) => return Ok(Some(key)),
                    _ => continue,
                },
                Err(guard) => guard,
            };
            // The reader that this call waited for may have found no key.
            if self.is_unknown(&id) {
                return Ok(None);
            }
            let Some(key) = read().await? else {
                self.unknown.insert(id, self.clock.instant() + UNKNOWN_FOR);
                return Ok(None);
            };
            if guard.insert(Arc::clone(&key)).is_ok() {
                return Ok(Some(key));
            }
            // The key was changed after it was read, and removing it also removed the reserved place. The value is old:
            // neither cache nor trust it.
        }
    }

    fn is_unknown(&self, id: &KeyId) -> bool {
        let until = self.unknown.get(id);
        until.is_some_and(|until| self.clock.instant() < until)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.known.len()).unwrap_or(u64::MAX)
    }

    /// Forgets a key, and that an id was unknown.
    pub(super) fn remove(&self, id: &KeyId) {
        self.unknown.remove(id);
        self.known.remove(id);
    }

    /// Forgets every key and every unknown id.
    pub(super) fn clear(&self) {
        self.unknown.clear();
        self.known.clear();
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::{ids::AppId, key::KeyState, kind::KeyKind, rules::KeyRules};
    use tokio::sync::Notify;

    use super::*;
    use crate::clock::SystemClock;

    fn id() -> KeyId {
        KeyId::parse("7Qm2xVbN4tRa").unwrap()
    }

    fn key(state: KeyState) -> Arc<CachedKey> {
        let record = KeyRecord {
            id: id(),
            app_id: AppId::from_random([1; 12]),
            kind: KeyKind::Service,
            name: "Billing".to_owned(),
            state,
            not_before: None,
            expires_at: None,
            rules: KeyRules::default(),
            app_archived: false,
        };
        let stored = StoredKey { record, secrets: Vec::new(), quota_epoch: 0 };
        Arc::new(CachedKey::new(stored, None, |_| None))
    }

    /// What a fill gives and leaves when `meddle` runs between its first read and its insert.
    async fn fill(meddle: impl Fn(&KeyCache)) -> (KeyState, Option<KeyState>, u32) {
        let cache = KeyCache::new(Arc::new(SystemClock::default()));
        let reads = Cell::new(0);
        let read = || async {
            reads.set(reads.get() + 1);
            if reads.get() > 1 {
                return Ok(Some(key(KeyState::Revoked)));
            }
            meddle(&cache);
            Ok(Some(key(KeyState::Active)))
        };
        let given = cache.fill(id(), read).await.unwrap().unwrap();
        let left = cache.known(&id()).map(|key| key.record.state);
        (given.record.state, left, reads.get())
    }

    #[tokio::test]
    async fn a_fill_is_kept() {
        let active = KeyState::Active;
        assert_eq!(fill(|_| ()).await, (active, Some(active), 1));
    }

    #[tokio::test]
    async fn a_fill_that_races_a_removal_is_not_kept_and_reads_again() {
        let revoked = KeyState::Revoked;
        let expected = (revoked, Some(revoked), 2);
        assert_eq!(fill(|cache| cache.remove(&id())).await, expected);
        assert_eq!(fill(KeyCache::clear).await, expected);
    }

    #[tokio::test]
    async fn who_waits_for_a_fill_that_races_a_removal_does_not_believe_it() {
        let cache = KeyCache::new(Arc::new(SystemClock::default()));
        let (removed, reading, reads) = (Notify::new(), Notify::new(), Cell::new(0));
        let fresh = || async { Ok(Some(key(KeyState::Revoked))) };
        let stale_at_first = || async {
            reads.set(reads.get() + 1);
            if reads.get() > 1 {
                return fresh().await;
            }
            reading.notify_one();
            removed.notified().await;
            Ok(Some(key(KeyState::Active)))
        };
        let reader = cache.fill(id(), stale_at_first);
        let waiter = async {
            reading.notified().await;
            cache.fill(id(), fresh).await
        };
        let revoke = async {
            // By now both are under way.
            tokio::time::sleep(Duration::from_millis(50)).await;
            cache.remove(&id());
            removed.notify_one();
        };
        let (_, believed, ()) = tokio::join!(reader, waiter, revoke);
        assert_eq!(believed.unwrap().unwrap().record.state, KeyState::Revoked);
    }

    #[tokio::test]
    async fn an_unknown_id_is_looked_up_once_and_may_become_known() {
        let cache = KeyCache::new(Arc::new(SystemClock::default()));
        let none = || async { Ok(None) };
        assert!(cache.fill(id(), none).await.unwrap().is_none());
        let again = || async { panic!("it was just looked up") };
        assert!(cache.fill(id(), again).await.unwrap().is_none());
        cache.remove(&id());
        let found = || async { Ok(Some(key(KeyState::Active))) };
        assert!(cache.fill(id(), found).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn garbage_fills_no_memory_and_displaces_no_key() {
        let cache = KeyCache::new(Arc::new(SystemClock::default()));
        let found = || async { Ok(Some(key(KeyState::Active))) };
        cache.fill(id(), found).await.unwrap();
        for n in 0..50_000_u128 {
            let id = KeyId::from_random(n.to_be_bytes());
            cache.fill(id, || async { Ok(None) }).await.unwrap();
        }
        assert!(cache.unknown.len() <= UNKNOWN);
        assert!(cache.known(&id()).is_some());
        assert_eq!(cache.known.len(), 1);
    }
}

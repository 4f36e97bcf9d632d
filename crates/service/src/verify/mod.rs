//! May this key pass? One verifier for every edge.
//!
//! Checksum → id → cached record → MAC compare → `domain::verdict::decide` → counters. A call for a
//! cached key touches no SQL and awaits nothing.

mod cache;
mod counters;
mod credential;
mod explain;
mod freshness;
mod last_used_queue;
mod presented;
mod reader;
mod request;
mod secret_calls;
pub(crate) mod shards;
mod shared_clock;
mod signed;
mod unreadable;
mod usage;
mod watch;

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc, time::Instant};

use domain::{
    field::{Field, FieldErrors},
    ids::KeyId,
    key::SecretNumber,
    kind::KeyKind,
    permission::AdminPermission,
    permission_query::PermissionQuery,
    timestamp::{Millis, Timestamp},
    verdict::{self, Code},
};
use store::{Changes, SecretVersion, Store, StoreError};

pub(crate) use self::freshness::POLL_EVERY;
pub use self::{
    cache::CachedKey,
    counters::{LimitState, QuotaState},
    credential::Credential,
    presented::Held,
    request::{AskedLimit, Verdict, VerifyRequest},
    watch::{Seen, Watch, WatchedCall},
};
use self::{
    cache::KeyCache,
    counters::{Counters, KeyCounters},
    credential::{Proof, resolve},
    freshness::Freshness,
    reader::Reader,
    shared_clock::SharedClock,
    unreadable::Unreadable,
    usage::{Decided, Usage},
    watch::Watchers,
};
use crate::{
    clock::Clock,
    error::{Error, Result},
    keyring::Keyring,
    mac::MacKey,
    sealed_secrets,
};

/// A table with one entry per key.
type ByKey<T> = HashMap<KeyId, T, quick_cache::DefaultHashBuilder>;

/// Decides about keys. A clone is the same verifier.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    begun: Instant,
    keyring: Arc<Keyring>,
    reader: Reader,
    cache: KeyCache,
    freshness: Freshness,
    polling: tokio::sync::Mutex<()>,
    shared_clock: SharedClock,
    counters: Counters,
    usage: Usage,
    unreadable: Unreadable,
    watchers: Arc<Watchers>,
    /// The query that a key must pass for each of Keystead's own permissions.
    needed: Vec<(AdminPermission, PermissionQuery)>,
}

impl Inner {
    /// The time of a clock that never goes back: since this process began.
    fn uptime(&self) -> Millis {
        let passed = self.clock.instant().saturating_duration_since(self.begun);
        Millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The key that a credential names, and which of its secrets was presented.
struct Found {
    key: Arc<CachedKey>,
    secret: Option<SecretNumber>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    pub(crate) async fn start(store: Store, clock: Arc<dyn Clock>, keyring: Arc<Keyring>) -> Result<Self> {
        let query = |needed: &AdminPermission| {
            let query = PermissionQuery::parse(needed.as_str());
            query
                .map(|query| (*needed, query))
                .map_err(|error| Error::internal("one of our own permissions is none", error))
        };
        let needed = AdminPermission::ALL.iter().map(query).collect::<Result<Vec<_>>>()?;
        let newest_hour = store.for_calls().newest_hour().await?.map(Timestamp::from_millis);
        let verifier = Self(Arc::new(Inner {
            reader: Reader::new(store.for_calls()),
            store: store.for_calls(),
            cache: KeyCache::new(Arc::clone(&clock)),
            freshness: Freshness::new(Arc::clone(&clock)),
            begun: clock.instant(),
            clock,
            keyring,
            polling: tokio::sync::Mutex::default(),
            shared_clock: SharedClock::default(),
            counters: Counters::default(),
            usage: Usage::new(newest_hour),
            unreadable: Unreadable::default(),
            watchers: Arc::default(),
            needed,
        }));
        verifier.poll().await?;
        Ok(verifier)
    }

    /// Decides about a call, counts it, and notifies the key's watchers. Fails if the store does not answer.
    pub async fn verify(&self, credential: Credential<'_>, request: VerifyRequest<'_>) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = request.address.map(|address| address.to_canonical());
        let request = VerifyRequest { address, ..request };
        let found = self.find(credential, now).await?;
        let in_scope = |found: &Found| request.scope.is_none_or(|app| *app == found.key.record.app_id);
        let Some(Found { key, secret }) = found.filter(in_scope) else {
            inner.usage.refused_unknown(request.scope, now);
            let checks = request.explain.then(explain::unknown);
            return Ok(Verdict { checks, ..Verdict::plain(Code::NotFound) });
        };
        let verdict = if let Some(secret) = secret {
            self.decide(key.clone(), secret, &request, now).await?
        } else {
            let checks = request.explain.then(explain::unknown);
            Verdict { checks, ..Verdict::plain(Code::NotFound) }
        };
        let (code, id) = (verdict.code, &key.record.id);
        let by_secret = key.has_two_secrets();
        inner.usage.decided(&Decided { key: &key.record, secret, by_secret, code, now, request: &request });
        inner.watchers.tell(id, || WatchedCall { at: now, code, address, edge: request.edge });
        Ok(verdict)
    }

    /// Decides whether a caller of Keystead's own API may ask. It needs a service key with this permission, within its
    /// limits. Marks the key as used. A verify call counts once, for the key that it asks about.
    pub async fn authenticate(
        &self,
        token: &str,
        permission: AdminPermission,
        address: Option<IpAddr>,
        origin: Option<&str>,
    ) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = address.map(|address| address.to_canonical());
        let Some(Found { key, secret: Some(secret) }) = self.find(Credential::Token(token), now).await? else {
            return Ok(Verdict::plain(Code::NotFound));
        };
        let permissions = inner.needed.iter().find(|(needed, _)| *needed == permission).map(|(_, query)| query);
        if permissions.is_none() {
            return Err(Error::impossible("a permission of Keystead's own has no query"));
        }
        let request = VerifyRequest {
            address,
            origin,
            permissions,
            kind: Some(KeyKind::CALLS_KEYSTEAD),
            ..VerifyRequest::default()
        };
        if key.is_mark_due(now) {
            inner.usage.used(&key.record.id, now, address);
        }
        self.decide(key, secret, &request, now).await
    }

    /// Runs the checks, then the rate limits, then the call quota. A call that is refused earlier counts nothing.
    async fn decide(
        &self,
        key: Arc<CachedKey>,
        secret: SecretNumber,
        request: &VerifyRequest<'_>,
        now: Timestamp,
    ) -> Result<Verdict> {
        let asked = request.asked();
        let mut verdict = Verdict { secret: Some(secret), ..Verdict::plain(verdict::decide(&key.record, &asked, now)) };
        if verdict.code == Code::Valid
            && let Some(counters) = self.counters(&key, request)
        {
            self.count(&counters, &key, request, &mut verdict).await?;
        }
        if request.explain {
            let mut checks = verdict::explain(&key.record, &asked, now);
            checks.extend(explain::counted(&key.record, &verdict));
            verdict.checks = Some(checks);
        }
        verdict.key = Some(key);
        Ok(verdict)
    }

    async fn count(
        &self,
        counters: &KeyCounters,
        key: &CachedKey,
        request: &VerifyRequest<'_>,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let record = &key.record;
        for asked in request.limits {
            if let AskedLimit::Own { name, .. } = asked
                && record.rules.limits.iter().all(|own| own.name != *name)
            {
                let message = format!("The key has no rate limit called {}.", domain::text::quote(name));
                return Err(FieldErrors::one(Field::Limits, message).into());
            }
        }
        if !record.rules.limits.is_empty() || !request.limits.is_empty() {
            let now = self.0.uptime();
            verdict.limits = counters.limits(&record.rules.limits, request.limits, request.limit_cost, now, true);
            if verdict.limits.iter().any(|state| !state.passed) {
                verdict.code = Code::RateLimited;
                return Ok(());
            }
        }
        if let Some(quota) = record.rules.quota {
            let quota = (quota, key.quota_epoch);
            let state = counters.spend(&self.0.store, &*self.0.clock, &record.id, quota, request.quota_cost).await?;
            verdict.quota = Some(state);
            if !state.passed {
                verdict.code = Code::UsageExceeded;
            }
        }
        Ok(())
    }

    /// The key's counters, if anything is counted for this call.
    fn counters(&self, key: &CachedKey, request: &VerifyRequest<'_>) -> Option<Arc<KeyCounters>> {
        let brought = || (!request.limits.is_empty()).then(|| self.0.counters.of(&key.record.id));
        key.counters.clone().or_else(brought)
    }

    /// Calls of a key's quota that this process has reserved and not spent.
    pub(crate) fn unspent(&self, id: &KeyId, epoch: i64, period: i64) -> u64 {
        self.0.counters.of(id).unspent(epoch, period)
    }

    /// A watch on the key's calls from now on.
    pub(crate) fn watch(&self, key: &KeyId) -> Watch {
        self.0.watchers.join(key)
    }

    /// Writes everything counted since the last flush in one transaction. Does nothing if nothing was counted.
    pub async fn flush_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store, &*self.0.clock, false).await
    }

    /// Like `flush_usage`, at shutdown: leaves nothing for later.
    pub(crate) async fn flush_all_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store, &*self.0.clock, true).await
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
        let asked = self.0.clock.instant();
        let looked_at = self.0.clock.now();
        let seen = self.0.store.look().await?;
        let took = self.0.clock.instant().saturating_duration_since(asked);
        if let Some(theirs) = seen.now {
            self.0.shared_clock.compare(looked_at, theirs, took, &*self.0.clock);
        }
        let forget = || self.0.cache.clear();
        self.0.freshness.polled(seen.version, asked, forget);
        Ok(())
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
    }

    /// Forgets every key, because this process made `version` and changed all keys of an app in it.
    pub(crate) fn all_changed(&self, version: i64) {
        self.0.cache.clear();
        self.0.freshness.made(version);
    }

    /// Finds the key that a well-formed credential names, and which of its secrets was presented.
    async fn find(&self, credential: Credential<'_>, now: Timestamp) -> Result<Option<Found>> {
        let Some((id, proof)) = resolve(credential) else {
            return Ok(None);
        };
        let Some(key) = self.key(id).await? else {
            return Ok(None);
        };
        let secret = key.secret_of(&proof, &self.0.keyring, now);
        Ok(Some(Found { key, secret }))
    }

    async fn key(&self, id: KeyId) -> Result<Option<Arc<CachedKey>>> {
        let inner = &*self.0;
        if inner.freshness.is_fresh() {
            if let Some(key) = inner.cache.known(&id) {
                return Ok(Some(key));
            }
            inner.cache.fill(id, || self.read(id)).await
        } else {
            self.read(id).await
        }
    }

    async fn read(&self, id: KeyId) -> Result<Option<Arc<CachedKey>>> {
        let stored = match self.0.reader.read(id).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok(None),
            // Such a row cannot be decided about, but must not fail other calls.
            Err(Error::Store(error @ StoreError::Corrupt(_))) => {
                self.0.unreadable.tell(id, &error);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let counted = !stored.record.rules.limits.is_empty() || stored.record.rules.quota.is_some();
        let counters = counted.then(|| self.0.counters.of(&id));
        let signer = |secret: &SecretVersion| self.signer(&id, secret);
        Ok(Some(Arc::new(CachedKey::new(stored, counters, signer))))
    }

    /// What checks the signatures that were made with a secret; `None` if its kind does not sign.
    fn signer(&self, key: &KeyId, secret: &SecretVersion) -> Option<MacKey> {
        let opened = sealed_secrets::signer(&self.0.keyring, (key, secret.number), secret.sealed.as_ref()?);
        opened.inspect_err(|error| tracing::error!(%key, %error, "tokens that a key signs are refused")).ok()
    }
}

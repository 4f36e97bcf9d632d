//! May this key pass? One verifier for every edge.
//!
//! Checksum → id → cached record → MAC compare → `domain::verdict::decide` → counters. A call for a
//! cached key, with a secret that it has, touches no SQL and awaits nothing.

mod accepted;
mod apps;
mod cache;
mod counters;
mod credential;
mod explain;
pub(crate) mod flushes;
mod freshness;
mod last_used_queue;
mod limits;
mod presented;
mod quota;
mod request;
mod secret_calls;
pub(crate) mod shards;
mod shared_clock;
mod shared_limits;
pub(crate) mod shares;
mod signed;
mod unreadable;
mod upkeep;
mod usage;
mod watch;

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, atomic::AtomicI64},
    time::Instant,
};

use domain::{
    field::{Field, FieldErrors},
    ids::{AppId, KeyId},
    key::SecretNumber,
    kind::KeyKind,
    permission::AdminPermission,
    permission_query::PermissionQuery,
    timestamp::{Millis, Timestamp},
    verdict::{self, Code},
};
use store::{SecretVersion, Store, StoreError};

pub(crate) use self::freshness::POLL_EVERY;
pub use self::{
    accepted::Accepted,
    cache::CachedKey,
    credential::Credential,
    limits::LimitState,
    presented::Held,
    quota::QuotaState,
    request::{AskedLimit, Verdict, VerifyRequest},
    watch::{Seen, Watch, WatchedCall},
};
use self::{
    apps::AppsInUse,
    cache::KeyCache,
    counters::{Counters, KeyCounters},
    credential::{Proof, resolve},
    freshness::Freshness,
    shared_clock::SharedClock,
    shares::Shares,
    unreadable::Unreadable,
    usage::{Decided, Usage},
    watch::Watchers,
};
use crate::{
    clock::Clock,
    error::{Error, Result},
    keyring::Keyring,
    mac::MacKey,
    metrics::{Calls, Lookup, Metrics},
    reader::{Keys, Reader},
    same::Same,
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
    reader: Reader<Keys>,
    cache: KeyCache,
    apps: AppsInUse,
    freshness: Freshness,
    polling: tokio::sync::Mutex<()>,
    looks: Same<(), Result<(), StoreError>>,
    shared_clock: SharedClock,
    counters: Counters,
    shares: Shares,
    usage: Usage,
    /// The uptime at which counts were last written, in milliseconds.
    flushed: AtomicI64,
    metrics: Metrics,
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
    pub(crate) async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        keyring: Arc<Keyring>,
        metrics: Metrics,
    ) -> Result<Self> {
        let query = |needed: &AdminPermission| {
            let query = PermissionQuery::parse(needed.as_str());
            query
                .map(|query| (*needed, query))
                .map_err(|error| Error::internal("one of our own permissions is none", error))
        };
        let needed = AdminPermission::ALL.iter().map(query).collect::<Result<Vec<_>>>()?;
        let newest_hour = store.for_writes().newest_hour().await?.map(Timestamp::from_millis);
        let verifier = Self(Arc::new(Inner {
            reader: Reader::new(&store.for_calls(), Keys),
            store: store.for_calls(),
            cache: KeyCache::new(Arc::clone(&clock)),
            apps: AppsInUse::default(),
            freshness: Freshness::new(Arc::clone(&clock)),
            begun: clock.instant(),
            clock,
            keyring,
            polling: tokio::sync::Mutex::default(),
            looks: Same::default(),
            shared_clock: SharedClock::default(),
            counters: Counters::default(),
            shares: Shares::new(metrics.clone()),
            usage: Usage::new(newest_hour),
            flushed: AtomicI64::new(0),
            metrics,
            unreadable: Unreadable::default(),
            watchers: Arc::default(),
            needed,
        }));
        verifier.poll().await?;
        Ok(verifier)
    }

    /// Decides about a call, counts it, and notifies the key's watchers. Fails if the store does not answer.
    pub async fn verify(&self, credential: Credential<'_>, request: VerifyRequest<'_>) -> Result<Verdict> {
        let (calls, clock) = (self.0.metrics.calls(), &*self.0.clock);
        let (edge, begun) = (request.edge, Calls::begin(clock));
        let verdict = self.judge(credential, request).await;
        calls.ended(edge, &verdict, begun, clock);
        verdict
    }

    async fn judge(&self, credential: Credential<'_>, request: VerifyRequest<'_>) -> Result<Verdict> {
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

    /// What the checks of a call would say, before its limits. Counts nothing and tells nobody.
    pub async fn glance(&self, credential: Credential<'_>, request: &VerifyRequest<'_>) -> Result<Option<KeyId>> {
        let now = self.0.clock.now();
        let Some(Found { key, secret: Some(_) }) = self.find(credential, now).await? else { return Ok(None) };
        let would_pass = verdict::decide(&key.record, &request.asked(), now) == Code::Valid;
        Ok(would_pass.then_some(key.record.id))
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
        if key.has_two_secrets() {
            inner.usage.used_secret(&key.record.id, secret, now, address);
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
            (verdict.limits, verdict.lacked_room) = self.count_limits(counters, record, request).await;
            if verdict.limits.iter().any(|state| !state.passed) {
                verdict.code = Code::RateLimited;
                return Ok(());
            }
        }
        if let Some(quota) = record.rules.quota {
            let quota = (quota, key.quota_epoch);
            let state = counters.spend(&self.0.store, &self.0.clock, &record.id, quota, request.quota_cost).await?;
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

    /// Who watches which key.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// Whether there is an app with this id, and it is in use.
    pub(crate) async fn is_app_in_use(&self, id: &AppId) -> Result<bool> {
        let inner = &*self.0;
        let is_fresh = inner.freshness.is_fresh();
        if is_fresh && inner.apps.has(id) {
            return Ok(true);
        }
        let forgotten = inner.apps.forgotten();
        let is_in_use = inner.store.app(id).await?.is_some_and(|app| app.archived_at.is_none());
        if is_fresh && is_in_use {
            inner.apps.add(*id, forgotten);
        }
        Ok(is_in_use)
    }

    /// Finds the key that a well-formed credential names, and which of its secrets was presented.
    async fn find(&self, credential: Credential<'_>, now: Timestamp) -> Result<Option<Found>> {
        let Some((id, proof)) = resolve(credential) else {
            return Ok(None);
        };
        let shown = |key: Arc<CachedKey>| {
            let secret = key.secret_of(&proof, &self.0.keyring, now);
            Found { key, secret }
        };
        let found = self.key(id).await?.map(shown);
        if found.as_ref().is_none_or(|found| found.secret.is_some()) {
            return Ok(found);
        }
        // Another process may have given the key this secret since it was cached.
        self.look_again().await?;
        Ok(self.key(id).await?.map(shown))
    }

    async fn key(&self, id: KeyId) -> Result<Option<Arc<CachedKey>>> {
        let inner = &*self.0;
        if inner.freshness.is_fresh() {
            if let Some(key) = inner.cache.known(&id) {
                inner.metrics.calls().looked_up(Lookup::Hit);
                return Ok(Some(key));
            }
            inner.metrics.calls().looked_up(Lookup::Miss);
            inner.cache.fill(id, || self.read(id)).await
        } else {
            inner.metrics.calls().looked_up(Lookup::Miss);
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
        let is_known = |secret: &SecretVersion| {
            let seal = secret.sealed.as_ref().map(|sealed| sealed.version);
            self.0.keyring.knows(secret.pepper_version, seal)
        };
        if !stored.secrets.iter().all(is_known) {
            // Another process has added a data key since the last poll, and used it.
            Box::pin(self.poll()).await?;
        }
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

//! May this key pass? One verifier for every edge.
//!
//! Checksum → id → cached record → MAC compare → `domain::verdict::decide` → counters. A call for a
//! cached key touches no SQL and awaits nothing.

mod cache;
mod counters;
mod explain;
mod freshness;
mod last_used_queue;
mod reader;
mod request;
mod usage;
mod watch;

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc, time::Instant};

use domain::{
    field::{Field, FieldErrors},
    ids::KeyId,
    kind::KeyKind,
    permission,
    permission_query::PermissionQuery,
    timestamp::Timestamp,
    token::{self, Token},
    verdict::{self, Code},
};
use store::{Changes, Store};

pub(crate) use self::freshness::POLL_EVERY;
pub use self::{
    cache::Cached,
    counters::{LimitState, QuotaState},
    explain::Circumstances,
    request::{AskedLimit, Credential, Verdict, VerifyRequest},
    watch::{Seen, Watch},
};
use self::{
    cache::KeyCache,
    counters::{Counters, KeyCounters},
    freshness::Freshness,
    reader::Reader,
    usage::{Decided, Usage},
    watch::Watchers,
};
use crate::{
    clock::Clock,
    error::{Error, Result},
    keyring::Keyring,
};

/// A key's id as it lies in caches and counters: no allocation, no pointer to follow.
pub(crate) type IdBytes = [u8; KeyId::LEN];

/// What lies by key.
type ByKey<T> = HashMap<IdBytes, T, quick_cache::DefaultHashBuilder>;

/// The bytes of an id; `None` if it has another length.
pub(crate) fn id_bytes(id: &str) -> Option<IdBytes> {
    id.as_bytes().try_into().ok()
}

/// Decides about keys. A clone is the same verifier.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    keyring: Arc<Keyring>,
    reader: Reader,
    cache: KeyCache,
    freshness: Freshness,
    polling: tokio::sync::Mutex<()>,
    counters: Counters,
    usage: Usage,
    watchers: Arc<Watchers>,
    may_verify: PermissionQuery,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    pub(crate) async fn start(store: Store, clock: Arc<dyn Clock>, keyring: Arc<Keyring>) -> Result<Self> {
        let may_verify = PermissionQuery::parse(permission::VERIFY)
            .map_err(|_| Error::Internal("keystead.verify is not a permission"))?;
        let newest_hour = store.newest_hour().await?.map(Timestamp::from_millis);
        let verifier = Self(Arc::new(Inner {
            reader: Reader::new(store.clone()),
            store,
            clock,
            keyring,
            cache: KeyCache::new(),
            freshness: Freshness::new(),
            polling: tokio::sync::Mutex::default(),
            counters: Counters::default(),
            usage: Usage::new(newest_hour),
            watchers: Arc::default(),
            may_verify,
        }));
        verifier.poll().await?;
        Ok(verifier)
    }

    /// Decides, counts the call, and tells who watches the key.
    pub async fn verify(&self, credential: Credential<'_>, request: VerifyRequest<'_>) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = request.address.map(|address| address.to_canonical());
        let request = VerifyRequest { address, ..request };
        let found = self.find(credential, now).await?;
        let in_scope = |key: &Cached| request.scope.is_none_or(|app| *app == key.record.app_id);
        let Some((id, key, secret_fits)) = found.filter(|(_, key, _)| in_scope(key)) else {
            inner.usage.refused_unknown(request.scope, now);
            let checks = request.explain.then(explain::unknown);
            return Ok(Verdict { checks, ..Verdict::plain(Code::NotFound, None) });
        };
        let verdict = if secret_fits {
            self.decide(&id, key.clone(), &request, now).await?
        } else {
            let checks = request.explain.then(explain::unknown);
            Verdict { checks, ..Verdict::plain(Code::NotFound, None) }
        };
        let code = verdict.code;
        let app = &key.record.app_id;
        inner.usage.decided(&Decided { id: &id, app, secret_fits, code, now, request: &request });
        inner.watchers.tell(&id, || Seen { at: now, code, address, edge: request.edge });
        Ok(verdict)
    }

    /// Decides whether a caller of the verify API may ask: a service key with `keystead.verify`, within its limits.
    /// Marks the key as used; the call is counted once, for the key that it asks about.
    pub async fn authenticate(&self, token: &str, address: Option<IpAddr>, origin: Option<&str>) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = address.map(|address| address.to_canonical());
        let Some((id, key, true)) = self.find(Credential::Token(token), now).await? else {
            return Ok(Verdict::plain(Code::NotFound, None));
        };
        let permissions = Some(&inner.may_verify);
        let request =
            VerifyRequest { address, origin, permissions, kind: Some(KeyKind::Service), ..VerifyRequest::default() };
        if key.is_mark_due(now) {
            inner.usage.used(&id, now, address);
        }
        self.decide(&id, key, &request, now).await
    }

    /// The checks over the record, then the limits, then the quota: nothing is counted of a call that is refused before.
    async fn decide(
        &self,
        id: &IdBytes,
        key: Arc<Cached>,
        request: &VerifyRequest<'_>,
        now: Timestamp,
    ) -> Result<Verdict> {
        let asked = request.asked();
        let mut verdict = Verdict::plain(verdict::decide(&key.record, &asked, now), None);
        if verdict.code == Code::Valid
            && let Some(counters) = self.counters(id, &key, request)
        {
            self.count(&counters, &key, request, now, &mut verdict).await?;
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
        key: &Cached,
        request: &VerifyRequest<'_>,
        now: Timestamp,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let record = &key.record;
        for asked in request.limits {
            if let AskedLimit::Own { name, .. } = asked
                && record.limits.iter().all(|own| own.name != *name)
            {
                let message = format!("The key has no rate limit called {}.", domain::text::quote(name));
                return Err(FieldErrors::one(Field::Limits, message).into());
            }
        }
        if !record.limits.is_empty() || !request.limits.is_empty() {
            verdict.limits = counters.limits(&record.limits, request.limits, request.limit_cost, now, true);
            if verdict.limits.iter().any(|state| !state.passed) {
                verdict.code = Code::RateLimited;
                return Ok(());
            }
        }
        if let Some(quota) = record.quota {
            let quota = (quota, key.quota_epoch);
            let state = counters.spend(&self.0.store, &record.id, quota, request.quota_cost, now).await?;
            verdict.quota = Some(state);
            if !state.passed {
                verdict.code = Code::UsageExceeded;
            }
        }
        Ok(())
    }

    /// The key's counters, if anything is counted for this call.
    fn counters(&self, id: &IdBytes, key: &Cached, request: &VerifyRequest<'_>) -> Option<Arc<KeyCounters>> {
        let brought = || (!request.limits.is_empty()).then(|| self.0.counters.of(id));
        key.counters.clone().or_else(brought)
    }

    /// Calls of a key's quota that this process holds ready.
    pub(crate) fn unspent(&self, id: &KeyId, epoch: i64, period: i64) -> u64 {
        id_bytes(id.as_str()).map_or(0, |id| self.0.counters.of(&id).unspent(epoch, period))
    }

    /// The key's calls from now on.
    pub fn watch(&self, key: &KeyId) -> Watch {
        self.0.watchers.join(key)
    }

    /// Writes what was counted since the last time, in one transaction; nothing if nothing was.
    pub async fn flush_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store, self.0.clock.now(), false).await
    }

    /// The same at the end, with nothing left for later.
    pub(crate) async fn flush_all_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store, self.0.clock.now(), true).await
    }

    /// Gives back the blocks of quotas that nobody spends any more: all of them at the end.
    pub(crate) async fn tidy_counters(&self, at_end: bool) -> Result<()> {
        self.0.counters.tidy(&self.0.store, self.0.clock.now(), at_end).await
    }

    /// What other processes announce, where the database can; the poll finds it anyway, a little later.
    pub(crate) async fn changes(&self) -> Result<Option<Changes>> {
        Ok(self.0.store.changes().await?)
    }

    /// Compares the store's version with what the cache accounts for.
    pub(crate) async fn poll(&self) -> Result<()> {
        // One at a time: answers that overtake each other would have the cache forgotten for nothing.
        let _polling = self.0.polling.lock().await;
        let asked = Instant::now();
        let version = self.0.store.version().await?;
        let forget = || self.0.cache.clear();
        self.0.freshness.polled(version, asked, forget);
        Ok(())
    }

    /// Forgets a key that this process changed in the transaction that made `version`. To be called
    /// after the commit and before the use case answers.
    pub(crate) fn changed(&self, key: &KeyId, version: i64) {
        if let Some(id) = id_bytes(key.as_str()) {
            self.0.cache.remove(&id);
        }
        self.0.freshness.made(version);
    }

    /// The key of a well-formed credential, and whether the secret is one of its own.
    async fn find(&self, credential: Credential<'_>, now: Timestamp) -> Result<Option<(IdBytes, Arc<Cached>, bool)>> {
        let joined;
        let text = match credential {
            Credential::Token(text) => text,
            Credential::Pair { id, secret } => {
                let Some(token) = token::join_pair(id, secret) else {
                    return Ok(None);
                };
                joined = zeroize::Zeroizing::new(token);
                &joined
            }
        };
        let Some(parts) = Token::parse(text) else {
            return Ok(None);
        };
        let Some(id) = id_bytes(parts.id) else {
            return Ok(None);
        };
        let Some(key) = self.key(id).await? else {
            return Ok(None);
        };
        let fits = key.has_secret(parts.whole, &self.0.keyring, now);
        Ok(Some((id, key, fits)))
    }

    async fn key(&self, id: IdBytes) -> Result<Option<Arc<Cached>>> {
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

    async fn read(&self, id: IdBytes) -> Result<Option<Arc<Cached>>> {
        let Some(key_id) = std::str::from_utf8(&id).ok().and_then(KeyId::parse) else {
            return Ok(None);
        };
        let Some(stored) = self.0.reader.read(key_id).await? else {
            return Ok(None);
        };
        let counted = !stored.record.limits.is_empty() || stored.record.quota.is_some();
        let counters = counted.then(|| self.0.counters.of(&id));
        Cached::new(stored, counters).map(|key| Some(Arc::new(key)))
    }
}

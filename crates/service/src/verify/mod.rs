//! May this key pass? One verifier for every edge.
//!
//! Checksum → id → cached record → MAC compare → `domain::verdict::decide` → counters. A call for a
//! cached key touches no SQL and awaits nothing.

mod cache;
mod freshness;
mod usage;
mod watch;

use std::{fmt, net::IpAddr, sync::Arc, time::Instant};

use domain::{
    ids::{AppId, KeyId},
    kind::KeyKind,
    permission,
    permission_query::PermissionQuery,
    timestamp::Timestamp,
    token::{self, Token},
    usage::Edge,
    verdict::{self, Code},
};
use store::Store;

pub use self::cache::Cached;
pub(crate) use self::freshness::POLL_EVERY;
pub use self::watch::{Seen, Watch};
use self::{
    cache::KeyCache,
    freshness::Freshness,
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

/// The bytes of an id; `None` if it has another length.
pub(crate) fn id_bytes(id: &str) -> Option<IdBytes> {
    id.as_bytes().try_into().ok()
}

/// What a caller presents.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// The whole token.
    Token(&'a str),
    /// Id and secret, as the kinds with two headers are shown.
    Pair {
        /// The shown id.
        id: &'a str,
        /// The shown secret.
        secret: &'a str,
    },
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// The circumstances of a call; everything but the edge is optional.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyRequest<'a> {
    /// Where it came in.
    pub edge: Edge,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `Origin` header.
    pub origin: Option<&'a str>,
    /// What the key must be permitted.
    pub permissions: Option<&'a PermissionQuery>,
    /// The kind that the key must be of.
    pub kind: Option<KeyKind>,
    /// The app of the asking key: a key of another app does not exist for it.
    pub scope: Option<&'a AppId>,
}

impl<'a> VerifyRequest<'a> {
    fn asked(&self) -> verdict::Request<'a> {
        verdict::Request { address: self.address, origin: self.origin, permissions: self.permissions, kind: self.kind }
    }
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The first check that failed, or `VALID`.
    pub code: Code,
    /// The key; `None` with `NOT_FOUND`.
    pub key: Option<Arc<Cached>>,
}

impl Verdict {
    const NOT_FOUND: Self = Self { code: Code::NotFound, key: None };
}

/// Decides about keys. A clone is the same verifier.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    keyring: Arc<Keyring>,
    cache: KeyCache,
    freshness: Freshness,
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
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, keyring: Arc<Keyring>) -> Result<Self> {
        let may_verify = PermissionQuery::parse(permission::VERIFY)
            .map_err(|_| Error::Internal("keystead.verify is not a permission"))?;
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            keyring,
            cache: KeyCache::new(),
            freshness: Freshness::new(),
            usage: Usage::default(),
            watchers: Arc::default(),
            may_verify,
        })))
    }

    /// Decides, counts the call, and tells who watches the key.
    pub async fn verify(&self, credential: Credential<'_>, request: VerifyRequest<'_>) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = request.address.map(|address| address.to_canonical());
        let request = VerifyRequest { address, ..request };
        let Some((id, key, secret_fits)) = self.find(credential, now).await? else {
            inner.usage.refused_unknown(request.scope, now);
            return Ok(Verdict::NOT_FOUND);
        };
        if request.scope.is_some_and(|app| *app != key.record.app_id) {
            inner.usage.refused_unknown(request.scope, now);
            return Ok(Verdict::NOT_FOUND);
        }
        let code = if secret_fits { verdict::decide(&key.record, &request.asked(), now) } else { Code::NotFound };
        let app = &key.record.app_id;
        inner.usage.decided(&Decided { id: &id, app, secret_fits, code, now, request: &request });
        inner.watchers.tell(&id, || Seen { at: now, code, address, edge: request.edge });
        Ok(Verdict { code, key: (code != Code::NotFound).then_some(key) })
    }

    /// Decides whether a caller of the verify API may ask: a service key with `keystead.verify`.
    /// Marks the key as used; the call is counted once, for the key that it asks about.
    pub async fn authenticate(&self, token: &str, address: Option<IpAddr>, origin: Option<&str>) -> Result<Verdict> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let address = address.map(|address| address.to_canonical());
        let Some((id, key, true)) = self.find(Credential::Token(token), now).await? else {
            return Ok(Verdict::NOT_FOUND);
        };
        let request =
            verdict::Request { address, origin, permissions: Some(&inner.may_verify), kind: Some(KeyKind::Service) };
        let code = verdict::decide(&key.record, &request, now);
        inner.usage.used(&id, now, address);
        Ok(Verdict { code, key: Some(key) })
    }

    /// The key's calls from now on.
    pub fn watch(&self, key: &KeyId) -> Watch {
        self.0.watchers.join(key)
    }

    /// Writes what was counted since the last time, in one transaction; nothing if nothing was.
    pub async fn flush_usage(&self) -> Result<()> {
        self.0.usage.flush(&self.0.store).await
    }

    /// Compares the store's version with what the cache accounts for.
    pub(crate) async fn poll(&self) -> Result<()> {
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
        let Some(id) = std::str::from_utf8(&id).ok().and_then(KeyId::parse) else {
            return Ok(None);
        };
        let Some(stored) = self.0.store.key_record(&id).await? else {
            return Ok(None);
        };
        Cached::new(stored).map(|key| Some(Arc::new(key)))
    }
}

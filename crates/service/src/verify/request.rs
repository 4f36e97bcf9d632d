//! The questions that the verifier takes, and its answers.

use std::{net::IpAddr, sync::Arc};

use domain::{
    ids::AppId,
    key::SecretNumber,
    kind::KeyKind,
    limit::RateLimit,
    permission_query::PermissionQuery,
    timestamp::Millis,
    usage::Edge,
    verdict::{self, CheckResult, Code},
};

use super::{CachedKey, LimitState, QuotaState};

/// A call to decide about. Every field has a default that asks for nothing.
#[derive(Debug, Clone, Copy)]
pub struct VerifyRequest<'a> {
    /// The way in which the call arrived.
    pub edge: Edge,
    /// The client's address; `None` if it is not known.
    pub address: Option<IpAddr>,
    /// The client's `Origin` header.
    pub origin: Option<&'a str>,
    /// The method of the request that is asked about. Kept with a refusal, not checked.
    pub method: Option<&'a str>,
    /// The path of that request without its query string. Kept with a refusal, not checked.
    pub path: Option<&'a str>,
    /// The permissions that the key must have.
    pub permissions: Option<&'a PermissionQuery>,
    /// The kind that the key must have.
    pub kind: Option<KeyKind>,
    /// The app of the asking key: a key of another app does not exist for it.
    pub scope: Option<&'a AppId>,
    /// How many calls this one counts as, for the key's rate limits; 0 only looks.
    pub limit_cost: u32,
    /// How many calls this one takes of the quota; 0 only looks.
    pub quota_cost: u32,
    /// Rate limits that the call names or brings along.
    pub limits: &'a [AskedLimit],
    /// Whether the answer lists every check.
    pub explain: bool,
}

impl Default for VerifyRequest<'_> {
    fn default() -> Self {
        Self {
            edge: Edge::default(),
            address: None,
            origin: None,
            method: None,
            path: None,
            permissions: None,
            kind: None,
            scope: None,
            limit_cost: 1,
            quota_cost: 1,
            limits: &[],
            explain: false,
        }
    }
}

impl<'a> VerifyRequest<'a> {
    pub(super) fn asked(&self) -> verdict::Request<'a> {
        verdict::Request { address: self.address, origin: self.origin, permissions: self.permissions, kind: self.kind }
    }
}

/// A rate limit that a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedLimit {
    /// One of the key's own, at another cost.
    Own {
        /// The name of the key's own limit.
        name: String,
        /// What the call counts as.
        cost: u32,
    },
    /// One that the call brings along, in place of the key's own of that name.
    Brought {
        /// The limit to count for the key.
        limit: RateLimit,
        /// What the call counts as.
        cost: u32,
    },
}

impl AskedLimit {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Own { name, .. } => name,
            Self::Brought { limit, .. } => &limit.name,
        }
    }
}

/// The answer of the verifier to a call.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The first check that failed, or `VALID`.
    pub code: Code,
    /// The key; `None` with `NOT_FOUND`.
    pub key: Option<Arc<CachedKey>>,
    /// Which of the key's secrets was presented; `None` with `NOT_FOUND`.
    pub secret: Option<SecretNumber>,
    /// The answers of the rate limits; empty if there are none, or if the call was refused earlier.
    pub limits: Vec<LimitState>,
    /// The answer of the call quota; `None` if there is none, or if the call was refused earlier.
    pub quota: Option<QuotaState>,
    /// Every check, if the call asked for them.
    pub checks: Option<Vec<CheckResult>>,
    /// Whether this node's share of a rate limit had no room for it, so that it may have waited for other nodes.
    pub(crate) lacked_room: bool,
}

impl Verdict {
    pub(crate) fn plain(code: Code) -> Self {
        Self { code, key: None, secret: None, limits: Vec::new(), quota: None, checks: None, lacked_room: false }
    }

    /// How long to wait before a call refused by a limit can pass; `None` if it was not refused by one, or can never
    /// pass.
    pub fn retry_after(&self) -> Option<Millis> {
        self.limits.iter().filter(|state| !state.passed).map(|state| state.reset).max()
    }
}

//! What is asked of the verifier, and what it answers.

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

/// The circumstances of a call; everything has a default that asks for nothing.
#[derive(Debug, Clone, Copy)]
pub struct VerifyRequest<'a> {
    /// Where it came in.
    pub edge: Edge,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `Origin` header.
    pub origin: Option<&'a str>,
    /// The method of the request that is to pass; kept with a refusal, not checked.
    pub method: Option<&'a str>,
    /// Its path without a query; kept with a refusal, not checked.
    pub path: Option<&'a str>,
    /// What the key must be permitted.
    pub permissions: Option<&'a PermissionQuery>,
    /// The kind that the key must be of.
    pub kind: Option<KeyKind>,
    /// The app of the asking key: a key of another app does not exist for it.
    pub scope: Option<&'a AppId>,
    /// How many calls this one counts as, for the key's rate limits; 0 only looks.
    pub limit_cost: u32,
    /// How many calls this one takes of the quota; 0 only looks.
    pub quota_cost: u32,
    /// Limits that the call names or brings along.
    pub limits: &'a [AskedLimit],
    /// Whether the answer says what was checked.
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

/// A limit that a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedLimit {
    /// One of the key's own, at another cost.
    Own {
        /// Its name.
        name: String,
        /// What the call counts as.
        cost: u32,
    },
    /// One that the call brings along, in place of the key's own of that name.
    Brought {
        /// The limit.
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

/// The answer.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The first check that failed, or `VALID`.
    pub code: Code,
    /// The key; `None` with `NOT_FOUND`.
    pub key: Option<Arc<CachedKey>>,
    /// Which of the key's secrets was presented; `None` with `NOT_FOUND`.
    pub secret: Option<SecretNumber>,
    /// What the limits said; empty if the call did not come as far, or there are none.
    pub limits: Vec<LimitState>,
    /// What the quota said; `None` if the call did not come as far, or there is none.
    pub quota: Option<QuotaState>,
    /// What was checked, if that was asked for.
    pub checks: Option<Vec<CheckResult>>,
}

impl Verdict {
    pub(super) fn plain(code: Code) -> Self {
        Self { code, key: None, secret: None, limits: Vec::new(), quota: None, checks: None }
    }

    /// When a refused call may be tried again; `None` if it was not refused for being one too many, or never.
    pub fn retry_after(&self) -> Option<Millis> {
        self.limits.iter().filter(|state| !state.passed).map(|state| state.reset).max()
    }
}

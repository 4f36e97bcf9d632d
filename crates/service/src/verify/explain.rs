//! Why a verdict is what it is, check by check, in words.

use std::net::IpAddr;

use domain::{
    ids::KeyId,
    key::KeyRecord,
    kind::KeyKind,
    page::grouped,
    permission_query::PermissionQuery,
    refusal::Refusal,
    timestamp::Timestamp,
    verdict::{self, CheckResult, Code},
};

use super::{LimitState, Verdict};
use crate::{Caller, Result, Service};

/// A call that might be, or was.
#[derive(Debug, Clone, Default)]
pub struct AskedCall {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `Origin` header.
    pub origin: Option<String>,
    /// What the key must be permitted.
    pub permissions: Option<PermissionQuery>,
    /// The kind that the key must be of.
    pub kind: Option<KeyKind>,
    /// When; `None`: now.
    pub at: Option<Timestamp>,
}

impl Service {
    /// What each check would say to a call with the right secret. Nothing is counted; limits and quota are those of
    /// this process and this moment.
    pub async fn explain(&self, caller: &Caller, id: &KeyId, call: &AskedCall) -> Result<Vec<CheckResult>> {
        let shown = self.key(caller, id).await?;
        let stored = self.store().key_record(id).await?.ok_or(Refusal::NotFound)?;
        let record = stored.record;
        let now = self.now();
        let request = verdict::Request {
            address: call.address,
            origin: call.origin.as_deref(),
            permissions: call.permissions.as_ref(),
            kind: call.kind,
        };
        let mut checks = verdict::explain(&record, &request, call.at.unwrap_or(now));
        let counters = self.verifier().0.counters.of(id);
        let mut seen = Verdict::plain(Code::Valid);
        seen.limits = counters.limits(&record.rules.limits, &[], 1, now, false);
        let left = counters.left(stored.quota_epoch, shown.quota_period).or(shown.quota_left);
        seen.quota = left.map(|remaining| super::QuotaState { passed: remaining > 0, remaining });
        checks.extend(counted(&record, &seen));
        Ok(checks)
    }
}

/// What is checked of a key that is not there, or of another secret.
pub(super) fn unknown() -> Vec<CheckResult> {
    vec![CheckResult { code: Code::NotFound, passed: false, detail: Code::NotFound.words().to_owned() }]
}

/// The checks that count, if the call came as far.
pub(super) fn counted(record: &KeyRecord, verdict: &Verdict) -> [CheckResult; 2] {
    let limits = &verdict.limits;
    let limited = match limits.as_slice() {
        [] if record.rules.limits.is_empty() => "The key has no rate limit.".to_owned(),
        [] => "The rate limits were not reached.".to_owned(),
        states => format!("{}.", states.iter().map(limit_words).collect::<Vec<_>>().join("; ")),
    };
    let quota = match (record.rules.quota, verdict.quota) {
        (None, _) => "The key has no quota.".to_owned(),
        (Some(_), None) => "The quota was not reached.".to_owned(),
        (Some(quota), Some(state)) => format!("Of {} about {} are left.", quota.words(), grouped(state.remaining)),
    };
    [
        CheckResult { code: Code::RateLimited, passed: limits.iter().all(|state| state.passed), detail: limited },
        CheckResult {
            code: Code::UsageExceeded,
            passed: verdict.quota.is_none_or(|state| state.passed),
            detail: quota,
        },
    ]
}

fn limit_words(state: &LimitState) -> String {
    let limit = &state.limit;
    if state.passed {
        return format!("{limit}, {} left", state.remaining);
    }
    let seconds = state.reset.0.div_euclid(1_000) + 1;
    format!("{limit}, the next call in {seconds} s")
}

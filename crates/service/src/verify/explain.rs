//! Explains a verdict in words, check by check.

use domain::{
    key::{KeyDetail, KeyRecord},
    page::grouped,
    verdict::{CheckResult, Code},
};

use super::{LimitState, Verdict, Verifier};

impl Verifier {
    /// What the counting checks would say now to a call with this key. Counts nothing.
    pub(crate) fn would_count(&self, key: &KeyDetail, record: &KeyRecord) -> [CheckResult; 2] {
        let counters = self.0.counters.of(&record.id);
        let mut seen = Verdict::plain(Code::Valid);
        seen.limits = self.limits_now(&counters, record);
        let left = counters.left(key.quota_epoch, key.quota_period).or(key.quota_left);
        seen.quota = left.map(|remaining| super::QuotaState { passed: remaining > 0, remaining });
        counted(record, &seen)
    }
}

/// The checks for an unknown key or a wrong secret.
pub(super) fn unknown() -> Vec<CheckResult> {
    vec![CheckResult { code: Code::NotFound, passed: false, detail: Code::NotFound.words().to_owned() }]
}

/// The checks of rate limits and call quota, if the call got that far.
pub(super) fn counted(record: &KeyRecord, verdict: &Verdict) -> [CheckResult; 2] {
    let limits = &verdict.limits;
    let limited = match limits.as_slice() {
        [] if record.rules.limits.is_empty() => "The key has no rate limit.".to_owned(),
        [] => "The call was refused before the rate limits were checked.".to_owned(),
        states => format!("{}.", states.iter().map(limit_words).collect::<Vec<_>>().join("; ")),
    };
    let quota = match (record.rules.quota, verdict.quota) {
        (None, _) => "The key has no call quota.".to_owned(),
        (Some(_), None) => "The call was refused before the call quota was checked.".to_owned(),
        (Some(quota), Some(state)) => format!("Of {}, about {} are left.", quota.words(), grouped(state.remaining)),
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
    format!("{limit}, next call in {seconds} s")
}

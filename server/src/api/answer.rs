//! The answer about a key: the same for a service that asks and for a key that asks about itself.

use axum::http::StatusCode;
use axum::response::Response;
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use domain::verdict::{CheckResult, Code};
use serde::Serialize;
use service::verify::{LimitState, Verdict};

use super::respond::respond;

/// Every member but `checks` is there each time; what is not known is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    valid: bool,
    code: &'static str,
    key_id: Option<&'a str>,
    name: Option<&'a str>,
    kind: Option<&'static str>,
    permissions: &'a [Permission],
    expires_at: Option<String>,
    ratelimits: Vec<Said<'a>>,
    credits: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'a [CheckResult]>,
}

/// What a rate limit said.
#[derive(Debug, Serialize)]
struct Said<'a> {
    name: &'a str,
    limit: u32,
    remaining: u32,
    /// In milliseconds from now.
    reset: i64,
    exceeded: bool,
}

#[derive(Debug, Serialize)]
struct Answers<'a> {
    results: Vec<Answer<'a>>,
}

impl<'a> Answer<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let record = verdict.key.as_ref().map(|key| &key.record);
        Self {
            valid: verdict.code == Code::Valid,
            code: verdict.code.as_str(),
            key_id: record.map(|record| record.id.as_str()),
            name: record.map(|record| record.name.as_str()),
            kind: record.map(|record| record.kind.as_str()),
            permissions: record.map_or(&[], |record| &record.permissions),
            expires_at: record.and_then(|record| record.expires_at).map(Timestamp::to_rfc3339),
            ratelimits: verdict.limits.iter().map(Said::of).collect(),
            credits: verdict.quota.map(|state| state.remaining),
            checks: verdict.checks.as_deref(),
        }
    }
}

impl<'a> Said<'a> {
    fn of(state: &'a LimitState) -> Self {
        Self {
            name: &state.limit.name,
            limit: state.limit.limit,
            remaining: state.remaining,
            reset: state.reset.0,
            exceeded: !state.passed,
        }
    }
}

pub(super) fn answer(verdict: &Verdict, https: bool) -> Response {
    respond(StatusCode::OK, "application/json", &Answer::of(verdict), https)
}

/// The answers to several questions, in their order.
pub(super) fn answers(verdicts: &[Verdict], https: bool) -> Response {
    let results = verdicts.iter().map(Answer::of).collect();
    respond(StatusCode::OK, "application/json", &Answers { results }, https)
}

//! The answer about a key in Unkey's form.

use axum::http::StatusCode;
use axum::response::Response;
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use serde::Serialize;
use service::verify::{LimitState, Verdict};

use super::RequestId;
use super::request::Asked;
use crate::api::respond::respond;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    request_id: &'a str,
}

impl<'a> Meta<'a> {
    pub fn of(id: &'a RequestId) -> Self {
        Self { request_id: &id.0 }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    meta: Meta<'a>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    valid: bool,
    code: &'static str,
    #[serde(flatten)]
    key: Option<Found<'a>>,
}

/// What is said about a key, unless it is not found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    key_id: &'a str,
    name: &'a str,
    meta: Nothing,
    /// In milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    enabled: bool,
    permissions: &'a [Permission],
    /// Keystead has none.
    roles: [&'a str; 0],
    ratelimits: Vec<Said<'a>>,
}

/// Keys carry no data of their users.
#[derive(Serialize)]
struct Nothing {}

/// What a rate limit said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    /// A limit has no id but its name.
    id: &'a str,
    name: &'a str,
    limit: u32,
    duration: i64,
    /// In milliseconds since 1970.
    reset: i64,
    remaining: u32,
    exceeded: bool,
    auto_apply: bool,
}

pub(super) fn answer(verdict: &Verdict, asked: &Asked<'_>, now: Timestamp, id: &RequestId, https: bool) -> Response {
    let code = unkey(verdict.code);
    let found = verdict.key.as_ref().filter(|_| code != NOT_FOUND);
    let key = found.map(|key| Found {
        key_id: key.record.id.as_str(),
        name: &key.record.name,
        meta: Nothing {},
        expires: key.record.expires_at.map(Timestamp::millis),
        credits: verdict.quota.map(|state| state.remaining),
        enabled: code != DISABLED,
        permissions: &key.record.permissions,
        roles: [],
        ratelimits: verdict.limits.iter().map(|state| limit(state, asked, now)).collect(),
    });
    let data = Data { valid: verdict.code == Code::Valid, code, key };
    respond(StatusCode::OK, "application/json", &Document { meta: Meta::of(id), data }, https)
}

fn limit<'a>(state: &'a LimitState, asked: &Asked<'_>, now: Timestamp) -> Said<'a> {
    Said {
        id: &state.limit.name,
        name: &state.limit.name,
        limit: state.limit.limit,
        duration: state.limit.window.0,
        reset: now.plus(state.reset).millis(),
        remaining: state.remaining,
        exceeded: !state.passed,
        auto_apply: !asked.brings(&state.limit.name),
    }
}

const NOT_FOUND: &str = "NOT_FOUND";
const DISABLED: &str = "DISABLED";
const FORBIDDEN: &str = "FORBIDDEN";

/// Unkey's code for a verdict.
fn unkey(code: Code) -> &'static str {
    match code {
        // A key that nobody confirmed is none yet.
        Code::NotFound | Code::Pending => NOT_FOUND,
        Code::Revoked | Code::Disabled | Code::NotYetValid => DISABLED,
        Code::KindNotAllowed | Code::IpNotAllowed | Code::OriginNotAllowed => FORBIDDEN,
        Code::Valid | Code::Expired | Code::InsufficientPermissions | Code::RateLimited | Code::UsageExceeded => {
            code.as_str()
        }
    }
}

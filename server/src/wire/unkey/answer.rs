//! The answer about a key in Unkey's form.

use domain::labels::Metadata;
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use serde::{Serialize, Serializer};
use service::verify::{AskedLimit, LimitState, Verdict};

use super::RequestId;

/// The answer about one key.
#[derive(Debug)]
pub(super) struct VerifyKeyAnswer {
    pub verdict: Verdict,
    /// The limits that the call named.
    pub asked: Vec<AskedLimit>,
    pub now: Timestamp,
    pub id: RequestId,
}

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
    key: Option<KeyMembers<'a>>,
}

/// The part of the answer that describes a key, unless it is not found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyMembers<'a> {
    key_id: &'a str,
    name: &'a str,
    meta: &'a Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Identity<'a>>,
    /// In milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    enabled: bool,
    permissions: &'a [Permission],
    /// Always empty: Keystead has no roles for keys.
    roles: [&'a str; 0],
    ratelimits: Vec<LimitMembers<'a>>,
}

/// The holder of the key, in the caller's own words. Keystead only knows the external id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    id: &'a str,
    external_id: &'a str,
}

/// The answer of a rate limit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitMembers<'a> {
    /// The limit's name, since a limit has no other id.
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

impl Serialize for VerifyKeyAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { verdict, id, .. } = self;
        let code = unkey(verdict.code);
        let found = verdict.key.as_ref().filter(|_| code != NOT_FOUND);
        let key = found.map(|key| KeyMembers {
            key_id: key.record.id.as_str(),
            name: &key.record.name,
            meta: &key.record.rules.metadata,
            identity: key.record.rules.external_id.as_deref().map(|id| Identity { id, external_id: id }),
            expires: key.record.expires_at.map(Timestamp::millis),
            credits: verdict.quota.map(|state| state.remaining),
            enabled: code != DISABLED,
            permissions: &key.record.rules.permissions,
            roles: [],
            ratelimits: verdict.limits.iter().map(|state| self.limit(state)).collect(),
        });
        let data = Data { valid: verdict.code == Code::Valid, code, key };
        Document { meta: Meta::of(id), data }.serialize(serializer)
    }
}

impl VerifyKeyAnswer {
    fn limit<'a>(&'a self, state: &'a LimitState) -> LimitMembers<'a> {
        let name = &*state.limit.name;
        let brought = |asked: &AskedLimit| matches!(asked, AskedLimit::Brought { limit, .. } if limit.name == name);
        LimitMembers {
            id: name,
            name,
            limit: state.limit.limit,
            duration: state.limit.window.0,
            reset: self.now.plus(state.reset).millis(),
            remaining: state.remaining,
            exceeded: !state.passed,
            auto_apply: !self.asked.iter().any(brought),
        }
    }
}

const NOT_FOUND: &str = "NOT_FOUND";
const DISABLED: &str = "DISABLED";
const FORBIDDEN: &str = "FORBIDDEN";

/// Unkey's code for a verdict.
fn unkey(code: Code) -> &'static str {
    match code {
        // A key that nobody confirmed does not exist yet.
        Code::NotFound | Code::Pending => NOT_FOUND,
        Code::Revoked | Code::Disabled | Code::NotYetValid => DISABLED,
        Code::KindNotAllowed | Code::IpNotAllowed | Code::OriginNotAllowed => FORBIDDEN,
        Code::Valid | Code::Expired | Code::InsufficientPermissions | Code::RateLimited | Code::UsageExceeded => {
            code.as_str()
        }
    }
}

//! The answer about a key, the same for a service and for a key that asks about itself.

use domain::labels::{Metadata, Owner};
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use domain::verdict::{CheckResult, Code};
use serde::{Serialize, Serializer};
use service::verify::{LimitState, Verdict};
use utoipa::ToSchema;

use super::words;

/// The answer about one key.
#[derive(Debug)]
pub(super) struct KeyAnswer(pub Verdict);

/// The answers to several questions, in their order.
#[derive(Debug)]
pub(super) struct KeyAnswers(pub Vec<Verdict>);

/// Every member except `checks` is always present. An unknown value is null.
#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
#[serde(rename_all = "camelCase")]
pub(super) struct Members<'a> {
    valid: bool,
    code: &'static str,
    key_id: Option<&'a str>,
    name: Option<&'a str>,
    #[schema(value_type = Option<words::KeyKind>)]
    kind: Option<&'static str>,
    #[schema(value_type = Vec<String>)]
    permissions: &'a [Permission],
    expires_at: Option<String>,
    ratelimits: Vec<LimitMembers<'a>>,
    credits: Option<u64>,
    #[schema(value_type = Option<words::Environment>)]
    environment: Option<&'static str>,
    external_id: Option<&'a str>,
    owner: Option<&'a str>,
    tags: &'a [String],
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    checks: Option<&'a [CheckResult]>,
}

/// The answer of a rate limit.
#[derive(Serialize, ToSchema)]
#[schema(as = LimitAnswer)]
struct LimitMembers<'a> {
    name: &'a str,
    limit: u32,
    remaining: u32,
    /// In milliseconds from now.
    reset: i64,
    exceeded: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Verdicts)]
pub(super) struct Results<'a> {
    results: Vec<Members<'a>>,
}

impl Serialize for KeyAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members::of(&self.0).serialize(serializer)
    }
}

impl Serialize for KeyAnswers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Results { results: self.0.iter().map(Members::of).collect() }.serialize(serializer)
    }
}

impl<'a> Members<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let record = verdict.key.as_ref().map(|key| &key.record);
        let rules = record.map(|record| &record.rules);
        Self {
            valid: verdict.code == Code::Valid,
            code: verdict.code.as_str(),
            key_id: record.map(|record| record.id.as_str()),
            name: record.map(|record| record.name.as_str()),
            kind: record.map(|record| record.kind.as_str()),
            permissions: rules.map_or(&[], |rules| &rules.permissions),
            expires_at: record.and_then(|record| record.expires_at).map(Timestamp::to_rfc3339),
            ratelimits: verdict.limits.iter().map(LimitMembers::of).collect(),
            credits: verdict.quota.map(|state| state.remaining),
            environment: rules.map(|rules| rules.environment.as_str()),
            external_id: rules.and_then(|rules| rules.external_id.as_deref()),
            owner: rules.and_then(|rules| rules.owner.as_ref()).map(Owner::as_str),
            tags: rules.map_or(&[], |rules| &rules.tags),
            metadata: rules.map(|rules| &rules.metadata),
            checks: verdict.checks.as_deref(),
        }
    }
}

impl<'a> LimitMembers<'a> {
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

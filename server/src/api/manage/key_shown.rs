//! A key in an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::{ContactId, IntegrationId};
use domain::key::KeyDetail;
use domain::labels::{Metadata, Owner};
use domain::origin::DomainRule;
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::super::words;

/// A key as it is at a moment, in the members of [`Members`].
#[derive(Debug)]
pub(super) struct KeyShown {
    key: Arc<KeyDetail>,
    now: Timestamp,
}

impl KeyShown {
    pub fn of(key: impl Into<Arc<KeyDetail>>, now: Timestamp) -> Self {
        Self { key: key.into(), now }
    }
}

impl Serialize for KeyShown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members::of(&self.key, self.now).serialize(serializer)
    }
}

impl PartialSchema for KeyShown {
    fn schema() -> RefOr<Schema> {
        Members::schema()
    }
}

impl ToSchema for KeyShown {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Members::schemas(schemas);
    }
}

/// A key. Every member is always present, except that one without a value is null.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    /// The id, 12 letters and digits. It is no secret.
    id: &'a str,
    /// The id of its app.
    app: &'a str,
    #[schema(value_type = words::KeyKind)]
    kind: &'static str,
    name: &'a str,
    description: &'a str,
    #[schema(value_type = words::KeyStatus)]
    status: &'static str,
    #[schema(value_type = words::Environment)]
    environment: &'static str,
    /// The token without its secret, as lists show it.
    masked: String,
    permissions: Vec<&'a str>,
    cidrs: Vec<String>,
    denied_cidrs: Vec<String>,
    domains: Vec<&'a str>,
    not_before: Option<String>,
    expires_at: Option<String>,
    /// Rate limits, each like `calls: 100 per minute`.
    limits: Vec<String>,
    quota: Option<u64>,
    #[schema(value_type = Option<words::QuotaRefill>)]
    quota_refill: Option<&'static str>,
    /// Roughly how many calls are left of the call quota.
    quota_left: Option<u64>,
    /// After how many days the secret is to be rotated.
    rotate_days: Option<u32>,
    /// When that is next.
    rotation_due_at: Option<String>,
    /// The contacts on whose behalf it may act, by UUID; empty for any.
    acts_for: Vec<String>,
    /// The id of its integration, which only an integration key has.
    integration: Option<&'a str>,
    external_id: Option<&'a str>,
    owner: Option<&'a str>,
    tags: &'a [String],
    metadata: BTreeMap<String, String>,
    created_at: String,
    /// Who issued it, in words.
    created_by: &'a str,
    /// When it is dropped unless somebody confirms it. Only a pending key has it.
    acknowledge_by: Option<String>,
    last_used_at: Option<String>,
    last_used_from: Option<String>,
    revoked: Option<RevokedShown>,
    /// It grows with every change. In quotes, it is the `ETag` of the key.
    revision: i64,
}

/// When and why a key was revoked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevokedShown {
    at: String,
    #[schema(value_type = words::RevokeReason)]
    reason: &'static str,
    /// Until when it can be restored. `null` if it cannot.
    restorable_until: Option<String>,
}

/// A key, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyAnswered {
    pub key: KeyShown,
}

/// A new key with its secret, which no other answer has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used: the answer is put together where its secret is")]
#[schema(rename_all = "camelCase")]
pub(super) struct KeyMade {
    key: KeyShown,
    /// The whole token. For a kind that is an id and a secret, the secret alone. A repeated answer comes without it once
    /// the key was used, or after 10 minutes.
    #[schema(required = false)]
    secret: Option<String>,
    /// For a kind that is an id and a secret: the id.
    #[schema(required = false)]
    secret_id: Option<String>,
}

/// A key with a new secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyRotated {
    pub key: KeyShown,
    /// When the old secret stops working; null if it has stopped.
    pub overlap_ends_at: Option<String>,
}

/// A key with its new secret, which no other answer has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used: the answer is put together where its secret is")]
#[schema(rename_all = "camelCase")]
pub(super) struct KeyRotatedMade {
    key: KeyShown,
    /// When the old secret stops working; null if it has stopped.
    overlap_ends_at: Option<String>,
    /// The whole token. For a kind that is an id and a secret, the secret alone. A repeated answer comes without it once
    /// the key was used, or after 10 minutes.
    #[schema(required = false)]
    secret: Option<String>,
    /// For a kind that is an id and a secret: the id.
    #[schema(required = false)]
    secret_id: Option<String>,
}

pub(super) fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_rfc3339)
}

pub(super) fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Each name of the metadata with its value.
pub(super) fn pairs(metadata: &Metadata) -> BTreeMap<String, String> {
    let pairs = metadata.to_items().into_iter();
    pairs.filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.into(), value.into()))).collect()
}

impl<'a> Members<'a> {
    fn of(key: &'a KeyDetail, now: Timestamp) -> Self {
        let (row, rules) = (&key.row, &key.rules);
        Self {
            id: row.id.as_str(),
            app: key.app_id.as_str(),
            kind: row.kind.as_str(),
            name: &row.name,
            description: &key.description,
            status: row.status(now).as_str(),
            environment: rules.environment.as_str(),
            masked: row.masked(),
            permissions: rules.permissions.iter().map(Permission::as_str).collect(),
            cidrs: texts(&rules.cidrs),
            denied_cidrs: texts(&rules.denied_cidrs),
            domains: rules.domains.iter().map(DomainRule::as_str).collect(),
            not_before: moment(row.not_before),
            expires_at: moment(row.expires_at),
            limits: texts(&rules.limits),
            quota: rules.quota.map(|quota| quota.total),
            quota_refill: rules.quota.map(|quota| quota.refill.as_str()),
            quota_left: key.quota_left,
            rotate_days: rules.rotate_days,
            rotation_due_at: moment(row.rotation_due_at),
            acts_for: rules.acts_for.iter().copied().map(ContactId::to_uuid).collect(),
            integration: rules.integration.as_ref().map(IntegrationId::as_str),
            external_id: rules.external_id.as_deref(),
            owner: rules.owner.as_ref().map(Owner::as_str),
            tags: &rules.tags,
            metadata: pairs(&rules.metadata),
            created_at: row.created_at.to_rfc3339(),
            created_by: &row.created_by,
            acknowledge_by: moment(row.ack_deadline),
            last_used_at: moment(row.last_used_at),
            last_used_from: key.last_used_address.map(|address| address.to_string()),
            revoked: key.revoked.as_ref().map(|revoked| RevokedShown {
                at: revoked.at.to_rfc3339(),
                reason: revoked.reason.as_str(),
                restorable_until: moment(revoked.restorable_until),
            }),
            revision: key.revision,
        }
    }
}

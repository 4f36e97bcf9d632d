//! The rules and labels of a key as columns. Only this file reads and writes them.

use domain::environment::Environment;
use domain::ids::{AppId, IntegrationId, KeyId};
use domain::labels::Owner;
use domain::quota::{Quota, Refill};
use domain::rules::KeyRules;
use domain::text::name_key;
use sqlx_macros::FromRow;

use crate::error::StoreError;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// The columns of a `RulesRow`, from `api_key k` and `key_quota q`.
pub(crate) const SELECTED: &str = "k.cidrs, k.denied_cidrs, k.domains, k.permissions, k.limits, k.environment, \
     k.external_id, k.owner, k.tags, k.metadata, k.rotate_days, \
     k.acts_for, k.integration_id, q.total AS quota_total, q.refill AS quota_refill";

/// The columns that are written, in the order of `args`. The two counts serve lists.
pub(crate) const WRITTEN: [&str; 15] = [
    "cidrs",
    "denied_cidrs",
    "domains",
    "permissions",
    "limits",
    "environment",
    "external_id",
    "owner",
    "tags",
    "metadata",
    "rotate_days",
    "acts_for",
    "integration_id",
    "cidr_count",
    "domain_count",
];

/// The rules, as read.
#[derive(FromRow)]
pub(crate) struct RulesRow {
    cidrs: String,
    denied_cidrs: String,
    domains: String,
    permissions: String,
    limits: String,
    environment: String,
    external_id: String,
    owner: String,
    tags: String,
    metadata: String,
    rotate_days: i64,
    acts_for: String,
    integration_id: String,
    quota_total: Option<i64>,
    quota_refill: Option<String>,
}

impl TryFrom<RulesRow> for KeyRules {
    type Error = StoreError;

    fn try_from(row: RulesRow) -> Result<Self, StoreError> {
        Ok(Self {
            cidrs: json(&row.cidrs)?,
            denied_cidrs: json(&row.denied_cidrs)?,
            domains: json(&row.domains)?,
            permissions: json(&row.permissions)?,
            limits: json(&row.limits)?,
            quota: quota(row.quota_total, row.quota_refill.as_deref())?,
            environment: Environment::parse(&row.environment)
                .ok_or_else(|| StoreError::corrupt(format!("the environment {:?}", row.environment)))?,
            external_id: Some(row.external_id).filter(|id| !id.is_empty()),
            owner: Some(row.owner).filter(|owner| !owner.is_empty()).map(Owner::from),
            tags: json(&row.tags)?,
            metadata: json(&row.metadata)?,
            rotate_days: u32::try_from(row.rotate_days).ok().filter(|days| *days > 0),
            acts_for: json(&row.acts_for)?,
            integration: integration(&row.integration_id)?,
        })
    }
}

/// The values of `WRITTEN`. The call quota has its own table.
pub(crate) fn args(rules: &KeyRules) -> Result<[Arg; WRITTEN.len()], StoreError> {
    Ok([
        text(&rules.cidrs)?,
        text(&rules.denied_cidrs)?,
        text(&rules.domains)?,
        text(&rules.permissions)?,
        text(&rules.limits)?,
        rules.environment.as_str().into(),
        rules.external_id.clone().unwrap_or_default().into(),
        rules.owner.as_ref().map_or("", Owner::as_str).into(),
        text(&rules.tags)?,
        text(&rules.metadata)?,
        i64::from(rules.rotate_days.unwrap_or(0)).into(),
        text(&rules.acts_for)?,
        rules.integration.as_ref().map_or("", IntegrationId::as_str).into(),
        len(&rules.cidrs),
        len(&rules.domains),
    ])
}

/// A label that people filter or search by, as a row of `key_label`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Environment,
    ExternalId,
    Integration,
    Owner,
    Tag,
}

impl Label {
    /// Its word in the table.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::ExternalId => "external_id",
            Self::Integration => "integration",
            Self::Owner => "owner",
            Self::Tag => "tag",
        }
    }
}

fn labels(rules: &KeyRules) -> Vec<(Label, String)> {
    let mut labels = vec![(Label::Environment, rules.environment.as_str().to_owned())];
    // Nearly all keys are live, and nobody searches for them by that.
    labels.retain(|_| rules.environment != Environment::default());
    labels.extend(rules.external_id.iter().map(|id| (Label::ExternalId, name_key(id))));
    labels.extend(rules.integration.iter().map(|id| (Label::Integration, id.as_str().to_owned())));
    labels.extend(rules.owner.iter().map(|owner| (Label::Owner, name_key(owner.as_str()))));
    labels.extend(rules.tags.iter().map(|tag| (Label::Tag, name_key(tag))));
    labels
}

impl Tx {
    /// Adds the labels of new keys.
    pub(crate) async fn insert_labels(
        &mut self,
        keys: impl Iterator<Item = (&KeyId, &AppId, &KeyRules)>,
    ) -> Result<(), StoreError> {
        let rows: Vec<_> = keys
            .flat_map(|(id, app, rules)| labels(rules).into_iter().map(move |(name, value)| (id, app, name, value)))
            .collect();
        for piece in pieces(&rows) {
            let mut sql = Sql::new("INSERT INTO key_label (key_id, app_id, name, value) VALUES ");
            for (n, (id, app, name, value)) in piece.iter().enumerate() {
                let columns: [Arg; 4] =
                    [id.as_str().into(), app.as_str().into(), name.as_str().into(), value.as_str().into()];
                sql.row(n == 0, columns);
            }
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    /// Replaces the labels of a key.
    pub(crate) async fn set_labels(&mut self, id: &KeyId, app: &AppId, rules: &KeyRules) -> Result<(), StoreError> {
        self.conn().execute(Sql::new("DELETE FROM key_label WHERE key_id = $1").arg(id.as_str())).await?;
        self.insert_labels(std::iter::once((id, app, rules))).await
    }
}

fn integration(id: &str) -> Result<Option<IntegrationId>, StoreError> {
    if id.is_empty() {
        return Ok(None);
    }
    IntegrationId::parse(id).map(Some).ok_or_else(|| StoreError::corrupt("the integration of a key"))
}

fn quota(total: Option<i64>, refill: Option<&str>) -> Result<Option<Quota>, StoreError> {
    let (Some(total), Some(refill)) = (total, refill) else { return Ok(None) };
    let refill = Refill::parse(refill).ok_or_else(|| StoreError::corrupt("a quota's refill"))?;
    Ok(Some(Quota { total: total.unsigned_abs(), refill }))
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(format!("a key's rules: {error}")))
}

fn text<T: serde::Serialize>(rules: &T) -> Result<Arg, StoreError> {
    let text = serde_json::to_string(rules);
    text.map(Arg::from).map_err(|error| StoreError::Failed(error.to_string()))
}

fn len<T>(rules: &[T]) -> Arg {
    i64::try_from(rules.len()).unwrap_or(i64::MAX).into()
}

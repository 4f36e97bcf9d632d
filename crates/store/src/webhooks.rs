//! Webhooks of integrations, and who of them is told about something.

use domain::ids::{AppId, IntegrationId, WebhookId};
use domain::integration::{IntegrationKind, IntegrationStatus};
use domain::timestamp::Timestamp;
use domain::webhook::{Trigger, Webhook};
use sqlx_macros::FromRow;

use crate::apps::app_id;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::integrations::{integration_id, kind};
use crate::readable::readable;
use crate::sql::Sql;
use crate::store::Tx;

/// A webhook that is to be told about something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The integration that it belongs to.
    pub integration_id: IntegrationId,
    /// What that connects with.
    pub kind: IntegrationKind,
    /// The app that it is about.
    pub app_id: AppId,
    /// What it is told about.
    pub trigger: Trigger,
}

/// The secret of a webhook, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    /// The text, sealed.
    pub sealed: Vec<u8>,
    /// The version of the data key that sealed it.
    pub seal_version: i64,
}

reads! {
    /// The webhook with this id.
    webhook(id: &WebhookId) -> Option<Webhook>;
    /// The webhooks of these integrations, the oldest first.
    webhooks_of(ids: &[IntegrationId]) -> Vec<Webhook>;
    /// What every call to a webhook carries; `None` if there is no such webhook.
    webhook_secret(id: &WebhookId) -> Option<WebhookSecret>;
    /// The webhooks that are told about one of these triggers in one of these apps, once for each trigger: only those of
    /// active integrations, the oldest first.
    hooks_for(apps: &[AppId], triggers: &[Trigger]) -> Vec<Hook>;
}

const WEBHOOK: &str = "SELECT w.id, w.app_id, w.integration_id, w.target, w.triggers, w.include_full_user, \
     w.include_full_source, w.created_at FROM ";

#[derive(FromRow)]
struct Stored {
    id: String,
    app_id: String,
    integration_id: String,
    target: String,
    triggers: String,
    include_full_user: i64,
    include_full_source: i64,
    created_at: i64,
}

impl TryFrom<Stored> for Webhook {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: webhook_id(&row.id)?,
            app_id: app_id(&row.app_id)?,
            integration_id: integration_id(&row.integration_id)?,
            target: row.target,
            triggers: triggers(&row.triggers)?,
            include_full_user: row.include_full_user != 0,
            include_full_source: row.include_full_source != 0,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

fn webhook_id(text: &str) -> Result<WebhookId, StoreError> {
    WebhookId::parse(text).ok_or_else(|| StoreError::corrupt("the id of a webhook"))
}

/// Those that this version knows. Of the others it has nothing to tell.
fn triggers(json: &str) -> Result<Vec<Trigger>, StoreError> {
    let words: Vec<String> =
        serde_json::from_str(json).map_err(|_| StoreError::corrupt("the triggers of a webhook"))?;
    Ok(words.iter().filter_map(|word| Trigger::parse(word)).collect())
}

fn written(triggers: &[Trigger]) -> Result<String, StoreError> {
    serde_json::to_string(triggers).map_err(|error| StoreError::Failed(error.to_string()))
}

async fn webhook(conn: &mut Conn<'_>, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
    let mut sql = Sql::new(WEBHOOK);
    sql.push("webhook w WHERE w.id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Webhook::try_from).transpose()
}

pub(crate) async fn webhooks_of(conn: &mut Conn<'_>, ids: &[IntegrationId]) -> Result<Vec<Webhook>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(WEBHOOK);
    sql.push("(SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked CROSS JOIN webhook w WHERE w.integration_id = asked.id ORDER BY w.created_at, w.id");
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn webhook_secret(conn: &mut Conn<'_>, id: &WebhookId) -> Result<Option<WebhookSecret>, StoreError> {
    let sql = Sql::new("SELECT sealed, seal_version FROM webhook WHERE id = $1").arg(id.as_str());
    let row = conn.fetch_optional::<(Vec<u8>, i64)>(sql).await?;
    Ok(row.map(|(sealed, seal_version)| WebhookSecret { sealed, seal_version }))
}

#[derive(FromRow)]
struct HookRow {
    id: String,
    integration_id: String,
    kind: String,
    app_id: String,
    triggers: String,
}

async fn hooks_for(conn: &mut Conn<'_>, apps: &[AppId], wanted: &[Trigger]) -> Result<Vec<Hook>, StoreError> {
    if apps.is_empty() || wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("SELECT w.id, w.integration_id, i.kind, w.app_id, w.triggers FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, apps.iter().map(|id| (id.as_str(),)))?;
    sql.push(
        ") AS asked CROSS JOIN webhook w JOIN integration i ON i.id = w.integration_id WHERE w.app_id = asked.id \
         AND i.status = ",
    );
    sql.bind(IntegrationStatus::Active.as_str()).push(" ORDER BY w.created_at, w.id");
    let mut hooks = Vec::new();
    for row in conn.fetch_all::<HookRow>(sql).await? {
        // One that only a later version can read must not keep the others from being told, nor fail what happened.
        hooks.extend(row.told(wanted).unwrap_or_default());
    }
    Ok(hooks)
}

impl HookRow {
    /// One hook for each of these triggers that the webhook is told about.
    fn told(&self, wanted: &[Trigger]) -> Result<Vec<Hook>, StoreError> {
        let told = triggers(&self.triggers)?;
        let (webhook_id, integration_id) = (webhook_id(&self.id)?, integration_id(&self.integration_id)?);
        let (kind, app_id) = (kind(&self.kind)?, app_id(&self.app_id)?);
        let hook = |trigger| Hook { webhook_id, integration_id, kind, app_id, trigger };
        Ok(wanted.iter().copied().filter(|trigger| told.contains(trigger)).map(hook).collect())
    }
}

impl Tx {
    /// Adds a webhook with its secret.
    pub async fn insert_webhook(&mut self, webhook: &Webhook, secret: &WebhookSecret) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO webhook (id, app_id, integration_id, target, triggers, sealed, seal_version, \
             include_full_user, include_full_source, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .arg(webhook.id.as_str())
        .arg(webhook.app_id.as_str())
        .arg(webhook.integration_id.as_str())
        .arg(&*webhook.target)
        .arg(written(&webhook.triggers)?)
        .arg(secret.sealed.as_slice())
        .arg(secret.seal_version)
        .arg(i64::from(webhook.include_full_user))
        .arg(i64::from(webhook.include_full_source))
        .arg(webhook.created_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Writes what can be changed of a webhook, and returns whether there is one.
    pub async fn update_webhook(&mut self, webhook: &Webhook) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE webhook SET target = $2, triggers = $3, include_full_user = $4, include_full_source = $5 \
             WHERE id = $1",
        )
        .arg(webhook.id.as_str())
        .arg(&*webhook.target)
        .arg(written(&webhook.triggers)?)
        .arg(i64::from(webhook.include_full_user))
        .arg(i64::from(webhook.include_full_source));
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Gives a webhook another secret, and returns whether there is one.
    pub async fn set_webhook_secret(&mut self, id: &WebhookId, secret: &WebhookSecret) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE webhook SET sealed = $2, seal_version = $3 WHERE id = $1")
            .arg(id.as_str())
            .arg(secret.sealed.as_slice())
            .arg(secret.seal_version);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes a webhook, and returns whether there was one.
    pub async fn delete_webhook(&mut self, id: &WebhookId) -> Result<bool, StoreError> {
        Ok(self.conn().execute(Sql::new("DELETE FROM webhook WHERE id = $1").arg(id.as_str())).await? == 1)
    }
}

//! The lanes of deliveries. What is told to a webhook in one lane is sent strictly in order, so only the first that waits in
//! it can be taken. Whoever takes one has it until its lease ends.

use std::collections::HashSet;

use domain::delivery::{About, Delivery, NEVER_SENT};
use domain::ids::{AppId, DeliveryId, WebhookId};
use domain::integration::IntegrationStatus;
use domain::timestamp::Timestamp;
use domain::webhook::Trigger;

use crate::conn::Conn;
use crate::deliveries::{COLUMNS, NEVER, Stored};
use crate::error::StoreError;
use crate::readable::readable;
use crate::rooms::millis;
use crate::sql::Sql;
use crate::store::Tx;
use crate::webhooks::Hook;

/// A delivery to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Whom it is told.
    pub webhook: Hook,
    /// What happened.
    pub trigger: Trigger,
    /// To what.
    pub about: About,
    /// What it keeps in order with, for example the chat.
    pub lane: String,
    /// When it happened.
    pub at: Timestamp,
}

/// A webhook for which something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWebhook {
    /// The webhook.
    pub id: WebhookId,
    /// The app whose things it is told; `None` if it is removed.
    pub app: Option<AppId>,
    /// Its address; `None` if it is removed.
    pub target: Option<String>,
    /// Whether its integration is in use.
    pub is_active: bool,
}

type StoredDue = (String, Option<String>, Option<String>, String);

impl TryFrom<StoredDue> for DueWebhook {
    type Error = StoreError;

    fn try_from((id, app, target, status): StoredDue) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("the webhook of a delivery");
        let app = app.map(|app| AppId::parse(&app).ok_or_else(corrupt)).transpose()?;
        let id = WebhookId::parse(&id).ok_or_else(corrupt)?;
        Ok(Self { id, app, target, is_active: status == IntegrationStatus::Active.as_str() })
    }
}

reads! {
    /// The webhooks for which something is due, the one that has waited longest first. It takes one look into an index for
    /// each webhook that anything waits for, however much that is.
    due_webhooks(now: Timestamp) -> Vec<DueWebhook>;
}

async fn due_webhooks(conn: &mut Conn<'_>, now: Timestamp) -> Result<Vec<DueWebhook>, StoreError> {
    let mut sql = Sql::new(
        "WITH RECURSIVE hook (id) AS (SELECT (SELECT webhook_id FROM delivery WHERE state = 'waiting' \
         ORDER BY webhook_id LIMIT 1) UNION ALL \
         SELECT (SELECT webhook_id FROM delivery WHERE state = 'waiting' AND webhook_id > hook.id \
         ORDER BY webhook_id LIMIT 1) FROM hook WHERE hook.id IS NOT NULL) \
         SELECT due.id, webhook.app_id, webhook.target, \
         CASE WHEN COALESCE(app.archived_at, 0) = 0 THEN COALESCE(integration.status, '') ELSE '' END \
         FROM (SELECT hook.id AS id, \
         (SELECT due_at FROM delivery WHERE state = 'waiting' AND webhook_id = hook.id ORDER BY due_at LIMIT 1) AS at \
         FROM hook WHERE hook.id IS NOT NULL) AS due LEFT JOIN webhook ON webhook.id = due.id \
         LEFT JOIN integration ON integration.id = webhook.integration_id LEFT JOIN app ON app.id = webhook.app_id \
         WHERE due.at <= ",
    );
    sql.bind(now).push(" ORDER BY due.at, due.id");
    let rows = conn.fetch_all::<StoredDue>(sql).await?;
    rows.into_iter().map(DueWebhook::try_from).collect()
}

/// The id of the delivery with this number: those that are made later are greater.
fn id_of(n: i64, at: Timestamp) -> DeliveryId {
    let mut bytes = [0; 12];
    let (time, number) = bytes.split_at_mut(6);
    for (to, from) in [(time, at.millis()), (number, n)] {
        let [_, _, low @ ..] = from.to_be_bytes();
        to.copy_from_slice(&low);
    }
    DeliveryId::from_random(bytes)
}

impl Tx {
    /// Makes deliveries in their order, due at once, or once the one before in their lane is over.
    pub async fn enqueue(&mut self, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let last = Sql::new("SELECT COALESCE(MAX(n), 0) FROM delivery");
        let (last,) = self.conn().fetch_one::<(i64,)>(last).await?;
        let mut lanes = HashSet::new();
        let rows = (last + 1..).zip(deliveries).map(|(n, new)| {
            (
                n,
                id_of(n, new.at),
                new.webhook.app_id,
                new.webhook.integration_id,
                new.webhook.webhook_id,
                new.trigger,
                new.about.words(),
                new.lane.as_str(),
                new.at.millis(),
                // The second of a lane waits for the first in any case.
                i64::from(lanes.insert((new.webhook.webhook_id, new.lane.as_str()))),
            )
        });
        let mut sql = Sql::new(
            "INSERT INTO delivery (n, id, app_id, integration_id, webhook_id, trigger_name, about, lane, state, tries, \
             created_at, due_at, lease, done_at, status, answer, failure) SELECT CAST(value ->> 0 AS BIGINT), value ->> 1, \
             value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, 'waiting', 0, \
             CAST(value ->> 8 AS BIGINT), CASE WHEN CAST(value ->> 9 AS BIGINT) = 1 AND NOT EXISTS (SELECT 1 FROM delivery \
             AS earlier WHERE earlier.state = 'waiting' AND earlier.webhook_id = (value ->> 4) \
             AND earlier.lane = (value ->> 7)) THEN CAST(value ->> 8 AS BIGINT) ELSE 9223372036854775807 END, \
             '', 0, 0, '', '' FROM ",
        );
        let rows: Vec<_> = rows.collect();
        self.conn().push_rows(&mut sql, rows.into_iter())?;
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Takes deliveries that are due until the lease ends, at most so many of each webhook, which is named once, and none of
    /// one that is told nothing now. Each is the first of its lane. One that cannot be read is left out.
    pub async fn lease_deliveries(
        &mut self,
        asked: &[(WebhookId, u32)],
        lease: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.conn();
        let mut sql = Sql::default();
        for (n, (webhook, most)) in asked.iter().enumerate() {
            sql.push(if n == 0 { "SELECT * FROM (SELECT " } else { " UNION ALL SELECT * FROM (SELECT " });
            sql.push(COLUMNS).push(" FROM delivery");
            conn.writing().push_index(&mut sql, "delivery_due");
            sql.push(" WHERE state = 'waiting' AND webhook_id = ").bind(webhook.as_str());
            sql.push(" AND due_at <= ").bind(now);
            sql.push(
                " AND NOT EXISTS (SELECT 1 FROM webhook JOIN integration ON integration.id = webhook.integration_id \
                 JOIN app ON app.id = webhook.app_id WHERE (integration.status <> ",
            )
            .bind(IntegrationStatus::Active.as_str())
            .push(" OR app.archived_at <> 0) AND webhook.id = ")
            .bind(webhook.as_str());
            sql.push(") ORDER BY due_at, n LIMIT ").bind(i64::from(*most)).push(") AS part");
        }
        let rows = conn.fetch_all::<Stored>(sql).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("UPDATE delivery SET lease = ");
        sql.bind(lease)
            .push(", due_at = ")
            .bind(until)
            .push(" WHERE n IN (")
            .list(rows.iter().map(|row| row.n))
            .push(")");
        conn.execute(sql).await?;
        Ok(readable(rows))
    }

    /// Writes what came of deliveries that this lease holds; those of another are left alone. Where one is over, the next of
    /// its lane is due now.
    pub async fn finish_deliveries(
        &mut self,
        deliveries: &[Delivery],
        lease: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let rows = deliveries.iter().map(|delivery| {
            (
                delivery.id,
                delivery.state,
                delivery.tries,
                delivery.next_try_at.map_or(NEVER, Timestamp::millis),
                millis(delivery.done_at),
                delivery.status.unwrap_or(0),
                delivery.answer.as_str(),
                delivery.failure.as_str(),
                delivery.target.as_str(),
            )
        });
        let mut sql = Sql::new(
            "UPDATE delivery SET state = done.state, tries = done.tries, due_at = done.due_at, lease = '', \
             done_at = done.done_at, status = done.status, answer = done.answer, failure = done.failure, \
             target = done.target FROM \
             (SELECT value ->> 0 AS id, value ->> 1 AS state, CAST(value ->> 2 AS BIGINT) AS tries, \
             CAST(value ->> 3 AS BIGINT) AS due_at, CAST(value ->> 4 AS BIGINT) AS done_at, \
             CAST(value ->> 5 AS BIGINT) AS status, value ->> 6 AS answer, value ->> 7 AS failure, \
             value ->> 8 AS target FROM ",
        );
        self.conn().push_rows(&mut sql, rows)?;
        sql.push(") AS done WHERE delivery.id = done.id AND delivery.lease = ").bind(lease);
        self.conn().execute(sql).await?;
        let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.id.to_string()).collect();
        self.lanes_go_on(&ids, now).await
    }

    /// Fails deliveries to a webhook that were due before a time and were not sent, at most `limit`, and returns how many. The
    /// next of their lanes are due now.
    pub async fn fail_unsent_deliveries(
        &mut self,
        webhook: &WebhookId,
        before: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut conn = self.conn();
        let mut sql = Sql::new("SELECT n, id FROM delivery");
        conn.writing().push_index(&mut sql, "delivery_due");
        sql.push(" WHERE state = 'waiting' AND webhook_id = ").bind(webhook.as_str());
        sql.push(" AND due_at < ").bind(before).push(" ORDER BY due_at, n LIMIT ").bind(i64::from(limit));
        let rows = conn.fetch_all::<(i64, String)>(sql).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut sql = Sql::new("UPDATE delivery SET state = 'failed', lease = '', due_at = ");
        sql.bind(NEVER).push(", done_at = ").bind(now).push(", failure = ").bind(NEVER_SENT);
        sql.push(" WHERE n IN (").list(rows.iter().map(|(n, _)| *n)).push(")");
        let failed = conn.execute(sql).await?;
        let ids: Vec<_> = rows.into_iter().map(|(_, id)| id).collect();
        self.lanes_go_on(&ids, now).await?;
        Ok(failed)
    }

    /// Where one of these deliveries is over, the next of its lane is due now.
    async fn lanes_go_on(&mut self, ids: &[String], now: Timestamp) -> Result<(), StoreError> {
        let mut sql = Sql::new("UPDATE delivery SET due_at = ");
        sql.bind(now).push(" WHERE due_at = ").bind(NEVER);
        // One look into the index of lanes for each, however many wait.
        sql.push(
            " AND n IN (SELECT (SELECT later.n FROM delivery AS later WHERE later.state = 'waiting' \
             AND later.webhook_id = ended.webhook_id AND later.lane = ended.lane ORDER BY later.n LIMIT 1) \
             FROM (SELECT value ->> 0 AS id FROM ",
        );
        self.conn().push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
        sql.push(") AS asked CROSS JOIN delivery AS ended WHERE ended.id = asked.id AND ended.state <> 'waiting')");
        self.conn().execute(sql).await?;
        Ok(())
    }
}

//! Deliveries as people read them, and how they are sent again or forgotten. How they are sent is in `delivery_lanes`.

use domain::delivery::{About, Delivery, DeliveryQuery, DeliveryState, ROWS_MAX, TOO_LATE};
use domain::ids::{AppId, DeliveryId, IntegrationId, WebhookId};
use domain::page::{COUNT_CAP, Capped, Page};
use domain::timestamp::Timestamp;
use domain::webhook::Trigger;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::cursors::{Paged, number};
use crate::error::StoreError;
use crate::readable::readable;
use crate::rooms::moment;
use crate::sql::Sql;
use crate::store::Tx;

/// Never, as the time of the next try.
pub(crate) const NEVER: i64 = i64::MAX;

pub(crate) const COLUMNS: &str = "n, id, app_id, integration_id, webhook_id, trigger_name, about, state, tries, created_at, due_at, \
     done_at, status, answer, failure, target";

#[derive(FromRow)]
pub(crate) struct Stored {
    pub(crate) n: i64,
    id: String,
    app_id: String,
    integration_id: String,
    webhook_id: String,
    trigger_name: String,
    about: String,
    state: String,
    tries: i64,
    created_at: i64,
    due_at: i64,
    done_at: i64,
    status: i64,
    answer: String,
    failure: String,
    target: String,
}

impl TryFrom<Stored> for Delivery {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("a delivery");
        Ok(Self {
            id: DeliveryId::parse(&row.id).ok_or_else(corrupt)?,
            app_id: AppId::parse(&row.app_id).ok_or_else(corrupt)?,
            integration_id: IntegrationId::parse(&row.integration_id).ok_or_else(corrupt)?,
            webhook_id: WebhookId::parse(&row.webhook_id).ok_or_else(corrupt)?,
            trigger: Trigger::parse(&row.trigger_name).ok_or_else(corrupt)?,
            about: About::parse(&row.about).ok_or_else(corrupt)?,
            state: DeliveryState::parse(&row.state).ok_or_else(corrupt)?,
            tries: u32::try_from(row.tries).map_err(|_| corrupt())?,
            created_at: Timestamp::from_millis(row.created_at),
            next_try_at: (row.due_at != NEVER).then(|| Timestamp::from_millis(row.due_at)),
            done_at: moment(row.done_at),
            status: u16::try_from(row.status).ok().filter(|status| *status > 0),
            answer: row.answer,
            failure: row.failure,
            target: row.target,
        })
    }
}

reads! {
    /// The delivery with this id.
    delivery(id: &DeliveryId) -> Option<Delivery>;
    /// A page of the deliveries of an integration that are asked for, newest first. An invalid cursor gives the first page.
    list_deliveries(integration: &IntegrationId, query: &DeliveryQuery) -> Page<Delivery>;
}

async fn delivery(conn: &mut Conn<'_>, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM delivery WHERE id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Delivery::try_from).transpose()
}

impl Paged for DeliveryQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        number(text).is_some()
    }
}

/// What every delivery of a list is.
fn push_asked(sql: &mut Sql, integration: &IntegrationId, query: &DeliveryQuery) {
    sql.push(" FROM delivery WHERE integration_id = ").bind(integration.as_str());
    if let Some(state) = query.state {
        sql.push(" AND state = ").bind(state.as_str());
    }
}

/// Deliveries behind a place, or before it, nearest first.
async fn beside(
    conn: &mut Conn<'_>,
    (integration, query): (&IntegrationId, &DeliveryQuery),
    at: Option<i64>,
    newer: bool,
    limit: usize,
) -> Result<Vec<Stored>, StoreError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS);
    push_asked(&mut sql, integration, query);
    if let Some(at) = at {
        sql.push(if newer { " AND n > " } else { " AND n < " }).bind(at);
    }
    sql.push(if newer { " ORDER BY n LIMIT " } else { " ORDER BY n DESC LIMIT " });
    sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    conn.fetch_all(sql).await
}

async fn list_deliveries(
    conn: &mut Conn<'_>,
    integration: &IntegrationId,
    query: &DeliveryQuery,
) -> Result<Page<Delivery>, StoreError> {
    let size = usize::try_from(query.rows.clamp(1, ROWS_MAX)).unwrap_or(1);
    let asked = (integration, query);
    let after = query.after.as_deref().and_then(number);
    let before = query.before.as_deref().and_then(number).filter(|_| after.is_none());
    let mut rows = beside(conn, asked, after.or(before), before.is_some(), size + 1).await?;
    // One extra row shows whether there is another page on that side.
    let more = rows.len() > size;
    rows.truncate(size);
    if before.is_some() {
        rows.reverse();
    }
    let [first, last] = [rows.first(), rows.last()].map(|row| row.map(|row| row.n));
    let has_next = match last {
        Some(at) if before.is_some() => !beside(conn, asked, Some(at), false, 1).await?.is_empty(),
        _ => more,
    };
    let has_previous = match first {
        Some(at) if after.is_some() => !beside(conn, asked, Some(at), true, 1).await?.is_empty(),
        _ => more && before.is_some(),
    };
    let most = i64::from(COUNT_CAP) + 1;
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    push_asked(&mut sql, integration, query);
    sql.push(" LIMIT ").bind(most).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Page {
        rows: readable(rows),
        next: last.filter(|_| has_next).map(|n| n.to_string()),
        previous: first.filter(|_| has_previous).map(|n| n.to_string()),
        total: Capped::at(COUNT_CAP, count.unsigned_abs()),
    })
}

impl Tx {
    /// Sends a delivery again from its first try, if it is over; in a lane of its own, so that it waits for no other and none
    /// waits for it. One that waits for its next try is sent now, and gets a try for that beside its own. Returns whether that
    /// changed anything.
    pub async fn send_delivery_again(&mut self, id: &DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let mut sql =
            Sql::new("UPDATE delivery SET state = 'waiting', tries = 0, done_at = 0, status = 0, answer = '', ");
        sql.push("failure = '', target = '', lease = '', due_at = ")
            .bind(now)
            .push(", lane = ")
            .bind(format!("again {id}"));
        sql.push(" WHERE state <> 'waiting' AND id = ").bind(id.as_str());
        if self.conn().execute(sql).await? > 0 {
            return Ok(true);
        }
        let mut sql = Sql::new("UPDATE delivery SET tries = tries - 1, due_at = ");
        sql.bind(now).push(" WHERE state = 'waiting' AND lease = '' AND tries > 0 AND due_at > ").bind(now);
        sql.push(" AND due_at < ").bind(NEVER).push(" AND id = ").bind(id.as_str());
        Ok(self.conn().execute(sql).await? > 0)
    }

    /// Fails deliveries that were made before a time and still wait behind others, at most `limit`, and returns how many.
    pub async fn fail_late_deliveries(
        &mut self,
        before: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut sql = Sql::new("UPDATE delivery SET state = 'failed', done_at = ");
        sql.bind(now).push(", failure = ").bind(TOO_LATE);
        sql.push(" WHERE n IN (SELECT n FROM delivery WHERE state = 'waiting' AND created_at < ").bind(before);
        // As the index has it. Postgres finds the index by no argument.
        sql.push(" AND due_at = 9223372036854775807 LIMIT ").bind(i64::from(limit)).push(")");
        self.conn().execute(sql).await
    }

    /// Forgets deliveries that were over before a time, at most `limit`, and returns how many.
    pub async fn prune_deliveries(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut sql =
            Sql::new("DELETE FROM delivery WHERE n IN (SELECT n FROM delivery WHERE state <> 'waiting' AND done_at < ");
        sql.bind(before).push(" LIMIT ").bind(i64::from(limit)).push(")");
        self.conn().execute(sql).await
    }

    /// Forgets deliveries that wait for a webhook that is removed, at most `limit`, and returns how many.
    pub async fn drop_deliveries(&mut self, webhook: &WebhookId, limit: u32) -> Result<u64, StoreError> {
        let mut sql = Sql::new(
            "DELETE FROM delivery WHERE n IN (SELECT n FROM delivery WHERE state = 'waiting' AND webhook_id = ",
        );
        sql.bind(webhook.as_str()).push(" LIMIT ").bind(i64::from(limit)).push(")");
        self.conn().execute(sql).await
    }
}

//! Integrations of apps with other systems.

use domain::ids::{AppId, IntegrationId};
use domain::integration::{Integration, IntegrationKind, IntegrationQuery, IntegrationStatus, ROWS_MAX};
use domain::kind::KeyKind;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::text::{name_key, prefix_upper_bound};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::apps::app_id;
use crate::conn::Conn;
use crate::cursors::Paged;
use crate::error::StoreError;
use crate::readable::readable;
use crate::sql::Sql;
use crate::store::Tx;
use crate::walk::{List, Walked, walk};
use crate::webhooks::webhooks_of;

reads! {
    /// The integration with this id, with its webhooks.
    integration(id: &IntegrationId) -> Option<Integration>;
    /// A page of the integrations of an app that are asked for, the newest first, with their webhooks. An invalid cursor
    /// gives the first page.
    list_integrations(app: &AppId, query: &IntegrationQuery) -> Page<Integration>;
    /// How many integrations an app has.
    integration_count(app: &AppId) -> u64;
    /// The integration of an app at which keys of a kind report.
    event_integration(app: &AppId, kind: IntegrationKind) -> Option<IntegrationId>;
    /// Apps that have keys that report, and no integration at which these do, each with the kind that is missing: at most
    /// `limit`.
    missing_event_integrations(limit: u32) -> Vec<(AppId, IntegrationKind)>;
}

const INTEGRATION: &str = "SELECT id, app_id, kind, name, status, extra, created_at FROM integration ";

#[derive(FromRow)]
struct Stored {
    id: String,
    app_id: String,
    kind: String,
    name: String,
    status: String,
    extra: String,
    created_at: i64,
}

impl TryFrom<Stored> for Integration {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: integration_id(&row.id)?,
            app_id: app_id(&row.app_id)?,
            kind: kind(&row.kind)?,
            name: (!row.name.is_empty()).then_some(row.name),
            status: IntegrationStatus::parse(&row.status)
                .ok_or_else(|| StoreError::corrupt("the status of an integration"))?,
            extra: row.extra,
            created_at: Timestamp::from_millis(row.created_at),
            webhooks: Vec::new(),
        })
    }
}

pub(crate) fn integration_id(text: &str) -> Result<IntegrationId, StoreError> {
    IntegrationId::parse(text).ok_or_else(|| StoreError::corrupt("the id of an integration"))
}

pub(crate) fn kind(text: &str) -> Result<IntegrationKind, StoreError> {
    IntegrationKind::parse(text).ok_or_else(|| StoreError::corrupt("the kind of an integration"))
}

/// These integrations with their webhooks.
async fn whole(conn: &mut Conn<'_>, rows: Vec<Stored>) -> Result<Vec<Integration>, StoreError> {
    let mut integrations: Vec<Integration> = readable(rows);
    let ids: Vec<_> = integrations.iter().map(|integration| integration.id).collect();
    for webhook in webhooks_of(conn, &ids).await? {
        if let Some(its) = integrations.iter_mut().find(|integration| integration.id == webhook.integration_id) {
            its.webhooks.push(webhook);
        }
    }
    Ok(integrations)
}

async fn integration(conn: &mut Conn<'_>, id: &IntegrationId) -> Result<Option<Integration>, StoreError> {
    let mut sql = Sql::new(INTEGRATION);
    sql.push("WHERE id = ").bind(id.as_str());
    let row = conn.fetch_optional::<Stored>(sql).await?;
    Ok(whole(conn, row.into_iter().collect()).await?.pop())
}

async fn integration_count(conn: &mut Conn<'_>, app: &AppId) -> Result<u64, StoreError> {
    let sql = Sql::new("SELECT count(*) FROM integration WHERE app_id = $1").arg(app.as_str());
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(count.unsigned_abs())
}

async fn event_integration(
    conn: &mut Conn<'_>,
    app: &AppId,
    kind: IntegrationKind,
) -> Result<Option<IntegrationId>, StoreError> {
    if kind.is_chat() {
        return Ok(None);
    }
    // The literals let the index of these kinds be used.
    let mut sql = Sql::new("SELECT id FROM integration WHERE app_id = ");
    sql.bind(app.as_str()).push(" AND kind = '").push(kind.as_str()).push("'");
    conn.fetch_optional::<(String,)>(sql).await?.map(|(id,)| integration_id(&id)).transpose()
}

async fn missing_event_integrations(
    conn: &mut Conn<'_>,
    limit: u32,
) -> Result<Vec<(AppId, IntegrationKind)>, StoreError> {
    // From the apps, and not from the keys, of which there may be a million.
    let mut sql = Sql::new("SELECT a.id, e.kind FROM app a CROSS JOIN (");
    for (n, kind) in KeyKind::ALL.iter().filter(|kind| IntegrationKind::of_events(**kind).is_some()).enumerate() {
        sql.push(if n == 0 { "SELECT '" } else { " UNION ALL SELECT '" }).push(kind.as_str()).push("' AS kind");
    }
    sql.push(
        ") AS e WHERE NOT EXISTS (SELECT 1 FROM integration i WHERE i.app_id = a.id AND i.kind = e.kind) \
         AND EXISTS (SELECT 1 FROM api_key k WHERE k.app_id = a.id AND k.kind = e.kind) ORDER BY a.id, e.kind LIMIT ",
    );
    sql.bind(i64::from(limit));
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    rows.into_iter().map(|(app, of)| Ok((app_id(&app)?, kind(&of)?))).collect()
}

impl Paged for IntegrationQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        IntegrationId::parse(text).is_some()
    }
}

fn push_asked(sql: &mut Sql, app: &AppId, query: &IntegrationQuery) {
    sql.push("WHERE app_id = ").bind(app.as_str());
    if !query.kinds.is_empty() {
        sql.push(" AND kind IN (").list(query.kinds.iter().map(|kind| kind.as_str())).push(")");
    }
    let Some(search) = &query.search else { return };
    if let Some(id) = IntegrationId::parse(search.trim()) {
        sql.push(" AND id = ").bind(id.as_str());
        return;
    }
    let begins = name_key(search);
    sql.push(" AND name_key >= ").bind(&*begins);
    if let Some(end) = prefix_upper_bound(&begins) {
        sql.push(" AND name_key < ").bind(end);
    }
}

/// The integrations of an app that somebody asks for. The newest come first, so going back leads to greater ids.
struct Listed<'a> {
    app: &'a AppId,
    query: &'a IntegrationQuery,
}

impl List for Listed<'_> {
    type Row = Stored;
    type Place = IntegrationId;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<IntegrationId>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let Self { app, query } = *self;
        let mut sql = Sql::new(INTEGRATION);
        push_asked(&mut sql, app, query);
        if let Some(at) = at {
            sql.push(if backwards { " AND id > " } else { " AND id < " }).bind(at.as_str());
        }
        sql.push(if backwards { " ORDER BY id LIMIT " } else { " ORDER BY id DESC LIMIT " });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        conn.fetch_all(sql).await
    }

    fn place(&self, row: &Stored) -> Option<IntegrationId> {
        IntegrationId::parse(&row.id)
    }

    fn cursor(&self, row: &Stored) -> String {
        row.id.clone()
    }
}

async fn count(conn: &mut Conn<'_>, app: &AppId, query: &IntegrationQuery) -> Result<Capped, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM integration ");
    push_asked(&mut sql, app, query);
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Capped::at(COUNT_CAP, count.unsigned_abs()))
}

async fn list_integrations(
    conn: &mut Conn<'_>,
    app: &AppId,
    query: &IntegrationQuery,
) -> Result<Page<Integration>, StoreError> {
    let size = usize::try_from(query.rows.clamp(1, ROWS_MAX)).unwrap_or(1);
    let parse = |text: &Option<String>| text.as_deref().and_then(IntegrationId::parse);
    let asked = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &Listed { app, query }, size, asked).await?;
    let rows = whole(conn, rows).await?;
    let total = count(conn, app, query).await?;
    Ok(Page { rows, next, previous, total })
}

impl Tx {
    /// Adds an integration without its webhooks. `Conflict` if the app has one of its kind, and may have only one.
    pub async fn insert_integration(&mut self, integration: &Integration) -> Result<(), StoreError> {
        let name = integration.name.as_deref().unwrap_or_default();
        let sql = Sql::new(
            "INSERT INTO integration (id, app_id, kind, name, name_key, status, extra, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .arg(integration.id.as_str())
        .arg(integration.app_id.as_str())
        .arg(integration.kind.as_str())
        .arg(name)
        .arg(name_key(integration.shown_name()))
        .arg(integration.status.as_str())
        .arg(&*integration.extra)
        .arg(integration.created_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Writes what can be changed of an integration, and returns whether there is one: its name, its status, and what is
    /// kept without being known.
    pub async fn update_integration(&mut self, integration: &Integration) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE integration SET name = $2, name_key = $3, status = $4, extra = $5 WHERE id = $1")
            .arg(integration.id.as_str())
            .arg(integration.name.as_deref().unwrap_or_default())
            .arg(name_key(integration.shown_name()))
            .arg(integration.status.as_str())
            .arg(&*integration.extra);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes an integration with its webhooks, and returns whether there was one. Its keys are removed before.
    pub async fn delete_integration(&mut self, id: &IntegrationId) -> Result<bool, StoreError> {
        self.conn().execute(Sql::new("DELETE FROM webhook WHERE integration_id = $1").arg(id.as_str())).await?;
        Ok(self.conn().execute(Sql::new("DELETE FROM integration WHERE id = $1").arg(id.as_str())).await? == 1)
    }
}

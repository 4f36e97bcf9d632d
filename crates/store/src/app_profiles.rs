//! What another family keeps with apps.

use domain::app::App;
use domain::app_profile::{ProfileQuery, ProfiledApp};
use domain::ids::AppId;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::sight::Scope;
use domain::timestamp::Timestamp;

use crate::apps::{app_id, push_apps};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

reads! {
    /// The app with this id and what is kept with it, also if it is archived.
    profiled_app(id: &AppId) -> Option<ProfiledApp>;
    /// A page of those of these apps that are in use, by id.
    profiled_apps(apps: &Scope<AppId>, query: &ProfileQuery) -> Page<ProfiledApp>;
}

const PROFILED: &str = "SELECT id, name, created_at, archived_at, profile FROM app ";

type Stored = (String, String, i64, i64, String);

fn from_row((id, name, created_at, archived_at, profile): Stored) -> Result<ProfiledApp, StoreError> {
    let archived_at = (archived_at != 0).then(|| Timestamp::from_millis(archived_at));
    let app = App { id: app_id(&id)?, name, created_at: Timestamp::from_millis(created_at), archived_at };
    Ok(ProfiledApp { app, profile })
}

async fn profiled_app(conn: &mut Conn<'_>, id: &AppId) -> Result<Option<ProfiledApp>, StoreError> {
    let mut sql = Sql::new(PROFILED);
    sql.push("WHERE id = ").bind(id.as_str());
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

/// Apps after an id, or before it, nearest first.
async fn beside(
    conn: &mut Conn<'_>,
    apps: &Scope<AppId>,
    at: Option<&AppId>,
    backwards: bool,
    limit: usize,
) -> Result<Vec<ProfiledApp>, StoreError> {
    let mut sql = Sql::new(PROFILED);
    sql.push("WHERE archived_at = 0");
    push_apps(&mut sql, apps);
    if let Some(at) = at {
        sql.push(if backwards { " AND id < " } else { " AND id > " }).bind(at.as_str());
    }
    sql.push(if backwards { " ORDER BY id DESC LIMIT " } else { " ORDER BY id LIMIT " });
    sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    conn.fetch_all(sql).await?.into_iter().map(from_row).collect()
}

async fn profiled_apps(
    conn: &mut Conn<'_>,
    apps: &Scope<AppId>,
    query: &ProfileQuery,
) -> Result<Page<ProfiledApp>, StoreError> {
    let is_back = query.after.is_none() && query.before.is_some();
    let size = usize::try_from(query.rows).unwrap_or(usize::MAX);
    let at = query.after.as_ref().or(query.before.as_ref());
    let mut rows = beside(conn, apps, at, is_back, size.saturating_add(1)).await?;
    // One extra row shows whether there is another page on that side.
    let more = rows.len() > size;
    rows.truncate(size);
    if is_back {
        rows.reverse();
    }
    let beyond = async |conn: &mut Conn<'_>, row: Option<&ProfiledApp>, backwards: bool| {
        let Some(row) = row else { return Ok(false) };
        Ok::<_, StoreError>(!beside(conn, apps, Some(&row.app.id), backwards, 1).await?.is_empty())
    };
    let (has_next, has_previous) = if is_back {
        (beyond(conn, rows.last(), false).await?, more)
    } else {
        (more, at.is_some() && beyond(conn, rows.first(), true).await?)
    };
    let place = |row: &ProfiledApp| row.app.id.as_str().to_owned();
    let next = rows.last().filter(|_| has_next).map(place);
    let previous = rows.first().filter(|_| has_previous).map(place);
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT id FROM app WHERE archived_at = 0");
    push_apps(&mut sql, apps);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Page { rows, next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

impl Tx {
    /// Keeps this with an app, in place of what was kept.
    pub async fn set_app_profile(&mut self, id: &AppId, profile: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE app SET profile = $2 WHERE id = $1").arg(id.as_str()).arg(profile);
        self.conn().execute(sql).await?;
        Ok(())
    }
}

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
use crate::sql::{Sql, pieces};
use crate::store::Tx;
use crate::walk::{List, Walked, walk};

reads! {
    /// The app with this id and what is kept with it, also if it is archived.
    profiled_app(id: &AppId) -> Option<ProfiledApp>;
    /// Those of these apps that there are, in any order, with what is kept with each.
    some_profiled_apps(ids: &[AppId]) -> Vec<ProfiledApp>;
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

async fn some_profiled_apps(conn: &mut Conn<'_>, ids: &[AppId]) -> Result<Vec<ProfiledApp>, StoreError> {
    let mut apps = Vec::with_capacity(ids.len());
    for piece in pieces(ids) {
        let mut sql = Sql::new(PROFILED);
        sql.push("WHERE id IN (").list(piece.iter().map(AppId::as_str)).push(")");
        for row in conn.fetch_all(sql).await? {
            apps.push(from_row(row)?);
        }
    }
    Ok(apps)
}

/// The apps in use, in the order of their ids.
struct Listed<'a> {
    apps: &'a Scope<AppId>,
}

impl List for Listed<'_> {
    type Row = ProfiledApp;
    type Place = AppId;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<AppId>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<ProfiledApp>, StoreError> {
        let Self { apps } = *self;
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

    fn place(&self, row: &ProfiledApp) -> Option<AppId> {
        Some(row.app.id)
    }

    fn cursor(&self, row: &ProfiledApp) -> String {
        row.app.id.to_string()
    }
}

async fn profiled_apps(
    conn: &mut Conn<'_>,
    apps: &Scope<AppId>,
    query: &ProfileQuery,
) -> Result<Page<ProfiledApp>, StoreError> {
    let size = usize::try_from(query.rows).unwrap_or(usize::MAX);
    let Walked { rows, next, previous } = walk(conn, &Listed { apps }, size, (query.after, query.before)).await?;
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

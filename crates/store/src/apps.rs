//! Apps, which own keys, and who is limited to which.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::app::{App, AppListed, AppQuery};
use domain::ids::AppId;
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::list::Rows;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::sight::{Scope, Sight};
use domain::text::{likeness, name_key, prefix_upper_bound};
use domain::timestamp::Timestamp;
use serde_json::Value;

use crate::conn::Conn;
use crate::cursors::Paged;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::sql::{Arg, Sql};
use crate::store::Tx;
use crate::walk::{List, Walked, walk};

/// Rows on a page, as in every list.
const PAGE: usize = Rows::Few.count() as usize;

reads! {
    /// The app that exists from the first start; `None` before it.
    default_app() -> Option<App>;
    /// The app with this id.
    app(id: &AppId) -> Option<App>;
    /// The app in use whose name looks like this one.
    app_named(name: &str) -> Option<App>;
    /// Those of these apps that are in use, by name, at most `limit`.
    apps_in_use(apps: &Scope<AppId>, limit: u32) -> Vec<App>;
    /// A page of the apps in sight that are asked for, each with the number of its keys of the kinds in sight. An invalid
    /// cursor gives the first page.
    list_apps(sight: &Sight, query: &AppQuery) -> Page<AppListed>;
}

const APP: &str = "SELECT id, name, created_at, archived_at FROM app ";

type Stored = (String, String, i64, i64);

fn from_row((id, name, created_at, archived_at): Stored) -> Result<App, StoreError> {
    let archived_at = (archived_at != 0).then(|| Timestamp::from_millis(archived_at));
    Ok(App { id: app_id(&id)?, name, created_at: Timestamp::from_millis(created_at), archived_at })
}

async fn default_app(conn: &mut Conn<'_>) -> Result<Option<App>, StoreError> {
    let mut sql = Sql::new(APP);
    sql.push("ORDER BY created_at, id LIMIT 1");
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

async fn app(conn: &mut Conn<'_>, id: &AppId) -> Result<Option<App>, StoreError> {
    let mut sql = Sql::new(APP);
    sql.push("WHERE id = ").bind(id.as_str());
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

async fn app_named(conn: &mut Conn<'_>, name: &str) -> Result<Option<App>, StoreError> {
    let mut sql = Sql::new(APP);
    sql.push("WHERE archived_at = 0 AND likeness = ").bind(likeness(name));
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

async fn apps_in_use(conn: &mut Conn<'_>, apps: &Scope<AppId>, limit: u32) -> Result<Vec<App>, StoreError> {
    let mut sql = Sql::new(APP);
    sql.push("WHERE archived_at = 0");
    push_apps(&mut sql, apps);
    sql.push(" ORDER BY name_key, id LIMIT ").bind(i64::from(limit));
    conn.fetch_all(sql).await?.into_iter().map(from_row).collect()
}

/// Only these apps. No app has a blank id, so a list may be empty.
pub(crate) fn push_apps(sql: &mut Sql, apps: &Scope<AppId>) {
    if let Scope::Only(apps) = apps {
        sql.push(" AND id IN (").list(apps.iter().map(AppId::as_str).chain([""])).push(")");
    }
}

fn push_asked(sql: &mut Sql, sight: &Sight, query: &AppQuery) {
    sql.push(if query.archived { "WHERE archived_at <> 0" } else { "WHERE archived_at = 0" });
    push_apps(sql, &sight.apps);
    let Some(search) = &query.search else { return };
    // The id is what commands and links name an app by.
    let begins = name_key(search);
    sql.push(" AND (id = ").bind(search.trim()).push(" OR (name_key >= ").bind(&*begins);
    if let Some(end) = prefix_upper_bound(&begins) {
        sql.push(" AND name_key < ").bind(end);
    }
    sql.push("))");
}

/// The place of an app in the list: its id, and the form of its name.
fn cursor(text: &str) -> Option<[Arg; 2]> {
    let (id, name) = text.split_once('~')?;
    Some([name.into(), AppId::parse(id)?.as_str().into()])
}

fn place(app: &App) -> String {
    format!("{}~{}", app.id, name_key(&app.name))
}

impl Paged for AppQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        cursor(text).is_some()
    }
}

/// The apps in sight that somebody asks for.
struct Listed<'a> {
    sight: &'a Sight,
    query: &'a AppQuery,
}

impl List for Listed<'_> {
    type Row = App;
    type Place = [Arg; 2];

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<[Arg; 2]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<App>, StoreError> {
        let Self { sight, query } = *self;
        let mut sql = Sql::new(APP);
        push_asked(&mut sql, sight, query);
        if let Some(at) = at {
            sql.push(if backwards { " AND (name_key, id) < " } else { " AND (name_key, id) > " }).row(true, at);
        }
        sql.push(if backwards { " ORDER BY name_key DESC, id DESC LIMIT " } else { " ORDER BY name_key, id LIMIT " });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        conn.fetch_all(sql).await?.into_iter().map(from_row).collect()
    }

    fn place(&self, row: &App) -> Option<[Arg; 2]> {
        cursor(&place(row))
    }

    fn cursor(&self, row: &App) -> String {
        place(row)
    }
}

async fn list_apps(conn: &mut Conn<'_>, sight: &Sight, query: &AppQuery) -> Result<Page<AppListed>, StoreError> {
    let parse = |text: &Option<String>| text.as_deref().and_then(cursor);
    let asked = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &Listed { sight, query }, PAGE, asked).await?;
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT id FROM app ");
    push_asked(&mut sql, sight, query);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    let rows = with_keys(conn, sight, rows).await?;
    Ok(Page { rows, next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

/// These apps with the numbers of their keys, which the writer keeps. Where only some keys are in sight, those are counted.
async fn with_keys(conn: &mut Conn<'_>, sight: &Sight, apps: Vec<App>) -> Result<Vec<AppListed>, StoreError> {
    let mut sql = match &sight.keys {
        Scope::All => Sql::new("SELECT app_id, CAST(SUM(n) AS BIGINT) FROM key_count WHERE app_id IN ("),
        Scope::Only(_) => Sql::new("SELECT app_id, count(*) FROM api_key WHERE app_id IN ("),
    };
    sql.list(apps.iter().map(|app| app.id.as_str()).chain([""])).push(") AND kind IN (");
    sql.list(sight.kinds.iter().map(|kind| kind.as_str()).chain([""])).push(")");
    if let Scope::Only(keys) = &sight.keys {
        sql.push(" AND id IN (").list(keys.iter().map(domain::ids::KeyId::as_str).chain([""])).push(")");
    }
    sql.push(" GROUP BY app_id");
    let counts: Vec<(String, i64)> = conn.fetch_all(sql).await?;
    let keys = |app: &App| counts.iter().find(|(id, _)| id == app.id.as_str()).map_or(0, |(_, n)| n.unsigned_abs());
    Ok(apps.into_iter().map(|app| AppListed { keys: Capped::at(COUNT_CAP, keys(&app)), app }).collect())
}

/// Apps that are meant, and what they have.
pub(crate) struct Meant {
    pub(crate) ids: Vec<AppId>,
    pub(crate) kept: Kept,
}

/// How many keys of a kind and a state an app has, as the writer keeps it. What nobody has is not there.
pub(crate) type Kept = Arc<BTreeMap<(AppId, KeyKind, KeyState), u64>>;

/// The ids of the apps that are meant. "All" are those in use, and have to be looked up.
pub(crate) async fn app_ids(conn: &mut Conn<'_>, apps: &Scope<AppId>) -> Result<Vec<AppId>, StoreError> {
    match apps {
        Scope::Only(apps) => Ok(apps.clone()),
        Scope::All => {
            let sql = Sql::new("SELECT id FROM app WHERE archived_at = 0 ORDER BY created_at, id");
            let rows = conn.fetch_all::<(String,)>(sql).await?;
            rows.into_iter().map(|(id,)| app_id(&id)).collect()
        }
    }
}

/// The apps that are meant, and how many keys they have.
pub(crate) async fn apps_in(conn: &mut Conn<'_>, apps: &Scope<AppId>) -> Result<Meant, StoreError> {
    let ids = app_ids(conn, apps).await?;
    let kept = kept(conn, &ids).await?;
    Ok(Meant { ids, kept })
}

/// How many keys these apps have.
pub(crate) async fn kept(conn: &mut Conn<'_>, apps: &[AppId]) -> Result<Kept, StoreError> {
    if apps.is_empty() {
        return Ok(Kept::default());
    }
    let (json,) = conn.fetch_one::<(Option<String>,)>(counts_of(apps, conn.writing())).await?;
    let rows: Vec<(String, String, String, u64)> = json
        .map(|json| serde_json::from_str(&json).map_err(|_| StoreError::corrupt("the numbers of keys")))
        .transpose()?
        .unwrap_or_default();
    // A kind that only a later version knows is in no list.
    let kept = |(app, kind, state, n): (String, String, String, u64)| {
        Some(((AppId::parse(&app)?, KeyKind::parse(&kind)?, KeyState::parse(&state)?), n))
    };
    Ok(Arc::new(rows.into_iter().filter_map(kept).collect()))
}

/// The statement that reads the numbers of keys of these apps, as one row: they may be hundreds, and SQLite's driver hands
/// over each row to another thread. The apps are one argument, because an engine takes only so many.
pub(crate) fn counts_of(apps: &[AppId], writing: Writing) -> Sql {
    let mut sql = Sql::new("SELECT CAST(");
    sql.push(writing.group)
        .push(writing.array)
        .push("app_id, kind, state, n)) AS TEXT) FROM (SELECT value ->> 0 AS id FROM ");
    writing.push_rows(&mut sql, apps.iter().map(|app| vec![app.as_str()]).collect::<Value>().to_string());
    sql.push(") AS asked CROSS JOIN key_count WHERE app_id = asked.id AND n > 0");
    sql
}

pub(crate) fn app_id(text: &str) -> Result<AppId, StoreError> {
    AppId::parse(text).ok_or_else(|| StoreError::corrupt("an app's id"))
}

/// The apps to which somebody is limited, as they are stored.
pub(crate) fn scope_words(apps: &Scope<AppId>) -> String {
    match apps {
        Scope::All => String::new(),
        Scope::Only(apps) => apps.iter().map(AppId::as_str).collect::<Vec<_>>().join(" "),
    }
}

/// Reads what [`scope_words`] wrote.
pub(crate) fn read_scope(words: &str) -> Result<Scope<AppId>, StoreError> {
    if words.is_empty() {
        return Ok(Scope::All);
    }
    words.split(' ').map(app_id).collect::<Result<_, _>>().map(Scope::Only)
}

impl Tx {
    /// Adds an app; `Conflict(AppName)` if one in use has a name that looks like its own.
    pub async fn insert_app(&mut self, app: &App) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO app (id, name, name_key, likeness, created_at, archived_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .arg(app.id.as_str())
        .arg(&*app.name)
        .arg(name_key(&app.name))
        .arg(likeness(&app.name))
        .arg(app.created_at)
        .arg(app.archived_at.map_or(0, Timestamp::millis));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Gives an app another name; `Conflict(AppName)` as in `insert_app`.
    pub async fn rename_app(&mut self, id: &AppId, name: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE app SET name = $2, name_key = $3, likeness = $4 WHERE id = $1").arg(id.as_str());
        self.conn().execute(sql.arg(name).arg(name_key(name)).arg(likeness(name))).await?;
        Ok(())
    }

    /// Archives an app, or takes it into use again; `Conflict(AppName)` as in `insert_app`.
    pub async fn set_app_archived(&mut self, id: &AppId, at: Option<Timestamp>) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE app SET archived_at = $2 WHERE id = $1").arg(id.as_str());
        self.conn().execute(sql.arg(at.map_or(0, Timestamp::millis))).await?;
        Ok(())
    }
}

//! Apps, which own keys.

use domain::ids::AppId;
use domain::sight::Scope;
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// An app as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// The app's id.
    pub id: AppId,
    /// The app's name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

reads! {
    /// The app that exists from the first start; `None` before it.
    default_app() -> Option<AppRow>;
    /// The app with this id.
    app(id: &AppId) -> Option<AppRow>;
    /// These apps, the oldest first.
    apps(within: &Scope<AppId>) -> Vec<AppRow>;
}

async fn default_app(conn: &mut Conn<'_>) -> Result<Option<AppRow>, StoreError> {
    let sql = Sql::new("SELECT id, name, created_at FROM app ORDER BY created_at, id LIMIT 1");
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

async fn app(conn: &mut Conn<'_>, id: &AppId) -> Result<Option<AppRow>, StoreError> {
    let sql = Sql::new("SELECT id, name, created_at FROM app WHERE id = $1").arg(id.as_str());
    conn.fetch_optional(sql).await?.map(from_row).transpose()
}

async fn apps(conn: &mut Conn<'_>, within: &Scope<AppId>) -> Result<Vec<AppRow>, StoreError> {
    let rows = conn.fetch_all(Sql::new("SELECT id, name, created_at FROM app ORDER BY created_at, id")).await?;
    let all = rows.into_iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().filter(|app| within.has(&app.id)).collect())
}

/// The apps that are meant. "All" has to be looked up.
pub(crate) async fn apps_in(conn: &mut Conn<'_>, apps: &Scope<AppId>) -> Result<Vec<AppId>, StoreError> {
    match apps {
        Scope::Only(apps) => Ok(apps.clone()),
        Scope::All => {
            let rows = conn.fetch_all::<(String,)>(Sql::new("SELECT id FROM app ORDER BY created_at, id")).await?;
            rows.into_iter().map(|(id,)| app_id(&id)).collect()
        }
    }
}

fn app_id(text: &str) -> Result<AppId, StoreError> {
    AppId::parse(text).ok_or_else(|| StoreError::corrupt("an app's id"))
}

fn from_row((id, name, created_at): (String, String, i64)) -> Result<AppRow, StoreError> {
    let id = app_id(&id)?;
    Ok(AppRow { id, name, created_at: Timestamp::from_millis(created_at) })
}

impl Tx {
    /// Adds an app; `Conflict` if the id exists.
    pub async fn insert_app(&mut self, app: &AppRow) -> Result<(), StoreError> {
        let sql = Sql::new("INSERT INTO app (id, name, created_at) VALUES ($1, $2, $3)")
            .arg(app.id.as_str())
            .arg(&*app.name)
            .arg(app.created_at);
        self.conn().execute(sql).await?;
        Ok(())
    }
}

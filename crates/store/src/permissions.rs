//! The permissions that keys have been given, for forms to suggest. They are names only: which keys have them, the keys
//! themselves say.

use std::collections::BTreeMap;

use domain::ids::AppId;
use domain::permission::Permission;
use domain::spec::KeySpec;
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

reads! {
    /// The typed permissions that the keys of an app were given, at most `limit`: first those that were given last, to
    /// the day, then by name.
    given_permissions(app: &AppId, limit: u32) -> Vec<String>;
}

async fn given_permissions(conn: &mut Conn<'_>, app: &AppId, limit: u32) -> Result<Vec<String>, StoreError> {
    let sql = Sql::new("SELECT name FROM permission_name WHERE app_id = $1 ORDER BY given_at DESC, name LIMIT $2");
    let rows = conn.fetch_all::<(String,)>(sql.arg(app.as_str()).arg(i64::from(limit))).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

impl Tx {
    /// Remembers the typed permissions of keys.
    pub(crate) async fn note_permissions(
        &mut self,
        keys: impl Iterator<Item = (&AppId, &KeySpec, Timestamp)>,
    ) -> Result<(), StoreError> {
        let mut given = BTreeMap::new();
        for (app, spec, at) in keys.filter(|(_, spec, _)| spec.kind.rules().typed_permissions) {
            let typed = spec.rules.permissions.iter().filter(|permission| !permission.is_reserved());
            given.extend(typed.map(Permission::as_str).map(|name| ((app.as_str(), name), at)));
        }
        let rows: Vec<_> = given.into_iter().collect();
        for piece in pieces(&rows) {
            let mut sql = Sql::new("INSERT INTO permission_name (app_id, name, given_at) VALUES ");
            for (n, ((app, name), at)) in piece.iter().enumerate() {
                let columns: [Arg; 3] = [(*app).into(), (*name).into(), (*at).into()];
                sql.row(n == 0, columns);
            }
            // Once a day is enough for an order, and spares most keys a write.
            sql.push(
                " ON CONFLICT (app_id, name) DO UPDATE SET given_at = excluded.given_at \
                 WHERE permission_name.given_at < excluded.given_at - 86400000",
            );
            self.conn().execute(sql).await?;
        }
        Ok(())
    }
}

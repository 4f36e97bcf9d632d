//! The schema's version, and who may change it.

use sqlx::migrate::{Migrate, MigrateError, Migrator};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

pub(crate) static SQLITE: Migrator = sqlx_macros::migrate!("../../migrations/sqlite");
pub(crate) static POSTGRES: Migrator = sqlx_macros::migrate!("../../migrations/postgres");

/// Whether opening may update the schema. An empty database gets its schema in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Updates an older one.
    Update,
    /// Refuses an older one: a server of that version may be running on it.
    Keep,
}

/// Brings the schema of a database up to date, if that is allowed.
pub(crate) async fn prepare<C: Migrate>(
    conn: &mut C,
    migrator: &Migrator,
    schema: Schema,
    lend: impl for<'c> FnOnce(&'c mut C) -> Conn<'c>,
) -> Result<(), StoreError> {
    if schema == Schema::Keep {
        let known = migrator.iter().map(|migration| migration.version).max();
        let applied = applied(&mut lend(conn)).await?;
        if applied.is_some() && applied < known {
            return Err(StoreError::Migration(
                "it is of an older version of Keystead; start the server of this version, or run keystead migrate"
                    .into(),
            ));
        }
    }
    Ok(migrator.run_direct(None, conn, false).await?)
}

/// The newest migration that a database has; `None` if it is empty.
async fn applied(conn: &mut Conn<'_>) -> Result<Option<i64>, StoreError> {
    if !conn.has_table("_sqlx_migrations").await? {
        return Ok(None);
    }
    let (version,) = conn.fetch_one::<(Option<i64>,)>(Sql::new("SELECT MAX(version) FROM _sqlx_migrations")).await?;
    Ok(version)
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            // Somebody else holds a lock, or the connection broke: the migration was rolled back.
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                let error = Self::from(error);
                if error.may_pass() { error } else { Self::Migration(error.to_string()) }
            }
            MigrateError::VersionMissing(version) => Self::Migration(format!(
                "a newer Keystead has updated it (migration {version}); run that version or a newer one"
            )),
            error => Self::Migration(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names =
            |migrator: &Migrator| migrator.iter().map(|m| (m.version, m.description.to_string())).collect::<Vec<_>>();
        assert!(!names(&SQLITE).is_empty());
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }
}

//! The schema's version, and who may change it.

use std::time::Duration;

use domain::release;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::patience::{PATIENCE, within};
use crate::sql::Sql;

pub(crate) static SQLITE: Migrator = sqlx_macros::migrate!("../../migrations/sqlite");
pub(crate) static POSTGRES: Migrator = sqlx_macros::migrate!("../../migrations/postgres");

/// How long an update of the schema may take. A new index of a large table takes minutes.
const UPDATED_WITHIN: Duration = Duration::from_hours(1);

/// Whether opening may update the schema. An empty database gets its schema in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Updates an older one.
    Update,
    /// Refuses an older one: a server of that version may be running on it.
    Keep,
}

/// Brings the schema of a database up to date, if that is allowed. A newer one is left as it is: a release changes the
/// schema so that the one before can work on it, or names itself the least that may.
pub(crate) async fn prepare<C: Migrate>(
    conn: &mut C,
    migrator: &Migrator,
    schema: Schema,
    lend: impl for<'c> Fn(&'c mut C) -> Conn<'c>,
) -> Result<(), StoreError> {
    let asked = async {
        let least = least(&mut lend(conn)).await?;
        Ok::<_, StoreError>((least, applied(&mut lend(conn)).await?))
    };
    let (least, applied) = within(PATIENCE, asked).await?;
    if let Some(why) = release::taken_over(least.as_deref(), release::GENERATION) {
        return Err(StoreError::TakenOver(why));
    }
    let is_whole = migrator.iter().all(|migration| applied.contains(&migration.version));
    if is_whole && applied.iter().any(|version| !migrator.version_exists(*version)) {
        return Ok(());
    }
    if schema == Schema::Keep {
        let known = migrator.iter().map(|migration| migration.version).max();
        let newest = applied.into_iter().max();
        if newest.is_some() && newest < known {
            return Err(StoreError::Migration(
                "it is of an older version of Keystead; start the server of this version, or run keystead migrate"
                    .into(),
            ));
        }
    }
    let time = if is_whole { PATIENCE } else { UPDATED_WITHIN };
    within(time, async { Ok(migrator.run_direct(None, conn, false).await?) }).await
}

reads! {
    /// The newest migration that only a newer release knows; `None` if the schema is this release's own.
    unknown_migration() -> Option<i64>;
}

async fn unknown_migration(conn: &mut Conn<'_>) -> Result<Option<i64>, StoreError> {
    // Both engines have the same ones.
    Ok(applied(conn).await?.into_iter().filter(|version| !POSTGRES.version_exists(*version)).max())
}

/// The migrations that a database has; none if it is empty.
async fn applied(conn: &mut Conn<'_>) -> Result<Vec<i64>, StoreError> {
    if !conn.has_table("_sqlx_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = conn.fetch_all::<(i64,)>(Sql::new("SELECT version FROM _sqlx_migrations")).await?;
    Ok(rows.into_iter().map(|(version,)| version).collect())
}

/// The least generation of the programs that may use a database.
async fn least(conn: &mut Conn<'_>) -> Result<Option<String>, StoreError> {
    if !conn.has_table("setting").await? {
        return Ok(None);
    }
    let sql = Sql::new("SELECT value FROM setting WHERE name = 'least_generation'");
    Ok(conn.fetch_optional::<(String,)>(sql).await?.map(|(value,)| value))
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

    /// What takes something from the release before, or forbids it something.
    const CONTRACTS: [&str; 6] =
        ["DROP TABLE", "DROP COLUMN", "RENAME", "ADD CONSTRAINT", "SET NOT NULL", "ALTER COLUMN"];

    /// CONTRIBUTING.md, "Migrations".
    #[test]
    fn what_an_older_server_would_not_survive_names_the_least_generation() {
        for migration in [&SQLITE, &POSTGRES].into_iter().flat_map(Migrator::iter) {
            let text = migration.sql.as_str().to_uppercase();
            let found = CONTRACTS.iter().find(|words| text.contains(*words));
            // Those up to this one came before the rule.
            let is_safe = migration.version <= 41 || found.is_none() || text.contains("LEAST_GENERATION");
            assert!(is_safe, "{} {} has {found:?}", migration.version, migration.description);
        }
    }
}

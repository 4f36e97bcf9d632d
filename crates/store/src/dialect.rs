//! Every difference between SQLite and Postgres.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};

use crate::conn::Conn;
use crate::error::{StoreError, Unique};
use crate::patience::{PATIENCE, within};
use crate::sql::Sql;

static SQLITE_MIGRATIONS: Migrator = sqlx_macros::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx_macros::migrate!("../../migrations/postgres");

/// Takes the only write lock at once. A transaction that read first would fail as soon as it wrote.
pub(crate) const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";

/// Settings of each connection to Postgres. Without these, a client that disappears mid-write would hold its lock for
/// hours.
const POSTGRES_SESSION: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
     SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

const SQLITE_READERS: u32 = 4;
/// One active writer plus one waiting; separate from the read pool.
const POSTGRES_WRITERS: u32 = 2;
const POSTGRES_READERS: u32 = 14;

/// The file that a URL names.
pub(crate) fn sqlite_file(url: &str) -> Option<PathBuf> {
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}

/// Opens the file with one connection for writing and a few for reading.
pub(crate) async fn open_sqlite(url: &str) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(StoreError::Url("a database in memory is lost when the program ends; name a file".into()));
    }
    // A statement runs in microseconds. Testing the connection first would double that.
    let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false).idle_timeout(None);
    let alone = alone_in(options.get_filename().parent()).await;
    make_private(options.get_filename());
    // After some errors SQLite has rolled back by itself, for example when the disk is full. The driver then still counts
    // a transaction and could never begin another, so the connection is replaced.
    let writer = pool().max_connections(1).max_lifetime(None).after_release(|conn, _| {
        Box::pin(async move {
            // A rollback may still be on its way.
            conn.ping().await?;
            Ok(!conn.is_in_transaction())
        })
    });
    let writer = writer.connect_with(options.clone()).await;
    let writer = writer.map_err(|error| not_opened(options.get_filename(), error))?;
    SQLITE_MIGRATIONS.run(&writer).await?;
    drop(alone);
    let reader = pool().max_connections(SQLITE_READERS).connect_with(options.pragma("query_only", "on")).await?;
    Ok((writer, reader))
}

/// Creates the file, readable by its owner only. SQLite gives its other files the same mode. If this fails, SQLite
/// reports it on opening.
fn make_private(file: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

/// Adds the file's name, which SQLite's "unable to open" leaves out.
fn not_opened(file: &Path, error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) if is_no_file(&error.code().unwrap_or_default()) => StoreError::Url(format!(
            "{} cannot be opened; its folder must exist, and both must be writable",
            file.display()
        )),
        error => error.into(),
    }
}

/// SQLite's `CANTOPEN`, with any details.
fn is_no_file(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| code & 0xff == 14)
}

/// Waits until nobody else is opening a database in this folder. Two processes that switch a new file to WAL, or
/// migrate it, would fail at once: SQLite waits only for writers.
async fn alone_in(folder: Option<&Path>) -> Option<File> {
    let folder = folder.filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = File::open(folder).ok()?;
    let locked = tokio::task::spawn_blocking(move || folder.lock().map(|()| folder));
    locked.await.ok()?.ok()
}

/// Updates the schema, and prepares the pools.
pub(crate) async fn open_postgres(url: &str) -> Result<(PgPool, PgPool), StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("keystead").disable_statement_logging();
    // Not from a pool, which would keep trying until its timeout.
    let mut conn = within::<_, StoreError>(PATIENCE, async { Ok(options.connect().await?) }).await?;
    POSTGRES_MIGRATIONS.run(&mut conn).await?;
    conn.close().await?;
    let pool = |connections| {
        PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).after_connect(|conn, _| {
            Box::pin(async move { sqlx::raw_sql(POSTGRES_SESSION).execute(conn).await.map(|_| ()) })
        })
    };
    // The driver would wait forever for a server that vanished, and block one of only two connections.
    let writer = pool(POSTGRES_WRITERS).after_release(|conn, _| {
        Box::pin(async move {
            let answer = tokio::time::timeout(PATIENCE, conn.ping()).await;
            answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
        })
    });
    let writer = writer.connect_lazy_with(options.clone());
    Ok((writer, pool(POSTGRES_READERS).connect_lazy_with(options)))
}

impl Conn<'_> {
    /// One writer at a time, as on SQLite. A use case that reads and then decides cannot be overtaken, and the audit
    /// chain, which ends in this row, needs the order anyway. This is not part of `BEGIN`: the driver would not roll
    /// back a transaction that is dropped while it waits there.
    pub(crate) async fn lock_for_writing(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.execute(Sql::new("SELECT 1 FROM audit_head FOR UPDATE")).await?;
        }
        Ok(())
    }
}

impl Conn<'_> {
    /// Whether each arm of a merged list needs its own `LIMIT`. Without it, Postgres sorts a whole arm. SQLite merges
    /// the arms row by row, and with it would sort all their rows.
    pub(crate) fn limits_arms(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl Conn<'_> {
    /// A table with one column `value`, from rows passed as one JSON argument, each row a tuple. SQLite's driver takes
    /// longer to bind thousands of arguments than the statement takes to run. One prepared statement also serves any
    /// number of rows.
    pub(crate) fn push_rows<T: Serialize>(
        &self,
        sql: &mut Sql,
        rows: impl Iterator<Item = T>,
    ) -> Result<(), StoreError> {
        let rows: Vec<T> = rows.collect();
        let json = serde_json::to_string(&rows).map_err(|error| StoreError::Failed(error.to_string()))?;
        match self {
            Self::Sqlite(_) => sql.push("json_each(").bind(json).push(")"),
            Self::Postgres(_) => sql.push("json_array_elements(CAST(").bind(json).push(" AS json))"),
        };
        Ok(())
    }
}

/// The channel on which a new version is announced.
const CHANNEL: &str = "keystead_version";

impl Conn<'_> {
    /// Announces a version to other processes, if the database can. The announcement goes out with the commit, or not
    /// at all.
    pub(crate) async fn announce(&mut self, version: i64) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let sql = Sql::new("SELECT pg_notify($1, $2)").arg(CHANNEL).arg(version.to_string());
            self.execute(sql).await?;
        }
        Ok(())
    }
}

/// Listens for announcements on its own connection.
pub(crate) async fn listen(pool: &PgPool) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Unique columns as SQLite names them, as Postgres names their constraint, and as use cases do.
const UNIQUE: [(&str, &str, Unique); 3] = [
    ("person.email", "person_email_key", Unique::PersonEmail),
    ("api_key.id", "api_key_pkey", Unique::KeyId),
    ("api_key.form_id", "api_key_form_id_key", Unique::FormId),
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => classify(&*error),
            E::Io(_)
            | E::Tls(_)
            | E::Protocol(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::WorkerCrashed
            | E::BeginFailed => Self::Unavailable(error.to_string()),
            E::Configuration(error) => Self::Url(error.to_string()),
            E::Migrate(error) => Self::Migration(error.to_string()),
            E::RowNotFound | E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error.to_string())
    }
}

/// What an error during a commit means: whether the commit happened may be unknown.
pub(crate) fn of_commit(error: sqlx::Error) -> StoreError {
    use sqlx::Error as E;
    let unknown = match &error {
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolClosed | E::WorkerCrashed => true,
        E::Database(error) => leaves_open(error.code().as_deref().unwrap_or_default()),
        _ => false,
    };
    if unknown { StoreError::Uncertain(error.to_string()) } else { error.into() }
}

/// Codes after which a commit may have happened: Postgres's classes for lost connections and shutdown, SQLite's
/// input or output errors.
fn leaves_open(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "57P"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xff == 10)
}

/// What an error of the database means.
fn classify(error: &dyn DatabaseError) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation => StoreError::Conflict(unique(error)),
        ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            StoreError::Refused(error.message().to_owned())
        }
        _ if is_passing(error.code().as_deref().unwrap_or_default()) => {
            StoreError::Unavailable(error.message().to_owned())
        }
        _ => StoreError::Failed(error.message().to_owned()),
    }
}

fn unique(error: &dyn DatabaseError) -> Unique {
    // SQLite: "UNIQUE constraint failed: person.email".
    let columns = error.message().rsplit(": ").next().unwrap_or_default();
    let constraint = error.constraint().unwrap_or_default();
    UNIQUE
        .iter()
        .find(|(sqlite, postgres, _)| *sqlite == columns || *postgres == constraint)
        .map_or(Unique::Other, |(_, _, unique)| *unique)
}

/// Errors that may pass: SQLite's busy and locked; Postgres's classes for lost connections, exhausted resources and
/// shutdown, and its codes for a lock timeout.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57P", "25P03", "40001", "40P01", "55P03"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names =
            |migrator: &Migrator| migrator.iter().map(|m| (m.version, m.description.to_string())).collect::<Vec<_>>();
        assert!(!names(&SQLITE_MIGRATIONS).is_empty());
        assert_eq!(names(&SQLITE_MIGRATIONS), names(&POSTGRES_MIGRATIONS));
    }

    #[test]
    fn a_commit_is_uncertain_only_where_it_may_have_happened() {
        for code in ["10", "1034", "08006", "57P01"] {
            assert!(leaves_open(code), "{code}");
        }
        for code in ["13", "5", "23505", "40001", ""] {
            assert!(!leaves_open(code), "{code}");
        }
        assert!(matches!(of_commit(sqlx::Error::WorkerCrashed), StoreError::Uncertain(_)));
    }

    #[test]
    fn passing_errors_are_told_from_lasting_ones() {
        for code in ["5", "517", "6", "08006", "53300", "57P01", "25P03", "40P01"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["", "1", "13", "2067", "23505", "42P01", "22P02"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}

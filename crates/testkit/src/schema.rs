//! The schema, which most tests need and few are about: made once for a process, and copied.

use std::path::Path;
use std::sync::OnceLock;
use std::{fs, thread};

use sqlx::migrate::{Migrate, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

/// The folders of the migrations.
pub const POSTGRES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
const SQLITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");

/// Runs the migrations of a folder. On a thread of its own, as it waits, and the caller's may run tasks.
pub fn migrate<C>(folder: &str, connect: impl AsyncFnOnce() -> sqlx::Result<C> + Send)
where
    C: Connection + Migrate,
{
    let run = async move || {
        let migrator = Migrator::new(Path::new(folder)).await.expect("the migrations");
        let mut conn = connect().await.expect("a connection");
        migrator.run_direct(None, &mut conn, false).await.expect("the schema");
        conn.close().await.expect("a closed connection");
    };
    thread::scope(|scope| {
        let migrated = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run());
        });
        migrated.join().expect("the schema");
    });
}

/// Makes a SQLite file with the schema.
pub fn copy_to(url: &str) {
    static PATTERN: OnceLock<(TempDir, std::path::PathBuf)> = OnceLock::new();
    let (_, pattern) = PATTERN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("keystead.db");
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal);
        migrate(SQLITE, async || SqliteConnection::connect_with(&options).await);
        (folder, file)
    });
    let file = url.strip_prefix("sqlite://").expect("a SQLite URL");
    fs::copy(pattern, file).expect("a copy of the schema");
}

//! Opening a SQLite file.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use tokio::time::{Instant, sleep};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::patience::PATIENCE;
use crate::schema::{self, Schema};
use crate::sql::Sql;

/// Connections for pages, and for the calls of the verifier.
const PAGES: u32 = 4;
const CALLS: u32 = 2;

/// How many rows a reader may be ahead of whoever takes them. Beyond that it waits for each row, which takes longer than to
/// read it; no page reads as many.
const AHEAD: usize = 1_000;

/// How large the journal may stay once it has been written back. One slow reader makes it grow without end.
const JOURNAL_MAX: &str = "67108864";

/// After how many pages the journal is written back. What is written again and again until then is written back once.
const WRITTEN_BACK: &str = "4000";

/// The pools of one file.
#[derive(Clone)]
pub(crate) struct SqlitePools {
    pub writer: SqlitePool,
    pub calls: SqlitePool,
    pub pages: SqlitePool,
    pub file: Opened,
}

/// Which file was opened. Its path may lead to another one later.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Opened {
    fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path) }
    }

    /// Refuses if the path no longer leads to the file that was opened. What is written to that one would be lost.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if identity(&self.path) == self.identity {
            return Ok(());
        }
        Err(StoreError::Elsewhere("its file was replaced or removed; restart Keystead".to_owned()))
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)?.busy_timeout(PATIENCE).disable_statement_logging())
}

/// The file that a URL names.
pub(crate) fn file(url: &str) -> Option<PathBuf> {
    options(url).ok().map(|options| options.get_filename().to_owned())
}

/// A single connection to a file that exists, outside the pools.
pub(crate) async fn connect(url: &str) -> Result<SqliteConnection, StoreError> {
    let options = options(url)?;
    options.connect().await.map_err(|error| not_opened(options.get_filename(), error))
}

/// Whether a process has the file open. It holds a lock on the index of the journal then.
pub(crate) fn is_open(path: &Path) -> bool {
    with_suffix(path, "-shm").metadata().is_ok_and(|index| holder("POSIX", &index).is_some())
}

/// Opens the file with one connection for writing and a few for reading.
pub(crate) async fn open(url: &str, schema: Schema) -> Result<SqlitePools, StoreError> {
    let options = options(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .row_buffer_size(AHEAD)
        .pragma("journal_size_limit", JOURNAL_MAX)
        .pragma("wal_autocheckpoint", WRITTEN_BACK);
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(StoreError::Url("a database in memory is lost when the program ends; name a file".into()));
    }
    let path = options.get_filename().to_owned();
    let alone = alone_in(path.parent()).await?;
    make_private(&path);
    check_after_unclean_stop(url, &path).await?;
    // A statement runs in microseconds. Testing the connection first would double that.
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // After some errors SQLite has rolled back by itself, for example when the disk is full. The driver then still counts
    // a transaction and could never begin another, so the connection is replaced.
    let writer = pool().max_connections(1).after_release(|conn, _| {
        Box::pin(async move {
            // A rollback may still be on its way.
            conn.ping().await?;
            Ok(!conn.is_in_transaction())
        })
    });
    let writer = writer.connect_with(options.clone()).await.map_err(|error| not_opened(&path, error))?;
    let mut conn = writer.acquire().await?;
    schema::prepare::<SqliteConnection>(&mut conn, &schema::SQLITE, schema, |conn| Conn::Sqlite(conn)).await?;
    drop((conn, alone));
    let read_only = options.pragma("query_only", "on");
    let calls = pool().max_connections(CALLS).connect_with(read_only.clone()).await?;
    // Its connections begin with the first page, on a thread of the console.
    let pages = pool().max_connections(PAGES).connect_lazy_with(read_only);
    Ok(SqlitePools { writer, calls, pages, file: Opened::at(&path) })
}

/// Creates the file, readable by its owner only. SQLite gives its other files the same mode. If this fails, SQLite
/// reports it on opening.
fn make_private(file: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

/// Checks a file that was not closed cleanly, before anything is written. A journal beside it that belongs to another
/// file, as after half a restore, would spoil it for good.
async fn check_after_unclean_stop(url: &str, path: &Path) -> Result<(), StoreError> {
    let journal = with_suffix(path, "-wal").metadata().map_or(0, |metadata| metadata.len());
    if journal == 0 || is_open(path) {
        return Ok(());
    }
    let mut conn = options(url)?.read_only(true).connect().await.map_err(|error| not_opened(path, error))?;
    let found = Conn::Sqlite(&mut conn).fault_after_stop().await;
    conn.close().await?;
    match found {
        Ok(None) => Ok(()),
        Ok(Some(fault)) => Err(damaged(path, &fault)),
        Err(error) => Err(damaged(path, &error.to_string())),
    }
}

fn damaged(path: &Path, fault: &str) -> StoreError {
    StoreError::Unfit(format!(
        "{} is damaged, or {}-wal beside it belongs to another file; restore a backup with keystead restore ({fault})",
        path.display(),
        path.display()
    ))
}

/// A file beside another one.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Conn<'_> {
    /// The first fault that can be found soon.
    async fn fault_after_stop(&mut self) -> Result<Option<String>, StoreError> {
        let fault = self.fault_of_file("PRAGMA quick_check(1)").await?;
        if fault.is_some() || !self.has_table("audit_head").await? {
            return Ok(fault);
        }
        self.fault_of_file(
            "SELECT 'the audit ends elsewhere' FROM audit_head \
             WHERE seq <> (SELECT COALESCE(MAX(seq), 0) FROM audit_event)",
        )
        .await
    }

    /// The first fault that a check finds in the file.
    pub(crate) async fn fault_of_file(&mut self, check: &'static str) -> Result<Option<String>, StoreError> {
        let rows = self.fetch_all::<(String,)>(Sql::new(check)).await?;
        Ok(rows.into_iter().map(|(found,)| found).find(|found| found != "ok"))
    }
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
async fn alone_in(folder: Option<&Path>) -> Result<Option<File>, StoreError> {
    let path = folder.filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let Ok(folder) = File::open(path) else { return Ok(None) };
    let begun = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            // This file system has no such locks.
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(50)).await,
            Err(TryLockError::WouldBlock) => {
                let holder = folder.metadata().ok().and_then(|folder| holder("FLOCK", &folder));
                let holder = holder.map_or("another process".to_owned(), |pid| format!("process {pid}"));
                let path = path.display();
                return Err(StoreError::Unavailable(format!("{holder} holds a lock on {path}")));
            }
        }
    }
}

/// The first process that holds a lock of this kind on a file, as Linux lists it:
/// `1: FLOCK ADVISORY WRITE 4242 fd:01:131 0 EOF`. Asking through a file of our own would release SQLite's locks.
fn holder(kind: &str, file: &Metadata) -> Option<u32> {
    let inode = format!(":{}", file.ino());
    let locks = BufReader::new(File::open("/proc/locks").ok()?).lines().map_while(Result::ok);
    locks.filter(|lock| lock.contains(kind)).find_map(|lock| {
        let mut words = lock.split_ascii_whitespace().skip(4);
        let pid = words.next()?.parse().ok()?;
        words.next()?.ends_with(&inode).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use testkit::TestDatabase;

    use super::*;
    use crate::store::Store;

    /// Bytes in a row, and more rows than the journal may have room for.
    const ROW: u64 = 1_000_000;
    const ROWS: i64 = 80;

    /// Without these, it is right but slow, and nothing else would say so.
    #[tokio::test]
    async fn sqlite_is_built_as_wanted() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        for (option, expected) in [("ENABLE_QPSG", 1_i64), ("DEFAULT_MEMSTATUS=0", 1), ("NO_SUCH_OPTION", 0)] {
            let mut asked = Sql::new("SELECT sqlite_compileoption_used(");
            asked.bind(option).push(")");
            let (used,): (i64,) = store.reader().await.unwrap().conn().fetch_one(asked).await.unwrap();
            assert_eq!(used, expected, "{option}");
        }
        store.close().await;
    }

    /// What undoes such a statement goes to a file in between.
    #[tokio::test]
    async fn a_statement_changes_more_than_memory_holds() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let changed = store.write(async |tx| {
            tx.conn().execute(Sql::new("CREATE TABLE filler (n INTEGER UNIQUE, bytes BLOB)")).await?;
            let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000) \
                        INSERT INTO filler SELECT n, zeroblob(2000) FROM n";
            tx.conn().execute(Sql::new(fill)).await?;
            tx.conn().execute(Sql::new("UPDATE filler SET n = n + 1000000")).await
        });
        assert_eq!(changed.await.unwrap(), 12_000);
        store.close().await;
    }

    #[tokio::test]
    async fn the_journal_is_cut_once_it_has_been_written_back() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let journal = with_suffix(&file(database.url()).unwrap(), "-wal");
        let most: u64 = JOURNAL_MAX.parse().unwrap();
        assert!(u64::try_from(ROWS).unwrap() * ROW > most);
        let written = store.write(async |tx| {
            tx.conn().execute(Sql::new("CREATE TABLE filler (bytes BLOB)")).await?;
            let mut fill = Sql::new("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ");
            fill.bind(ROWS).push(") INSERT INTO filler SELECT zeroblob(1000000) FROM n");
            tx.conn().execute(fill).await
        });
        written.await.unwrap();
        assert!(journal.metadata().unwrap().len() > most, "one transaction is in the journal as a whole");
        let begun = Instant::now();
        // Each commit writes back what nobody reads any longer, and the next one begins the journal anew.
        while journal.metadata().unwrap().len() > most {
            assert!(begun.elapsed() < Duration::from_secs(30), "the journal stays at its size");
            store
                .write(async |tx| tx.conn().execute(Sql::new("INSERT INTO filler VALUES (x'00')")).await)
                .await
                .unwrap();
        }
        store.close().await;
    }
}

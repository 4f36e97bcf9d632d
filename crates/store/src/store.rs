//! The connection pools, and the only way to change anything.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgListener;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::time::timeout;

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::patience::{LONGEST_WRITE, late};
use crate::sql::Sql;

/// Gives each listed read to `Store`, on a connection of its own, and to `Tx`, inside the transaction.
/// The body is a private function of the same name in the same file, which takes the connection first.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty;)+) => {
        impl $crate::store::Store {
            $(
                $(#[$doc])*
                pub async fn $name(&self, $($arg: $ty),*) -> Result<$ret, $crate::error::StoreError> {
                    // On the heap, or it would enlarge every caller's future.
                    let read = Box::pin(async {
                        let mut held = self.reader().await?;
                        $name(&mut held.conn(), $($arg),*).await
                    });
                    $crate::patience::within($crate::patience::PATIENCE, read).await
                }
            )+
        }

        impl $crate::store::Tx {
            $(
                $(#[$doc])*
                pub async fn $name(&mut self, $($arg: $ty),*) -> Result<$ret, $crate::error::StoreError> {
                    $name(&mut self.conn(), $($arg),*).await
                }
            )+
        }
    };
}

/// The database. Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    writes: Arc<Writes>,
}

/// What has come of write transactions.
#[derive(Default)]
struct Writes {
    committed: AtomicU64,
    broken: AtomicU64,
}

#[derive(Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, reader: SqlitePool },
    Postgres { writer: PgPool, reader: PgPool },
}

impl Store {
    /// Opens the database of the URL (`sqlite:///path/file.db` or `postgres://…`) and updates its schema. Creates a
    /// missing SQLite file, but not its folder.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let (writer, reader) = dialect::open_sqlite(url).await?;
                Pools::Sqlite { writer, reader }
            }
            Some("postgres" | "postgresql") => {
                let (writer, reader) = dialect::open_postgres(url).await?;
                Pools::Postgres { writer, reader }
            }
            _ => return Err(StoreError::Url("it must begin with sqlite: or postgres:".into())),
        };
        Ok(Self { pools, writes: Arc::default() })
    }

    /// The file of a SQLite database; `None` for another engine.
    pub fn file(url: &str) -> Option<PathBuf> {
        url.starts_with("sqlite:").then(|| dialect::sqlite_file(url)).flatten()
    }

    /// The name of the database engine, for people.
    pub fn engine(&self) -> &'static str {
        match &self.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres { .. } => "Postgres",
        }
    }

    /// Whether the database answers a question.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut held = self.reader().await?;
        held.conn().fetch_one::<(i64,)>(Sql::new("SELECT version FROM verifier_version")).await?;
        Ok(())
    }

    /// Write transactions that this `Store` and its clones have committed.
    pub fn write_count(&self) -> u64 {
        self.writes.committed.load(Ordering::Relaxed)
    }

    /// Write transactions that the database could not begin, commit or roll back.
    pub fn broken_write_count(&self) -> u64 {
        self.writes.broken.load(Ordering::Relaxed)
    }

    /// Announcements of changes by other processes; `None` if the database has none. In that case, and while the
    /// listener has no connection, only [`Store::version`] shows a change.
    pub async fn changes(&self) -> Result<Option<Changes>, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { reader, .. } => Some(Changes(dialect::listen(reader).await?)),
        })
    }

    /// Waits for running statements, then closes every connection. Later calls return `Unavailable`.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
        }
    }

    /// Runs `work` in one transaction. Commits on `Ok`, and rolls back on `Err` or if it is dropped. Only one writer
    /// works at a time, on both engines, so whatever `work` reads stays true until the commit. Fails with `Unavailable`
    /// if its turn does not come within 10 seconds, or if the whole takes more than a minute; with `Uncertain` if the
    /// commit itself breaks.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let committing = AtomicBool::new(false);
        let broke = |error: StoreError| {
            self.writes.broken.fetch_add(1, Ordering::Relaxed);
            error
        };
        let written = async {
            let mut tx = self.begin().await.map_err(broke)?;
            match work(&mut tx).await {
                Ok(value) => {
                    committing.store(true, Ordering::Relaxed);
                    tx.commit().await.map_err(broke)?;
                    self.writes.committed.fetch_add(1, Ordering::Relaxed);
                    Ok(value)
                }
                Err(error) => {
                    // If this fails as well, the connection is broken, and the database rolls back by itself.
                    let _ = tx.rollback().await.map_err(broke);
                    Err(error)
                }
            }
        };
        let Ok(answer) = timeout(LONGEST_WRITE, written).await else {
            let late = late(LONGEST_WRITE);
            let committing = committing.load(Ordering::Relaxed);
            return Err(if committing { StoreError::Uncertain(late) } else { StoreError::Unavailable(late) }.into());
        };
        answer
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with(dialect::BEGIN_SQLITE).await?),
            Pools::Postgres { writer, .. } => Inner::Postgres(writer.begin().await?),
        };
        let mut tx = Tx { inner };
        tx.conn().lock_for_writing().await?;
        Ok(tx)
    }

    pub(crate) async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => Reader::Sqlite(reader.acquire().await?),
            Pools::Postgres { reader, .. } => Reader::Postgres(reader.acquire().await?),
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.pools {
            Pools::Sqlite { .. } => "Store::Sqlite",
            Pools::Postgres { .. } => "Store::Postgres",
        })
    }
}

/// A stream of announced changes, on its own connection.
#[derive(Debug)]
pub struct Changes(PgListener);

impl Changes {
    /// Waits until something has changed, or may have changed, since a lost connection loses announcements.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await?;
        Ok(())
    }
}

/// A transaction that [`Store::write`] has begun.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Conn::Sqlite(tx),
            Inner::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(dialect::of_commit)
    }

    async fn rollback(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await?,
            Inner::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// A connection of the pool, for reading.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

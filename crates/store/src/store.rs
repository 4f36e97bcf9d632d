//! The connection pools, and the only way to change anything.

use std::any::type_name;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::timestamp::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Postgres, Sqlite, Transaction};
use tokio::time::{Instant, timeout};

use crate::changes::Changes;
use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::failpoint;
use crate::look::Look;
use crate::observer::{Observe, Observers, Pool, Written};
use crate::patience::{LONGEST_WRITE, PATIENCE, late, within};
use crate::postgres::{self, PostgresPools};
use crate::reach::Reach;
use crate::schema::Schema;
use crate::slow::Slow;
use crate::sqlite::{self, SqlitePools};

/// The database. Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    reads: Reads,
    writes: Arc<Writes>,
    reach: Arc<Reach>,
    look: Arc<Look>,
    observers: Arc<Observers>,
}

/// Whose connections are read on. Pages may wait for each other, calls wait for no page, and a job that writes does not open
/// a connection of calls, whose answers its thread would then hand on.
#[derive(Clone, Copy)]
enum Reads {
    Pages,
    Calls,
    Writes,
}

/// What has come of write transactions.
#[derive(Default)]
struct Writes {
    committed: AtomicU64,
    broken: AtomicU64,
}

#[derive(Clone)]
enum Pools {
    Sqlite(SqlitePools),
    Postgres(PostgresPools),
}

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// `sqlite:///path/file.db` or `postgres://…`.
    pub url: &'a str,
    /// How many connections to Postgres there may be at most; `None` means ten. One or two are shared by everything.
    pub connections: Option<u32>,
    /// Whether an older schema is updated.
    pub schema: Schema,
}

impl Store {
    /// Opens the database of the URL, and updates its schema. Creates a missing SQLite file, but not its folder.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_as(Opening { url, connections: None, schema: Schema::Update }).await
    }

    /// Opens a database. `Unavailable` if it cannot be reached, or is locked, for ten seconds.
    pub async fn open_as(opening: Opening<'_>) -> Result<Self, StoreError> {
        let Opening { url, connections, schema } = opening;
        let reach = Arc::new(Reach::default());
        let (pools, look) = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let pools = sqlite::open(url, schema).await?;
                let look = Look::Sqlite { calls: pools.calls.clone(), file: pools.file.clone() };
                (Pools::Sqlite(pools), look)
            }
            Some("postgres" | "postgresql") => {
                let connections = connections.unwrap_or(postgres::CONNECTIONS);
                let (pools, look) = postgres::open(url, connections, schema, &reach).await?;
                (Pools::Postgres(pools), look)
            }
            _ => return Err(StoreError::Url("it must begin with sqlite: or postgres:".into())),
        };
        let (writes, look, observers) = (Arc::default(), Arc::new(look), Arc::default());
        Ok(Self { pools, reads: Reads::Pages, writes, reach, look, observers })
    }

    /// The same database, with the connections that are kept for calls.
    #[must_use]
    pub fn for_calls(&self) -> Self {
        Self { reads: Reads::Calls, ..self.clone() }
    }

    /// The same database, with the connections that are kept for writes. For jobs that write what comes of what they read.
    #[must_use]
    pub fn for_writes(&self) -> Self {
        Self { reads: Reads::Writes, ..self.clone() }
    }

    /// Says who else is told what becomes of waits, reads and writes from now on.
    pub fn observed_by(&self, observe: Arc<dyn Observe>) {
        self.observers.add(observe);
    }

    /// The file of a SQLite database; `None` for another engine.
    pub fn file(url: &str) -> Option<PathBuf> {
        url.starts_with("sqlite:").then(|| sqlite::file(url)).flatten()
    }

    /// What somebody should know about the way to this database; `None` if there is nothing to say.
    pub fn warning(url: &str) -> Option<String> {
        url.starts_with("postgres").then(|| postgres::warning(url)).flatten()
    }

    /// From now on, only a database with this mark is used, for as long as this `Store` and its clones live.
    pub fn belongs_to(&self, installation: &str) {
        self.reach.belongs_to(installation.to_owned());
    }

    /// Looks whether the database is there and is the one to use, and what its version is. While it is not, or while a
    /// newer release has taken it over, every read and write fails at once; the next look that succeeds ends this. Waits
    /// two seconds at most.
    pub async fn look(&self) -> Result<Seen, StoreError> {
        if self.is_closed() {
            return Err(StoreError::Unavailable("it is closed".to_owned()));
        }
        let looked = self.look.look(&self.reach).await;
        self.reach.looked(looked.as_ref().err());
        self.observed(looked)
    }

    /// The name of the database engine, for people.
    pub fn engine(&self) -> &'static str {
        match &self.pools {
            Pools::Sqlite(_) => "SQLite",
            Pools::Postgres(_) => "Postgres",
        }
    }

    /// Whether several servers can share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
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
            Pools::Postgres(PostgresPools { listener: Some(pool), .. }) => Some(Changes(dialect::listen(pool).await?)),
            Pools::Sqlite(_) | Pools::Postgres(_) => None,
        })
    }

    /// Tells all processes that read [`Store::changes`], this one too, something of which nothing is kept: at most 7,999
    /// bytes. Nobody hears it where the database has no announcements.
    pub async fn tell_others(&self, text: &str) -> Result<(), StoreError> {
        let told = self.reach.unless_away(async { self.live_reader().await?.conn().tell(text).await });
        within(PATIENCE, Box::pin(told)).await
    }

    /// Waits for running statements, then closes every connection. Later calls return `Unavailable`.
    pub async fn close(&self) {
        self.look.close().await;
        match &self.pools {
            Pools::Sqlite(pools) => {
                for pool in [&pools.pages, &pools.calls, &pools.writer] {
                    pool.close().await;
                }
            }
            Pools::Postgres(pools) => {
                for pool in [&pools.pages, &pools.writer].into_iter().chain(pools.calls.all()).chain(&pools.listener) {
                    pool.close().await;
                }
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
            self.observers.failed(&error);
            self.observers.wrote(Written::Broken);
            error
        };
        let written = async {
            let mut tx = self.begin().await.map_err(broke)?;
            failpoint::reached("begin");
            match work(&mut tx).await {
                Ok(value) => {
                    committing.store(true, Ordering::Relaxed);
                    let announces = tx.announces;
                    failpoint::reached_if(announces, "commit-before");
                    tx.commit().await.map_err(broke)?;
                    failpoint::reached_if(announces, "commit-after");
                    self.writes.committed.fetch_add(1, Ordering::Relaxed);
                    self.observers.wrote(Written::Committed);
                    Ok(value)
                }
                Err(error) => {
                    // If this fails as well, the connection is broken, and the database rolls back by itself.
                    if tx.rollback().await.map_err(broke).is_ok() {
                        self.observers.wrote(Written::RolledBack);
                    }
                    Err(error)
                }
            }
        };
        let since = Instant::now();
        let written = timeout(LONGEST_WRITE, written).await;
        self.took(since, type_name::<F>(), true);
        let Ok(answer) = written else {
            let late = late(LONGEST_WRITE);
            let committing = committing.load(Ordering::Relaxed);
            return Err(if committing { StoreError::Uncertain(late) } else { StoreError::Unavailable(late) }.into());
        };
        answer
    }

    fn is_closed(&self) -> bool {
        match &self.pools {
            Pools::Sqlite(pools) => pools.calls.is_closed(),
            Pools::Postgres(pools) => pools.pages.is_closed(),
        }
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let begin = async {
            match self.begin_once().await {
                Err(StoreError::Cut(_)) => {
                    self.reach.distrust();
                    self.begin_once().await
                }
                begun => begun,
            }
        };
        // Nothing is written yet, so this may be cut short. What has begun ends by itself.
        let (_waiting, since) = (self.observers.writer(), Instant::now());
        let tx = self.reach.unless_away(begin).await;
        self.observers.waited(Pool::Writer, since.elapsed());
        tx
    }

    async fn begin_once(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite(pools) => Inner::Sqlite(pools.writer.begin_with(dialect::BEGIN_SQLITE).await?),
            Pools::Postgres(pools) => Inner::Postgres(pools.writer.begin().await?),
        };
        let mut tx = Tx { inner, announces: false };
        tx.conn().lock_for_writing().await?;
        Ok(tx)
    }

    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Tells the observers of an error.
    pub(crate) fn observed<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        answer.inspect_err(|error| self.observers.failed(error))
    }

    /// Tells the observers of what began at `since` and ends now, if it took long. `path` is the name of its function,
    /// or of a closure in it.
    pub(crate) fn took(&self, since: Instant, path: &'static str, writes: bool) {
        if let Some(slow) = Slow::of(path, writes, self.engine(), since.elapsed()) {
            self.observers.slow(slow);
        }
    }

    pub(crate) async fn reader(&self) -> Result<Reader, StoreError> {
        let since = Instant::now();
        let reader = self.free_reader().await;
        let pool = match self.reads {
            Reads::Pages => Pool::Pages,
            Reads::Calls => Pool::Calls,
            Reads::Writes => Pool::Writer,
        };
        self.observers.waited(pool, since.elapsed());
        reader
    }

    /// One that the server still knows, for whoever does not ask again on another one.
    pub(crate) async fn live_reader(&self) -> Result<Reader, StoreError> {
        let mut reader = self.reader().await?;
        if let Reader::Postgres(conn) = &mut reader
            && conn.ping().await.is_err()
        {
            self.reach.distrust();
            reader = self.reader().await?;
        }
        Ok(reader)
    }

    async fn free_reader(&self) -> Result<Reader, StoreError> {
        Ok(match (&self.pools, self.reads) {
            (Pools::Sqlite(pools), Reads::Pages) => Reader::Sqlite(pools.pages.acquire().await?),
            // The only connection that writes is no place to read.
            (Pools::Sqlite(pools), Reads::Calls | Reads::Writes) => Reader::Sqlite(pools.calls.acquire().await?),
            (Pools::Postgres(pools), Reads::Pages) => Reader::Postgres(pools.pages.acquire().await?),
            (Pools::Postgres(pools), Reads::Calls) => Reader::Postgres(pools.calls.own().acquire().await?),
            (Pools::Postgres(pools), Reads::Writes) => Reader::Postgres(pools.writer.acquire().await?),
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.pools {
            Pools::Sqlite(_) => "Store::Sqlite",
            Pools::Postgres(_) => "Store::Postgres",
        })
    }
}

/// What a look at the database found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The number of changes so far that a verifier may have cached.
    pub version: i64,
    /// How many data keys there are.
    pub data_keys: i64,
    /// The time of the database's own clock; `None` if that is this machine's.
    pub now: Option<Timestamp>,
}

/// A transaction that [`Store::write`] has begun.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
    /// Whether other processes are told of a change in it.
    pub(crate) announces: bool,
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

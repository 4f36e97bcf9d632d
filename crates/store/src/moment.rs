//! Moments of a database: what tells whether anybody has written between two of them. It costs less than to read anything.

use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Mutex;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::patience::{PATIENCE, within};
use crate::sql::Sql;
use crate::store::{Pools, Store};

/// A moment of a database. Between two that are equal, nothing was committed: what was read after the first is still so
/// at the second. Two that differ say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(Arc<str>);

impl Store {
    /// This moment.
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        let moment = async {
            // It would open the file again.
            if self.is_closed() {
                return Err(StoreError::Unavailable("it is closed".to_owned()));
            }
            if let Pools::Sqlite(pools) = &self.pools {
                return pools.witness.moment().await;
            }
            let cut = snapshot(&mut self.reader().await?.conn()).await;
            if !matches!(cut, Err(StoreError::Cut(_))) {
                return cut;
            }
            // Once, on a connection that is newer than whatever cut this one.
            self.reach().distrust();
            snapshot(&mut self.reader().await?.conn()).await
        };
        // On the heap, or it would enlarge every caller's future.
        self.observed(within(PATIENCE, Box::pin(self.reach().unless_away(moment))).await)
    }
}

/// What is committed, as Postgres numbers it: two snapshots that are equal see the same. A standby that takes over goes on
/// with the numbers, but has started at another time.
async fn snapshot(conn: &mut Conn<'_>) -> Result<Moment, StoreError> {
    let sql = "SELECT CAST(pg_current_snapshot() AS TEXT) || ' ' || CAST(pg_postmaster_start_time() AS TEXT)";
    let (snapshot,) = conn.fetch_one::<(String,)>(Sql::new(sql)).await?;
    Ok(Moment(snapshot.into()))
}

/// A connection to SQLite on which nobody writes. It counts the commits of all others, those of other processes too.
pub(crate) struct Witness {
    options: SqliteConnectOptions,
    conn: Mutex<Numbered>,
}

/// A connection, and the number of those before it: each counts by itself.
#[derive(Default)]
struct Numbered {
    number: u64,
    conn: Option<SqliteConnection>,
}

impl Witness {
    pub(crate) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, conn: Mutex::default() }
    }

    async fn moment(&self) -> Result<Moment, StoreError> {
        let mut place = self.conn.lock().await;
        // Taken out, so that a question that is cut short leaves no broken connection behind.
        let mut conn = if let Some(conn) = place.conn.take() {
            conn
        } else {
            place.number += 1;
            self.options.connect().await?
        };
        let (version,) = Conn::Sqlite(&mut conn).fetch_one::<(i64,)>(Sql::new("PRAGMA data_version")).await?;
        place.conn = Some(conn);
        Ok(Moment(format!("{} {version}", place.number).into()))
    }

    pub(crate) async fn close(&self) {
        if let Some(conn) = self.conn.lock().await.conn.take() {
            // It is gone in any case.
            let _ = conn.close().await;
        }
    }
}

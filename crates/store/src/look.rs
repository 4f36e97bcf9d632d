//! The look at the database: whether it is there, whether it is the one to use, and its version.

use std::time::Duration;

use domain::timestamp::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqlitePool};
use tokio::sync::Mutex;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::patience::within;
use crate::postgres;
use crate::reach::{Reach, Server};
use crate::sql::Sql;
use crate::sqlite::Opened;
use crate::store::Seen;

/// How long a look may take. Until it ends, calls may wait for a database that is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// How to look.
pub(crate) enum Look {
    Sqlite {
        calls: SqlitePool,
        file: Opened,
    },
    /// On a connection of its own, which waits for nobody.
    Postgres {
        options: Box<PgConnectOptions>,
        conn: Mutex<Option<PgConnection>>,
    },
    /// On the connection that everything shares.
    Shared(PgPool),
}

impl Look {
    pub(crate) async fn look(&self, reach: &Reach) -> Result<Seen, StoreError> {
        match self {
            Self::Sqlite { calls, file } => {
                file.check()?;
                let looked = async {
                    let mut conn = calls.acquire().await?;
                    let sql = "SELECT version, (SELECT value FROM setting WHERE name = 'installation'), \
                         (SELECT value FROM setting WHERE name = 'least_generation'), (SELECT count(*) FROM data_key) \
                         FROM verifier_version";
                    let (version, installation, least, data_keys) =
                        Conn::Sqlite(&mut conn).fetch_one(Sql::new(sql)).await?;
                    reach.check(&Server { installation, least, ..Server::default() })?;
                    Ok(Seen { version, data_keys, now: None })
                };
                within(PATIENCE, looked).await
            }
            Self::Postgres { options, conn } => {
                let mut place = conn.lock().await;
                // Taken out, so that a look that is cut short leaves no broken connection behind.
                let kept = place.take();
                let looked = async {
                    if let Some(mut conn) = kept {
                        match on_postgres(&mut conn, reach).await {
                            // That this connection was cut does not say that the database is away.
                            Err(StoreError::Cut(_)) => reach.distrust(),
                            seen => return Ok((conn, seen?)),
                        }
                    }
                    let mut conn = options.connect().await?;
                    let seen = on_postgres(&mut conn, reach).await?;
                    Ok::<_, StoreError>((conn, seen))
                };
                let (conn, seen) = within(PATIENCE, looked).await?;
                *place = Some(conn);
                Ok(seen)
            }
            Self::Shared(pool) => {
                let looked = async {
                    let cut = on_postgres(&mut *pool.acquire().await?, reach).await;
                    if !matches!(cut, Err(StoreError::Cut(_))) {
                        return cut;
                    }
                    reach.distrust();
                    on_postgres(&mut *pool.acquire().await?, reach).await
                };
                within(crate::patience::PATIENCE, looked).await
            }
        }
    }

    pub(crate) async fn close(&self) {
        if let Self::Postgres { conn, .. } = self
            && let Some(conn) = conn.lock().await.take()
        {
            // It is gone in any case.
            let _ = conn.close().await;
        }
    }
}

async fn on_postgres(conn: &mut PgConnection, reach: &Reach) -> Result<Seen, StoreError> {
    let asked = postgres::ask(conn).await?;
    reach.check(&asked.server)?;
    Ok(Seen { version: asked.version, data_keys: asked.data_keys, now: Some(Timestamp::from_millis(asked.now)) })
}

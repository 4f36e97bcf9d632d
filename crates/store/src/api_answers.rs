//! Answers to calls of programs that may be repeated: each is kept under a MAC of its caller and Idempotency-Key.

use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::{StoreError, Unique};
use crate::sql::Sql;
use crate::store::Tx;

/// A call that was carried out, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The MAC of the request.
    pub request: Vec<u8>,
    /// When it was carried out.
    pub made_at: Timestamp,
    /// The answer; `None` if it is not kept yet.
    pub kept: Option<KeptAnswer>,
}

/// An answer as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The headers that belong to it, a line each.
    pub headers: String,
    /// The body without its secret.
    pub body: String,
    /// The secret; `None` if there is none, or not any more.
    pub secret: Option<SealedPart>,
}

/// The secret part of an answer, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPart {
    /// What the secret belongs to; never empty.
    pub about: String,
    /// The sealed part.
    pub sealed: Vec<u8>,
    /// The version of the key that sealed it.
    pub seal_version: i64,
}

#[derive(FromRow)]
struct Stored {
    request: Vec<u8>,
    made_at: i64,
    status: i64,
    headers: String,
    body: String,
    about: String,
    sealed: Option<Vec<u8>>,
    seal_version: i64,
}

reads! {
    /// The call with this MAC, if it was carried out.
    api_answer(mac: &[u8]) -> Option<ApiAnswer>;
    /// Whether an answer of `until` or earlier still has its secret.
    has_kept_secrets(until: Timestamp) -> bool;
}

async fn api_answer(conn: &mut Conn<'_>, mac: &[u8]) -> Result<Option<ApiAnswer>, StoreError> {
    let sql = Sql::new(
        "SELECT request, made_at, status, headers, body, about, sealed, seal_version FROM api_answer WHERE mac = $1",
    );
    conn.fetch_optional::<Stored>(sql.arg(mac)).await?.map(ApiAnswer::try_from).transpose()
}

async fn has_kept_secrets(conn: &mut Conn<'_>, until: Timestamp) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT made_at FROM api_answer WHERE about <> '' AND made_at <= $1 LIMIT 1").arg(until);
    Ok(conn.fetch_optional::<(i64,)>(sql).await?.is_some())
}

impl TryFrom<Stored> for ApiAnswer {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let (about, seal_version) = (row.about, row.seal_version);
        let secret = row.sealed.filter(|_| !about.is_empty()).map(|sealed| SealedPart { about, sealed, seal_version });
        let status = u16::try_from(row.status).map_err(|_| StoreError::corrupt("the status of a kept answer"))?;
        let kept = (status != 0).then_some(KeptAnswer { status, headers: row.headers, body: row.body, secret });
        Ok(Self { request: row.request, made_at: Timestamp::from_millis(row.made_at), kept })
    }
}

impl Tx {
    /// Marks a call as carried out, in the transaction of its change. `Conflict` if one with the same MAC was carried out
    /// after `since`.
    pub async fn begin_api_answer(
        &mut self,
        mac: &[u8],
        request: &[u8],
        now: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO api_answer (mac, request, made_at) VALUES ($1, $2, $3) ON CONFLICT (mac) DO UPDATE SET \
             request = excluded.request, made_at = excluded.made_at, status = 0, headers = '', body = '', about = '', \
             sealed = NULL, seal_version = 0 WHERE api_answer.made_at <= $4",
        );
        let sql = sql.arg(mac).arg(request).arg(now).arg(since);
        if self.conn().execute(sql).await? == 1 { Ok(()) } else { Err(StoreError::Conflict(Unique::ApiAnswer)) }
    }

    /// Keeps the answer of a call that was carried out.
    pub async fn keep_api_answer(&mut self, mac: &[u8], answer: &KeptAnswer) -> Result<(), StoreError> {
        let secret = answer.secret.as_ref();
        let sql = match secret {
            Some(_) => Sql::new(
                "UPDATE api_answer SET status = $2, headers = $3, body = $4, about = $5, seal_version = $6, sealed = $7 \
                 WHERE mac = $1",
            ),
            None => Sql::new("UPDATE api_answer SET status = $2, headers = $3, body = $4 WHERE mac = $1"),
        };
        let sql = sql.arg(mac).arg(i64::from(answer.status)).arg(&*answer.headers).arg(&*answer.body);
        let sql = match secret {
            Some(secret) => sql.arg(&*secret.about).arg(secret.seal_version).arg(&*secret.sealed),
            None => sql,
        };
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Forgets the secret of one answer.
    pub async fn forget_kept_secret(&mut self, mac: &[u8]) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE api_answer SET about = '', sealed = NULL, seal_version = 0 WHERE mac = $1").arg(mac);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Forgets the secrets in answers of `until` or earlier, and returns how many.
    pub async fn forget_kept_secrets(&mut self, until: Timestamp) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "UPDATE api_answer SET about = '', sealed = NULL, seal_version = 0 WHERE about <> '' AND made_at <= $1",
        );
        self.conn().execute(sql.arg(until)).await
    }

    /// Forgets the answers of `until` or earlier, at most `limit`, and returns how many.
    pub async fn prune_api_answers(&mut self, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql =
            Sql::new("DELETE FROM api_answer WHERE mac IN (SELECT mac FROM api_answer WHERE made_at <= $1 LIMIT $2)");
        self.conn().execute(sql.arg(until).arg(i64::from(limit))).await
    }
}

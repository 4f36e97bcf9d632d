//! What traffic leaves behind: when a key was last used, and calls by hour and verdict.

use std::net::IpAddr;

use domain::ids::{AppId, KeyId};
use domain::timestamp::Timestamp;
use domain::verdict::Code;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// The newest use of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// The key.
    pub key_id: KeyId,
    /// When.
    pub at: Timestamp,
    /// Where from, if that is known.
    pub address: Option<IpAddr>,
}

/// Calls to add to one app, hour and verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourCount {
    /// The app of the keys.
    pub app_id: AppId,
    /// Milliseconds at the start of the hour.
    pub hour: i64,
    /// The verdict.
    pub code: Code,
    /// How many more.
    pub calls: u64,
}

/// Calls by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Those that passed.
    pub accepted: u64,
    /// All others.
    pub refused: u64,
}

reads! {
    /// An app's calls from the hour that begins at `hour` on.
    calls_since(app: &AppId, hour: i64) -> Calls;
}

async fn calls_since(conn: &mut Conn<'_>, app: &AppId, hour: i64) -> Result<Calls, StoreError> {
    let sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(CASE WHEN code = $3 THEN calls ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN code = $3 THEN 0 ELSE calls END), 0) AS BIGINT) \
         FROM usage_hour WHERE app_id = $1 AND hour >= $2",
    );
    let (accepted, refused): (i64, i64) =
        conn.fetch_one(sql.arg(app.as_str()).arg(hour).arg(Code::Valid.as_str())).await?;
    Ok(Calls { accepted: accepted.unsigned_abs(), refused: refused.unsigned_abs() })
}

impl Tx {
    /// Writes down a batch of traffic: newer uses replace older ones, counts are added. Keys that are gone are passed over.
    pub async fn flush_usage(&mut self, used: &[LastUsed], counts: &[HourCount]) -> Result<(), StoreError> {
        for piece in pieces(used) {
            let mut sql = Sql::new("WITH used (key_id, at, address) AS (VALUES ");
            for (n, use_) in piece.iter().enumerate() {
                let address = use_.address.map(|address| address.to_string());
                sql.row(n == 0, [Arg::from(use_.key_id.as_str()), Arg::from(use_.at), Arg::from(address)]);
            }
            sql.push(
                ") UPDATE api_key SET last_used_at = used.at, last_used_address = used.address FROM used \
                 WHERE api_key.id = used.key_id AND api_key.last_used_at < used.at",
            );
            self.conn().execute(sql).await?;
        }
        for piece in pieces(counts) {
            let mut sql = Sql::new("INSERT INTO usage_hour (app_id, hour, code, calls) VALUES ");
            for (n, count) in piece.iter().enumerate() {
                let calls = i64::try_from(count.calls).unwrap_or(i64::MAX);
                sql.row(
                    n == 0,
                    [
                        Arg::from(count.app_id.as_str()),
                        Arg::from(count.hour),
                        Arg::from(count.code.as_str()),
                        Arg::from(calls),
                    ],
                );
            }
            sql.push(" ON CONFLICT (app_id, hour, code) DO UPDATE SET calls = usage_hour.calls + excluded.calls");
            self.conn().execute(sql).await?;
        }
        Ok(())
    }
}

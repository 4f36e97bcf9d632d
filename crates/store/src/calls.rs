//! Reading what Keystead keeps of traffic: calls by hour and verdict, and the last refusals.

use std::net::IpAddr;

use domain::ids::{AppId, KeyId};
use domain::kind::KeyKind;
use domain::sight::{Scope, Sight};
use domain::timestamp::{Millis, Timestamp};
use domain::usage::{Edge, HourCalls, REFUSALS_KEPT, RefusedCall, WRONG_SECRETS_KEPT};
use domain::verdict::Code;
use sqlx_macros::FromRow;

use crate::apps::app_ids;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::usage::NO_KEY;

reads! {
    /// The calls about keys in sight since the hour that begins at `hour`, in periods of `step`, which is whole hours. They
    /// include calls about keys that do not exist, unless only some keys are in sight.
    calls_since(sight: &Sight, hour: i64, step: Millis) -> Vec<HourCalls>;
    /// The calls of each of these keys since the hour that begins at `hour`, in any order.
    calls_of_keys(keys: &[KeyId], hour: i64) -> Vec<(KeyId, HourCalls)>;
    /// Whether the app has ever had a call.
    was_called(app: &AppId) -> bool;
    /// A key's calls since the hour that begins at `hour`, oldest first.
    key_calls_since(key: &KeyId, hour: i64) -> Vec<HourCalls>;
    /// The last refused calls of a key, newest first.
    key_refusals(key: &KeyId) -> Vec<RefusedCall>;
}

async fn calls_since(
    conn: &mut Conn<'_>,
    sight: &Sight,
    hour: i64,
    step: Millis,
) -> Result<Vec<HourCalls>, StoreError> {
    let apps = app_ids(conn, &sight.apps).await?;
    let no_key = matches!(&sight.keys, Scope::Only(keys) if keys.is_empty());
    if apps.is_empty() || sight.kinds.is_empty() || no_key {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT hour - hour % ");
    sql.bind(step.0).push(" AS starts, code, CAST(SUM(calls) AS BIGINT) FROM ");
    match &sight.keys {
        Scope::All => {
            sql.push("usage_hour WHERE hour >= ").bind(hour).push(" AND app_id IN (");
            sql.list(apps.iter().map(AppId::as_str)).push(")");
            if !sight.sees_all_kinds() {
                let kinds = sight.kinds.iter().map(|kind| kind.as_str());
                sql.push(" AND kind IN (").list(kinds.chain([NO_KEY])).push(")");
            }
        }
        Scope::Only(keys) => {
            sql.push("key_usage_hour WHERE calls > 0 AND hour >= ")
                .bind(hour)
                .push(" AND key_id IN (SELECT id FROM api_key WHERE id IN (");
            sql.list(keys.iter().map(KeyId::as_str)).push(") AND app_id IN (");
            sql.list(apps.iter().map(AppId::as_str)).push(") AND kind IN (");
            sql.list(sight.kinds.iter().map(|kind| kind.as_str())).push("))");
        }
    }
    sql.push(" GROUP BY 1, 2");
    Ok(conn.fetch_all(sql).await?.into_iter().filter_map(counted).collect())
}

/// A verdict that only a later version knows hides no other.
fn counted((hour, code, calls): (i64, String, i64)) -> Option<HourCalls> {
    Some(HourCalls { hour, code: Code::parse(&code)?, calls: calls.unsigned_abs() })
}

async fn calls_of_keys(conn: &mut Conn<'_>, keys: &[KeyId], hour: i64) -> Result<Vec<(KeyId, HourCalls)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = conn.fetch_all::<(String, i64, String, i64)>(of_keys(keys, hour)).await?;
    let calls = |(key, hour, code, calls): (String, i64, String, i64)| {
        Some((KeyId::parse(&key)?, counted((hour, code, calls))?))
    };
    Ok(rows.into_iter().filter_map(calls).collect())
}

pub(crate) fn of_keys(keys: &[KeyId], hour: i64) -> Sql {
    let mut sql = Sql::new("SELECT key_id, hour, code, calls FROM key_usage_hour WHERE key_id IN (");
    sql.list(keys.iter().map(KeyId::as_str)).push(") AND hour >= ").bind(hour).push(" AND calls > 0");
    sql
}

async fn was_called(conn: &mut Conn<'_>, app: &AppId) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT hour FROM usage_hour WHERE app_id = $1 LIMIT 1");
    Ok(conn.fetch_optional::<(i64,)>(sql.arg(app.as_str())).await?.is_some())
}

async fn key_calls_since(conn: &mut Conn<'_>, key: &KeyId, hour: i64) -> Result<Vec<HourCalls>, StoreError> {
    let sql = Sql::new(
        "SELECT hour, code, calls FROM key_usage_hour WHERE key_id = $1 AND hour >= $2 AND calls > 0 \
         ORDER BY key_id, hour, code",
    );
    let rows = conn.fetch_all::<(i64, String, i64)>(sql.arg(key.as_str()).arg(hour)).await?;
    Ok(rows.into_iter().filter_map(counted).collect())
}

#[derive(FromRow)]
struct RefusedRow {
    at: i64,
    code: String,
    edge: String,
    address: Option<String>,
    origin: Option<String>,
    permissions: Option<String>,
    kind: Option<String>,
    method: Option<String>,
    path: Option<String>,
}

async fn key_refusals(conn: &mut Conn<'_>, key: &KeyId) -> Result<Vec<RefusedCall>, StoreError> {
    let sql = Sql::new(
        "SELECT at, code, edge, address, origin, permissions, kind, method, path FROM key_refusal WHERE key_id = $1 \
         ORDER BY key_id DESC, at DESC, n DESC LIMIT $2",
    );
    let rows = conn.fetch_all::<RefusedRow>(sql.arg(key.as_str()).arg(REFUSALS_KEPT + WRONG_SECRETS_KEPT)).await?;
    // A refusal that only a later version can read hides no other.
    Ok(rows.into_iter().filter_map(|row| RefusedCall::try_from(row).ok()).collect())
}

impl TryFrom<RefusedRow> for RefusedCall {
    type Error = StoreError;

    fn try_from(row: RefusedRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: Timestamp::from_millis(row.at),
            code: verdict(&row.code)?,
            edge: Edge::parse(&row.edge).ok_or_else(|| StoreError::corrupt("where a call came in"))?,
            address: row
                .address
                .map(|address| address.parse::<IpAddr>())
                .transpose()
                .map_err(|_| StoreError::corrupt("the address of a refused call"))?,
            origin: row.origin,
            permissions: row.permissions,
            kind: row.kind.as_deref().and_then(KeyKind::parse),
            method: row.method,
            path: row.path,
        })
    }
}

fn verdict(code: &str) -> Result<Code, StoreError> {
    Code::parse(code).ok_or_else(|| StoreError::corrupt("a verdict"))
}

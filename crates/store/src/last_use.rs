//! When and from where keys were last used. The record is written together with the counts. The columns that lists sort
//! by follow later.

use std::net::IpAddr;

use domain::ids::KeyId;
use domain::timestamp::Timestamp;
use domain::verdict::Code;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// Rows in one statement.
const ROWS_AT_ONCE: usize = 5_000;

/// Stored in place of a verdict if a key was used without being asked about.
pub(crate) const NOT_ASKED_ABOUT: &str = "";

/// One use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// When the key was used.
    pub at: Timestamp,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
}

/// The newest use of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// The id of the key.
    pub key_id: KeyId,
    /// The newest use.
    pub newest: KeyUse,
}

/// A position in the recorded uses. They are read by verdict, newest hour first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsePlace {
    since: i64,
    verdict: usize,
    behind: Option<(i64, String)>,
}

impl UsePlace {
    /// The position before all uses from the hour that begins at `since`.
    pub fn since(since: i64) -> Self {
        Self { since, verdict: 0, behind: None }
    }
}

reads! {
    /// Among the next `limit` recorded uses, those that lists do not show yet, and the position after them; `None` at
    /// the end.
    unlisted_uses(place: &UsePlace, limit: u32) -> (Vec<LastUsed>, Option<UsePlace>);
    /// The newest hour on record, of whatever key.
    newest_hour() -> Option<i64>;
}

/// Every value of the verdict column of a key's counts.
pub(crate) fn verdicts() -> impl Iterator<Item = &'static str> {
    std::iter::once(NOT_ASKED_ABOUT).chain(Code::ALL.iter().map(|code| code.as_str()))
}

async fn unlisted_uses(
    conn: &mut Conn<'_>,
    place: &UsePlace,
    limit: u32,
) -> Result<(Vec<LastUsed>, Option<UsePlace>), StoreError> {
    let Some(verdict) = verdicts().nth(place.verdict) else { return Ok((Vec::new(), None)) };
    // Limit the rows first. A limit on matching rows would read on until it found enough.
    let mut sql = Sql::new(
        "SELECT u.key_id, u.hour, u.last_used_at, u.last_used_address, k.last_used_at FROM (SELECT key_id, hour, last_used_at, \
         last_used_address FROM key_usage_hour WHERE code = ",
    );
    sql.bind(verdict).push(" AND hour >= ").bind(place.since);
    if let Some((hour, key)) = &place.behind {
        sql.push(" AND (hour, key_id) < (").bind(*hour).push(", ").bind(&**key).push(")");
    }
    sql.push(" ORDER BY hour DESC, key_id DESC LIMIT ").bind(i64::from(limit));
    sql.push(") AS u LEFT JOIN api_key k ON k.id = u.key_id ORDER BY u.hour DESC, u.key_id DESC");
    let rows = conn.fetch_all::<(String, i64, i64, Option<String>, Option<i64>)>(sql).await?;
    let next = match rows.last() {
        Some((key, hour, ..)) => UsePlace { behind: Some((*hour, key.clone())), ..place.clone() },
        None => UsePlace { verdict: place.verdict + 1, behind: None, ..place.clone() },
    };
    // Some keys may be gone.
    let unlisted = rows.into_iter().filter(|(_, _, used, _, listed)| listed.is_some_and(|listed| *used > listed));
    let uses = unlisted.map(|(key, _, at, address, _)| {
        let key_id = KeyId::parse(&key).ok_or_else(|| StoreError::corrupt("a key's id"))?;
        Ok(LastUsed { key_id, newest: a_use(at, address)? })
    });
    Ok((uses.collect::<Result<_, StoreError>>()?, Some(next)))
}

async fn newest_hour(conn: &mut Conn<'_>) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new("SELECT max(hour) FROM (");
    for (n, code) in verdicts().enumerate() {
        sql.push(if n == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT max(hour) AS hour FROM key_usage_hour WHERE code = ").bind(code);
    }
    sql.push(") AS newest");
    let (hour,): (Option<i64>,) = conn.fetch_one(sql).await?;
    Ok(hour)
}

/// The newest use on record of `api_key k`, as one column: its time, a space, and its address.
pub(crate) const NEWEST_USE: &str = "(SELECT CAST(u.last_used_at AS TEXT) || ' ' || COALESCE(u.last_used_address, '') \
     FROM key_usage_hour u WHERE u.key_id = k.id AND u.last_used_at > 0 ORDER BY u.hour DESC, u.last_used_at DESC LIMIT 1) \
     AS newest_use";

/// Reads what `NEWEST_USE` gives.
pub(crate) fn newest_use(text: &str) -> Result<KeyUse, StoreError> {
    let parts = text.split_once(' ').and_then(|(at, address)| Some((at.parse::<i64>().ok()?, address)));
    let (at, address) = parts.ok_or_else(|| StoreError::corrupt("a key's last use"))?;
    a_use(at, Some(address.to_owned()).filter(|address| !address.is_empty()))
}

pub(crate) fn a_use(at: i64, address: Option<String>) -> Result<KeyUse, StoreError> {
    let address = address.map(|address| address.parse::<IpAddr>()).transpose();
    let address = address.map_err(|_| StoreError::corrupt("a key's last address"))?;
    Ok(KeyUse { at: Timestamp::from_millis(at), address })
}

impl Tx {
    /// Brings back to `now` the last uses that lie after `beyond`, where a wrong clock put them: at most `limit`. Otherwise
    /// no later use would ever be newer. Returns how many keys it brought back.
    pub async fn bring_back_uses(&mut self, now: Timestamp, beyond: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "UPDATE api_key SET last_used_at = $1 WHERE id IN (SELECT id FROM api_key \
             WHERE app_id IN (SELECT id FROM app) AND last_used_at > $2 LIMIT $3)",
        );
        self.conn().execute(sql.arg(now).arg(beyond).arg(i64::from(limit))).await
    }

    /// Makes lists show these uses, one per key, where they are newer. Skips keys that are gone.
    pub async fn show_last_uses(&mut self, used: &[LastUsed]) -> Result<(), StoreError> {
        for piece in used.chunks(ROWS_AT_ONCE) {
            let rows = piece.iter().map(|used| (used.key_id.as_str(), used.newest.at.millis(), used.newest.address));
            let mut sql = Sql::new(
                "WITH used AS (SELECT value ->> 0 AS key_id, CAST(value ->> 1 AS BIGINT) AS at, \
                 value ->> 2 AS address FROM ",
            );
            self.conn().push_rows(&mut sql, rows)?;
            sql.push(
                ") UPDATE api_key SET last_used_at = used.at, last_used_address = used.address FROM used \
                 WHERE api_key.id = used.key_id AND api_key.last_used_at < used.at",
            );
            self.conn().execute(sql).await?;
        }
        Ok(())
    }
}

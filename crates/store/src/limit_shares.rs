//! The share that each node has of each rate limit. Only one writer works at a time, so whoever reads the shares of a limit
//! and then takes of the rest cannot be overtaken.

use domain::ids::{KeyId, NodeId};
use domain::share::Share;
use domain::timestamp::Millis;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// One limit of one key: what its calls are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitPlace {
    /// The id of the key.
    pub key_id: KeyId,
    /// The name of the limit.
    pub name: String,
    /// Its window.
    pub window: Millis,
}

/// The share of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShare {
    /// The limit.
    pub place: LimitPlace,
    /// The node.
    pub node: NodeId,
    /// Its share.
    pub share: Share,
}

/// How many rows are written by one statement.
const ROWS_AT_ONCE: usize = 1_000;

reads! {
    /// The limits that this node has a share of and that another node, which is not lost, has too little of.
    short_limits(node: &NodeId) -> Vec<LimitPlace>;
    /// The shares of these limits, of all nodes. A node that is lost claims nothing, and lacks nothing.
    limit_shares(places: &[LimitPlace]) -> Vec<NodeShare>;
    /// The next shares of a node, as they are on record, after those of a limit or from the first on: at most `limit`.
    node_shares(node: &NodeId, after: Option<&LimitPlace>, limit: u32) -> Vec<NodeShare>;
}

async fn short_limits(conn: &mut Conn<'_>, node: &NodeId) -> Result<Vec<LimitPlace>, StoreError> {
    let sql = Sql::new(
        "SELECT DISTINCT s.key_id, s.name, s.window_ms FROM limit_share s WHERE s.short > 0 AND s.node_id <> $1 \
         AND EXISTS (SELECT 1 FROM limit_share o WHERE o.key_id = s.key_id AND o.name = s.name \
         AND o.window_ms = s.window_ms AND o.node_id = $2) \
         AND NOT EXISTS (SELECT 1 FROM node n WHERE n.id = s.node_id AND n.lost_at IS NOT NULL)",
    );
    let rows = conn.fetch_all::<(String, String, i64)>(sql.arg(node.as_str()).arg(node.as_str())).await?;
    rows.into_iter().map(|(key, name, window)| place(&key, name, window)).collect()
}

async fn limit_shares(conn: &mut Conn<'_>, places: &[LimitPlace]) -> Result<Vec<NodeShare>, StoreError> {
    let mut shares = Vec::new();
    for piece in places.chunks(ROWS_AT_ONCE) {
        let mut sql = Sql::new(
            "SELECT s.key_id, s.name, s.window_ms, s.node_id, s.calls, CASE WHEN n.id IS NULL THEN s.claim ELSE 0 END, \
             CASE WHEN n.id IS NULL THEN s.short ELSE 0 END FROM (SELECT value ->> 0 AS key_id, \
             value ->> 1 AS name, CAST(value ->> 2 AS BIGINT) AS window_ms FROM ",
        );
        let rows = piece.iter().map(|place| (place.key_id.as_str(), &*place.name, place.window.0));
        conn.push_rows(&mut sql, rows)?;
        sql.push(
            ") AS asked CROSS JOIN limit_share s LEFT JOIN node n ON n.id = s.node_id AND n.lost_at IS NOT NULL \
             WHERE s.key_id = asked.key_id AND s.name = asked.name AND s.window_ms = asked.window_ms",
        );
        for row in conn.fetch_all::<Stored>(sql).await? {
            shares.push(share(row)?);
        }
    }
    Ok(shares)
}

async fn node_shares(
    conn: &mut Conn<'_>,
    node: &NodeId,
    after: Option<&LimitPlace>,
    limit: u32,
) -> Result<Vec<NodeShare>, StoreError> {
    let mut sql =
        Sql::new("SELECT key_id, name, window_ms, node_id, calls, claim, short FROM limit_share WHERE node_id = ");
    sql.bind(node.as_str());
    if let Some(after) = after {
        sql.push(" AND (key_id, name, window_ms) > (").bind(after.key_id.as_str()).push(", ").bind(&*after.name);
        sql.push(", ").bind(after.window.0).push(")");
    }
    sql.push(" ORDER BY key_id, name, window_ms LIMIT ").bind(i64::from(limit));
    conn.fetch_all::<Stored>(sql).await?.into_iter().map(share).collect()
}

impl Tx {
    /// Puts shares of one node on record, and removes those that are nothing.
    pub async fn put_limit_shares(&mut self, node: &NodeId, shares: &[(&LimitPlace, Share)]) -> Result<(), StoreError> {
        let (gone, kept): (Vec<_>, Vec<_>) = shares.iter().partition(|(_, share)| share.calls == 0 && share.short == 0);
        for piece in kept.chunks(ROWS_AT_ONCE) {
            let mut sql =
                Sql::new("INSERT INTO limit_share (node_id, key_id, name, window_ms, calls, claim, short) SELECT ");
            sql.push("CAST(").bind(node.as_str()).push(
                " AS TEXT), value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT), \
                 CAST(value ->> 4 AS BIGINT), CAST(value ->> 5 AS BIGINT) FROM ",
            );
            let rows = piece.iter().map(|(place, share)| {
                (place.key_id.as_str(), &*place.name, place.window.0, share.calls, share.claim, share.short)
            });
            self.conn().push_rows(&mut sql, rows)?;
            sql.push(
                " WHERE true ON CONFLICT (key_id, name, window_ms, node_id) DO UPDATE SET calls = excluded.calls, \
                 claim = excluded.claim, short = excluded.short",
            );
            self.conn().execute(sql).await?;
        }
        for piece in pieces(&gone) {
            let mut sql = Sql::new("DELETE FROM limit_share WHERE (key_id, name, window_ms, node_id) IN (VALUES ");
            for (n, (place, _)) in piece.iter().enumerate() {
                let (key, name) = (place.key_id.as_str(), &*place.name);
                sql.row(n == 0, [Arg::from(key), Arg::from(name), Arg::from(place.window.0), Arg::from(node.as_str())]);
            }
            sql.push(")");
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    /// Removes shares of a node, at most `limit`, and returns how many.
    pub async fn remove_limit_shares(&mut self, node: &NodeId, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM limit_share WHERE (key_id, name, window_ms, node_id) IN \
             (SELECT key_id, name, window_ms, node_id FROM limit_share WHERE node_id = $1 LIMIT $2)",
        );
        self.conn().execute(sql.arg(node.as_str()).arg(i64::from(limit))).await
    }

    /// Tells the other nodes that this one is short, has given back, or has arrived. The announcement goes out with the
    /// commit, or not at all.
    pub async fn announce_shares(&mut self, node: &NodeId) -> Result<(), StoreError> {
        self.conn().announce_of_node(node.as_str()).await
    }
}

type Stored = (String, String, i64, String, i64, i64, i64);

fn share((key, name, window, node, calls, claim, short): Stored) -> Result<NodeShare, StoreError> {
    let corrupt = || StoreError::corrupt("the share of a rate limit");
    let number = |number: i64| u32::try_from(number).map_err(|_| corrupt());
    let share = Share { calls: number(calls)?, claim: number(claim)?, short: number(short)? };
    Ok(NodeShare { place: place(&key, name, window)?, node: NodeId::parse(&node).ok_or_else(corrupt)?, share })
}

fn place(key: &str, name: String, window: i64) -> Result<LimitPlace, StoreError> {
    let key_id = KeyId::parse(key).ok_or_else(|| StoreError::corrupt("the key of a rate limit's share"))?;
    Ok(LimitPlace { key_id, name, window: Millis(window) })
}

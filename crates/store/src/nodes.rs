//! The running servers of one installation, by the database's own clock. A node that is lost stays on record for as long as
//! the calls that it has counted do.

use domain::ids::NodeId;
use domain::timestamp::{Millis, Timestamp};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A node that registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// Its id.
    pub id: NodeId,
    /// Its name, for people.
    pub name: String,
    /// The version of Keystead that it runs.
    pub version: String,
}

/// A node on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// Its name, for people.
    pub name: String,
    /// The version of Keystead that it runs.
    pub version: String,
    /// When it registered.
    pub started_at: Timestamp,
    /// When it last said that it is there.
    pub seen_at: Timestamp,
    /// When it stopped, or was found to be gone; `None` if it runs.
    pub lost_at: Option<Timestamp>,
    /// How far its clock is ahead of the database's, as it says.
    pub clock_off: Millis,
    /// Its number in the order of all nodes.
    pub arrived: i64,
    /// The number of the last node that it knows of.
    pub knows: i64,
}

/// All nodes on record, in the order of their arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// The time of the database's clock.
    pub now: Timestamp,
    /// The nodes, lost ones too.
    pub nodes: Vec<NodeRow>,
}

reads! {
    /// The nodes on record.
    nodes() -> Nodes;
}

type Stored = (String, String, String, i64, i64, Option<i64>, i64, i64, i64);

async fn nodes(conn: &mut Conn<'_>) -> Result<Nodes, StoreError> {
    let now = now(conn).await?;
    let sql = Sql::new(
        "SELECT id, name, version, started_at, seen_at, lost_at, clock_off, arrived, knows FROM node ORDER BY arrived",
    );
    let rows = conn.fetch_all::<Stored>(sql).await?;
    Ok(Nodes { now, nodes: rows.into_iter().map(node).collect::<Result<_, _>>()? })
}

fn node((id, name, version, started, seen, lost, off, arrived, knows): Stored) -> Result<NodeRow, StoreError> {
    Ok(NodeRow {
        id: NodeId::parse(&id).ok_or_else(|| StoreError::corrupt("the id of a node"))?,
        name,
        version,
        started_at: Timestamp::from_millis(started),
        seen_at: Timestamp::from_millis(seen),
        lost_at: lost.map(Timestamp::from_millis),
        clock_off: Millis(off),
        arrived,
        knows,
    })
}

async fn now(conn: &mut Conn<'_>) -> Result<Timestamp, StoreError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(conn.clock());
    let (now,) = conn.fetch_one::<(i64,)>(sql).await?;
    Ok(Timestamp::from_millis(now))
}

impl Tx {
    /// Registers a node after all others. Returns its number.
    pub async fn join_nodes(&mut self, new: &NewNode) -> Result<i64, StoreError> {
        // More than any number that somebody knows, even of nodes that are gone.
        let sql = Sql::new("SELECT MAX(arrived), MAX(knows) FROM node");
        let (arrived, known) = self.conn().fetch_one::<(Option<i64>, Option<i64>)>(sql).await?;
        let number = arrived.max(known).unwrap_or_default() + 1;
        let now = now(&mut self.conn()).await?;
        let sql = Sql::new(
            "INSERT INTO node (id, name, version, started_at, seen_at, clock_off, arrived, knows) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let sql = sql.arg(new.id.as_str()).arg(&*new.name).arg(&*new.version).arg(now).arg(now);
        self.conn().execute(sql.arg(0).arg(number).arg(number)).await?;
        Ok(number)
    }

    /// Notes that a node is there, how far its clock is off, and which number it knows. `false` if it is lost.
    pub async fn beat(&mut self, id: &NodeId, clock_off: Millis, knows: i64) -> Result<bool, StoreError> {
        let now = now(&mut self.conn()).await?;
        let sql =
            Sql::new("UPDATE node SET seen_at = $2, clock_off = $3, knows = $4 WHERE id = $1 AND lost_at IS NULL");
        Ok(self.conn().execute(sql.arg(id.as_str()).arg(now).arg(clock_off.0).arg(knows)).await? > 0)
    }

    /// Notes that a node that was lost is there again. `false` if it is no longer on record.
    pub async fn find_node(&mut self, id: &NodeId) -> Result<bool, StoreError> {
        let now = now(&mut self.conn()).await?;
        let sql = Sql::new("UPDATE node SET seen_at = $2, lost_at = NULL WHERE id = $1");
        Ok(self.conn().execute(sql.arg(id.as_str()).arg(now)).await? > 0)
    }

    /// Notes that a node has stopped, or is gone. Its shares are kept for now, but whoever reads them finds that it claims
    /// nothing more.
    pub async fn lose_node(&mut self, id: &NodeId) -> Result<(), StoreError> {
        let now = now(&mut self.conn()).await?;
        // It may have a million shares, so they stay as they are. An older release beside this one still believes the
        // claims in them until they are swept: it counts no more than the limit, but may leave the node some of it.
        let sql = Sql::new("UPDATE node SET lost_at = $2 WHERE id = $1 AND lost_at IS NULL");
        self.conn().execute(sql.arg(id.as_str()).arg(now)).await?;
        Ok(())
    }

    /// Removes those shares of a lost node whose window is shorter than this, at most `limit`, and the node after its last
    /// share. Returns how many shares it removed.
    pub async fn sweep_node(&mut self, id: &NodeId, windows_below: Millis, limit: u32) -> Result<u64, StoreError> {
        // It may be there again.
        let sql = Sql::new(
            "DELETE FROM limit_share WHERE (key_id, name, window_ms, node_id) IN \
             (SELECT key_id, name, window_ms, node_id FROM limit_share WHERE node_id = $1 AND window_ms < $2 \
             AND EXISTS (SELECT 1 FROM node WHERE id = $3 AND lost_at IS NOT NULL) LIMIT $4)",
        );
        let sql = sql.arg(id.as_str()).arg(windows_below.0).arg(id.as_str()).arg(i64::from(limit));
        let swept = self.conn().execute(sql).await?;
        let sql = Sql::new(
            "DELETE FROM node WHERE id = $1 AND lost_at IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM limit_share WHERE node_id = $2)",
        );
        self.conn().execute(sql.arg(id.as_str()).arg(id.as_str())).await?;
        Ok(swept)
    }
}

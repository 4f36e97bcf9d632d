//! Nodes that are lost, and what a node leaves when it goes.

use std::time::Duration;

use domain::{
    ids::NodeId,
    node::{CONFIRMED_WITHIN, LOST_AFTER},
    share::Share,
    timestamp::Millis,
};
use store::{LimitPlace, NodeRow, Nodes, StoreError, Tx};

use super::Beats;
use crate::{Result, Service};

/// How often shares of lost nodes are looked through: often in the first minutes, since most windows are short.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEPT_OFTEN: Millis = Millis::minutes(2);

impl Service {
    /// Notes which nodes are lost, and removes the shares of those whose calls no longer count. Only a node that was itself
    /// there all the time may judge: after a failure of the database, nobody has been seen.
    pub(super) async fn bury_lost(&self, this: &NodeId, beats: &mut Beats, nodes: &Nodes) -> Result<()> {
        let now = self.instant();
        let is_steady = beats.steady.is_some_and(|(since, _)| {
            i128::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(i128::MAX)
                >= i128::from(LOST_AFTER.0)
        });
        let others = || nodes.nodes.iter().filter(|node| node.id != *this);
        let unseen = |node: &&NodeRow| node.lost_at.is_none() && nodes.now.since(node.seen_at).0 > LOST_AFTER.0;
        let gone: Vec<&NodeRow> = others().filter(unseen).filter(|_| is_steady).collect();
        let lost: Vec<(&NodeRow, Millis)> =
            others().filter_map(|node| Some((node, nodes.now.since(node.lost_at?)))).collect();
        let is_recent = lost.iter().any(|(_, since)| since.0 < SWEPT_OFTEN.0);
        let is_due = beats.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP_EVERY);
        if gone.is_empty() && (lost.is_empty() || !(is_recent || is_due)) {
            return Ok(());
        }
        let work = async |tx: &mut Tx| {
            for node in &gone {
                tx.lose_node(&node.id).await?;
            }
            for (node, since) in &lost {
                tx.sweep_node(&node.id, Millis(since.0 - CONFIRMED_WITHIN.0)).await?;
            }
            Ok::<_, StoreError>(())
        };
        self.write(work).await?;
        beats.swept = Some(now);
        for node in gone {
            tracing::warn!(node = %node.id, name = %node.name, "a node is lost: it was not seen for ten seconds");
        }
        Ok(())
    }

    /// Gives back what this node has not used, and leaves what it has counted on record until it no longer counts.
    pub(super) async fn leave_nodes(&self, id: &NodeId) -> Result<()> {
        let used = self.verifier().used_shares();
        let rows: Vec<(&LimitPlace, Share)> = used.iter().map(|(place, share)| (place, *share)).collect();
        let work = async |tx: &mut Tx| {
            // Some may be on record of which nothing is in memory.
            tx.remove_limit_shares(id).await?;
            tx.put_limit_shares(id, &rows).await?;
            tx.lose_node(id).await?;
            // Removes it, unless it leaves shares.
            tx.sweep_node(id, Millis(0)).await?;
            tx.announce_shares(id).await
        };
        let left: Result<(), StoreError> = self.write(work).await;
        Ok(left?)
    }
}

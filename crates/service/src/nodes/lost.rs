//! Nodes that are lost, and what a node leaves when it goes.

use std::{collections::HashMap, time::Duration};

use domain::{
    ids::NodeId,
    node::{CONFIRMED_WITHIN, LOST_AFTER},
    share::Share,
    timestamp::Millis,
};
use store::{LimitPlace, NodeRow, Nodes, StoreError, Tx};

use super::{Beats, patiently};
use crate::{Error, Result, Service};

/// How often shares of lost nodes are looked through: often in the first minutes, since most windows are short.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEPT_OFTEN: Millis = Millis::minutes(2);

/// Shares that are swept, or given back, in one transaction, so that other writers do not wait long.
const AT_ONCE: u32 = 1_000;

/// How long shares are swept between two beats. Calls may wait meanwhile for a settling.
const SWEEPS_FOR: Duration = Duration::from_millis(250);

/// How long a node that stops gives back. Others wait for what it tells them at the end.
const GIVES_BACK_FOR: Duration = Duration::from_secs(2);

impl Service {
    /// Notes which nodes are lost, and removes the shares of those whose calls no longer count. Only a node that was itself
    /// there all the time may judge: after a failure of the database, nobody has been seen.
    pub(super) async fn bury_lost(&self, this: &NodeId, beats: &mut Beats, nodes: &Nodes) -> Result<()> {
        let now = self.instant();
        // Until it looked, not until now: a beat may take its time.
        let is_steady = beats.steady.is_some_and(|(since, last)| {
            i128::try_from(last.saturating_duration_since(since).as_millis()).unwrap_or(i128::MAX)
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
        if !gone.is_empty() {
            let mark = async |tx: &mut Tx| {
                for node in &gone {
                    tx.lose_node(&node.id).await?;
                }
                Ok::<_, StoreError>(())
            };
            patiently(async { Ok::<_, Error>(self.write(mark).await?) }).await?;
        }
        for node in gone {
            tracing::warn!(node = %node.id, name = %node.name, "a node is lost: it was not seen for ten seconds");
        }
        beats.swept = self.sweep_lost(&lost).await?.then_some(now);
        Ok(())
    }

    /// Removes the shares of lost nodes whose calls no longer count, piece by piece, for a moment. Returns whether none is
    /// left.
    async fn sweep_lost(&self, lost: &[(&NodeRow, Millis)]) -> Result<bool> {
        let began = self.instant();
        loop {
            let sweep = async |tx: &mut Tx| {
                let mut left = AT_ONCE;
                for (node, since) in lost {
                    let swept = tx.sweep_node(&node.id, Millis(since.0 - CONFIRMED_WITHIN.0), left).await?;
                    left = left.saturating_sub(u32::try_from(swept).unwrap_or(left));
                }
                Ok::<_, StoreError>(left > 0)
            };
            let is_done = patiently(async { Ok::<_, Error>(self.write(sweep).await?) }).await?;
            if is_done || self.instant().saturating_duration_since(began) >= SWEEPS_FOR {
                return Ok(is_done);
            }
        }
    }

    /// Gives back what this node has not used, and leaves what it has counted on record until it no longer counts.
    pub(super) async fn leave_nodes(&self, id: &NodeId, beats: &Beats) -> Result<()> {
        let used = self.verifier().used_shares();
        if beats.is_unrecorded {
            self.record_shares(id, beats.knows, used).await?;
        } else {
            self.give_back(id, &used.into_iter().collect()).await?;
        }
        let work = async |tx: &mut Tx| {
            tx.lose_node(id).await?;
            // Removes it, unless it leaves shares.
            tx.sweep_node(id, Millis(0), AT_ONCE).await?;
            tx.announce_shares(id).await
        };
        let left: Result<(), StoreError> = self.write(work).await;
        Ok(left?)
    }

    /// Lowers what this node has on record to what it has used, piece by piece. What is left when its time is over stays on
    /// record, like the shares of a node that is killed.
    async fn give_back(&self, id: &NodeId, used: &HashMap<LimitPlace, Share>) -> Result<()> {
        let began = self.instant();
        let mut after: Option<LimitPlace> = None;
        while self.instant().saturating_duration_since(began) < GIVES_BACK_FOR {
            let give = async |tx: &mut Tx| {
                let shares = tx.node_shares(id, after.as_ref(), AT_ONCE).await?;
                let mut given: Vec<(&LimitPlace, Share)> = Vec::new();
                for on_record in &shares {
                    let share = used.get(&on_record.place).copied().unwrap_or_default();
                    // Where all of it is used, the row may stay: nobody goes by the claim of a lost node.
                    if share.calls < on_record.share.calls || share.calls == 0 {
                        given.push((&on_record.place, share));
                    }
                }
                tx.put_limit_shares(id, &given).await?;
                Ok::<_, StoreError>(shares.last().map(|last| last.place.clone()))
            };
            let last = self.write(give).await?;
            if last.is_none() {
                break;
            }
            after = last;
        }
        Ok(())
    }
}

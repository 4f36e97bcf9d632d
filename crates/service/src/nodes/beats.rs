//! What a node writes when it says that it is there, and what it may count by what it learns of the others.

use std::{
    collections::HashMap,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use domain::{
    ids::NodeId,
    node::CONFIRMED_WITHIN,
    share::Share,
    timestamp::{Millis, Timestamp},
};
use store::{LimitPlace, NewNode, NodeRow, NodeShare, Nodes, StoreError, Tx};

use super::{BEAT_EVERY, patiently};
use crate::{Error, Result, Service, verify::shares::Mode};

/// Whoever says nothing for so long has stopped to count, whatever the database's clock does meanwhile.
const STILL_FOR: Duration = Duration::from_secs(6);

/// A node that was not seen for this long has not confirmed itself by reading alone either.
const GONE_AFTER: Millis = Millis::minutes(1);

/// Shares that are put on record in one transaction.
const TOGETHER: usize = 1_000;

/// Shares that are removed from the record in one transaction, and those that are read by one statement.
const REMOVED_AT_ONCE: u32 = 1_000;
const READ_AT_ONCE: u32 = 10_000;

/// What this node knows between two beats.
#[derive(Debug, Default)]
pub(super) struct Beats {
    /// Its number; `None` before it has registered.
    pub(super) arrived: Option<i64>,
    /// The number of the last node that it knows of.
    pub(super) knows: i64,
    /// Since when every beat succeeded, and when the last one that did began.
    pub(super) steady: Option<(Instant, Instant)>,
    /// While this node joins: when it last found each other node to be seen at another time than before.
    pub(super) moved: HashMap<NodeId, (Timestamp, Instant)>,
    pub(super) swept: Option<Instant>,
    /// Whether shares in memory are not on record yet.
    pub(super) is_unrecorded: bool,
    /// Whether shares in memory may no longer be on record, because this node was lost.
    pub(super) is_unread: bool,
}

impl Beats {
    /// Whether another node has not been seen again for so long, by this node's own clock, that it has stopped to count.
    fn is_still(&mut self, node: &NodeRow, now: Instant) -> bool {
        let (seen_at, since) = self.moved.entry(node.id).or_insert((node.seen_at, now));
        if *seen_at != node.seen_at {
            (*seen_at, *since) = (node.seen_at, now);
        }
        now.saturating_duration_since(*since) >= STILL_FOR
    }
}

impl Service {
    /// Registers, or says that this node is there, and notes whether it was lost meanwhile.
    pub(super) async fn write_beat(&self, this: &NewNode, beats: &mut Beats) -> Result<Nodes> {
        let off = self.clock_off().unwrap_or(Millis(0));
        let knows = beats.knows;
        // It may have been lost and found by a beat of which this node did not learn.
        let is_unsure =
            self.verifier().shares().mode() == Mode::Shared && !beats.is_unrecorded && !self.verifier().is_confirmed();
        let work = async |tx: &mut Tx| {
            let nodes = tx.nodes().await?;
            let own = nodes.nodes.iter().find(|node| node.id == this.id);
            let Some(own) = own else {
                let number = tx.join_nodes(this).await?;
                tx.announce_shares(&this.id).await?;
                return Ok((number, false, tx.nodes().await?));
            };
            let number = own.arrived;
            let is_lost = own.lost_at.is_some();
            if is_lost {
                tx.find_node(&this.id).await?;
            }
            tx.beat(&this.id, off, knows.max(own.knows)).await?;
            Ok::<_, StoreError>((number, is_lost, nodes))
        };
        let (number, is_lost, nodes) = self.write(work).await?;
        self.membership().beats.fetch_add(1, Ordering::Relaxed);
        if is_lost {
            tracing::warn!("the other nodes had taken this one for lost; it goes on with the shares that it still has");
        }
        beats.is_unread |= is_lost || is_unsure;
        if beats.arrived != Some(number) {
            if beats.arrived.replace(number).is_some() {
                tracing::warn!("the other nodes had forgotten this one; it joins them anew");
                self.verifier().share_limits();
                self.verifier().lower_shares(&[]);
                self.verifier().shares().set_mode(Mode::Joining);
                beats.moved.clear();
                beats.is_unrecorded = false;
                beats.is_unread = false;
            }
            beats.knows = beats.knows.max(number);
        }
        Ok(nodes)
    }

    /// Keeps only the shares that are still on record. This node is there all the while, however many they are. Returns when
    /// it last said so.
    pub(super) async fn read_shares(&self, id: &NodeId, beats: &mut Beats, asked: Millis) -> Result<Millis> {
        let off = self.clock_off().unwrap_or(Millis(0));
        // Others may have come and gone meanwhile, so it has nothing that is not on record.
        self.verifier().share_limits();
        let (mut asked, mut told, mut kept) = (asked, self.instant(), Vec::<NodeShare>::new());
        loop {
            let after = kept.last().map(|share| &share.place);
            let read = async { Ok::<_, Error>(self.store().node_shares(id, after, READ_AT_ONCE).await?) };
            let more = patiently(read).await?;
            if more.is_empty() {
                break;
            }
            kept.extend(more);
            if self.instant().saturating_duration_since(told) < BEAT_EVERY {
                continue;
            }
            (asked, told) = (self.verifier().uptime(), self.instant());
            let knows = beats.knows;
            let tell = async |tx: &mut Tx| tx.beat(id, off, knows).await;
            if !patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(tell).await?) }).await? {
                // The next beat reads them anew.
                let lost = "the other nodes take this one for lost again".to_owned();
                return Err(StoreError::Unavailable(lost).into());
            }
        }
        self.verifier().lower_shares(&kept);
        beats.is_unrecorded = false;
        beats.is_unread = false;
        Ok(asked)
    }

    /// Where the database can be read and not written: whether this node is still counted among the others.
    pub(super) async fn confirm_by_reading(&self, id: &NodeId, beats: &Beats, asked: Millis) {
        let Ok(nodes) = self.store().nodes().await else { return };
        let is_there = nodes.nodes.iter().any(|node| node.id == *id && node.lost_at.is_none());
        let knows_all = nodes.nodes.iter().all(|node| node.arrived <= beats.knows);
        let is_known = !beats.is_unrecorded && !beats.is_unread;
        if is_there && is_known && (knows_all || self.verifier().shares().mode() == Mode::Shared) {
            self.verifier().confirm_shares(asked);
        }
    }

    /// Begins and ends to share limits with others, as they come and go.
    pub(super) async fn follow_nodes(
        &self,
        this: &NewNode,
        beats: &mut Beats,
        nodes: &Nodes,
        asked: Millis,
    ) -> Result<()> {
        let verifier = self.verifier();
        let others: Vec<&NodeRow> = nodes.nodes.iter().filter(|node| node.id != this.id).collect();
        let newest = nodes.nodes.iter().map(|node| node.arrived).max().unwrap_or_default();
        match verifier.shares().mode() {
            Mode::Joining => {
                let number = beats.arrived.unwrap_or_default();
                let began = nodes.nodes.iter().find(|node| node.id == this.id).map_or(nodes.now, |own| own.started_at);
                // One that can read but not write may have confirmed itself just before this node registered.
                let has_stopped = |node: &NodeRow| {
                    let since = |at: Timestamp| nodes.now.since(at).0;
                    since(node.seen_at) > GONE_AFTER.0 || since(node.seen_at.max(began)) > CONFIRMED_WITHIN.0
                };
                let knows = |node: &NodeRow| node.lost_at.is_some() || node.knows >= number || has_stopped(node);
                let mut is_known = true;
                for &node in &others {
                    // One that puts a million shares on record takes its time, and counts all the while.
                    is_known &= beats.is_still(node, self.instant()) || knows(node);
                }
                if is_known {
                    // First: calls that wait for it to join ask at once.
                    verifier.confirm_shares(asked);
                }
                if is_known && others.is_empty() {
                    verifier.own_limits();
                } else if is_known {
                    verifier.share_limits();
                    verifier.lower_shares(&[]);
                }
            }
            Mode::Whole => beats.is_unrecorded = !others.is_empty(),
            Mode::Shared if others.is_empty() && !beats.is_unrecorded => {
                // Whoever arrives from now on waits until this node knows it.
                verifier.own_limits();
                self.forget_shares(&this.id, beats.knows).await?;
            }
            Mode::Shared => {}
        }
        if beats.is_unrecorded && !verifier.is_confirmed() {
            // Others may have taken it for stopped, and the whole limits.
            verifier.share_limits();
            verifier.lower_shares(&[]);
            self.forget_shares(&this.id, beats.knows).await?;
            beats.is_unrecorded = false;
            // What it has counted, if that is still free.
            verifier.settle_shares(&this.id).await?;
        } else if beats.is_unrecorded {
            self.record_shares(&this.id, beats.knows, verifier.share_limits()).await?;
            beats.is_unrecorded = false;
        }
        if newest > beats.knows {
            // Those who wait for it learn it at once.
            let off = self.clock_off().unwrap_or(Millis(0));
            let tell = async |tx: &mut Tx| tx.beat(&this.id, off, newest).await;
            if patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(tell).await?) }).await? {
                beats.knows = newest;
            }
        }
        Ok(())
    }

    /// Puts the shares of a node that was alone on record, in place of any that are. It is there all the while, however many
    /// they are.
    pub(super) async fn record_shares(&self, id: &NodeId, knows: i64, shares: Vec<(LimitPlace, Share)>) -> Result<()> {
        let off = self.clock_off().unwrap_or(Millis(0));
        self.forget_shares(id, knows).await?;
        for together in shares.chunks(TOGETHER) {
            let asked = self.verifier().uptime();
            let rows: Vec<(&LimitPlace, Share)> = together.iter().map(|(place, share)| (place, *share)).collect();
            let put = async |tx: &mut Tx| {
                tx.put_limit_shares(id, &rows).await?;
                tx.beat(id, off, knows).await
            };
            if patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(put).await?) }).await? {
                self.verifier().confirm_shares(asked);
            }
        }
        Ok(())
    }

    /// Removes the shares of this node from the record. It is there all the while, however many they are.
    async fn forget_shares(&self, id: &NodeId, knows: i64) -> Result<()> {
        let off = self.clock_off().unwrap_or(Millis(0));
        loop {
            let asked = self.verifier().uptime();
            let forget = async |tx: &mut Tx| {
                let removed = tx.remove_limit_shares(id, REMOVED_AT_ONCE).await?;
                Ok::<_, StoreError>((removed, tx.beat(id, off, knows).await?))
            };
            let forgotten = async { Ok::<_, Error>(self.write(forget).await?) };
            let (removed, is_there) = patiently(forgotten).await?;
            if is_there {
                self.verifier().confirm_shares(asked);
            }
            if removed < u64::from(REMOVED_AT_ONCE) {
                return Ok(());
            }
        }
    }
}

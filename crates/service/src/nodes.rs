//! The nodes of an installation. Those on one Postgres say every second that they are there, and so learn who else is. From
//! that follows what each of them may count of a rate limit.
//!
//! A node that is alone has whole limits, and nothing of them is on record. So one that arrives counts nothing until every
//! other node knows of it, and has put its shares on record. A node that could not confirm for 5 seconds that it is still
//! counted among the others stops to count. One that was not seen for 10 seconds is lost; what it may have counted stays on
//! record until it no longer counts.

use std::{
    collections::HashMap,
    fmt, iter,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    ids::NodeId,
    node::{CONFIRMED_WITHIN, LOST_AFTER, Node},
    share::Share,
    timestamp::{Millis, Timestamp},
};
use store::{LimitPlace, NewNode, NodeRow, Nodes, StoreError, Tx};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Result, Service,
    background::Job,
    entropy::{self, EntropyError},
    verify::shards::lock,
    verify::shares::Mode,
};

/// How often a node says that it is there.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How often shares of rate limits are settled at least.
const SETTLE_EVERY: Duration = Duration::from_millis(250);

/// How long to rest after a settling that somebody asked for, so that others are settled with the next.
const REST: Duration = Duration::from_millis(30);

/// How often a node that arrives looks whether the others know it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whoever says nothing for so long has stopped to count, whatever the database's clock does meanwhile.
const STILL_FOR: Duration = Duration::from_secs(6);

/// A node that was not seen for this long has not confirmed itself by reading alone either.
const GONE_AFTER: Millis = Millis::minutes(1);

/// The longest that a beat may take. One that takes longer must not keep the next from being tried.
const PATIENCE: Duration = Duration::from_secs(3);

/// Shares that are put on record in one transaction.
const TOGETHER: usize = 1_000;

/// How often shares of lost nodes are looked through: often in the first minutes, since most windows are short.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEPT_OFTEN: Millis = Millis::minutes(2);

/// How a node joins the others.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Its name, for people.
    pub name: String,
    /// The version of Keystead that it runs.
    pub version: String,
    /// Whether it counts rate limits by itself while the database is away.
    pub counts_alone: bool,
}

/// This node among the others.
#[derive(Default)]
pub(crate) struct Membership {
    this: OnceLock<NewNode>,
    started_at: OnceLock<Timestamp>,
    /// The nodes that the last beat found.
    seen: Mutex<Vec<Node>>,
    /// How often it was written that this node is there.
    beats: AtomicU64,
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
    }
}

/// What this node knows between two beats.
#[derive(Debug, Default)]
struct Beats {
    /// Its number; `None` before it has registered.
    arrived: Option<i64>,
    /// The number of the last node that it knows of.
    knows: i64,
    /// Since when every beat succeeded, and when the last one did.
    steady: Option<(Instant, Instant)>,
    /// While this node joins: when it last found each other node to be seen at another time than before.
    moved: HashMap<NodeId, (Timestamp, Instant)>,
    swept: Option<Instant>,
    /// Whether shares in memory are not on record yet.
    is_unrecorded: bool,
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
    /// Says that this is a node, which runs until [`Service::run`] ends. On SQLite it is the only one.
    pub fn joins_nodes(&self, joining: Joining) -> Result<(), EntropyError> {
        let id = NodeId::from_random(entropy::bytes(self.entropy())?);
        let Joining { name, version, counts_alone } = joining;
        let membership = self.membership();
        // A server joins once.
        let _ = membership.this.set(NewNode { id, name, version });
        let _ = membership.started_at.set(self.now());
        if self.store().is_shared() {
            self.verifier().shares().joins(counts_alone);
        }
        Ok(())
    }

    /// The running nodes of this installation, this one first, as the last beat found them.
    pub fn nodes(&self) -> Vec<Node> {
        let membership = self.membership();
        let seen = lock(&membership.seen).clone();
        if !seen.is_empty() {
            return seen;
        }
        let started_at = membership.started_at.get().copied().unwrap_or_else(|| self.now());
        let this = |new: &NewNode| Node {
            id: new.id,
            name: new.name.clone(),
            version: new.version.clone(),
            started_at,
            seen_at: self.now(),
            clock_off: self.clock_off().unwrap_or(Millis(0)),
            is_this: true,
        };
        membership.this.get().map(this).into_iter().collect()
    }

    /// Whether shares of rate limits cannot be settled, because the database cannot be written.
    pub fn limits_are_away(&self) -> bool {
        self.verifier().shares().is_away()
    }

    /// How often it was written that this node is there. A full disk may still take so little.
    pub(crate) fn beats_written(&self) -> u64 {
        self.membership().beats.load(Ordering::Relaxed)
    }

    /// Another node has announced something.
    pub(crate) fn node_announced(&self, by: &str) {
        if self.membership().this.get().is_some_and(|this| this.id.as_str() != by) {
            self.verifier().shares().call();
        }
    }

    /// Keeps this node among the others until `shutdown`.
    pub(crate) async fn keep_nodes(&self, shutdown: &CancellationToken) {
        let Some(this) = self.membership().this.get().filter(|_| self.store().is_shared()) else { return };
        let mut beats = Beats::default();
        let mut beat = Job::new("the beat of this node", BEAT_EVERY);
        let mut settle = Job::new("the settling of rate limits with other nodes", SETTLE_EVERY);
        let shares = self.verifier().shares();
        loop {
            let is_called = tokio::select! {
                due = beat.is_due(shutdown) => {
                    if !due {
                        break;
                    }
                    beat.ended(&self.beat(this, &mut beats).await);
                    while shares.mode() == Mode::Joining && !shutdown.is_cancelled() {
                        tokio::time::sleep(LOOK_EVERY).await;
                        beat.ended(&self.beat(this, &mut beats).await);
                    }
                    continue;
                }
                due = settle.is_due(shutdown) => {
                    if !due {
                        break;
                    }
                    false
                }
                () = shares.called() => true,
            };
            if beats.is_unrecorded || (is_called && shares.mode() == Mode::Whole) {
                // Another node may have arrived.
                beat.ended(&self.beat(this, &mut beats).await);
            } else {
                settle.ended(&self.verifier().settle_shares(&this.id).await);
            }
            if is_called {
                tokio::time::sleep(REST).await;
            }
        }
        if let Err(error) = patiently(self.leave_nodes(&this.id)).await {
            tracing::warn!(%error, "the other nodes will take this one for lost");
        }
    }

    /// Says that this node is there, and acts on what it learns of the others.
    async fn beat(&self, this: &NewNode, beats: &mut Beats) -> Result<()> {
        let asked = self.verifier().uptime();
        let began = self.instant();
        let written = patiently(self.write_beat(this, beats)).await;
        let nodes = match written {
            Ok(nodes) => nodes,
            Err(error) => {
                beats.steady = None;
                self.verifier().shares().cannot_join(true);
                self.confirm_by_reading(&this.id, beats, asked).await;
                return Err(error);
            }
        };
        let since = beats.steady.filter(|(_, last)| began.saturating_duration_since(*last) < PATIENCE);
        beats.steady = Some((since.map_or(began, |(since, _)| since), began));
        self.verifier().shares().cannot_join(false);
        self.note_seen(this, &nodes);
        self.follow_nodes(this, beats, &nodes).await?;
        // Only now: until its shares are on record, this node must not count on because of what it has learnt.
        self.verifier().confirm_shares(asked);
        patiently(self.bury_lost(&this.id, beats, &nodes)).await
    }

    /// Registers, or says that this node is there. If it was lost meanwhile, it keeps only the shares that are still on
    /// record.
    async fn write_beat(&self, this: &NewNode, beats: &mut Beats) -> Result<Nodes> {
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
                return Ok((number, None, tx.nodes().await?));
            };
            let number = own.arrived;
            let is_lost = own.lost_at.is_some();
            if is_lost {
                tx.find_node(&this.id).await?;
            }
            let kept = if is_lost || is_unsure { Some((is_lost, tx.node_shares(&this.id).await?)) } else { None };
            tx.beat(&this.id, off, knows.max(own.knows)).await?;
            Ok::<_, StoreError>((number, kept, nodes))
        };
        let (number, kept, nodes) = self.write(work).await?;
        self.membership().beats.fetch_add(1, Ordering::Relaxed);
        if let Some((is_lost, kept)) = kept {
            if is_lost {
                tracing::warn!(
                    "the other nodes had taken this one for lost; it goes on with the shares that it still has"
                );
            }
            // Others may have come and gone meanwhile, so it has nothing that is not on record.
            self.verifier().share_limits();
            self.verifier().lower_shares(&kept);
            beats.is_unrecorded = false;
        }
        if beats.arrived != Some(number) {
            if beats.arrived.replace(number).is_some() {
                tracing::warn!("the other nodes had forgotten this one; it joins them anew");
                self.verifier().share_limits();
                self.verifier().lower_shares(&[]);
                self.verifier().shares().set_mode(Mode::Joining);
                beats.moved.clear();
                beats.is_unrecorded = false;
            }
            beats.knows = beats.knows.max(number);
        }
        Ok(nodes)
    }

    /// Where the database can be read and not written: whether this node is still counted among the others.
    async fn confirm_by_reading(&self, id: &NodeId, beats: &Beats, asked: Millis) {
        let Ok(nodes) = self.store().nodes().await else { return };
        let is_there = nodes.nodes.iter().any(|node| node.id == *id && node.lost_at.is_none());
        let knows_all = nodes.nodes.iter().all(|node| node.arrived <= beats.knows);
        if is_there && !beats.is_unrecorded && (knows_all || self.verifier().shares().mode() == Mode::Shared) {
            self.verifier().confirm_shares(asked);
        }
    }

    /// Begins and ends to share limits with others, as they come and go.
    async fn follow_nodes(&self, this: &NewNode, beats: &mut Beats, nodes: &Nodes) -> Result<()> {
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
                let forget = async |tx: &mut Tx| tx.remove_limit_shares(&this.id).await;
                patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(forget).await?) }).await?;
            }
            Mode::Shared => {}
        }
        if beats.is_unrecorded && !verifier.is_confirmed() {
            // Others may have taken it for stopped, and the whole limits.
            verifier.share_limits();
            verifier.lower_shares(&[]);
            let forget = async |tx: &mut Tx| tx.remove_limit_shares(&this.id).await;
            patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(forget).await?) }).await?;
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
    async fn record_shares(&self, id: &NodeId, knows: i64, shares: Vec<(LimitPlace, Share)>) -> Result<()> {
        let off = self.clock_off().unwrap_or(Millis(0));
        let mut is_first = true;
        // Even if there are none: an older one may still be on record.
        for together in iter::once(shares.get(..TOGETHER).unwrap_or(&shares)).chain(shares.chunks(TOGETHER).skip(1)) {
            let asked = self.verifier().uptime();
            let rows: Vec<(&LimitPlace, Share)> = together.iter().map(|(place, share)| (place, *share)).collect();
            let put = async |tx: &mut Tx| {
                if is_first {
                    tx.remove_limit_shares(id).await?;
                }
                tx.put_limit_shares(id, &rows).await?;
                tx.beat(id, off, knows).await
            };
            if patiently(async { Ok::<_, Error>(self.write::<_, StoreError>(put).await?) }).await? {
                self.verifier().confirm_shares(asked);
            }
            is_first = false;
        }
        Ok(())
    }

    /// Notes which nodes are lost, and removes the shares of those whose calls no longer count. Only a node that was itself
    /// there all the time may judge: after a failure of the database, nobody has been seen.
    async fn bury_lost(&self, this: &NodeId, beats: &mut Beats, nodes: &Nodes) -> Result<()> {
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
    async fn leave_nodes(&self, id: &NodeId) -> Result<()> {
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

    fn note_seen(&self, this: &NewNode, nodes: &Nodes) {
        let lives = |node: &&NodeRow| node.lost_at.is_none() && nodes.now.since(node.seen_at).0 <= LOST_AFTER.0;
        let mut seen: Vec<Node> = nodes.nodes.iter().filter(lives).map(|node| shown(node, &this.id)).collect();
        seen.sort_by_key(|node| !node.is_this);
        *lock(&self.membership().seen) = seen;
    }
}

fn shown(node: &NodeRow, this: &NodeId) -> Node {
    Node {
        id: node.id,
        name: node.name.clone(),
        version: node.version.clone(),
        started_at: node.started_at,
        seen_at: node.seen_at,
        clock_off: node.clock_off,
        is_this: node.id == *this,
    }
}

/// Fails if the work takes too long.
async fn patiently<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || StoreError::Unavailable(format!("the database did not answer in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, Box::pin(work)).await.map_err(|_| Error::Store(late()))?
}

//! The nodes of an installation. Those on one Postgres say every second that they are there, and so learn who else is. From
//! that follows what each of them may count of a rate limit.
//!
//! A node that is alone has whole limits, and nothing of them is on record. So one that arrives counts nothing until every
//! other node knows of it, and has put its shares on record. A node that could not confirm for 5 seconds that it is still
//! counted among the others stops to count. One that was not seen for 10 seconds is lost; what it may have counted stays on
//! record until it no longer counts.

mod beats;
mod lost;

use std::{
    fmt,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::NodeId,
    node::{LOST_AFTER, Node},
    timestamp::{Millis, Timestamp},
};
use store::{NewNode, NodeRow, Nodes, StoreError};
use tokio_util::sync::CancellationToken;

use self::beats::Beats;
use crate::{
    Error, Result, Service,
    background::Job,
    entropy::{self, EntropyError},
    verify::shards::lock,
    verify::shares::Mode,
};

/// How often a node says that it is there.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How long after a beat for an unknown node there is none for the next. Whoever announces may be in no beat: it may be lost,
/// or of another installation in the same database.
const BEAT_AGAIN: Duration = Duration::from_millis(200);

/// How often shares of rate limits are settled at least.
const SETTLE_EVERY: Duration = Duration::from_millis(250);

/// How long to rest after a settling that somebody asked for, so that others are settled with the next and other writers
/// have their turn: so many times as long as it took, and no longer than this.
const RESTS: u32 = 4;
const REST: Duration = Duration::from_millis(30);

/// How often a node that arrives looks whether the others know it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The longest that a beat may take. One that takes longer must not keep the next from being tried.
const PATIENCE: Duration = Duration::from_secs(3);

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
    /// Whether one has announced something that is not among them.
    has_new: AtomicBool,
    /// How often it was written that this node is there.
    beats: AtomicU64,
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
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

    /// Another node has announced something; `""` if it is not known which, or whether.
    pub(crate) fn node_announced(&self, by: &str) {
        let membership = self.membership();
        if membership.this.get().is_some_and(|this| this.id.as_str() != by) {
            if lock(&membership.seen).iter().all(|node| node.id.as_str() != by) {
                membership.has_new.store(true, Ordering::Release);
            }
            self.verifier().shares().call();
        }
    }

    /// Keeps this node among the others until `shutdown`.
    pub(crate) async fn keep_nodes(&self, shutdown: &CancellationToken) {
        let Some(this) = self.membership().this.get().filter(|_| self.store().is_shared()) else { return };
        let mut beats = Beats::default();
        let mut beaten = None;
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
            let begun = self.instant();
            // Another node may have arrived, and waits until this one knows it.
            let is_rested = beaten.is_none_or(|at| begun.saturating_duration_since(at) >= BEAT_AGAIN);
            let has_new = is_rested && self.membership().has_new.swap(false, Ordering::AcqRel);
            if beats.is_unrecorded || has_new || (is_called && shares.mode() == Mode::Whole) {
                beaten = Some(begun);
                beat.ended(&self.beat(this, &mut beats).await);
            }
            if !beats.is_unrecorded {
                settle.ended(&self.verifier().settle_shares(&this.id).await);
            }
            if is_called {
                let took = self.instant().saturating_duration_since(begun);
                tokio::time::sleep(took.saturating_mul(RESTS).min(REST)).await;
            }
        }
        if let Err(error) = patiently(self.leave_nodes(&this.id, &beats)).await {
            tracing::warn!(%error, "the other nodes will take this one for lost");
        }
    }

    /// Says that this node is there, and acts on what it learns of the others.
    async fn beat(&self, this: &NewNode, beats: &mut Beats) -> Result<()> {
        let mut asked = self.verifier().uptime();
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
        if beats.is_unread {
            asked = self.read_shares(&this.id, beats, asked).await?;
        }
        self.follow_nodes(this, beats, &nodes, asked).await?;
        // Only now: until its shares are on record, this node must not count on because of what it has learnt.
        self.verifier().confirm_shares(asked);
        patiently(self.bury_lost(&this.id, beats, &nodes)).await
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

//! Watching a key over several nodes: those that have watchers ask the others, which tell them of its calls. Both are
//! announcements, of which nothing is kept.

use std::{
    mem,
    time::{Duration, Instant},
};

use domain::ids::KeyId;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Channel, WatchedCall, Watchers};
use crate::{Result, Service, background::Job, entropy, verify::shards::lock};

/// How often other nodes are told what they asked for.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// How often a node asks again for a key that is watched there.
const ASK_EVERY: Duration = Duration::from_secs(4);

/// How long a question counts: one that is lost ends nothing.
const WANTED_FOR: Duration = Duration::from_secs(10);

/// How many calls of a key wait to be told. The others are counted.
const WAITING: usize = 32;

/// What other nodes want to know of a key, and are not told yet.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// When one of them last asked.
    wanted_at: Option<Instant>,
    calls: Vec<WatchedCall>,
    more: u64,
    /// When this node last asked them.
    asked_at: Option<Instant>,
}

impl Elsewhere {
    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted_at.is_some()
    }

    /// Notes a call for them; `None` if it is only counted.
    pub(super) fn note(&mut self, call: Option<&WatchedCall>) {
        match call {
            _ if !self.is_wanted() => {}
            Some(call) if self.calls.len() < WAITING => self.calls.push(call.clone()),
            _ => self.more = self.more.saturating_add(1),
        }
    }

    /// What is due to be said about a key; `None` if there is nothing to say.
    fn turn(&mut self, key: KeyId, is_watched: bool, now: Instant) -> Option<Telling> {
        let is_older = |at: Instant, age| now.saturating_duration_since(at) >= age;
        if self.wanted_at.is_some_and(|at| is_older(at, WANTED_FOR)) {
            (self.wanted_at, self.more) = (None, 0);
            self.calls.clear();
        }
        let asks = is_watched && self.asked_at.is_none_or(|at| is_older(at, ASK_EVERY));
        if asks {
            self.asked_at = Some(now);
        }
        let (calls, more) = (mem::take(&mut self.calls), mem::take(&mut self.more));
        let is_due = asks || more > 0 || !calls.is_empty();
        is_due.then_some(Telling { from: String::new(), key, asks, calls, more })
    }
}

/// What a node says to the others about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Telling {
    /// The node that says it. It hears itself too.
    from: String,
    key: KeyId,
    /// Whether somebody watches there.
    asks: bool,
    /// Calls that came there, and how many more there were.
    calls: Vec<WatchedCall>,
    more: u64,
}

impl Channel {
    /// Whether somebody watches, here or elsewhere.
    pub(super) fn is_used(&self) -> bool {
        self.sender.receiver_count() > 0 || self.elsewhere.is_wanted()
    }
}

impl Watchers {
    /// What is due to be said to the other nodes. Forgets the keys that nobody watches any longer.
    fn turn(&self, now: Instant) -> Vec<Telling> {
        if self.is_idle() {
            return Vec::new();
        }
        let mut channels = lock(&self.channels);
        let due = channels.iter_mut().filter_map(|(key, channel)| {
            let is_watched = channel.sender.receiver_count() > 0;
            channel.elsewhere.turn(*key, is_watched, now)
        });
        let due = due.collect();
        channels.retain(|_, channel| channel.is_used());
        self.count(&channels);
        due
    }

    /// Takes in what a node has said.
    fn heard(&self, told: Telling, now: Instant) {
        if self.name.get() == Some(&told.from) {
            return;
        }
        let mut channels = lock(&self.channels);
        if told.asks {
            channels.entry(told.key).or_insert_with(Channel::new).elsewhere.wanted_at = Some(now);
            self.count(&channels);
        }
        if let Some(channel) = channels.get_mut(&told.key) {
            for call in told.calls {
                channel.hear(call);
            }
            channel.leave_out(told.more);
        }
    }
}

impl Service {
    /// Tells and asks the other nodes until `shutdown`, if there can be any.
    pub(crate) async fn share_watching(&self, shutdown: &CancellationToken) {
        if !self.store().is_shared() {
            return;
        }
        let mut job = Job::new("telling other servers of watched calls", TELL_EVERY);
        loop {
            tokio::select! {
                due = job.is_due(shutdown) => if !due { break },
                () = self.verifier().watchers().is_joined() => {}
            }
            job.ended(&self.tell_elsewhere().await);
        }
    }

    /// Asks other nodes for the calls of the keys that are watched here, and tells them of those that they asked for.
    async fn tell_elsewhere(&self) -> Result<()> {
        let watchers = self.verifier().watchers();
        for telling in watchers.turn(self.instant()) {
            let fresh: [u8; 8] = entropy::bytes(self.entropy())?;
            let from = watchers.name.get_or_init(|| hex::encode(fresh)).clone();
            if let Ok(text) = serde_json::to_string(&Telling { from, ..telling }) {
                self.store().tell_others(&text).await?;
            }
        }
        Ok(())
    }

    /// Takes in what another node has told.
    pub(crate) fn heard(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(told) => self.verifier().watchers().heard(told, self.instant()),
            Err(error) => tracing::debug!(%error, "another server says what this one does not understand"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{timestamp::Timestamp, usage::Edge, verdict::Code};

    use super::super::Seen;
    use super::*;
    use crate::clock::{Clock, still::StillClock};

    fn call(at: i64) -> WatchedCall {
        WatchedCall { at: Timestamp::from_millis(at), code: Code::Valid, address: None, edge: Edge::Verify }
    }

    /// Lets the others hear what each of them has to say.
    fn talk(servers: &[&Arc<Watchers>], now: Instant) {
        for one in servers {
            for telling in one.turn(now) {
                let said = Telling { from: one.name.get().unwrap().clone(), ..telling };
                for hearer in servers {
                    hearer.heard(said.clone(), now);
                }
            }
        }
    }

    fn server(name: &str) -> Arc<Watchers> {
        let watchers = Arc::new(Watchers::default());
        watchers.name.set(name.to_owned()).unwrap();
        watchers
    }

    #[tokio::test]
    async fn a_watcher_sees_each_call_of_another_server_once_and_how_many_more_there_were() {
        let (here, there) = (server("here"), server("there"));
        let both = [&here, &there];
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let now = StillClock::default().instant();
        // People watch at both, which must not go back and forth.
        let mut watches = [here.join(&key), there.join(&key)];
        talk(&both, now);
        talk(&both, now);
        for n in 0..100 {
            there.tell(&key, || call(n));
        }
        for _ in 0..3 {
            talk(&both, now);
        }
        for watch in &mut watches {
            for n in 0..4 {
                assert_eq!(watch.next().await, Some(Seen::Call(call(n))));
            }
            assert_eq!(watch.next().await, Some(Seen::More(96)));
        }
    }

    #[tokio::test]
    async fn a_server_forgets_what_nobody_wants_any_longer() {
        let (here, there) = (server("here"), server("there"));
        let both = [&here, &there];
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let now = StillClock::default().instant();
        let watch = here.join(&key);
        talk(&both, now);
        assert!(!there.is_idle());
        let mut later = now;
        for _ in 0..5 {
            later += ASK_EVERY;
            talk(&both, later);
            assert!(!there.is_idle(), "it is asked again");
        }
        drop(watch);
        assert!(here.is_idle());
        there.tell(&key, || call(1));
        talk(&both, later + WANTED_FOR);
        assert!(there.is_idle());
        there.tell(&key, || panic!("nobody watches"));
    }

    #[test]
    fn what_waits_for_a_database_that_is_away_is_bounded() {
        let there = server("there");
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let now = StillClock::default().instant();
        there.heard(Telling { from: "here".to_owned(), key, asks: true, calls: Vec::new(), more: 0 }, now);
        for second in 0..1_000 {
            there.tell(&key, || call(second * 1_000));
        }
        let [told] = <[Telling; 1]>::try_from(there.turn(now)).unwrap();
        assert_eq!((told.calls.len(), told.more), (WAITING, 1_000 - WAITING as u64));
        assert!(serde_json::to_string(&told).unwrap().len() < 7_999);
    }
}

//! Watching the verdicts of one key as they are given, here or by another node. While nobody watches, this costs a call
//! nothing. While somebody does, most calls of a busy key are only counted, however many watch.

mod elsewhere;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::KeyId,
    timestamp::{Millis, Timestamp},
    usage::Edge,
    verdict::Code,
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, broadcast},
    time::{Interval, MissedTickBehavior, interval},
};

use self::elsewhere::Elsewhere;
use super::shards::lock;

/// How many calls of a key its watchers see in a second. More can be neither read nor sent to many.
const SHOWN: u32 = 4;

/// How often a watcher learns how many calls were left out.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// A watcher that falls further behind than this loses the oldest calls. They are counted like those left out.
const BEHIND: usize = 64;

/// One call of a watched key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedCall {
    /// When the call was decided.
    pub at: Timestamp,
    /// The verdict of the call.
    pub code: Code,
    /// The client's address, if the caller gave one.
    pub address: Option<IpAddr>,
    /// The way in which the call arrived.
    pub edge: Edge,
}

/// What a watcher learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The next call.
    Call(WatchedCall),
    /// This many more calls were left out since the last time.
    More(u64),
}

/// The verdicts of one key from now on. Dropping this ends the watch.
#[derive(Debug)]
pub struct Watch {
    id: KeyId,
    receiver: Option<broadcast::Receiver<WatchedCall>>,
    left_out: Arc<AtomicU64>,
    /// How many of those left out this watcher knows of.
    known: u64,
    /// How many calls it was too slow to see.
    missed: u64,
    ticks: Interval,
    watchers: Arc<Watchers>,
}

impl Watch {
    /// The next calls of the key: a few a second as they are given, and once a second how many more there were. `None`
    /// when the service is gone.
    pub async fn next(&mut self) -> Option<Seen> {
        let receiver = self.receiver.as_mut()?;
        loop {
            tokio::select! {
                biased;
                next = receiver.recv() => match next {
                    Ok(seen) => return Some(Seen::Call(seen)),
                    Err(broadcast::error::RecvError::Lagged(calls)) => self.missed += calls,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                _ = self.ticks.tick() => {
                    let left_out = self.left_out.load(Ordering::Relaxed);
                    let more = left_out.wrapping_sub(self.known).saturating_add(self.missed);
                    (self.known, self.missed) = (left_out, 0);
                    if more > 0 {
                        return Some(Seen::More(more));
                    }
                }
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.receiver = None;
        self.watchers.leave(&self.id);
    }
}

/// Who watches which key.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    /// How many keys are watched. A call for a key that nobody watches reads nothing else.
    keys: AtomicUsize,
    channels: Mutex<HashMap<KeyId, Channel>>,
    /// What other nodes know this one by, once it has said something.
    name: OnceLock<String>,
    /// Somebody begins to watch.
    begun: Notify,
}

/// From the calls of one key to its watchers.
#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<WatchedCall>,
    /// The second in which a call was last sent, and how many were sent in it.
    second: i64,
    sent: u32,
    left_out: Arc<AtomicU64>,
    elsewhere: Elsewhere,
}

impl Channel {
    fn new() -> Self {
        let (sender, elsewhere) = (broadcast::Sender::new(BEHIND), Elsewhere::default());
        Self { sender, second: i64::MIN, sent: 0, left_out: Arc::default(), elsewhere }
    }

    /// A call of this node.
    fn tell(&mut self, seen: WatchedCall) {
        let is_shown = self.shows(&seen);
        self.elsewhere.note(is_shown.then_some(&seen));
        self.send(seen, is_shown);
    }

    /// A call of another node.
    fn hear(&mut self, seen: WatchedCall) {
        let is_shown = self.shows(&seen);
        self.send(seen, is_shown);
    }

    /// Whether a call is among those of its second that are shown.
    fn shows(&mut self, seen: &WatchedCall) -> bool {
        let second = seen.at.millis().div_euclid(Millis::seconds(1).0);
        if second != self.second {
            (self.second, self.sent) = (second, 0);
        }
        let shows = self.sent < SHOWN;
        self.sent += u32::from(shows);
        shows
    }

    fn send(&self, seen: WatchedCall, is_shown: bool) {
        if is_shown {
            // An error means that nobody watches here, or that the last watcher has just left.
            let _ = self.sender.send(seen);
        } else {
            self.leave_out(1);
        }
    }

    fn leave_out(&self, calls: u64) {
        self.left_out.fetch_add(calls, Ordering::Relaxed);
    }
}

impl Watchers {
    pub(crate) fn join(self: &Arc<Self>, key: &KeyId) -> Watch {
        let id = *key;
        let mut ticks = interval(COUNT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut channels = lock(&self.channels);
        let channel = channels.entry(id).or_insert_with(Channel::new);
        let (receiver, left_out) = (Some(channel.sender.subscribe()), Arc::clone(&channel.left_out));
        let known = left_out.load(Ordering::Relaxed);
        self.count(&channels);
        self.begun.notify_one();
        Watch { id, receiver, left_out, known, missed: 0, ticks, watchers: Arc::clone(self) }
    }

    fn leave(&self, id: &KeyId) {
        let mut channels = lock(&self.channels);
        if channels.get(id).is_some_and(|channel| !channel.is_used()) {
            channels.remove(id);
        }
        self.count(&channels);
    }

    /// Waits until somebody begins to watch.
    async fn is_joined(&self) {
        self.begun.notified().await;
    }

    fn count(&self, channels: &HashMap<KeyId, Channel>) {
        self.keys.store(channels.len(), Ordering::Release);
    }

    /// Whether nobody watches any key.
    #[inline]
    fn is_idle(&self) -> bool {
        self.keys.load(Ordering::Acquire) == 0
    }

    /// Notifies the key's watchers, if there are any.
    #[inline]
    pub(crate) fn tell(&self, id: &KeyId, seen: impl FnOnce() -> WatchedCall) {
        if self.is_idle() {
            return;
        }
        if let Some(channel) = lock(&self.channels).get_mut(id) {
            channel.tell(seen());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: i64) -> WatchedCall {
        WatchedCall { at: Timestamp::from_millis(at), code: Code::Valid, address: None, edge: Edge::Verify }
    }

    #[tokio::test]
    async fn a_watcher_sees_its_key_only_and_leaves_nothing_behind() {
        let watchers = Arc::new(Watchers::default());
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        watchers.tell(&key, || panic!("nobody watches"));
        let mut watch = watchers.join(&key);
        watchers.tell(&KeyId::from_random([9; 16]), || panic!("another key"));
        watchers.tell(&key, || call(5));
        assert_eq!(watch.next().await, Some(Seen::Call(call(5))));
        drop(watch);
        assert_eq!(watchers.keys.load(Ordering::Acquire), 0);
        assert!(watchers.channels.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn each_watcher_sees_a_few_calls_a_second_and_how_many_more_there_were() {
        let watchers = Arc::new(Watchers::default());
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let mut both = [watchers.join(&key), watchers.join(&key)];
        for at in [0, 1_000] {
            for n in 0..500 {
                watchers.tell(&key, || call(at + n));
            }
        }
        let mut late = watchers.join(&key);
        for watch in &mut both {
            for at in [0, 1, 2, 3, 1_000, 1_001, 1_002, 1_003] {
                assert_eq!(watch.next().await, Some(Seen::Call(call(at))));
            }
            assert_eq!(watch.next().await, Some(Seen::More(992)));
        }
        // The count also comes if no other call does, and only to those who watched.
        watchers.tell(&key, || call(1_999));
        for watch in &mut both {
            assert_eq!(watch.next().await, Some(Seen::More(1)));
        }
        assert_eq!(late.next().await, Some(Seen::More(1)));
        let silent = tokio::time::timeout(Duration::from_millis(1_500), late.next()).await;
        assert!(silent.is_err(), "nothing more to say");
    }

    #[tokio::test]
    async fn a_slow_watcher_learns_how_many_calls_it_missed() {
        let watchers = Arc::new(Watchers::default());
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let mut watch = watchers.join(&key);
        for second in 0..1_000 {
            watchers.tell(&key, || call(second * 1_000));
        }
        let mut all = 0;
        while all < 1_000 {
            all += match watch.next().await.unwrap() {
                Seen::Call(_) => 1,
                Seen::More(calls) => calls,
            };
        }
        assert_eq!(all, 1_000);
    }
}

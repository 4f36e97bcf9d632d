//! Watching the verdicts of one key as they are given. While nobody watches, this costs a call nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::{ids::KeyId, timestamp::Timestamp, usage::Edge, verdict::Code};
use tokio::sync::broadcast;

use super::shards::lock;

/// A watcher that falls further behind than this loses the oldest calls.
const BEHIND: usize = 64;

/// One call of a watched key.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The verdicts of one key from now on. Dropping this ends the watch.
#[derive(Debug)]
pub struct Watch {
    id: KeyId,
    receiver: Option<broadcast::Receiver<WatchedCall>>,
    watchers: Arc<Watchers>,
}

impl Watch {
    /// The next call of the key. `None` when the service is gone.
    pub async fn next(&mut self) -> Option<WatchedCall> {
        let receiver = self.receiver.as_mut()?;
        loop {
            match receiver.recv().await {
                Ok(seen) => return Some(seen),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
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
    senders: Mutex<HashMap<KeyId, broadcast::Sender<WatchedCall>>>,
}

impl Watchers {
    pub(crate) fn join(self: &Arc<Self>, key: &KeyId) -> Watch {
        let id = *key;
        let mut senders = lock(&self.senders);
        let sender = senders.entry(id).or_insert_with(|| broadcast::Sender::new(BEHIND));
        let receiver = Some(sender.subscribe());
        self.keys.store(senders.len(), Ordering::Release);
        Watch { id, receiver, watchers: Arc::clone(self) }
    }

    fn leave(&self, id: &KeyId) {
        let mut senders = lock(&self.senders);
        if senders.get(id).is_some_and(|s| s.receiver_count() == 0) {
            senders.remove(id);
        }
        self.keys.store(senders.len(), Ordering::Release);
    }

    /// Notifies the key's watchers, if there are any.
    #[inline]
    pub(crate) fn tell(&self, id: &KeyId, seen: impl FnOnce() -> WatchedCall) {
        if self.keys.load(Ordering::Acquire) == 0 {
            return;
        }
        let senders = lock(&self.senders);
        if let Some(sender) = senders.get(id) {
            // An error means that the last watcher has just left.
            let _ = sender.send(seen());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_watcher_sees_its_key_only_and_leaves_nothing_behind() {
        let watchers = Arc::new(Watchers::default());
        let key = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let seen = WatchedCall { at: Timestamp::from_millis(5), code: Code::Valid, address: None, edge: Edge::Verify };
        watchers.tell(&key, || panic!("nobody watches"));
        let mut watch = watchers.join(&key);
        watchers.tell(&KeyId::from_random([9; 16]), || panic!("another key"));
        watchers.tell(&key, || seen.clone());
        assert_eq!(watch.next().await, Some(seen));
        drop(watch);
        assert_eq!(watchers.keys.load(Ordering::Acquire), 0);
        assert!(watchers.senders.lock().unwrap().is_empty());
    }
}

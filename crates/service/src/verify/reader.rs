//! Reads keys from the store, many at a time. Calls that miss the cache while a query runs share the next query.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use domain::ids::KeyId;
use store::{ReadKey, Store, StoreError, StoredKey};
use tokio::sync::oneshot;

use super::shards::lock;
use crate::error::{Error, Result};

/// Keys in one query.
const AT_ONCE: usize = 200;

type Answer = Result<Option<StoredKey>, StoreError>;
type Waiting = HashMap<KeyId, Vec<oneshot::Sender<Answer>>>;

#[derive(Clone)]
pub(super) struct Reader(Arc<Inner>);

struct Inner {
    store: Store,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Waiting,
    /// Whether a task is already serving the queue.
    served: bool,
}

impl Reader {
    pub(super) fn new(store: Store) -> Self {
        Self(Arc::new(Inner { store, queue: Mutex::default() }))
    }

    /// The key, by a query that begins after this call.
    pub(super) async fn read(&self, id: KeyId) -> Result<Option<StoredKey>> {
        let (sender, answer) = oneshot::channel();
        let serve = {
            let mut queue = lock(&self.0.queue);
            queue.waiting.entry(id).or_default().push(sender);
            !std::mem::replace(&mut queue.served, true)
        };
        if serve {
            // In a separate task, because this caller may go away while others wait.
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.serve().await });
        }
        Ok(answer.await.map_err(|error| Error::internal("a read was abandoned", error))??)
    }
}

impl Inner {
    async fn serve(&self) {
        while let Some(mut batch) = self.next() {
            let ids: Vec<KeyId> = batch.keys().copied().collect();
            for ids in ids.chunks(AT_ONCE) {
                let found = self.store.key_records(ids).await;
                answer(&mut batch, ids, found);
            }
        }
    }

    /// Takes everything in the queue. If it is empty, ends the serving before anybody else can join the queue.
    fn next(&self) -> Option<Waiting> {
        let mut queue = lock(&self.queue);
        queue.served = !queue.waiting.is_empty();
        queue.served.then(|| std::mem::take(&mut queue.waiting))
    }
}

fn answer(batch: &mut Waiting, ids: &[KeyId], found: Result<Vec<ReadKey>, StoreError>) {
    match found {
        Ok(keys) => {
            for (id, key) in keys {
                let senders = batch.remove(&id).unwrap_or_default();
                tell(senders, key.map(Some));
            }
            for id in ids {
                tell(batch.remove(id).unwrap_or_default(), Ok(None));
            }
        }
        Err(error) => {
            for id in ids {
                tell(batch.remove(id).unwrap_or_default(), Err(error.clone()));
            }
        }
    }
}

/// Sends the answer to everyone who waits. A failed send means that the caller has gone.
fn tell(mut senders: Vec<oneshot::Sender<Answer>>, answer: Answer) {
    // There is almost always just one, which takes the answer without a copy.
    let Some(last) = senders.pop() else { return };
    for sender in senders {
        drop(sender.send(answer.clone()));
    }
    drop(last.send(answer));
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

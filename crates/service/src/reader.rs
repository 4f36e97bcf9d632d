//! Reads rows by id from the store, many at a time. Whoever asks while a query of their lane runs shares the next query.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    hash::Hash,
    pin::Pin,
    sync::{Arc, Mutex},
};

use domain::{app_profile::ProfiledApp, ids::AppId, ids::KeyId};
use store::{Store, StoreError, StoredKey, lanes::Lanes};
use tokio::sync::oneshot;

use crate::{
    error::{Error, Result},
    same::{gather, tell},
    verify::shards::lock,
};

/// Rows in one query.
const AT_ONCE: usize = 200;

/// What came of a row that was found.
pub(crate) type Found<R> = (<R as Rows>::Id, Result<<R as Rows>::Row, StoreError>);

/// A query under way.
pub(crate) type Reading<'a, R> = Pin<Box<dyn Future<Output = Result<Vec<Found<R>>, StoreError>> + Send + 'a>>;

/// Rows of one sort.
pub(crate) trait Rows: Send + Sync + Sized + 'static {
    type Id: Copy + Eq + Hash + Send + Sync + 'static;
    type Row: Clone + Send + Sync + 'static;

    /// The rows with these ids, without those that there are not.
    fn read<'a>(&'a self, store: &'a Store, ids: &'a [Self::Id]) -> Reading<'a, Self>;
}

/// Keys, with what decides about them.
pub(crate) struct Keys;

impl Rows for Keys {
    type Id = KeyId;
    type Row = StoredKey;

    fn read<'a>(&'a self, store: &'a Store, ids: &'a [KeyId]) -> Reading<'a, Self> {
        Box::pin(store.key_records(ids))
    }
}

/// Apps, with what another family keeps with them.
pub(crate) struct Apps;

impl Rows for Apps {
    type Id = AppId;
    type Row = ProfiledApp;

    fn read<'a>(&'a self, store: &'a Store, ids: &'a [AppId]) -> Reading<'a, Self> {
        Box::pin(async move {
            let found = store.some_profiled_apps(ids).await?;
            Ok(found.into_iter().map(|found| (found.app.id, Ok(found))).collect())
        })
    }
}

type Answer<R> = Result<Option<<R as Rows>::Row>, StoreError>;
type Waiting<R> = HashMap<<R as Rows>::Id, Vec<oneshot::Sender<Answer<R>>>>;

pub(crate) struct Reader<R: Rows>(Lanes<Arc<Inner<R>>>);

struct Inner<R: Rows> {
    store: Store,
    rows: Arc<R>,
    queue: Mutex<Queue<R>>,
}

struct Queue<R: Rows> {
    waiting: Waiting<R>,
    /// How many wait.
    asked: usize,
    /// Whether a task is already serving the queue.
    served: bool,
}

impl<R: Rows> Reader<R> {
    pub(crate) fn new(store: &Store, rows: R) -> Self {
        let rows = Arc::new(rows);
        Self(Lanes::each(|| {
            let queue = Queue { waiting: HashMap::new(), asked: 0, served: false };
            Arc::new(Inner { store: store.clone(), rows: Arc::clone(&rows), queue: Mutex::new(queue) })
        }))
    }

    /// What reads the rows.
    pub(crate) fn rows(&self) -> &R {
        &self.0.own().rows
    }

    /// The row, by a query that begins after this call.
    pub(crate) async fn read(&self, id: R::Id) -> Result<Option<R::Row>> {
        let (sender, answer) = oneshot::channel();
        let lane = self.0.own();
        let serve = {
            let mut queue = lock(&lane.queue);
            queue.waiting.entry(id).or_default().push(sender);
            queue.asked += 1;
            !std::mem::replace(&mut queue.served, true)
        };
        if serve {
            // In a separate task, because this caller may go away while others wait.
            let lane = Arc::clone(lane);
            tokio::spawn(async move { lane.serve().await });
        }
        Ok(answer.await.map_err(|error| Error::internal("a read was abandoned", error))??)
    }
}

impl<R: Rows> Inner<R> {
    async fn serve(&self) {
        loop {
            // Two threads wake each other for each query, and that costs more than the rows of a few keys.
            gather(|| lock(&self.queue).asked).await;
            let Some(mut batch) = self.next() else { return };
            let ids: Vec<R::Id> = batch.keys().copied().collect();
            for ids in ids.chunks(AT_ONCE) {
                let found = self.rows.read(&self.store, ids).await;
                answer::<R>(&mut batch, ids, found);
            }
        }
    }

    /// Takes everything in the queue. If it is empty, ends the serving before anybody else can join the queue.
    fn next(&self) -> Option<Waiting<R>> {
        let mut queue = lock(&self.queue);
        queue.served = !queue.waiting.is_empty();
        queue.asked = 0;
        queue.served.then(|| std::mem::take(&mut queue.waiting))
    }
}

fn answer<R: Rows>(batch: &mut Waiting<R>, ids: &[R::Id], found: Result<Vec<Found<R>>, StoreError>) {
    match found {
        Ok(rows) => {
            for (id, row) in rows {
                let senders = batch.remove(&id).unwrap_or_default();
                tell(senders, row.map(Some));
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

impl<R: Rows> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

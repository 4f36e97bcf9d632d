use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use store::lanes::{self, Lanes};
use store::{ErrorKind, Observe, Pool, SLOW, Slow, Store, StoreError, Tx, Written, failpoint};
use testkit::TestDatabase;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

contract! {
    a_write_is_counted_when_it_is_committed,
    an_error_undoes_the_write,
    a_dropped_write_is_undone,
    a_write_may_be_spawned_and_borrow,
    writers_come_one_at_a_time,
    a_closed_store_is_unavailable,
    a_thread_reads_in_its_lane,
    observers_are_told_of_waits_writes_and_errors,
    observers_are_told_what_took_long,
}

#[tokio::test]
async fn each_engine_has_its_name() {
    for (database, name) in [(TestDatabase::sqlite(), "SQLite"), (TestDatabase::postgres(), "Postgres")] {
        let store = Store::open(database.url()).await.unwrap();
        assert_eq!(store.engine(), name);
        store.close().await;
    }
}

#[test]
fn a_failpoint_that_nobody_armed_does_nothing() {
    for point in failpoint::POINTS {
        failpoint::reached(point);
    }
}

#[test]
fn only_sqlite_has_a_file() {
    assert_eq!(Store::file("sqlite:///var/lib/keystead.db?mode=rwc").unwrap(), Path::new("/var/lib/keystead.db"));
    assert_eq!(Store::file("postgres://localhost/keystead"), None);
    assert_eq!(Store::file("nonsense"), None);
}

async fn a_write_is_counted_when_it_is_committed(store: Store) {
    store.look().await.unwrap();
    assert_eq!(store.write_count(), 0);
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
    assert_eq!(store.clone().write_count(), 1);
}

#[derive(Debug)]
enum Failure {
    OfTheStore,
    OfTheUseCase,
}

impl From<StoreError> for Failure {
    fn from(_: StoreError) -> Self {
        Self::OfTheStore
    }
}

async fn an_error_undoes_the_write(store: Store) {
    let result: Result<(), Failure> = store
        .write(async |tx| {
            tx.put_setting("a", "1").await?;
            assert_eq!(tx.setting("a").await?.as_deref(), Some("1"));
            Err(Failure::OfTheUseCase)
        })
        .await;
    assert!(matches!(result, Err(Failure::OfTheUseCase)));
    assert_eq!(store.setting("a").await.unwrap(), None);
    assert_eq!(store.write_count(), 0);
    // A failed statement rolls back the whole transaction, on both engines.
    let result: Result<(), Failure> = store
        .write(async |tx| {
            tx.put_setting("a", "1").await?;
            let key = store::DataKey {
                purpose: "pepper".to_owned(),
                version: 1,
                wrapped: vec![1],
                created_at: crate::fixtures::NOW,
            };
            tx.insert_data_key(&key).await?;
            tx.insert_data_key(&key).await?;
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(Failure::OfTheStore)));
    assert_eq!(store.setting("a").await.unwrap(), None);
}

async fn a_dropped_write_is_undone(store: Store) {
    let write = store.write(async |tx| {
        tx.put_setting("a", "1").await?;
        std::future::pending::<Result<(), StoreError>>().await
    });
    assert!(tokio::time::timeout(Duration::from_millis(300), write).await.is_err());
    // The lock is free again, and nothing was kept.
    store.write(async |tx| tx.put_setting("b", "2").await).await.unwrap();
    assert_eq!(store.setting("a").await.unwrap(), None);
    assert_eq!(store.write_count(), 1);
}

async fn a_write_may_be_spawned_and_borrow(store: Store) {
    let value = Arc::new("1".to_owned());
    let task = tokio::spawn({
        let (store, value) = (store.clone(), value.clone());
        async move {
            let borrowed: &str = &value;
            store.write(async |tx| tx.put_setting("a", borrowed).await).await
        }
    });
    task.await.unwrap().unwrap();
    assert_eq!(store.setting("a").await.unwrap().as_ref(), Some(&*value));
}

async fn writers_come_one_at_a_time(store: Store) {
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(async |tx| {
                        // Read, then decide: a lost update would show in the sum.
                        let before: u32 = tx.setting("n").await?.map_or(0, |n| n.parse().unwrap());
                        tokio::task::yield_now().await;
                        tx.put_setting("n", &(before + 1).to_string()).await
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.setting("n").await.unwrap().as_deref(), Some("20"));
}

async fn a_closed_store_is_unavailable(store: Store) {
    store.close().await;
    assert!(matches!(store.look().await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.broken_write_count(), 0);
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap_err();
    assert_eq!(store.broken_write_count(), 1);
}

#[tokio::test]
async fn urls_that_are_none_are_refused() {
    for url in ["", "mysql://x", "sqlite::memory:", "sqlite://x?mode=memory", "/a/path"] {
        assert!(matches!(Store::open(url).await, Err(StoreError::Url(_))), "{url}");
    }
    let nowhere = Store::open("sqlite:///no-such-folder/file.db").await.unwrap_err().to_string();
    assert!(nowhere.contains("/no-such-folder/file.db cannot be opened"), "{nowhere}");
    let nowhere = Store::open("postgres://keystead@127.0.0.1:1/none").await.unwrap_err();
    assert!(nowhere.may_pass(), "{nowhere:?}");
}

#[tokio::test]
async fn a_database_is_opened_again_and_by_two_at_once() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres()] {
        let (one, two) = tokio::join!(Store::open(database.url()), Store::open(database.url()));
        let (one, two) = (one.unwrap(), two.unwrap());
        one.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
        assert_eq!(two.setting("a").await.unwrap().as_deref(), Some("1"));
        one.close().await;
        two.close().await;
        let again = Store::open(database.url()).await.unwrap();
        assert_eq!(again.setting("a").await.unwrap().as_deref(), Some("1"));
        again.close().await;
    }
}

/// Writes down what it is told.
#[derive(Default)]
struct Told {
    waited: Mutex<Vec<Pool>>,
    failed: Mutex<Vec<ErrorKind>>,
    wrote: Mutex<Vec<Written>>,
    waiting: Mutex<Vec<i64>>,
    slow: Mutex<Vec<Slow>>,
}

impl Observe for Told {
    fn waited(&self, pool: Pool, _: Duration) {
        self.waited.lock().unwrap().push(pool);
    }

    fn failed(&self, kind: ErrorKind) {
        self.failed.lock().unwrap().push(kind);
    }

    fn wrote(&self, outcome: Written) {
        self.wrote.lock().unwrap().push(outcome);
    }

    fn writers_waiting(&self, more: i64) {
        self.waiting.lock().unwrap().push(more);
    }

    fn slow(&self, slow: Slow) {
        self.slow.lock().unwrap().push(slow);
    }
}

async fn a_thread_reads_in_its_lane(store: Store) {
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
    let made = AtomicU32::new(0);
    let lanes = Lanes::each(|| made.fetch_add(1, Ordering::Relaxed));
    assert_eq!(*lanes.own(), 0);
    let runtime = Handle::current();
    let (calls, of_thread) = (store.for_calls(), lanes.clone());
    let second = move || {
        lanes::take(3);
        (*of_thread.own(), runtime.block_on(calls.setting("a")).unwrap())
    };
    let of_second = spawn_blocking(|| thread::spawn(second).join().unwrap()).await.unwrap();
    assert_eq!(of_second, (1, Some("1".to_owned())));
    assert_eq!(store.for_calls().setting("a").await.unwrap().as_deref(), Some("1"));
}

async fn observers_are_told_of_waits_writes_and_errors(store: Store) {
    let told = Arc::new(Told::default());
    let other = Arc::new(Told::default());
    store.observed_by(Arc::clone(&told) as Arc<dyn Observe>);
    store.observed_by(Arc::clone(&other) as Arc<dyn Observe>);
    store.setting("a").await.unwrap();
    store.for_calls().setting("a").await.unwrap();
    store.for_writes().setting("a").await.unwrap();
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
    let refused: Result<(), Failure> = store.write(async |_| Err(Failure::OfTheUseCase)).await;
    refused.unwrap_err();
    assert_eq!(*told.waited.lock().unwrap(), [Pool::Pages, Pool::Calls, Pool::Writer, Pool::Writer, Pool::Writer]);
    assert_eq!(*told.wrote.lock().unwrap(), [Written::Committed, Written::RolledBack]);
    assert_eq!(*told.waiting.lock().unwrap(), [1, -1, 1, -1]);
    assert!(told.failed.lock().unwrap().is_empty());
    assert_eq!(*other.waiting.lock().unwrap(), [1, -1, 1, -1]);
    store.close().await;
    store.setting("a").await.unwrap_err();
    store.write(async |tx| tx.put_setting("a", "2").await).await.unwrap_err();
    assert_eq!(*told.failed.lock().unwrap(), [ErrorKind::Unavailable; 2]);
    assert_eq!(*told.wrote.lock().unwrap(), [Written::Committed, Written::RolledBack, Written::Broken]);
}

async fn observers_are_told_what_took_long(store: Store) {
    let told = Arc::new(Told::default());
    store.observed_by(Arc::clone(&told) as Arc<dyn Observe>);
    let long = async |tx: &mut Tx| {
        tokio::time::sleep(SLOW).await;
        tx.put_setting("a", "1").await
    };
    store.clone().write(long).await.unwrap();
    store.for_calls().setting("a").await.unwrap();
    let heard = told.slow.lock().unwrap().clone();
    let wrote: Vec<&Slow> = heard.iter().filter(|slow| slow.writes).collect();
    assert_eq!(wrote.len(), 1, "{heard:?}");
    assert_eq!(wrote[0].name, "observers_are_told_what_took_long");
    assert!(wrote[0].engine == store.engine() && wrote[0].took >= SLOW);
    // On a busy machine, the read may be slow too.
    assert!(heard.iter().filter(|slow| !slow.writes).all(|slow| slow.name == "setting"), "{heard:?}");
}

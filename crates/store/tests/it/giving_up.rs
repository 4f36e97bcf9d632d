//! Timeouts: a write that waits for another process, and a server that never answers.

use std::time::Duration;

use store::{Store, StoreError};
use testkit::TestDatabase;
use tokio::sync::Notify;
use tokio::time::timeout;

async fn who_gives_up_waiting_holds_nothing(database: TestDatabase) {
    let open = async || Store::open(database.url()).await.unwrap();
    let (holder, waiter, other) = (open().await, open().await, open().await);
    let (held, release) = (Notify::new(), Notify::new());
    let holding = Box::pin(holder.write(async |tx| {
        tx.put_setting("a", "1").await?;
        held.notify_one();
        release.notified().await;
        Ok::<_, StoreError>(())
    }));
    let giving_up = Box::pin(async {
        held.notified().await;
        let write = waiter.write(async |tx| tx.put_setting("b", "1").await);
        timeout(Duration::from_millis(300), write).await.unwrap_err();
        release.notify_one();
    });
    let (done, ()) = tokio::join!(holding, giving_up);
    done.unwrap();
    let next = other.write(async |tx| tx.put_setting("c", "1").await);
    timeout(Duration::from_mins(1), next).await.unwrap().unwrap();
    assert_eq!(other.setting("b").await.unwrap(), None);
    for store in [holder, waiter, other] {
        store.close().await;
    }
}

/// A server that accepts connections and never answers.
#[tokio::test]
async fn a_silent_server_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://keystead@{}/keystead", silent.local_addr().unwrap());
    let opened = timeout(Duration::from_secs(20), Store::open(&url)).await.unwrap();
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_waiting_holds_nothing_on_sqlite() {
    who_gives_up_waiting_holds_nothing(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_waiting_holds_nothing_on_postgres() {
    who_gives_up_waiting_holds_nothing(TestDatabase::postgres()).await;
}

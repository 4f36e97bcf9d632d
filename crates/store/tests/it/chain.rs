//! The audit chain: it has no gaps, and no change without Keystead goes unnoticed.

use domain::audit::Action;
use store::{ChainCheck, Store, StoreError};
use testkit::TestDatabase;

use crate::fixtures::{all, event, intact, key_id, mac, mac_of_version};

async fn twenty_writers(database: TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let key = key_id();
                for n in 0..10 {
                    let result = store
                        .write(async |tx| {
                            tx.record(&event(&key, Action::KeyEdited), &mac, 1).await?;
                            tx.record(&event(&key, Action::KeyDisabled), &mac, 1).await?;
                            // Some writers roll back after they took a number in the sequence.
                            if (writer + n) % 5 == 0 {
                                Err(StoreError::Failed("on purpose".to_owned()))
                            } else {
                                Ok(())
                            }
                        })
                        .await;
                    assert!(matches!(result, Ok(()) | Err(StoreError::Failed(_))), "{result:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(intact(&store).await, Some(320));
    let rows = store.recent_audit(&all(), 1_000).await.unwrap();
    assert!(rows.iter().map(|row| row.seq).eq((1..=320).rev()));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_writers_leave_no_hole_on_sqlite() {
    twenty_writers(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_writers_leave_no_hole_on_postgres() {
    twenty_writers(TestDatabase::postgres()).await;
}

/// Adds a copy of the last event at this place.
macro_rules! copy {
    ($seq:literal) => {
        concat!(
            "INSERT INTO audit_event SELECT ",
            $seq,
            ", at, app_id, actor_kind, actor_id, actor_label, action, subject_kind, subject_id, subject_label, \
             changes, note, address, key_version, link, form, key_kind FROM audit_event WHERE seq = 9"
        )
    };
}

/// What somebody with access to the database could do, and the event at which it shows.
const TAMPERING: [(&str, i64); 13] = [
    ("UPDATE audit_event SET actor_label = 'nobody' WHERE seq = 5", 5),
    ("UPDATE audit_event SET at = at + 1 WHERE seq = 1", 1),
    ("UPDATE audit_event SET note = 'x' WHERE seq = 9", 9),
    ("UPDATE audit_event SET subject_id = subject_id || subject_label, subject_label = '' WHERE seq = 7", 7),
    ("UPDATE audit_event SET key_version = 1, changes = '[]' WHERE seq = 3", 3),
    ("UPDATE audit_event SET key_kind = '' WHERE seq = 2", 2),
    ("UPDATE audit_event SET form = 1 WHERE seq = 6", 6),
    ("DELETE FROM audit_event WHERE seq = 4", 4),
    ("DELETE FROM audit_event WHERE seq = 9", 9),
    ("UPDATE audit_head SET seq = 8", 8),
    (copy!(10), 10),
    (copy!(0), 0),
    ("UPDATE audit_event SET seq = CASE seq WHEN 5 THEN -6 ELSE -5 END WHERE seq IN (5, 6)", 5),
];

async fn tampering_shows(make: fn() -> TestDatabase) {
    for (statement, seq) in TAMPERING {
        let database = make();
        let store = Store::open(database.url()).await.unwrap();
        let key = key_id();
        for _ in 0..9 {
            store.write(async |tx| tx.record(&event(&key, Action::KeyEdited), &mac, 1).await).await.unwrap();
        }
        assert_eq!(intact(&store).await, Some(9));
        database.execute(statement).await;
        assert_eq!(
            store.verify_chain(&mac_of_version, &|_, _| {}).await.unwrap(),
            ChainCheck::Broken { seq },
            "{statement}"
        );
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_shows_on_sqlite() {
    tampering_shows(TestDatabase::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_shows_on_postgres() {
    tampering_shows(TestDatabase::postgres).await;
}

#[tokio::test]
async fn an_event_of_a_later_version_ends_the_walk_without_blame() {
    let database = TestDatabase::sqlite();
    let store = Store::open(database.url()).await.unwrap();
    for _ in 0..3 {
        store.write(async |tx| tx.record(&event(&key_id(), Action::KeyEdited), &mac, 1).await).await.unwrap();
    }
    database.execute("UPDATE audit_event SET form = 99 WHERE seq = 2").await;
    assert_eq!(store.verify_chain(&mac_of_version, &|_, _| {}).await.unwrap(), ChainCheck::Newer { seq: 2 });
    store.close().await;
}

#[tokio::test]
async fn another_audit_key_does_not_fit() {
    let database = TestDatabase::sqlite();
    let store = Store::open(database.url()).await.unwrap();
    store.write(async |tx| tx.record(&event(&key_id(), Action::KeyEdited), &mac, 1).await).await.unwrap();
    let another = |_: i64, bytes: &[u8]| Some(mac(&[bytes, b"!"].concat()));
    assert_eq!(store.verify_chain(&another, &|_, _| {}).await.unwrap(), ChainCheck::Broken { seq: 1 });
    store.close().await;
}

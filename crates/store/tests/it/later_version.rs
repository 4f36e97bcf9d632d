//! Rows that a later version wrote. Each is odd on its own, and does not affect any other.

use domain::audit::Action;
use domain::list::KeyQuery;
use domain::names::Word;
use store::{Store, StoreError};
use testkit::TestDatabase;

use crate::fixtures::{NOW, all, event, insert, key, key_id, mac, whole, with_app};

async fn an_odd_key_fails_alone(database: TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    let app = with_app(&store).await;
    let keys = ["kind", "permission", "limit", "mac", "good"].map(|name| key(&app, name));
    insert(&store, &keys).await;
    for statement in [
        "UPDATE api_key SET kind = 'sausage' WHERE name = 'kind'",
        "UPDATE api_key SET permissions = '[\"Not A Permission\"]' WHERE name = 'permission'",
        "UPDATE api_key SET limits = '[{\"colour\":1}]' WHERE name = 'limit'",
        "UPDATE key_secret SET last4 = 'odd!', mac = substr(mac, 2) WHERE key_id = (SELECT id FROM api_key WHERE name = 'mac')",
    ] {
        database.execute(statement).await;
    }
    let ids = keys.each_ref().map(|key| key.id);
    let mut read = store.key_records(&ids).await.unwrap();
    read.sort_by_key(|(id, _)| ids.iter().position(|known| known == id));
    let outcomes: Vec<_> = read.into_iter().map(|(_, key)| matches!(key, Err(StoreError::Corrupt(_)))).collect();
    assert_eq!(outcomes, [true, true, true, true, false]);
    let page = store.list_keys(&whole(&app), &KeyQuery::default(), NOW).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["good", "limit", "mac", "permission"], "a list shows no permissions and no limits");
    store.close().await;
}

async fn an_odd_event_hides_no_other(database: TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    for _ in 0..2 {
        store.write(async |tx| tx.record(&event(&key_id(), Action::KeyIssued), &mac, 1).await).await.unwrap();
    }
    database.execute(
        "UPDATE audit_event SET action = 'key.painted', actor_kind = 'robot', subject_kind = 'planet', changes = '[{}]' \
         WHERE seq = 2",
    )
    .await;
    let rows = store.recent_audit(&all(), 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].action, Word::Other("key.painted".to_owned()));
    assert_eq!(rows[0].actor_kind, Word::Other("robot".to_owned()));
    assert_eq!(rows[0].subject.kind, Word::Other("planet".to_owned()));
    assert!(rows[0].changes.is_empty());
    assert_eq!(rows[1].action, Action::KeyIssued);
    store.close().await;
}

#[tokio::test]
async fn an_odd_key_fails_alone_on_sqlite() {
    an_odd_key_fails_alone(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn an_odd_key_fails_alone_on_postgres() {
    an_odd_key_fails_alone(TestDatabase::postgres()).await;
}

#[tokio::test]
async fn an_odd_event_hides_no_other_on_sqlite() {
    an_odd_event_hides_no_other(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn an_odd_event_hides_no_other_on_postgres() {
    an_odd_event_hides_no_other(TestDatabase::postgres()).await;
}

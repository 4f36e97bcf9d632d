//! Rows that a later version wrote. Each is odd on its own, and does not affect any other.

use domain::audit::Action;
use domain::delivery::{About, DeliveryQuery};
use domain::draft::KeyDraft;
use domain::ids::{AppId, ContactId, DeliveryId, EventId, IntegrationId, PersonId, RoomId, WebhookId};
use domain::list::KeyQuery;
use domain::names::Word;
use domain::participant::Who;
use domain::person::PersonQuery;
use domain::request::RequestQuery;
use domain::role::Role;
use domain::sight::Scope;
use domain::webhook::Trigger;
use store::{Lock, Store, StoreError};
use testkit::TestDatabase;

use crate::fixtures::{NOW, all, event, insert, key, key_id, mac, person, whole, with_app};

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

/// Runs a statement that is put together here.
async fn execute(database: &TestDatabase, statement: String) {
    database.execute(Box::leak(statement.into_boxed_str())).await;
}

/// Adds two rows, the second one with a word that only a later version knows: `{id}` and `{word}` are theirs.
async fn good_and_odd(database: &TestDatabase, row: &str, ids: [String; 2], word: &str) {
    for (id, word) in ids.iter().zip([word, "of-a-later-version"]) {
        execute(database, row.replace("{id}", id).replace("{word}", word)).await;
    }
}

/// One test of each table with words, beside those of keys and of the record.
async fn an_odd_row_hides_no_other(database: TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    let app = with_app(&store).await;
    people_and_invites(&database, &store).await;
    contacts_and_rooms(&database, &store, &app).await;
    integrations_and_what_they_tell(&database, &store, &app).await;
    what_waits_for_somebody(&database, &store, &app).await;
    store.close().await;
}

async fn people_and_invites(database: &TestDatabase, store: &Store) {
    for email in ["good@example.com", "odd@example.com"] {
        let person = person(email, Role::Auditor);
        store.write(async |tx| tx.insert_person(&person).await).await.unwrap();
    }
    database.execute("UPDATE person SET role = 'of-a-later-version' WHERE email = 'odd@example.com'").await;
    let lock = Lock { now: NOW, latest: NOW, failures: 100 };
    let people = store.list_people(&PersonQuery::default(), &Scope::All, lock).await.unwrap().rows;
    assert_eq!(people.iter().map(|row| row.email.as_str()).collect::<Vec<_>>(), ["good@example.com"]);
    let odd = store.person_by_email("odd@example.com").await;
    assert!(matches!(odd, Err(StoreError::Corrupt(_))), "this person alone cannot use an older server");

    let row = "INSERT INTO invite (id, email, name, role, keys, made_by_id, made_by_label, created_at, expires_at) \
               VALUES ('{id}', '{id}@example.com', 'n', '{word}', '[]', '', 'm', 1, 2)";
    let ids = [1, 2].map(|n| PersonId::from_random([n; 12]).to_string());
    good_and_odd(database, row, ids, Role::Auditor.as_str()).await;
    assert_eq!(store.invites().await.unwrap().len(), 1);
}

async fn contacts_and_rooms(database: &TestDatabase, store: &Store, app: &AppId) {
    let ids = [1, 2].map(|n| ContactId::from_random([n; 12]));
    let row = format!(
        "INSERT INTO contact (id, app_id, identifier, first_name, last_name, name_key, last_key, kind, is_admin, status, \
         created_at) VALUES ('{{id}}', '{app}', '{{id}}', 'a', 'b', 'a b', 'b', '{{word}}', 0, 'active', 1)"
    );
    good_and_odd(database, &row, ids.map(|id| id.to_string()), "client").await;
    assert_eq!(store.contacts_by_id(&ids).await.unwrap().len(), 1);

    let room = RoomId::from_random([7; 12]);
    let row = format!(
        "INSERT INTO participant (room_id, client_key, nick_name, grade, contact_id, joined_at, left_at, muted_at, banned_at) \
         VALUES ('{room}', '{{id}}', 'n', '{{word}}', '', 1, 0, 0, 0)"
    );
    good_and_odd(database, &row, ["one", "two"].map(str::to_owned), "user").await;
    assert_eq!(store.participants(&room, Who::Joined, 9).await.unwrap().len(), 1);

    let row = format!(
        "INSERT INTO message (room_id, seq, kind, author_kind, author_id, author_name, text, reply_to, to_key, attachment_id, \
         created_at) VALUES ('{room}', {{id}}, '{{word}}', 'contact', '', 'n', 't', 0, '', '', 1)"
    );
    good_and_odd(database, &row, ["1", "2"].map(str::to_owned), "text").await;
    assert_eq!(store.messages(&room, 1, 9, 9).await.unwrap().len(), 1);
    assert_eq!(store.latest_messages(&room, 9).await.unwrap().len(), 1);
}

async fn integrations_and_what_they_tell(database: &TestDatabase, store: &Store, app: &AppId) {
    let integration = IntegrationId::from_random([3; 12]);
    execute(
        database,
        format!(
            "INSERT INTO integration (id, app_id, kind, name, name_key, status, extra, created_at) \
             VALUES ('{integration}', '{app}', 'custom', 'n', 'n', 'active', '', 1)"
        ),
    )
    .await;
    let row = format!(
        "INSERT INTO webhook (id, app_id, integration_id, target, triggers, sealed, seal_version, include_full_user, \
         include_full_source, created_at) SELECT '{{id}}', '{app}', '{integration}', 'https://example.com/', '[\"{{word}}\"]', \
         email_mac, 1, 0, 0, 1 FROM person WHERE email = 'good@example.com'"
    );
    let trigger = Trigger::ALL[0];
    let webhooks = [4, 5].map(|n| WebhookId::from_random([n; 12]));
    good_and_odd(database, &row, webhooks.map(|id| id.to_string()), trigger.as_str()).await;
    let hooks = store.hooks_for(&[*app], Trigger::ALL).await.unwrap();
    assert_eq!(hooks.iter().map(|hook| (hook.webhook_id, hook.trigger)).collect::<Vec<_>>(), [(webhooks[0], trigger)]);
    assert_eq!(store.webhooks_of(&[integration]).await.unwrap().len(), 2, "it is told nothing, and can be seen");

    let about = About::Room(RoomId::from_random([7; 12])).words();
    let row = format!(
        "INSERT INTO delivery (n, id, app_id, integration_id, webhook_id, trigger_name, about, lane, state, tries, created_at, \
         due_at, lease, done_at, status, answer, failure) SELECT COALESCE(MAX(n), 0) + 1, '{{id}}', '{app}', '{integration}', \
         '{}', '{{word}}', '{about}', 'l', 'waiting', 0, 1, 1, '', 0, 0, '', '' FROM delivery",
        webhooks[0]
    );
    let ids = [1, 2].map(|n| DeliveryId::from_random([n; 12]).to_string());
    good_and_odd(database, &row, ids, trigger.as_str()).await;
    let query = DeliveryQuery { rows: 9, ..DeliveryQuery::default() };
    assert_eq!(store.list_deliveries(&integration, &query).await.unwrap().rows.len(), 1);

    let key = key_id();
    let row = format!(
        "INSERT INTO event (integration_id, seq, id, app_id, kind, key_id, key_name, name, crm_id, agent_id, data, origin, \
         address, at) SELECT '{integration}', COALESCE(MAX(seq), 0) + 1, '{{id}}', '{app}', '{{word}}', '{key}', 'k', 'n', 'c', \
         '', '{{}}', '', '', 1 FROM event"
    );
    let ids = [1, 2].map(|n| EventId::from_random([n; 12]).to_string());
    good_and_odd(database, &row, ids, "service").await;
    assert_eq!(store.events_between(&integration, 1, 9, 9).await.unwrap().len(), 1);
}

async fn what_waits_for_somebody(database: &TestDatabase, store: &Store, app: &AppId) {
    let fields = serde_json::to_string(&KeyDraft::default()).unwrap();
    let keys = [key_id(), key_id()].map(|id| id.to_string());
    let row = format!(
        "INSERT INTO hand_over (key_id, app_id, kind, key_name, fields, form_id, recipient, made_by_id, made_by_label, \
         created_at, expires_at) VALUES ('{{id}}', '{app}', '{{word}}', 'n', '{fields}', '{{id}}', 'r', '', 'm', 1, 2)"
    );
    good_and_odd(database, &row, keys.clone(), "service").await;
    assert_eq!(store.hand_overs().await.unwrap().len(), 1);

    let row = format!(
        "INSERT INTO key_request (key_id, app_id, kind, key_name, fields, form_id, reason, asked_by_id, asked_by_label, \
         created_at, state, until) VALUES ('{{id}}', '{app}', '{{word}}', 'n', '{fields}', '{{id}}', 'r', '', 'a', 1, \
         'waiting', 9)"
    );
    good_and_odd(database, &row, keys, "service").await;
    let visitor = PersonId::from_random([9; 12]);
    let page = store.list_key_requests(&all(), &RequestQuery::default(), Some(&visitor)).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(store.key_requests_waiting_for(&all(), &visitor, None, 9).await.unwrap().len(), 1);
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

#[tokio::test]
async fn an_odd_row_hides_no_other_on_sqlite() {
    an_odd_row_hides_no_other(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn an_odd_row_hides_no_other_on_postgres() {
    an_odd_row_hides_no_other(TestDatabase::postgres()).await;
}

//! Which databases are opened, and which go on being used.

use std::fs::{self, File};
use std::time::Duration;

use store::{Opening, Schema, Store, StoreError};
use testkit::TestDatabase;
use tokio::time::timeout;

fn both() -> [TestDatabase; 2] {
    [TestDatabase::empty_sqlite(), TestDatabase::empty_postgres()]
}

async fn open(database: &TestDatabase, schema: Schema) -> Result<Store, StoreError> {
    Store::open_as(Opening { url: database.url(), connections: Some(1), schema }).await
}

async fn refusal(database: &TestDatabase, schema: Schema) -> String {
    let refused = open(database, schema).await.unwrap_err();
    assert!(matches!(refused, StoreError::Migration(_)), "{refused}");
    refused.to_string()
}

#[tokio::test]
async fn only_who_may_updates_an_older_schema() {
    for database in both() {
        open(&database, Schema::Keep).await.expect("an empty database gets its schema").close().await;
        database
            .execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)")
            .await;
        let refused = refusal(&database, Schema::Keep).await;
        assert!(refused.contains("older version") && refused.contains("keystead migrate"), "{refused}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_words() {
    for database in both() {
        open(&database, Schema::Update).await.unwrap().close().await;
        database.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await;
        for schema in [Schema::Keep, Schema::Update] {
            let refused = refusal(&database, schema).await;
            assert!(refused.contains("a newer Keystead"), "{refused}");
        }
    }
}

/// The release after this one may have updated it, so that both work side by side.
#[tokio::test]
async fn a_newer_schema_is_used_until_it_asks_for_a_newer_generation() {
    for database in both() {
        open(&database, Schema::Update).await.unwrap().close().await;
        database
            .execute(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 SELECT 9999, 'of a later release', success, checksum, execution_time FROM _sqlx_migrations \
                 WHERE version = 1",
            )
            .await;
        for schema in [Schema::Keep, Schema::Update] {
            let store = open(&database, schema).await.unwrap();
            assert_eq!(store.unknown_migration().await.unwrap(), Some(9999));
            store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
            store.close().await;
        }
        database.execute("INSERT INTO setting VALUES ('least_generation', '1')").await;
        open(&database, Schema::Update).await.unwrap().close().await;
        database.execute("UPDATE setting SET value = '4000000000' WHERE name = 'least_generation'").await;
        for schema in [Schema::Keep, Schema::Update] {
            let refused = open(&database, schema).await.unwrap_err();
            assert!(matches!(refused, StoreError::TakenOver(_)), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_newer_generation_ends_all_reads_and_writes_until_it_is_gone() {
    for database in both() {
        let store = Store::open(database.url()).await.unwrap();
        store.look().await.unwrap();
        database.execute("INSERT INTO setting VALUES ('least_generation', '4000000000')").await;
        store.look().await.unwrap_err();
        let read = store.setting("a").await.unwrap_err();
        assert!(matches!(read, StoreError::TakenOver(_)), "{read}");
        let written = store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap_err();
        assert!(matches!(written, StoreError::TakenOver(_)), "{written}");
        database.execute("DELETE FROM setting WHERE name = 'least_generation'").await;
        store.look().await.unwrap();
        assert_eq!(store.setting("a").await.unwrap(), None, "nothing was written");
        store.close().await;
    }
}

/// Everything works on a single connection, one after the other.
#[tokio::test]
async fn one_connection_is_enough() {
    for database in both() {
        let store = open(&database, Schema::Update).await.unwrap();
        for n in 1..=3 {
            store.write(async |tx| tx.bump_version().await).await.unwrap();
            assert_eq!(store.look().await.unwrap().version, n);
            assert_eq!(store.for_calls().setting("a").await.unwrap(), None);
            assert_eq!(store.unknown_migration().await.unwrap(), None);
        }
        store.close().await;
    }
}

#[tokio::test]
async fn only_the_own_installation_is_used() {
    for database in both() {
        database_with_mark(&database).await;
        let store = Store::open(database.url()).await.unwrap();
        store.look().await.expect("no mark is known yet");
        store.belongs_to("ours");
        store.look().await.unwrap();
        database.execute("UPDATE setting SET value = 'theirs' WHERE name = 'installation'").await;
        let elsewhere = store.look().await;
        assert!(matches!(elsewhere, Err(StoreError::Elsewhere(_))), "{elsewhere:?}");
        let read = timeout(Duration::from_secs(1), store.setting("installation")).await.unwrap();
        assert!(matches!(read, Err(StoreError::Elsewhere(_))), "{read:?}");
        let write = timeout(Duration::from_secs(1), store.write(async |tx| tx.put_setting("a", "1").await));
        assert!(matches!(write.await.unwrap(), Err(StoreError::Elsewhere(_))));
        database.execute("UPDATE setting SET value = 'ours' WHERE name = 'installation'").await;
        store.look().await.unwrap();
        assert_eq!(store.setting("a").await.unwrap(), None, "nothing was written");
        store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
        store.close().await;
    }
}

async fn database_with_mark(database: &TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    store.write(async |tx| tx.put_setting("installation", "ours").await).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_away_keeps_nobody_waiting_and_is_found_again() {
    let database = TestDatabase::empty_postgres();
    let store = Store::open(database.url()).await.unwrap();
    store.look().await.unwrap();
    database.stop();
    store.look().await.unwrap_err();
    for store in [store.clone(), store.for_calls()] {
        let read = timeout(Duration::from_millis(300), store.setting("a")).await;
        read.expect("an answer at once").unwrap_err();
    }
    database.start();
    store.look().await.unwrap();
    assert_eq!(store.setting("a").await.unwrap(), None);
    store.close().await;
}

#[tokio::test]
async fn a_read_only_server_is_not_used() {
    let database = TestDatabase::empty_postgres();
    let store = Store::open(database.url()).await.unwrap();
    store.look().await.unwrap();
    database.execute("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$").await;
    database.stop();
    store.look().await.unwrap_err();
    database.start();
    let elsewhere = store.look().await;
    assert!(matches!(&elsewhere, Err(StoreError::Elsewhere(why)) if why.contains("read-only")), "{elsewhere:?}");
    store.close().await;
}

#[tokio::test]
async fn only_utf8_can_hold_what_is_written() {
    let database = TestDatabase::empty_postgres();
    let name = database.url().split("localhost/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    // One of a kind in this process.
    database.execute("CREATE DATABASE in_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await;
    let url = database.url().replace(&format!("/{name}?"), "/in_latin1?");
    let refused = Store::open(&url).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unfit(why) if why.contains("LATIN1") && why.contains("UTF8")), "{refused}");
    database.execute("DROP DATABASE in_latin1").await;
}

fn file(database: &TestDatabase) -> std::path::PathBuf {
    Store::file(database.url()).unwrap()
}

#[tokio::test]
async fn a_file_that_was_replaced_is_noticed() {
    let database = TestDatabase::empty_sqlite();
    let store = Store::open(database.url()).await.unwrap();
    store.look().await.unwrap();
    let copy = file(&database).with_extension("copy");
    fs::copy(file(&database), &copy).unwrap();
    fs::rename(&copy, file(&database)).unwrap();
    let replaced = store.look().await;
    assert!(matches!(&replaced, Err(StoreError::Elsewhere(why)) if why.contains("restart")), "{replaced:?}");
    store.setting("a").await.unwrap_err();
    store.close().await;
}

/// Half a restore: the database of yesterday, and the journal of today.
#[tokio::test]
async fn a_journal_of_another_file_is_noticed_before_anything_is_written() {
    let (today, yesterday) = (TestDatabase::empty_sqlite(), TestDatabase::empty_sqlite());
    let fill = async |store: &Store, name: &str, rows: u32| {
        let work = async |tx: &mut store::Tx| {
            for n in 0..rows {
                tx.put_setting(&format!("{name}{n}"), &name.repeat(300)).await?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(work).await.unwrap();
    };
    let old = Store::open(yesterday.url()).await.unwrap();
    fill(&old, "old", 400).await;
    old.close().await;
    let new = Store::open(today.url()).await.unwrap();
    fill(&new, "new", 900).await;
    new.close().await;
    // Its journal has only some of its pages now.
    let new = Store::open(today.url()).await.unwrap();
    fill(&new, "newer", 50).await;
    let journal = fs::read(file(&today).with_extension("db-wal")).unwrap();
    assert!(!journal.is_empty());
    new.close().await;
    fs::write(file(&yesterday).with_extension("db-wal"), &journal).unwrap();
    let before = fs::read(file(&yesterday)).unwrap();
    let refused = Store::open(yesterday.url()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unfit(why) if why.contains("keystead restore")), "{refused}");
    assert_eq!(fs::read(file(&yesterday)).unwrap(), before);
    fs::remove_file(file(&yesterday).with_extension("db-wal")).unwrap();
    let restored = Store::open(yesterday.url()).await.unwrap();
    assert!(restored.setting("old7").await.unwrap().is_some());
    restored.close().await;
}

/// A process that was killed leaves its journal, and loses nothing.
#[tokio::test]
async fn a_journal_of_the_same_file_is_taken_over() {
    let (first, second) = (TestDatabase::empty_sqlite(), TestDatabase::empty_sqlite());
    let store = Store::open(first.url()).await.unwrap();
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
    for extension in ["db", "db-wal"] {
        fs::copy(file(&first).with_extension(extension), file(&second).with_extension(extension)).unwrap();
    }
    store.close().await;
    let store = Store::open(second.url()).await.unwrap();
    assert_eq!(store.setting("a").await.unwrap().as_deref(), Some("1"));
    store.close().await;
}

#[tokio::test]
async fn who_holds_the_folder_is_named() {
    let database = TestDatabase::empty_sqlite();
    let folder = File::open(file(&database).parent().unwrap()).unwrap();
    folder.lock().unwrap();
    let refused = timeout(Duration::from_secs(20), Store::open(database.url())).await.unwrap().unwrap_err();
    let holder = format!("process {} holds a lock", std::process::id());
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains(&holder)), "{refused}");
    drop(folder);
    Store::open(database.url()).await.unwrap().close().await;
}

#[test]
fn a_way_that_others_can_read_is_named() {
    assert!(Store::warning("postgres://db.example.com/keystead").unwrap().contains("sslmode=verify-full"));
    assert_eq!(Store::warning("sqlite:///var/lib/keystead.db"), None);
}

#[tokio::test]
async fn a_copy_is_whole_and_its_soundness_is_checked() {
    let database = TestDatabase::empty_sqlite();
    let store = Store::open(database.url()).await.unwrap();
    store.write(async |tx| tx.put_setting("a", "1").await).await.unwrap();
    assert!(Store::is_open(database.url()));
    let copy = file(&database).with_file_name("copy.db");
    Store::copy(database.url(), &copy).await.unwrap();
    Store::copy(database.url(), &copy).await.expect_err("it exists already");
    store.close().await;
    assert!(!Store::is_open(database.url()));
    let url = format!("sqlite://{}", copy.display());
    assert_eq!(Store::fault(&url).await.unwrap(), None);
    let copied = Store::open(&url).await.unwrap();
    assert_eq!(copied.setting("a").await.unwrap().as_deref(), Some("1"));
    assert_eq!(copied.rows().await.unwrap(), store::Rows { keys: 0, people: 0, events: 0 });
    copied.close().await;
    let mut bytes = fs::read(&copy).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(7);
    fs::write(&copy, bytes).unwrap();
    let fault = Store::fault(&url).await;
    assert!(!matches!(fault, Ok(None)), "{fault:?}");
}

/// Somebody cuts the connections on which answers are awaited, as a pooler does when it restarts.
#[tokio::test]
async fn a_cut_connection_is_replaced() {
    let database = TestDatabase::empty_postgres();
    let store = Store::open(database.url()).await.unwrap();
    store.write(async |tx| tx.put_setting("kept", "yes").await).await.unwrap();
    let calls = store.for_calls();
    let locks = database.execute("BEGIN; LOCK TABLE setting IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT");
    let cuts = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(database.cut_connections() >= 3, "nobody waits for an answer");
    };
    let reads = async |store: &Store| {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(store.setting("kept").await.unwrap().as_deref(), Some("yes"));
    };
    tokio::join!(locks, cuts, reads(&store), reads(&store), reads(&calls));
    store.close().await;
}

/// That the look's own connection was cut does not say that the database is away.
#[tokio::test]
async fn a_look_replaces_a_connection_that_was_cut() {
    for connections in [1, 10] {
        let database = TestDatabase::empty_postgres();
        let opening = Opening { url: database.url(), connections: Some(connections), schema: Schema::Update };
        let store = Store::open_as(opening).await.unwrap();
        store.look().await.unwrap();
        while database.cut_connections() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        store.look().await.unwrap();
        assert_eq!(store.setting("a").await.unwrap(), None);
        store.close().await;
    }
}

/// A server or a pooler may end a connection that nobody uses.
#[tokio::test]
async fn nobody_meets_a_connection_that_was_cut_while_it_was_idle() {
    let database = TestDatabase::empty_postgres();
    let store = Store::open(database.url()).await.unwrap();
    let calls = store.for_calls();
    let used = async || {
        assert_eq!(store.setting("none").await.unwrap(), None);
        assert_eq!(calls.setting("none").await.unwrap(), None);
        store.write(async |tx| tx.put_setting("kept", "yes").await).await.unwrap();
        store.tell_others("something").await.unwrap();
        store.rows().await.unwrap();
    };
    used().await;
    for turn in 0..5 {
        while database.cut_connections() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match turn {
            0 => drop(store.setting("kept").await.unwrap()),
            1 => drop(calls.setting("kept").await.unwrap()),
            2 => store.write(async |tx| tx.put_setting("kept", "yes").await).await.unwrap(),
            3 => drop(store.rows().await.unwrap()),
            _ => store.tell_others("something").await.unwrap(),
        }
        used().await;
    }
    store.close().await;
}

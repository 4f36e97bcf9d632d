//! The migration finds the same words in names as the writer does.

use store::Store;
use testkit::TestDatabase;

use crate::fixtures::{insert, key, with_app};

/// The statement of a migration that fills the table.
fn filling(migration: &'static str) -> &'static str {
    &migration[migration.find("INSERT INTO key_name_part").unwrap()..]
}

async fn the_migration_agrees(database: &TestDatabase, migration: &'static str) {
    let store = Store::open(database.url()).await.unwrap();
    let app = with_app(&store).await;
    let names = [
        "Billing: export-eu (Test)",
        "one",
        "- -  Büro_Äther.",
        "日本 東京",
        "a,b/c.d@e+f#g[h",
        "İ x",
        "100% a\\b",
        "<b>“quoted”</b>; l'été",
    ];
    insert(&store, &names.map(|name| key(&app, name))).await;
    store.close().await;
    for statement in [
        "CREATE TABLE written AS SELECT * FROM key_name_part",
        "CREATE TABLE differ (n INTEGER CHECK (n = 0), rows_written INTEGER CHECK (rows_written > 10))",
        "DELETE FROM key_name_part",
        filling(migration),
        "INSERT INTO differ SELECT count(*), (SELECT count(*) FROM written) \
         FROM (SELECT * FROM written EXCEPT SELECT * FROM key_name_part) AS missing",
        "INSERT INTO differ SELECT count(*), (SELECT count(*) FROM written) \
         FROM (SELECT * FROM key_name_part EXCEPT SELECT * FROM written) AS added",
    ] {
        database.execute(statement).await;
    }
}

#[tokio::test]
async fn on_sqlite() {
    the_migration_agrees(&TestDatabase::sqlite(), include_str!("../../../../migrations/sqlite/0018_words.sql")).await;
}

#[tokio::test]
async fn on_postgres() {
    the_migration_agrees(&TestDatabase::postgres(), include_str!("../../../../migrations/postgres/0018_words.sql"))
        .await;
}

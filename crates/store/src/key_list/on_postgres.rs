//! Postgres's plans: keys are read arm by arm, even where its statistics say that there are hardly any.

use domain::ids::AppId;
use domain::list::StatusFilter;
use domain::role::Rights;
use domain::sight::Sight;
use domain::timestamp::Timestamp;
use sqlx::{AssertSqlSafe, Postgres};
use testkit::TestDatabase;

use crate::conn::Conn;
use crate::dialect::Writing;
use crate::key_range::KeyRange;
use crate::key_search::Search;
use crate::sql::Sql;
use crate::store::Store;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

const POSTGRES: Writing = Writing::POSTGRES;

/// The lines of the plan for a statement, on a connection of pages.
async fn plan(store: &Store, sql: Sql) -> Vec<String> {
    let mut reader = store.reader().await.unwrap();
    let Conn::Postgres(conn) = reader.conn() else { panic!("a connection to Postgres") };
    let (text, arguments) = sql.with_numbers().into_parts::<Postgres>().unwrap();
    let text = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {text}"));
    let lines: Vec<(String,)> = sqlx::query_as_with(text, arguments).fetch_all(conn).await.unwrap();
    lines.into_iter().map(|(line,)| line).collect()
}

#[tokio::test]
async fn keys_are_read_arm_by_arm_and_no_arm_is_compared_with_all_keys() {
    let database = TestDatabase::postgres();
    let store = Store::open(database.url()).await.unwrap();
    let apps = [AppId::from_random([1; 12]), AppId::from_random([2; 12])];
    let sight = Sight::of_rights(Rights::all());
    let called = [StatusFilter::Accepted, StatusFilter::Refused];
    for counts_keys in [false, true] {
        if counts_keys {
            // It now says that there is none.
            database.execute("ANALYZE").await;
        }
        for status in StatusFilter::ALL.iter().copied().filter(|status| !called.contains(status)) {
            let mut range = KeyRange::new(&sight, &apps, None, Some(status), NOW);
            for search in [None, Search::new("abc")] {
                range.tests_search = search.is_some();
                range.search = search;
                for counting in [range.exceeds(POSTGRES, 1_000), range.count(POSTGRES)] {
                    let lines = plan(&store, counting).await;
                    let place = |what: &str| lines.iter().position(|line| line.contains(what));
                    assert!(place("CTE Scan on arm") < place(" on api_key"), "{status:?}: {lines:#?}");
                    assert_eq!(place("Join Filter"), None, "{status:?}: {lines:#?}");
                }
            }
        }
    }
    store.close().await;
}

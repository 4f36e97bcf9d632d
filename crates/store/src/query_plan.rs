//! How SQLite would run a statement, for tests.

use sqlx::{AssertSqlSafe, Sqlite};

use crate::conn::Conn;
use crate::sql::Sql;
use crate::store::Store;

/// The steps of the plan for a statement.
pub(crate) async fn plan(store: &Store, sql: Sql) -> Vec<String> {
    let mut reader = store.reader().await.unwrap();
    let Conn::Sqlite(conn) = reader.conn() else { panic!("SQLite is meant") };
    let (text, arguments) = sql.into_parts::<Sqlite>().unwrap();
    let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as_with(text, arguments).fetch_all(conn).await.unwrap();
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}

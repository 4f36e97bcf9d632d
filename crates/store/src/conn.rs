//! A connection to either engine. Only this file decides which engine runs a statement.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::error::StoreError;
use crate::sql::Sql;

/// A borrowed connection, inside a transaction or not.
pub(crate) enum Conn<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A row type that both engines can return.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// Runs the same expression on whichever engine is in use.
macro_rules! on {
    ($conn:expr, $sql:expr, ($c:ident, $text:ident, $arguments:ident) => $run:expr) => {
        match $conn {
            Conn::Sqlite($c) => {
                let ($text, $arguments) = $sql.into_parts::<Sqlite>()?;
                // `Sql` is made of literals and placeholders only.
                let ($c, $text) = (&mut **$c, AssertSqlSafe($text));
                $run
            }
            Conn::Postgres($c) => {
                let ($text, $arguments) = $sql.with_numbers().into_parts::<Postgres>()?;
                let ($c, $text) = (&mut **$c, AssertSqlSafe($text));
                $run
            }
        }
    };
}

impl Conn<'_> {
    /// Runs a statement, and returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        Ok(on!(self, sql, (c, text, arguments) => {
            sqlx::query_with(text, arguments).execute(c).await?.rows_affected()
        }))
    }

    /// Runs a statement, and returns every row.
    pub(crate) async fn fetch_all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>, StoreError> {
        Ok(on!(self, sql, (c, text, arguments) => sqlx::query_as_with(text, arguments).fetch_all(c).await?))
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional<T: Row>(&mut self, sql: Sql) -> Result<Option<T>, StoreError> {
        Ok(on!(self, sql, (c, text, arguments) => sqlx::query_as_with(text, arguments).fetch_optional(c).await?))
    }

    /// The one row; its absence is an error.
    pub(crate) async fn fetch_one<T: Row>(&mut self, sql: Sql) -> Result<T, StoreError> {
        Ok(on!(self, sql, (c, text, arguments) => sqlx::query_as_with(text, arguments).fetch_one(c).await?))
    }
}

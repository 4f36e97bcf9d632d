//! The database as a whole: a copy of it, and whether it is sound.

use std::path::Path;

use sqlx::Connection;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::sqlite;
use crate::store::Store;

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Keys in every state.
    pub keys: i64,
    /// People, disabled ones too.
    pub people: i64,
    /// Events of the audit.
    pub events: i64,
}

impl Store {
    /// Writes a whole copy of a SQLite database into a file that is empty or new, while others go on using it.
    pub async fn copy(url: &str, into: &Path) -> Result<(), StoreError> {
        let into = into.to_str().ok_or_else(|| StoreError::Url("the path of the copy is not UTF-8 text".into()))?;
        let mut conn = sqlite::connect(url).await?;
        let copied = Conn::Sqlite(&mut conn).execute(Sql::new("VACUUM INTO $1").arg(into)).await;
        conn.close().await?;
        copied.map(|_| ())
    }

    /// The first fault that SQLite finds in a database; `None` if it is sound, or in Postgres, which has its own checks.
    pub async fn fault(url: &str) -> Result<Option<String>, StoreError> {
        if Self::file(url).is_none() {
            return Ok(None);
        }
        let mut conn = sqlite::connect(url).await?;
        let fault = match Conn::Sqlite(&mut conn).fault_of_file("PRAGMA integrity_check(1)").await {
            Ok(None) => Conn::Sqlite(&mut conn).broken_reference().await,
            fault => fault,
        };
        conn.close().await?;
        fault
    }

    /// Whether a process has a SQLite database open, this one included.
    pub fn is_open(url: &str) -> bool {
        Self::file(url).is_some_and(|file| sqlite::is_open(&file))
    }

    /// Counts the rows, however many there are.
    pub async fn rows(&self) -> Result<Rows, StoreError> {
        let mut held = self.live_reader().await?;
        let sql =
            "SELECT (SELECT COUNT(*) FROM api_key), (SELECT COUNT(*) FROM person), (SELECT COUNT(*) FROM audit_event)";
        let (keys, people, events) = held.conn().fetch_one::<(i64, i64, i64)>(Sql::new(sql)).await?;
        Ok(Rows { keys, people, events })
    }
}

impl Conn<'_> {
    /// The first row that refers to one that does not exist.
    async fn broken_reference(&mut self) -> Result<Option<String>, StoreError> {
        let sql = Sql::new("SELECT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 1");
        let broken = self.fetch_optional::<(String, String)>(sql).await?;
        Ok(broken.map(|(table, parent)| format!("a row of {table} refers to a row of {parent} that does not exist")))
    }
}

//! What the tests of every crate run on: an empty database for each test, removed afterwards, and what a service needs
//! to start.
#![warn(missing_docs)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "only tests call it, and what fails here fails the test"
)]

#[cfg(feature = "installation")]
mod authenticator;
#[cfg(feature = "installation")]
mod installation;
mod postgres;

use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;

#[cfg(feature = "installation")]
pub use authenticator::Authenticator;
#[cfg(feature = "installation")]
pub use installation::{Installation, TestClock, TestHasher};

/// An empty database. Dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    held: Held,
}

#[derive(Debug)]
enum Held {
    // Kept because dropping it removes the database.
    Folder { _folder: TempDir },
    Database { database: postgres::Database },
    Elsewhere,
}

impl TestDatabase {
    /// A SQLite file in its own folder.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/keystead.db", folder.path().display());
        Self { url, held: Held::Folder { _folder: folder } }
    }

    /// A database in Postgres. The first call starts Postgres, and the end of the process stops it. Panics if Postgres
    /// is missing or does not start, because a test is never skipped.
    pub fn postgres() -> Self {
        let database = postgres::Database::create();
        Self { url: database.url(), held: Held::Database { database } }
    }

    /// A database that somebody else creates and removes.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), held: Held::Elsewhere }
    }

    /// The URL to open.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement as somebody could who has the database but not Keystead.
    pub async fn execute(&self, statement: &'static str) {
        // The tests wrote this text themselves.
        let statement = AssertSqlSafe(statement);
        if self.url.starts_with("sqlite") {
            let options = SqliteConnectOptions::from_str(&self.url).expect("a SQLite URL");
            let mut conn = SqliteConnection::connect_with(&options).await.expect("a connection");
            conn.execute(statement).await.expect("a statement that runs");
            conn.close().await.expect("a connection that closes");
        } else {
            let mut conn = PgConnection::connect(&self.url).await.expect("a connection");
            conn.execute(statement).await.expect("a statement that runs");
            conn.close().await.expect("a connection that closes");
        }
    }

    /// Cuts the connections on which Postgres sends notifications, and returns how many there were. SQLite has none.
    pub fn cut_listeners(&self) -> usize {
        match &self.held {
            Held::Folder { .. } | Held::Elsewhere => 0,
            Held::Database { database } => database.cut_listeners(),
        }
    }

    /// Makes Postgres unreachable until [`TestDatabase::start`], and cuts every connection. A SQLite file cannot stop.
    pub fn stop(&self) {
        if let Held::Database { database } = &self.held {
            database.stop();
        }
    }

    /// Makes Postgres reachable again.
    pub fn start(&self) {
        if let Held::Database { database } = &self.held {
            database.start();
        }
    }
}

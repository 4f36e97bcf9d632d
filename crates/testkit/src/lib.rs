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
mod schema;
#[cfg(feature = "installation")]
mod soft_key;

use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;

#[cfg(feature = "installation")]
pub use authenticator::Authenticator;
#[cfg(feature = "installation")]
pub use installation::{Installation, TestClock, TestHasher};
#[cfg(feature = "installation")]
pub use soft_key::SoftKey;

/// The text with another last character: never the same text, whatever it ends in.
pub fn damaged(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let last = characters.last_mut().expect("a last character");
    *last = if *last == '1' { '2' } else { '1' };
    characters.into_iter().collect()
}

/// A database of its own for one test. Dropping it removes it.
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
    /// A SQLite file in its own folder, with the schema.
    pub fn sqlite() -> Self {
        let database = Self::empty_sqlite();
        schema::copy_to(&database.url);
        database
    }

    /// The same without the schema, and without the file.
    pub fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/keystead.db", folder.path().display());
        Self { url, held: Held::Folder { _folder: folder } }
    }

    /// A database in Postgres, with the schema. The first call starts Postgres, and the end of the process stops it. Panics
    /// if Postgres is missing or does not start, because a test is never skipped.
    pub fn postgres() -> Self {
        Self::of(postgres::Database::with_schema())
    }

    /// The same without the schema.
    pub fn empty_postgres() -> Self {
        Self::of(postgres::Database::create())
    }

    fn of(database: postgres::Database) -> Self {
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

    /// Every value of every row of every table, as text; of bytes, also their hexadecimal digits.
    pub async fn dump(&self) -> Vec<String> {
        let mut values = Vec::new();
        if self.url.starts_with("sqlite") {
            let options = SqliteConnectOptions::from_str(&self.url).expect("a SQLite URL");
            let mut conn = SqliteConnection::connect_with(&options).await.expect("a connection");
            let columns =
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
            let columns: Vec<(String, String)> =
                sqlx::query_as(columns).fetch_all(&mut conn).await.expect("the columns");
            for (table, column) in columns {
                let all = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
                let all: Vec<(Vec<u8>,)> =
                    sqlx::query_as(AssertSqlSafe(all)).fetch_all(&mut conn).await.expect("the values");
                values.extend(all.into_iter().map(|(value,)| value));
            }
        } else {
            let mut conn = PgConnection::connect(&self.url).await.expect("a connection");
            let columns = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
                           WHERE table_schema = current_schema()";
            let columns: Vec<(String, String, String)> =
                sqlx::query_as(columns).fetch_all(&mut conn).await.expect("the columns");
            for (table, column, kind) in columns {
                let value = if kind == "bytea" {
                    format!("\"{column}\"")
                } else {
                    format!("convert_to(\"{column}\"::text, 'UTF8')")
                };
                let all = format!("SELECT {value} FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
                let all: Vec<(Vec<u8>,)> =
                    sqlx::query_as(AssertSqlSafe(all)).fetch_all(&mut conn).await.expect("the values");
                values.extend(all.into_iter().map(|(value,)| value));
            }
        }
        values.into_iter().map(|value| format!("{} {}", String::from_utf8_lossy(&value), digits(&value))).collect()
    }

    /// Cuts the connections on which Postgres sends notifications, and returns how many there were. SQLite has none.
    pub fn cut_listeners(&self) -> usize {
        match &self.held {
            Held::Folder { .. } | Held::Elsewhere => 0,
            Held::Database { database } => database.cut_listeners(),
        }
    }

    /// How many connections wait for notifications of Postgres. SQLite has none.
    pub fn listeners(&self) -> usize {
        match &self.held {
            Held::Folder { .. } | Held::Elsewhere => 0,
            Held::Database { database } => database.listeners(),
        }
    }

    /// Cuts Keystead's connections to Postgres, and returns how many there were. SQLite has none.
    pub fn cut_connections(&self) -> usize {
        match &self.held {
            Held::Folder { .. } | Held::Elsewhere => 0,
            Held::Database { database } => database.cut_connections(),
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

fn digits(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

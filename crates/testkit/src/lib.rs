//! Databases for the tests of every crate: an empty one for each test, gone when the test is over.
#![warn(missing_docs)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "only tests call it, and what fails here fails the test"
)]

mod postgres;

use tempfile::TempDir;

/// An empty database. Dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    // Held for what its drop does.
    _held: Held,
}

#[derive(Debug)]
enum Held {
    Folder { _folder: TempDir },
    Database { _database: postgres::Database },
}

impl TestDatabase {
    /// A SQLite file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/keystead.db", folder.path().display());
        Self { url, _held: Held::Folder { _folder: folder } }
    }

    /// A database in a Postgres that the first call in a process starts and the end of the process stops.
    /// Panics if Postgres is not installed or does not start: a test is never skipped for it.
    pub fn postgres() -> Self {
        let database = postgres::Database::create();
        Self { url: database.url(), _held: Held::Database { _database: database } }
    }

    /// The URL to open.
    pub fn url(&self) -> &str {
        &self.url
    }
}

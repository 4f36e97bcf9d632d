//! What can go wrong below a use case.

use std::fmt;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or did not answer in time. Trying again may help.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A row with the same unique value is there already.
    #[error("there is one with the same {0} already")]
    Conflict(Unique),
    /// A row refers to another one that is not there, or breaks another rule of the schema.
    #[error("the database refused the row: {0}")]
    Refused(String),
    /// A stored value is not what this version of Keystead writes there.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// The schema could not be brought up to date, or is newer than this program.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
    /// The database's address is not one that Keystead understands.
    #[error("the database URL is wrong: {0}")]
    Url(String),
    /// The database answered with any other error: a full disk, a missing right, a mistake of Keystead's own.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// The unique values of the schema that a use case can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// A person's e-mail address.
    PersonEmail,
    /// A key's id.
    KeyId,
    /// The one-use id of the form that made a key.
    FormId,
    /// Any other.
    Other,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PersonEmail => "e-mail address",
            Self::KeyId => "key id",
            Self::FormId => "form id",
            Self::Other => "unique value",
        })
    }
}

impl StoreError {
    /// A stored value that cannot be read back: which one.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}

//! What can go wrong below a use case.

use std::fmt;

/// Why the store failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or did not answer in time. Trying again may help.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The connection is cut, or cannot be made. Trying again on another one may help.
    #[error("the database cannot be reached: {0}")]
    Cut(String),
    /// There is a database, but not the one to use: a standby, a read-only one, one of another installation, or a file
    /// that was replaced. It may be the right one again later.
    #[error("this is not the database to use: {0}")]
    Elsewhere(String),
    /// A newer release works on this database, and this one must not go on beside it. It may be ours again later.
    #[error("{0}")]
    TakenOver(String),
    /// The connection broke, or the database failed, in the middle of a commit.
    #[error("it is not known whether this was done, so look before you try again: {0}")]
    Uncertain(String),
    /// A row with the same unique value exists already.
    #[error("a row with the same {0} exists already")]
    Conflict(Unique),
    /// A row refers to a row that does not exist, or breaks another rule of the schema.
    #[error("the database refused the row: {0}")]
    Refused(String),
    /// A stored value is not one that this version of Keystead writes.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// The database cannot hold what Keystead writes.
    #[error("the database cannot be used: {0}")]
    Unfit(String),
    /// The schema could not be updated, is newer than this program, or is older and must not be updated now.
    #[error("the database schema could not be updated: {0}")]
    Migration(String),
    /// The database's address is not one that Keystead understands.
    #[error("the database URL is wrong: {0}")]
    Url(String),
    /// The database returned any other error: a full disk, a missing privilege, or a bug in Keystead.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// The unique values of the schema that a use case can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// A person's e-mail address.
    PersonEmail,
    /// The e-mail address of an invite.
    InviteEmail,
    /// The one-use id of the form that made a hand-over.
    HandOverForm,
    /// The one-use id of the form that made a request for a key.
    RequestForm,
    /// The id by which a passkey's authenticator knows it.
    Passkey,
    /// The name of an app that is in use.
    AppName,
    /// The id of a contact in the systems of its app.
    ContactIdentifier,
    /// The e-mail address of a contact.
    ContactEmail,
    /// The id of a key.
    KeyId,
    /// The one-use id of the form that made a key.
    FormId,
    /// A call that was carried out already.
    ApiAnswer,
    /// Any other unique value.
    Other,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PersonEmail | Self::InviteEmail | Self::ContactEmail => "e-mail address",
            Self::Passkey => "passkey",
            Self::AppName => "name of an app",
            Self::ContactIdentifier => "identifier of a contact",
            Self::KeyId => "key id",
            Self::FormId | Self::HandOverForm | Self::RequestForm => "form id",
            Self::ApiAnswer => "call",
            Self::Other => "unique value",
        })
    }
}

impl StoreError {
    /// Whether trying again may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Cut(_))
    }

    /// A stored value that cannot be read back: which one.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}

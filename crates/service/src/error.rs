//! Why a use case failed.

use domain::{field::FieldErrors, refusal::Refusal};
use store::StoreError;

use crate::entropy::EntropyError;

/// A use case's answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that is not allowed. The refusal has a message for people.
    #[error("refused: {}", .0.message())]
    Refused(Refusal),
    /// The database did not answer, or holds something unexpected.
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    /// Something is broken inside Keystead. The text is for the log.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Refused(Refusal::Invalid(errors))
    }
}

impl From<EntropyError> for Error {
    fn from(_: EntropyError) -> Self {
        Self::Internal("the operating system gave no random bytes")
    }
}

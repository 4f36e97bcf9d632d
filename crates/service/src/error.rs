//! Why a use case failed.

use domain::{field::FieldErrors, refusal::Refusal, rotation::NoRotation};
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
    #[error("{what}")]
    Internal {
        /// What was being done.
        what: &'static str,
        /// What went wrong; `None` if there is no more to say.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Something inside is broken, with its cause.
    pub(crate) fn internal(what: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal { what, source: Some(Box::new(cause)) }
    }

    /// Whether the change may have been made nevertheless.
    pub const fn is_uncertain(&self) -> bool {
        matches!(self, Self::Store(StoreError::Uncertain(_)))
    }

    /// Something that cannot happen, without a cause.
    pub(crate) const fn impossible(what: &'static str) -> Self {
        Self::Internal { what, source: None }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NoRotation> for Error {
    fn from(why: NoRotation) -> Self {
        Self::Refused(Refusal::NoRotation(why))
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Refused(Refusal::Invalid(errors))
    }
}

impl From<EntropyError> for Error {
    fn from(error: EntropyError) -> Self {
        Self::internal("the operating system gave no random bytes", error)
    }
}

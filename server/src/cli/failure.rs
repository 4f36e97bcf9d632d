//! Why a command failed, and with which exit code.

use std::io;

use domain::refusal::Refusal;

use crate::config::{ConfigError, UnknownVariable};
use crate::start::StartError;

pub(super) const REFUSED: u8 = 1;
pub(super) const NOT_UNDERSTOOD: u8 = 2;
const AWAY: u8 = 3;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unknown(#[from] UnknownVariable),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{}", words(.0))]
    Service(#[from] service::Error),
    #[error("no owner has the e-mail address {0}")]
    NoOwner(String),
    #[error("nobody who may sign in has the e-mail address {0}")]
    Nobody(String),
    /// A wrong value that only the command itself can detect.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    System(#[from] io::Error),
    /// The API refused a call, in the words of its problem.
    #[error("{0}")]
    Refused(String),
    /// A server or a database cannot be reached.
    #[error("{0}")]
    Away(String),
    /// A running server is not ready.
    #[error("{0}")]
    NotReady(String),
    /// The audit is not intact.
    #[error("{0}")]
    Record(String),
    /// A result could not be printed.
    #[error("standard output cannot be written: {0}")]
    Output(io::Error),
    /// A result that is shown only once could not be printed. `outcome` says what was done.
    #[error("standard output cannot be written ({error}): {outcome}")]
    Unprinted { error: io::Error, outcome: String },
}

impl Failure {
    /// The same, of a command that only works on what is there already.
    pub(super) fn opening(error: StartError) -> Self {
        match error {
            error @ StartError::Missing(_) => Self::Away(error.to_string()),
            error if error.is_passing() => Self::Away(error.to_string()),
            error => Self::Start(error),
        }
    }

    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Unknown(_) | Self::Usage(_) => NOT_UNDERSTOOD,
            Self::Away(_) => AWAY,
            Self::Start(_)
            | Self::Service(_)
            | Self::NoOwner(_)
            | Self::Nobody(_)
            | Self::System(_)
            | Self::Refused(_)
            | Self::NotReady(_)
            | Self::Record(_)
            | Self::Output(_)
            | Self::Unprinted { .. } => REFUSED,
        }
    }

    /// Whether nobody reads the output any more, as after `| head`.
    pub(super) fn is_unread(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A refusal in words, with a message for each wrong field.
pub(super) fn words(error: &service::Error) -> String {
    match error {
        service::Error::Refused(Refusal::Invalid(errors)) => {
            let lines: Vec<String> =
                errors.0.iter().map(|error| format!("{}: {}", error.field.as_str(), error.message)).collect();
            lines.join(" ")
        }
        service::Error::Refused(refusal) => refusal.message(),
        other => other.to_string(),
    }
}

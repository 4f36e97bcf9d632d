//! The console's error type. Its codes are a closed list, so that nothing an attacker writes is ever shown.

#[cfg(feature = "ssr")]
use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why the console could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleError {
    /// The service refused, with a reason.
    Refused(Refusal),
    /// Nobody is signed in, or the session has ended.
    SignedOut,
    /// The console never sends a request like this.
    Malformed,
    /// An address or a form asks for a filter, or a value of one, that a list does not have.
    NoSuchFilter,
    /// Some bytes are not valid text. U+FFFD replaces them in the values that were read.
    NotText,
    /// The database could not be reached, or something broke. The log has the cause.
    Unavailable,
    /// The database failed in the middle of a commit.
    Uncertain,
}

impl ConsoleError {
    /// What a person is told.
    pub fn message(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.message(),
            Self::SignedOut => "Your session has ended. Sign in again in another tab, then send this form again. What \
                                you typed stays here."
                .to_owned(),
            Self::Malformed => "The form is incomplete. Reload the page and try again.".to_owned(),
            Self::NoSuchFilter => {
                "This asks for a filter, or a value of one, that the list does not have. Nothing was \
                                   done. Choose again in the list."
                    .to_owned()
            }
            Self::NotText => "Some of the input is not valid text and was replaced by \u{fffd}. Correct it, then send \
                              the form again."
                .to_owned(),
            Self::Unavailable => "Keystead cannot do this right now. Nothing was changed. Try again.".to_owned(),
            Self::Uncertain => {
                "It is not known whether this was done. Reload and look before you try again.".to_owned()
            }
        }
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::Refused(refusal) => match refusal {
                Refusal::Invalid(_)
                | Refusal::TooMany { .. }
                | Refusal::NothingChosen
                | Refusal::NoRequestChosen
                | Refusal::WrongRoomPassword
                | Refusal::AttachmentTooLarge { .. }
                | Refusal::AttachmentEmpty
                | Refusal::NoKeysOfThisIntegration => StatusCode::UNPROCESSABLE_ENTITY,
                Refusal::NotFound
                | Refusal::PersonNotFound
                | Refusal::InviteGone
                | Refusal::HandOverGone
                | Refusal::RequestGone
                | Refusal::NoSession
                | Refusal::AppNotFound
                | Refusal::NotConnected
                | Refusal::RoomNotFound
                | Refusal::MessageNotFound
                | Refusal::AttachmentNotFound
                | Refusal::PictureNotFound
                | Refusal::EventNotFound
                | Refusal::DeliveryNotFound
                | Refusal::ContactNotFound
                | Refusal::IntegrationNotFound
                | Refusal::WebhookNotFound
                | Refusal::LinkInvalid => StatusCode::NOT_FOUND,
                Refusal::Forbidden
                | Refusal::OwnersKey
                | Refusal::BeyondOwnRights
                | Refusal::OwnKey
                | Refusal::OnlyKnownBrowsers
                | Refusal::FactorsOff => StatusCode::FORBIDDEN,
                Refusal::ProveAgain | Refusal::SignInFailed | Refusal::SignInOver | Refusal::PasskeyRefused => {
                    StatusCode::UNAUTHORIZED
                }
                Refusal::Wait { .. } | Refusal::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
                Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::CONFLICT,
            },
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Malformed | Self::NoSuchFilter | Self::NotText => StatusCode::BAD_REQUEST,
            Self::Unavailable | Self::Uncertain => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl std::fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for ConsoleError {}

/// Why a server function failed, in words for people. The browser's part of the console would be larger by all refusals if
/// it could tell them apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// What a person is told.
    message: String,
    #[serde(skip)]
    status: http::StatusCode,
}

impl From<ConsoleError> for CallError {
    fn from(error: ConsoleError) -> Self {
        Self { message: error.message(), status: error.status() }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}

impl FromServerFnError for CallError {
    type Encoder = JsonEncoding;

    #[cfg(feature = "ssr")]
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::from(match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                ConsoleError::Malformed
            }
            _ => ConsoleError::Unavailable,
        })
    }

    /// The browser could not reach the server, or does not understand it.
    #[cfg(not(feature = "ssr"))]
    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::default()
    }

    fn status_code(&self) -> http::StatusCode {
        self.status
    }
}

/// Apps and keys are boxes to tick: they have no lines, and what is wrong with several alike is said once.
#[cfg(feature = "ssr")]
fn of_boxes(mut errors: FieldErrors) -> FieldErrors {
    for error in errors.0.iter_mut().filter(|error| matches!(error.field, Field::Apps | Field::Keys)) {
        error.item = None;
    }
    errors.0.dedup();
    errors
}

#[cfg(feature = "ssr")]
impl From<service::Error> for ConsoleError {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(Refusal::Invalid(errors)) => Self::Refused(Refusal::Invalid(of_boxes(errors))),
            service::Error::Refused(refusal) => Self::Refused(refusal),
            other => {
                tracing::error!(error = %other, "a request of the console failed");
                if other.is_uncertain() { Self::Uncertain } else { Self::Unavailable }
            }
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use store::StoreError;

    use super::*;

    #[test]
    fn what_may_have_been_done_is_not_called_undone() {
        let of = |error| ConsoleError::from(service::Error::Store(error));
        let uncertain = of(StoreError::Uncertain("the connection was cut".to_owned()));
        assert_eq!(uncertain.message(), "It is not known whether this was done. Reload and look before you try again.");
        assert_eq!(uncertain.status(), 503);
        assert!(of(StoreError::Unavailable("away".to_owned())).message().contains("Nothing was changed."));
    }

    #[test]
    fn what_is_wrong_with_boxes_names_no_line() {
        let mut errors = FieldErrors::default();
        for n in [1, 2] {
            errors.push_item(Field::Keys, n, "One of the keys no longer exists.".to_owned());
        }
        errors.push_item(Field::Cidrs, 1, "This is no network.".to_owned());
        let told = ConsoleError::from(service::Error::from(errors));
        let ConsoleError::Refused(Refusal::Invalid(told)) = told else { panic!() };
        let told: Vec<_> = told.0.iter().map(|error| (error.field, error.item)).collect();
        assert_eq!(told, [(Field::Keys, None), (Field::Cidrs, Some(1))]);
    }
}

//! The kinds of problems, in one table.

use axum::http::StatusCode;

/// The kinds of problems. Each edge has its own form for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    KeyNeeded,
    KeyRefused,
    Forbidden,
    PermissionNeeded,
    TooManyCalls,
    Malformed,
    Invalid,
    /// Only a permission query is wrong.
    InvalidQuery,
    /// The query of the address is wrong.
    WrongQuery,
    /// Another call had the same Idempotency-Key.
    IdempotencyKeyReused,
    /// What is to be changed was changed since its caller saw it.
    Stale,
    /// A rate limit was named that the key does not have.
    NoSuchLimit,
    NotJson,
    MethodNotAllowed,
    NoSuchPath,
    /// What the call names does not exist, or not for this caller.
    NotFound,
    /// What the call names is in the wrong state.
    Conflict,
    TooLong,
    TooSlow,
    Unavailable,
    Internal,
}

impl Kind {
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    pub const fn urn(self) -> &'static str {
        self.row().1
    }

    pub const fn title(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::KeyNeeded => (StatusCode::UNAUTHORIZED, "urn:keystead:problem:key-needed", "A key is required"),
            Self::KeyRefused => (StatusCode::UNAUTHORIZED, "urn:keystead:problem:key-refused", "The key was refused"),
            Self::Forbidden | Self::PermissionNeeded => {
                (StatusCode::FORBIDDEN, "urn:keystead:problem:forbidden", "The key may not do this")
            }
            Self::TooManyCalls => {
                (StatusCode::TOO_MANY_REQUESTS, "urn:keystead:problem:too-many-calls", "Too many calls")
            }
            Self::Malformed => (StatusCode::BAD_REQUEST, "urn:keystead:problem:malformed", "The request is malformed"),
            Self::Invalid | Self::InvalidQuery | Self::NoSuchLimit => {
                (StatusCode::UNPROCESSABLE_ENTITY, "urn:keystead:problem:invalid", "The body is invalid")
            }
            Self::WrongQuery => (StatusCode::BAD_REQUEST, "urn:keystead:problem:wrong-query", "The query is wrong"),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "urn:keystead:problem:idempotency-key-reused",
                "The Idempotency-Key was used for another call",
            ),
            Self::Stale => {
                (StatusCode::PRECONDITION_FAILED, "urn:keystead:problem:stale", "This was changed meanwhile")
            }
            Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "urn:keystead:problem:not-json", "The body must be JSON")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "urn:keystead:problem:method-not-allowed",
                "This method is not allowed",
            ),
            Self::NoSuchPath => {
                (StatusCode::NOT_FOUND, "urn:keystead:problem:no-such-path", "This path does not exist")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "urn:keystead:problem:not-found", "This does not exist"),
            Self::Conflict => {
                (StatusCode::CONFLICT, "urn:keystead:problem:conflict", "The current state does not allow this")
            }
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "urn:keystead:problem:too-long", "The body is too long"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "urn:keystead:problem:too-slow", "The body took too long"),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:keystead:problem:unavailable",
                "Keystead cannot decide right now",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "urn:keystead:problem:internal", "Keystead failed"),
        }
    }
}

//! Answers in the family's form: `result_cd`, `result_msg`, and `data` or `list`.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;
use serde::Serialize;

use crate::json::answer::json;
use crate::json::problem::{Kind, Problem};

/// What to present, in the header of an answer to whoever did not.
const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"ApiKey realm="keystead""#);

/// The published result codes that Keystead answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Done,
    /// Keystead failed, or cannot answer at the moment.
    System,
    /// As many are in the room as may be.
    UserLimit,
    NoRoom,
    NotOpenYet,
    Ended,
    Banned,
    NotConnected,
    AlreadyDisconnected,
    NotAllowed,
    WrongPassword,
    MissingParameter,
    /// The request itself is wrong.
    Incorrect,
}

impl Code {
    const fn number(self) -> u32 {
        match self {
            Self::Done => 1,
            Self::System => 0,
            Self::UserLimit => 10_101,
            Self::NoRoom => 10_102,
            Self::NotOpenYet => 10_103,
            Self::Ended => 10_104,
            Self::Banned => 10_106,
            Self::NotConnected => 10_107,
            Self::AlreadyDisconnected => 10_108,
            Self::NotAllowed => 10_114,
            Self::WrongPassword => 10_115,
            Self::MissingParameter => 10_901,
            Self::Incorrect => 400,
        }
    }

    /// The status of an answer with this code. What is so in a room is an answer like any other, so clients read the code.
    const fn status(self) -> StatusCode {
        match self {
            Self::MissingParameter | Self::Incorrect => StatusCode::BAD_REQUEST,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::System => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    }
}

/// An answer. What it does not have is left out.
#[derive(Debug, Serialize)]
struct Document<'a, D, L> {
    result_cd: u32,
    result_msg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<L>,
    /// Where the next page of a list begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

impl<'a> Document<'a, (), ()> {
    fn of(code: Code, message: &'a str) -> Self {
        Self { result_cd: code.number(), result_msg: message, data: None, list: None, next: None }
    }
}

fn answer<D: Serialize, L: Serialize>(status: StatusCode, document: &Document<'_, D, L>) -> Response {
    json(status, "application/json", document)
}

/// It was done, and there is no more to say.
#[derive(Debug)]
pub(super) struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, &Document::of(Code::Done, ""))
    }
}

/// It was done, with this outcome.
#[derive(Debug)]
pub(super) struct Data<T>(pub T);

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        let Document { result_cd, result_msg, .. } = Document::of(Code::Done, "");
        let document = Document { result_cd, result_msg, data: Some(self.0), list: None::<()>, next: None };
        answer(StatusCode::OK, &document)
    }
}

/// These there are.
#[derive(Debug)]
pub(super) struct List<T> {
    pub list: Vec<T>,
    pub next: Option<String>,
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        let Document { result_cd, result_msg, .. } = Document::of(Code::Done, "");
        let next = self.next.as_deref();
        let document = Document { result_cd, result_msg, data: None::<()>, list: Some(self.list), next };
        answer(StatusCode::OK, &document)
    }
}

/// Why a call was not carried out.
#[derive(Debug)]
pub(super) enum Fail {
    /// With a code of the family.
    Chat(Code, Cow<'static, str>),
    /// The API KEY or the X-AUTH-TOKEN is missing or wrong.
    Credential(Cow<'static, str>),
    /// For which the family has no code of its own.
    Other(Problem),
}

impl Fail {
    pub fn incorrect(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Chat(Code::Incorrect, message.into())
    }

    pub fn missing(parameter: &str) -> Self {
        Self::Chat(Code::MissingParameter, format!("The parameter {parameter} is missing.").into())
    }
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<service::Error> for Fail {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(refusal) => refusal.into(),
            error => Self::Other(error.into()),
        }
    }
}

impl From<FieldErrors> for Fail {
    fn from(errors: FieldErrors) -> Self {
        let told = errors.0.iter().map(|error| match parameter(error.field) {
            Some(name) => format!("{name}: {}", error.message),
            None => error.message.clone(),
        });
        Self::incorrect(told.collect::<Vec<_>>().join(" "))
    }
}

impl From<Refusal> for Fail {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Invalid(errors) => return errors.clone().into(),
            Refusal::AccessTokenInvalid => {
                return Self::Credential(
                    "The X-AUTH-TOKEN was not accepted: it is wrong, or its five hours are over. GET /openapi/token gives a new one."
                        .into(),
                );
            }
            Refusal::AccessTokenMismatch => {
                return Self::Credential(
                    "The X-AUTH-TOKEN belongs to another API_KEY. GET /openapi/token with this API_KEY gives a fitting one."
                        .into(),
                );
            }
            Refusal::Forbidden => {
                let message = "This X-AUTH-TOKEN reads only, because it was bought with scope=read.";
                return Self::Chat(Code::NotAllowed, message.into());
            }
            Refusal::RoomNotFound => Code::NoRoom,
            Refusal::RoomFull => Code::UserLimit,
            Refusal::RoomNotOpen => Code::NotOpenYet,
            Refusal::RoomEnded => Code::Ended,
            Refusal::Banned => Code::Banned,
            Refusal::WrongRoomPassword => Code::WrongPassword,
            Refusal::NotJoined => Code::NotConnected,
            Refusal::AlreadyLeft => Code::AlreadyDisconnected,
            Refusal::Muted => Code::NotAllowed,
            Refusal::ClientKeyTaken | Refusal::WrongState => Code::Incorrect,
            _ => return Self::Other(refusal.into()),
        };
        Self::Chat(code, refusal.message().into())
    }
}

/// What a field of ours is called in this family.
const fn parameter(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::Name => "roomName",
        Field::OpensAt => "startDt",
        Field::EndsAt => "endDt",
        Field::MaxUsers => "maxUser",
        Field::RoomPassword => "password",
        Field::NickName => "nickName",
        Field::ClientKey => "clientKey",
        Field::Grade => "grade",
        _ => return None,
    })
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        match self {
            Self::Chat(code, message) => answer(code.status(), &Document::of(code, &message)),
            Self::Credential(message) => {
                let mut response = answer(StatusCode::UNAUTHORIZED, &Document::of(Code::Incorrect, &message));
                response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
                response
            }
            Self::Other(problem) => self::problem(&problem),
        }
    }
}

/// A problem in this form.
pub(super) fn problem(problem: &Problem) -> Response {
    let status = match problem.kind {
        // The family has no status for it, and a client knows what a bad request is.
        Kind::Invalid | Kind::InvalidQuery | Kind::NoSuchLimit => StatusCode::BAD_REQUEST,
        kind => kind.status(),
    };
    let code = if status.is_server_error() { Code::System } else { Code::Incorrect };
    let mut response = answer(status, &Document::of(code, &problem.detail));
    problem.mark(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_a_room_has_the_published_code() {
        for (refusal, status, number) in [
            (Refusal::RoomFull, 200, 10_101),
            (Refusal::RoomNotFound, 200, 10_102),
            (Refusal::RoomNotOpen, 200, 10_103),
            (Refusal::RoomEnded, 200, 10_104),
            (Refusal::Banned, 200, 10_106),
            (Refusal::NotJoined, 200, 10_107),
            (Refusal::AlreadyLeft, 200, 10_108),
            (Refusal::Forbidden, 403, 10_114),
            (Refusal::WrongRoomPassword, 200, 10_115),
            (Refusal::ClientKeyTaken, 400, 400),
            (Refusal::AccessTokenInvalid, 401, 400),
            (Refusal::AccessTokenMismatch, 401, 400),
            (Refusal::AppArchived, 409, 400),
        ] {
            let fail = Fail::from(refusal.clone());
            let told = match &fail {
                Fail::Chat(code, _) => code.number(),
                Fail::Credential(_) | Fail::Other(_) => 400,
            };
            assert_eq!((fail.into_response().status().as_u16(), told), (status, number), "{refusal:?}");
        }
    }
}

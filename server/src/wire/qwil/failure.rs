//! Why a call failed, in Qwil's form: a code, whose letters give the status, and a message for people.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::field::Field;
use domain::refusal::Refusal;
use serde::Serialize;

use crate::json::answer::json;
use crate::json::problem::{Kind, Problem};

/// A code of an error. The letters after the R say what it is about: U the key, F what the key or the contact may do, B the
/// call, N what is not there, S the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    name: &'static str,
    status: StatusCode,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident;)+) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self { name: $text, status: StatusCode::$status };)+
        }
    };
}

codes! {
    /// Id or secret is missing or wrong.
    KEY_REFUSED = "RU001", UNAUTHORIZED;
    /// The key is disabled, revoked, expired, not valid yet or not confirmed.
    KEY_OFF = "RU002", UNAUTHORIZED;
    /// The contact on whose behalf the call is made is disabled.
    CONTACT_INACTIVE = "RF024", FORBIDDEN;
    /// The key lacks the permission.
    PERMISSION_NEEDED = "RF731", FORBIDDEN;
    /// The key may not be used from this address.
    ADDRESS_REFUSED = "RF732", FORBIDDEN;
    /// Only a staff contact who is an admin may do this.
    NOT_ADMIN = "RF733", FORBIDDEN;
    /// A participant is muted or banned.
    SILENCED = "RF734", FORBIDDEN;
    /// A header that only a Super key may send.
    HEADER_NOT_ALLOWED = "RF841", FORBIDDEN;
    /// The key is narrowed to other contacts.
    ON_BEHALF_NOT_ALLOWED = "RF842", FORBIDDEN;
    /// The body or the query is wrong.
    WRONG = "RB001", BAD_REQUEST;
    /// The id that the call is about is missing.
    ID_NEEDED = "RB785", BAD_REQUEST;
    /// The call has to name the contact on whose behalf it is made.
    ON_BEHALF_NEEDED = "RB786", BAD_REQUEST;
    /// Header and query name different contacts.
    ON_BEHALF_TWICE = "RB787", BAD_REQUEST;
    /// The path takes other methods.
    METHOD_NOT_ALLOWED = "RB405", METHOD_NOT_ALLOWED;
    /// The body took too long.
    TOO_SLOW = "RB408", REQUEST_TIMEOUT;
    /// The present state does not allow it.
    CONFLICT = "RB409", CONFLICT;
    /// The body or the file is too long.
    TOO_LONG = "RB413", PAYLOAD_TOO_LARGE;
    /// The body is of another type.
    WRONG_TYPE = "RB415", UNSUPPORTED_MEDIA_TYPE;
    /// The key was used too often.
    TOO_MANY = "RB429", TOO_MANY_REQUESTS;
    /// There is no such path.
    NO_SUCH_PATH = "RN001", NOT_FOUND;
    /// There is no such chat, contact, message or file, or not for this caller.
    NOT_FOUND = "RN006", NOT_FOUND;
    /// The organisation, an app here, is archived.
    APP_ARCHIVED = "RN900", NOT_FOUND;
    /// Something is broken inside Keystead.
    BROKEN = "RS500", INTERNAL_SERVER_ERROR;
    /// The database does not answer.
    UNAVAILABLE = "RS503", SERVICE_UNAVAILABLE;
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Failure {
    code: Code,
    message: Cow<'static, str>,
    /// Where the headers come from that say what to do.
    problem: Option<Box<Problem>>,
}

#[derive(Serialize)]
struct Document<'a> {
    error_code: &'static str,
    message: &'a str,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), problem: None }
    }

    /// A parameter of the query, or a member of the body, is wrong.
    pub fn wrong(name: &str, what: &str) -> Self {
        Self::new(Code::WRONG, format!("{name}: {what}"))
    }

    /// A member without which nobody knows what the call is about is missing.
    pub fn id_needed(name: &str) -> Self {
        Self::new(Code::ID_NEEDED, format!("{name} is missing: send the id."))
    }

    /// No chat, contact or message has this id, or the caller may not know that one has.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NOT_FOUND, format!("{what} not found."))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let document = Document { error_code: self.code.name, message: &self.message };
        let mut response = json(self.code.status, "application/json", &document);
        if let Some(problem) = &self.problem {
            problem.mark(response.headers_mut());
        }
        response
    }
}

/// A problem that the router or a body reader found.
pub(super) fn answer(problem: &Problem) -> Response {
    Failure::from(problem.clone()).into_response()
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let code = match problem.kind {
            Kind::KeyNeeded | Kind::KeyRefused => Code::KEY_REFUSED,
            Kind::Forbidden | Kind::PermissionNeeded => Code::PERMISSION_NEEDED,
            Kind::TooManyCalls => Code::TOO_MANY,
            Kind::Malformed | Kind::Invalid | Kind::InvalidQuery | Kind::WrongQuery | Kind::NoSuchLimit => Code::WRONG,
            Kind::IdempotencyKeyReused | Kind::Stale | Kind::Conflict => Code::CONFLICT,
            Kind::NotJson => Code::WRONG_TYPE,
            Kind::MethodNotAllowed => Code::METHOD_NOT_ALLOWED,
            Kind::NoSuchPath => Code::NO_SUCH_PATH,
            Kind::NotFound => Code::NOT_FOUND,
            Kind::TooLong => Code::TOO_LONG,
            Kind::TooSlow => Code::TOO_SLOW,
            Kind::Unavailable => Code::UNAVAILABLE,
            Kind::Internal => Code::BROKEN,
        };
        // The form has room for one message, so the first fault is it.
        let message = match problem.faults.first() {
            Some(fault) => Cow::Owned(format!("{}: {}", fault.location(), fault.detail())),
            None => problem.detail.clone(),
        };
        Self { code, message, problem: Some(Box::new(problem)) }
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        let refusal = match error {
            service::Error::Refused(refusal) => refusal,
            error => return Problem::from(error).into(),
        };
        let code = match &refusal {
            Refusal::OnBehalfNeeded => {
                return Self::new(
                    Code::ON_BEHALF_NEEDED,
                    "on-behalf-of is missing: send the uuid of the contact for whom you call, as a header or in the query.",
                );
            }
            Refusal::OnBehalfNotAllowed => Code::ON_BEHALF_NOT_ALLOWED,
            // A program cannot enable them.
            Refusal::ContactInactive => return Self::new(Code::CONTACT_INACTIVE, "This contact is disabled."),
            Refusal::ContactNotAdmin => Code::NOT_ADMIN,
            // Only somebody in a chat knows of it.
            Refusal::RoomNotFound | Refusal::NotJoined | Refusal::AlreadyLeft => return Self::not_found("Chat"),
            Refusal::ContactNotFound => return Self::not_found("Contact"),
            Refusal::MessageNotFound | Refusal::AttachmentNotFound | Refusal::PictureNotFound => Code::NOT_FOUND,
            Refusal::Muted | Refusal::Banned => Code::SILENCED,
            Refusal::RoomEnded => {
                return Self::new(Code::CONFLICT, "This chat is archived or closed: nobody can write in it.");
            }
            Refusal::ButlerChat
            | Refusal::RoomFull
            | Refusal::AttachmentsFull
            | Refusal::RoomNotOpen
            | Refusal::ClientKeyTaken
            | Refusal::EmailTaken => Code::CONFLICT,
            Refusal::AttachmentTooLarge { .. } => Code::TOO_LONG,
            Refusal::AttachmentEmpty => Code::WRONG,
            Refusal::AppArchived => Code::APP_ARCHIVED,
            Refusal::Invalid(errors) => {
                let first = errors.0.first();
                let message = first.map(|error| format!("{}: {}", member(error.field), error.message));
                return Self::new(Code::WRONG, message.unwrap_or_else(|| refusal.message()));
            }
            _ => return Problem::from(refusal).into(),
        };
        Self::new(code, refusal.message())
    }
}

/// What a field of ours is called in this family.
const fn member(field: Field) -> &'static str {
    match field {
        Field::Name => "title",
        Field::Message => "text",
        Field::ContactKind => "type",
        // The only file that is checked there is the picture of a contact, which is the whole body.
        Field::Attachment => "body",
        field => field.as_str(),
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        service::Error::Refused(refusal).into()
    }
}

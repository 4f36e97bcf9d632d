//! Answers: whether the event was taken in, and if not, a code for programs and a message for people.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::event::Event;
use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;
use serde::Serialize;

use crate::json::answer::json;
use crate::json::problem::{Kind, Problem};

/// What to present, in the header of an answer to whoever did not.
const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Bearer realm="keystead""#);

/// Why an event was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    name: &'static str,
    status: StatusCode,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $status:ident;)+) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self { name: stringify!($name), status: StatusCode::$status };)+
        }
    };
}

codes! {
    /// The call is not one that HTTP, a form or JSON allows.
    MALFORMED, BAD_REQUEST;
    /// The key came in two places, and is not the same in both.
    TWO_KEYS, BAD_REQUEST;
    /// A GET came with a body.
    BODY_NOT_READ, BAD_REQUEST;
    /// A member that every event needs is missing.
    MEMBER_MISSING, BAD_REQUEST;
    /// A member has the wrong type, or its value is not one that is kept.
    MEMBER_INVALID, BAD_REQUEST;
    /// A member is there twice, with different values.
    MEMBER_REPEATED, BAD_REQUEST;
    /// There are more members than an event may have.
    TOO_MANY_MEMBERS, BAD_REQUEST;
    /// No key came.
    KEY_MISSING, UNAUTHORIZED;
    /// The key is wrong, or off.
    KEY_NOT_ACCEPTED, UNAUTHORIZED;
    /// The app of the key is archived.
    APP_ARCHIVED, UNAUTHORIZED;
    /// The key is of a kind that reports elsewhere, or nowhere.
    KIND_NOT_ALLOWED, FORBIDDEN;
    /// The page that called is outside the domains of the key.
    ORIGIN_NOT_ALLOWED, FORBIDDEN;
    /// The key may not do this.
    FORBIDDEN, FORBIDDEN;
    /// There is no such path.
    NO_SUCH_PATH, NOT_FOUND;
    /// The path takes other methods.
    METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED;
    /// The body took too long.
    TOO_SLOW, REQUEST_TIMEOUT;
    /// The present state does not allow it.
    CONFLICT, CONFLICT;
    /// The body is too long.
    TOO_LONG, PAYLOAD_TOO_LARGE;
    /// The body is of another type.
    WRONG_TYPE, UNSUPPORTED_MEDIA_TYPE;
    /// The key was used too often.
    TOO_MANY_CALLS, TOO_MANY_REQUESTS;
    /// Something is broken inside Keystead.
    BROKEN, INTERNAL_SERVER_ERROR;
    /// The database does not answer, or too many events wait for it.
    UNAVAILABLE, SERVICE_UNAVAILABLE;
}

/// The event was taken in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken<'a> {
    success: bool,
    event_id: &'a str,
    received_at: String,
}

pub(super) fn taken(event: &Event) -> Response {
    let document = Taken { success: true, event_id: event.id.as_str(), received_at: event.at.to_rfc3339() };
    json(StatusCode::OK, "application/json", &document)
}

/// It was not.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    success: bool,
    error: &'static str,
    message: &'a str,
}

/// Why an event was not taken in.
#[derive(Debug)]
pub(super) struct Fail {
    pub code: Code,
    pub message: Cow<'static, str>,
    /// Where the headers come from that say what to do.
    problem: Option<Box<Problem>>,
}

impl Fail {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), problem: None }
    }

    /// A member that every event needs is not there.
    pub fn missing(name: &str, what: &str) -> Self {
        Self::new(Code::MEMBER_MISSING, format!("{name} is missing: {what}"))
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let document = Refused { success: false, error: self.code.name, message: &self.message };
        let mut response = json(self.code.status, "application/json", &document);
        let headers = response.headers_mut();
        if let Some(problem) = &self.problem {
            problem.mark(headers);
        }
        if self.code.status == StatusCode::UNAUTHORIZED {
            headers.entry(header::WWW_AUTHENTICATE).or_insert(CHALLENGE);
        }
        response
    }
}

/// A problem that the router or a body reader found.
pub(super) fn problem(problem: &Problem) -> Response {
    Fail::from(problem.clone()).into_response()
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Self {
        let code = match problem.kind {
            Kind::KeyNeeded => Code::KEY_MISSING,
            Kind::KeyRefused => Code::KEY_NOT_ACCEPTED,
            Kind::Forbidden | Kind::PermissionNeeded => Code::FORBIDDEN,
            Kind::TooManyCalls => Code::TOO_MANY_CALLS,
            Kind::Malformed | Kind::WrongQuery => Code::MALFORMED,
            Kind::Invalid | Kind::InvalidQuery | Kind::NoSuchLimit => Code::MEMBER_INVALID,
            Kind::IdempotencyKeyReused | Kind::Stale | Kind::Conflict => Code::CONFLICT,
            Kind::NotJson => Code::WRONG_TYPE,
            Kind::MethodNotAllowed => Code::METHOD_NOT_ALLOWED,
            Kind::NoSuchPath | Kind::NotFound => Code::NO_SUCH_PATH,
            Kind::TooLong => Code::TOO_LONG,
            Kind::TooSlow => Code::TOO_SLOW,
            Kind::Unavailable => Code::UNAVAILABLE,
            Kind::Internal => Code::BROKEN,
        };
        Self { code, message: problem.detail.clone(), problem: Some(Box::new(problem)) }
    }
}

impl From<FieldErrors> for Fail {
    fn from(errors: FieldErrors) -> Self {
        let told = errors.0.iter().map(|error| format!("{}: {}", member(error.field), error.message));
        Self::new(Code::MEMBER_INVALID, told.collect::<Vec<_>>().join(" "))
    }
}

impl From<service::Error> for Fail {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(Refusal::Invalid(errors)) => errors.into(),
            error => Problem::from(error).into(),
        }
    }
}

/// What a field of ours is called in this family.
const fn member(field: Field) -> &'static str {
    match field {
        Field::CrmId => "crmId",
        Field::AgentId => "agentId",
        Field::EventData => "further members",
        field => field.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_an_event_keeps_the_headers_that_say_what_to_do() {
        let refused = |fail: Fail| {
            let response = fail.into_response();
            let header =
                |name: header::HeaderName| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), header(header::WWW_AUTHENTICATE), header(header::RETRY_AFTER))
        };
        let challenge = Some(r#"Bearer realm="keystead""#.to_owned());
        assert_eq!(refused(Fail::new(Code::KEY_MISSING, "Send it.")), (401, challenge.clone(), None));
        assert_eq!(refused(Problem::key_needed("Send it.").into()), (401, challenge, None));
        assert_eq!(refused(Problem::too_many(Some(domain::timestamp::Millis::seconds(7))).into()).2.unwrap(), "7");
        // The key may be the member jwt.
        assert_eq!(
            Fail::from(Problem::too_many(None)).message,
            "The key has used up its calls; edit it in the console."
        );
        let long = FieldErrors::one(Field::CrmId, "Use at most 253 characters; yours has 254.");
        let fail = Fail::from(service::Error::Refused(Refusal::Invalid(long)));
        assert_eq!(fail.message, "crmId: Use at most 253 characters; yours has 254.");
        assert_eq!(refused(fail).0, 400);
    }
}

//! Why a call failed, in Sunshine's form: `{"errors":[{"code","title"}]}`.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;
use serde::Serialize;

use crate::json::answer::json;
use crate::json::problem::{Kind, Problem};

/// A code of an error, with the status that belongs to it.
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
    BAD_REQUEST = "bad_request", BAD_REQUEST;
    /// An app or an integration has as many keys as it may have.
    TOO_MANY_KEYS = "too_many_keys", BAD_REQUEST;
    /// An app has as many integrations as it may have.
    TOO_MANY_INTEGRATIONS = "too_many_integrations", BAD_REQUEST;
    UNAUTHORIZED = "unauthorized", UNAUTHORIZED;
    /// The key works, but its scope does not reach this.
    FORBIDDEN = "forbidden", FORBIDDEN;
    APP_NOT_FOUND = "app_not_found", NOT_FOUND;
    INTEGRATION_NOT_FOUND = "integration_not_found", NOT_FOUND;
    CONVERSATION_NOT_FOUND = "conversation_not_found", NOT_FOUND;
    USER_NOT_FOUND = "user_not_found", NOT_FOUND;
    NOT_FOUND = "not_found", NOT_FOUND;
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED;
    TOO_SLOW = "request_timeout", REQUEST_TIMEOUT;
    CONFLICT = "conflict", CONFLICT;
    TOO_LARGE = "payload_too_large", PAYLOAD_TOO_LARGE;
    WRONG_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// As much is there as may be.
    LOCKED = "locked", LOCKED;
    TOO_MANY_REQUESTS = "too_many_requests", TOO_MANY_REQUESTS;
    BROKEN = "uncategorized_error", INTERNAL_SERVER_ERROR;
    UNAVAILABLE = "service_unavailable", SERVICE_UNAVAILABLE;
}

/// Why a call failed. Only a bad request has several reasons.
#[derive(Debug)]
pub(super) struct Failure {
    code: Code,
    titles: Vec<Cow<'static, str>>,
    /// Where the headers come from that say what to do.
    problem: Option<Box<Problem>>,
}

#[derive(Serialize)]
struct Document<'a> {
    errors: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    title: &'a str,
}

impl Failure {
    pub fn new(code: Code, title: impl Into<Cow<'static, str>>) -> Self {
        Self { code, titles: vec![title.into()], problem: None }
    }

    pub fn bad_request(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BAD_REQUEST, title)
    }

    /// A member of the body is missing. `place` is where it should be, empty for the body itself.
    pub fn required(place: &str, name: &str) -> Self {
        let place = if place.is_empty() { String::new() } else { format!("{place} ") };
        Self::bad_request(format!("{place}should have required property '{name}'"))
    }

    /// A parameter of the query is wrong.
    pub fn query() -> Self {
        Self::bad_request("Invalid query parameters")
    }

    /// There is no such page.
    pub fn page() -> Self {
        Self::bad_request("Invalid page query parameters")
    }

    /// The credentials are missing, or they were not accepted. The answer is always the same, so that whoever tries keys
    /// learns nothing.
    pub fn unauthorized() -> Self {
        Self::new(Code::UNAUTHORIZED, "Authorization is required")
    }

    pub fn forbidden() -> Self {
        Self::new(Code::FORBIDDEN, "Forbidden")
    }

    pub fn app_not_found() -> Self {
        Self::new(Code::APP_NOT_FOUND, "App not found")
    }

    pub fn integration_not_found() -> Self {
        Self::new(Code::INTEGRATION_NOT_FOUND, "Integration not found")
    }

    pub fn conversation_not_found() -> Self {
        Self::new(Code::CONVERSATION_NOT_FOUND, "Conversation not found")
    }

    pub fn user_not_found() -> Self {
        Self::new(Code::USER_NOT_FOUND, "User not found")
    }

    pub fn not_found() -> Self {
        Self::new(Code::NOT_FOUND, "Resource not found")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let errors = self.titles.iter().map(|title| Told { code: self.code.name, title });
        let document = Document { errors: errors.collect() };
        let mut response = json(self.code.status, "application/json", &document);
        if let Some(problem) = &self.problem {
            problem.mark(response.headers_mut());
        }
        if self.code == Code::UNAUTHORIZED {
            super::caller::challenge(response.headers_mut());
        }
        response
    }
}

/// A problem that the router found.
pub(super) fn answer(problem: &Problem) -> Response {
    Failure::from(problem.clone()).into_response()
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let (code, title) = match problem.kind {
            Kind::KeyNeeded | Kind::KeyRefused => return Self::unauthorized(),
            Kind::Forbidden | Kind::PermissionNeeded => (Code::FORBIDDEN, Some("Forbidden")),
            Kind::TooManyCalls => (Code::TOO_MANY_REQUESTS, None),
            Kind::Malformed | Kind::Invalid | Kind::InvalidQuery | Kind::WrongQuery | Kind::NoSuchLimit => {
                (Code::BAD_REQUEST, None)
            }
            Kind::IdempotencyKeyReused | Kind::Stale | Kind::Conflict => (Code::CONFLICT, None),
            Kind::NotJson => (Code::WRONG_TYPE, None),
            Kind::MethodNotAllowed => (Code::METHOD_NOT_ALLOWED, Some("Method not allowed")),
            Kind::NoSuchPath | Kind::NotFound => (Code::NOT_FOUND, Some("Resource not found")),
            Kind::TooLong => (Code::TOO_LARGE, None),
            Kind::TooSlow => (Code::TOO_SLOW, None),
            Kind::Unavailable => (Code::UNAVAILABLE, None),
            Kind::Internal => (Code::BROKEN, None),
        };
        let titles = match title {
            Some(title) => vec![title.into()],
            None if problem.faults.is_empty() => vec![sentence(&problem.detail).into()],
            None => problem.faults.iter().map(|fault| title_of(fault.location(), &fault.detail()).into()).collect(),
        };
        Self { code, titles, problem: Some(Box::new(problem)) }
    }
}

/// Titles have no full stop.
fn sentence(text: &str) -> String {
    text.trim_end_matches('.').to_owned()
}

fn title_of(place: impl AsRef<str>, wrong: &str) -> String {
    match place.as_ref() {
        "" => sentence(wrong),
        place => format!("{place}: {}", sentence(wrong)),
    }
}

impl From<FieldErrors> for Failure {
    fn from(errors: FieldErrors) -> Self {
        let mut titles: Vec<Cow<'static, str>> =
            errors.0.iter().map(|error| title_of(member(error.field), &error.message).into()).collect();
        if titles.is_empty() {
            titles.push("Bad request".into());
        }
        Self { code: Code::BAD_REQUEST, titles, problem: None }
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(refusal) => refusal.into(),
            error => Problem::from(error).into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(errors) => errors.into(),
            Refusal::AppNotFound | Refusal::AppArchived => Self::app_not_found(),
            Refusal::IntegrationNotFound => Self::integration_not_found(),
            // Whoever is in no conversation learns nothing of it.
            Refusal::RoomNotFound => Self::conversation_not_found(),
            Refusal::ContactNotFound => Self::user_not_found(),
            Refusal::NotFound
            | Refusal::WebhookNotFound
            | Refusal::MessageNotFound
            | Refusal::AttachmentNotFound
            | Refusal::PictureNotFound
            | Refusal::NotJoined
            | Refusal::AlreadyLeft => Self::not_found(),
            Refusal::Forbidden
            | Refusal::OwnersKey
            | Refusal::BeyondOwnRights
            | Refusal::OwnKey
            | Refusal::ProveAgain => Self::forbidden(),
            Refusal::ContactInactive => Self::new(Code::FORBIDDEN, "The user is disabled"),
            Refusal::NoKeysOfThisIntegration => {
                Self::bad_request("API keys are available only for custom integrations")
            }
            Refusal::TooManyKeys { most } => {
                Self::new(Code::TOO_MANY_KEYS, format!("The max number of keys has been reached ({most})"))
            }
            Refusal::TooManyIntegrations { most } => {
                let title = format!("App has reached the max number of integrations ({most})");
                Self::new(Code::TOO_MANY_INTEGRATIONS, title)
            }
            Refusal::TooManyChatWebhooks { most } => Self::bad_request(format!(
                "App has reached the max number of active webhooks for conversations ({most})"
            )),
            Refusal::OneWebhook => Self::bad_request("A custom integration has exactly one webhook"),
            Refusal::LastApp => Self::bad_request("The last app cannot be deleted"),
            Refusal::EmailTaken | Refusal::ClientKeyTaken => Self::new(Code::CONFLICT, "User already exists"),
            Refusal::RoomFull => Self::new(Code::LOCKED, "The conversation has reached the max number of participants"),
            Refusal::RoomEnded | Refusal::RoomNotOpen => Self::new(Code::LOCKED, "The conversation is closed"),
            Refusal::AttachmentTooLarge { .. } => Self::new(Code::TOO_LARGE, sentence(&refusal.message())),
            Refusal::AttachmentsFull => Self::new(Code::LOCKED, sentence(&refusal.message())),
            Refusal::AttachmentEmpty => Self::bad_request(sentence(&refusal.message())),
            refusal => Problem::from(refusal).into(),
        }
    }
}

/// What a field of ours is called in this family; empty for what is about the whole body.
const fn member(field: Field) -> &'static str {
    match field {
        Field::Name => "displayName",
        Field::Message => "content.text",
        Field::WebhookTarget => "target",
        Field::Triggers => "triggers",
        Field::Integration => "integrationId",
        Field::ExternalId | Field::Identifier => "externalId",
        Field::NickName => "author.displayName",
        Field::Email => "profile.email",
        // All that is kept of a thing counts, not its member `metadata`, which is checked before.
        Field::Metadata => "",
        field => field.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_status_and_code() {
        for (refusal, status, code) in [
            (Refusal::Invalid(FieldErrors::one(Field::Name, "Give a name.")), 400, "bad_request"),
            (Refusal::AppNotFound, 404, "app_not_found"),
            (Refusal::AppArchived, 404, "app_not_found"),
            (Refusal::IntegrationNotFound, 404, "integration_not_found"),
            (Refusal::RoomNotFound, 404, "conversation_not_found"),
            (Refusal::ContactNotFound, 404, "user_not_found"),
            (Refusal::ContactInactive, 403, "forbidden"),
            (Refusal::NotFound, 404, "not_found"),
            (Refusal::WebhookNotFound, 404, "not_found"),
            (Refusal::Forbidden, 403, "forbidden"),
            (Refusal::NoKeysOfThisIntegration, 400, "bad_request"),
            (Refusal::TooManyKeys { most: 10 }, 400, "too_many_keys"),
            (Refusal::TooManyChatWebhooks { most: 100 }, 400, "bad_request"),
            (Refusal::EmailTaken, 409, "conflict"),
            (Refusal::RoomFull, 423, "locked"),
            (Refusal::AttachmentsFull, 423, "locked"),
            (Refusal::Busy, 503, "service_unavailable"),
        ] {
            let failure = Failure::from(refusal.clone());
            assert_eq!((failure.code.status.as_u16(), failure.code.name), (status, code), "{refusal:?}");
            assert!(failure.titles.iter().all(|title| !title.is_empty() && !title.ends_with('.')), "{failure:?}");
        }
    }

    #[test]
    fn several_wrong_fields_are_several_errors_of_one_bad_request() {
        let mut errors = FieldErrors::one(Field::Name, "This is too long.");
        errors.push(Field::WebhookTarget, "This is no address.");
        let titles = Failure::from(errors).titles;
        assert_eq!(titles, ["displayName: This is too long", "target: This is no address"]);
    }

    #[test]
    fn titles_name_members_of_this_family() {
        for (field, title) in [
            (Field::Identifier, "externalId: This is wrong"),
            (Field::NickName, "author.displayName: This is wrong"),
            (Field::Message, "content.text: This is wrong"),
            (Field::Metadata, "This is wrong"),
        ] {
            assert_eq!(Failure::from(FieldErrors::one(field, "This is wrong.")).titles, [title], "{field:?}");
        }
    }
}

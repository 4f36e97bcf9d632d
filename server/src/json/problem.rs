//! Why a call failed, as a problem document of RFC 9457: `application/problem+json`.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::permission::AdminPermission;
use domain::refusal::Refusal;
use domain::rotation::NoRotation;
use domain::timestamp::Millis;
use serde::Serialize;
use service::once;

use super::answer::json;
use super::fault::{Fault, Faults};
pub(crate) use super::problem_kind::Kind;
use crate::reading::BodyError;

/// Why a call failed, in words that a programmer can act on.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub kind: Kind,
    pub detail: Cow<'static, str>,
    /// The faults of a body; empty for other kinds.
    pub faults: Vec<Fault>,
    challenge: Option<Cow<'static, str>>,
    allow: Option<Box<str>>,
    /// How long to wait before trying again.
    wait: Option<Millis>,
}

/// The content type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The challenge of a call without a key.
const CHALLENGE: &str = r#"Bearer realm="keystead""#;
/// The content type for a call with a bad key.
pub(crate) const INVALID_TOKEN: &str = r#"Bearer realm="keystead", error="invalid_token""#;

#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Member<'a>>,
}

/// What is wrong with one member of the body, or with one parameter of the query.
#[derive(Debug, Serialize)]
struct Member<'a> {
    /// The place of the fault in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The name of the parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// What is wrong and what to send.
    detail: Cow<'a, str>,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), faults: Vec::new(), challenge: None, allow: None, wait: None }
    }

    fn of(kind: Kind, refusal: &Refusal) -> Self {
        let detail = for_programs(refusal).map_or_else(|| refusal.message().into(), Cow::Borrowed);
        Self::new(kind, detail)
    }

    /// No key came, or its header cannot be read.
    pub fn key_needed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { challenge: Some(CHALLENGE.into()), ..Self::new(Kind::KeyNeeded, detail) }
    }

    /// The caller's own key is not accepted. The answer is always the same, so that an attacker who tries keys learns
    /// nothing.
    pub fn key_refused() -> Self {
        let detail = "The key in the Authorization header was not accepted. If it is complete, whoever issued it can see why in the console.";
        Self { challenge: Some(INVALID_TOKEN.into()), ..Self::new(Kind::KeyRefused, detail) }
    }

    /// The caller's own key works, but not for this.
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// The caller's own key lacks this permission.
    pub fn permission_needed(permission: AdminPermission) -> Self {
        let name = permission.as_str();
        let detail =
            format!("The key in the Authorization header needs the permission {name}; edit it in the console.");
        let challenge = format!(r#"Bearer realm="keystead", error="insufficient_scope", scope="{name}""#);
        Self { challenge: Some(challenge.into()), ..Self::new(Kind::PermissionNeeded, detail) }
    }

    /// The caller's key has no calls left. `wait` is the time until it has one again; `None` if it never does.
    pub fn too_many(wait: Option<Millis>) -> Self {
        let detail = match wait {
            // Some families also take it elsewhere.
            Some(_) => "The key has used up its calls for now.",
            None => "The key has used up its calls; edit it in the console.",
        };
        Self { wait, ..Self::new(Kind::TooManyCalls, detail) }
    }

    /// The request is not one that HTTP or JSON allows.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// The query is not what this path takes.
    pub fn wrong_query(faults: Faults) -> Self {
        let detail = "See errors: each names a parameter of the query and what it should be.";
        Self { faults: faults.into_list(), ..Self::new(Kind::WrongQuery, detail) }
    }

    /// A change named a revision that is not the present one.
    pub fn stale() -> Self {
        Self::new(
            Kind::Stale,
            "The key was changed since you read it. Get it again, and repeat your change with its new ETag.",
        )
    }

    /// No app has this id, or not for this caller.
    pub fn no_such_app() -> Self {
        Self::new(Kind::NotFound, NO_APP)
    }

    /// Another call had the same Idempotency-Key.
    pub fn key_of_another_call() -> Self {
        let detail =
            "Another call had this Idempotency-Key, with another path or body. Send each call with a key of its own.";
        Self::new(Kind::IdempotencyKeyReused, detail)
    }

    /// The same call is being carried out at the moment.
    pub fn under_way() -> Self {
        let detail = "The same call is under way. Ask again in a moment.";
        Self { wait: Some(Millis::seconds(1)), ..Self::new(Kind::Conflict, detail) }
    }

    /// A call was carried out, but its answer is lost.
    pub fn lost_answer() -> Self {
        let detail = "This call was carried out, but its answer is lost. Look at what it changed before you send it with another key.";
        Self::new(Kind::Conflict, detail)
    }

    /// The body is JSON, but not what this path takes.
    pub fn invalid(faults: Faults) -> Self {
        let detail = "See errors: each names a member of the body and what it should be.";
        Self { faults: faults.into_list(), ..Self::new(Kind::Invalid, detail) }
    }

    /// The same about a value that is this member of the body.
    pub fn within(self, member: &'static str) -> Self {
        let faults = self.faults.into_iter().map(|fault| fault.within(member)).collect();
        Self { faults, ..self }
    }

    /// Like `invalid`, if only a permission query is wrong.
    pub fn invalid_query(faults: Faults) -> Self {
        Self { kind: Kind::InvalidQuery, ..Self::invalid(faults) }
    }

    /// The call names a rate limit that the key does not have.
    pub fn no_such_limit(detail: String) -> Self {
        Self::new(Kind::NoSuchLimit, detail)
    }

    /// The body is not sent as JSON.
    pub fn not_json() -> Self {
        Self::new(Kind::NotJson, "Send the body as JSON, with the header Content-Type: application/json.")
    }

    /// The path accepts other methods only.
    pub fn method_not_allowed(allowed: &str) -> Self {
        let problem = Self::new(Kind::MethodNotAllowed, format!("This path accepts {allowed}."));
        Self { allow: Some(allowed.into()), ..problem }
    }

    /// The path does not exist. `detail` lists those that do.
    pub fn no_such_path(detail: String) -> Self {
        Self::new(Kind::NoSuchPath, detail)
    }

    /// The body did not arrive.
    pub fn no_body(error: BodyError, limit: usize) -> Self {
        match error {
            BodyError::TooLong => Self::new(Kind::TooLong, format!("The body may have at most {limit} bytes.")),
            BodyError::TooSlow => Self::new(Kind::TooSlow, "The whole body must arrive within ten seconds."),
            BodyError::Crowded => {
                let detail = "Too many bodies are arriving at the same time. Try again in a moment.";
                Self { wait: Some(Millis::seconds(1)), ..Self::new(Kind::Unavailable, detail) }
            }
            BodyError::KeyEnded => {
                let detail =
                    "The key, or whom it acts for, was changed while the body was on its way. Send the call again.";
                Self { challenge: Some(INVALID_TOKEN.into()), ..Self::new(Kind::KeyRefused, detail) }
            }
            BodyError::Unsure => {
                let detail = "Whether the key is still accepted cannot be told now. Try again in a moment.";
                Self { wait: Some(Millis::seconds(1)), ..Self::new(Kind::Unavailable, detail) }
            }
            BodyError::Broken => Self::malformed("The body ended too early."),
        }
    }

    /// A file cannot be sent now.
    pub fn no_file() -> Self {
        let detail = "Too many files are being sent at the same time. Try again in a moment.";
        Self { wait: Some(Millis::seconds(1)), ..Self::new(Kind::Unavailable, detail) }
    }

    /// What a program is told.
    pub fn document(&self) -> Document<'_> {
        let errors = self.faults.iter().map(|fault| {
            let parameter = fault.parameter();
            Member { pointer: parameter.is_none().then(|| fault.pointer()), parameter, detail: fault.detail() }
        });
        Document {
            kind: self.kind.urn(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            errors: errors.collect(),
        }
    }

    /// Adds the headers that say what to do, which are the same in every form.
    pub fn mark(&self, headers: &mut HeaderMap) {
        if let Some(Ok(challenge)) = self.challenge.as_deref().map(HeaderValue::from_str) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(Ok(allow)) = self.allow.as_deref().map(HeaderValue::from_str) {
            headers.insert(header::ALLOW, allow);
        }
        if let Some(wait) = self.wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.whole_seconds_up()));
        }
    }
}

/// What a program is told where the words for people speak of the console; `None` where they do not.
const fn for_programs(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::Forbidden => "The key that calls may not do this with what it names.",
        Refusal::OwnersKey => {
            "Only an owner issues and changes account keys, in the console or on the command line of the server; no key that calls can."
        }
        Refusal::Changed => "The key was changed meanwhile; get it again, and repeat your change.",
        Refusal::WrongState => "The status of the key does not allow this; get the key to see which it is.",
        Refusal::IssuedByAnother => {
            "Another caller issued this key, and only they saw its secret; it is theirs to acknowledge."
        }
        Refusal::ApprovalNeeded => "A second person must approve this key; ask for it in the console.",
        Refusal::AppNotFound => NO_APP,
        Refusal::NoRotation(NoRotation::Pending) => "The key is pending; acknowledge it first.",
        _ => return None,
    })
}

/// No app has this id, or not for this caller.
const NO_APP: &str = "App not found.";

impl From<service::Error> for Problem {
    /// A refusal; or the store does not answer, or Keystead has a fault. The log has the cause.
    fn from(error: service::Error) -> Self {
        let error = match error {
            service::Error::Refused(refusal) => return refusal.into(),
            // The same call is carried out elsewhere. Whoever asked is answered from there.
            error if once::is_repeated(&error) => return Self::under_way(),
            error => error,
        };
        tracing::error!(%error, "a call of the API failed");
        if error.is_uncertain() {
            return Self::new(Kind::Unavailable, "It is not known whether this was done. Look before you try again.");
        }
        if matches!(error, service::Error::Store(_)) {
            let detail = "The database does not answer. Refuse the request, and try again in a moment.";
            return Self { wait: Some(Millis::seconds(1)), ..Self::new(Kind::Unavailable, detail) };
        }
        Self::new(Kind::Internal, "Something broke inside Keystead. Its log has the cause. Refuse the request.")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Invalid(errors) => return Self::invalid(errors.into()),
            Refusal::Wait { seconds } => {
                return Self { wait: Some(Millis::seconds(seconds.into())), ..Self::of(Kind::TooManyCalls, &refusal) };
            }
            Refusal::Busy => {
                return Self { wait: Some(Millis::seconds(1)), ..Self::of(Kind::Unavailable, &refusal) };
            }
            Refusal::TooManyStreams => Kind::TooManyCalls,
            Refusal::NotFound
            | Refusal::PersonNotFound
            | Refusal::InviteGone
            | Refusal::HandOverGone
            | Refusal::RequestGone
            | Refusal::LinkInvalid
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
            | Refusal::NoSession => Kind::NotFound,
            Refusal::Forbidden
            | Refusal::OwnersKey
            | Refusal::ProveAgain
            | Refusal::BeyondOwnRights
            | Refusal::OwnKey
            | Refusal::SignInFailed
            | Refusal::OnlyKnownBrowsers
            | Refusal::SignInOver
            | Refusal::PasskeyRefused
            | Refusal::Banned
            | Refusal::WrongRoomPassword
            | Refusal::Muted
            | Refusal::ContactInactive
            | Refusal::ContactNotAdmin
            | Refusal::OnBehalfNotAllowed
            | Refusal::AccessTokenInvalid
            | Refusal::AccessTokenMismatch
            | Refusal::FactorsOff => Kind::Forbidden,
            Refusal::NameMismatch
            | Refusal::TooMany { .. }
            | Refusal::NothingChosen
            | Refusal::AttachmentTooLarge { .. }
            | Refusal::AttachmentEmpty
            | Refusal::OnBehalfNeeded
            | Refusal::NoKeysOfThisIntegration
            | Refusal::NoRequestChosen => Kind::Invalid,
            Refusal::Changed
            | Refusal::AlreadyIssued { .. }
            | Refusal::AlreadyReissued
            | Refusal::AlreadyShown(_)
            | Refusal::NotPending
            | Refusal::IssuedByAnother
            | Refusal::NoRotation(_)
            | Refusal::TooLate
            | Refusal::NotUndoable
            | Refusal::WrongState
            | Refusal::StaysRevoked(_)
            | Refusal::EmailTaken
            | Refusal::FactorChanged
            | Refusal::KeptOut
            | Refusal::LastOwner
            | Refusal::LastApp
            | Refusal::AppArchived
            | Refusal::ChooseApp { .. }
            | Refusal::LastWayIn
            | Refusal::AlreadyHandedOver
            | Refusal::HandOverStale
            | Refusal::HandOverNotNow
            | Refusal::TooManyHandOvers { .. }
            | Refusal::ApprovalNeeded
            | Refusal::RequestEnded
            | Refusal::OwnRequest
            | Refusal::RequestStale
            | Refusal::TooManyRequests { .. }
            | Refusal::TooManyKeys { .. }
            | Refusal::TooManyIntegrations { .. }
            | Refusal::TooManyChatWebhooks { .. }
            | Refusal::OneWebhook
            | Refusal::IntegrationStays
            | Refusal::RoomFull
            | Refusal::AttachmentsFull
            | Refusal::RoomNotOpen
            | Refusal::RoomEnded
            | Refusal::ButlerChat
            | Refusal::NotJoined
            | Refusal::AlreadyLeft
            | Refusal::ClientKeyTaken
            | Refusal::TooManyInvites { .. } => Kind::Conflict,
        };
        Self::of(kind, &refusal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = json(self.kind.status(), MEDIA_TYPE, &self.document());
        self.mark(response.headers_mut());
        // An API of another form repeats it in that form.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;

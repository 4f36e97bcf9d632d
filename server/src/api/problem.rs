//! What a program is told when its call was not answered: RFC 9457, `application/problem+json`.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::reading::Unread;
use crate::responses::{NO_STORE, NOSNIFF, SANDBOX, strict_transport};

/// Why a call was not answered, in words that a programmer can act on.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    document: Box<Document>,
    challenge: Option<&'static str>,
    allow: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Member>,
}

/// What is wrong with one member of the body.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Member {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// One sentence that says what to do.
    pub detail: String,
}

/// The challenge of a call without a key.
const CHALLENGE: &str = r#"Bearer realm="keystead""#;
const INVALID: &str = r#"Bearer realm="keystead", error="invalid_token""#;
const SCOPE: &str = r#"Bearer realm="keystead", error="insufficient_scope", scope="keystead.verify""#;

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let document = Document { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() };
        Self { status, document: Box::new(document), challenge: None, allow: None }
    }

    /// No key came, or its header cannot be read.
    pub fn key_needed(detail: impl Into<Cow<'static, str>>) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "urn:keystead:problem:key-needed", "A key is needed", detail);
        Self { challenge: Some(CHALLENGE), ..problem }
    }

    /// The caller's own key is no good; all of these look the same to whoever tries keys.
    pub fn key_refused() -> Self {
        let problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:keystead:problem:key-refused",
            "The key was refused",
            "The key in the Authorization header was not accepted. The console shows its status.",
        );
        Self { challenge: Some(INVALID), ..problem }
    }

    /// The caller's own key works, but not for this.
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "urn:keystead:problem:forbidden", "The key may not do this", detail)
    }

    /// The same, for want of the permission.
    pub fn permission_needed() -> Self {
        let detail =
            "The key in the Authorization header needs the permission keystead.verify; edit it in the console.";
        Self { challenge: Some(SCOPE), ..Self::forbidden(detail) }
    }

    /// More calls than the caller's key allows.
    pub fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "urn:keystead:problem:too-many-calls",
            "Too many calls",
            "The key in the Authorization header has used up its calls for now.",
        )
    }

    /// The request is not one that HTTP or JSON allows.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "urn:keystead:problem:malformed", "The request cannot be read", detail)
    }

    /// The body is JSON, but not what this path takes.
    pub fn invalid(errors: Vec<Member>) -> Self {
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:keystead:problem:invalid",
            "The body is not what this path takes",
            "See errors: each names a member of the body and says what it should be.",
        );
        problem.document.errors = errors;
        problem
    }

    /// The body is not sent as JSON.
    pub fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "urn:keystead:problem:not-json",
            "The body has to be JSON",
            "Send the body as JSON, with the header Content-Type: application/json.",
        )
    }

    /// Another method.
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "urn:keystead:problem:method-not-allowed",
            "Another method is needed",
            format!("This path takes {allowed}."),
        );
        Self { allow: Some(allowed), ..problem }
    }

    /// Another path.
    pub fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:keystead:problem:no-such-path",
            "There is no such path",
            "Under /v1 there are POST /v1/keys/verify and GET /v1/keys/self.",
        )
    }

    /// The body did not arrive.
    pub fn unread(unread: Unread, limit: usize) -> Self {
        match unread {
            Unread::TooLong => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "urn:keystead:problem:too-long",
                "The body is too long",
                format!("The body may have at most {limit} bytes."),
            ),
            Unread::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "urn:keystead:problem:too-slow",
                "The body took too long",
                "The whole body has to arrive within ten seconds.",
            ),
            Unread::Broken => Self::malformed("The body broke off before its end."),
        }
    }

    /// For want of the store, or through a fault of ours; what it was is in the log.
    pub fn of_service(error: &service::Error) -> Self {
        tracing::error!(%error, "a call of the API failed");
        if matches!(error, service::Error::Store(_)) {
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "urn:keystead:problem:unavailable",
                "Keystead cannot decide right now",
                "The database does not answer. Refuse the call, and ask again in a moment.",
            );
        }
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "urn:keystead:problem:internal",
            "Keystead failed",
            "Something broke inside Keystead; its log says what. Refuse the call.",
        )
    }

    /// The answer.
    pub fn answer(self, https: bool) -> Response {
        let body = serde_json::to_vec(&self.document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
        strict_transport(headers, https);
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

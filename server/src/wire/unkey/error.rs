//! Why a call failed, in Unkey's form.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::RequestId;
use super::answer::Meta;
use crate::json::answer::json;
use crate::json::problem::{Kind, Problem};

#[derive(Serialize)]
struct Document<'a> {
    meta: Meta<'a>,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    title: &'static str,
    detail: &'a str,
    status: u16,
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    /// Present with every 400, even if no member of the body is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Fault<'a>>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    location: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

pub(super) fn answer(problem: &Problem) -> Response {
    let id = RequestId::new();
    let (status, title, kind) = unkey(problem.kind);
    if status.is_server_error() {
        tracing::error!(request = id.0, detail = %problem.detail, "a call in Unkey's form failed");
    }
    let faults = problem.faults.iter().map(|fault| Fault {
        location: fault.location(),
        message: &fault.wrong,
        fix: fault.fix.as_deref(),
    });
    let error = Error {
        title,
        detail: &problem.detail,
        status: status.as_u16(),
        kind,
        errors: (status == StatusCode::BAD_REQUEST).then(|| faults.collect()),
    };
    let mut response = json(status, "application/json", &Document { meta: Meta::of(&id), error });
    problem.mark(response.headers_mut());
    response
}

/// Unkey's status, title and type. If Unkey has no type for it, uses ours.
fn unkey(kind: Kind) -> (StatusCode, &'static str, Cow<'static, str>) {
    let (status, title, page) = match kind {
        Kind::KeyNeeded => (StatusCode::UNAUTHORIZED, "Unauthorized", "unkey/authentication/missing"),
        Kind::KeyRefused => (StatusCode::UNAUTHORIZED, "Unauthorized", "unkey/authentication/key_not_found"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Forbidden", "unkey/authorization/forbidden"),
        Kind::PermissionNeeded => {
            (StatusCode::FORBIDDEN, "Insufficient Permissions", "unkey/authorization/insufficient_permissions")
        }
        Kind::TooManyCalls => {
            (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", "user/too_many_requests/workspace_rate_limited")
        }
        Kind::Malformed | Kind::Invalid => (StatusCode::BAD_REQUEST, "Bad Request", "unkey/application/invalid_input"),
        Kind::InvalidQuery => {
            (StatusCode::BAD_REQUEST, "Bad Request", "user/bad_request/permissions_query_syntax_error")
        }
        Kind::NoSuchLimit => {
            (StatusCode::PRECONDITION_FAILED, "Precondition Failed", "unkey/application/precondition_failed")
        }
        Kind::TooLong => {
            (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large", "user/bad_request/request_body_too_large")
        }
        Kind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "Request Timeout", "user/bad_request/request_timeout"),
        Kind::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", "unkey/application/service_unavailable")
        }
        Kind::Internal => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", "unkey/application/unexpected_error")
        }
        Kind::NotJson => return own(kind, "Unsupported Media Type"),
        Kind::MethodNotAllowed => return own(kind, "Method Not Allowed"),
        Kind::NoSuchPath | Kind::NotFound => return own(kind, "Not Found"),
        Kind::Conflict => return own(kind, "Conflict"),
        Kind::WrongQuery | Kind::IdempotencyKeyReused | Kind::Stale => return own(kind, kind.title()),
    };
    (status, title, Cow::Owned(format!("https://unkey.com/docs/errors/{page}")))
}

fn own(kind: Kind, title: &'static str) -> (StatusCode, &'static str, Cow<'static, str>) {
    (kind.status(), title, Cow::Borrowed(kind.urn()))
}

//! Answers of the management API.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::page::Uncounted;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use service::once::{Answer, SecretOf};

use crate::json::answer::json;
use crate::json::problem::Problem;

/// What a call gives: an answer, or why there is none.
pub(super) type Answered<T> = Result<T, Problem>;

/// An answer about one thing.
#[derive(Debug)]
pub(super) struct One<T> {
    pub what: T,
    pub revision: Option<i64>,
}

impl<T> One<T> {
    pub const fn of(what: T) -> Self {
        Self { what, revision: None }
    }
}

impl<T: Serialize> IntoResponse for One<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, "application/json", &self.what);
        if let Some(tag) = self.revision.and_then(tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The revision of a key as an entity tag.
fn tag(revision: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{revision}\"")).ok()
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Listed<T> {
    /// What the page has, in order.
    data: Vec<T>,
    next: Option<String>,
    previous: Option<String>,
}

impl<T> Listed<T> {
    pub fn page<R>(page: impl Into<Uncounted<R>>, show: impl FnMut(R) -> T) -> Self {
        let Uncounted { rows, next, previous } = page.into();
        Self { data: rows.into_iter().map(show).collect(), next, previous }
    }

    /// A list that is one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next: None, previous: None }
    }
}

/// An answer to a call that made something, with a secret that is in this answer and in no other.
#[derive(Debug)]
pub(super) struct Made<T> {
    pub what: T,
    /// The address of what was made.
    pub location: String,
    pub revision: Option<i64>,
    /// The members that are secret, in their order.
    pub secret: Vec<(&'static str, SecretString)>,
    pub of: SecretOf,
}

/// An answer and what its secret belongs to, for whoever keeps it.
#[derive(Debug, Clone)]
pub(super) struct ToKeep {
    pub answer: Answer,
    pub of: Option<SecretOf>,
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let Ok(body) = serde_json::to_string(&self.what) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let members = self.secret.iter().map(|(name, secret)| {
            let value = serde_json::Value::from(secret.expose_secret());
            format!(",\"{name}\":{value}")
        });
        let secret: String = members.collect();
        let etag = self.revision.map(|revision| format!("etag: \"{revision}\"\n")).unwrap_or_default();
        let headers = format!("location: {}\n{etag}", self.location);
        let answer = Answer { status: StatusCode::CREATED.as_u16(), headers, body, secret: Some(secret.into()) };
        let mut response = again(&answer);
        response.extensions_mut().insert(ToKeep { answer, of: Some(self.of) });
        response
    }
}

/// An answer as it was kept.
pub(super) fn again(answer: &Answer) -> Response {
    let mut body = answer.body.clone();
    if let (Some(secret), Some(open)) = (&answer.secret, body.strip_suffix('}')) {
        body = format!("{open}{}}}", secret.expose_secret());
    }
    let mut response = body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !answer.body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in answer.headers.lines().filter_map(|line| line.split_once(": ")) {
        let name = match name {
            "location" => header::LOCATION,
            "etag" => header::ETAG,
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

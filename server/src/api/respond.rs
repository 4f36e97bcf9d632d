//! An answer in JSON, with the headers of every answer of the API.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::responses::{NO_STORE, NOSNIFF, SANDBOX, strict_transport};

/// Bytes of most answers, so that they are written without moving.
const USUAL: usize = 512;

pub(super) fn respond(status: StatusCode, kind: &'static str, content: &impl Serialize, https: bool) -> Response {
    let mut body = Vec::with_capacity(USUAL);
    if serde_json::to_writer(&mut body, content).is_err() {
        body.clear();
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    strict_transport(headers, https);
    response
}

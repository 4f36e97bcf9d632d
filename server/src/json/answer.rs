//! Answers in JSON.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The size of most answers in bytes, so that writing one needs no reallocation.
const USUAL: usize = 512;

/// The answer to a call that was understood.
#[derive(Debug)]
pub(crate) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, "application/json", &self.0)
    }
}

/// Any answer in JSON, without the headers that all answers share.
pub(crate) fn json(status: StatusCode, kind: &'static str, content: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(USUAL);
    if serde_json::to_writer(&mut body, content).is_err() {
        body.clear();
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

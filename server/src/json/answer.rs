//! Answers in JSON.

use std::sync::Arc;

use axum::body::{Body, Bytes};
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

/// An answer that is JSON already.
#[derive(Debug)]
pub(crate) struct Written(pub Arc<[u8]>);

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        sent(StatusCode::OK, "application/json", Body::from(Bytes::from_owner(self.0)))
    }
}

/// Any answer in JSON, without the headers that all answers share.
pub(crate) fn json(status: StatusCode, kind: &'static str, content: &impl Serialize) -> Response {
    sent(status, kind, Body::from(written(content)))
}

/// The bytes of an answer.
pub(crate) fn written(content: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL);
    if serde_json::to_writer(&mut bytes, content).is_err() {
        bytes.clear();
    }
    bytes
}

fn sent(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

//! The size limit of forms.

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::reading;

/// The largest form takes less than this, even with every field at its limit and percent-encoded.
const LIMIT: usize = 256 * 1024;

/// Reads the body before anything else, so that every request that is too long or too slow gets that answer.
pub(super) async fn limit(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let (parts, _) = request.into_parts();
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let (parts, body) = request.into_parts();
    match reading::whole(&parts.headers, body, LIMIT).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => error.status().into_response(),
    }
}

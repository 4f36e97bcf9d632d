//! How much a form may send.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::reading::{self, BodyError};

/// Every field of the largest form at its limit, percent-encoded, has less than this.
const LIMIT: usize = 256 * 1024;

/// Reads the body before anything looks at the request, so that what is too long or too slow is
/// told so, whatever it was for.
pub(super) async fn limit(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let (parts, _) = request.into_parts();
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let (parts, body) = request.into_parts();
    match reading::whole(&parts.headers, body, LIMIT).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(BodyError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(BodyError::TooSlow) => StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(BodyError::Broken) => StatusCode::BAD_REQUEST.into_response(),
    }
}

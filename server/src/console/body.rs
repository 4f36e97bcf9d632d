//! How much a form may send.

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::reading;

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
        Err(error) => error.status().into_response(),
    }
}

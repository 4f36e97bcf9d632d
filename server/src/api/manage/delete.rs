//! The answer to a call after which something is gone.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Nothing is left to tell.
#[derive(Debug)]
pub(super) struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

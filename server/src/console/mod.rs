//! The middleware around every page, form and server function of the console.

mod body;
mod counted;
mod csrf;
mod guard;
mod headers;
mod log;
mod plain_errors;
mod transport;
mod visit;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::timeout::TimeoutLayer;

use crate::console_threads::apart;
use crate::request_id;
use crate::state::AppState;

/// A request ends after this time. A stream counts as answered once it starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts the middleware around the console's routes. A request passes the layers from the last line up.
pub(crate) fn around(routes: Router, state: &AppState) -> Router {
    routes
        .layer(from_fn(guard::guard))
        .layer(from_fn_with_state(state.clone(), body::limit))
        .layer(from_fn_with_state(state.clone(), visit::visit))
        .layer(from_fn_with_state(state.clone(), csrf::refuse_other_sites))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.console.clone(), apart))
        .layer(from_fn(plain_errors::say_why))
        .layer(from_fn(log::log))
        .layer(from_fn_with_state(state.service.metrics().clone(), counted::counted))
        .layer(from_fn_with_state(Arc::clone(&state.trusted_proxies), request_id::of_page))
        .layer(from_fn_with_state(state.clone(), headers::headers))
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a request of the console panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_without_its_details() {
        let broken = get(async || -> &'static str { panic!("the secret is ks_1") });
        let app = Router::new().route("/", broken).layer(CatchPanicLayer::custom(panicked));
        let app = app.layer(from_fn(plain_errors::say_why));
        let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        assert!(!body.is_empty() && !String::from_utf8_lossy(&body).contains("ks_1"));
    }
}

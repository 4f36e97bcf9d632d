//! Counts the requests of the console, and what they take.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use service::metrics::Metrics;

#[expect(clippy::disallowed_methods, reason = "only for the metrics")]
pub(super) async fn counted(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    metrics.console_answered(response.status().as_u16(), started.elapsed());
    response
}

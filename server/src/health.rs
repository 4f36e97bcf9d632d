//! Whether the process is alive, and whether it can serve.

use std::time::Duration;

use app::desk::context::Endpoint;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use service::NotReady;

use crate::state::AppState;

/// How long a check may take. A load balancer needs a quick answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Its entry in the console.
pub(crate) const ENDPOINT: Endpoint =
    Endpoint { purpose: "Health, for a load balancer", method: Some("GET"), path: "/healthz" };

pub(crate) fn router(state: &AppState) -> Router {
    Router::new().route(ENDPOINT.path, get(alive)).route("/readyz", get(ready)).with_state(state.clone())
}

async fn alive() -> impl IntoResponse {
    plain(StatusCode::OK, "alive\n")
}

/// Whether the database can be read and written. Migrations ran before the listener opened, so nothing else needs a check.
async fn ready(State(state): State<AppState>) -> impl IntoResponse {
    if state.shutdown.is_cancelled() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match tokio::time::timeout(PATIENCE, state.service.ready()).await {
        Ok(Ok(())) => plain(StatusCode::OK, "ready\n"),
        Ok(Err(reason)) => {
            let (text, error) = match &reason {
                NotReady::CannotRead(error) => ("the database cannot be read\n", error),
                NotReady::CannotWrite(error) => ("the database cannot be written\n", error),
            };
            tracing::warn!(%error, "not ready: {}", text.trim_end());
            plain(StatusCode::SERVICE_UNAVAILABLE, text)
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text)
}

//! Whether the process is alive, and whether it can serve.

use std::borrow::Cow;
use std::time::Duration;

use app::desk::context::Endpoint;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use domain::timestamp::Millis;

use crate::state::AppState;

/// How long a check may take. A load balancer needs a quick answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Its entry in the console.
pub(crate) const ENDPOINT: Endpoint =
    Endpoint { purpose: "Health, for a load balancer", methods: Some("GET"), path: "/healthz" };

/// The calls that it answers: method and path.
pub(crate) const CALLS: [(&str, &str); 2] = [("GET", ENDPOINT.path), ("GET", READY)];

const READY: &str = "/readyz";

pub(crate) fn router(state: &AppState) -> Router {
    Router::new().route(ENDPOINT.path, get(alive)).route(READY, get(ready)).with_state(state.clone())
}

async fn alive() -> impl IntoResponse {
    plain(StatusCode::OK, "alive\n")
}

/// Whether the database can be read and written. Migrations ran before the listener opened, so nothing else needs a check.
async fn ready(State(state): State<AppState>) -> Response {
    if state.shutdown.is_cancelled() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match tokio::time::timeout(PATIENCE, state.service.ready()).await {
        Ok(Ok(())) => match state.service.clock_off() {
            None => plain(StatusCode::OK, "ready\n"),
            Some(ahead) => plain(StatusCode::OK, format!("ready\nthis machine's clock is {}\n", off(ahead))),
        },
        Ok(Err(reason)) => {
            tracing::warn!("not ready: {reason}");
            plain(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reason.words()))
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time\n"),
    }
}

/// `1200 s ahead of the database's`.
fn off(ahead: Millis) -> String {
    let way = if ahead.0 > 0 { "ahead of" } else { "behind" };
    format!("{} s {way} the database's", ahead.as_seconds().abs())
}

fn plain(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Response {
    let text = text.into();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}

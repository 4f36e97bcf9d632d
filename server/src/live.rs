//! The connectivity test: the verdicts of one key's calls, as they arrive.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use app::desk::ConsoleError;
use app::desk::context::Visit;
use axum::extract::{Extension, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::ids::KeyId;
use domain::refusal::Refusal;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use futures::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use service::streams::Stream;
use service::verify::{Seen, Watch};

use crate::paths::EVENTS;
use crate::state::AppState;

/// How long a stream lasts before the browser opens another.
const LIFETIME: Duration = Duration::from_mins(5);

/// How often a stream looks whether its session goes on. Signing out ends it at once.
const LOOK_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
struct Watched {
    key: String,
}

/// The data of an event `call`.
#[derive(Debug, Serialize)]
struct Call {
    at: Timestamp,
    code: Code,
    address: Option<IpAddr>,
    edge: &'static str,
}

pub(crate) fn router(state: &AppState) -> Router {
    Router::new().route(EVENTS, get(events)).with_state(state.clone())
}

async fn events(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Query(asked): Query<Watched>,
) -> Response {
    match watch(&state, &visit, &asked.key).await {
        Ok((watch, stream)) => {
            let end = state.shutdown.clone().cancelled_owned();
            let session_ends = async move { state.service.session_ends(&stream, LOOK_EVERY).await };
            let calls = opening().chain(calls(watch)).take_until(end).take_until(session_ends);
            let calls = calls.take_until(tokio::time::sleep(LIFETIME));
            Sse::new(calls).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
        }
        Err(error) => (error.status(), Json(error)).into_response(),
    }
}

async fn watch(state: &AppState, visit: &Visit, key: &str) -> Result<(Watch, Stream), ConsoleError> {
    let session = visit.session.as_ref().ok_or(ConsoleError::SignedOut)?;
    let key = KeyId::parse(key).ok_or(ConsoleError::Refused(Refusal::NotFound))?;
    let watch = state.service.watch(&session.caller(visit.address), &key).await?;
    let stream = state.service.stream(session).map_err(ConsoleError::Refused)?;
    Ok((watch, stream))
}

/// The first event. It makes proxies forward the headers, and tells the browser to reconnect soon after the stream
/// ends.
fn opening() -> impl stream::Stream<Item = Result<Event, Infallible>> {
    stream::iter([Ok(Event::default().retry(Duration::from_secs(1)).comment("listening"))])
}

fn calls(watch: Watch) -> impl stream::Stream<Item = Result<Event, Infallible>> {
    stream::unfold(watch, async |mut watch| {
        let seen = watch.next().await?;
        Some((Ok(event(&seen)), watch))
    })
}

fn event(seen: &Seen) -> Event {
    let event = match seen {
        Seen::Call(seen) => {
            let call = Call { at: seen.at, code: seen.code, address: seen.address, edge: seen.edge.as_str() };
            Event::default().event("call").json_data(call)
        }
        Seen::More(calls) => Event::default().event("more").json_data(calls),
    };
    event.unwrap_or_default()
}

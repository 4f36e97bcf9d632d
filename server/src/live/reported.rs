//! The events that a key reports, as the connectivity test shows them.

use std::convert::Infallible;

use app::desk::context::Visit;
use app::desk::live_events::{LiveEvents, Shown, watched};
use app::desk::{CallError, ConsoleError};
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use service::streams::Stream;

use super::{Asked, last_seen, read, streamed};
use crate::state::AppState;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watched {
    integration: String,
    /// Only the events with this key.
    key: Option<String>,
    /// The number of the last event that the page shows.
    after: Option<u64>,
}

pub(super) async fn listen(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    asked: Asked<Watched>,
    headers: HeaderMap,
) -> Response {
    match watch(&state, &visit, asked, last_seen(&headers)).await {
        Ok((events, stream)) => streamed(state, stream, shown(events)),
        Err(error) => (error.status(), Json(CallError::from(error))).into_response(),
    }
}

async fn watch(
    state: &AppState,
    visit: &Visit,
    asked: Asked<Watched>,
    last: Option<u64>,
) -> Result<(LiveEvents, Stream), ConsoleError> {
    let session = visit.session.as_ref().ok_or(ConsoleError::SignedOut)?;
    let asked = read(asked)?;
    let (integration, key) = watched(&asked.integration, asked.key.as_deref())?;
    let watch = state.service.watch_events(&session.caller(visit.address), &integration, key.as_ref()).await?;
    let watch = if let Some(last) = last.or(asked.after) { watch.after(last) } else { watch };
    let stream = state.service.stream(session).map_err(ConsoleError::Refused)?;
    Ok((LiveEvents::new(watch, visit), stream))
}

/// Each event as the page shows it, with its number as the id, and how many of many were left out.
fn shown(events: LiveEvents) -> impl stream::Stream<Item = Result<Event, Infallible>> {
    stream::unfold(events, async |mut events| {
        let event = match events.next().await? {
            Shown::Event(seq, html) => Event::default().id(seq.to_string()).json_data(html),
            Shown::More(count) => Event::default().event("more").json_data(count),
        };
        Some((Ok(event.unwrap_or_default()), events))
    })
}

//! What pages show as it comes: the verdicts of one key's calls, the events that it reports, and the messages of one room or
//! chat.

mod reported;

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use app::desk::context::Visit;
use app::desk::live_room::{Coming, LiveRoom, room_id};
use app::desk::{CallError, ConsoleError};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
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

use crate::paths::{EVENTS, REPORTED, ROOM_EVENTS};
use crate::state::AppState;

/// How long a stream lasts before the browser opens another.
const LIFETIME: Duration = Duration::from_mins(5);

/// How often a stream looks whether its session goes on. Signing out ends it at once.
const LOOK_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watched {
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchedRoom {
    room: String,
    /// The number of the last message that the page shows.
    #[serde(default)]
    after: u64,
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
    let router = Router::new().route(EVENTS, get(events)).route(REPORTED, get(reported::listen));
    router.route(ROOM_EVENTS, get(room_events)).with_state(state.clone())
}

async fn events(State(state): State<AppState>, Extension(visit): Extension<Visit>, asked: Asked<Watched>) -> Response {
    match watch(&state, &visit, asked).await {
        Ok((watch, stream)) => streamed(state, stream, calls(watch)),
        Err(error) => (error.status(), Json(CallError::from(error))).into_response(),
    }
}

async fn room_events(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    asked: Asked<WatchedRoom>,
    headers: HeaderMap,
) -> Response {
    match watch_room(&state, &visit, asked, last_seen(&headers)).await {
        Ok((room, stream)) => streamed(state, stream, messages(room)),
        Err(error) => (error.status(), Json(CallError::from(error))).into_response(),
    }
}

/// What the address of a stream asks for.
type Asked<T> = Result<Query<T>, QueryRejection>;

fn read<T>(asked: Asked<T>) -> Result<T, ConsoleError> {
    asked.map(|Query(asked)| asked).map_err(|_| ConsoleError::Malformed)
}

/// The number of what came last, as a browser says it that opens the stream again.
fn last_seen(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// An answer that goes on for a while, for as long as the session and the server do.
fn streamed(
    state: AppState,
    stream: Stream,
    events: impl stream::Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let end = state.shutdown.clone().cancelled_owned();
    let session_ends = async move { state.service.session_ends(&stream, LOOK_EVERY).await };
    let events = opening().chain(events).take_until(end).take_until(session_ends);
    let events = events.take_until(tokio::time::sleep(LIFETIME));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

async fn watch(state: &AppState, visit: &Visit, asked: Asked<Watched>) -> Result<(Watch, Stream), ConsoleError> {
    let session = visit.session.as_ref().ok_or(ConsoleError::SignedOut)?;
    let key = KeyId::parse(&read(asked)?.key).ok_or(ConsoleError::Refused(Refusal::NotFound))?;
    let watch = state.service.watch(&session.caller(visit.address), &key).await?;
    let stream = state.service.stream(session).map_err(ConsoleError::Refused)?;
    Ok((watch, stream))
}

async fn watch_room(
    state: &AppState,
    visit: &Visit,
    asked: Asked<WatchedRoom>,
    last: Option<u64>,
) -> Result<(LiveRoom, Stream), ConsoleError> {
    let session = visit.session.as_ref().ok_or(ConsoleError::SignedOut)?;
    let WatchedRoom { room, after } = read(asked)?;
    let (room, after) = (room_id(&room)?, last.unwrap_or(after));
    let watch = state.service.watch_room(&session.caller(visit.address), &room, after).await?;
    let stream = state.service.stream(session).map_err(ConsoleError::Refused)?;
    Ok((LiveRoom::new(watch, visit, after), stream))
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

/// Each message as the page shows it, with its number as the id of the event. One that was deleted takes the place of what it
/// was.
fn messages(room: LiveRoom) -> impl stream::Stream<Item = Result<Event, Infallible>> {
    stream::unfold(room, async |mut room| {
        let Coming { seq, html } = room.next().await?;
        let event = match seq {
            Some(seq) => Event::default().id(seq.to_string()),
            None => Event::default().event("deleted"),
        };
        Some((Ok(event.json_data(&*html).unwrap_or_default()), room))
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

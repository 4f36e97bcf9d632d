//! Reading a request's body without trusting its length.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use service::verify::Accepted;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a sender may take to send a body.
const PATIENCE: Duration = Duration::from_secs(10);

const UNIT: usize = 1024;

/// What each takes at least, in units: its task, its place among the pages and its connection's buffers wait with it, however
/// short it says it is.
const LEAST: usize = 8;

/// Who is sending, and the id of their key or their own, if that is known. Each sort has a room for all bodies that have not
/// arrived yet, so that nobody waits for the others: strangers do not turn the calls of programs away, and neither does a
/// large file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender<'a> {
    /// Anybody: who it is, is in the body, or nobody asks.
    Stranger,
    /// A key that reports events, which pages may have for all to see.
    Reporter(&'a str),
    /// A caller or a person who has been recognised.
    Known(&'a str),
    /// The same, with a file.
    WithFile,
}

static STRANGERS: Room = Room::new(8 * 1024);
static REPORTERS: Room = Room::new(8 * 1024);
static KNOWN: Room = Room::new(16 * 1024);
static WITH_FILES: Room = Room::new(32 * 1024);

impl<'a> Sender<'a> {
    fn room(self) -> &'static Room {
        match self {
            Self::Stranger => &STRANGERS,
            Self::Reporter(_) => &REPORTERS,
            Self::Known(_) => &KNOWN,
            Self::WithFile => &WITH_FILES,
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Self::Reporter(id) | Self::Known(id) => Some(id),
            // Who has files to send has few of them, and one may need most of the room.
            Self::Stranger | Self::WithFile => None,
        }
    }
}

/// A room, in units.
struct Room {
    units: usize,
    free: Semaphore,
    /// What each has of it whose id is known.
    held: Mutex<BTreeMap<String, usize>>,
}

impl Room {
    const fn new(units: usize) -> Self {
        Self { units, free: Semaphore::const_new(units), held: Mutex::new(BTreeMap::new()) }
    }

    /// The most that one key or one person may have of it.
    const fn share(&self) -> usize {
        self.units / 4
    }

    /// A place of so many units. One that is larger than the room has all of it.
    fn take<'r>(&'r self, id: Option<&'r str>, units: usize) -> Option<Place<'r>> {
        let units = units.min(self.units);
        let permit = self.free.try_acquire_many(u32::try_from(units).unwrap_or(u32::MAX)).ok()?;
        if let Some(id) = id {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let of_it = held.get(id).copied().unwrap_or_default() + units;
            if of_it > self.share() {
                return None;
            }
            held.insert(id.to_owned(), of_it);
        }
        Some(Place { room: self, id, units, _permit: permit })
    }
}

/// What a body that is on its way has of a room, until it has arrived.
struct Place<'r> {
    room: &'r Room,
    id: Option<&'r str>,
    units: usize,
    _permit: SemaphorePermit<'r>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut held = self.room.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(id) {
            Some(of_it) if *of_it > self.units => *of_it -= self.units,
            _ => {
                held.remove(id);
            }
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Longer than the limit.
    TooLong,
    /// Not finished in time.
    TooSlow,
    /// Too many others are still sending theirs, or this one is sending too many.
    Crowded,
    /// The key that the call came with is not accepted any more.
    KeyEnded,
    /// Whether it is, cannot be told now.
    Unsure,
    /// The connection broke, or the framing was wrong.
    Broken,
}

impl BodyError {
    /// For an edge that has nothing else to say.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Crowded | Self::Unsure => StatusCode::SERVICE_UNAVAILABLE,
            Self::KeyEnded => StatusCode::UNAUTHORIZED,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// A body that is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub bytes: Bytes,
    /// Whether it had to be waited for. What was true of its sender before may not be any more.
    pub is_late: bool,
}

/// The whole body, of at most `limit` bytes. Of one that is longer, the rest is not read here: the connection takes it.
pub(crate) async fn whole(
    sender: Sender<'_>,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Arrived, BodyError> {
    whole_within(sender.room(), sender.id(), headers, body, limit).await
}

/// The whole body of a call whose key was accepted before it came. If it comes late, the key has to be accepted still: a
/// revoke is effective before it is answered.
pub(crate) async fn of_call(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let accepted = parts.extensions.get::<Accepted>();
    let sender = Sender::Known(accepted.map_or("", |accepted| accepted.key().as_str()));
    still_of(accepted, whole(sender, &parts.headers, body, limit).await?).await
}

/// The same for a body with a file.
pub(crate) async fn file_of_call(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let arrived = whole(Sender::WithFile, &parts.headers, body, limit).await?;
    still_of(parts.extensions.get(), arrived).await
}

async fn still_of(accepted: Option<&Accepted>, arrived: Arrived) -> Result<Bytes, BodyError> {
    if let Some(accepted) = accepted.filter(|_| arrived.is_late) {
        match accepted.still_holds().await {
            Ok(true) => {}
            Ok(false) => return Err(BodyError::KeyEnded),
            Err(error) => {
                tracing::error!(%error, "a key could not be looked at again");
                return Err(BodyError::Unsure);
            }
        }
    }
    Ok(arrived.bytes)
}

async fn whole_within(
    room: &Room,
    id: Option<&str>,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Arrived, BodyError> {
    let mut reading = pin!(read(headers, body, limit));
    // Almost every body arrives together with its head, and then needs no timeout.
    if let Poll::Ready(read) = futures::poll!(reading.as_mut()) {
        return read.map(|bytes| Arrived { bytes, is_late: false });
    }
    // From here on it may hold memory for seconds, so all of these together have a bound.
    let length =
        announced(headers).and_then(|length| usize::try_from(length).ok()).map_or(limit, |length| length.min(limit));
    let _place = room.take(id, length.div_ceil(UNIT).max(LEAST)).ok_or(BodyError::Crowded)?;
    let bytes = tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Err(BodyError::TooSlow))?;
    Ok(Arrived { bytes, is_late: true })
}

async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    if announces_more(headers, limit) {
        return Err(BodyError::TooLong);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if is_limit(&*error) => Err(BodyError::TooLong),
        Err(_) => Err(BodyError::Broken),
    }
}

fn is_limit(error: &(dyn Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_limit)
}

/// Whether a body says by itself that it is longer than the limit.
pub(crate) fn announces_more(headers: &HeaderMap, limit: usize) -> bool {
    announced(headers).is_some_and(|length| length > limit as u64)
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use axum::http::HeaderValue;
    use futures::stream;

    use super::*;

    const ROOM_UNITS: usize = 32 * 1024;

    fn in_pieces(pieces: Vec<Result<&'static str, io::Error>>) -> Body {
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_not_beyond() {
        let none = HeaderMap::new();
        assert_eq!(whole(Sender::Known("k"), &none, Body::from("12345"), 5).await.unwrap().bytes, "12345");
        assert_eq!(whole(Sender::Known("k"), &none, Body::from("123456"), 5).await, Err(BodyError::TooLong));
        assert_eq!(
            whole(Sender::Known("k"), &none, in_pieces(vec![Ok("1234"), Ok("56")]), 5).await,
            Err(BodyError::TooLong)
        );
        let mut announced = HeaderMap::new();
        announced.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000000"));
        assert_eq!(whole(Sender::Known("k"), &announced, Body::from("1"), 5).await, Err(BodyError::TooLong));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_taken_for_a_short_one() {
        let broken = in_pieces(vec![Ok("12"), Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(whole(Sender::Known("k"), &HeaderMap::new(), broken, 5).await, Err(BodyError::Broken));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_larger_than_the_room_comes_alone() {
        let room = Room::new(ROOM_UNITS);
        let slow = || {
            Body::from_stream(stream::once(async {
                tokio::time::sleep(PATIENCE / 2).await;
                Ok::<_, io::Error>("12")
            }))
        };
        let limit = ROOM_UNITS * UNIT * 3;
        assert_eq!(whole_within(&room, None, &HeaderMap::new(), slow(), limit).await.unwrap().bytes, "12");
        let _other = room.free.acquire().await.unwrap();
        assert_eq!(whole_within(&room, None, &HeaderMap::new(), slow(), limit).await, Err(BodyError::Crowded));
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_under_way_together_have_a_bound() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let none = HeaderMap::new();
        let limit = ROOM_UNITS / 8 * UNIT;
        let room = Arc::new(Room::new(ROOM_UNITS));
        let wait = || {
            let room = Arc::clone(&room);
            tokio::spawn(async move { whole_within(&room, None, &HeaderMap::new(), endless(), limit).await })
        };
        let waiting: Vec<_> = (0..8).map(|_| wait()).collect();
        tokio::task::yield_now().await;
        assert_eq!(whole_within(&room, None, &none, endless(), limit).await, Err(BodyError::Crowded));
        let there = whole_within(&room, None, &none, Body::from("12345"), 5).await;
        assert_eq!(there.unwrap().bytes, "12345", "what is all there needs no room");
        for body in waiting {
            assert_eq!(body.await.unwrap(), Err(BodyError::TooSlow));
        }
        let late = whole_within(&room, None, &none, endless(), limit).await;
        assert_eq!(late, Err(BodyError::TooSlow), "the room is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn short_bodies_have_a_bound_too() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let room = Room::new(2 * LEAST);
        let none = HeaderMap::new();
        let read = || whole_within(&room, None, &none, endless(), 1);
        let (first, second, third) = tokio::join!(read(), read(), read());
        assert_eq!((first, second), (Err(BodyError::TooSlow), Err(BodyError::TooSlow)));
        assert_eq!(third, Err(BodyError::Crowded));
    }

    #[tokio::test(start_paused = true)]
    async fn one_key_has_a_share_of_the_room_and_no_more() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let room = Arc::new(Room::new(16 * LEAST));
        let send = |id: &'static str| {
            let room = Arc::clone(&room);
            tokio::spawn(async move { whole_within(&room, Some(id), &HeaderMap::new(), endless(), 1).await })
        };
        for _ in 0..2 {
            let (first, others) =
                ((0..9).map(|_| send("a")).collect::<Vec<_>>(), (0..3).map(|_| send("b")).collect::<Vec<_>>());
            let mut crowded = 0;
            for body in first {
                crowded += usize::from(body.await.unwrap() == Err(BodyError::Crowded));
            }
            assert_eq!(crowded, 5, "a quarter of 16 are four");
            for body in others {
                assert_eq!(body.await.unwrap(), Err(BodyError::TooSlow));
            }
            assert!(room.held.lock().unwrap().is_empty(), "the share is given back");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_take_no_room_from_others() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let limit = STRANGERS.units * UNIT;
        let stranger = tokio::spawn(async move { whole(Sender::Stranger, &HeaderMap::new(), endless(), limit).await });
        tokio::task::yield_now().await;
        let none = HeaderMap::new();
        assert_eq!(whole(Sender::Stranger, &none, endless(), UNIT).await, Err(BodyError::Crowded));
        for sender in [Sender::Known("k"), Sender::Reporter("k"), Sender::WithFile] {
            assert_eq!(whole(sender, &none, endless(), UNIT).await, Err(BodyError::TooSlow));
        }
        assert_eq!(stranger.await.unwrap(), Err(BodyError::TooSlow));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_body_that_is_too_long() {
        let mut announced = HeaderMap::new();
        announced.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000000"));
        let endless = Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let full = Room::new(0);
        assert_eq!(whole_within(&full, None, &announced, endless, 5).await, Err(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let endless = Body::from_stream(stream::pending::<io::Result<&'static str>>());
        assert_eq!(whole(Sender::Known("k"), &HeaderMap::new(), endless, 5).await, Err(BodyError::TooSlow));
    }
}

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
use service::Service;
use service::chat::acting::ActsFor;
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
    WithFile(&'a str),
}

static STRANGERS: Room = Room::new(8 * 1024, 1);
static REPORTERS: Room = Room::new(8 * 1024, 4);
static KNOWN: Room = Room::new(16 * 1024, 4);
/// One may need most of it for a file.
static WITH_FILES: Room = Room::new(32 * 1024, 2);

impl<'a> Sender<'a> {
    fn room(self) -> &'static Room {
        match self {
            Self::Stranger => &STRANGERS,
            Self::Reporter(_) => &REPORTERS,
            Self::Known(_) => &KNOWN,
            Self::WithFile(_) => &WITH_FILES,
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Self::Stranger => None,
            Self::Reporter(id) | Self::Known(id) | Self::WithFile(id) => Some(id),
        }
    }
}

/// A room, in units.
struct Room {
    units: usize,
    /// The most that the bodies of one key or one person may have of it together. A single one may have more.
    share: usize,
    free: Semaphore,
    /// What each has of it whose id is known.
    held: Mutex<BTreeMap<String, usize>>,
}

impl Room {
    const fn new(units: usize, shares: usize) -> Self {
        Self { units, share: units / shares, free: Semaphore::const_new(units), held: Mutex::new(BTreeMap::new()) }
    }

    /// What so many bytes take of it. More than the room has, is all of it.
    fn units(&self, bytes: usize) -> usize {
        bytes.div_ceil(UNIT).max(LEAST).min(self.units)
    }

    /// A place for a body of so many bytes.
    fn take<'r>(&'r self, id: Option<&'r str>, bytes: usize) -> Option<Place<'r>> {
        let mut place = Place { room: self, id, units: 0, permit: None };
        place.grow(bytes).then_some(place)
    }
}

/// What a body that is on its way has of a room, until it has arrived.
struct Place<'r> {
    room: &'r Room,
    id: Option<&'r str>,
    units: usize,
    permit: Option<SemaphorePermit<'r>>,
}

impl Place<'_> {
    /// Makes it large enough for so many bytes, if there is room.
    fn grow(&mut self, bytes: usize) -> bool {
        let units = self.room.units(bytes);
        let Some(more) = units.checked_sub(self.units).filter(|more| *more > 0) else { return true };
        let Ok(permit) = self.room.free.try_acquire_many(u32::try_from(more).unwrap_or(u32::MAX)) else { return false };
        if let Some(id) = self.id {
            let mut held = self.room.held.lock().unwrap_or_else(PoisonError::into_inner);
            let of_it = held.get(id).copied().unwrap_or_default() + more;
            if of_it > self.room.share && of_it > units {
                return false;
            }
            held.insert(id.to_owned(), of_it);
        }
        match &mut self.permit {
            Some(all) => all.merge(permit),
            none => *none = Some(permit),
        }
        self.units = units;
        true
    }
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

/// The contact on whose behalf a key calls.
#[derive(Debug, Clone)]
pub(crate) struct CallsFor(pub Service, pub ActsFor);

/// The whole body of a call whose key was accepted before it came. If it comes late, the key has to be accepted still, and
/// so has whom it acts for: a revoke is effective before it is answered.
pub(crate) async fn of_call(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    still_of(parts, whole(Sender::Known(caller(parts)), &parts.headers, body, limit).await?).await
}

/// The same for a body with a file.
pub(crate) async fn file_of_call(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    still_of(parts, whole(Sender::WithFile(caller(parts)), &parts.headers, body, limit).await?).await
}

/// The id of the key of a call; blank for whoever calls from the server's shell.
fn caller(parts: &Parts) -> &str {
    parts.extensions.get::<Accepted>().map_or("", |accepted| accepted.key().as_str())
}

async fn still_of(parts: &Parts, arrived: Arrived) -> Result<Bytes, BodyError> {
    if arrived.is_late {
        let holds = async {
            let key = match parts.extensions.get::<Accepted>() {
                Some(accepted) => accepted.still_holds().await?,
                None => true,
            };
            Ok::<_, service::Error>(match parts.extensions.get::<CallsFor>() {
                Some(CallsFor(service, acting)) => key && service.still_acts(acting).await?,
                None => key,
            })
        };
        match holds.await {
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
    if announces_more(headers, limit) {
        return Err(BodyError::TooLong);
    }
    let mut pieces = Pieces { body: Limited::new(body, limit), first: Bytes::new(), all: Vec::new(), bytes: 0 };
    // Almost every body arrives together with its head, and then needs no timeout.
    let begun = futures::poll!(pin!(pieces.rest(|_| true)));
    if let Poll::Ready(read) = begun {
        read?;
        return Ok(Arrived { bytes: pieces.whole(), is_late: false });
    }
    // From here on it may hold memory for seconds, so all of these together have a bound. One that does not say how long it is
    // takes what has arrived.
    let announced = announced(headers).and_then(|length| usize::try_from(length).ok());
    let mut place = room.take(id, announced.unwrap_or(pieces.bytes)).ok_or(BodyError::Crowded)?;
    let rest = pieces.rest(|bytes| place.grow(bytes));
    tokio::time::timeout(PATIENCE, rest).await.unwrap_or(Err(BodyError::TooSlow))?;
    Ok(Arrived { bytes: pieces.whole(), is_late: true })
}

/// A body, and what has arrived of it. The pieces of one that comes in several are copied into one: each by itself would
/// keep far more than its bytes.
struct Pieces {
    body: Limited<Body>,
    first: Bytes,
    all: Vec<u8>,
    bytes: usize,
}

impl Pieces {
    /// Waits for the rest of it, as long as there is room for so many bytes.
    async fn rest(&mut self, mut has_room: impl FnMut(usize) -> bool) -> Result<(), BodyError> {
        while let Some(frame) = self.body.frame().await {
            let frame =
                frame.map_err(|error| if is_limit(&*error) { BodyError::TooLong } else { BodyError::Broken })?;
            // Trailers say nothing here.
            let Ok(piece) = frame.into_data() else { continue };
            self.bytes += piece.len();
            if !has_room(self.bytes) {
                return Err(BodyError::Crowded);
            }
            if self.bytes == piece.len() {
                self.first = piece;
                continue;
            }
            if self.all.is_empty() {
                self.all.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.all.extend_from_slice(&piece);
        }
        Ok(())
    }

    fn whole(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.into() }
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::http::HeaderValue;
    use futures::{StreamExt, stream};

    use super::*;

    fn announcing(bytes: usize) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_LENGTH, bytes.into())])
    }

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
        let room = Room::new(ROOM_UNITS, 1);
        let slow = || {
            Body::from_stream(stream::once(async {
                tokio::time::sleep(PATIENCE / 2).await;
                Ok::<_, io::Error>("12")
            }))
        };
        let limit = ROOM_UNITS * UNIT * 3;
        assert_eq!(whole_within(&room, None, &announcing(limit), slow(), limit).await.unwrap().bytes, "12");
        let _other = room.free.acquire().await.unwrap();
        assert_eq!(whole_within(&room, None, &announcing(limit), slow(), limit).await, Err(BodyError::Crowded));
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_under_way_together_have_a_bound() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let none = HeaderMap::new();
        let limit = ROOM_UNITS / 8 * UNIT;
        let room = Arc::new(Room::new(ROOM_UNITS, 1));
        let wait = || {
            let room = Arc::clone(&room);
            tokio::spawn(async move { whole_within(&room, None, &announcing(limit), endless(), limit).await })
        };
        let waiting: Vec<_> = (0..8).map(|_| wait()).collect();
        tokio::task::yield_now().await;
        assert_eq!(whole_within(&room, None, &announcing(limit), endless(), limit).await, Err(BodyError::Crowded));
        let there = whole_within(&room, None, &none, Body::from("12345"), 5).await;
        assert_eq!(there.unwrap().bytes, "12345", "what is all there needs no room");
        for body in waiting {
            assert_eq!(body.await.unwrap(), Err(BodyError::TooSlow));
        }
        let late = whole_within(&room, None, &none, endless(), limit).await;
        assert_eq!(late, Err(BodyError::TooSlow), "the room is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_of_unknown_length_takes_what_has_arrived() {
        let in_the_end = |bytes: usize| {
            let pieces = [(0, 1), (1, bytes - 1), (2, 0)];
            Body::from_stream(stream::iter(pieces).then(async |(wait, bytes)| {
                tokio::time::sleep(PATIENCE / 4 * wait).await;
                Ok::<_, io::Error>(vec![b'2'; bytes])
            }))
        };
        let room = Room::new(4 * LEAST, 1);
        let none = HeaderMap::new();
        let read = async |bytes| {
            let arrived = whole_within(&room, None, &none, in_the_end(bytes), 1024 * UNIT).await;
            arrived.map(|arrived| arrived.bytes.len())
        };
        assert_eq!(tokio::join!(read(9), read(9), read(9), read(9)), (Ok(9), Ok(9), Ok(9), Ok(9)));
        let large = 3 * LEAST * UNIT;
        let both = tokio::join!(read(large), read(large));
        assert!(
            matches!(both, (Ok(_), Err(BodyError::Crowded)) | (Err(BodyError::Crowded), Ok(_))),
            "one at a time: {both:?}"
        );
        assert_eq!(room.free.available_permits(), 4 * LEAST, "the room is given back");
    }

    /// A piece that counts how many of its sort are kept.
    struct Counted(Arc<AtomicUsize>);

    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            b"1"
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_small_pieces_are_kept_as_one() {
        let kept = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&kept);
        let pieces = (0..1_000).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from_owner(Counted(Arc::clone(&counted))))
        });
        let last = stream::once(async {
            tokio::time::sleep(PATIENCE / 2).await;
            Ok(Bytes::from_static(b"2"))
        });
        let body = Body::from_stream(stream::iter(pieces).chain(last));
        let none = HeaderMap::new();
        let read = tokio::spawn(async move { whole(Sender::Stranger, &none, body, UNIT).await });
        tokio::time::sleep(PATIENCE / 4).await;
        assert_eq!(kept.load(Ordering::Relaxed), 0);
        assert_eq!(read.await.unwrap().unwrap().bytes, ["1".repeat(1_000), "2".to_owned()].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn short_bodies_have_a_bound_too() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let room = Room::new(2 * LEAST, 1);
        let none = HeaderMap::new();
        let read = || whole_within(&room, None, &none, endless(), 1);
        let (first, second, third) = tokio::join!(read(), read(), read());
        assert_eq!((first, second), (Err(BodyError::TooSlow), Err(BodyError::TooSlow)));
        assert_eq!(third, Err(BodyError::Crowded));
    }

    #[tokio::test(start_paused = true)]
    async fn one_key_has_a_share_of_the_room_and_no_more() {
        let endless = || Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let room = Arc::new(Room::new(16 * LEAST, 4));
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
        let stranger = tokio::spawn(async move { whole(Sender::Stranger, &announcing(limit), endless(), limit).await });
        tokio::task::yield_now().await;
        let none = HeaderMap::new();
        assert_eq!(whole(Sender::Stranger, &none, endless(), UNIT).await, Err(BodyError::Crowded));
        for sender in [Sender::Known("k"), Sender::Reporter("k"), Sender::WithFile("k")] {
            assert_eq!(whole(sender, &none, endless(), UNIT).await, Err(BodyError::TooSlow));
        }
        assert_eq!(stranger.await.unwrap(), Err(BodyError::TooSlow));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_body_that_is_too_long() {
        let mut announced = HeaderMap::new();
        announced.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000000"));
        let endless = Body::from_stream(stream::pending::<io::Result<&'static str>>());
        let full = Room::new(0, 1);
        assert_eq!(whole_within(&full, None, &announced, endless, 5).await, Err(BodyError::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let endless = Body::from_stream(stream::pending::<io::Result<&'static str>>());
        assert_eq!(whole(Sender::Known("k"), &HeaderMap::new(), endless, 5).await, Err(BodyError::TooSlow));
    }
}

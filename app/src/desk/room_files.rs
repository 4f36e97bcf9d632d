//! The files of rooms and chats, as downloads.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::attachment::{Attachment, disposition};
use domain::ids::{AttachmentId, RoomId};
use domain::refusal::Refusal;
use domain::role::Act;
use futures::stream::{StreamExt, unfold};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::context::{Console, Desk, Visit};
use super::live_room::room_id;
use super::named::InQuery;
use super::rooms::allowed;
use crate::error::ConsoleError;

/// The room for all files on their way to people and programs that were recognised, in units, and the one for those on their
/// way to whoever has their address. Some read slowly, and anybody with the address of one file can ask for it a thousand
/// times: that keeps none from the others.
static ROOM: Semaphore = Semaphore::const_new(ROOM_UNITS);
static ROOM_OF_LINKS: Semaphore = Semaphore::const_new(ROOM_UNITS);
const ROOM_UNITS: usize = 128 * 1024;
const UNIT: usize = 1024;

/// How much of a file is given to its connection at once.
const PIECE: usize = 64 * 1024;

/// Where the files are.
pub const PATH: &str = "/files";

/// The addresses of the files.
pub fn paths() -> impl Iterator<Item = &'static str> {
    [PATH].into_iter()
}

/// The address of a file of a room or chat.
pub fn file_address(room: &RoomId, file: &AttachmentId) -> String {
    format!("{PATH}?room={room}&file={file}")
}

/// The files, ready to be mounted.
pub fn routes(console: &Console) -> Router {
    let console = console.clone();
    let file = async move |Extension(visit): Extension<Visit>, InQuery(asked): InQuery<Asked>| match read(
        &Desk::new(console, visit),
        &asked,
    )
    .await
    {
        Ok((file, bytes)) => served(&file.name, &file.media_type, bytes).unwrap_or_else(crowded),
        Err(error) => (error.status(), error.message()).into_response(),
    };
    Router::new().route(PATH, get(file))
}

/// The answer while too many files are on their way.
fn crowded() -> Response {
    let words = "Too many files are on their way to others. Try again.";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], words).into_response()
}

/// Which file an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    room: String,
    file: String,
}

async fn read(desk: &Desk, asked: &Asked) -> Result<(Attachment, Vec<u8>), ConsoleError> {
    let caller = allowed(desk, Act::SeeRooms)?;
    let room = room_id(&asked.room)?;
    let file = AttachmentId::parse(&asked.file).ok_or(ConsoleError::Refused(Refusal::AttachmentNotFound))?;
    Ok(desk.service().attachment(&caller, &room, &file).await?)
}

/// Bytes that somebody sent, as a download. The headers that every answer gets forbid a browser to run them. `None` while
/// too many others are on their way.
pub fn served(name: &str, media_type: &str, bytes: Vec<u8>) -> Option<Response> {
    served_within(&ROOM, ROOM_UNITS, (name, media_type), bytes)
}

/// The same for whoever has the address of a file and is nobody else.
pub fn served_by_link(name: &str, media_type: &str, bytes: Vec<u8>) -> Option<Response> {
    served_within(&ROOM_OF_LINKS, ROOM_UNITS, (name, media_type), bytes)
}

fn served_within(
    room: &'static Semaphore,
    units: usize,
    (name, media_type): (&str, &str),
    bytes: Vec<u8>,
) -> Option<Response> {
    let length = bytes.len();
    // One that is larger than the room has all of it.
    let taken = u32::try_from(length.div_ceil(UNIT).min(units)).unwrap_or(u32::MAX);
    let place = room.try_acquire_many(taken).ok()?;
    // The place is given back with the last piece, or when the reader goes away.
    let pieces = unfold((Bytes::from(bytes), place), async |(mut rest, place)| {
        let piece = rest.split_to(PIECE.min(rest.len()));
        (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (rest, place)))
    });
    let mut headers = HeaderMap::new();
    let disposition = disposition(name);
    for (name, value) in [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, &disposition)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_LENGTH, length.into());
    // Whoever compresses it asks once more after its end.
    Some((headers, Body::from_stream(pieces.fuse())).into_response())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn all_files_on_their_way_together_have_a_bound() {
        static SMALL: Semaphore = Semaphore::const_new(200);
        let file = |length: usize| served_within(&SMALL, 200, ("a.png", "image/png"), vec![7; length]);
        let first = file(150 * UNIT).unwrap();
        assert_eq!(first.headers()[header::CONTENT_LENGTH], "153600");
        assert!(file(51 * UNIT).is_none() && file(50 * UNIT).is_some());
        let sent = to_bytes(first.into_body(), usize::MAX).await.unwrap();
        assert_eq!(sent, vec![7_u8; 150 * UNIT]);
        let mut pieces = file(1).unwrap().into_body().into_data_stream();
        assert!(pieces.next().await.is_some_and(|piece| piece.is_ok()));
        assert!(pieces.next().await.is_none() && pieces.next().await.is_none(), "it may be asked for more");
        let large = file(999 * UNIT).unwrap();
        assert!(file(1).is_none(), "the largest has the whole room");
        drop(large);
        assert!(file(1).is_some(), "whoever goes away gives the room back");
        assert_eq!(SMALL.available_permits(), 200);
    }

    #[test]
    fn whoever_has_an_address_keeps_no_file_from_others() {
        let all = served_by_link("a.png", "image/png", vec![0; ROOM_UNITS * UNIT]).unwrap();
        assert!(served_by_link("a.png", "image/png", vec![7]).is_none());
        assert!(served("a.png", "image/png", vec![7]).is_some());
        drop(all);
        assert!(served_by_link("a.png", "image/png", vec![7]).is_some());
    }
}

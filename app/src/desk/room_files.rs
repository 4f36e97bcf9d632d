//! The files of rooms and chats, as downloads.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Query};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::attachment::{Attachment, disposition};
use domain::ids::{AttachmentId, RoomId};
use domain::refusal::Refusal;
use domain::role::Act;
use serde::Deserialize;

use super::context::{Console, Desk, Visit};
use super::live_room::room_id;
use super::rooms::allowed;
use crate::error::ConsoleError;

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
    let file = async move |Extension(visit): Extension<Visit>, Query(asked): Query<Asked>| match read(
        &Desk::new(console, visit),
        &asked,
    )
    .await
    {
        Ok((file, bytes)) => served(&file.name, &file.media_type, bytes.into()),
        Err(error) => (error.status(), error.message()).into_response(),
    };
    Router::new().route(PATH, get(file))
}

/// Which file an address asks for.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    room: String,
    #[serde(default)]
    file: String,
}

async fn read(desk: &Desk, asked: &Asked) -> Result<(Attachment, Vec<u8>), ConsoleError> {
    let caller = allowed(desk, Act::SeeRooms)?;
    let room = room_id(&asked.room)?;
    let file = AttachmentId::parse(&asked.file).ok_or(ConsoleError::Refused(Refusal::AttachmentNotFound))?;
    Ok(desk.service().attachment(&caller, &room, &file).await?)
}

/// Bytes that somebody sent, as a download. The headers that every answer gets forbid a browser to run them.
pub fn served(name: &str, media_type: &str, body: Body) -> Response {
    let mut headers = HeaderMap::new();
    let disposition = disposition(name);
    for (name, value) in [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, &disposition)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    (headers, body).into_response()
}

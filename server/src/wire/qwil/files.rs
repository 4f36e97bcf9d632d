//! Files of chats: sent as a form, and fetched as bytes that no browser runs.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::text::uri_component;
use serde::Serialize;
use service::chat::sent_files::{NewFile, NewFiles};

use super::acting::{By, Reads, Writes};
use super::failure::{Code, Failure};
use super::query::{Query, chat_id, file_id};
use super::shown::MessageShown;
use crate::api::call::Api;
use crate::json::answer::Json;
use crate::json::problem::Problem;
use crate::reading::{self, BodyError};

/// What a form has besides its files.
const FORM_MAX: usize = 64 * 1024;
/// The most files of one call.
const FILES_MAX: usize = 10;

/// A form as it was sent.
#[derive(Debug, Default)]
struct Form {
    chat_uuid: Option<String>,
    reply_to_seq: Option<String>,
    text: Option<String>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: String,
    media_type: String,
    bytes: Bytes,
}

impl From<File> for NewFile {
    fn from(File { name, media_type, bytes }: File) -> Self {
        Self { name, media_type, bytes: bytes.to_vec() }
    }
}

/// The messages that the files became.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    messages: Vec<MessageShown>,
}

/// Sends files, each as a message of its own. The text goes with the first.
pub(super) async fn send_files(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    request: Request,
) -> Result<Json<Sent>, Failure> {
    let most = usize::try_from(api.service.attachment_max()).unwrap_or(usize::MAX);
    let form = read(request, most.saturating_add(FORM_MAX)).await?;
    let uuid = form.chat_uuid.as_deref().map(str::trim).filter(|uuid| !uuid.is_empty());
    let room = chat_id(uuid.ok_or_else(|| Failure::id_needed("chat_uuid"))?)?;
    let reply_to = match form.reply_to_seq.as_deref().map(str::trim).filter(|seq| !seq.is_empty()) {
        None => None,
        Some(seq) => {
            let seq = seq.parse::<u64>().map_err(|_| Failure::wrong("reply_to_seq", "send a whole number."))?;
            Some(seq).filter(|seq| *seq > 0)
        }
    };
    if form.files.is_empty() {
        return Err(Failure::wrong("files", "send at least one file."));
    }
    api.service.acting_in(&acting, &room).await?;
    let new = NewFiles {
        author: acting.author()?,
        text: form.text.unwrap_or_default(),
        reply_to,
        files: form.files.into_iter().map(NewFile::from).collect(),
    };
    let sent = api.service.send_files(acting.caller(), &room, new).await?;
    let messages = sent.iter().map(MessageShown::from).collect();
    Ok(Json(Sent { messages }))
}

/// The form, whole. The limits of all bodies hold for it too.
async fn read(request: Request, limit: usize) -> Result<Form, Failure> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(boundary).map(str::to_owned);
    if !kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("multipart/form-data")) {
        return Err(Failure::new(Code::WRONG_TYPE, "Send the files as multipart/form-data."));
    }
    if reading::announces_more(&parts.headers, limit) {
        // At once: nobody has to send the whole of it to hear that.
        return Err(Problem::no_body(BodyError::TooLong, limit).into());
    }
    let bytes = reading::whole(&parts.headers, body, limit).await;
    let bytes = bytes.map_err(|error| Failure::from(Problem::no_body(error, limit)))?;
    let broken = || Failure::new(Code::WRONG, "The body is not a form of multipart/form-data.");
    let bytes = match &boundary {
        Some(boundary) => without_controls(&bytes, boundary).into(),
        None => bytes,
    };
    let request = Request::from_parts(parts, Body::from(bytes));
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let head = part.headers().get(header::CONTENT_DISPOSITION);
        if head.is_some_and(|head| std::str::from_utf8(head.as_bytes()).is_err()) {
            return Err(Failure::wrong("files", "send names in UTF-8."));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let media_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        let place = match (&*name, file) {
            (_, Some(name)) => {
                if form.files.len() == FILES_MAX {
                    return Err(Failure::wrong("files", &format!("send at most {FILES_MAX} files.")));
                }
                form.files.push(File { name, media_type, bytes });
                continue;
            }
            ("chat_uuid", None) => &mut form.chat_uuid,
            ("reply_to_seq", None) => &mut form.reply_to_seq,
            ("text", None) => &mut form.text,
            _ => continue,
        };
        *place = Some(String::from_utf8(bytes.to_vec()).map_err(|_| Failure::wrong(&name, "send UTF-8 text."))?);
    }
    Ok(form)
}

/// What separates the parts of a form, as its media type says.
fn boundary(kind: &str) -> Option<&str> {
    let parameters = kind.split(';').filter_map(|part| part.trim().split_once('='));
    let mut boundaries = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    boundaries.next().map(|(_, value)| value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// A form without control characters in the heads of its parts. Names lose them, but a reader of heads would refuse them.
fn without_controls(form: &[u8], boundary: &str) -> Vec<u8> {
    let mark = format!("\r\n--{boundary}");
    let mut kept = Vec::with_capacity(form.len());
    let mut rest = form;
    // The first part may begin with the form.
    let mut next = if form.starts_with(mark.trim_start().as_bytes()) { Some(0) } else { find(form, mark.as_bytes()) };
    while let Some(at) = next {
        let (before, part) = rest.split_at(at);
        kept.extend_from_slice(before);
        let head = find(part, b"\r\n\r\n").unwrap_or(part.len());
        let (head, body) = part.split_at(head);
        let is = |n: Option<usize>, byte: u8| n.and_then(|n| head.get(n)) == Some(&byte);
        kept.extend(head.iter().enumerate().filter_map(|(n, byte)| {
            let keeps = match byte {
                b'\r' => is(n.checked_add(1), b'\n'),
                b'\n' => is(n.checked_sub(1), b'\r'),
                b'\t' => true,
                byte => !byte.is_ascii_control(),
            };
            keeps.then_some(*byte)
        }));
        rest = body;
        next = find(rest, mark.as_bytes());
    }
    kept.extend_from_slice(rest);
    kept
}

/// Where a mark is first.
fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let first = mark.first()?;
    let mut begins = bytes.iter().enumerate().filter(|(_, byte)| *byte == first).map(|(n, _)| n);
    begins.find(|n| bytes.get(*n..).is_some_and(|rest| rest.starts_with(mark)))
}

/// The bytes of a file of a chat.
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Reads>,
    query: Query,
) -> Result<Response, Failure> {
    let room = query.chat()?;
    let file = query.one("file_uuid")?.ok_or_else(|| Failure::id_needed("file_uuid"))?;
    api.service.acting_in(&acting, &room).await?;
    let (file, bytes) = api.service.attachment(acting.caller(), &room, &file_id(file)?).await?;
    Ok(served(&file.name, &file.media_type, bytes))
}

/// Bytes that somebody sent, as a download. The headers that every answer gets forbid a browser to run them.
pub(super) fn served(name: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", uri_component(name));
    for (name, value) in [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, &disposition)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    (headers, Body::from(bytes)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_parts_lose_control_characters_and_files_keep_theirs() {
        for kind in ["multipart/form-data; boundary=B", "multipart/form-data;charset=utf-8; Boundary=\"B\""] {
            assert_eq!(boundary(kind), Some("B"), "{kind}");
        }
        assert_eq!((boundary("multipart/form-data"), boundary("a; boundary=")), (None, None));
        let form =
            |a: &str| format!("--B\r\nN: {a}\r\nT: x\r\n\r\n\0\r--B\n\x1b\r\n--B\r\nN: {a}\r\n\r\n\r\n--B--\r\n");
        let cleaned = without_controls(form("a\0\x1b\x7f\r\tb").as_bytes(), "B");
        assert_eq!(String::from_utf8(cleaned).unwrap(), form("a\tb"));
        for odd in ["", "--B", "x\r\n--B", "no form", "\r\n\r\n"] {
            assert_eq!(without_controls(odd.as_bytes(), "B"), odd.as_bytes(), "{odd}");
        }
    }
}

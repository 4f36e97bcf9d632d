//! Files that programs send as forms.

use app::desk::room_files;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use axum::response::Response;
use tokio::task::spawn_blocking;

use crate::json::problem::Problem;
use crate::reading::{self, BodyError};

/// Why a form could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// It did not arrive.
    Unread(BodyError),
    /// It is of another type than `multipart/form-data`.
    WrongType,
    /// It has no parts that can be told apart.
    Broken,
}

/// A form of at most `limit` bytes, whole. The limits of all bodies hold for it too.
pub(crate) async fn form(request: Request, limit: usize) -> Result<Multipart, FormError> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(boundary).map(str::to_owned);
    if !kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("multipart/form-data")) {
        return Err(FormError::WrongType);
    }
    if reading::announces_more(&parts.headers, limit) {
        // At once: nobody has to send the whole of it to hear that.
        return Err(FormError::Unread(BodyError::TooLong));
    }
    let bytes = reading::file_of_call(&parts, body, limit).await.map_err(FormError::Unread)?;
    let bytes = match boundary {
        // Calls on this thread do not wait for the end of a large one.
        Some(boundary) => {
            let cleaned = spawn_blocking(move || without_controls(&bytes, &boundary)).await;
            cleaned.map_err(|_| FormError::Broken)?.into()
        }
        None => bytes,
    };
    let request = Request::from_parts(parts, Body::from(bytes));
    Multipart::from_request(request, &()).await.map_err(|_| FormError::Broken)
}

/// Whether the names of a part and of its file can be read.
pub(crate) fn is_named_in_utf8(part: &Field<'_>) -> bool {
    let head = part.headers().get(header::CONTENT_DISPOSITION);
    head.is_none_or(|head| std::str::from_utf8(head.as_bytes()).is_ok())
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

/// Bytes that somebody sent, as a download. Fails while too many others are on their way.
pub(crate) fn served(name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    room_files::served(name, media_type, bytes).ok_or_else(Problem::no_file)
}

/// The same for whoever has the address of a file and is nobody else.
pub(crate) fn served_by_link(name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    room_files::served_by_link(name, media_type, bytes).ok_or_else(Problem::no_file)
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

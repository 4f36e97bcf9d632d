//! A form with files in it. Its fields are then read as those of every other form.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use domain::refusal::Refusal;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use service::chat::sent_files::NewFile;

use crate::error::ConsoleError;

/// The one form that takes files.
pub const PATH: &str = "/chats/{id}/write";

/// What a form has besides its files: the most bytes.
pub const FIELDS_MAX: usize = 64 * 1024;

/// The most files of one form.
pub const FILES_MAX: usize = 10;

const FIELDS: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// In the extensions of a request whose files were too large to be read.
#[derive(Debug, Clone, Copy)]
pub struct TooLarge {
    /// The most bytes of a file.
    pub most: u64,
}

/// The files of a form, or why there are none.
pub type Files = Result<Vec<NewFile>, ConsoleError>;

/// Whether a request has the form of a form with files.
pub fn has_files(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// The files of a form, and the request without them.
pub async fn apart(request: Request) -> Result<(Request, Files), StatusCode> {
    if !has_files(request.headers()) {
        return Ok((request, Ok(Vec::new())));
    }
    let (mut parts, body) = request.into_parts();
    let too_large = parts.extensions.get::<TooLarge>().copied();
    let (fields, files) = if let Some(TooLarge { most }) = too_large {
        (String::new(), Err(ConsoleError::Refused(Refusal::AttachmentTooLarge { most })))
    } else {
        let (fields, files) = read(Request::from_parts(parts.clone(), body)).await?;
        (fields, Ok(files))
    };
    parts.headers.insert(header::CONTENT_TYPE, FIELDS);
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok((Request::from_parts(parts, fields.into()), files))
}

async fn read(request: Request) -> Result<(String, Vec<NewFile>), StatusCode> {
    let broken = |_| StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    let (mut fields, mut files) = (String::new(), Vec::new());
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let media_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        match file {
            // A browser sends this for an input in which nobody chose a file.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => files.push(NewFile { name, media_type, bytes: bytes.to_vec() }),
            None => {
                if !fields.is_empty() {
                    fields.push('&');
                }
                fields.extend(percent_encode(name.as_bytes(), NON_ALPHANUMERIC));
                fields.push('=');
                fields.extend(percent_encode(&bytes, NON_ALPHANUMERIC));
            }
        }
    }
    Ok((fields, files))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::*;

    fn sent(kind: &str, body: &[u8]) -> Request {
        Request::post("/").header("content-type", kind).body(Body::from(body.to_vec())).unwrap()
    }

    #[tokio::test]
    async fn files_are_taken_out_and_fields_stay_as_they_were() {
        let form = b"--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\na&b=\xff \xc3\xa9\r\n--B\r\n\
                     Content-Disposition: form-data; name=\"attachment\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\
                     \r\n\x89PNG\r\n--B\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"\"\r\n\r\n\r\n\
                     --B--\r\n";
        let (request, files) = apart(sent("multipart/form-data; boundary=B", form)).await.unwrap();
        let files = files.unwrap();
        assert_eq!((files.len(), &*files[0].name, &*files[0].media_type), (1, "a.png", "image/png"));
        assert_eq!(files[0].bytes, b"\x89PNG");
        assert_eq!(request.headers()["content-type"], FIELDS);
        let fields = to_bytes(request.into_body(), 1000).await.unwrap();
        assert_eq!(&*fields, b"message=a%26b%3D%FF%20%C3%A9");
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused_and_another_form_passes() {
        for (kind, body) in [("multipart/form-data; boundary=B", &b"{}"[..]), ("multipart/form-data", b"--B--")] {
            assert_eq!(apart(sent(kind, body)).await.unwrap_err(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        }
        let (request, files) = apart(sent("application/x-www-form-urlencoded", b"a=b")).await.unwrap();
        assert!(files.unwrap().is_empty());
        assert_eq!(&*to_bytes(request.into_body(), 10).await.unwrap(), b"a=b");
    }
}

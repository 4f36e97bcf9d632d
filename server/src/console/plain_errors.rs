//! Explains errors that occur below the pages, so that no answer is a bare status.

use app::desk::{CallError, ConsoleError};
use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::paths::SERVER_FUNCTIONS;

/// Adds a sentence to an error without a body. For a server function, adds the error that it decodes.
pub(super) async fn say_why(request: Request, next: Next) -> Response {
    let asked_by_script = request.uri().path().starts_with(SERVER_FUNCTIONS);
    let response = next.run(request).await;
    let status = response.status();
    let bare = !response.headers().contains_key(header::CONTENT_TYPE);
    let plain =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && asked_by_script && (bare || plain) {
        let error = if status.is_server_error() { ConsoleError::Unavailable } else { ConsoleError::Malformed };
        return with_headers_of(&response, (status, Json(CallError::from(error))).into_response());
    }
    if is_error && bare {
        return with_headers_of(&response, (status, of(status)).into_response());
    }
    response
}

/// The headers that tell of a body. One that is replaced takes them along: compression is a layer below.
const OF_THE_BODY: [&str; 9] = [
    "content-length",
    "content-type",
    "content-encoding",
    "content-language",
    "content-range",
    "content-disposition",
    "transfer-encoding",
    "etag",
    "last-modified",
];

/// Keeps the other headers, for example `Allow` and `Retry-After`.
fn with_headers_of(said: &Response, mut response: Response) -> Response {
    for (name, value) in said.headers() {
        if !OF_THE_BODY.contains(&name.as_str()) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// What happened and what to do, in one or two sentences.
fn of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The form is larger than 256 KiB or has more than 200 fields. Go back, shorten it, and send it again.\n"
        }
        StatusCode::REQUEST_TIMEOUT => "The form took more than ten seconds to arrive. Go back and send it again.\n",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "A form must be sent in the form in which its page sends it. Go back and send it from there.\n"
        }
        StatusCode::METHOD_NOT_ALLOWED => "This address does not accept this method.\n",
        StatusCode::NOT_FOUND => "There is nothing at this address.\n",
        StatusCode::SERVICE_UNAVAILABLE => {
            "Keystead cannot do this right now, because its database does not answer in time. Try again in a moment.\n"
        }
        status if status.is_server_error() => "Something broke inside Keystead. Its log has the cause. Try again.\n",
        _ => "The request could not be read. Go back, reload the page, and try again.\n",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::middleware::from_fn;
    use axum::routing::any;
    use tower::ServiceExt;
    use tower_http::compression::CompressionLayer;

    use super::*;

    #[tokio::test]
    async fn a_replaced_body_is_not_said_to_be_compressed() {
        let plain = async || {
            let headers = [(header::CONTENT_TYPE, "text/plain"), (header::RETRY_AFTER, "3"), (header::ETAG, "\"1\"")];
            (StatusCode::BAD_REQUEST, headers, "x".repeat(1_000))
        };
        let path = format!("{SERVER_FUNCTIONS}check");
        let routes = Router::new().route(&path, any(plain)).layer(CompressionLayer::new());
        let request =
            || Request::get(path.as_str()).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let below = routes.clone().oneshot(request()).await.unwrap();
        assert!(below.headers().contains_key(header::CONTENT_ENCODING), "there is something to leave out");
        let response = routes.layer(from_fn(say_why)).oneshot(request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        for header in [header::CONTENT_ENCODING, header::ETAG] {
            assert!(!response.headers().contains_key(&header), "{header}");
        }
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok(), "{body:?}");
    }
}

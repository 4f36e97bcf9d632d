//! The service behind the proxies: it says what it was sent.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longer bodies are only counted.
const SHOWN: usize = 100_000;

/// The answer to the example's `Sec-WebSocket-Key` (RFC 6455, 1.3), which these tests send. One proxy checks it.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Counts the requests that it has seen.
pub fn echo(seen: Arc<AtomicUsize>) -> Router {
    Router::new().fallback(async move |request: Request| {
        seen.fetch_add(1, Ordering::SeqCst);
        if request.headers().contains_key(header::UPGRADE) { upgraded(request) } else { repeated(request).await }
    })
}

/// The request line, the headers, an empty line, the body.
async fn repeated(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut said = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        writeln!(said, "{name}: {}", String::from_utf8_lossy(value.as_bytes())).unwrap();
    }
    let body = axum::body::to_bytes(body, 100 * SHOWN).await.unwrap();
    let body = if body.len() > SHOWN {
        let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
        format!("{} bytes, sum {sum}", body.len())
    } else {
        String::from_utf8_lossy(&body).into_owned()
    };
    format!("{said}\n{body}").into_response()
}

/// Takes over the connection, whatever the protocol, and speaks louder. The answer's head has the key's.
fn upgraded(mut request: Request) -> Response {
    let (headers, upgrade) = (request.headers().clone(), hyper::upgrade::on(&mut request));
    tokio::spawn(async move {
        let Ok(connection) = upgrade.await else { return };
        let mut connection = TokioIo::new(connection);
        let mut heard = [0; 5];
        while connection.read_exact(&mut heard).await.is_ok() {
            connection.write_all(&heard.to_ascii_uppercase()).await.unwrap();
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::CONNECTION, "upgrade".parse().unwrap());
    response.headers_mut().insert(header::UPGRADE, headers[header::UPGRADE].clone());
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, ACCEPT.parse().unwrap());
    if let Some(key) = headers.get("x-key-id") {
        response.headers_mut().insert("x-seen-key", key.clone());
    }
    response
}

//! The floor of a verify call: what axum itself costs when the same request is parsed, the same
//! headers are read and an answer of the same size is sent, and nothing is decided.

use std::io::Write;

use anyhow::Result;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::data::PERMISSIONS;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    key: String,
    client_ip: Option<String>,
    origin: Option<String>,
    permissions: Option<String>,
    kind: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    valid: bool,
    code: &'a str,
    key_id: &'a str,
    name: &'a str,
    kind: &'a str,
    permissions: [&'a str; 2],
    expires_at: Option<&'a str>,
}

/// As long as the names of the keys that are asked about.
const NAME: &str = "hot key 00000";

/// The headers of Keystead's answer, so that both are as long.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
];

/// Serves until it is told to stop.
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    println!("echoing at http://localhost:{port}");
    std::io::stdout().flush()?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let mut told = signal(SignalKind::terminate())?;
    axum::serve(listener, Router::new().route("/v1/keys/verify", post(echo)))
        .with_graceful_shutdown(async move {
            told.recv().await;
        })
        .await?;
    Ok(())
}

async fn echo(headers: HeaderMap, Json(asked): Json<Asked>) -> impl IntoResponse {
    let bearer = headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    let asks = asked.client_ip.is_some() && asked.origin.is_some() && asked.permissions.is_some();
    let answer = Answer {
        valid: bearer && asks && !headers.contains_key(header::ORIGIN),
        code: "VALID",
        key_id: asked.key.split('_').nth(1).unwrap_or_default(),
        name: NAME,
        kind: asked.kind.as_deref().unwrap_or_default(),
        permissions: PERMISSIONS,
        expires_at: None,
    };
    (HEADERS, Json(answer)).into_response()
}

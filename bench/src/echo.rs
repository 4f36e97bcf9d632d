//! The floor of a call: a server that parses the same request, reads the same headers and sends an answer of the same
//! size, but decides nothing. It shows what axum itself costs.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Result, ensure};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::http::Answer;

/// An answer without its meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Those that are not of HTTP itself or of JSON.
    headers: Vec<(String, String)>,
    /// How long its body is.
    body: usize,
}

impl Shape {
    /// That of an answer.
    pub fn of(answer: &Answer) -> Result<Self> {
        let own = [header::DATE, header::CONTENT_TYPE, header::CONTENT_LENGTH];
        let others = answer.headers.iter().filter(|(name, _)| !own.contains(name));
        let headers = others.map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())));
        Ok(Self { headers: headers.collect::<Result<_>>()?, body: answer.body.len() })
    }

    fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        self.headers.iter().map(|(name, value)| Ok((name.parse()?, value.parse()?))).collect()
    }
}

/// What an answer is made of.
#[derive(Debug)]
struct Sends {
    headers: Vec<(HeaderName, HeaderValue)>,
    padding: String,
}

impl Sends {
    fn answer(&self, mut answer: Response) -> Response {
        for (name, value) in &self.headers {
            answer.headers_mut().append(name, value.clone());
        }
        answer
    }
}

/// The body of a verify call.
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
struct Echoed<'a> {
    valid: bool,
    code: &'a str,
    key_id: &'a str,
    padding: &'a str,
}

/// The options of a forward-auth call.
#[derive(Debug, Deserialize)]
struct Options {
    permissions: Option<String>,
    kind: Option<String>,
}

/// The headers of a forward-auth call.
const READ: [&str; 12] = [
    "authorization",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-url",
    "x-keystead-permissions",
    "x-keystead-kind",
    "origin",
];

/// Serves until it is told to stop.
pub(crate) async fn serve(shape: &str) -> Result<()> {
    let shape: Shape = serde_json::from_str(shape)?;
    let unpadded = serde_json::to_string(&echoed("7Qm2xVbN4tRa", true, ""))?.len();
    ensure!(shape.body == 0 || shape.body >= unpadded, "an answer of {} bytes is too short for JSON", shape.body);
    let padding = "=".repeat(shape.body.saturating_sub(unpadded));
    let sends = Arc::new(Sends { headers: shape.headers()?, padding });
    let router = Router::new().route("/v1/keys/verify", post(verify)).route("/v1/authorize", get(authorize));
    let router = router.route("/openapi/token", get(token));
    let router = router.route("/v1/keys", get(keys)).route("/v1/keys/{id}", get(keys));
    let router = router.route("/v2/apps/{id}", get(keys)).with_state(sends);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    println!("echoing at http://localhost:{port}");
    std::io::stdout().flush()?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let mut told = signal(SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            told.recv().await;
        })
        .await?;
    Ok(())
}

async fn verify(State(sends): State<Arc<Sends>>, headers: HeaderMap, Json(asked): Json<Asked>) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    let asks = [&asked.client_ip, &asked.origin, &asked.permissions, &asked.kind].iter().all(|asks| asks.is_some());
    let valid = bearer && asks && !headers.contains_key(header::ORIGIN);
    let id = asked.key.split('_').nth(1).unwrap_or_default();
    sends.answer(Json(echoed(id, valid, &sends.padding)).into_response())
}

/// What a program that manages keys reads.
async fn keys(State(sends): State<Arc<Sends>>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    sends.answer(Json(echoed("", bearer, &sends.padding)).into_response())
}

/// What buys an access token.
async fn token(State(sends): State<Arc<Sends>>, headers: HeaderMap) -> Response {
    let valid = headers.get("api_key").is_some_and(|value| value.to_str().is_ok());
    sends.answer(Json(echoed("", valid, &sends.padding)).into_response())
}

fn echoed<'a>(key_id: &'a str, valid: bool, padding: &'a str) -> Echoed<'a> {
    Echoed { valid, code: "VALID", key_id, padding }
}

async fn authorize(State(sends): State<Arc<Sends>>, Query(asked): Query<Options>, headers: HeaderMap) -> Response {
    let read = READ.iter().filter(|name| headers.get(**name).is_some_and(|value| value.to_str().is_ok())).count();
    let asks = asked.permissions.is_some() && asked.kind.is_some();
    let status = if asks && read > 1 { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    sends.answer(status.into_response())
}

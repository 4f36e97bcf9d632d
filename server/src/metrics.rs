//! `GET /metrics` for Prometheus, on an address of its own and nothing else there. It is off unless an address is set.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::TextEncoder;
use service::Service;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::Listen;
use crate::listener::{Listener, Stream};

const PATH: &str = "/metrics";

/// Whoever collects needs one. More than these are somebody's mistake.
const CONNECTIONS: usize = 16;

/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long making an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection lasts at most. It has one request.
const CONNECTION_WITHIN: Duration = Duration::from_secs(20);

/// The text form of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Opens the listener. Says so where others can reach it, because it asks nobody who they are.
pub(crate) async fn bind(listen: &Listen) -> io::Result<Listener> {
    let listener = Listener::open(listen).await?;
    let Some(address) = listener.address() else {
        tracing::info!("metrics are at {listen}, path {PATH}");
        return Ok(listener);
    };
    tracing::info!("metrics are at http://{address}{PATH}");
    if !address.ip().is_loopback() {
        tracing::warn!(
            "the metrics have no sign-in: whoever can reach {address} can read how many keys and calls there are"
        );
    }
    Ok(listener)
}

/// Answers until `stop`.
pub(crate) async fn run(listener: Listener, service: Service, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely there are no file descriptors left. Wait for others to close.
                tracing::debug!(%error, "cannot accept a connection for metrics");
                sleep(Duration::from_millis(250)).await;
                continue;
            }
        };
        // Without a place it is closed at once.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let service = service.clone();
        tokio::spawn(async move {
            // Too late, or done.
            let _ = timeout(CONNECTION_WITHIN, connection(stream, service)).await;
            drop(place);
        });
    }
}

async fn connection(stream: Stream, service: Service) {
    let answering = service_fn(|request: Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(answer(request.method(), request.uri().path(), &service).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).keep_alive(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), answering).await {
        tracing::trace!(%error, "a connection for metrics broke");
    }
}

async fn answer(method: &Method, path: &str, service: &Service) -> Response<Full<Bytes>> {
    if path != PATH {
        return plain(StatusCode::NOT_FOUND, "There is only /metrics here.\n");
    }
    if *method != Method::GET && *method != Method::HEAD {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "Metrics are read with GET.\n");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let Ok(families) = timeout(ANSWER_WITHIN, service.gather()).await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "The figures could not be collected in time.\n");
    };
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => with_type(StatusCode::OK, TEXT, text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written as text");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "The figures could not be written.\n")
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    with_type(status, PLAIN, text)
}

fn with_type(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

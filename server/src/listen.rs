//! The listener. TLS, HTTP/2 and HTTP/3 are left to the proxy.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::call_threads::CallThreads;
use crate::connections::{Connection, Connections, FirstTry, Place, Sending};
use crate::dispatch::Dispatch;
use crate::json::problem::Problem;
use crate::listener::{Listener, Stream};
use crate::paths::SIGN_IN;
use crate::request_id::{self, X_REQUEST_ID};
use crate::router::refused;
use crate::timed::Timed;

/// How many bytes of a head, or of a body in transit, one connection may buffer.
const BUFFER: usize = 16 << 10;

/// How long the rest of a short body is waited for. Many senders write it apart from the head, and go on with the next
/// request once they have their answer.
const REST_WITHIN: Duration = Duration::from_millis(100);

/// How long clients have to notice that the server stops. Whoever wrote to a connection that was just closed would not
/// know whether the request arrived.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// Serves until `stop`. Then closes each connection with its next answer, and returns once the last request is answered.
pub(crate) async fn run(
    listener: Listener,
    threads: CallThreads,
    dispatch: Dispatch,
    places: Connections,
    stop: CancellationToken,
) {
    let connections = GracefulShutdown::new();
    let stopping = Arc::new(AtomicBool::new(false));
    let mut last_calls = pin!(async {
        stop.cancelled().await;
        stopping.store(true, Ordering::Relaxed);
        tokio::time::sleep(LAST_CALLS).await;
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut last_calls => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Everybody is being answered. Whoever comes now has to come again.
                let Some(place) = places.enter(peer.ip()) else { continue };
                let known = Arc::clone(&place.connection);
                let (dispatch, watcher, stopping) = (dispatch.clone(), connections.watcher(), Arc::clone(&stopping));
                let serve = move |stream| connection(stream, peer, place, dispatch, watcher, stopping);
                match threads.serve(stream, serve) {
                    Ok(task) => known.served_by(task),
                    Err(error) => tracing::error!(%error, "a connection cannot be served"),
                }
            }
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // Most likely there are no file descriptors left. Wait for others to close.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(
    stream: Stream,
    peer: SocketAddr,
    place: Place,
    dispatch: Dispatch,
    watcher: Watcher,
    stopping: Arc<AtomicBool>,
) {
    let known = &place.connection;
    let is_of_proxy = place.is_of_proxy(peer.ip());
    let service = service_fn(|request: Request<Incoming>| {
        let answering = known.request();
        let (dispatch, stopping) = (&dispatch, &stopping);
        async move {
            let has_body = !request.body().is_end_stream();
            // Whoever asks whether to send a body is not told to go on.
            let is_awaited = request.body().size_hint().upper().is_some_and(|most| most <= BUFFER as u64)
                && !request.headers().contains_key(header::EXPECT);
            let mut request = request.map(|body| heard(body, known));
            let id = if is_of_proxy { request_id::given(request.headers()).cloned() } else { None };
            let response = if has_its_host(&request) {
                request.extensions_mut().insert(ConnectInfo(peer));
                if *request.method() == Method::POST && request.uri().path() == SIGN_IN && known.is_first_try() {
                    request.extensions_mut().insert(FirstTry);
                }
                dispatch.answer(request).await
            } else {
                let answer = without_host(request.uri().path());
                drop(request);
                answer
            };
            if has_body && known.has_unread() {
                let rest = known.rest();
                if is_awaited && comes_soon(rest).await {
                    known.has_read();
                }
            }
            let mut response = response.map(|body| sent(body, known));
            drop(answering);
            if has_body {
                // Whoever answered may have left it only now.
                drop(known.rest());
            }
            // Most answers have one by now. What is called often only repeats it.
            if let Some(id) = id {
                response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
            }
            // What is left of a body now is not waited for, so no further request can follow it.
            if stopping.load(Ordering::Relaxed) || known.has_unread() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    // The stream has its own end for heads and for idle connections.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Timed::new(stream, known.clone(), Arc::clone(&stopping))), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::trace!(%error, "a connection broke");
    }
}

/// Whether the rest of a body comes, to its end, before long.
async fn comes_soon(rest: Option<Incoming>) -> bool {
    let Some(mut rest) = rest else { return false };
    let to_its_end = async {
        while let Some(piece) = rest.frame().await {
            if piece.is_err() {
                return false;
            }
        }
        true
    };
    timeout(REST_WITHIN, to_its_end).await.unwrap_or(false)
}

/// The body of a request. If nobody reads it to its end, its connection gets the rest.
struct Heard {
    /// `None` once the connection has it.
    body: Option<Incoming>,
    has_ended: bool,
    connection: Arc<Connection>,
}

/// A body that is there already needs nobody to listen.
fn heard(body: Incoming, connection: &Arc<Connection>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(Heard { body: Some(body), has_ended: false, connection: Arc::clone(connection) })
}

impl HttpBody for Heard {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        this.has_ended |= matches!(frame, Poll::Ready(None));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        if !self.is_end_stream()
            && let Some(rest) = self.body.take()
        {
            self.connection.leaves(rest);
        }
    }
}

/// The body of a long answer. Its connection is in use until somebody has it, or nobody wants it any more.
struct Sent {
    body: Body,
    _sending: Sending,
}

/// A short answer is with the system at once.
fn sent(body: Body, connection: &Arc<Connection>) -> Body {
    if body.size_hint().exact().is_some_and(|length| length <= BUFFER as u64) {
        return body;
    }
    Body::new(Sent { body, _sending: connection.sends() })
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

const ONE_HOST: &str = "A request needs exactly one Host header.";

/// What is said to whoever did not name their host: in the form of the API whose path it is.
fn without_host(path: &str) -> Response {
    let refused = refused(path, Problem::malformed(ONE_HOST));
    refused.unwrap_or_else(|| (StatusCode::BAD_REQUEST, format!("{ONE_HOST}\n")).into_response())
}

/// HTTP/1.1 demands exactly one `Host` (RFC 9112, 3.2). With two, a proxy and Keystead might each believe another.
fn has_its_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

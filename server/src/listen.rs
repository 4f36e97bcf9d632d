//! The listener. TLS, HTTP/2 and HTTP/3 are left to the proxy.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::connections::{Connections, FirstTry, Place};
use crate::listener::{Listener, Stream};
use crate::paths::SIGN_IN;
use crate::timed::Timed;

/// How many bytes of a head, or of a body in transit, one connection may buffer.
const BUFFER: usize = 16 << 10;

/// How long clients have to notice that the server stops. Whoever wrote to a connection that was just closed would not
/// know whether the request arrived.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// Serves until `stop`. Then closes each connection with its next answer, and returns once the last request is answered.
pub(crate) async fn run(listener: Listener, app: Router, places: Connections, stop: CancellationToken) {
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
                let serving =
                    connection(stream, peer, place, app.clone(), connections.watcher(), Arc::clone(&stopping));
                known.served_by(tokio::spawn(serving).abort_handle());
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
    app: Router,
    watcher: Watcher,
    stopping: Arc<AtomicBool>,
) {
    let known = &place.connection;
    let service = service_fn(|mut request: Request<Incoming>| {
        let answering = known.request();
        let mut app = app.clone();
        let stopping = &stopping;
        async move {
            if !has_its_host(&request) {
                return Ok((StatusCode::BAD_REQUEST, "A request needs exactly one Host header.\n").into_response());
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            if *request.method() == Method::POST && request.uri().path() == SIGN_IN && known.is_first_try() {
                request.extensions_mut().insert(FirstTry);
            }
            let answered: Result<Response, _> = app.call(request.map(Body::new)).await;
            drop(answering);
            answered.map(|mut response| {
                if stopping.load(Ordering::Relaxed) {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                response
            })
        }
    });
    // The stream has its own end for heads and for idle connections.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Timed::new(stream, known.clone())), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::trace!(%error, "a connection broke");
    }
}

/// HTTP/1.1 demands exactly one `Host` (RFC 9112, 3.2). With two, a proxy and Keystead might each believe another.
fn has_its_host(request: &Request<Incoming>) -> bool {
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

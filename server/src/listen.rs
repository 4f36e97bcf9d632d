//! The listener. TLS, HTTP/2 and HTTP/3 are left to the proxy.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, Version, header};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long a connection may take to send the head of a request, or stay idle. This is longer than common proxies keep
/// an idle connection, so that they never write to a closed one.
const HEAD: Duration = Duration::from_secs(75);

/// How many bytes of a head, or of a body in transit, one connection may buffer.
const BUFFER: usize = 16 << 10;

/// Serves until `stop`. Then accepts no new connection, and returns once the last request is answered.
pub(crate) async fn run(listener: TcpListener, app: Router, stop: CancellationToken) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                tokio::spawn(connection(stream, peer, app.clone(), connections.watcher()));
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

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, watcher: Watcher) {
    // Answers are small and written in one piece.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        let mut app = app.clone();
        async move {
            if !has_its_host(&request) {
                return Ok((StatusCode::BAD_REQUEST, "A request needs exactly one Host header.\n").into_response());
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            app.call(request.map(Body::new)).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
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

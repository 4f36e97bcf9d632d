//! The listener. TLS, HTTP/2 and HTTP/3 are the proxy's.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long a connection may take over the head of a request, or wait for the next one: longer
/// than common proxies keep an idle connection, so that they never send into a closed one.
const HEAD: Duration = Duration::from_secs(75);

/// Bytes of a head, or of a body on its way, that one connection may hold.
const BUFFER: usize = 64 << 10;

/// Serves until `stop`; then takes no new connection, and returns when the last request is answered.
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
                // Out of file descriptors, most likely: others have to close first.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, watcher: Watcher) {
    // Answers are small, and written whole.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().call(request.map(Body::new))
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

fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

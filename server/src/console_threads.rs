//! The console's own threads. The system runs them only where calls leave it time, so that no page, and no password that
//! is being checked, slows down a call.

use std::io;

use app::desk::mount::file_paths;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream::{StreamExt, unfold};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::paths::STREAMS;

/// How far these threads step back. Beside busy calls, they get about a tenth of the processor.
const NICE: i32 = 10;

/// How many requests may be under way at once, those that wait included.
const AT_ONCE: usize = 4_096;

/// The places of those requests.
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// The largest page, far above any that there is.
const PAGE_MAX: usize = 16 << 20;

/// A handle to the threads.
#[derive(Debug, Clone)]
pub struct ConsoleThreads(Handle);

impl ConsoleThreads {
    /// Starts this many threads. They end with the runtime.
    pub fn start(workers: usize) -> io::Result<(Self, Runtime)> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("console")
            .on_thread_start(step_back)
            .enable_all()
            .build()?;
        Ok((Self(runtime.handle().clone()), runtime))
    }

    /// On the threads of a runtime that is there already.
    pub fn on(handle: Handle) -> Self {
        Self(handle)
    }
}

/// Lowers the priority of this thread only. Everything that it starts inherits it.
fn step_back() {
    #[cfg(target_os = "linux")]
    // If it is refused, everything works all the same.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// A body of any length that the console's threads produce, at most one piece ahead of its reader. Only a message ends it:
/// if its task fails, the answer breaks off, too.
fn passed_on(body: Body, place: SemaphorePermit<'static>) -> Body {
    let (sender, receiver) = mpsc::channel::<Option<Result<Bytes, axum::Error>>>(1);
    tokio::spawn(async move {
        let _place = place;
        let mut pieces = body.into_data_stream();
        loop {
            let piece = pieces.next().await;
            let is_last = !matches!(piece, Some(Ok(_)));
            // Nobody receives it once the reader has gone away.
            if sender.send(piece).await.is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await.unwrap_or_else(|| Some(Err(axum::Error::new("the answer was cut off"))))?;
        Some((piece, receiver))
    }))
}

/// Runs the rest of the request on the console's threads, and gives the whole answer back. A caller who goes away ends
/// its work.
pub(crate) async fn apart(State(threads): State<ConsoleThreads>, request: Request, next: Next) -> Response {
    // A stream lasts, and only passes on what others have decided.
    if STREAMS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(place) = PLACES.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response();
    };
    let is_file = file_paths().contains(&request.uri().path());
    let work = async move {
        let (parts, body) = next.run(request).await.into_parts();
        if is_file {
            return Response::from_parts(parts, passed_on(body, place));
        }
        let _place = place;
        // Compressed here, not where calls are answered.
        match to_bytes(body, PAGE_MAX).await {
            Ok(body) => Response::from_parts(parts, Body::from(body)),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    };
    let work = AbortOnDropHandle::new(threads.0.spawn(work.in_current_span()));
    work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

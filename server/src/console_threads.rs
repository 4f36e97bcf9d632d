//! The console's own threads. The system runs them only where calls leave it time, so that no page, and no password that
//! is being checked, slows down a call.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use crate::paths::EVENTS;

/// How far these threads step back. Beside busy calls, they get about a tenth of the processor.
const NICE: i32 = 10;

/// How many pages are made at once. The others wait, which takes less memory. Forms do not wait here: a sign-in waits for
/// its turn elsewhere, and must not keep pages from others.
const AT_ONCE: usize = 16;

/// How many may wait.
const WAITING: usize = 4_096;

/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest page, far above any that there is.
const PAGE_MAX: usize = 16 << 20;

/// A handle to the threads.
#[derive(Clone)]
pub struct ConsoleThreads {
    handle: Handle,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl fmt::Debug for ConsoleThreads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConsoleThreads").finish_non_exhaustive()
    }
}

impl ConsoleThreads {
    /// Starts this many threads. They end with the runtime.
    pub fn start(workers: usize) -> io::Result<(Self, Runtime)> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("console")
            .on_thread_start(step_back)
            .enable_all()
            .build()?;
        Ok((Self::on(runtime.handle().clone()), runtime))
    }

    /// On the threads of a runtime that is there already.
    pub fn on(handle: Handle) -> Self {
        let (turns, places) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Semaphore::new(AT_ONCE + WAITING)));
        Self { handle, turns, places }
    }
}

impl ConsoleThreads {
    /// Waits for a turn; `None` if too many wait, or it does not come in time.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let _place = self.places.try_acquire().ok()?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()
    }
}

/// Lowers the priority of this thread only. Everything that it starts inherits it.
fn step_back() {
    #[cfg(target_os = "linux")]
    // If it is refused, everything works all the same.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Runs the rest of the request on the console's threads, and gives the whole answer back. A caller who goes away ends
/// its work.
pub(crate) async fn apart(State(threads): State<ConsoleThreads>, request: Request, next: Next) -> Response {
    // A stream lasts, and only passes on what others have decided.
    if request.uri().path() == EVENTS {
        return next.run(request).await;
    }
    let turn = if matches!(*request.method(), Method::GET | Method::HEAD) {
        let Some(turn) = threads.turn().await else { return busy() };
        Some(turn)
    } else {
        None
    };
    let work = threads.handle.spawn(async move {
        let _turn = turn;
        let (parts, body) = next.run(request).await.into_parts();
        // Rendered and compressed here, not where calls are answered.
        match to_bytes(body, PAGE_MAX).await {
            Ok(body) => Response::from_parts(parts, Body::from(body)),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    });
    let work = AbortOnDropHandle::new(work);
    work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
}

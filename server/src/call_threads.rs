//! The threads that answer connections. Each has a runtime of its own, and a connection stays on its thread: a call wakes no
//! other thread, and is never moved to one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use service::lanes;
use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::listener::Stream;

/// A handle to the threads.
#[derive(Debug, Clone)]
pub(crate) struct CallThreads(Arc<[CallThread]>);

/// A thread, and how many connections it has.
#[derive(Debug)]
struct CallThread {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

/// The place of a connection on its thread.
struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl CallThreads {
    /// Starts this many threads. They end when the guard is dropped, whatever they still do. The database's connections
    /// that were opened on them end with them.
    pub(crate) fn start(count: usize) -> io::Result<(Self, DropGuard)> {
        let end = CancellationToken::new();
        let threads = (0..count).map(|number| CallThread::start(number, end.clone())).collect::<io::Result<_>>()?;
        Ok((Self(threads), end.drop_guard()))
    }

    /// Serves a connection on the thread that has the fewest.
    pub(crate) fn serve<F>(
        &self,
        stream: Stream,
        serve: impl FnOnce(Stream) -> F + Send + 'static,
    ) -> io::Result<AbortHandle>
    where
        F: Future<Output = ()> + Send,
    {
        let fewest = self.0.iter().min_by_key(|thread| thread.connections.load(Ordering::Relaxed));
        let thread = fewest.ok_or(io::ErrorKind::Unsupported)?;
        // From now on, that thread's runtime watches it.
        let unwatched = stream.unwatched()?;
        thread.connections.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&thread.connections));
        let serving = async move {
            let _seat = seat;
            match unwatched.watched() {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::error!(%error, "a connection cannot be served"),
            }
        };
        Ok(thread.runtime.spawn(serving).abort_handle())
    }
}

impl CallThread {
    fn start(number: usize, end: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let run = move || {
            lanes::take(number);
            runtime.block_on(end.cancelled());
        };
        thread::Builder::new().name("calls".to_owned()).spawn(run)?;
        Ok(Self { runtime: handle, connections: Arc::default() })
    }
}

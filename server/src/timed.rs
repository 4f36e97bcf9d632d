//! A stream whose other end has to get on: to begin a request, to finish its head, and to take what it asked for. Where it
//! gets its answer before it has sent its body, the stream takes what still comes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use service::metrics::Closed;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::connections::Connection;
use crate::lingering::Lingering;

/// How long a connection may stay idle. Proxies have to keep theirs for less, so that they never write to a closed one.
const IDLE: Duration = Duration::from_secs(75);

/// How long the head of a request may take, once a part of it has come.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long the other end may take nothing of an answer.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Timed<S> {
    stream: S,
    connection: Arc<Connection>,
    /// Whether the server stops.
    stopping: Arc<AtomicBool>,
    /// The head that is arriving: how many requests had begun before it, and its deadline. Most heads arrive in one
    /// piece, and need none.
    head: Option<(u32, Option<Pin<Box<Sleep>>>)>,
    /// Since when the next request is awaited: how many had begun before it, and the moment.
    idle: Option<(u32, Instant)>,
    /// Set once, and again only where it ends too early. To set it for each request would cost each a lock.
    idle_end: Option<Pin<Box<Sleep>>>,
    stuck: Option<Pin<Box<Sleep>>>,
    lingering: Option<Lingering>,
}

impl<S> Timed<S> {
    pub(crate) fn new(stream: S, connection: Arc<Connection>, stopping: Arc<AtomicBool>) -> Self {
        Self { stream, connection, stopping, head: None, idle: None, idle_end: None, stuck: None, lingering: None }
    }
}

impl<S: Unpin> Timed<S> {
    /// The outcome of a write, or an error if nothing was taken for too long.
    fn taken<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
        ready!(stuck.as_mut().poll(cx));
        self.connection.ends(Closed::Stuck);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits until nothing has come for too long.
    fn idle_end(&mut self, cx: &mut Context<'_>, requests: u32) -> Poll<()> {
        let since = match self.idle {
            Some((before, since)) if before == requests => since,
            _ => self.idle.insert((requests, Instant::now())).1,
        };
        let end = since + IDLE;
        let idle_end = self.idle_end.get_or_insert_with(|| Box::pin(sleep_until(end)));
        loop {
            ready!(idle_end.as_mut().poll(cx));
            if idle_end.deadline() >= end {
                return Poll::Ready(());
            }
            idle_end.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let requests = this.connection.requests();
        // Its request has begun, so the head was finished.
        if this.head.as_ref().is_some_and(|(before, _)| *before != requests) {
            this.head = None;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(_) if buffer.filled().len() > before && this.head.is_none() && !this.connection.is_busy() => {
                this.head = Some((requests, None));
            }
            Poll::Pending => {
                if let Some((_, deadline)) = &mut this.head {
                    let deadline = deadline.get_or_insert_with(|| Box::pin(sleep(HEAD_WITHIN)));
                    ready!(deadline.as_mut().poll(cx));
                    this.connection.ends(Closed::Head);
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                if !this.connection.is_in_use() {
                    ready!(this.idle_end(cx, requests));
                    this.connection.ends(Closed::Idle);
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            Poll::Ready(_) => {}
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.taken(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.taken(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.taken(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingering.is_none() {
            let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.taken(cx, shut))?;
            if !this.connection.has_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let lingering = this.lingering.get_or_insert_with(Lingering::begin);
        if this.stopping.load(Ordering::Relaxed) {
            lingering.hurries();
        }
        lingering.poll(&mut this.stream, cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_is_given_up_and_an_idle_connection_is_not() {
        let connection = Arc::new(Connection::default());
        let (mut client, server) = duplex(64);
        let mut server = Timed::new(server, Arc::clone(&connection), Arc::default());
        let mut byte = [0; 1];
        assert!(timeout(Duration::from_mins(1), server.read(&mut byte)).await.is_err(), "nothing has come yet");
        let begun = Instant::now();
        let trickle = async {
            while client.write_all(b"G").await.is_ok() && begun.elapsed() < Duration::from_mins(1) {
                sleep(Duration::from_secs(1)).await;
            }
        };
        let reading = async {
            loop {
                if let Err(error) = server.read(&mut byte).await {
                    return error;
                }
            }
        };
        let error = tokio::select! { error = reading => error, () = trickle => panic!("it read on") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!((begun.elapsed().as_secs(), connection.why()), (HEAD_WITHIN.as_secs(), Closed::Head));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_closed_once_it_was_idle_for_its_time() {
        let connection = Arc::new(Connection::default());
        let (mut client, server) = duplex(64);
        let mut server = Timed::new(server, Arc::clone(&connection), Arc::default());
        let mut byte = [0; 1];
        let begun = Instant::now();
        for _ in 0..5 {
            assert!(timeout(IDLE / 2, server.read(&mut byte)).await.is_err());
            client.write_all(b"G").await.unwrap();
            server.read_exact(&mut byte).await.unwrap();
            drop(connection.request());
        }
        let sending = connection.sends();
        assert!(timeout(IDLE * 2, server.read(&mut byte)).await.is_err(), "a stream of events lasts");
        drop(sending);
        let last = Instant::now();
        let reading = timeout(IDLE * 2, server.read(&mut byte));
        let error = reading.await.expect("it stays open").unwrap_err();
        assert_eq!((error.kind(), last.elapsed().as_secs()), (io::ErrorKind::TimedOut, IDLE.as_secs()));
        assert!(begun.elapsed() > IDLE * 4);
        assert_eq!(connection.why(), Closed::Idle);
    }

    /// A server flushes whatever it wakes up for, and has nothing to flush.
    #[tokio::test(start_paused = true)]
    async fn a_server_closes_an_idle_connection() {
        for request in ["", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
            let connection = Arc::new(Connection::default());
            let (mut client, server) = duplex(1024);
            let server = Timed::new(server, Arc::clone(&connection), Arc::default());
            let answer = async |_| {
                drop(connection.request());
                Ok::<_, std::convert::Infallible>(hyper::Response::new("answered".to_owned()))
            };
            let builder = hyper::server::conn::http1::Builder::new();
            let serving =
                builder.serve_connection(hyper_util::rt::TokioIo::new(server), hyper::service::service_fn(answer));
            let begun = Instant::now();
            client.write_all(request.as_bytes()).await.unwrap();
            let _ended = timeout(IDLE * 2, serving).await.expect("it stays open");
            assert_eq!((begun.elapsed().as_secs(), connection.why()), (IDLE.as_secs(), Closed::Idle), "{request}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_longer_than_a_head() {
        let connection = Arc::new(Connection::default());
        let (mut client, server) = duplex(64);
        let mut server = Timed::new(server, Arc::clone(&connection), Arc::default());
        let mut byte = [0; 1];
        client.write_all(b"GB").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        let _answering = connection.request();
        server.read_exact(&mut byte).await.unwrap();
        assert!(timeout(HEAD_WITHIN * 3, server.read(&mut byte)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_still_sends_a_body_is_listened_to_after_the_answer() {
        let connection = Arc::new(Connection::default());
        let (mut client, server) = duplex(64);
        let mut server = Timed::new(server, Arc::clone(&connection), Arc::default());
        drop(connection.request());
        connection.leaves_unread();
        let sending = async {
            client.write_all(&[0; 10_000]).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            drop(client);
            answer
        };
        let answering = async {
            server.write_all(b"401").await.unwrap();
            server.shutdown().await.unwrap();
        };
        let (answer, ()) = tokio::join!(sending, answering);
        assert_eq!(answer, "401");
        let (_client, server) = duplex(64);
        let mut server = Timed::new(server, Arc::default(), Arc::default());
        timeout(Duration::from_millis(1), server.shutdown()).await.expect("nobody sends anything").unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up() {
        let (_client, server) = duplex(64);
        let connection = Arc::new(Connection::default());
        let mut server = Timed::new(server, Arc::clone(&connection), Arc::default());
        let begun = Instant::now();
        let writing = timeout(TAKEN_WITHIN * 10, server.write_all(&[0; 1_000]));
        let error = writing.await.expect("it waits on").unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, TAKEN_WITHIN.as_secs()));
        assert_eq!(connection.why(), Closed::Stuck);
    }
}

//! The end of a connection whose last request was answered before all of it had come (RFC 9112, 9.6). If it were closed at
//! once, the system would tell the sender that its bytes were lost, and throw away the answer that it has not read yet.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How much of a body is still taken and thrown away, and for how long. Some senders read the answer only after they have
/// sent everything.
const TAKEN: usize = 64 * 1024 * 1024;
const TAKEN_FOR: Duration = Duration::from_secs(30);

/// For how long while the server stops.
const TAKEN_AT_LAST: Duration = Duration::from_secs(1);

/// How long the sender may send nothing.
const SILENT_FOR: Duration = Duration::from_secs(5);

/// How much is read at once, on the stack.
const PIECE: usize = 4 * 1024;

#[derive(Debug)]
pub(crate) struct Lingering {
    left: usize,
    until: Instant,
    has_hurried: bool,
    silence: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn begin() -> Self {
        Self {
            left: TAKEN,
            until: Instant::now() + TAKEN_FOR,
            has_hurried: false,
            silence: Box::pin(sleep(SILENT_FOR)),
        }
    }

    /// The server stops, and waits for this sender, too.
    pub(crate) fn hurries(&mut self) {
        if !std::mem::replace(&mut self.has_hurried, true) {
            self.until = self.until.min(Instant::now() + TAKEN_AT_LAST);
            let end = self.silence.deadline().min(self.until);
            self.silence.as_mut().reset(end);
        }
    }

    /// Reads until the sender has closed the connection, or had its time.
    pub(crate) fn poll<S: AsyncRead + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<()> {
        let mut has_come = false;
        loop {
            let mut bytes = [0; PIECE];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                    has_come = true;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let now = Instant::now();
                    if has_come {
                        self.silence.as_mut().reset((now + SILENT_FOR).min(self.until));
                    }
                    return self.silence.as_mut().poll(cx);
                }
            }
            if self.left == 0 || Instant::now() >= self.until {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    async fn linger(stream: &mut (impl AsyncRead + Unpin)) {
        linger_on(Lingering::begin(), stream).await;
    }

    async fn linger_on(mut lingering: Lingering, stream: &mut (impl AsyncRead + Unpin)) {
        poll_fn(|cx| lingering.poll(stream, cx)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_is_heard_to_its_end() {
        let (mut client, mut server) = duplex(64);
        let begun = Instant::now();
        let sending = async {
            for _ in 0..5 {
                sleep(SILENT_FOR / 2).await;
                client.write_all(&[0; 1_000]).await.unwrap();
            }
            drop(client);
        };
        tokio::join!(sending, linger(&mut server));
        assert_eq!(begun.elapsed().as_secs(), (SILENT_FOR / 2 * 5).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_a_second_for_a_sender() {
        let (mut client, mut server) = duplex(64);
        let mut lingering = Lingering::begin();
        lingering.hurries();
        let begun = Instant::now();
        let trickle = async {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_millis(300)).await;
            }
        };
        tokio::select! { () = linger_on(lingering, &mut server) => {}, () = trickle => panic!("it was closed") }
        assert_eq!(begun.elapsed().as_secs(), TAKEN_AT_LAST.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_end() {
        let (_client, mut server) = duplex(64);
        let begun = Instant::now();
        linger(&mut server).await;
        assert_eq!(begun.elapsed().as_secs(), SILENT_FOR.as_secs(), "one who is silent");
        let (mut client, mut server) = duplex(64);
        let begun = Instant::now();
        let trickle = async {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! { () = linger(&mut server) => {}, () = trickle => panic!("it was closed") }
        assert_eq!(begun.elapsed().as_secs(), TAKEN_FOR.as_secs(), "one who trickles");
        let (mut client, mut server) = duplex(1024 * 1024);
        let begun = Instant::now();
        let much = vec![0; 1024 * 1024];
        let endless = async { while client.write_all(&much).await.is_ok() {} };
        tokio::select! { () = linger(&mut server) => {}, () = endless => panic!("it was closed") }
        assert_eq!(begun.elapsed().as_secs(), 0, "one who floods");
    }
}

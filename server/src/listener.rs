//! Where connections come from: an address and port, a Unix socket, or a socket that the system has opened for us.

use std::io;
use std::net::{self, Ipv4Addr, SocketAddr};
use std::os::unix;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use listenfd::ListenFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

/// Whoever may open the socket is on this machine.
const NEARBY: SocketAddr = SocketAddr::new(net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// An open listener.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _socket: Option<Socket> },
}

/// A socket in the file system that this process made, and removes in the end.
#[derive(Debug)]
pub(crate) struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // If it is gone already, there is nothing to do.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Takes the socket that systemd has opened (`LISTEN_FDS`), if there is one; opens its own otherwise.
    pub(crate) async fn bind(listen: &Listen) -> io::Result<Self> {
        let mut given = ListenFd::from_env();
        // A socket of the other sort is an error of that call.
        if let Ok(Some(listener)) = given.take_tcp_listener(0) {
            listener.set_nonblocking(true)?;
            return Ok(Self::Tcp(TcpListener::from_std(listener)?));
        }
        if let Ok(Some(listener)) = given.take_unix_listener(0) {
            listener.set_nonblocking(true)?;
            return Ok(Self::Unix { listener: UnixListener::from_std(listener)?, _socket: None });
        }
        Self::open(listen).await
    }

    /// Opens its own, whatever the system has opened.
    pub(crate) async fn open(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Listen::Unix(path) => {
                remove_abandoned(path).await?;
                let listener = UnixListener::bind(path)?;
                // For the proxy, which shares a group with this account.
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
                Ok(Self::Unix { listener, _socket: Some(Socket(path.clone())) })
            }
        }
    }

    /// Its address and port; `None` for a Unix socket.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix { .. } => None,
        }
    }

    /// The next connection and the address at its other end.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small and written in one piece.
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), peer))
            }
            Self::Unix { listener, .. } => Ok((Stream::Unix(listener.accept().await?.0), NEARBY)),
        }
    }
}

/// Removes a socket that nobody listens on any more, as a killed process leaves it. Any other file refuses a connection
/// too, and stays: it may be the database.
async fn remove_abandoned(path: &Path) -> io::Result<()> {
    let is_socket = || path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket());
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && is_socket() => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// The same connection, which no runtime watches.
    pub(crate) fn unwatched(self) -> io::Result<Unwatched> {
        Ok(match self {
            Self::Tcp(stream) => Unwatched::Tcp(stream.into_std()?),
            Self::Unix(stream) => Unwatched::Unix(stream.into_std()?),
        })
    }
}

/// A connection that no runtime watches.
#[derive(Debug)]
pub(crate) enum Unwatched {
    Tcp(net::TcpStream),
    Unix(unix::net::UnixStream),
}

impl Unwatched {
    /// The same connection, which the runtime of the caller watches.
    pub(crate) fn watched(self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(stream) => Stream::Tcp(TcpStream::from_std(stream)?),
            Self::Unix(stream) => Stream::Unix(UnixStream::from_std(stream)?),
        })
    }
}

/// Runs the same call on whichever stream it is.
macro_rules! on {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp($inner) => $call,
            Stream::Unix($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

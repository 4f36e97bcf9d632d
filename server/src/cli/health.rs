//! `keystead health`: asks a running server whether it is ready, for containers that have no other HTTP client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::Failure;
use crate::config::Listen;

/// How long the answer may take. The server itself gives up earlier.
const PATIENCE: Duration = Duration::from_secs(5);

const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

pub(super) async fn ask(listen: &Listen) -> Result<(), Failure> {
    let asking = async {
        match listen {
            Listen::Tcp(address) => answer(TcpStream::connect(reachable(*address)).await?).await,
            Listen::Unix(path) => answer(UnixStream::connect(path).await?).await,
        }
    };
    let not_ready = |why: String| Failure::NotReady(format!("{listen}: {why}"));
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.map_err(|_| not_ready("no answer in time".to_owned()))?;
    let answer = answer.map_err(|error| not_ready(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) != Some("200") {
        return Err(not_ready(body.trim_end().to_owned()));
    }
    super::print(format_args!("{}", body.trim_end()))?;
    Ok(())
}

/// The address to reach a listener at that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<String> {
    stream.write_all(REQUEST).await?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer).await?;
    Ok(answer)
}

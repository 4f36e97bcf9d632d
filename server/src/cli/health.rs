//! `keystead health`: asks a running server whether it is ready, for containers that have no other HTTP client.
//! Without `--url`, it asks the one that these settings would start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::call::Call;
use super::failure::Failure;
use super::output::{plain, show};
use super::to::Target;
use crate::config::Listen;
use crate::outbound::Outbound;

/// How long the answer may take. The server itself gives up earlier.
const PATIENCE: Duration = Duration::from_secs(5);

const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// How many lines of an answer are shown.
const LINES_SHOWN: usize = 5;

/// The largest answer that is read.
const LARGEST: usize = 64 << 10;

/// Asks a server elsewhere.
pub(super) async fn ask_elsewhere(target: &Target) -> Result<(), Failure> {
    let away = |why: String| Failure::Away(format!("{}: {}", target.origin, plain(&why)));
    let request = Call::get("/readyz").request(&target.origin).map_err(|error| away(error.to_string()))?;
    let asking = async {
        let outbound = Outbound::new()?;
        let allowed = |address: IpAddr| target.leaves || address.to_canonical().is_loopback();
        let mut connection = outbound.connect(request.uri(), allowed, "is not this machine; use https://").await?;
        connection.send(request, LARGEST).await
    };
    let answer = timeout(PATIENCE, asking).await.map_err(|_| away("no answer in time".to_owned()))?.map_err(away)?;
    let body = String::from_utf8_lossy(answer.body());
    match answer.status().as_u16() {
        200 if says_ready(&body) => show(format_args!("{}", lines(&body))),
        status => Err(Failure::NotReady(format!("{}: {status} {}", target.origin, lines(&body)))),
    }
}

pub(super) async fn ask(listen: &Listen) -> Result<(), Failure> {
    let asking = async {
        match listen {
            Listen::Tcp(address) => answer(TcpStream::connect(reachable(*address)).await?).await,
            Listen::Unix(path) => answer(UnixStream::connect(path).await?).await,
        }
    };
    let away = |why: String| Failure::Away(format!("{listen}: {why}"));
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.map_err(|_| away("no answer in time".to_owned()))?;
    let answer = answer.map_err(|error| away(error.to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) != Some("200") || !says_ready(body) {
        return Err(Failure::NotReady(format!("{listen}: {}", lines(body))));
    }
    show(format_args!("{}", lines(body)))
}

/// Whether this is the answer of a server that is ready. Something else may answer there.
fn says_ready(body: &str) -> bool {
    body.lines().next() == Some("ready")
}

/// The first lines of an answer, without control characters.
fn lines(body: &str) -> String {
    body.lines().take(LINES_SHOWN).map(plain).collect::<Vec<_>>().join("\n")
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
    stream.take(LARGEST as u64).read_to_string(&mut answer).await?;
    Ok(answer)
}

//! Connections to other servers over HTTP or HTTPS, for the providers, the webhooks and the command line.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::task::AbortOnDropHandle;

/// How long one address may take to answer a connection.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// A stream, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What makes connections. It trusts the certificates that the system trusts.
pub(crate) struct Outbound {
    tls: TlsConnector,
}

impl Outbound {
    pub fn new() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)) })
    }

    /// Connects to the host of an address. `allowed` says at which IP addresses it may be; `unless` is the error if it is
    /// at none of them.
    pub async fn connect(
        &self,
        uri: &Uri,
        allowed: impl Fn(IpAddr) -> bool,
        unless: &str,
    ) -> Result<Connection, String> {
        let stream = self.stream(uri, allowed, unless).await?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let driver = tokio::spawn(async move {
            // What goes wrong, the call that waits for an answer hears too.
            let _ = driver.await;
        });
        Ok(Connection { sender, _driver: AbortOnDropHandle::new(driver) })
    }

    async fn stream(
        &self,
        uri: &Uri,
        allowed: impl Fn(IpAddr) -> bool,
        unless: &str,
    ) -> Result<Box<dyn Stream>, String> {
        let is_https = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let found = lookup_host((bare, port)).await.map_err(|error| format!("{host} cannot be found: {error}"))?;
        let addresses: Vec<SocketAddr> = found.filter(|address| allowed(address.ip())).collect();
        if addresses.is_empty() {
            return Err(format!("{host} {unless}"));
        }
        let mut why = String::new();
        for address in addresses {
            let stream = match timeout(CONNECTED_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    why = format!("{host} cannot be reached: {}", in_words(&error));
                    continue;
                }
                Err(_) => {
                    why = format!("{host} cannot be reached in time");
                    continue;
                }
            };
            if !is_https {
                return Ok(Box::new(stream));
            }
            let name = ServerName::try_from(bare.to_owned()).map_err(|_| format!("{host} is no name of a server"))?;
            let stream = self.tls.connect(name, stream).await;
            return Ok(Box::new(stream.map_err(|error| format!("{host} cannot be trusted: {error}"))?));
        }
        Err(why)
    }
}

/// What the operating system says, without its number, which tells readers nothing.
fn in_words(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// A connection to one server, for one call after the other.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Ends with the connection.
    _driver: AbortOnDropHandle<()>,
}

impl Connection {
    /// Sends a request, and reads all of the answer up to `largest` bytes. A redirect is an answer like any other.
    pub async fn send(&mut self, request: Request<Bytes>, largest: usize) -> Result<Response<Bytes>, String> {
        let (parts, body) = self.head(request).await?.into_parts();
        let body = Limited::new(body, largest).collect().await;
        let body = body.map_err(|error| format!("its answer cannot be read: {error}"))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    /// Sends a request, and reads the head of the answer. Its body ends with this connection.
    pub async fn head(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>, String> {
        let (mut parts, body) = request.into_parts();
        let authority = parts.uri.authority().map(Authority::as_str).unwrap_or_default();
        let host = HeaderValue::from_str(authority).map_err(|_| "its host is no host".to_owned())?;
        parts.headers.insert(header::HOST, host);
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        parts.headers.insert(header::USER_AGENT, HeaderValue::from_static("Keystead"));
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        // An address may have a query and no path.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        parts.uri = path.parse().map_err(|_| "its path is no path".to_owned())?;
        self.sender.send_request(Request::from_parts(parts, Full::new(body))).await.map_err(broken)
    }

    /// Waits until it can take another call; `false` if the server has closed it.
    pub async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn broken(error: hyper::Error) -> String {
    format!("it broke off: {error}")
}

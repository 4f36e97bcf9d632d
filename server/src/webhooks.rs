//! Sends what webhooks are told. Whoever may set a webhook up chooses an address, so this server must not be led by it to
//! what only its own network reaches: names are resolved here, each address is checked, and the connection goes to the one
//! that was checked.

mod body;
mod networks;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use domain::delivery::Reply;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use secrecy::ExposeSecret;
use serde_json::Value;
use service::Service;
use service::deliveries::{Deliver, Delivering, Parcel};
use tokio::time::timeout;

pub use self::networks::Networks;
use crate::outbound::Outbound;
use crate::public_address::is_public;
use crate::wire::sunshine::shown::FileLinks;

/// How long a receiver may take, from its name to the head of its answer.
const WITHIN: Duration = Duration::from_secs(10);

/// How long the body of an answer is read after that, and how much of it at most. Only the status counts.
const READ_WITHIN: Duration = Duration::from_secs(1);
const READ: usize = 64 * 1024;

/// Where the secret of a webhook is.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What is said of a host without an address that may be called.
const UNLESS: &str = "has no public address, and KEYSTEAD_WEBHOOK_NETWORKS does not name the one that it has";

/// The same where no setting would help.
const OWN_PORT: &str = "has no public address, and Keystead never calls its own ports or that of its database there";

/// What sends to webhooks.
pub struct Sender {
    outbound: Outbound,
    networks: Networks,
    /// The ports of this installation. They are not called in the networks that are named.
    own_ports: Vec<u16>,
    /// The address that people use, for links.
    public_url: String,
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sender").field("networks", &self.networks).finish_non_exhaustive()
    }
}

impl Sender {
    /// One that also calls these networks, but not these ports of this installation there. Fails if there is no TLS.
    pub fn new(networks: Networks, own_ports: Vec<u16>, public_url: &str) -> Result<Self, String> {
        Ok(Self { outbound: Outbound::new()?, networks, own_ports, public_url: public_url.to_owned() })
    }

    fn may_call(&self, address: IpAddr, port: u16) -> bool {
        is_public(address) || (self.networks.has(address) && !self.own_ports.contains(&port))
    }

    async fn send(&self, service: &Service, parcel: &Parcel) -> Reply {
        match self.ask(service, parcel).await {
            Ok(reply) => reply,
            Err(why) => Reply::none(why),
        }
    }

    async fn ask(&self, service: &Service, parcel: &Parcel) -> Result<Reply, String> {
        let request = request(parcel, &body::of(FileLinks { service, public_url: &self.public_url }, parcel))?;
        let uri = request.uri().clone();
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("the address is none that can be called".to_owned());
        }
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let head = timeout(WITHIN, async {
            let allowed = |address| self.may_call(address, port);
            let unless = if self.own_ports.contains(&port) { OWN_PORT } else { UNLESS };
            let mut connection = self.outbound.connect(&uri, allowed, unless).await?;
            let answer = connection.head(request).await?;
            // With the connection, its body would end.
            Ok::<_, String>((connection, answer))
        });
        let late = |_| format!("there was no answer within {} seconds", WITHIN.as_secs());
        let (_connection, answer) = head.await.map_err(late)??;
        let status = answer.status().as_u16();
        Ok(Reply::answered(status, &beginning(answer.into_body()).await))
    }
}

impl Deliver for Sender {
    fn deliver<'a>(&'a self, service: &'a Service, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(self.send(service, parcel))
    }
}

fn request(parcel: &Parcel, body: &Value) -> Result<Request<Bytes>, String> {
    let uri: Uri = parcel.webhook.target.parse().map_err(|_| "the address is none that can be called".to_owned())?;
    let mut secret = HeaderValue::from_str(parcel.secret.expose_secret())
        .map_err(|_| "the secret of the webhook cannot be sent".to_owned())?;
    secret.set_sensitive(true);
    let mut request = Request::new(Bytes::from(body.to_string()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    request.headers_mut().insert(X_API_KEY, secret);
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// What an answer begins with. One that never ends, or breaks off, counts as far as it was read.
async fn beginning(mut body: Incoming) -> String {
    let mut read = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            let free = READ.saturating_sub(read.len());
            read.extend(data.into_iter().take(free));
            if read.len() >= READ {
                break;
            }
        }
    };
    // Nobody needs the rest.
    let _ = timeout(READ_WITHIN, reading).await;
    String::from_utf8_lossy(&read).into_owned()
}

//! Sends calls: to a server elsewhere, or to the very same router in this process, over the local database.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use domain::timestamp::Timestamp;
use service::Caller;
use service::clock::{Clock as _, SystemClock};
use service::entropy::{Entropy as _, SystemEntropy};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::call::Call;
use super::failure::Failure;
use super::json::Json;
use super::output::plain;
use super::to::{Target, To};
use crate::api::AtShell;
use crate::config::Config;
use crate::outbound::{Connection, Outbound};
use crate::router::api_router;
use crate::start::{self, Opener, Product};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(30);

/// What is said of an answer that did not come by then.
const LATE: &str = "it did not answer in time";

/// The largest answer: a page of keys that each have as many restrictions as they may.
const LARGEST: usize = 32 << 20;

/// How long to wait before a call is sent again whose answer was lost on the way. It is carried out once.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where calls go.
pub(super) enum Client {
    Here(Box<Here>),
    Elsewhere(Box<Elsewhere>),
}

/// The router in this process.
pub(super) struct Here {
    router: Router,
    caller: Caller,
    product: Product,
}

/// A server at an address.
pub(super) struct Elsewhere {
    target: Target,
    outbound: Outbound,
    authorization: HeaderValue,
    connection: Option<Connection>,
}

/// Why there is no answer.
enum Lost {
    /// The server was not reached.
    Unsent(String),
    /// The connection broke before the answer came.
    Broken(String),
    /// The answer did not come in time.
    Late,
}

impl Client {
    /// A client for a server elsewhere.
    pub fn elsewhere(to: &To, target: Target) -> Result<Self, Failure> {
        let authorization = to.authorization()?;
        let outbound = Outbound::new().map_err(Failure::Away)?;
        Ok(Self::Elsewhere(Box::new(Elsewhere { target, outbound, authorization, connection: None })))
    }

    /// A client for the local database. Only a command that may come first creates one.
    pub async fn here(config: &Config, app: Option<&str>, caller: Caller, creates: bool) -> Result<Self, Failure> {
        let opened = if creates {
            start::open(config, Opener::Command).await
        } else {
            start::open_existing(config, Opener::Command).await
        };
        let product = opened.map_err(Failure::opening)?;
        let chosen = match app {
            Some(named) => product.service.app_by_name(&caller, named).await.map(|app| caller.within(&app.id)),
            None => Ok(caller),
        };
        match chosen {
            Ok(caller) => {
                let router = api_router(&product.service, config.origin());
                Ok(Self::Here(Box::new(Here { router, caller, product })))
            }
            Err(error) => {
                product.store.close().await;
                Err(error.into())
            }
        }
    }

    /// Sends a call, and gives what was answered. Why it was refused is in words.
    pub async fn send(&mut self, call: &Call) -> Result<Json, Failure> {
        let response = match self {
            Self::Here(here) => here.send(call).await?,
            Self::Elsewhere(elsewhere) => elsewhere.send(call).await?,
        };
        self.read(call, &response)
    }

    fn read(&self, call: &Call, response: &Response<Bytes>) -> Result<Json, Failure> {
        let status = response.status();
        let read = Json::read(response.body());
        match read {
            Some(json) if status.is_success() => Ok(json),
            None if status.is_success() && response.body().is_empty() => Ok(Json::Null),
            Some(problem) if problem.text("title").is_some() => {
                let words = call.refused(&problem);
                Err(if status.is_server_error() { Failure::Away(words) } else { Failure::Refused(words) })
            }
            _ => {
                let there = match self {
                    Self::Here(_) => "Keystead",
                    Self::Elsewhere(elsewhere) => &elsewhere.target.origin,
                };
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).map(plain);
                let to = to.map(|to| format!(", which leads to {to}: name that server with --url")).unwrap_or_default();
                Err(Failure::Away(format!("{there} answered {}, not as Keystead does{to}", status.as_u16())))
            }
        }
    }

    /// The time that a length of time counts from: by the clock of the database, or, for a server elsewhere, of this machine.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Here(here) => here.product.service.now(),
            Self::Elsewhere(_) => SystemClock::default().now(),
        }
    }

    /// Ends it.
    pub async fn close(self) {
        if let Self::Here(here) = self {
            here.product.service.mailed().await;
            here.product.store.close().await;
        }
    }
}

impl Here {
    async fn send(&self, call: &Call) -> Result<Response<Bytes>, Failure> {
        let mut request = call.request("").map_err(unusable)?.map(Body::from);
        request.extensions_mut().insert(AtShell(self.caller.clone()));
        let (parts, body) = match self.router.clone().oneshot(request).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let body = to_bytes(body, LARGEST).await.map_err(|error| Failure::Away(error.to_string()))?;
        Ok(Response::from_parts(parts, body))
    }
}

impl Elsewhere {
    async fn send(&mut self, call: &Call) -> Result<Response<Bytes>, Failure> {
        let mut request = call.request(&self.target.origin).map_err(unusable)?;
        request.headers_mut().insert(header::AUTHORIZATION, self.authorization.clone());
        if call.method == Method::POST {
            request.headers_mut().insert(IDEMPOTENCY_KEY, random()?);
        }
        let mut pauses = if matches!(call.method, Method::GET | Method::POST) { &PAUSES[..] } else { &[] }.iter();
        let mut was_sent = false;
        let why = loop {
            let (sent, why) = match self.send_once(&request).await {
                // What was sent first is still under way.
                Ok(again) if was_sent && asks_to_wait(&again) => (true, "its answer was lost on the way".to_owned()),
                Ok(response) => return Ok(response),
                Err(Lost::Unsent(why)) => (was_sent, why),
                Err(Lost::Broken(why)) => (true, why),
                Err(Lost::Late) => {
                    was_sent = true;
                    break LATE.to_owned();
                }
            };
            was_sent = sent;
            match pauses.next().filter(|_| was_sent) {
                Some(pause) => sleep(*pause).await,
                None => break why,
            }
        };
        let unknown =
            if was_sent && call.method != Method::GET { "; it is not known whether this was done" } else { "" };
        Err(Failure::Away(format!("{}: {}{unknown}", self.target.origin, plain(&why))))
    }

    async fn send_once(&mut self, request: &axum::http::Request<Bytes>) -> Result<Response<Bytes>, Lost> {
        let mut kept = self.connection.take();
        if let Some(connection) = &mut kept
            && !connection.is_ready().await
        {
            kept = None;
        }
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(request).await.map_err(Lost::Unsent)?,
        };
        let answer = timeout(WITHIN, connection.send(request.clone(), LARGEST)).await.map_err(|_| Lost::Late)?;
        let response = answer.map_err(Lost::Broken)?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&self, request: &axum::http::Request<Bytes>) -> Result<Connection, String> {
        let leaves = self.target.leaves;
        let allowed = |address: std::net::IpAddr| leaves || address.to_canonical().is_loopback();
        let unless = "is not this machine, and plain HTTP to another one would show the key: use https://, or add --insecure-http";
        let connecting = self.outbound.connect(request.uri(), allowed, unless);
        timeout(WITHIN, connecting).await.map_err(|_| LATE.to_owned())?
    }
}

fn asks_to_wait(response: &Response<Bytes>) -> bool {
    response.status() == StatusCode::CONFLICT && response.headers().contains_key(header::RETRY_AFTER)
}

/// A key for one call, with which it is carried out once, however often it is sent.
fn random() -> Result<HeaderValue, Failure> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).map_err(|error| Failure::Away(error.to_string()))?;
    HeaderValue::from_str(&hex::encode(bytes)).map_err(|error| unusable(error.into()))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn unusable(error: axum::http::Error) -> Failure {
    Failure::Usage(format!("this cannot be asked: {error}"))
}

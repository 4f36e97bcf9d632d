//! The API for programs: a key in a header, JSON in and out, no cookie.

mod answer;

mod authorize;
mod authorize_answer;
mod authorize_options;
mod body_errors;
mod credential;
mod fault;
mod json;
mod problem;
mod respond;
mod self_check;
mod unkey;
mod verify;
mod verify_caller;
mod verify_request;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, header};
use axum::routing::{any, get, post};
use service::Service;
use service::verify::Verifier;

use crate::client_address::TrustedProxies;
use crate::state::AppState;
use problem::Problem;

const PATHS: &str = "Under /v1 there are POST /v1/keys/verify, POST /v1/keys/verify-batch, GET /v1/keys/self and \
                     /v1/authorize.";

/// What the API's handlers share.
#[derive(Debug)]
struct Api {
    service: Service,
    verifier: Verifier,
    proxies: Arc<TrustedProxies>,
    https: bool,
}

pub(crate) fn router(state: &AppState) -> Router {
    let https = state.public_url.is_https();
    let (service, verifier) = (state.service.clone(), state.service.verifier().clone());
    let api = Arc::new(Api { service, verifier, proxies: state.trusted_proxies.clone(), https });
    let unknown = any(async move || Problem::no_such_path(PATHS).answer(https));
    let only = |allowed: &'static str| async move || Problem::method_not_allowed(allowed).answer(https);
    Router::new()
        .route("/v1/keys/verify", post(verify::verify).fallback(only("POST")))
        .route("/v1/keys/verify-batch", post(verify::verify_batch).fallback(only("POST")))
        .route("/v1/keys/self", get(self_check::self_check).fallback(only("GET, HEAD")))
        .route("/v1/authorize", any(authorize::exact))
        .route("/v1/authorize/", any(authorize::below))
        .route("/v1/authorize/{*path}", any(authorize::below))
        .route("/v1", unknown.clone())
        .route("/v1/", unknown.clone())
        .route("/v1/{*path}", unknown)
        .merge(unkey::router(https))
        .with_state(api)
}

impl Api {
    fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        self.proxies.client(peer(extensions), headers)
    }
}

/// Who is at the other end of the connection: a client, or a proxy.
fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
}

/// The `Origin` of a call. One that is not text is none that a rule could name.
fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

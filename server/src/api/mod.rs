//! The API for programs: a key in a header, JSON in and out, no cookie.

mod answer;
mod credential;
mod own_check;
mod problem;
mod verify;
mod verify_request;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, header};
use axum::routing::{any, get, post};
use service::verify::Verifier;

use crate::client_address::TrustedProxies;
use crate::router::AppState;
use problem::Problem;

/// What the API's handlers share.
#[derive(Debug)]
struct Api {
    verifier: Verifier,
    proxies: Arc<TrustedProxies>,
    https: bool,
}

pub(crate) fn router(state: &AppState) -> Router {
    let https = state.public_url.is_https();
    let api =
        Arc::new(Api { verifier: state.service.verifier().clone(), proxies: state.trusted_proxies.clone(), https });
    let unknown = any(async move || Problem::no_such_path().answer(https));
    let only = |allowed: &'static str| async move || Problem::method_not_allowed(allowed).answer(https);
    Router::new()
        .route("/v1/keys/verify", post(verify::verify).fallback(only("POST")))
        .route("/v1/keys/self", get(own_check::own_check).fallback(only("GET, HEAD")))
        .route("/v1", unknown.clone())
        .route("/v1/", unknown.clone())
        .route("/v1/{*path}", unknown)
        .with_state(api)
}

impl Api {
    fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        self.proxies.client(peer, headers)
    }
}

/// The `Origin` of a call. One that is not text is none that a rule could name.
fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

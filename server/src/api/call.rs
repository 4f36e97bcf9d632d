//! What the API's handlers share, and what they ask of a call.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{Extensions, HeaderMap, header};
use service::Service;
use service::verify::Verifier;

use super::proxy_warnings::ProxyWarnings;
use crate::client_address::{TrustedProxies, peer};
use crate::state::AppState;

/// What the API's handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    pub service: Service,
    pub verifier: Verifier,
    pub proxies: Arc<TrustedProxies>,
    pub https: bool,
    pub warnings: ProxyWarnings,
}

impl Api {
    pub fn of(state: &AppState) -> Arc<Self> {
        let service = state.service.clone();
        let verifier = service.verifier().clone();
        let https = state.public_url.is_https();
        let warnings = ProxyWarnings::default();
        Arc::new(Self { service, verifier, proxies: state.trusted_proxies.clone(), https, warnings })
    }

    /// The client's address, if it is known.
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        self.proxies.client(peer(extensions), headers)
    }
}

/// The `Origin` of a call. A value that is not text becomes `null`, which no domain matches.
pub(crate) fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

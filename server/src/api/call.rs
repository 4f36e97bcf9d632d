//! What the API's handlers share, and what they ask of a call.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use domain::ids::AppId;
use service::verify::{Verdict, Verifier};
use service::{Caller, Service};

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
    /// The address that people use, without a slash at its end.
    pub public_url: String,
    pub warnings: ProxyWarnings,
}

impl Api {
    pub fn of(state: &AppState) -> Arc<Self> {
        let service = state.service.clone();
        let verifier = service.verifier().clone();
        let https = state.public_url.is_https();
        let public_url = state.public_url.origin().to_owned();
        let warnings = ProxyWarnings::default();
        Arc::new(Self { service, verifier, proxies: state.trusted_proxies.clone(), https, public_url, warnings })
    }

    /// For the command line, whose calls come from no network.
    pub fn at_shell(service: &Service, public_url: String) -> Arc<Self> {
        let (service, verifier) = (service.clone(), service.verifier().clone());
        let (proxies, warnings) = (Arc::default(), ProxyWarnings::default());
        Arc::new(Self { service, verifier, proxies, https: false, public_url, warnings })
    }

    /// The app that a call is about: that of the calling key, or the one chosen at the shell.
    pub fn app_of(&self, caller: &Caller) -> AppId {
        caller.app().unwrap_or_else(|| *self.service.default_app())
    }

    /// Has the body of this call looked for with the key that was accepted for it.
    pub fn expect(&self, parts: &mut Parts, verdict: &Verdict) {
        if let Some(accepted) = self.verifier.accepted(verdict) {
            parts.extensions.insert(accepted);
        }
    }

    /// The client's address, if it is known.
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        self.proxies.client(peer(extensions), headers)
    }
}

/// The `Origin` of a call. A value that is not text, and two of them, become `null`, which no domain matches.
pub(crate) fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    let origin = values.next()?;
    Some(origin.to_str().ok().filter(|_| values.next().is_none()).unwrap_or("null"))
}

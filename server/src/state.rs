//! The state that the edges share.

use std::sync::Arc;

use app::desk::context::{ApiPaths, Console, Endpoint};
use leptos::config::LeptosOptions;
use service::Service;
use tokio_util::sync::CancellationToken;

use crate::client_address::TrustedProxies;
use crate::console_threads::ConsoleThreads;
use crate::public_url::PublicUrl;
use crate::site::Site;

/// The state that all edges share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The use cases.
    pub service: Service,
    /// The files of the site.
    pub site: Site,
    /// The address that people and programs use.
    pub public_url: PublicUrl,
    /// Whether somebody has set that address. Otherwise it is a guess.
    pub is_public_url_set: bool,
    /// Whether sign-in over plain HTTP beyond loopback is allowed.
    pub allow_http: bool,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Cancelled when the server stops: streams end with it.
    pub shutdown: CancellationToken,
    /// Where the console's pages are made.
    pub console: ConsoleThreads,
}

impl AppState {
    /// What the console's pages know of it.
    pub(crate) fn pages(&self, options: LeptosOptions, endpoints: Arc<[Endpoint]>, apis: Arc<[ApiPaths]>) -> Console {
        Console {
            service: self.service.clone(),
            options,
            public_url: self.public_url.origin().to_owned(),
            port: self.public_url.port(),
            allow_http: self.allow_http,
            trusted_proxies: self.trusted_proxies.rules().into(),
            endpoints,
            apis,
        }
    }
}

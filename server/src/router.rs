//! Everything that answers HTTP, as one router.

use std::sync::Arc;

use app::desk::context::Console;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use leptos::config::LeptosOptions;
use service::Service;
use tokio_util::sync::CancellationToken;

use crate::client_address::TrustedProxies;
use crate::public_url::PublicUrl;
use crate::responses::strict_transport;
use crate::site::Site;
use crate::{api, console, health, live, policy_report};

/// What the edges know. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The use cases.
    pub service: Service,
    /// The files of the site.
    pub site: Site,
    /// The address that people and programs use.
    pub public_url: PublicUrl,
    /// Sign-in over plain HTTP beyond loopback is allowed.
    pub allow_http: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Cancelled when the server stops: streams end with it.
    pub shutdown: CancellationToken,
}

impl AppState {
    fn console(&self, options: LeptosOptions) -> Console {
        Console {
            service: self.service.clone(),
            options,
            public_url: self.public_url.origin().to_owned(),
            allow_http: self.allow_http,
            trusted_proxies: self.trusted_proxies.rules().into(),
        }
    }
}

/// The whole product over HTTP. The API for programs stands beside the console's middleware, not
/// inside it: no cookies, no compression, nothing per call that it does not need.
pub fn router(state: &AppState) -> Router {
    let pages = app::desk::mount::router(&state.console(state.site.leptos_options()));
    let mut plain = health::router(state).merge(policy_report::router()).merge(state.site.router());
    if state.public_url.is_https() {
        plain = plain.layer(map_response(async |mut response: Response| {
            strict_transport(response.headers_mut(), true);
            response
        }));
    }
    plain.merge(api::router(state)).merge(console::around(pages.merge(live::router(state)), state))
}

//! Everything that answers HTTP, as one router.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;

use crate::responses::strict_transport;
use crate::state::AppState;
use crate::{api, console, health, live, policy_report};

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

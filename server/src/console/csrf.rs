//! Refuses requests that another site makes a browser send.

use app::desk::context::Transport;
use app::desk::session_cookie::Cookie;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::visit::cookie;
use crate::state::AppState;

const REFUSED: &str = "This request was refused because it came from another site. If you sent it yourself, open the \
                       console in a new tab and send it from there. Behind a proxy, set KEYSTEAD_PUBLIC_URL and \
                       have the proxy pass on Host and Origin.\n";

type Refuse = fn(ProtectionError) -> Response<Body>;

/// Refuses unsafe methods unless `Sec-Fetch-Site`, or without it `Origin`, names this console.
pub(super) fn layer(state: &AppState) -> CsrfLayer<Refuse> {
    let layer = CsrfLayer::new();
    // A proxy may have rewritten the `Host` that `Origin` is compared with.
    let layer = match layer.clone().add_trusted_origin(state.public_url.origin()) {
        Ok(layer) => layer,
        Err(error) => {
            tracing::warn!(%error, "the public URL is not a valid origin; Origin is only compared with Host");
            layer
        }
    };
    layer.with_rejection_response(|_| refused())
}

fn refused() -> Response {
    (StatusCode::FORBIDDEN, REFUSED).into_response()
}

/// A browser names the site of a form or script in one of two headers. A request with a session cookie and neither
/// header is refused, because its origin is unknown.
pub(super) async fn refuse_bare_cookie(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && !tells_site(request.headers()) && carries_session(request.headers()) {
        return refused();
    }
    next.run(request).await
}

fn tells_site(headers: &HeaderMap) -> bool {
    ["sec-fetch-site", header::ORIGIN.as_str()]
        .iter()
        .any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

fn carries_session(headers: &HeaderMap) -> bool {
    [Transport::Https, Transport::Loopback]
        .into_iter()
        .any(|transport| cookie(headers, Cookie::Session.name(transport)).is_some())
}

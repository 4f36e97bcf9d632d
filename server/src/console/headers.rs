//! The headers of every answer of the console, and the nonce that they share with its HTML.

use app::desk::context::Transport;
use app::desk::room_files;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use leptos::nonce::Nonce;

use super::transport::transport;
use crate::client_address::peer;
use crate::paths::POLICY_REPORTS;
use crate::responses::{CORP, NO_STORE, NOSNIFF, strict_transport};
use crate::state::AppState;

/// Where people sign out.
const SIGN_OUT: &str = "/logout";

/// What a browser forgets of this console then. Not the cookies: one of them says that the browser is known.
const FORGET: HeaderValue = HeaderValue::from_static("\"cache\", \"storage\"");

/// What somebody sent to a room runs nothing, should a browser show it in spite of all.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// How the addresses of pages begin that may hold a one-use link, or the code of a provider.
const LINK_PAGES: [&str; 5] = ["/setup", "/reset/", "/invite/", "/collect/", "/login/oidc/"];

pub(super) async fn headers(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    request.extensions_mut().insert(nonce.clone());
    let peer = peer(request.extensions());
    let client = state.trusted_proxies.client(peer, request.headers());
    let transport = transport(&state, request.uri(), request.headers(), peer, client);
    let referrer = referrer_policy(request.uri().path(), transport);

    let is_file = request.uri().path() == room_files::PATH;
    let signs_out = request.uri().path() == SIGN_OUT && request.method() == Method::POST;

    let mut response = next.run(request).await;
    let signed_out = signs_out && response.status().is_redirection();
    let headers = response.headers_mut();
    if signed_out {
        headers.insert("clear-site-data", FORGET);
    }
    set(headers, &nonce, state.site.is_watched());
    if is_file {
        headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
    // Over plain HTTP, a browser ignores this header and complains on every page.
    if transport != Transport::Plain {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    strict_transport(headers, state.public_url.is_https());
    response
}

fn set(headers: &mut HeaderMap, nonce: &Nonce, watched: bool) {
    // Under `cargo leptos watch`, the page listens for reloads on another port.
    let connect = if watched { "'self' ws:" } else { "'self'" };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self'; font-src 'self'; connect-src {connect}; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'; report-uri {POLICY_REPORTS}"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Every page is behind sign-in, or asks for a secret.
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("x-xss-protection", HeaderValue::from_static("0"));
    headers.insert("cross-origin-embedder-policy", HeaderValue::from_static("require-corp"));
    headers.insert(CORP, HeaderValue::from_static("same-origin"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
}

/// `same-origin`, because forms without JavaScript must send their origin. A page with a one-use link in its address
/// uses `no-referrer`. Over plain HTTP it uses `strict-origin`: there a browser sends no `Sec-Fetch-Site`, and
/// `no-referrer` would make the form's `Origin` null.
fn referrer_policy(path: &str, transport: Transport) -> &'static str {
    match transport {
        _ if !LINK_PAGES.iter().any(|page| path.starts_with(page)) => "same-origin",
        Transport::Https | Transport::Loopback => "no-referrer",
        Transport::Plain => "strict-origin",
    }
}

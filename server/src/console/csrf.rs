//! Refuses requests that another site makes a browser send.

use app::desk::context::Transport;
use app::desk::session_cookie::Cookie;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::visit::cookie;
use crate::state::AppState;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const REFUSED: &str = "This request was refused because it came from another site. If you sent it yourself, open the \
                       console in a new tab and send it from there. Behind a proxy, set KEYSTEAD_PUBLIC_URL and \
                       have the proxy pass on Host and Origin.\n";

/// Refuses unsafe methods that another site may have caused.
pub(super) async fn refuse_other_sites(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let own = state.is_public_url_set.then(|| state.public_url.origin());
    if safe || is_own(request.headers(), own, || carries_session(&state, request.headers())) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, REFUSED).into_response()
}

/// Whether every header in which a browser names the site of a form or script names this console. With a public
/// address, `Origin` is compared with all of it, scheme and port too. Without one, only `Host` is known. A request with
/// neither header is no browser's, and is refused only if it carries a session.
fn is_own(headers: &HeaderMap, own: Option<&str>, carries_session: impl FnOnce() -> bool) -> bool {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    match (site, origin.filter(|origin| !origin.is_empty())) {
        // "none" was typed in by hand, or comes from a bookmark: no site is behind it. "null" comes from a page that tells
        // its address to nobody, and so not its origin either.
        (Some(b"same-origin" | b"none"), None) | (Some(b"same-origin"), Some(b"null")) => true,
        (Some(b"same-origin" | b"none") | None, Some(origin)) => is_origin(origin, own, headers),
        (Some(_), _) => false,
        (None, None) => !carries_session(),
    }
}

fn is_origin(origin: &[u8], own: Option<&str>, headers: &HeaderMap) -> bool {
    if let Some(own) = own {
        return origin == own.as_bytes();
    }
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let named = [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| origin.strip_prefix(scheme));
    host.is_some() && named == host
}

fn carries_session(state: &AppState, headers: &HeaderMap) -> bool {
    [Transport::Https, Transport::Loopback]
        .into_iter()
        .any(|transport| cookie(headers, &Cookie::Session.name(transport, state.public_url.port())).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(own: Option<&str>, pairs: &[(HeaderName, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("keys.example.com"));
        for (name, value) in pairs {
            headers.insert(name, HeaderValue::from_static(value));
        }
        is_own(&headers, own, || true)
    }

    #[test]
    fn with_a_public_address_the_whole_origin_is_compared() {
        let own = Some("https://keys.example.com");
        let origin = |origin| (header::ORIGIN, origin);
        let site = |site| (FETCH_SITE, site);
        for (pairs, expected) in [
            (vec![site("same-origin")], true),
            (vec![site("same-origin"), origin("https://keys.example.com")], true),
            (vec![origin("https://keys.example.com")], true),
            (vec![site("none")], true),
            (vec![origin("http://keys.example.com")], false),
            (vec![origin("https://keys.example.com:8443")], false),
            (vec![origin("https://evil.example"), (header::HOST, "evil.example")], false),
            (vec![site("none"), origin("https://evil.example")], false),
            (vec![site("same-origin"), origin("https://evil.example")], false),
            (vec![site("same-origin"), origin("null")], true),
            (vec![site("none"), origin("null")], false),
            (vec![origin("null")], false),
            (vec![site("cross-site")], false),
            (vec![site("same-site"), origin("https://other.example.com")], false),
            (vec![site("")], false),
            (vec![], false),
        ] {
            assert_eq!(passes(own, &pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn without_a_public_address_the_host_is_compared() {
        for (origin, expected) in [
            ("http://keys.example.com", true),
            ("https://keys.example.com", true),
            ("https://evil.example", false),
            ("keys.example.com", false),
            ("null", false),
        ] {
            assert_eq!(passes(None, &[(header::ORIGIN, origin)]), expected, "{origin}");
        }
    }
}

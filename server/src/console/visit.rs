//! The visitor: the session of the cookie, and the client's address.

use app::desk::context::{Transport, Visit};
use app::desk::session_cookie::Cookie;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use service::sessions::Session;

use super::transport::transport;
use crate::client_address::peer;
use crate::connections::FirstTry;
use crate::paths::{ROWS, STREAMS};
use crate::state::AppState;
use crate::traces;

/// Puts a [`Visit`] into the request.
pub(super) async fn visit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let peer = peer(request.extensions());
    let address = state.trusted_proxies.client(peer, headers);
    let transport = transport(&state, request.uri(), headers, peer, address);
    let port = state.public_url.port();
    let may_sign_in = transport != Transport::Plain || state.allow_http;
    let session = match cookie(headers, &Cookie::Session.name(transport, port)).filter(|_| may_sign_in) {
        None => None,
        Some(cookie) => match session(&state, cookie, request.uri().path()).await {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(%error, "a session could not be looked up");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        },
    };
    if let Some(session) = &session {
        traces::request::by(*session.person.id());
    }
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let user_agent = user_agent.to_owned();
    let device = cookie(headers, &Cookie::Device.name(transport, port)).map(SecretString::from);
    let step = cookie(headers, &Cookie::Step.name(transport, port)).map(SecretString::from);
    let under_way = cookie(headers, &Cookie::UnderWay.name(transport, port)).map(SecretString::from);
    let done = cookie(headers, &Cookie::Done.name(transport, port)).map(str::to_owned);
    let first_try = request.extensions().get::<FirstTry>().is_some();
    let visit = Visit { session, address, user_agent, device, step, under_way, first_try, done, transport };
    request.extensions_mut().insert(visit);
    next.run(request).await
}

async fn session(state: &AppState, cookie: &str, path: &str) -> service::Result<Option<Session>> {
    // Only what somebody does prolongs a session.
    if path == ROWS || STREAMS.contains(&path) {
        state.service.idle_session(cookie).await
    } else {
        state.service.session(cookie).await
    }
}

/// The value of a cookie, or of the first if there are several.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; xkeystead=2; keystead="));
        headers.append(header::COOKIE, HeaderValue::from_static("keystead=3;keystead=4"));
        assert_eq!(cookie(&headers, "keystead"), Some("3"));
        assert_eq!(cookie(&headers, "__Host-keystead"), None);
    }
}

//! The id of a request: in its answer, and in each line of the log that is written meanwhile.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use service::entropy::{Entropy, SystemEntropy};
use tracing::{Instrument, Level};

use crate::client_address::{TrustedProxies, peer};
use crate::traces;

/// Where the id is, in requests of proxies and in answers.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is kept.
const LONGEST: usize = 64;

/// The id that came with a request, if it is one. Only that of a trusted proxy counts.
pub(crate) fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(X_REQUEST_ID).iter();
    let first = values.next().filter(|value| is_id(value.as_bytes()))?;
    values.next().is_none().then_some(first)
}

fn is_id(text: &[u8]) -> bool {
    let may_be = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=LONGEST).contains(&text.len()) && text.iter().all(may_be)
}

fn made() -> HeaderValue {
    let mut bytes = [0; 8];
    // It is only a name and protects nothing, so a poor one will do if there is no randomness.
    let _ = SystemEntropy.fill(&mut bytes);
    HeaderValue::try_from(hex::encode(bytes)).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// Gives a request of the console its id.
pub(crate) async fn of_page(State(proxies): State<Arc<TrustedProxies>>, request: Request, next: Next) -> Response {
    named(&proxies, request, |request| next.run(request)).await
}

/// Gives the call of a program its id, answers it, and writes one line of the log.
pub(crate) async fn of_program<F: Future<Output = Response>>(
    proxies: &TrustedProxies,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    named(proxies, request, |request| logged(request, answer)).await
}

/// Answers a request, within its span.
async fn named<F: Future<Output = Response>>(
    proxies: &TrustedProxies,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let trusted = proxies.sent(peer(request.extensions()));
    let id = if trusted { given(request.headers()).cloned() } else { None };
    let id = id.unwrap_or_else(made);
    // At this level, so that the id is there for whoever wants to see only errors.
    let text = id.to_str().unwrap_or_default();
    let line = tracing::error_span!("request", id = text);
    let trace = traces::request::begin(&line, &request, text, trusted);
    let mut response = answer(request).instrument(trace.clone()).instrument(line).await;
    traces::request::answered(&trace, response.status());
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// One line for each call, by its route, because an address may hold a secret.
#[expect(clippy::disallowed_methods, reason = "only for a line of the log")]
async fn logged<F: Future<Output = Response>>(request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    if !tracing::enabled!(Level::DEBUG) {
        return answer(request).await;
    }
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = answer(request).await;
    let (status, route) = (response.status().as_u16(), route.as_ref().map_or("-", MatchedPath::as_str));
    let ms = started.elapsed().as_millis();
    tracing::debug!(%method, route, status, ms, "answered");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_harmless() {
        let longest = "a".repeat(64);
        for id in ["a", "7Fx-1.b_2", longest.as_str()] {
            assert!(is_id(id.as_bytes()), "{id}");
        }
        let too_long = "a".repeat(65);
        for no_id in ["", " ", "a b", "a\tb", "a{b}", "ä", "a,b", too_long.as_str()] {
            assert!(!is_id(no_id.as_bytes()), "{no_id}");
        }
    }

    #[test]
    fn one_header_is_an_id_and_two_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(given(&headers), None);
        headers.append(X_REQUEST_ID, HeaderValue::from_static("one"));
        assert_eq!(given(&headers).unwrap(), "one");
        headers.append(X_REQUEST_ID, HeaderValue::from_static("two"));
        assert_eq!(given(&headers), None);
    }

    #[test]
    fn a_new_id_is_16_digits() {
        let (one, other) = (made(), made());
        assert!(one.len() == 16 && one.as_bytes().iter().all(u8::is_ascii_hexdigit), "{one:?}");
        assert_ne!(one, other);
        assert!(is_id(one.as_bytes()));
    }
}

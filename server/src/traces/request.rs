//! The span of a request. It says the route and never the address, which may hold a one-use link, and who by their id.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use domain::ids::PersonId;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TARGET;

/// The methods that a span names. Strangers can send any word for one, as long as a head may be.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
const OTHER: &str = "_OTHER";

/// The longest header that is taken over: what every system has to pass on of `tracestate`.
const LONGEST: usize = 512;

/// Begins the span of a request, whose lines in the log belong to `line`. A proxy that is `trusted` may say which trace it
/// is a part of; anybody else could have everything recorded.
pub(crate) fn begin(line: &Span, request: &Request, id: &str, trusted: bool) -> Span {
    let (method, headers) = (named(request.method()), request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::error_span!(
        target: TARGET,
        parent: line,
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        keystead.request_id = id,
    );
    if trusted && !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&Headers(headers));
        if parent.span().span_context().is_valid() {
            // Nothing has begun it yet.
            let _ = span.set_parent(parent);
        }
    }
    span
}

fn named(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// Notes the answer.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// Notes whose request this is.
pub(crate) fn by(person: PersonId) {
    let span = Span::current();
    if span.metadata().is_some_and(|metadata| metadata.target() == TARGET) {
        span.set_attribute("enduser.id", person.to_string());
    }
}

/// The headers of a request, of which each has to be there once and be short: it stays in memory until it is sent.
struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        let first = values.next().filter(|value| value.len() <= LONGEST)?;
        if values.next().is_none() { first.to_str().ok() } else { None }
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn nothing_that_strangers_send_makes_a_span_large() {
        let long = "A".repeat(LONGEST + 1);
        assert_eq!(named(&Method::from_bytes(long.as_bytes()).unwrap()), OTHER);
        assert_eq!(named(&Method::from_bytes(b"get").unwrap()), OTHER);
        assert_eq!(named(&Method::PATCH), "PATCH");
        let mut headers = HeaderMap::new();
        headers.insert("tracestate", HeaderValue::from_str(&long).unwrap());
        headers.insert("traceparent", HeaderValue::from_static("once"));
        assert_eq!((Headers(&headers).get("tracestate"), Headers(&headers).get("traceparent")), (None, Some("once")));
        headers.append("traceparent", HeaderValue::from_static("twice"));
        assert_eq!(Headers(&headers).get("traceparent"), None);
    }
}

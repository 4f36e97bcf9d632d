//! Answers that pages of other origins may read. Any page may: what it presents decides, and no cookie is ever part of that.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::openmethods;
use crate::responses::{no_page, strict_transport};

const ANY: HeaderValue = HeaderValue::from_static("*");

/// What the paths of events take, and what those of the other family take together.
const OPENAPI: &str = "/openapi";
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const METHODS_OF_EVENTS: HeaderValue = HeaderValue::from_static(openmethods::METHODS);

/// What a page may read beside the few headers that it always may.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-auth-token, retry-after, www-authenticate");

/// How long a browser need not ask again, in seconds. None keeps it for longer than two hours.
const KEPT: HeaderValue = HeaderValue::from_static("7200");

/// The longest list of headers that a page may ask for. A star would not stand for `Authorization`, so it is repeated.
const LONGEST: usize = 1_000;

/// Answers the question of a browser whether a page may call, and marks every other answer as one that it may read. `https`
/// says whether people reach Keystead over HTTPS.
pub(crate) async fn open(State(https): State<bool>, request: Request, next: Next) -> Response {
    let asked = request.headers();
    if request.method() == Method::OPTIONS
        && asked.contains_key(ORIGIN)
        && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    {
        let path = request.uri().path();
        let methods = if path.starts_with(OPENAPI) { METHODS } else { METHODS_OF_EVENTS };
        let mut response = may_call(asked, methods, https);
        // The router would add HEAD, which these paths refuse.
        if openmethods::ROUTES.has_route(path) {
            response.headers_mut().insert(ALLOW, METHODS_OF_EVENTS);
        }
        return response;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

fn may_call(asked: &HeaderMap, methods: HeaderValue, https: bool) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|wanted| wanted.len() <= LONGEST) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
    no_page(headers);
    strict_transport(headers, https);
    response
}

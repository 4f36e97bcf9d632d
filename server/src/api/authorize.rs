//! `/v1/authorize`: a proxy asks whether a request may pass, and copies the headers that identify the key. It accepts
//! any method, and any path below it, because some proxies ask with the method and path of the original request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use domain::usage::Edge;
use domain::verdict::Code;
use service::verify::VerifyRequest;

use super::authorize_answer::{allowed, not_decided, refused};
use super::authorize_options::{BadOption, Options, PATH, PREFIX};
use super::call::{Api, origin};
use super::credential;
use crate::client_address::peer;
use crate::json::problem::Problem;

/// The headers in which proxies name the original request. The first one present counts.
static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];
static PATHS: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-uri"),
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-original-url"),
];

/// The exact path. Only the proxy's configuration writes it, so its query can be trusted.
pub(super) async fn exact(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let trusted = api.proxies.sent(peer(&parts.extensions));
    let options = Options::of_exact(parts.uri.query(), &parts.headers);
    decide(&api, &parts, trusted, options).await.unwrap_or_else(not_decided)
}

/// Below the exact path, path and query come from the client, so options come in headers, and only from a trusted
/// proxy.
pub(super) async fn below(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let trusted = api.proxies.sent(peer(&parts.extensions));
    let options = Options::of_below(parts.uri.path(), parts.uri.query(), &parts.headers, trusted);
    decide(&api, &parts, trusted, options).await.unwrap_or_else(not_decided)
}

async fn decide(
    api: &Api,
    parts: &Parts,
    trusted: bool,
    options: Result<Options, BadOption>,
) -> Result<Response, Problem> {
    let headers = &parts.headers;
    let peer = peer(&parts.extensions);
    let options = options.map_err(|bad| {
        api.warnings.bad_option(peer, bad.name);
        Problem::malformed(bad.detail)
    })?;
    let credential = credential::presented(headers, options.from)?;
    let address = api.proxies.asked_about(peer, headers);
    let forwarded = |names| if trusted { first(headers, names) } else { None };
    let request = VerifyRequest {
        edge: Edge::Authorize,
        address,
        origin: origin(headers),
        method: forwarded(&METHODS[..]).or(Some(parts.method.as_str())),
        path: forwarded(&PATHS[..]).and_then(path).or_else(|| rest(parts)),
        permissions: options.permissions.as_ref(),
        kind: options.kind,
        limit_cost: options.cost,
        quota_cost: options.cost,
        ..VerifyRequest::default()
    };
    let verdict = api.verifier.verify(credential, request).await?;
    match &verdict.key {
        Some(key) if verdict.code == Code::Valid => Ok(allowed(&key.record)),
        _ => {
            if verdict.code == Code::IpNotAllowed && address.is_none() {
                api.warnings.unknown_client(peer, trusted);
            }
            Ok(refused(&verdict, address, options.nginx, api.service.now()))
        }
    }
}

fn first<'a>(headers: &'a HeaderMap, names: &[HeaderName]) -> Option<&'a str> {
    names.iter().find_map(|name| headers.get(name))?.to_str().ok()
}

/// The path of `/path?query` or `https://host/path?query`. A query string may hold a secret, so it is not kept.
fn path(uri: &str) -> Option<&str> {
    let uri = uri.split(['?', '#']).next()?;
    match uri.split_once("://") {
        _ if uri.starts_with('/') => Some(uri),
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)),
        None => None,
    }
}

/// The path that a proxy appended to `/v1/authorize`.
fn rest(parts: &Parts) -> Option<&str> {
    let rest = parts.uri.path().strip_prefix(PATH)?;
    let rest = rest.strip_prefix(PREFIX).filter(|rest| rest.starts_with('/')).unwrap_or(rest);
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_kept_and_nothing_after_it() {
        for (uri, expected) in [
            ("/", Some("/")),
            ("/invoices/7?token=secret", Some("/invoices/7")),
            ("/invoices#top", Some("/invoices")),
            ("/to?next=https://a.example/b", Some("/to")),
            ("/to/https://a.example/b", Some("/to/https://a.example/b")),
            ("https://api.example.com/invoices?x=/y", Some("/invoices")),
            ("https://user:password@api.example.com/invoices", Some("/invoices")),
            ("https://api.example.com", None),
            ("https://api.example.com?x=/y", None),
            ("invoices", None),
            ("?token=secret", None),
            ("", None),
        ] {
            assert_eq!(path(uri), expected, "{uri}");
        }
    }
}

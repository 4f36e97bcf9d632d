//! `/openapi.json` describes the API for programs, and `/docs` shows that to people. Both are public: they hold no data of
//! this installation.

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use leptos::nonce::Nonce;

use crate::api::document::document;
use crate::api::routes::Group;
use crate::responses::NOSNIFF;
use crate::site::Site;

/// Swagger UI needs pictures inside its style, and asks this server alone.
fn policy(nonce: &Nonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    // Without a policy, nothing is allowed.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Another version may answer otherwise.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");

pub(crate) fn router(site: &Site, groups: &[&Group]) -> Router {
    let document = Bytes::from(document(groups).to_string());
    let files: Arc<str> = site.leptos_options().site_pkg_url.as_deref().unwrap_or("pkg").into();
    Router::new()
        .route("/openapi.json", get(move || ready(described(document.clone()))))
        .route("/docs", get(move || ready(shown(&files))))
}

fn described(document: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, FRESH),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
    ];
    (headers, document).into_response()
}

fn shown(files: &str) -> Response {
    let nonce = Nonce::new();
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy(&nonce)),
        (header::CACHE_CONTROL, FRESH),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, Html(page(files, &nonce))).into_response()
}

fn page(files: &str, nonce: &Nonce) -> String {
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Keystead</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/{files}/docs/docs.css">
<script nonce="{nonce}" src="/{files}/docs/swagger-ui-bundle.js" defer></script>
<script nonce="{nonce}" src="/{files}/docs/docs.js" defer></script>
</head>
<body>
<nav class="bar"><strong>Keystead API</strong> <a href="/">Console</a> <a href="/openapi.json">openapi.json</a></nav>
<div id="docs"><main class="plain">This page needs JavaScript. The same is in openapi.json.</main></div>
</body>
</html>
"#
    )
}

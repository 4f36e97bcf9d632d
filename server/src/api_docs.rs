//! `/openapi.json` describes the API for programs, and `/docs` shows that to people. `/openapi/openapi.json` and
//! `/docs/openapi` are the same for calls in the form of VChatCloud. All are public: they hold no data of this installation.

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use leptos::nonce::Nonce;
use serde_json::Value;

use crate::api::V1;
use crate::api::document::document;
use crate::api::routes::Group;
use crate::json::problem::Problem;
use crate::responses::NOSNIFF;
use crate::router::refused;
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

/// A document and the page that shows it.
#[derive(Clone, Copy)]
struct Shown {
    document: &'static str,
    page: &'static str,
    title: &'static str,
}

const OURS: Shown = Shown { document: "/openapi.json", page: "/docs", title: "Keystead API" };
const VCHATCLOUD: Shown =
    Shown { document: "/openapi/openapi.json", page: "/docs/openapi", title: "Keystead: VChatCloud API" };

pub(crate) fn router(site: &Site, groups: &[&Group], vchatcloud: Value) -> Router {
    let files: Arc<str> = site.leptos_options().site_pkg_url.as_deref().unwrap_or("pkg").into();
    let documents = [(OURS, document(groups)), (VCHATCLOUD, vchatcloud)];
    documents.into_iter().fold(Router::new(), |router, (this, document)| {
        let (document, files) = (Bytes::from(document.to_string()), Arc::clone(&files));
        router
            .route(this.document, of(this.document, get(move || ready(described(document.clone())))))
            .route(this.page, of(this.page, get(move || ready(shown(this, &files)))))
    })
}

/// The same, with an answer to other methods in the form of the API that the path is of.
fn of(path: &'static str, handler: MethodRouter) -> MethodRouter {
    let wrong = || Problem::method_not_allowed("GET, HEAD");
    handler.fallback(move || ready(refused(path, wrong()).unwrap_or_else(|| V1.answer(wrong()))))
}

fn described(document: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, FRESH),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
    ];
    (headers, document).into_response()
}

fn shown(this: Shown, files: &str) -> Response {
    let nonce = Nonce::new();
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy(&nonce)),
        (header::CACHE_CONTROL, FRESH),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, Html(page(this, files, &nonce))).into_response()
}

fn page(this: Shown, files: &str, nonce: &Nonce) -> String {
    let Shown { document, title, .. } = this;
    let other = if this.page == OURS.page { VCHATCLOUD } else { OURS };
    let (other, other_title) = (other.page, other.title);
    let name = document.rsplit('/').next().unwrap_or_default();
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
<nav class="bar"><strong>{title}</strong> <a href="/">Console</a> <a href="{document}">{name}</a> <a href="{other}">{other_title}</a></nav>
<div id="docs" data-document="{document}"><main class="plain">This page needs JavaScript. The same is in {name}.</main></div>
</body>
</html>
"#
    )
}

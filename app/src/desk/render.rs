//! A page, rendered as the answer to a request.

use std::pin::Pin;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Uri, header};
use axum::response::Response;
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos_axum::render_app_async_with_context;

use super::context::Console;
use crate::shell::shell;

/// Renders the page at the request's address. `extra` adds to its context.
pub fn render(
    console: &Console,
    extra: impl Fn() + Clone + Send + Sync + 'static,
) -> impl Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>> {
    let options = console.options.clone();
    let console = console.clone();
    let render = render_app_async_with_context(
        move || {
            provide(&console);
            extra();
        },
        move || shell(options.clone()),
    );
    move |request| render(without_host(request))
}

/// Otherwise Leptos would build the page's address from the host and scheme that a visitor sent, and render the page
/// for that.
fn without_host(mut request: Request<Body>) -> Request<Body> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove("x-forwarded-proto");
    request
}

/// The context of every page and server function.
pub fn provide(console: &Console) {
    provide_context(console.clone());
    // The middleware creates the nonce, so that the header's policy and the scripts agree.
    if let Some(nonce) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Nonce>().cloned()) {
        provide_context(nonce);
    }
}

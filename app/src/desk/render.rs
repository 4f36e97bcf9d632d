//! A page, rendered as the answer to a request.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::context::Console;
use crate::shell::shell;

/// The turns of all pages that are rendered. Each takes memory, so only a few are rendered at once, and the rest wait.
static TURNS: Semaphore = Semaphore::const_new(8);

/// How long a page waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Renders the page at the request's address. `extra` adds to its context.
pub fn render(
    console: &Console,
    extra: impl Fn() + Clone + Send + Sync + 'static,
) -> impl Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>> {
    let options = console.options.clone();
    let console = console.clone();
    let render = Arc::new(render_app_async_with_context(
        move || {
            provide(&console);
            extra();
        },
        move || shell(options.clone()),
    ));
    move |request| {
        let render = Arc::clone(&render);
        Box::pin(async move {
            let turn = timeout(PATIENCE, TURNS.acquire()).await;
            if turn.is_err() {
                return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response();
            }
            // Not before: what waits takes little.
            render(without_host(request)).await
        })
    }
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

/// Answers the page that is being rendered with a redirect to another address of this console.
pub fn go_to(address: &str) {
    if let (Some(response), Ok(location)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(address)) {
        response.set_status(StatusCode::SEE_OTHER);
        response.insert_header(header::LOCATION, location);
    }
}

/// The context of every page and server function.
pub fn provide(console: &Console) {
    provide_context(console.clone());
    // The middleware creates the nonce, so that the header's policy and the scripts agree.
    if let Some(nonce) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Nonce>().cloned()) {
        provide_context(nonce);
    }
}

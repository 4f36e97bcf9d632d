//! The console as an axum router: pages, their forms, and the server functions of the islands.
//!
//! The server wraps it in its middleware, which puts a [`Visit`](super::context::Visit) and the
//! nonce of the content security policy into each request's extensions.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, generate_route_list, handle_server_fns_with_context, render_app_async_with_context,
};

use super::context::Console;
use super::form_routes;
use crate::{App, shell};

/// Where the server functions are mounted.
pub const SERVER_FUNCTIONS: &str = "/api/{*function}";

/// The addresses of the pages, as axum writes them.
pub fn page_paths() -> Vec<String> {
    let mut paths: Vec<String> = listing().iter().map(|route| route.path().to_owned()).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The addresses that take a form.
pub fn form_paths() -> Vec<&'static str> {
    form_routes::PATHS.to_vec()
}

/// Pages, forms and server functions; anything else is the "not found" page.
pub fn router(console: &Console) -> Router {
    let page = {
        let console = console.clone();
        move |request: Request| {
            let console = console.clone();
            async move { render(&console, || ())(request).await }
        }
    };
    let functions = {
        let console = console.clone();
        move |request: Request<Body>| async move {
            handle_server_fns_with_context(move || provide(&console), request).await.into_response()
        }
    };
    Router::<LeptosOptions>::new()
        .leptos_routes_with_handler(listing(), page.clone())
        .with_state(console.options.clone())
        .route(SERVER_FUNCTIONS, post(functions))
        .merge(form_routes::routes(console))
        .fallback(page)
}

/// Renders the page at the request's address. `extra` adds to its context.
pub(super) fn render(
    console: &Console,
    extra: impl Fn() + Clone + Send + Sync + 'static,
) -> impl Fn(Request<Body>) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send>> {
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

/// Leptos would put the page's address together of what a visitor sent as host and scheme, and render the page of that.
fn without_host(mut request: Request<Body>) -> Request<Body> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove("x-forwarded-proto");
    request
}

fn provide(console: &Console) {
    provide_context(console.clone());
    // Minted by the middleware, so that the policy in the header and the scripts agree.
    if let Some(nonce) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Nonce>().cloned()) {
        provide_context(nonce);
    }
}

fn listing() -> Vec<AxumRouteListing> {
    generate_route_list(App)
}

//! The console as an axum router: pages, their forms, and the server functions of the islands.
//!
//! The server wraps it in its middleware, which puts a [`Visit`](super::context::Visit) and the
//! nonce of the content security policy into each request's extensions.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use leptos::prelude::*;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list, handle_server_fns_with_context};

use super::context::Console;
use super::render::{provide, render};
use super::{exports, form_routes, provider_routes, room_files};
use crate::routes::App;

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
    form_routes::paths().collect()
}

/// The addresses of the files.
pub fn file_paths() -> Vec<&'static str> {
    exports::paths().chain(room_files::paths()).collect()
}

/// The addresses that lead to a provider and back.
pub fn provider_paths() -> Vec<&'static str> {
    provider_routes::paths().collect()
}

/// Pages, forms, files and server functions; anything else is the "not found" page.
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
        move |mut request: Request<Body>| async move {
            // Only scripts call them. Leptos would answer a form by sending its browser to any `Referer`.
            request.headers_mut().remove(header::ACCEPT);
            handle_server_fns_with_context(move || provide(&console), request).await.into_response()
        }
    };
    Router::<LeptosOptions>::new()
        .leptos_routes_with_handler(listing(), page.clone())
        .with_state(console.options.clone())
        .route(SERVER_FUNCTIONS, post(functions))
        .merge(form_routes::routes(console))
        .merge(exports::routes(console))
        .merge(room_files::routes(console))
        .merge(provider_routes::routes(console))
        .fallback(page)
}

fn listing() -> Vec<AxumRouteListing> {
    generate_route_list(App)
}

//! Everything that answers HTTP, as one router.

use std::iter;
use std::sync::Arc;

use app::desk::context::Endpoint;
use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use domain::permission::AdminPermission;
use service::Service;

use crate::api::Param;
use crate::api::call::Api;
use crate::api::routes::{Group, Route, Shortcut};
use crate::json::problem::Problem;
use crate::responses::{SANDBOX, strict_transport};
use crate::state::AppState;
use crate::{api, api_docs, console, firewall, health, live, policy_report, wire};

/// The router of the whole product. The API for programs is beside the console's middleware, not inside it: it has no
/// cookies and no compression, and does nothing per call that it does not need.
pub fn router(state: &AppState) -> Router {
    routed(state, &Api::of(state))
}

pub(crate) fn routed(state: &AppState, api: &Arc<Api>) -> Router {
    let apis = firewall::apis(program_calls().chain(health::CALLS));
    let pages = app::desk::mount::router(&state.pages(state.site.leptos_options(), endpoints().collect(), apis));
    let plain = health::router(state).merge(policy_report::router()).merge(state.site.router());
    let plain = plain.merge(api_docs::router(&state.site, &[&api::V1], wire::vchatcloud::document::document()));
    let https = state.public_url.is_https();
    let plain = plain.layer(map_response(move |mut response: Response| async move {
        strict_transport(response.headers_mut(), https);
        response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(SANDBOX);
        response
    }));
    let for_pages = wire::FOR_PAGES.iter().fold(Router::new(), |routes, group| routes.merge(group.router(api)));
    let for_pages = for_pages.layer(from_fn_with_state(https, wire::cors::open));
    let for_servers = iter::once(&api::V1).chain(wire::FAMILIES);
    let programs = for_servers.fold(plain, |routes, group| routes.merge(group.router(api))).merge(for_pages);
    programs.merge(console::around(pages.merge(live::router(state)), state))
}

/// The API alone, for a command that calls it in its own process.
pub(crate) fn api_router(service: &Service, public_url: String) -> Router {
    api::V1.router(&Api::at_shell(service, public_url))
}

/// The parameters of a list of the management API.
pub(crate) fn list_parameters(path: &str) -> &'static [Param] {
    let list = api::V1.routes().find(|route| route.call() == ("GET", path));
    list.and_then(Route::operation).map_or(&[], |operation| operation.query)
}

/// A problem of a request that no router can be given, in the form of the API that it was for; `None` if it was for none.
pub(crate) fn refused(path: &str, problem: Problem) -> Option<Response> {
    let at_route = groups().find(|group| group.has_route(path));
    let group = at_route.or_else(|| groups().find(|group| group.is_elsewhere(path)))?;
    Some(group.answer(problem))
}

/// The addresses that programs call, for the console.
fn endpoints() -> impl Iterator<Item = Endpoint> {
    routes().filter_map(Route::endpoint).chain(iter::once(health::ENDPOINT))
}

/// A call to each route of the APIs for programs with each method that it takes: the method and the path.
pub fn program_calls() -> impl Iterator<Item = (&'static str, &'static str)> {
    routes().flat_map(Route::calls)
}

/// The calls that the document describes: method, path, and the permission that they need.
pub fn api_operations() -> impl Iterator<Item = (&'static str, &'static str, Option<AdminPermission>)> {
    routes().filter_map(|route| {
        let (method, path) = route.call();
        route.operation().map(|operation| (method, path, operation.permission))
    })
}

fn routes() -> impl Iterator<Item = &'static Route> {
    groups().flat_map(Group::routes)
}

/// The calls that go straight to their handlers.
pub(crate) fn shortcuts() -> impl Iterator<Item = Shortcut> {
    groups().flat_map(Group::shortcuts)
}

fn groups() -> impl Iterator<Item = &'static Group> {
    iter::once(&api::V1).chain(wire::FAMILIES).chain(wire::FOR_PAGES)
}

//! The routes of an API as one list, which its router, its answers 404 and 405, the console's set-up page and the tests
//! read.

use std::mem;
use std::sync::Arc;

use app::desk::context::Endpoint;
use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use tower::util::MapResponseLayer;

use super::call::Api;
use crate::json::problem::Problem;
use crate::responses::{no_page, strict_transport};

/// One route.
pub(crate) struct Route {
    /// As `Allow` names them; without, any.
    methods: Option<&'static str>,
    path: &'static str,
    handler: fn() -> MethodRouter<Arc<Api>>,
    /// What a person calls it; without, it is another spelling of one that has a name.
    purpose: Option<&'static str>,
    /// A proxy hands its answers on from a customer's own host, on which Keystead may not impose HTTPS for two years:
    /// it sets its headers itself.
    for_proxies: bool,
}

impl Route {
    /// A route that takes these methods.
    pub const fn of(methods: &'static str, path: &'static str, handler: fn() -> MethodRouter<Arc<Api>>) -> Self {
        Self { methods: Some(methods), path, handler, purpose: None, for_proxies: false }
    }

    /// A route that proxies ask, by whatever method.
    pub const fn for_proxies(path: &'static str, handler: fn() -> MethodRouter<Arc<Api>>) -> Self {
        Self { methods: None, path, handler, purpose: None, for_proxies: true }
    }

    pub const fn called(self, purpose: &'static str) -> Self {
        Self { purpose: Some(purpose), ..self }
    }

    /// A method that it takes, and its path.
    pub fn call(&self) -> (&'static str, &'static str) {
        (self.method().unwrap_or("GET"), self.path)
    }

    /// As the console lists it, if it has a name.
    pub fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint { purpose: self.purpose?, method: self.method(), path: self.path })
    }

    fn method(&self) -> Option<&'static str> {
        self.methods?.split(',').next()
    }

    fn handler(&self) -> MethodRouter<Arc<Api>> {
        let handler = (self.handler)();
        match self.methods {
            Some(methods) => handler.fallback(async move || Problem::method_not_allowed(methods)),
            None => handler,
        }
    }
}

/// The routes that have the form of their errors in common.
pub(crate) struct Group {
    pub routes: &'static [Route],
    /// The paths of which it says that nothing is there.
    pub elsewhere: &'static [&'static str],
    /// How that sentence begins; the routes end it.
    pub there: &'static str,
    /// What an error looks like, where it is not a problem document.
    pub error: Option<fn(&Problem) -> Response>,
}

impl Group {
    pub fn router(&self, api: &Arc<Api>) -> Router {
        let (mut router, mut for_proxies) = (Router::new(), Router::new());
        for route in self.routes {
            let side = if route.for_proxies { &mut for_proxies } else { &mut router };
            *side = mem::take(side).route(route.path, route.handler());
        }
        let there: Arc<str> = self.there().into();
        let unknown = any(async move || Problem::no_such_path(there.to_string()));
        for path in self.elsewhere {
            router = router.route(path, unknown.clone());
        }
        let (error, https) = (self.error, api.https);
        let finish = MapResponseLayer::new(move |response| finish(response, error, https));
        router.layer(finish).merge(for_proxies).with_state(Arc::clone(api))
    }

    /// `The paths under /v1 are POST /v1/keys/verify and GET /v1/keys/self.`
    fn there(&self) -> String {
        let endpoints = self.routes.iter().filter_map(Route::endpoint);
        let mut names: Vec<String> = endpoints.map(|endpoint| endpoint.call("")).collect();
        let last = names.pop().unwrap_or_default();
        let before = if names.is_empty() { String::new() } else { format!("{} and ", names.join(", ")) };
        format!("{} {before}{last}.", self.there)
    }
}

/// The headers of every answer, and a problem in the group's own form.
fn finish(mut response: Response, error: Option<fn(&Problem) -> Response>, https: bool) -> Response {
    if let Some(error) = error
        && let Some(problem) = response.extensions_mut().remove::<Problem>()
    {
        response = error(&problem);
    }
    let headers = response.headers_mut();
    no_page(headers);
    strict_transport(headers, https);
    response
}

//! The routes of an API as one list. Its router, its 404 and 405 answers, the console's set-up page and the tests all
//! read it.

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
    /// In the form of `Allow`; `None` for any.
    methods: Option<&'static str>,
    path: &'static str,
    handler: fn() -> MethodRouter<Arc<Api>>,
    /// Its name for people; without one, it is another spelling of a named route.
    purpose: Option<&'static str>,
    /// A proxy passes its answers on from a customer's own host. Keystead must not impose HTTPS there for two years, so
    /// the route sets its own headers.
    for_proxies: bool,
}

impl Route {
    /// A route that takes these methods.
    pub const fn of(methods: &'static str, path: &'static str, handler: fn() -> MethodRouter<Arc<Api>>) -> Self {
        Self { methods: Some(methods), path, handler, purpose: None, for_proxies: false }
    }

    /// A route for proxies, with any method.
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

    /// Its entry in the console, if it has a name.
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

/// Routes whose errors have the same form.
pub(crate) struct Group {
    pub routes: &'static [Route],
    /// The paths that answer that nothing is there.
    pub elsewhere: &'static [&'static str],
    /// The beginning of that sentence; the routes complete it.
    pub there: &'static str,
    /// The form of an error, if it is not a problem document.
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

/// The headers of every answer, and a problem in the group's form.
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

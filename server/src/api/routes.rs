//! The routes of an API as one list. Its router, its 404 and 405 answers, the console's set-up page and the tests all
//! read it.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use app::desk::context::Endpoint;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use tower::util::MapResponseLayer;

use super::call::Api;
use super::manage::call::managed;
use super::operation::Operation;
use crate::json::problem::Problem;
use crate::responses::{no_page, strict_transport};

/// What makes the handler of a route.
pub(crate) type Handler = fn() -> MethodRouter<Arc<Api>>;

/// One route: a path with one method, or with any.
pub(crate) struct Route {
    /// In the form of `Allow`; `None` for any.
    methods: Option<&'static str>,
    path: &'static str,
    handler: Handler,
    /// What the document of the API says of it.
    operation: Option<&'static Operation>,
    /// Its name for people; without one, it is another spelling of a named route.
    purpose: Option<&'static str>,
    /// Whether its handler authenticates the caller.
    asks_itself: bool,
    /// A proxy passes its answers on from a customer's own host. Keystead must not impose HTTPS there for two years, so
    /// the route sets its own headers.
    for_proxies: bool,
}

impl Route {
    /// A route that takes these methods.
    pub const fn of(methods: &'static str, path: &'static str, handler: Handler) -> Self {
        Self {
            methods: Some(methods),
            path,
            handler,
            operation: None,
            purpose: None,
            asks_itself: false,
            for_proxies: false,
        }
    }

    /// A route for proxies, with any method.
    pub const fn for_proxies(path: &'static str, handler: Handler) -> Self {
        Self { methods: None, path, handler, operation: None, purpose: None, asks_itself: true, for_proxies: true }
    }

    pub const fn called(self, purpose: &'static str) -> Self {
        Self { purpose: Some(purpose), ..self }
    }

    /// The same; its handler authenticates the caller.
    pub const fn verifies(self, operation: &'static Operation) -> Self {
        Self { operation: Some(operation), asks_itself: true, ..self }
    }

    pub const fn does(self, operation: &'static Operation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    /// What the document says of it; `None` if it is not in there.
    pub fn operation(&self) -> Option<&'static Operation> {
        self.operation
    }

    /// A method that it takes, and its path.
    pub fn call(&self) -> (&'static str, &'static str) {
        (self.method().unwrap_or("GET"), self.path)
    }

    /// Every method that it takes, with its path. HEAD is a GET without the body.
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let path = self.path;
        let methods = self.methods.unwrap_or("GET").split(", ").filter(|method| *method != "HEAD");
        methods.map(move |method| (method, path))
    }

    /// Its entry in the console, if it has a name.
    pub fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint { purpose: self.purpose?, method: self.method(), path: self.path })
    }

    fn method(&self) -> Option<&'static str> {
        self.methods?.split(',').next()
    }

    /// Its handler. A route of the management API authenticates its caller first.
    fn handler(&self, api: &Arc<Api>) -> MethodRouter<Arc<Api>> {
        let handler = (self.handler)();
        let Some(permission) = self.operation.filter(|_| !self.asks_itself).and_then(|does| does.permission) else {
            return handler;
        };
        let api = Arc::clone(api);
        handler.layer(from_fn(move |request: Request, next: Next| managed(Arc::clone(&api), permission, request, next)))
    }
}

/// Routes whose errors have the same form.
pub(crate) struct Group {
    pub routes: &'static [&'static [Route]],
    /// The paths that answer that nothing is there.
    pub elsewhere: &'static [&'static str],
    /// What that answer says; the routes complete it if it has no full stop.
    pub there: &'static str,
    /// The form of an error, if it is not a problem document.
    pub error: Option<fn(&Problem) -> Response>,
}

impl Group {
    pub fn router(&self, api: &Arc<Api>) -> Router {
        let (mut router, mut for_proxies) = (Router::new(), Router::new());
        for (path, routes) in self.by_path() {
            let handlers = routes.iter().map(|route| route.handler(api));
            let mut handler = handlers.reduce(MethodRouter::merge).unwrap_or_default();
            let methods: Vec<_> = routes.iter().filter_map(|route| route.methods).collect();
            if !methods.is_empty() {
                let methods: Arc<str> = methods.join(", ").into();
                handler = handler.fallback(async move || Problem::method_not_allowed(&methods));
            }
            let side = if routes.iter().any(|route| route.for_proxies) { &mut for_proxies } else { &mut router };
            *side = mem::take(side).route(path, handler);
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

    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = &'static Route> + use<> {
        self.routes.iter().copied().flatten()
    }

    fn by_path(&self) -> BTreeMap<&'static str, Vec<&'static Route>> {
        let mut paths: BTreeMap<_, Vec<_>> = BTreeMap::new();
        self.routes().for_each(|route| paths.entry(route.path).or_default().push(route));
        paths
    }

    /// `The paths under /v1 are POST /v1/keys/verify and GET /v1/keys/self.`
    fn there(&self) -> String {
        if self.there.ends_with('.') {
            return self.there.to_owned();
        }
        let endpoints = self.routes().filter_map(Route::endpoint);
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

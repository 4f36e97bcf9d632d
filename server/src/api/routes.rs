//! The routes of an API as one list. Its router, its 404 and 405 answers, the console's set-up page and the tests all
//! read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::desk::context::Endpoint;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use domain::permission::AdminPermission;
use futures::future::BoxFuture;

use super::call::Api;
use super::manage::call::managed;
use super::operation::Operation;
use crate::json::problem::Problem;
use crate::request_id;
use crate::responses::{no_page, strict_transport};

/// What makes the handler of a route.
pub(crate) type Handler = fn() -> MethodRouter<Arc<Api>>;

/// The same handler, called without a router.
pub(crate) type Direct = fn(Request, Arc<Api>) -> BoxFuture<'static, Response>;

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
    /// How a call with its first method reaches its handler without the router; `None` for most.
    direct: Option<Direct>,
    /// A proxy passes its answers on from a customer's own host. Keystead must not impose HTTPS there for two years, so
    /// the route sets its own headers.
    for_proxies: bool,
    /// Whether it is called so often that a call must cost nothing more: it gets no id, and no line of the log.
    often: bool,
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
            direct: None,
            for_proxies: false,
            often: false,
        }
    }

    /// A route for proxies, with any method.
    pub const fn for_proxies(path: &'static str, handler: Handler) -> Self {
        Self { methods: None, asks_itself: true, for_proxies: true, often: true, ..Self::of("", path, handler) }
    }

    pub const fn called(self, purpose: &'static str) -> Self {
        Self { purpose: Some(purpose), ..self }
    }

    /// The same; its handler authenticates the caller.
    pub const fn verifies(self, operation: &'static Operation) -> Self {
        Self { operation: Some(operation), asks_itself: true, ..self }
    }

    /// The same, called as often as keys are used. A call with its first method and exactly its path goes straight to its
    /// handler, which authenticates the caller.
    pub const fn often(self, direct: Direct) -> Self {
        Self { often: true, asks_itself: true, direct: Some(direct), ..self }
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
        Some(Endpoint { purpose: self.purpose?, methods: self.methods, path: self.path })
    }

    fn method(&self) -> Option<&'static str> {
        self.methods?.split(',').next()
    }

    /// What its caller needs, if its handler does not ask for it.
    fn permission(&self) -> Option<AdminPermission> {
        self.operation.filter(|_| !self.asks_itself).and_then(|does| does.permission)
    }
}

/// What is done before and after a handler, in one layer: each layer costs every call.
struct Around {
    api: Arc<Api>,
    /// For a route of the management API.
    permission: Option<AdminPermission>,
    error: ErrorForm,
    /// Whether calls get an id, and a line of the log.
    is_named: bool,
}

impl Around {
    async fn answer(&self, request: Request, next: Next) -> Response {
        let response = match self.permission {
            Some(permission) => managed(Arc::clone(&self.api), permission, request, next).await,
            None => next.run(request).await,
        };
        finish(response, self.error, self.api.https)
    }
}

async fn around(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    if around.is_named {
        return request_id::of_program(&around.api.proxies, request, |request| around.answer(request, next)).await;
    }
    around.answer(request, next).await
}

/// Routes whose errors have the same form.
pub(crate) struct Group {
    pub routes: &'static [&'static [Route]],
    /// The paths that answer that nothing is there.
    pub elsewhere: &'static [&'static str],
    /// What that answer says; the routes complete it if it has no full stop.
    pub there: &'static str,
    pub error: ErrorForm,
}

impl Group {
    pub fn router(&self, api: &Arc<Api>) -> Router {
        let layer = |permission, is_named| {
            let done = Around { api: Arc::clone(api), permission, error: self.error, is_named };
            from_fn_with_state(Arc::new(done), around)
        };
        let mut router = Router::new();
        for (path, routes) in self.by_path() {
            let is_named = !routes.iter().any(|route| route.often);
            let handlers = routes.iter().map(|route| match (route.handler)() {
                handler if route.for_proxies => handler,
                handler => handler.layer(layer(route.permission(), is_named)),
            });
            let mut handler = handlers.reduce(MethodRouter::merge).unwrap_or_default();
            let methods: Vec<_> = routes.iter().filter_map(|route| route.methods).collect();
            if !methods.is_empty() {
                let methods: Arc<str> = methods.join(", ").into();
                let refuse = async move || Problem::method_not_allowed(&methods);
                handler = handler.fallback(refuse.layer(layer(None, is_named)));
            }
            router = router.route(path, handler);
        }
        let there: Arc<str> = self.there().into();
        let unknown = any(async move || Problem::no_such_path(there.to_string())).layer(layer(None, true));
        for path in self.elsewhere {
            router = router.route(path, unknown.clone());
        }
        router.with_state(Arc::clone(api))
    }

    /// The calls of this group that go straight to their handlers.
    pub fn shortcuts(&'static self) -> impl Iterator<Item = Shortcut> {
        self.routes().filter_map(|route| {
            let method = route.method().map(|method| Method::from_bytes(method.as_bytes()));
            let finish = (!route.for_proxies).then_some(self.error);
            Some(Shortcut { method: method.transpose().ok()?, path: route.path, direct: route.direct?, finish })
        })
    }

    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = &'static Route> + use<> {
        self.routes.iter().copied().flatten()
    }

    /// Whether the path is that of a route.
    pub fn has_route(&self, path: &str) -> bool {
        self.routes().any(|route| is_at(route.path, path))
    }

    /// Whether the group answers at the path that nothing is there.
    pub fn is_elsewhere(&self, path: &str) -> bool {
        self.elsewhere.iter().any(|pattern| is_at(pattern, path))
    }

    /// A problem that was found before the router saw the call, in the group's form.
    pub fn answer(&self, problem: Problem) -> Response {
        finish(problem.into_response(), self.error, false)
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

/// The form of an error, if it is not a problem document.
type ErrorForm = Option<fn(&Problem) -> Response>;

/// A call that goes straight to its handler.
#[derive(Debug, Clone)]
pub(crate) struct Shortcut {
    /// `None` for any.
    method: Option<Method>,
    path: &'static str,
    direct: Direct,
    /// What completes its answers; `None` for a route that sets its own headers.
    finish: Option<ErrorForm>,
}

impl Shortcut {
    /// Whether this is its call.
    pub fn is(&self, request: &Request) -> bool {
        request.uri().path() == self.path && self.method.as_ref().is_none_or(|method| request.method() == method)
    }

    pub async fn answer(&self, request: Request, api: &Arc<Api>) -> Response {
        let response = (self.direct)(request, Arc::clone(api)).await;
        match self.finish {
            Some(error) => finish(response, error, api.https),
            None => response,
        }
    }
}

/// Whether a path is one of those that the path of a route stands for.
fn is_at(pattern: &str, path: &str) -> bool {
    let mut found = path.split('/');
    for part in pattern.split('/') {
        let (begins, is_open) = match part.split_once('{') {
            Some((_, name)) if name.starts_with('*') => return found.next().is_some(),
            Some((begins, _)) => (begins, true),
            None => (part, false),
        };
        let fits = found.next().is_some_and(|found| if is_open { found.starts_with(begins) } else { found == begins });
        if !fits {
            return false;
        }
    }
    found.next().is_none()
}

/// The headers of every answer, and a problem in the group's form.
fn finish(mut response: Response, error: ErrorForm, https: bool) -> Response {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_at_its_route() {
        for (pattern, path, is) in [
            ("/v1", "/v1", true),
            ("/v1", "/v1/", false),
            ("/v1/{*path}", "/v1/keys/a", true),
            ("/v1/{*path}", "/v1", false),
            ("/v2/apps/{app}/keys", "/v2/apps/5/keys", true),
            ("/v2/apps/{app}/keys", "/v2/apps/5", false),
            ("/v2/apps/{app}", "/v2/apps/5/keys", false),
            ("/v2/keys.{operation}", "/v2/keys.verifyKey", true),
            ("/v2/keys.{operation}", "/v2/apps", false),
        ] {
            assert_eq!(is_at(pattern, path), is, "{pattern} {path}");
        }
    }
}

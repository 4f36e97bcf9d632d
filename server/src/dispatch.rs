//! Everything that answers HTTP: the router, and before it the calls that come by the hundred thousand. Those go straight
//! to their handlers, because a router of all routes takes a call as long as the verdict does.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tower::Service;

use crate::api::call::Api;
use crate::api::routes::Shortcut;
use crate::router::{routed, shortcuts};
use crate::state::AppState;

/// What answers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    api: Arc<Api>,
    shortcuts: Arc<[Shortcut]>,
    router: Router,
}

impl Dispatch {
    pub fn new(state: &AppState) -> Self {
        let api = Api::of(state);
        Self { shortcuts: shortcuts().collect(), router: routed(state, &api), api }
    }

    /// The answer to a request.
    pub async fn answer(&self, request: Request) -> Response {
        if let Some(shortcut) = self.shortcuts.iter().find(|shortcut| shortcut.is(&request)) {
            return shortcut.answer(request, &self.api).await;
        }
        let mut router = self.router.clone();
        let Ok(response) = router.call(request).await;
        response
    }
}

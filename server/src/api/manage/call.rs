//! A call of the management API: who calls, whether they may, and what every answer says.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::permission::AdminPermission;
use domain::refusal::Refusal;
use service::Caller;

use super::super::call::Api;
use super::super::verify_caller::{authenticate, refused};
use super::{limits, repeat};
use crate::json::problem::Problem;

/// The key that calls, as handlers receive it. It is known by then that it has the permission of the route.
#[derive(Debug, Clone)]
pub(super) struct By(pub Caller);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Every route of this API sets it.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::Forbidden.into())
    }
}

/// Somebody at the server's shell, whose command calls the router in its own process. Nothing that comes over a connection
/// can put this into a request.
#[derive(Debug, Clone)]
pub(crate) struct AtShell(pub Caller);

/// Authenticates a call, carries it out at most once if it has an Idempotency-Key, and says what the limits of its key
/// have left.
pub(in super::super) async fn managed(
    api: Arc<Api>,
    permission: AdminPermission,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Some(AtShell(caller)) = parts.extensions.remove() {
        parts.extensions.insert(By(caller));
        return next.run(Request::from_parts(parts, body)).await;
    }
    let verdict = match authenticate(&parts, &api, permission).await {
        Ok(verdict) => verdict,
        Err(problem) => return problem.into_response(),
    };
    let mut response = match (refused(&verdict, permission, &api), &verdict.key) {
        (None, Some(key)) => {
            let caller = Caller::key(Arc::clone(&key.record), api.client(&parts.extensions, &parts.headers));
            let repeats = parts.method == Method::POST && repeat::is_asked(&parts.headers);
            parts.extensions.insert(By(caller));
            api.expect(&mut parts, &verdict);
            let request = Request::from_parts(parts, body);
            if repeats {
                repeat::carry_out(api, key.record.id, request, move |request| next.run(request)).await
            } else {
                next.run(request).await
            }
        }
        (problem, _) => problem.unwrap_or_else(Problem::key_refused).into_response(),
    };
    limits::tell(&verdict.limits, response.headers_mut());
    response
}

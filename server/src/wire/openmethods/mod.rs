//! `/openconnect` and `/events/…`: events of a contact-centre platform, in the form of OpenMethods. The key is a member of
//! the call, `jwt`, or comes as Bearer. Its kind says which path it may call, and the key's domains say from which pages.

mod answer;
mod call;
mod members;
pub(crate) mod shown;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::routing::{MethodRouter, get};
use domain::integration::IntegrationKind;

use crate::api::call::Api;
use crate::api::routes::{Group, Route};
use crate::json::problem::Problem;

/// What each path takes. HEAD is not among it: it would report an event and show no answer.
pub(super) const METHODS: &str = "GET, POST";

static EVENTS: &[Route] = &[
    Route::of(METHODS, path(IntegrationKind::OpenConnect), || events(IntegrationKind::OpenConnect))
        .called("Report an event of OpenConnect"),
    Route::of(METHODS, path(IntegrationKind::Client), || events(IntegrationKind::Client))
        .called("Report an event of the Experience Client or CRM workspace"),
    Route::of(METHODS, path(IntegrationKind::QueueAdapter), || events(IntegrationKind::QueueAdapter))
        .called("Report an event of the QueueAdapter"),
    Route::of(METHODS, path(IntegrationKind::Telephony), || events(IntegrationKind::Telephony))
        .called("Report an event of Telephony (legacy)"),
];

/// The paths at which programs report events.
pub(super) static ROUTES: Group = Group {
    routes: &[EVENTS],
    elsewhere: &["/openconnect/", "/openconnect/{*path}", "/events", "/events/", "/events/{*path}"],
    there: "Events are reported to /openconnect, /events/client, /events/queue-adapter and /events/telephony.",
    error: Some(answer::problem),
};

/// The path of the events of a kind.
const fn path(at: IntegrationKind) -> &'static str {
    match at {
        IntegrationKind::Client => "/events/client",
        IntegrationKind::QueueAdapter => "/events/queue-adapter",
        IntegrationKind::Telephony => "/events/telephony",
        _ => "/openconnect",
    }
}

fn events(at: IntegrationKind) -> MethodRouter<Arc<Api>> {
    let take = move |State(api): State<Arc<Api>>, request: Request| async move { call::take(&api, at, request).await };
    get(take).post(take).head(no_head)
}

async fn no_head() -> Problem {
    Problem::method_not_allowed(METHODS)
}

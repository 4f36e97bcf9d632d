//! `…/apps/{appId}/keys`: the keys of an app itself, for account keys alone.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::kind::KeyKind;

use super::body::Body;
use super::caller::AccountScope;
use super::failure::Failure;
use super::keys::{self, Of};
use crate::api::call::Api;

/// The keys of an app.
const fn of_app() -> Of {
    let [_, app, _] = KeyKind::SCOPED;
    Of { kind: app, integration: None }
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AccountScope(by): AccountScope,
    body: Body,
) -> Result<Response, Failure> {
    keys::make(&api, &by, of_app(), &body).await
}

pub(super) async fn list(State(api): State<Arc<Api>>, AccountScope(by): AccountScope) -> Result<Response, Failure> {
    keys::all(&api, &by, of_app()).await
}

pub(super) async fn get(State(api): State<Arc<Api>>, AccountScope(by): AccountScope) -> Result<Response, Failure> {
    keys::one(&api, &by, of_app()).await
}

pub(super) async fn delete(State(api): State<Arc<Api>>, AccountScope(by): AccountScope) -> Result<Response, Failure> {
    keys::remove(&api, &by, of_app()).await
}

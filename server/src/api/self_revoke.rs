//! `POST /v1/keys/revoke-self`: a key revokes itself, from wherever its holder found it.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use domain::timestamp::Timestamp;
use serde::Serialize;
use service::keys::SelfRevoked;
use service::verify::Held;
use utoipa::ToSchema;

use super::call::Api;
use super::credential;
use super::manage::{MaybeBody, Revoke, repeat};
use super::words;
use crate::json::answer::Json;
use crate::json::problem::Problem;

/// A key that has revoked itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SelfRevokedShown {
    key_id: String,
    #[schema(value_type = words::KeyStatus)]
    status: &'static str,
    /// Since when it is revoked.
    revoked_at: String,
    /// Whether it was revoked before this call, which then changed nothing.
    already_revoked: bool,
}

impl From<SelfRevoked> for SelfRevokedShown {
    fn from(SelfRevoked { key, at, already }: SelfRevoked) -> Self {
        let status = key.row.status(at).as_str();
        Self { key_id: key.row.id.to_string(), status, revoked_at: Timestamp::to_rfc3339(at), already_revoked: already }
    }
}

/// No restriction of the key counts: whoever holds its secret where it may not be used has found a leak.
pub(super) async fn self_revoke(State(api): State<Arc<Api>>, request: Request) -> Result<Response, Problem> {
    // Before the body, so that a call without a good key learns nothing else.
    let held = api.verifier.held(credential::own(request.headers())?).await?.ok_or_else(Problem::key_refused)?;
    if !repeat::is_asked(request.headers()) {
        return Ok(revoke(&api, held, request).await.into_response());
    }
    let work = {
        let api = Arc::clone(&api);
        async move |request| revoke(&api, held, request).await.into_response()
    };
    Ok(repeat::carry_out(api, held.id, request, work).await)
}

async fn revoke(api: &Api, held: Held, request: Request) -> Result<Json<SelfRevokedShown>, Problem> {
    let address = api.client(request.extensions(), request.headers());
    let MaybeBody(body) = MaybeBody::<Revoke>::from_request(request, &()).await?;
    let Revoke { reason, note } = body.read()?;
    let revoked = api.service.revoke_held(held, reason, note.as_deref(), address).await?;
    Ok(Json(revoked.ok_or_else(Problem::key_refused)?.into()))
}

//! `GET /v1/keys/self`: a key asks about itself, from its own address.

use std::sync::Arc;

use axum::extract::{Request, State};
use domain::usage::Edge;
use service::verify::VerifyRequest;

use super::call::{Api, origin};
use super::credential;
use super::key_answer::KeyAnswer;
use crate::json::answer::Json;
use crate::json::problem::Problem;

pub(super) async fn self_check(State(api): State<Arc<Api>>, request: Request) -> Result<Json<KeyAnswer>, Problem> {
    // A body is ignored.
    let (parts, _) = request.into_parts();
    let headers = &parts.headers;
    let credential = credential::own(headers)?;
    let asked = VerifyRequest {
        edge: Edge::OwnCheck,
        address: api.client(&parts.extensions, headers),
        origin: origin(headers),
        ..VerifyRequest::default()
    };
    Ok(Json(KeyAnswer(api.verifier.verify(credential, asked).await?)))
}

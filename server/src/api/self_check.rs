//! `GET /v1/keys/self`: a key asks about itself, from where it calls.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use domain::usage::Edge;
use service::verify::VerifyRequest;

use super::answer::answer;
use super::problem::Problem;
use super::{Api, credential, origin};

pub(super) async fn self_check(State(api): State<Arc<Api>>, request: Request) -> Response {
    // The body, if there is one, is not looked at.
    let (parts, _) = request.into_parts();
    check(&api, &parts).await.unwrap_or_else(|problem| problem.answer(api.https))
}

async fn check(api: &Api, parts: &Parts) -> Result<Response, Problem> {
    let headers = &parts.headers;
    let credential = credential::own(headers)?;
    let asked = VerifyRequest {
        edge: Edge::OwnCheck,
        address: api.client(&parts.extensions, headers),
        origin: origin(headers),
        ..VerifyRequest::default()
    };
    let verdict = api.verifier.verify(credential, asked).await.map_err(|error| Problem::of_service(&error))?;
    Ok(answer(&verdict, api.https))
}

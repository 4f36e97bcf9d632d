//! `POST /v1/keys/verify` and `POST /v1/keys/verify-batch`: may these keys pass? A refused key is an answer, not an
//! error.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use domain::usage::Edge;
use futures::future::try_join_all;

use super::Api;
use super::answer::{answer, answers};
use super::problem::Problem;
use super::verify_caller::VerifyCaller;
use super::verify_request::Asked;

/// Longest body. The longest sensible one fits with every character escaped.
const LIMIT: usize = 64 * 1024;

/// Longest body of a batch: 20,000 bytes and more for each call.
const BATCH_LIMIT: usize = 2 * 1024 * 1024;

pub(super) async fn verify(State(api): State<Arc<Api>>, request: Request) -> Response {
    one(&api, request).await.unwrap_or_else(|problem| problem.answer(api.https))
}

pub(super) async fn verify_batch(State(api): State<Arc<Api>>, request: Request) -> Response {
    batch(&api, request).await.unwrap_or_else(|problem| problem.answer(api.https))
}

async fn one(api: &Api, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asking = VerifyCaller::accept(api, &parts, body, LIMIT).await?;
    let asked = Asked::read(&asking.body)?;
    let verdict = api.verifier.verify(asked.credential(), asked.request(Edge::Verify, asking.scope())).await;
    let verdict = verdict.map_err(|error| Problem::of_service(&error))?;
    Ok(answer(&verdict, api.https))
}

async fn batch(api: &Api, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asking = VerifyCaller::accept(api, &parts, body, BATCH_LIMIT).await?;
    let calls = Asked::read_batch(&asking.body)?;
    // All at once, so that keys that are not in memory are read together.
    let verdicts = calls.iter().map(|asked| {
        let request = asked.request(Edge::Verify, asking.scope());
        api.verifier.verify(asked.credential(), request)
    });
    let verdicts = try_join_all(verdicts).await.map_err(|error| Problem::of_service(&error))?;
    Ok(answers(&verdicts, api.https))
}

//! `POST /v1/keys/verify` and `POST /v1/keys/verify-batch`: whether keys may pass. A refused key is an answer, not an
//! error.

use std::sync::Arc;

use axum::extract::State;
use domain::usage::Edge;
use futures::future::try_join_all;

use super::call::Api;
use super::key_answer::{KeyAnswer, KeyAnswers};
use super::verify_body::{VerifyBatch, VerifyCall};
use super::verify_caller::VerifyCaller;
use crate::json::answer::Json;
use crate::json::body::JsonBody;
use crate::json::problem::Problem;

pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    caller: VerifyCaller,
    body: JsonBody<VerifyCall<'_>>,
) -> Result<Json<KeyAnswer>, Problem> {
    let call = body.read()?;
    let verdict = api.verifier.verify(call.credential(), call.request(Edge::Verify, caller.scope())).await?;
    Ok(Json(KeyAnswer(verdict)))
}

pub(super) async fn verify_batch(
    State(api): State<Arc<Api>>,
    caller: VerifyCaller,
    body: JsonBody<VerifyBatch>,
) -> Result<Json<KeyAnswers>, Problem> {
    let calls = body.read()?;
    // All at once, so that keys which are not cached are read together.
    let verdicts = calls.iter().map(|call| {
        let request = call.request(Edge::Verify, caller.scope());
        api.verifier.verify(call.credential(), request)
    });
    Ok(Json(KeyAnswers(try_join_all(verdicts).await?)))
}

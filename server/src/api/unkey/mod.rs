//! `POST /v2/keys.verifyKey`: the same question in the form of Unkey's second API, so that its clients need another
//! address and nothing else.

mod answer;
mod error;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, post};
use domain::refusal::Refusal;
use service::entropy::{Entropy, SystemEntropy};

use super::Api;
use super::problem::Problem;
use super::verify_caller::VerifyCaller;
use request::Asked;

/// Longest body.
const LIMIT: usize = 64 * 1024;

/// The operations of Unkey's API; everything else below `/v2` is not its.
pub(super) fn router(https: bool) -> Router<Arc<Api>> {
    let refuse = move |problem: &Problem| error::answer(problem, &RequestId::new(), https);
    let only_post = async move || refuse(&Problem::method_not_allowed("POST"));
    let no_such = "Of the operations on keys there is POST /v2/keys.verifyKey.";
    let unknown = any(async move || refuse(&Problem::no_such_path(no_such)));
    Router::new()
        .route("/v2/keys.verifyKey", post(verify_key).fallback(only_post))
        .route("/v2/keys.{operation}", unknown)
}

async fn verify_key(State(api): State<Arc<Api>>, request: Request) -> Response {
    let id = RequestId::new();
    check(&api, request, &id).await.unwrap_or_else(|problem| error::answer(&problem, &id, api.https))
}

async fn check(api: &Api, request: Request, id: &RequestId) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asking = VerifyCaller::accept(api, &parts, body, LIMIT).await?;
    let asked = Asked::read(&asking.body)?;
    let verdict = api.verifier.verify(asked.credential(), asked.request(asking.scope())).await;
    let verdict = verdict.map_err(|error| refused(&error))?;
    Ok(answer::answer(&verdict, &asked, api.service.now(), id, api.https))
}

/// Whether a key has the limit that a call names, only the service knows.
fn refused(error: &service::Error) -> Problem {
    match error {
        service::Error::Refused(Refusal::Invalid(errors)) => {
            let message = errors.0.first().map(|error| error.message.clone());
            Problem::no_such_limit(message.unwrap_or_default())
        }
        error => Problem::of_service(error),
    }
}

/// What an answer is called, in case somebody asks about it.
#[derive(Debug, serde::Serialize)]
struct RequestId(String);

impl RequestId {
    fn new() -> Self {
        let mut bytes = [0; 12];
        // It is a name and guards nothing: without randomness it is only a poor one.
        let _ = SystemEntropy.fill(&mut bytes);
        Self(format!("req_{}", hex::encode(bytes)))
    }
}

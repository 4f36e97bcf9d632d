//! `POST /v2/keys.verifyKey`: the same question in the form of Unkey's second API.

mod answer;
mod body;
mod error;

use std::sync::Arc;

use axum::extract::State;
use axum::handler::Handler;
use axum::routing::post;
use domain::refusal::Refusal;
use service::entropy::{Entropy, SystemEntropy};

use crate::api::call::Api;
use crate::api::routes::{Group, Route};
use crate::api::verify_caller::VerifyCaller;
use crate::json::answer::Json;
use crate::json::body::JsonBody;
use crate::json::problem::Problem;
use answer::VerifyKeyAnswer;
use body::VerifyKeyCall;

/// The operations of Unkey's API. Everything else below `/v2` does not belong to it.
pub(super) static ROUTES: Group = Group {
    routes: &[&[Route::of("POST", "/v2/keys.verifyKey", || post(verify_key))
        .called("Check a key in the Unkey form")
        .often(|request, api| Box::pin(verify_key.call(request, api)))]],
    elsewhere: &["/v2/keys.{operation}"],
    there: "The only operation on keys is",
    error: Some(error::answer),
};

async fn verify_key(
    State(api): State<Arc<Api>>,
    caller: VerifyCaller,
    body: JsonBody<VerifyKeyCall<'_>>,
) -> Result<Json<VerifyKeyAnswer>, Problem> {
    let call = body.read()?;
    let verdict = api.verifier.verify(call.credential(), call.request(caller.scope())).await.map_err(refused)?;
    Ok(Json(VerifyKeyAnswer { verdict, asked: call.into_limits(), now: api.service.now(), id: RequestId::new() }))
}

/// Turns an error of the service into a problem. Only the service knows whether a key has the limit that a call names.
fn refused(error: service::Error) -> Problem {
    match error {
        service::Error::Refused(Refusal::Invalid(errors)) => {
            let message = errors.0.into_iter().next().map(|error| error.message);
            Problem::no_such_limit(message.unwrap_or_default())
        }
        error => error.into(),
    }
}

/// The id of an answer, in case somebody asks about it.
#[derive(Debug)]
struct RequestId(String);

impl RequestId {
    fn new() -> Self {
        let mut bytes = [0; 12];
        // It is only a name and protects nothing, so a poor one will do if there is no randomness.
        let _ = SystemEntropy.fill(&mut bytes);
        Self(format!("req_{}", hex::encode(bytes)))
    }
}

//! `POST /v1/keys/verify`: may this key pass? A refused key is an answer, not an error.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use domain::usage::Edge;
use domain::verdict::Code;
use service::verify::{Credential, Verdict, VerifyRequest};

use super::answer::answer;
use super::problem::Problem;
use super::verify_request::Asked;
use super::{Api, credential, origin};
use crate::reading;

/// Longest body. The longest sensible one, every character escaped, has a quarter of it.
const LIMIT: usize = 64 * 1024;

pub(super) async fn verify(State(api): State<Arc<Api>>, request: Request) -> Response {
    check(&api, request).await.unwrap_or_else(|problem| problem.answer(api.https))
}

async fn check(api: &Api, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let token = credential::bearer(headers)?;
    let address = api.client(&parts.extensions, headers);
    let verifier = api
        .verifier
        .authenticate(token, address, origin(headers))
        .await
        .map_err(|error| Problem::of_service(&error))?;
    let Some(verifier) = accepted(&verifier)? else { return Err(Problem::key_refused()) };

    if !is_json(headers) {
        return Err(Problem::not_json());
    }
    let body = reading::whole(headers, body, LIMIT).await.map_err(|unread| Problem::unread(unread, LIMIT))?;
    let asked = Asked::read(&body)?;
    let request = VerifyRequest {
        edge: Edge::Verify,
        address: asked.address,
        origin: asked.origin.as_deref(),
        permissions: asked.permissions.as_ref(),
        kind: asked.kind,
        scope: Some(&verifier.record.app_id),
    };
    let verdict = api
        .verifier
        .verify(Credential::Token(&asked.key), request)
        .await
        .map_err(|error| Problem::of_service(&error))?;
    Ok(answer(&verdict, api.https))
}

/// The asking service's key, if it may ask.
fn accepted(verdict: &Verdict) -> Result<Option<&service::verify::Cached>, Problem> {
    match verdict.code {
        Code::Valid => Ok(verdict.key.as_deref()),
        Code::NotFound | Code::Pending | Code::Revoked | Code::Disabled | Code::NotYetValid | Code::Expired => {
            Err(Problem::key_refused())
        }
        Code::KindNotAllowed => Err(Problem::forbidden("Only a key of the kind Service may ask about others.")),
        Code::IpNotAllowed => {
            Err(Problem::forbidden("The key in the Authorization header may not be used from this address."))
        }
        Code::OriginNotAllowed => {
            Err(Problem::forbidden("The key in the Authorization header may not be used from this origin."))
        }
        Code::InsufficientPermissions => Err(Problem::permission_needed()),
        Code::RateLimited | Code::UsageExceeded => Err(Problem::too_many()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
    let utf8 = parameters.split(';').all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    kind.trim().eq_ignore_ascii_case("application/json") && utf8
}

//! One call: a key, and the event that it reports.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::Response;
use domain::integration::IntegrationKind;
use domain::origin::Origin;
use domain::usage::Edge;
use domain::verdict;
use service::events::NewEvent;
use service::verify::{CachedKey, Credential, Verdict, VerifyRequest};

use super::answer::{Code, Fail, taken};
use super::members::Members;
use super::path;
use crate::api::call::{Api, origin};
use crate::json::problem::Problem;
use crate::reading::Sender;

/// Takes in an event. Whose key is not accepted learns nothing else about the call.
pub(super) async fn take(api: &Api, at: IntegrationKind, request: Request) -> Result<Response, Fail> {
    let (parts, body) = request.into_parts();
    let mut members = Members::of_query(&parts)?;
    // A key that comes before the body is looked at before it, so that bodies of strangers take no room from it. It is
    // decided about once the call is whole, as one in the body is.
    let early = match members.early_key(&parts.headers)? {
        Some(key) => {
            let request = asked(api, at, &parts)?;
            if let Some(id) = api.verifier.glance(Credential::Token(key), &request).await? {
                Some(id)
            } else {
                accepted(api, at, &parts, key).await?;
                None
            }
        }
        None => None,
    };
    let sender = early.as_ref().map_or(Sender::Stranger, |id| Sender::Reporter(id.as_str()));
    members.add_body(&parts, body, sender).await?;
    let key = accepted(api, at, &parts, members.key(&parts.headers)?).await?;
    let new = NewEvent {
        origin: origin(&parts.headers).filter(|text| Origin::parse(text).is_some()).map(str::to_owned),
        address: api.client(&parts.extensions, &parts.headers).map(|address| address.to_canonical()),
        ..members.event()?
    };
    Ok(taken(&api.service.accept_event(&key.record, new).await?))
}

/// What is asked about the key of a call.
fn asked<'a>(api: &Api, at: IntegrationKind, parts: &'a Parts) -> Result<VerifyRequest<'a>, Fail> {
    let Some(kind) = at.events_of() else { return Err(Problem::forbidden("No key may call this.").into()) };
    Ok(VerifyRequest {
        edge: Edge::OpenMethods,
        address: api.client(&parts.extensions, &parts.headers),
        origin: origin(&parts.headers),
        kind: Some(kind),
        method: Some(parts.method.as_str()),
        path: Some(parts.uri.path()),
        ..VerifyRequest::default()
    })
}

async fn accepted(api: &Api, at: IntegrationKind, parts: &Parts, key: &str) -> Result<Arc<CachedKey>, Fail> {
    let request = asked(api, at, parts)?;
    let verdict = api.verifier.verify(Credential::Token(key), request).await?;
    match &verdict.key {
        Some(key) if verdict.code == verdict::Code::Valid => Ok(Arc::clone(key)),
        _ => Err(refused(at, &verdict)),
    }
}

/// Why a key may not pass. What is wrong with one that is off is not told.
fn refused(at: IntegrationKind, verdict: &Verdict) -> Fail {
    use verdict::Code as Verdicts;
    let key = verdict.key.as_ref().map(|key| &key.record);
    let (code, message) = match verdict.code {
        Verdicts::Disabled if key.is_some_and(|key| key.app_archived) => {
            (Code::APP_ARCHIVED, "The app of this key is archived. The console brings it back.")
        }
        Verdicts::KindNotAllowed => {
            let label = at.events_of().map_or("", domain::kind::KeyKind::label);
            let elsewhere = key.and_then(|key| IntegrationKind::of_events(key.kind));
            let message = match elsewhere {
                Some(other) => format!("{} takes {label} keys; this key calls {}.", path(at), path(other)),
                None => format!("{} takes {label} keys, and this is another kind of key.", path(at)),
            };
            return Fail::new(Code::KIND_NOT_ALLOWED, message);
        }
        Verdicts::OriginNotAllowed => {
            (Code::ORIGIN_NOT_ALLOWED, "This key may not be used from this page: its allow-list has other domains.")
        }
        Verdicts::IpNotAllowed => (Code::FORBIDDEN, "This key may not be used from this address."),
        Verdicts::InsufficientPermissions => (Code::FORBIDDEN, "This key does not have the permission for this."),
        Verdicts::RateLimited | Verdicts::UsageExceeded => return Problem::too_many(verdict.retry_after()).into(),
        Verdicts::Valid
        | Verdicts::NotFound
        | Verdicts::Pending
        | Verdicts::Revoked
        | Verdicts::Disabled
        | Verdicts::NotYetValid
        | Verdicts::Expired => (
            Code::KEY_NOT_ACCEPTED,
            "The key was not accepted. If it is complete, whoever issued it can see why in the console.",
        ),
    };
    Fail::new(code, message)
}

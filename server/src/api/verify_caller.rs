//! What all calls about other keys have in common: the key that asks, and a body in JSON.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::ids::AppId;
use domain::permission::AdminPermission;
use domain::timestamp::{Millis, Timestamp};
use domain::verdict::Code;
use service::verify::Verdict;

use super::problem::Problem;
use super::{Api, credential, origin};
use crate::reading;

/// A call whose key may ask, and its body.
#[derive(Debug)]
pub(super) struct VerifyCaller {
    verdict: Verdict,
    pub body: Bytes,
}

impl VerifyCaller {
    /// Looks at the key first: a call without a good one learns nothing else.
    pub async fn accept(api: &Api, parts: &Parts, body: Body, limit: usize) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let token = credential::bearer(headers)?;
        let address = api.client(&parts.extensions, headers);
        let verdict = api.verifier.authenticate(token, AdminPermission::Verify, address, origin(headers)).await;
        let verdict = verdict.map_err(|error| Problem::of_service(&error))?;
        may_ask(&verdict, || api.service.now())?;
        if !is_json(headers) {
            return Err(Problem::not_json());
        }
        let body = reading::whole(headers, body, limit).await.map_err(|unread| Problem::unread(unread, limit))?;
        Ok(Self { verdict, body })
    }

    /// The app that is asked about: that of the asking key.
    pub fn scope(&self) -> Option<&AppId> {
        self.verdict.key.as_ref().map(|key| &key.record.app_id)
    }
}

fn may_ask(verdict: &Verdict, now: impl Fn() -> Timestamp) -> Result<(), Problem> {
    match verdict.code {
        Code::Valid if verdict.key.is_some() => Ok(()),
        Code::Valid
        | Code::NotFound
        | Code::Pending
        | Code::Revoked
        | Code::Disabled
        | Code::NotYetValid
        | Code::Expired => Err(Problem::key_refused()),
        Code::KindNotAllowed => Err(Problem::forbidden("Only a key of the kind Service may ask about others.")),
        Code::IpNotAllowed => {
            Err(Problem::forbidden("The key in the Authorization header may not be used from this address."))
        }
        Code::OriginNotAllowed => {
            Err(Problem::forbidden("The key in the Authorization header may not be used from this origin."))
        }
        Code::InsufficientPermissions => Err(Problem::permission_needed()),
        Code::RateLimited | Code::UsageExceeded => Err(Problem::too_many(wait(verdict, now()))),
    }
}

/// Until a key that was used too often may be used again: the limits' time, or that of the quota's refill.
fn wait(verdict: &Verdict, now: Timestamp) -> Option<Millis> {
    let refilled = || {
        let quota = verdict.key.as_ref()?.record.quota?;
        Some(quota.refill.next(now)?.since(now))
    };
    verdict.retry_after().or_else(refilled)
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

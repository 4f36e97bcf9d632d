//! The key that asks about other keys.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::ids::AppId;
use domain::permission::AdminPermission;
use domain::timestamp::{Millis, Timestamp};
use domain::verdict::Code;
use service::verify::Verdict;

use super::call::{Api, origin};
use super::credential;
use crate::json::problem::Problem;

/// A caller whose key may ask. This extractor runs before the body's, so that a call without a good key learns nothing
/// else.
#[derive(Debug)]
pub(crate) struct VerifyCaller(Verdict);

impl FromRequestParts<Arc<Api>> for VerifyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let verdict = authenticate(parts, api, AdminPermission::Verify).await?;
        if let Some(problem) = refused(&verdict, AdminPermission::Verify, api) {
            return Err(problem);
        }
        api.expect(parts, &verdict);
        Ok(Self(verdict))
    }
}

impl VerifyCaller {
    /// The app that is asked about: that of the asking key.
    pub fn scope(&self) -> Option<&AppId> {
        self.0.key.as_ref().map(|key| &key.record.app_id)
    }
}

/// The verdict about the key of a call.
pub(super) async fn authenticate(parts: &Parts, api: &Api, permission: AdminPermission) -> Result<Verdict, Problem> {
    let headers = &parts.headers;
    let token = credential::bearer(headers)?;
    let address = api.client(&parts.extensions, headers);
    Ok(api.verifier.authenticate(token, permission, address, origin(headers)).await?)
}

/// Why the caller may not do what needs this permission; `None` if they may.
pub(super) fn refused(verdict: &Verdict, permission: AdminPermission, api: &Api) -> Option<Problem> {
    Some(match verdict.code {
        Code::Valid if verdict.key.is_some() => return None,
        Code::Valid
        | Code::NotFound
        | Code::Pending
        | Code::Revoked
        | Code::Disabled
        | Code::NotYetValid
        | Code::Expired => Problem::key_refused(),
        Code::KindNotAllowed if permission == AdminPermission::Verify => {
            Problem::forbidden("Only a key of the kind Service may ask about other keys.")
        }
        Code::KindNotAllowed => Problem::forbidden("Only a key of the kind Service may call this."),
        Code::IpNotAllowed => {
            Problem::forbidden("The key in the Authorization header may not be used from this address.")
        }
        Code::OriginNotAllowed => {
            Problem::forbidden("The key in the Authorization header may not be used from this origin.")
        }
        Code::InsufficientPermissions => Problem::permission_needed(permission),
        Code::RateLimited | Code::UsageExceeded => Problem::too_many(wait(verdict, api.service.now())),
    })
}

/// How long until the key may be used again: until a limit has room, or until its quota refills.
fn wait(verdict: &Verdict, now: Timestamp) -> Option<Millis> {
    let refilled = || {
        let quota = verdict.key.as_ref()?.record.rules.quota?;
        Some(quota.refill.next(now)?.since(now))
    };
    verdict.retry_after().or_else(refilled)
}

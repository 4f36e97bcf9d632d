//! Who calls: the API KEY of an app, and the access token that it bought.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::role::Act;
use domain::usage::Edge;
use domain::verdict::Code;
use service::Caller;
use service::verify::{CachedKey, Credential, Verdict, VerifyRequest};

use super::answer::Fail;
use crate::api::call::{Api, origin};

/// The header with the API KEY. Proxies such as nginx drop names with underscores unless they are told otherwise.
const API_KEY: HeaderName = HeaderName::from_static("api_key");
/// The header with the access token, of calls and of the answer that gives one.
pub(super) const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The API KEY of a call, which was accepted.
#[derive(Debug)]
pub(super) struct ApiKey(pub Arc<CachedKey>);

impl FromRequestParts<Arc<Api>> for ApiKey {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Fail> {
        let Some(key) = once(parts, &API_KEY)? else {
            return Err(Fail::Credential(MISSING_KEY.into()));
        };
        let verdict = accepted(parts, api, key).await?;
        api.expect(parts, &verdict);
        verdict.key.map(Self).ok_or_else(not_accepted)
    }
}

const MISSING_KEY: &str =
    "The header API_KEY is missing. If you sent it, a proxy dropped it: nginx needs underscores_in_headers on.";

/// A call with both, which belong together.
#[derive(Debug)]
pub(super) struct Member {
    pub caller: Caller,
    pub app: AppId,
}

impl FromRequestParts<Arc<Api>> for Member {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Fail> {
        let (key, token) = match (once(parts, &API_KEY)?, once(parts, &X_AUTH_TOKEN)?) {
            (Some(key), Some(token)) => (key, token),
            (Some(_), None) => {
                let message = "The header X-AUTH-TOKEN is missing. GET /openapi/token gives one.";
                return Err(Fail::Credential(message.into()));
            }
            (None, Some(_)) => return Err(Fail::Credential(MISSING_KEY.into())),
            (None, None) => {
                let message =
                    "The headers API_KEY and X-AUTH-TOKEN are missing. GET /openapi/token gives the second one.";
                return Err(Fail::Credential(message.into()));
            }
        };
        let verdict = accepted(parts, api, key).await?;
        let key = verdict.key.clone().ok_or_else(not_accepted)?;
        let scope = api.service.check_access(&key.record, token)?;
        api.expect(parts, &verdict);
        let address = api.client(&parts.extensions, &parts.headers);
        Ok(Self { caller: Caller::member(&key.record, scope, address), app: key.record.app_id })
    }
}

/// A call that changes something. Whoever reads only is refused before anything else is looked at.
#[derive(Debug)]
pub(super) struct Manager(pub Member);

impl FromRequestParts<Arc<Api>> for Manager {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Fail> {
        let member = Member::from_request_parts(parts, api).await?;
        member.caller.may(Act::ManageRooms)?;
        Ok(Self(member))
    }
}

async fn accepted(parts: &Parts, api: &Api, key: &str) -> Result<Verdict, Fail> {
    let request = VerifyRequest {
        edge: Edge::VChatCloud,
        address: api.client(&parts.extensions, &parts.headers),
        origin: origin(&parts.headers),
        kind: Some(KeyKind::OF_APP),
        method: Some(parts.method.as_str()),
        path: Some(parts.uri.path()),
        ..VerifyRequest::default()
    };
    let verdict = api.verifier.verify(Credential::Member { key }, request).await?;
    let is_archived = verdict.key.as_ref().is_some_and(|key| key.record.app_archived);
    match verdict.code {
        Code::Valid => Ok(verdict),
        Code::Disabled if is_archived => {
            Err(Fail::Credential("The app of this API_KEY is archived. The console brings it back.".into()))
        }
        _ => Err(not_accepted()),
    }
}

fn not_accepted() -> Fail {
    let message = "The API_KEY was not accepted. It may have been issued again: the console shows the present one.";
    Fail::Credential(message.into())
}

/// A header that must not be repeated, because two parties could each trust a different value. An empty one is none.
fn once<'a>(parts: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Fail> {
    let mut values = parts.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fail::Credential(format!("The header {name} is repeated.").into()));
    }
    let text =
        value.to_str().map_err(|_| Fail::Credential(format!("The header {name} is not printable ASCII.").into()))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()))
}

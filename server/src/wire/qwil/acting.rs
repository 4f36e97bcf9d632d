//! Whoever calls: a Master User key in its two headers, and the contact on whose behalf it calls.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use domain::ids::ContactId;
use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use domain::usage::Edge;
use domain::verdict;
use service::chat::acting::ActsFor;
use service::verify::{Credential, Verdict, VerifyRequest};

use super::failure::{Code, Failure};
use super::query::{Query, contact_id, is_uuid};
use crate::api::call::Api;
use crate::reading::CallsFor;

const KEY: HeaderName = HeaderName::from_static("x-master-user-api-key");
const SECRET: HeaderName = HeaderName::from_static("x-master-user-api-key-secret");
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("on-behalf-of");
/// What only Super keys of Qwil may send.
const ON_BEHALF_OF_ENTITY: HeaderName = HeaderName::from_static("on-behalf-of-entity-uuid");

/// The permission that an endpoint needs.
pub(super) trait Needs: Send + Sync + 'static {
    const PERMISSION: &'static str;
    /// Who has to name the contact on whose behalf the call is made.
    const ON_BEHALF: OnBehalf;
}

/// Who has to name the contact on whose behalf a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnBehalf {
    Everybody,
    /// Only keys that are narrowed to some contacts.
    Narrowed,
    Nobody,
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $permission:literal, $on_behalf:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(super) struct $name;

            impl Needs for $name {
                const PERMISSION: &'static str = $permission;
                const ON_BEHALF: OnBehalf = OnBehalf::$on_behalf;
            }
        )+
    };
}

needs! {
    /// Reads chats as a contact sees them.
    Reads = "chats.read", Everybody;
    /// Does something in chats as a contact.
    Writes = "chats.write", Everybody;
    /// Writes as the butler, who is nobody.
    Butler = "chats.write", Nobody;
    /// Reads of which chats somebody is a member.
    ReadsMembers = "chats.read OR contacts.manage", Nobody;
    Exports = "chats.export", Nobody;
    /// Looks contacts up.
    Contacts = "contacts.manage", Narrowed;
    /// Invites contacts as one of them.
    Invites = "contacts.manage", Everybody;
}

/// Who calls, and that they may. This extractor runs before the body's, so that a call without a good key learns nothing
/// else.
#[derive(Debug)]
pub(super) struct By<N>(pub ActsFor, pub PhantomData<fn() -> N>);

impl<N: Needs> FromRequestParts<Arc<Api>> for By<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let verdict = decided::<N>(parts, api).await?;
        let Some(key) = verdict.key.as_ref().filter(|_| verdict.code == verdict::Code::Valid) else {
            return Err(refused(&verdict));
        };
        if parts.headers.contains_key(ON_BEHALF_OF_ENTITY) {
            let message = "Only a Super key may send on-behalf-of-entity-uuid: leave it out.";
            return Err(Failure::new(Code::HEADER_NOT_ALLOWED, message));
        }
        let named = on_behalf_of(&parts.headers, &Query::of(parts))?;
        api.expect(parts, &verdict);
        let address = api.client(&parts.extensions, &parts.headers);
        let needed = match N::ON_BEHALF {
            OnBehalf::Everybody => true,
            OnBehalf::Narrowed => !key.record.rules.acts_for.is_empty(),
            OnBehalf::Nobody => false,
        };
        let acting = api.service.acting(&key.record, address, named.as_ref(), needed).await?;
        if named.is_some() {
            parts.extensions.insert(CallsFor(api.service.clone(), acting.clone()));
        }
        Ok(Self(acting, PhantomData))
    }
}

async fn decided<N: Needs>(parts: &Parts, api: &Api) -> Result<Verdict, Failure> {
    let headers = &parts.headers;
    let (id, secret) = (one(headers, &KEY)?, one(headers, &SECRET)?);
    let needed = PermissionQuery::parse(N::PERMISSION);
    let needed = needed.map_err(|_| Failure::new(Code::BROKEN, "Something broke inside Keystead."))?;
    let request = VerifyRequest {
        edge: Edge::Qwil,
        address: api.client(&parts.extensions, headers),
        permissions: Some(&needed),
        kind: Some(KeyKind::CALLS_CHATS),
        method: Some(parts.method.as_str()),
        path: Some(parts.uri.path()),
        ..VerifyRequest::default()
    };
    Ok(api.verifier.verify(Credential::Pair { id, secret }, request).await?)
}

/// A header that must be there, once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty());
    if let (Some(value), None) = (value, values.next()) {
        return Ok(value);
    }
    let message =
        "Send the id of a Master User key as X-MASTER-USER-API-KEY and its secret as X-MASTER-USER-API-KEY-SECRET.";
    Err(Failure::new(Code::KEY_REFUSED, message))
}

/// Why a key may not pass. What is wrong with an id or a secret is not told.
fn refused(verdict: &Verdict) -> Failure {
    use verdict::Code as Verdicts;
    let archived = verdict.key.as_ref().is_some_and(|key| key.record.app_archived);
    let (code, message) = match verdict.code {
        Verdicts::Disabled if archived => (Code::APP_ARCHIVED, "The app of this key is archived."),
        Verdicts::Pending | Verdicts::Revoked | Verdicts::Disabled | Verdicts::NotYetValid | Verdicts::Expired => {
            (Code::KEY_OFF, "This key is deactivated.")
        }
        Verdicts::IpNotAllowed => (Code::ADDRESS_REFUSED, "This key may not be used from this address."),
        Verdicts::InsufficientPermissions => {
            (Code::PERMISSION_NEEDED, "This key does not have the permission for this; edit it in the console.")
        }
        Verdicts::RateLimited | Verdicts::UsageExceeded => (Code::TOO_MANY, "This key was used too often."),
        Verdicts::Valid | Verdicts::NotFound | Verdicts::KindNotAllowed | Verdicts::OriginNotAllowed => {
            (Code::KEY_REFUSED, "The key or its secret was not accepted.")
        }
    };
    Failure::new(code, message)
}

/// The contact on whose behalf a call is made, from its header or its query.
fn on_behalf_of(headers: &HeaderMap, query: &Query) -> Result<Option<ContactId>, Failure> {
    let mut named: Option<ContactId> = None;
    let sent = headers.get_all(ON_BEHALF_OF).iter().map(|value| value.to_str().unwrap_or_default());
    for text in sent.chain(query.all("on-behalf-of")) {
        let id = contact_id(text).ok_or_else(|| {
            let wrong = || Failure::wrong("on-behalf-of", "send the uuid of a contact.");
            if is_uuid(text) { Failure::not_found("Contact") } else { wrong() }
        })?;
        if named.is_some_and(|before| before != id) {
            let message = "on-behalf-of names two contacts: send it once, as a header or in the query.";
            return Err(Failure::new(Code::ON_BEHALF_TWICE, message));
        }
        named = Some(id);
    }
    Ok(named)
}

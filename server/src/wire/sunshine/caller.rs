//! Who calls: a key as Basic, or a JWT that it signed as Bearer. The kind of the key is the scope of the call.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::BASE64;
use domain::ids::{AppId, IntegrationId};
use domain::kind::KeyKind;
use domain::usage::Edge;
use domain::verdict::Code as Verdicts;
use secrecy::zeroize::Zeroizing;
use service::Caller;
use service::verify::{CachedKey, Credential, VerifyRequest};

use super::failure::Failure;
use super::place::{OWN, Places};
use crate::api::call::Api;
use crate::json::problem::Problem;

/// The longest header that is looked at. A JWT may have 8 kB.
const AUTHORIZATION_MAX: usize = 9 * 1024;

/// What an answer to whoever did not present a key asks for.
pub(super) fn challenge(headers: &mut HeaderMap) {
    let challenge = HeaderValue::from_static(r#"Basic realm="keystead", charset="UTF-8""#);
    headers.insert(header::WWW_AUTHENTICATE, challenge);
}

/// How far a call reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every app, and what is in it.
    Account,
    /// One app and all that is in it.
    App,
    /// The conversations of one app, and the webhooks of one integration.
    Integration,
}

impl Reach {
    fn of(kind: KeyKind) -> Option<Self> {
        let [account, app, integration] = KeyKind::SCOPED;
        match kind {
            kind if kind == account => Some(Self::Account),
            kind if kind == app => Some(Self::App),
            kind if kind == integration => Some(Self::Integration),
            _ => None,
        }
    }
}

/// A call whose key was accepted.
#[derive(Debug)]
pub(super) struct Scoped {
    pub caller: Caller,
    pub key: Arc<CachedKey>,
    pub reach: Reach,
    /// The app that the path names, or that of the key.
    pub app: AppId,
    /// What else the path names.
    pub places: Places,
}

impl Scoped {
    /// The integration that the path names, by its id or as the caller's own. One of a narrower scope reaches its own
    /// alone.
    pub fn integration(&self) -> Result<IntegrationId, Failure> {
        let own = self.caller.own_integration();
        match (self.places.get("integration"), own) {
            (Some(OWN), Some(own)) => Ok(own),
            (_, None) => self.places.integration(),
            (_, Some(own)) => {
                let named = self.places.integration()?;
                if named == own { Ok(own) } else { Err(Failure::forbidden()) }
            }
        }
    }
}

/// A call with an account key.
#[derive(Debug)]
pub(super) struct AccountScope(pub Scoped);

/// A call with an account key or an app key.
#[derive(Debug)]
pub(super) struct AppScope(pub Scoped);

/// A call with any of the three kinds.
#[derive(Debug)]
pub(super) struct AnyScope(pub Scoped);

impl FromRequestParts<Arc<Api>> for AccountScope {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        scoped(parts, api, &[Reach::Account]).await.map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for AppScope {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        scoped(parts, api, &[Reach::Account, Reach::App]).await.map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for AnyScope {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        scoped(parts, api, &[Reach::Account, Reach::App, Reach::Integration]).await.map(Self)
    }
}

/// The caller, if its scope is one of these and reaches the app of the path.
async fn scoped(parts: &mut Parts, api: &Api, allowed: &[Reach]) -> Result<Scoped, Failure> {
    let key = accepted(parts, api).await?;
    let reach = Reach::of(key.record.kind).ok_or_else(Failure::unauthorized)?;
    if !allowed.contains(&reach) {
        return Err(Failure::forbidden());
    }
    let address = api.client(&parts.extensions, &parts.headers);
    let caller = Caller::scoped(Arc::clone(&key.record), address);
    let places = Places::of(parts);
    let app = match places.app()? {
        None => key.record.app_id,
        // The verifier knows that the app of a key is in use.
        Some(app) if app == key.record.app_id => app,
        // A key of an integration does not learn which other apps there are.
        Some(_) if reach == Reach::Integration => return Err(Failure::app_not_found()),
        Some(app) => {
            // An archived app is a deleted one here.
            api.service.finds_app(&caller, &app).await?;
            app
        }
    };
    Ok(Scoped { caller, key, reach, app, places })
}

async fn accepted(parts: &mut Parts, api: &Api) -> Result<Arc<CachedKey>, Failure> {
    let presented = presented(&parts.headers).ok_or_else(Failure::unauthorized)?;
    let request = VerifyRequest {
        edge: Edge::Sunshine,
        address: api.client(&parts.extensions, &parts.headers),
        kind: presented.kind(),
        method: Some(parts.method.as_str()),
        path: Some(parts.uri.path()),
        ..VerifyRequest::default()
    };
    let verdict = api.verifier.verify(presented.credential(), request).await?;
    match verdict.code {
        Verdicts::Valid => {
            api.expect(parts, &verdict);
            verdict.key.ok_or_else(Failure::unauthorized)
        }
        Verdicts::IpNotAllowed | Verdicts::OriginNotAllowed | Verdicts::InsufficientPermissions => {
            Err(Failure::forbidden())
        }
        Verdicts::RateLimited | Verdicts::UsageExceeded => Err(Problem::too_many(verdict.retry_after()).into()),
        _ => Err(Failure::unauthorized()),
    }
}

/// What the header Authorization presents.
enum Presented<'a> {
    /// The id and the secret, as they were joined by a colon.
    Basic { pair: Zeroizing<String>, colon: usize },
    /// A JWT.
    Bearer(&'a str),
}

impl Presented<'_> {
    fn credential(&self) -> Credential<'_> {
        match self {
            Self::Basic { pair, colon } => {
                let (id, rest) = pair.split_at_checked(*colon).unwrap_or_default();
                Credential::Basic { id, secret: rest.strip_prefix(':').unwrap_or_default() }
            }
            Self::Bearer(token) => Credential::Signed { token },
        }
    }

    /// The kind that the id of Basic says it is of. What it must be is decided before the secret is looked at.
    fn kind(&self) -> Option<KeyKind> {
        let Self::Basic { pair, colon } = self else { return None };
        let (prefix, _) = pair.get(..*colon)?.rsplit_once('_')?;
        KeyKind::SCOPED.into_iter().find(|kind| kind.rules().prefix == Some(prefix))
    }
}

/// The credentials of a call. Bearer wins if both are there; two of the same scheme are none, because two parties could
/// each trust a different one.
fn presented(headers: &HeaderMap) -> Option<Presented<'_>> {
    let (mut basic, mut bearer) = (Vec::new(), Vec::new());
    for value in headers.get_all(header::AUTHORIZATION) {
        let text = value.to_str().ok().filter(|text| text.len() <= AUTHORIZATION_MAX)?;
        let (scheme, rest) = text.trim().split_once(' ')?;
        let side = if scheme.eq_ignore_ascii_case("bearer") {
            &mut bearer
        } else if scheme.eq_ignore_ascii_case("basic") {
            &mut basic
        } else {
            return None;
        };
        side.push(rest.trim_matches(' '));
    }
    if !bearer.is_empty() {
        let [token] = bearer.as_slice() else { return None };
        return Some(Presented::Bearer(token));
    }
    let [encoded] = basic.as_slice() else { return None };
    let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).ok()?);
    let pair = Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned());
    let colon = pair.find(':')?;
    let presented = Presented::Basic { pair, colon };
    // Keys of other kinds are not presented in this way.
    presented.kind().is_some().then_some(presented)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64.encode(pair.as_bytes()))
    }

    #[test]
    fn bearer_wins_and_one_of_a_scheme_is_enough() {
        let pair = &*basic("int_5e4b0f225aca01092928f917:secret:with:colons");
        let found = headers(&[pair]);
        let Some(presented) = presented(&found) else { panic!("Basic is not read") };
        assert_eq!(presented.kind(), Some(KeyKind::OF_INTEGRATION));
        let is_read = matches!(
            presented.credential(),
            Credential::Basic { id: "int_5e4b0f225aca01092928f917", secret: "secret:with:colons" }
        );
        assert!(is_read);
        for values in [&["Bearer a.b.c"][..], &[pair, "bearer  a.b.c "], &["Bearer a.b.c", pair]] {
            let found = headers(values);
            assert!(matches!(super::presented(&found), Some(Presented::Bearer("a.b.c"))), "{values:?}");
        }
    }

    #[test]
    fn nothing_else_is_read() {
        let pair = &*basic("app_5e4b0f225aca01092928f917:secret");
        let other = &*basic("ks_5e4b0f225aca01092928f917:secret");
        let bare = &*basic("app_5e4b0f225aca01092928f917");
        let long = &*format!("Bearer {}", "a".repeat(AUTHORIZATION_MAX));
        assert!(presented(&HeaderMap::new()).is_none());
        for values in [
            &[""][..],
            &["Basic"],
            &["Basic %%%"],
            &["Basic /w=="],
            &[other],
            &[bare],
            &["Digest a"],
            &[pair, pair],
            &["Bearer a", "Bearer b"],
            &["Digest a", "Bearer a"],
            &[long],
        ] {
            assert!(presented(&headers(values)).is_none(), "{values:?}");
        }
    }
}

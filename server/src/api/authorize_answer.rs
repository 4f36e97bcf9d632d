//! The answer to a proxy: a status that it understands, and headers that identify the key. Every answer has all of
//! these headers, empty if there is nothing to say. A proxy that copies them thus overwrites whatever a client forged.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::key::KeyRecord;
use domain::permission::Permission;
use domain::rules::KeyRules;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use service::verify::Verdict;

use crate::json::problem::{INVALID_TOKEN, Kind, MEDIA_TYPE, Problem};
use crate::responses::{NO_STORE, no_page};

const KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
const KEY_NAME: HeaderName = HeaderName::from_static("x-key-name");
const KEY_KIND: HeaderName = HeaderName::from_static("x-key-kind");
const KEY_PERMISSIONS: HeaderName = HeaderName::from_static("x-key-permissions");
const KEY_ENVIRONMENT: HeaderName = HeaderName::from_static("x-key-environment");
const KEY_EXTERNAL_ID: HeaderName = HeaderName::from_static("x-key-external-id");
const KEY_OWNER: HeaderName = HeaderName::from_static("x-key-owner");
const KEY_TAGS: HeaderName = HeaderName::from_static("x-key-tags");
const KEY_METADATA: HeaderName = HeaderName::from_static("x-key-metadata");
const VERIFY_CODE: HeaderName = HeaderName::from_static("x-verify-code");

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The most bytes of a label in a header. Proxies and services refuse longer heads.
const LABEL_MAX: usize = 2_000;

/// Everything but visible ASCII, and the escape character itself.
const NOT_IN_A_HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

const EMPTY: HeaderValue = HeaderValue::from_static("");
/// The same answer for every key that does not work, so that an attacker who tries keys learns nothing.
static KEY_REFUSED: LazyLock<Bytes> = LazyLock::new(|| {
    document(
        Kind::KeyRefused,
        "The key was not accepted. If it is complete, whoever issued it can see why in the console.",
    )
});
static FORBIDDEN: LazyLock<Bytes> = LazyLock::new(|| {
    document(Kind::Forbidden, "The key works, but not for this request. The header X-Verify-Code says why.")
});
static UNKNOWN_CLIENT: LazyLock<Bytes> = LazyLock::new(|| {
    document(
        Kind::Forbidden,
        "The key works only from some networks, and the client's address is unknown. Name the proxy in \
         KEYSTEAD_TRUSTED_PROXIES, and let it send X-Forwarded-For.",
    )
});
static TOO_MANY: LazyLock<Bytes> = LazyLock::new(|| {
    document(
        Kind::TooManyCalls,
        "The key has used up its calls. The header Retry-After says when to try again, if that is known.",
    )
});

/// Written once, because refusals come in floods.
fn document(kind: Kind, detail: &'static str) -> Bytes {
    serde_json::to_vec(&Problem::new(kind, detail).document()).unwrap_or_default().into()
}

/// The request may pass.
pub(super) fn allowed(key: &KeyRecord) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.reserve(16);
    headers.insert(KEY_ID, HeaderValue::from_str(key.id.as_str()).unwrap_or(EMPTY));
    headers.insert(KEY_NAME, name(&key.name));
    headers.insert(KEY_KIND, HeaderValue::from_static(key.kind.as_str()));
    headers.insert(KEY_PERMISSIONS, permissions(&key.rules.permissions));
    labels(headers, &key.rules);
    headers.insert(VERIFY_CODE, HeaderValue::from_static(Code::Valid.as_str()));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// The request may not pass. `client` is the address that was judged, if it is known.
pub(super) fn refused(verdict: &Verdict, client: Option<IpAddr>, nginx: bool, now: Timestamp) -> Response {
    let code = verdict.code;
    let (status, body, shown) = match code {
        Code::NotFound | Code::Pending | Code::Revoked | Code::Disabled | Code::NotYetValid | Code::Expired => {
            (StatusCode::UNAUTHORIZED, &*KEY_REFUSED, EMPTY)
        }
        Code::RateLimited | Code::UsageExceeded if !nginx => {
            (StatusCode::TOO_MANY_REQUESTS, &*TOO_MANY, HeaderValue::from_static(code.as_str()))
        }
        Code::IpNotAllowed if client.is_none() => {
            (StatusCode::FORBIDDEN, &*UNKNOWN_CLIENT, HeaderValue::from_static(code.as_str()))
        }
        // `VALID` is never refused. If it were, this would be the safe answer.
        Code::KindNotAllowed
        | Code::IpNotAllowed
        | Code::OriginNotAllowed
        | Code::InsufficientPermissions
        | Code::RateLimited
        | Code::UsageExceeded
        | Code::Valid => (StatusCode::FORBIDDEN, &*FORBIDDEN, HeaderValue::from_static(code.as_str())),
    };
    let mut response = Response::new(Body::from(body.clone()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(16);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    no_page(headers);
    nobody(headers, shown);
    match code {
        Code::RateLimited => rate_limited(headers, verdict),
        Code::UsageExceeded => used_up(headers, verdict, now),
        _ if status == StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(INVALID_TOKEN));
        }
        _ => {}
    }
    response
}

/// Nothing was decided: there is no key, an option cannot be read, or the store does not answer.
pub(super) fn not_decided(problem: Problem) -> Response {
    let mut response = problem.into_response();
    no_page(response.headers_mut());
    nobody(response.headers_mut(), EMPTY);
    response
}

fn nobody(headers: &mut HeaderMap, code: HeaderValue) {
    for name in [
        KEY_ID,
        KEY_NAME,
        KEY_KIND,
        KEY_PERMISSIONS,
        KEY_ENVIRONMENT,
        KEY_EXTERNAL_ID,
        KEY_OWNER,
        KEY_TAGS,
        KEY_METADATA,
    ] {
        headers.insert(name, EMPTY);
    }
    headers.insert(VERIFY_CODE, code);
}

/// The key's labels. One that is too long for a header is left out.
fn labels(headers: &mut HeaderMap, rules: &KeyRules) {
    let label = |text: &str| Some(name(text)).filter(|value| value.len() <= LABEL_MAX).unwrap_or(EMPTY);
    let metadata = || serde_json::to_string(&rules.metadata).unwrap_or_default();
    headers.insert(KEY_ENVIRONMENT, HeaderValue::from_static(rules.environment.as_str()));
    headers.insert(KEY_EXTERNAL_ID, rules.external_id.as_deref().map_or(EMPTY, label));
    headers.insert(KEY_OWNER, rules.owner.as_ref().map_or(EMPTY, |owner| label(owner.as_str())));
    headers.insert(KEY_TAGS, if rules.tags.is_empty() { EMPTY } else { label(&rules.tags.join(",")) });
    headers.insert(KEY_METADATA, if rules.metadata.is_empty() { EMPTY } else { label(&metadata()) });
}

/// The headers of the limit that refuses the call for the longest time.
fn rate_limited(headers: &mut HeaderMap, verdict: &Verdict) {
    let full = verdict.limits.iter().filter(|state| !state.passed);
    let Some(state) = full.max_by_key(|state| state.reset) else { return };
    let seconds = state.reset.whole_seconds_up();
    headers.insert(RATE_LIMIT, state.limit.limit.into());
    headers.insert(RATE_REMAINING, state.remaining.into());
    headers.insert(RATE_RESET, seconds.into());
    headers.insert(header::RETRY_AFTER, seconds.into());
}

/// The headers of a used-up quota. One that never refills has no time to come back.
fn used_up(headers: &mut HeaderMap, verdict: &Verdict, now: Timestamp) {
    let quota = verdict.key.as_ref().and_then(|key| key.record.rules.quota);
    let Some((quota, state)) = quota.zip(verdict.quota) else { return };
    headers.insert(RATE_LIMIT, quota.total.into());
    headers.insert(RATE_REMAINING, state.remaining.into());
    if let Some(next) = quota.refill.next(now) {
        let seconds = next.since(now).whole_seconds_up();
        headers.insert(RATE_RESET, seconds.into());
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
}

/// A text may contain any character, but a header may not.
fn name(name: &str) -> HeaderValue {
    let encoded = Cow::from(utf8_percent_encode(name, NOT_IN_A_HEADER));
    HeaderValue::from_str(&encoded).unwrap_or(EMPTY)
}

/// The permissions, separated by commas, which no permission contains.
fn permissions(permissions: &[Permission]) -> HeaderValue {
    let length = permissions.iter().map(|permission| permission.as_str().len() + 1).sum();
    let mut list = String::with_capacity(length);
    for permission in permissions {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(permission.as_str());
    }
    HeaderValue::try_from(list).unwrap_or(EMPTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_header_and_can_be_read_back() {
        for (given, expected) in [
            ("billing", "billing"),
            ("Billing service", "Billing%20service"),
            ("100% {env.HOME}", "100%25%20{env.HOME}"),
            ("Grüße", "Gr%C3%BC%C3%9Fe"),
            ("a\r\nX-Key-Id: b\0", "a%0D%0AX-Key-Id:%20b%00"),
            ("🔑", "%F0%9F%94%91"),
        ] {
            assert_eq!(name(given), expected);
        }
    }

    #[test]
    fn permissions_are_a_list() {
        let list = |names: &[&str]| {
            permissions(&names.iter().map(|name| Permission::parse(name).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["*"]), "*");
        assert_eq!(list(&["invoices.*", "orders:eu.read"]), "invoices.*,orders:eu.read");
    }
}

//! The key that a call presents.

use axum::http::{HeaderMap, HeaderName, header};
use service::verify::Credential;

use crate::json::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const PAIR_ID: HeaderName = HeaderName::from_static("x-master-user-api-key");
const PAIR_SECRET: HeaderName = HeaderName::from_static("x-master-user-api-key-secret");

/// The key in `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some(value) = one(headers, &header::AUTHORIZATION)? else {
        return Err(Problem::key_needed("Send a key in the header Authorization: Bearer <key>."));
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::key_needed(
            "The Authorization header uses another scheme; send Authorization: Bearer <key>.",
        ));
    }
    let token = rest.trim_matches(' ');
    if token.is_empty() || token.contains([' ', '\t']) {
        return Err(Problem::key_needed("Exactly one key must follow the word Bearer, without spaces in it."));
    }
    Ok(token)
}

/// The key of a call about itself: as Bearer, or as the pair of headers of a Master User.
pub(super) fn own(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    match (one(headers, &PAIR_ID)?, one(headers, &PAIR_SECRET)?) {
        (None, None) => bearer(headers).map(Credential::Token),
        (Some(_), Some(_)) if headers.contains_key(header::AUTHORIZATION) => {
            Err(Problem::malformed("Send either Authorization or the two X-MASTER-USER-API-KEY headers, not both."))
        }
        (Some(id), Some(secret)) => Ok(Credential::Pair { id, secret }),
        (Some(_), None) => Err(Problem::key_needed("X-MASTER-USER-API-KEY-SECRET is missing: send both headers.")),
        (None, Some(_)) => Err(Problem::key_needed("X-MASTER-USER-API-KEY is missing: send both headers.")),
    }
}

/// The key of a request at a proxy, in any of the headers that a client may use. Two different keys are refused,
/// because the service behind the proxy might trust the other one. An `Authorization` header of another scheme belongs
/// to the service.
pub(super) fn presented(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let bearer = match alone(headers, &header::AUTHORIZATION)?.map(|value| value.split_once(' ').unwrap_or((value, "")))
    {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Some(rest.trim_matches(' ')),
        _ => None,
    };
    let api_key = alone(headers, &API_KEY)?;
    match (bearer, api_key, alone(headers, &PAIR_ID)?, alone(headers, &PAIR_SECRET)?) {
        (Some(token), None, None, None) | (None, Some(token), None, None) => Ok(Credential::Token(token)),
        (Some(token), Some(same), None, None) if token == same => Ok(Credential::Token(token)),
        (None, None, Some(id), Some(secret)) => Ok(Credential::Pair { id, secret }),
        (None, None, None, None) => Err(Problem::key_needed(
            "Send a key, as Authorization: Bearer <key>, as X-API-Key: <key>, or as the two X-MASTER-USER-API-KEY headers.",
        )),
        (None, None, _, _) => {
            Err(Problem::key_needed("One of the two X-MASTER-USER-API-KEY headers is missing: send both."))
        }
        _ => Err(Problem::key_needed("The request has more than one key: send exactly one.")),
    }
}

/// Reads a header that must not be repeated, because two parties could each trust a different value. The error says
/// what is wrong with it.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("The header {name} is repeated."));
    }
    value.to_str().map(Some).map_err(|_| format!("The header {name} is not printable ASCII."))
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    once(headers, name).map_err(Problem::malformed)
}

/// Does the same, but with the status of every other bad key, because proxies understand few others.
fn alone<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    once(headers, name).map_err(Problem::key_needed)
}

//! The key that a call presents.

use axum::http::{HeaderMap, HeaderName, header};
use service::verify::Credential;

use super::problem::Problem;

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
        return Err(Problem::key_needed("Exactly one key has to follow the word Bearer, without spaces in it."));
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
        (Some(_), None) => {
            Err(Problem::key_needed("X-MASTER-USER-API-KEY-SECRET is missing: both headers belong together."))
        }
        (None, Some(_)) => Err(Problem::key_needed("X-MASTER-USER-API-KEY is missing: both headers belong together.")),
    }
}

/// A header that must not come twice: two parties could each believe in another one.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed(format!("The header {name} came more than once.")));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| Problem::malformed(format!("The header {name} holds other bytes than printable ASCII.")))
}

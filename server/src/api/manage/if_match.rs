//! `If-Match`: a change is made only if the key is as its caller saw it.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::ids::KeyId;

use super::super::call::Api;
use super::call::By;
use crate::json::problem::Problem;

/// The revision that the caller saw; `None` for whichever it is at.
#[derive(Debug, Clone, Copy)]
pub(super) struct IfMatch(pub Option<i64>);

/// The revision of no key.
const NONE: i64 = -1;

impl FromRequestParts<Arc<Api>> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Some(seen) = sent(&parts.headers)? else { return Ok(Self(None)) };
        let revision = match seen.as_slice() {
            [] => NONE,
            [one] => *one,
            // The change asks again for the one that it is at now: it may be at another by then.
            several => present(parts, api).await.filter(|now| several.contains(now)).unwrap_or(NONE),
        };
        Ok(Self(Some(revision)))
    }
}

/// The revisions that the header names; `None` for any.
fn sent(headers: &HeaderMap) -> Result<Option<Vec<i64>>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed("The header If-Match is repeated."));
    }
    let tags = value.to_str().unwrap_or_default().trim();
    Ok((tags != "*").then(|| tags.split(',').filter_map(|tag| revision(tag.trim())).collect()))
}

/// What is no tag of ours is of no revision, and so is a weak one.
fn revision(tag: &str) -> Option<i64> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

/// The revision of the key in the address. If the caller does not see it, the act says why.
async fn present(parts: &mut Parts, api: &Arc<Api>) -> Option<i64> {
    let By(caller) = By::from_request_parts(parts, api).await.ok()?;
    let Named(id) = Named::from_request_parts(parts, api).await.ok()?;
    Some(api.service.key(&caller, &KeyId::parse(&id)?).await.ok()?.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_each_revision_and_nothing_else_is_one() {
        let seen = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            sent(&headers).unwrap()
        };
        assert_eq!(sent(&HeaderMap::new()).unwrap(), None);
        assert_eq!(seen("*"), None);
        assert_eq!(seen("\"2\""), Some(vec![2]));
        assert_eq!(seen("\"7\", \"2\" ,\"abc\",W/\"3\",,4"), Some(vec![7, 2]));
        for other in ["", "2", "\"2", "\"\"", "\"1,2\"", "\"1\" \"2\""] {
            assert_eq!(seen(other), Some(Vec::new()), "{other}");
        }
    }
}

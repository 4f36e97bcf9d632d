//! `If-Match`: a change is made only if the key is as its caller saw it.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::json::problem::Problem;

/// The revision that the caller saw; `None` for whichever it is at.
#[derive(Debug, Clone, Copy)]
pub(super) struct IfMatch(pub Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let one = || Problem::malformed("The header If-Match must be * or one ETag of the key, for example \"3\".");
        if values.next().is_some() {
            return Err(one());
        }
        match value.to_str().map_err(|_| one())?.trim() {
            "*" => Ok(Self(None)),
            // Tags of another form are of no revision.
            tag if tag.starts_with("W/") => Ok(Self(Some(-1))),
            tag => {
                let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(one)?;
                if tag.contains('"') { Err(one()) } else { Ok(Self(Some(tag.parse().unwrap_or(-1)))) }
            }
        }
    }
}

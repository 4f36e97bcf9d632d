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
        if values.next().is_some() {
            return Err(Problem::malformed("The header If-Match is repeated."));
        }
        let tag = value.to_str().unwrap_or_default().trim();
        if tag == "*" {
            return Ok(Self(None));
        }
        // What is no tag of ours is of no revision, and so is a weak one.
        let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
        Ok(Self(Some(number.unwrap_or(-1))))
    }
}

//! What the rate limits of the calling key have left, in the headers that the IETF drafts for it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use service::verify::LimitState;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Adds both headers, if the key has limits. Names of limits need no escapes.
pub(super) fn tell(limits: &[LimitState], headers: &mut HeaderMap) {
    if limits.is_empty() {
        return;
    }
    let policy = limits.iter().map(|state| {
        let limit = &state.limit;
        format!("\"{}\";q={};w={}", limit.name, limit.limit, limit.window.whole_seconds_up())
    });
    let left = limits
        .iter()
        .map(|state| format!("\"{}\";r={};t={}", state.limit.name, state.remaining, state.reset.whole_seconds_up()));
    for (name, values) in [(POLICY, joined(policy)), (LEFT, joined(left))] {
        if let Ok(value) = HeaderValue::from_str(&values) {
            headers.insert(name, value);
        }
    }
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(", ")
}

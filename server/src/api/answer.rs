//! The answer about a key: the same for a service that asks and for a key that asks about itself.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::permission::Permission;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use serde::Serialize;
use service::verify::Verdict;

use crate::responses::{NO_STORE, NOSNIFF, SANDBOX, strict_transport};

/// Every member is there each time; what is not known is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    valid: bool,
    code: &'static str,
    key_id: Option<&'a str>,
    name: Option<&'a str>,
    kind: Option<&'static str>,
    permissions: &'a [Permission],
    expires_at: Option<String>,
}

pub(super) fn answer(verdict: &Verdict, https: bool) -> Response {
    let record = verdict.key.as_ref().map(|key| &key.record);
    let answer = Answer {
        valid: verdict.code == Code::Valid,
        code: verdict.code.as_str(),
        key_id: record.map(|record| record.id.as_str()),
        name: record.map(|record| record.name.as_str()),
        kind: record.map(|record| record.kind.as_str()),
        permissions: record.map_or(&[], |record| &record.permissions),
        expires_at: record.and_then(|record| record.expires_at).map(Timestamp::to_rfc3339),
    };
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    strict_transport(headers, https);
    response
}

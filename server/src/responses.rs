//! Headers that every kind of answer shares.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Two years, as browsers ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(crate) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

pub(crate) const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// For every answer that no browser shows as a page and that nobody may keep.
pub(crate) fn no_page(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
}

/// Tells browsers to use only HTTPS from now on.
pub(crate) fn strict_transport(headers: &mut HeaderMap, https: bool) {
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

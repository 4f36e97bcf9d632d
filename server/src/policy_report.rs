//! Logs violations of the content security policy that browsers report: a page contained something that is not part of
//! Keystead.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Deserialize;

use crate::paths::POLICY_REPORTS;
use crate::reading::{Sender, whole};
use crate::responses::{NO_STORE, NOSNIFF};
use crate::seldom::Seldom;

/// A report has a few hundred bytes.
const LONGEST: usize = 16 * 1024;

/// Anybody can send reports, so at most one per this time is logged.
const LOGGED_EVERY: Duration = Duration::from_secs(1);

/// The most characters of an address that are logged.
const ADDRESS_MAX: usize = 200;

/// A report in the form of `report-uri` (CSP Level 3, 5.3). The sample of the page is not read, because it may hold a
/// secret.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Violation {
    document_uri: String,
    effective_directive: String,
    blocked_uri: String,
    source_file: String,
    line_number: u64,
}

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "csp-report")]
    violation: Violation,
}

pub(crate) fn router() -> Router {
    Router::new().route(POLICY_REPORTS, post(take)).with_state(Arc::new(Seldom::every(LOGGED_EVERY)))
}

async fn take(State(seldom): State<Arc<Seldom>>, headers: HeaderMap, body: Body) -> impl IntoResponse {
    let status = match whole(Sender::Stranger, &headers, body, LONGEST).await {
        Ok(body) => match serde_json::from_slice::<Report>(&body.bytes) {
            Ok(report) => {
                if seldom.due() {
                    log(&report.violation);
                }
                StatusCode::NO_CONTENT
            }
            Err(_) => StatusCode::BAD_REQUEST,
        },
        Err(error) => error.status(),
    };
    (status, [(header::CACHE_CONTROL, NO_STORE), (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF)])
}

fn log(violation: &Violation) {
    tracing::warn!(
        page = ?address(&violation.document_uri),
        directive = ?address(&violation.effective_directive),
        blocked = ?address(&violation.blocked_uri),
        source = ?address(&violation.source_file),
        line = violation.line_number,
        "a browser reported a violation of the content security policy"
    );
}

/// The longest part of a path that is logged. The token of a one-use link is longer.
const PART_MAX: usize = 40;

/// An address without its query and fragment, which may hold whole tokens, and without the tokens of one-use links.
fn address(text: &str) -> String {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').map(|part| if part.len() > PART_MAX { "…" } else { part }).collect();
    parts.join("/").chars().take(ADDRESS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_logged_without_what_may_be_secret() {
        assert_eq!(address("https://keys.example.com/setup?token=abc#def"), "https://keys.example.com/setup");
        for page in ["reset", "invite", "collect"] {
            let link = format!("https://keys.example.com/{page}/{}", "0".repeat(64));
            assert_eq!(address(&link), format!("https://keys.example.com/{page}/…"));
        }
        assert_eq!(address("inline"), "inline");
        assert_eq!(address(&"x/".repeat(5_000)).len(), ADDRESS_MAX);
    }
}

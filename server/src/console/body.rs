//! The size limit of forms.

use app::desk::context::Visit;
use app::desk::file_form::{FIELDS_MAX, PATH, TooLarge, has_files};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::reading::{self, BodyError, Sender};
use crate::state::AppState;

/// The largest form takes less than this, even with every field at its limit and percent-encoded.
const LIMIT: usize = 256 * 1024;

/// What a visitor without a session may send: to sign in takes less. Anything else is only kept to be shown again.
const STRANGERS_LIMIT: usize = 8 * 1024;

const TOO_LONG_WITHOUT_SESSION: &str =
    "You are not signed in, and the form is larger than 8 KiB. Sign in in another tab, go back, and send it again.\n";

const CROWDED: &str = "Too many forms are on their way at the same time. Go back, and send it again in a moment.\n";

/// Whether the route takes files.
fn is_for_files(extensions: &Extensions) -> bool {
    extensions.get::<MatchedPath>().is_some_and(|route| route.as_str() == PATH)
}

/// Reads the body before anything else, so that every request that is too long or too slow gets that answer.
pub(super) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let (parts, _) = request.into_parts();
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let (mut parts, body) = request.into_parts();
    let session = parts.extensions.get::<Visit>().and_then(|visit| visit.session.clone());
    let is_known = session.is_some();
    let takes_files = is_known && has_files(&parts.headers) && is_for_files(&parts.extensions);
    let most = state.service.attachment_max();
    let (sender, limit) = match &session {
        Some(session) if takes_files => (
            Sender::WithFile(session.person.id().as_str()),
            usize::try_from(most).unwrap_or(usize::MAX).saturating_add(FIELDS_MAX),
        ),
        Some(session) => (Sender::Known(session.person.id().as_str()), LIMIT),
        None => (Sender::Stranger, STRANGERS_LIMIT),
    };
    match reading::whole(sender, &parts.headers, body, limit).await {
        // The page of the form says so.
        Err(BodyError::TooLong) if takes_files => {
            parts.extensions.insert(TooLarge { most });
            next.run(Request::from_parts(parts, Body::empty())).await
        }
        Ok(arrived) => {
            // The session may have ended, or the person been removed, while the form was on its way.
            if let (Some(session), true) = (&session, arrived.is_late) {
                match state.service.session_again(session).await {
                    Ok(session) => {
                        if let Some(visit) = parts.extensions.get_mut::<Visit>() {
                            visit.session = session;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "a session could not be looked up");
                        return StatusCode::SERVICE_UNAVAILABLE.into_response();
                    }
                }
            }
            next.run(Request::from_parts(parts, Body::from(arrived.bytes))).await
        }
        Err(BodyError::Crowded) => (StatusCode::SERVICE_UNAVAILABLE, CROWDED).into_response(),
        Err(BodyError::TooLong) if !is_known => {
            (StatusCode::PAYLOAD_TOO_LARGE, TOO_LONG_WITHOUT_SESSION).into_response()
        }
        Err(error) => error.status().into_response(),
    }
}

//! Forms post to their page's own address. The answer is the same page with the typed values and a fitting status, or a
//! 303 to the next page.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::field::Field;
use domain::refusal::Refusal;
use leptos::prelude::provide_context;
use percent_encoding::percent_decode;
use service::seen::SeenState;

use super::context::{Console, Desk, Visit};
use super::person_forms;
use super::render::render;
use crate::components::seen::SEEN;
use crate::error::ConsoleError;
use crate::forms::fields::{FormFields, Pairs};
use crate::forms::outcome::{Next, PostedForm, UnsentForm};
use crate::forms::proof::{Proof, WaitingForm, carried};

/// Who a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nobody,
    Session,
}

/// The most fields of a form, far more than any form has. Each is shown again if the session has ended.
const PAIRS_MAX: usize = 200;

/// Whether a body is UTF-8 after percent-decoding. The parser replaces invalid bytes with U+FFFD, which somebody could
/// also have typed.
fn is_text(body: &[u8]) -> bool {
    percent_decode(body).decode_utf8().is_ok()
}

/// Reads a form, does what it asks for, and answers.
pub(super) async fn answer<F, T, Fut>(
    console: Console,
    needs: Needs,
    request: Request,
    act: impl FnOnce(Desk, F) -> Fut,
) -> Response
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>>,
{
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if !is_form(&request) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let (parts, body) = request.into_parts();
    let page = Request::from_parts(parts.clone(), Body::empty());
    let body = match Bytes::from_request(Request::from_parts(parts, body), &()).await {
        Ok(body) => body,
        Err(rejection) => return rejection.status().into_response(),
    };

    let mut sent = Pairs(form_urlencoded::parse(&body).into_owned().take(PAIRS_MAX + 1).collect());
    if sent.0.len() > PAIRS_MAX {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    if needs == Needs::Session && visit.session.is_none() {
        let ended = UnsentForm { address: page.uri().path().to_owned(), sent: carried(sent) };
        let mut response = render(&console, move || provide_context(ended.clone()))(page).await;
        *response.status_mut() = ConsoleError::SignedOut.status();
        return response;
    }
    let seen = SeenState::read(sent.text(SEEN));
    let form_id = sent.get(Field::FormId.as_str()).filter(|id| !id.is_empty());
    let mut desk = Desk { console: console.clone(), visit, seen: seen.clone(), form_id };
    let proof = if needs == Needs::Session { Proof::take(&mut sent) } else { None };
    if let Some(proof) = &proof
        && let Err(error) = person_forms::prove(&mut desk, proof).await
    {
        proof.put_back(&mut sent);
        return ask_for_proof(&console, page, sent, Some(error)).await;
    }
    let complete = proof.map_or(Ok(()), |proof| proof.complete());
    let outcome = match complete {
        Err(missing) => Err(missing),
        Ok(()) if is_text(&body) => act(desk, F::read(&sent)).await,
        Ok(()) => Err(ConsoleError::NotText),
    };
    if needs == Needs::Session && matches!(outcome, Err(ConsoleError::Refused(Refusal::ProveAgain))) {
        return ask_for_proof(&console, page, sent, None).await;
    }
    let (status, outcome) = match outcome {
        Ok(Next::Go(to)) => return see_other(&to, &[]),
        Ok(Next::GoWithCookies(to, cookies)) => return see_other(&to, &cookies),
        Ok(Next::Show(shown)) => (StatusCode::OK, Ok(shown)),
        Err(error) => (error.status(), Err(error)),
    };
    let wait = outcome.as_ref().err().and_then(seconds_to_wait);
    let posted = PostedForm { form: F::read(&sent.shown_again()), seen, outcome };
    let mut response = render(&console, move || provide_context(posted.clone()))(page).await;
    *response.status_mut() = status;
    tell_wait(&mut response, wait);
    response
}

/// For how many seconds whoever was refused should wait, if that would help.
fn seconds_to_wait(error: &ConsoleError) -> Option<u32> {
    match error {
        ConsoleError::Refused(Refusal::Wait { seconds }) => Some(*seconds),
        error if error.status() == StatusCode::SERVICE_UNAVAILABLE => Some(2),
        _ => None,
    }
}

fn tell_wait(response: &mut Response, seconds: Option<u32>) {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
}

/// Shows the form for a proof, which carries the form that waits for it.
async fn ask_for_proof(console: &Console, page: Request, sent: Pairs, error: Option<ConsoleError>) -> Response {
    let status = error.as_ref().map_or(ConsoleError::Refused(Refusal::ProveAgain).status(), ConsoleError::status);
    let wait = error.as_ref().and_then(seconds_to_wait);
    let waiting = WaitingForm::new(page.uri().path().to_owned(), sent, error);
    let mut response = render(console, move || provide_context(waiting.clone()))(page).await;
    *response.status_mut() = status;
    tell_wait(&mut response, wait);
    response
}

fn is_form(request: &Request) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn see_other(to: &str, cookies: &[String]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    response.headers_mut().insert(header::LOCATION, location);
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn a_replacement_character_is_text_and_what_it_replaces_is_not() {
        for text in [&b""[..], b"name=%EF%BF%BD+%e2%82%ac", "name=\u{fffd}".as_bytes(), b"a=%&b=100%&c=%zz%4", b"%+e"] {
            assert!(is_text(text), "{text:?}");
        }
        for broken in [&b"name=%ff"[..], b"%C3=%A9", b"a=%c3&b=%a9", b"a=%ed%a0%80", b"a=\xff", b"a=%e2%82"] {
            assert!(!is_text(broken), "{broken:?}");
        }
    }
}

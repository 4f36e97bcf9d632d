//! Forms post to their page's own address. The answer is the same page with the typed values and a fitting status, or a
//! 303 to the next page.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use domain::ids::{AppId, ContactId, KeyId, PersonId, RoomId};
use domain::refusal::Refusal;
use leptos::prelude::provide_context;
use percent_encoding::percent_decode;

use super::contacts::contact_id;
use super::context::{Console, Desk, Visit};
use super::keys::key_id;
use super::live_room::room_id;
use super::named::Named;
use super::people::person_id;
use super::render::render;
use super::requests::request_id;
use super::{
    account_forms, apps, chats, contacts, hand_overs, holder, invites, key_forms, member_key, passkeys, people_forms,
    person_forms, requests, rooms, rotation, settings_forms,
};
use crate::error::ConsoleError;
use crate::forms::fields::{FormFields, Pairs};
use crate::forms::outcome::{Next, PostedForm, UnsentForm};
use crate::forms::proof::{Proof, WaitingForm};

/// Makes the handler of a form.
type MakeHandler = fn(&Console) -> MethodRouter;

/// Every form: the address that it is posted to, and its handler. The console accepts no other forms.
const FORMS: [(&str, MakeHandler); 86] = [
    ("/login", |console| form(console, Needs::Nobody, person_forms::sign_in)),
    ("/login/code", |console| form(console, Needs::Nobody, person_forms::finish_sign_in)),
    ("/logout", |console| form(console, Needs::Nobody, person_forms::sign_out)),
    ("/setup", |console| form(console, Needs::Nobody, person_forms::set_up)),
    ("/reset/{token}", |console| link_form(console, account_forms::reset)),
    ("/account", |console| form(console, Needs::Session, account_forms::rename)),
    ("/account/email", |console| form(console, Needs::Session, account_forms::change_email)),
    ("/account/password", |console| form(console, Needs::Session, account_forms::change_password)),
    ("/account/passkeys", |console| form(console, Needs::Session, passkeys::passkeys)),
    ("/account/prove", |console| form(console, Needs::Session, account_forms::prove)),
    ("/account/second-factor", |console| form(console, Needs::Session, account_forms::second_factor)),
    ("/account/connect/{provider}", |console| about(console, Needs::Session, Ok, account_forms::connect)),
    ("/account/providers", |console| form(console, Needs::Session, account_forms::disconnect)),
    ("/account/time-zone", |console| form(console, Needs::Session, account_forms::set_zone)),
    ("/account/sessions", |console| form(console, Needs::Session, account_forms::end_sessions)),
    ("/keys/new", |console| form(console, Needs::Session, key_forms::wizard)),
    ("/keys/bulk", |console| form(console, Needs::Session, key_forms::bulk)),
    ("/keys/views", |console| form(console, Needs::Session, key_forms::saved_view)),
    ("/keys/{id}/acknowledge", |console| key_form(console, key_forms::acknowledge)),
    ("/keys/{id}/drop", |console| key_form(console, key_forms::drop_pending)),
    ("/keys/{id}/edit", |console| key_form(console, key_forms::edit)),
    ("/keys/{id}/disable", |console| key_form(console, key_forms::disable)),
    ("/keys/{id}/enable", |console| key_form(console, key_forms::enable)),
    ("/keys/{id}/revoke", |console| key_form(console, key_forms::revoke)),
    ("/keys/{id}/restore", |console| key_form(console, key_forms::restore)),
    ("/keys/{id}/delete", |console| key_form(console, key_forms::delete)),
    ("/keys/{id}/rotate", |console| key_form(console, rotation::rotate)),
    ("/keys/{id}/rotate/handover", |console| key_form(console, rotation::hand_over)),
    ("/keys/{id}/rotation/acknowledge", |console| key_form(console, rotation::acknowledge)),
    ("/keys/{id}/rotation/drop", |console| key_form(console, rotation::drop_waiting)),
    ("/keys/{id}/rotation/extend", |console| key_form(console, rotation::extend)),
    ("/keys/{id}/rotation/finish", |console| key_form(console, rotation::finish)),
    ("/keys/{id}/rotation/undo", |console| key_form(console, rotation::undo)),
    ("/keys/handovers/new", |console| form(console, Needs::Session, hand_overs::hand_over)),
    ("/keys/handovers/{id}/withdraw", |console| key_form(console, hand_overs::withdraw)),
    ("/collect/{token}", |console| about(console, Needs::Nobody, Ok, hand_overs::collect)),
    ("/collect/{token}/stored", |console| about(console, Needs::Nobody, Ok, hand_overs::stored)),
    ("/holder", |console| form(console, Needs::Nobody, holder::look)),
    ("/holder/revoke", |console| form(console, Needs::Nobody, holder::revoke)),
    ("/holder/rotate", |console| form(console, Needs::Nobody, holder::rotate)),
    ("/requests/many", |console| form(console, Needs::Session, requests::decide_many)),
    ("/requests/{id}/approve", |console| request_form(console, requests::approve)),
    ("/requests/{id}/decline", |console| request_form(console, requests::decline)),
    ("/requests/{id}/withdraw", |console| request_form(console, requests::withdraw)),
    ("/requests/{id}/collect", |console| request_form(console, requests::collect)),
    ("/people/invite", |console| form(console, Needs::Session, invites::invite)),
    ("/people/invites/{id}/renew", |console| person_form(console, invites::renew)),
    ("/people/invites/{id}/revoke", |console| person_form(console, invites::revoke)),
    ("/people/{id}/role", |console| person_form(console, people_forms::change_role)),
    ("/people/{id}/keys", |console| person_form(console, people_forms::set_keys)),
    ("/people/{id}/apps", |console| person_form(console, people_forms::set_apps)),
    ("/people/{id}/unlock", |console| person_form(console, people_forms::unlock)),
    ("/people/{id}/disable", |console| person_form(console, people_forms::disable)),
    ("/people/{id}/enable", |console| person_form(console, people_forms::enable)),
    ("/people/{id}/reset", |console| person_form(console, people_forms::reset)),
    ("/people/{id}/factor", |console| person_form(console, people_forms::reset_factor)),
    ("/people/{id}/remove", |console| person_form(console, people_forms::remove)),
    ("/invite/{token}", |console| about(console, Needs::Nobody, Ok, invites::accept)),
    ("/apps/choose", |console| form(console, Needs::Session, apps::choose)),
    ("/apps/new", |console| form(console, Needs::Session, apps::create)),
    ("/apps/{id}/rename", |console| app_form(console, apps::rename)),
    ("/apps/{id}/archive", |console| app_form(console, apps::archive)),
    ("/apps/{id}/restore", |console| app_form(console, apps::restore)),
    ("/", |console| form(console, Needs::Session, member_key::reveal)),
    ("/member-key/reissue", |console| form(console, Needs::Session, member_key::reissue)),
    ("/rooms/new", |console| form(console, Needs::Session, rooms::create)),
    ("/rooms/{id}/edit", |console| room_form(console, rooms::change)),
    ("/rooms/{id}/open", |console| room_form(console, rooms::open)),
    ("/rooms/{id}/close", |console| room_form(console, rooms::close)),
    ("/rooms/{id}/delete", |console| room_form(console, rooms::delete)),
    ("/rooms/{id}/join", |console| room_form(console, rooms::join)),
    ("/rooms/{id}/notice", |console| room_form(console, rooms::send_notice)),
    ("/rooms/{id}/participants", |console| room_form(console, rooms::act_on_participant)),
    ("/chats/new", |console| form(console, Needs::Session, chats::create)),
    ("/chats/{id}/rename", |console| room_form(console, chats::rename)),
    ("/chats/{id}/invite", |console| room_form(console, chats::add)),
    ("/chats/{id}/archive", |console| room_form(console, chats::archive)),
    ("/chats/{id}/restore", |console| room_form(console, chats::restore)),
    ("/contacts/new", |console| form(console, Needs::Session, contacts::create)),
    ("/contacts/{id}/edit", |console| contact_form(console, contacts::change)),
    ("/contacts/{id}/disable", |console| contact_form(console, contacts::disable)),
    ("/contacts/{id}/enable", |console| contact_form(console, contacts::enable)),
    ("/contacts/{id}/remove", |console| contact_form(console, contacts::remove)),
    ("/settings", |console| form(console, Needs::Session, settings_forms::set_life)),
    ("/settings/approval", |console| form(console, Needs::Session, settings_forms::set_approval)),
    ("/settings/second-factor", |console| form(console, Needs::Session, settings_forms::set_factor_rules)),
];

/// The addresses of the forms.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|(path, _)| *path)
}

/// The forms, ready to be mounted.
pub fn routes(console: &Console) -> Router {
    FORMS.iter().fold(Router::new(), |router, (path, make)| router.route(path, make(console)))
}

/// Who a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
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

fn form<F, T, Fut>(console: &Console, needs: Needs, act: fn(Desk, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |request: Request| {
        let console = console.clone();
        async move { answer(console, needs, request, act).await }
    })
}

fn key_form<F, T, Fut>(console: &Console, act: fn(Desk, KeyId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| key_id(&id), act)
}

fn person_form<F, T, Fut>(console: &Console, act: fn(Desk, PersonId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| person_id(&id), act)
}

fn app_form<F, T, Fut>(console: &Console, act: fn(Desk, AppId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| apps::app_id(&id), act)
}

fn room_form<F, T, Fut>(console: &Console, act: fn(Desk, RoomId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| room_id(&id), act)
}

fn contact_form<F, T, Fut>(console: &Console, act: fn(Desk, ContactId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| contact_id(&id), act)
}

fn request_form<F, T, Fut>(console: &Console, act: fn(Desk, KeyId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| request_id(&id), act)
}

/// A form about what its address names.
fn about<N, F, T, Fut>(
    console: &Console,
    needs: Needs,
    read: fn(String) -> Result<N, ConsoleError>,
    act: fn(Desk, N, F) -> Fut,
) -> MethodRouter
where
    N: Send + 'static,
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |Named(named): Named, request: Request| {
        let console = console.clone();
        async move {
            answer(console, needs, request, move |desk, form| async move { act(desk, read(named)?, form).await }).await
        }
    })
}

/// The form of a one-use link, for whoever has it.
fn link_form<F, T, Fut>(console: &Console, act: fn(Desk, String, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |Named(token): Named, request: Request| {
        let console = console.clone();
        async move { answer(console, Needs::Nobody, request, move |desk, form| act(desk, token, form)).await }
    })
}

async fn answer<F, T, Fut>(
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
        Err(rejection) => return rejection.into_response(),
    };

    let mut sent = Pairs(form_urlencoded::parse(&body).into_owned().take(PAIRS_MAX + 1).collect());
    if sent.0.len() > PAIRS_MAX {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    if needs == Needs::Session && visit.session.is_none() {
        let ended = UnsentForm { address: page.uri().path().to_owned(), sent };
        let mut response = render(&console, move || provide_context(ended.clone()))(page).await;
        *response.status_mut() = ConsoleError::SignedOut.status();
        return response;
    }
    let mut desk = Desk { console: console.clone(), visit };
    let proof = if needs == Needs::Session { Proof::take(&mut sent) } else { None };
    if let Some(proof) = &proof
        && let Err(error) = person_forms::prove(&mut desk, proof).await
    {
        proof.put_back(&mut sent);
        return ask_for_proof(&console, page, sent, Some(error)).await;
    }
    let form = F::read(&sent);
    let complete = proof.map_or(Ok(()), |proof| proof.complete());
    let outcome = match complete {
        Err(missing) => Err(missing),
        Ok(()) if is_text(&body) => act(desk, form.clone()).await,
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
    let posted = PostedForm { form, outcome };
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

//! Stops everyone who is not signed in, without rendering a page for them. Leads to its set-up whoever must have a
//! second factor, and to the change of it whoever has too short a password. A form passes, because its own handler refuses it and keeps what was typed.

use app::desk::context::Visit;
use app::desk::onward::onward;
use app::desk::{CallError, ConsoleError};
use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::refusal::Refusal;
use domain::token::without_keys;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use service::sessions::Session;

use crate::paths::{PASSKEY, SERVER_FUNCTIONS, STREAMS};

/// Routes that are open to anybody. Everything else needs a session, including whatever is added later.
const PUBLIC: [&str; 14] = [
    "/login",
    "/login/code",
    "/login/oidc/{provider}",
    "/login/oidc/{provider}/callback",
    "/logout",
    "/setup",
    "/forgot",
    "/reset/{token}",
    "/invite/{token}",
    "/collect/{token}",
    "/collect/{token}/stored",
    "/holder",
    "/holder/revoke",
    "/holder/rotate",
];

/// The pages of somebody who must set up a second factor, and may do nothing else before. They are led to the first.
const SETS_FACTOR_UP: &[&str] = &["/account/second-factor", "/account/passkeys"];

/// The same for somebody who must choose a longer password.
const CHANGES_PASSWORD: &[&str] = &["/account/password"];

/// The characters that end a value of a query, or mean something else in it.
const NOT_IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whether only scripts call this address. They cannot follow a redirect to a page.
fn is_for_scripts(path: &str) -> bool {
    path.starts_with(SERVER_FUNCTIONS) || STREAMS.iter().any(|stream| path.starts_with(stream))
}

/// The only pages of somebody who owes something.
fn pages_left(session: &Session) -> Option<&'static [&'static str]> {
    let password = session.owes_password.then_some(CHANGES_PASSWORD);
    password.or(session.owes_factor.then_some(SETS_FACTOR_UP))
}

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let session = request.extensions().get::<Visit>().and_then(|visit| visit.session.as_ref());
    let (signed_in, left) = (session.is_some(), session.and_then(pages_left));
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    // What passkeys sign in with is asked for before anybody is signed in.
    if path == PASSKEY || route.is_some_and(|route| PUBLIC.contains(&route)) || (signed_in && left.is_none()) {
        return next.run(request).await;
    }
    if let Some(left) = left {
        if is_for_scripts(path) {
            return (StatusCode::FORBIDDEN, Json(CallError::from(ConsoleError::Refused(Refusal::Forbidden))))
                .into_response();
        }
        // An address where nothing is says so to them, too.
        if route.is_none_or(|route| left.contains(&route)) {
            return next.run(request).await;
        }
        return see_other(HeaderValue::from_static(left.first().copied().unwrap_or("/account")));
    }
    if is_for_scripts(path) {
        return (StatusCode::UNAUTHORIZED, Json(CallError::from(ConsoleError::SignedOut))).into_response();
    }
    if request.method() == Method::POST {
        return next.run(request).await;
    }
    // Only pages lead to the sign-in. Elsewhere a redirect would look to a probe as if something were there.
    if request.extensions().get::<MatchedPath>().is_none() {
        return next.run(request).await;
    }
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    if comes_from_elsewhere(request.headers()) {
        // The same address again, now from here, so that the browser sends its cookie.
        return onward(asked, "Continue to Keystead");
    }
    see_other(HeaderValue::try_from(login(asked)).unwrap_or(HeaderValue::from_static("/login")))
}

fn see_other(to: HeaderValue) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, to);
    response
}

/// Whether a link on another site led here. A browser then keeps the session cookie back.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let is = |name, value: &str| headers.get(name).is_some_and(|found: &HeaderValue| found == value);
    is("sec-fetch-site", "cross-site") && is("sec-fetch-mode", "navigate")
}

/// The address of the sign-in page, which leads back to the requested path. That is always a path of this console.
fn login(asked: &str) -> String {
    if asked == "/" || asked.starts_with("//") {
        return "/login".to_owned();
    }
    // An address is kept by browsers and proxies, and is shown again.
    format!("/login?next={}", utf8_percent_encode(&without_keys(asked), NOT_IN_A_QUERY))
}

#[cfg(test)]
mod tests {
    use domain::ids::KeyId;
    use domain::token::PlainToken;

    use super::login;

    #[test]
    fn sign_in_leads_back_without_the_secret_of_a_key() {
        let key = PlainToken::compose("ks", &KeyId::parse("7Qm2xVbN4tRa").unwrap(), &"s".repeat(43));
        let asked = format!("/keys?q={}&kind=service", key.expose());
        assert_eq!(login(&asked), "/login?next=/keys%3Fq%3Dks_7Qm2xVbN4tRa_%26kind%3Dservice");
    }

    #[test]
    fn sign_in_leads_back_to_what_was_asked_for() {
        assert_eq!(login("/"), "/login");
        assert_eq!(login("/keys"), "/login?next=/keys");
        assert_eq!(login("/keys?kind=service&q=a%20b"), "/login?next=/keys%3Fkind%3Dservice%26q%3Da%2520b");
        assert_eq!(login("//evil.example/"), "/login");
    }
}

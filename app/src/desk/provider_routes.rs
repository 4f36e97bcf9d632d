//! Where people go to a provider, and where they come back. Both are links, which redirect and show no page of their own:
//! what went wrong is said by the sign-in page.

use axum::Router;
use axum::extract::Extension;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::provider::Trouble;
use domain::refusal::Refusal;
use secrecy::ExposeSecret;
use serde::Deserialize;
use service::provider_sign_in::{Answer, Returned};
use service::providers::NotLetIn;
use service::setup::SetupDoor;
use service::sign_in::Entry;

use super::context::{Console, Desk, Visit};
use super::named::{InQuery, Named};
use super::onward::onward;
use super::person_forms::{client, code_address, entered, own_address};
use super::session_cookie::Cookie;
use crate::error::ConsoleError;
use crate::forms::done::{AccountDone, Told};

/// Where a sign-in by a provider begins.
const BEGIN: &str = "/login/oidc/{provider}";
/// Where it comes back.
const RETURN: &str = "/login/oidc/{provider}/callback";

/// The name of the reason in the address of the sign-in page.
pub const TROUBLE: &str = "trouble";
/// The name of the provider in it.
pub const PROVIDER: &str = "provider";

/// The addresses.
pub fn paths() -> impl Iterator<Item = &'static str> {
    [BEGIN, RETURN].into_iter()
}

/// The routes, ready to be mounted.
pub fn routes(console: &Console) -> Router {
    let (begins, returns) = (console.clone(), console.clone());
    let begin = move |visit: Extension<Visit>, id: Named, asked: InQuery<Asked>| async move {
        begin(Desk::new(begins, visit.0), id.0, asked.0).await
    };
    let come_back = move |visit: Extension<Visit>, id: Named, sent: InQuery<Sent>| async move {
        come_back(Desk::new(returns, visit.0), id.0, sent.0).await
    };
    Router::new().route(BEGIN, get(begin)).route(RETURN, get(come_back))
}

/// What a link to a provider asks for.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Where to go afterwards: an address of this console.
    next: Option<String>,
    /// Whether the browser's cookie is about connecting the provider.
    connect: Option<String>,
}

/// What a provider sends back through the browser.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

async fn begin(desk: Desk, id: String, asked: Asked) -> Response {
    match take(&desk, &id, &asked).await {
        Ok(response) => response,
        Err(not) => explain(&desk, &id, not),
    }
}

async fn take(desk: &Desk, id: &str, asked: &Asked) -> Result<Response, NotLetIn> {
    let (service, origin) = (desk.service(), &desk.console.public_url);
    // The sign-in page says why nobody can sign in here.
    if !desk.visit.may_sign_in(&desk.console) || service.setup_door("").await? != SetupDoor::Done {
        return Ok(Redirect::to("/login").into_response());
    }
    if asked.connect.is_some() {
        let address = service.go_on_at_provider(id, origin, desk.visit.under_way.as_ref(), &client(desk)).await?;
        return Ok(onward(&address, "Continue"));
    }
    let next = own_address(asked.next.as_deref().unwrap_or_default());
    let begun = service.begin_at_provider(id, origin, next, &client(desk)).await?;
    let cookie = Cookie::UnderWay.set(desk.visit.transport, desk.console.port, begun.cookie.expose_secret());
    Ok(with_cookies(Redirect::to(&begun.address).into_response(), [cookie]))
}

async fn come_back(desk: Desk, id: String, sent: Sent) -> Response {
    if !desk.visit.may_sign_in(&desk.console) {
        return Redirect::to("/login").into_response();
    }
    let answer = Answer { state: sent.state, code: sent.code.map(Into::into), error: sent.error, issuer: sent.iss };
    let (origin, cookie) = (&desk.console.public_url, desk.visit.under_way.as_ref());
    let returned = desk.service().return_from_provider(&id, origin, answer, cookie, &client(&desk)).await;
    let (transport, port) = (desk.visit.transport, desk.console.port);
    let forget = Cookie::UnderWay.remove(transport, port);
    let response = match returned {
        Ok(Returned::Entered(Entry::Session(signed_in), next)) => {
            with_cookies(onward(own_address(&next), "Continue to Keystead"), entered(&desk, &signed_in))
        }
        Ok(Returned::Entered(Entry::Code { step }, next)) => {
            let step = Cookie::Step.set(transport, port, step.expose_secret());
            with_cookies(onward(&code_address(own_address(&next)), "Continue to Keystead"), [step])
        }
        Ok(Returned::Connected) => {
            let done = Cookie::Done.set(transport, port, &Told::Account(AccountDone::Connected).cookie());
            with_cookies(onward("/account", "Continue to Keystead"), [done])
        }
        // The cookie may be of a sign-in that goes on in another tab.
        Err(not @ NotLetIn::Trouble(Trouble::Over, _)) => return explain(&desk, &id, not),
        Err(not) => explain(&desk, &id, not),
    };
    with_cookies(response, [forget])
}

/// Leads to the sign-in page, which says what went wrong.
fn explain(desk: &Desk, id: &str, not: NotLetIn) -> Response {
    let trouble = match not {
        NotLetIn::Trouble(trouble, _) => trouble,
        NotLetIn::Other(service::Error::Refused(Refusal::NotFound)) => return StatusCode::NOT_FOUND.into_response(),
        NotLetIn::Other(error) => return ConsoleError::from(error).status().into_response(),
    };
    // The id is that of a provider, so it fits into an address.
    let address = format!("/login?{TROUBLE}={}&{PROVIDER}={id}", trouble.as_str());
    let known = desk.service().offered_providers().iter().any(|provider| provider.id == id);
    Redirect::to(if known { &address } else { "/login" }).into_response()
}

fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = String>) -> Response {
    for cookie in cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

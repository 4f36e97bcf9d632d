//! Who is signed in and what they just did, and whether anyone can sign in.

use axum::http::{HeaderValue, header};
use domain::role::{Rights, Role};
use domain::timestamp::Timestamp;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use secrecy::ExposeSecret;
use service::providers::Offered;
use service::setup::SetupDoor;
use service::sign_in::WaysOn;

use super::context::{Desk, Transport};
use super::session_cookie::Cookie;
use crate::error::ConsoleError;
use crate::forms::done::Told;

/// The signed-in person, for the frame of every page.
#[derive(Debug)]
pub struct Me {
    /// The e-mail address they sign in with.
    pub email: String,
    /// The role in this installation.
    pub role: Role,
    /// The person's role.
    pub rights: Rights,
    /// Whether this visit uses plain HTTP, which the configuration allows.
    pub plain_http: bool,
    /// When the person must have a second factor, unless there is one.
    pub factor_due: Option<Timestamp>,
}

/// What the sign-in page may show.
#[derive(Debug, Clone)]
pub enum SignInDoor {
    /// The form, with a warning if anyone on the network can read it.
    Open {
        plain_http: bool,
        /// The providers that people can sign in by instead.
        providers: Vec<Offered>,
    },
    /// No form, because a password would travel in the clear.
    Plain,
    /// There is no owner yet. Somebody has to use the set-up link first.
    SetUpFirst,
}

/// What the second step of a sign-in may show.
#[derive(Debug, Clone, Copy)]
pub enum CodeDoor {
    /// The form for a code, the button for a passkey, or both.
    Open(WaysOn),
    /// No sign-in waits.
    Over,
}

/// What a reset link may show.
#[derive(Debug)]
pub enum ResetDoor {
    /// The form, for the person with this e-mail, whose password has at least so many characters.
    Open { email: String, least: usize },
    /// The link is unknown, used, replaced or expired.
    Closed,
    /// No form, because a password would travel in the clear.
    Plain,
}

/// Who is signed in.
pub fn read_me() -> Result<Me, ConsoleError> {
    let desk = Desk::from_context()?;
    let session = desk.session()?;
    let person = &session.person;
    Ok(Me {
        email: person.email().to_owned(),
        role: person.role(),
        rights: desk.caller()?.rights(),
        plain_http: desk.visit.transport == Transport::Plain,
        factor_due: session.factor_due,
    })
}

/// How the visitor's sign-in goes on.
pub async fn read_code_door() -> Result<CodeDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    let step = desk.visit.step.as_ref().filter(|_| desk.visit.may_sign_in(&desk.console));
    let Some(step) = step else { return Ok(CodeDoor::Over) };
    let ways = desk.service().ways_on(step.expose_secret()).await?;
    Ok(ways.map_or(CodeDoor::Over, CodeDoor::Open))
}

/// What the visitor's last form did. The browser forgets it, so that it is said once.
pub fn take_done() -> Option<Told> {
    let desk = Desk::from_context().ok()?;
    let done = desk.visit.done.as_deref()?;
    let forget = Cookie::Done.remove(desk.visit.transport, desk.console.port);
    if let (Some(response), Ok(forget)) = (use_context::<ResponseOptions>(), HeaderValue::try_from(forget)) {
        response.append_header(header::SET_COOKIE, forget);
    }
    Told::parse(done)
}

/// Whether the sign-in page can take a password.
pub async fn read_sign_in_door() -> Result<SignInDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(if desk.service().setup_door("").await? != SetupDoor::Done {
        SignInDoor::SetUpFirst
    } else if desk.visit.may_sign_in(&desk.console) {
        let plain_http = desk.visit.transport == Transport::Plain;
        SignInDoor::Open { plain_http, providers: desk.service().offered_providers() }
    } else {
        SignInDoor::Plain
    })
}

/// Whether a reset link can be asked for: this installation mails it, and it could be opened over this connection.
pub fn may_ask_for_reset() -> Result<bool, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().sends_mail() && desk.visit.may_sign_in(&desk.console))
}

/// The e-mail of the person whose password the link resets; `None` if the link does not work.
pub async fn read_reset_door(token: &str) -> Result<ResetDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    if !desk.visit.may_sign_in(&desk.console) {
        return Ok(ResetDoor::Plain);
    }
    let Some(person) = desk.service().reset_door(token).await? else { return Ok(ResetDoor::Closed) };
    let least = desk.service().password_min(person.id()).await?;
    Ok(ResetDoor::Open { email: person.email().to_owned(), least })
}

/// Whether the visitor has a session.
pub fn is_signed_in() -> bool {
    Desk::from_context().is_ok_and(|desk| desk.visit.session.is_some())
}

/// Whether the set-up link works; `None` if a password would travel unencrypted.
pub async fn read_setup_door(token: &str) -> Result<Option<SetupDoor>, ConsoleError> {
    let desk = Desk::from_context()?;
    let door = desk.service().setup_door(token).await?;
    Ok(Some(door).filter(|door| *door == SetupDoor::Done || desk.visit.may_sign_in(&desk.console)))
}

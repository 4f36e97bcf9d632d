//! What people see of their own account.

use domain::refusal::Refusal;
use domain::timestamp::Timestamp;
use service::account::OwnSession;
use service::identities::WaysIn;
use service::providers::Offered;
use service::second_factor::{Enrolment, OwnFactor};

use super::context::Desk;
use crate::error::ConsoleError;

/// One's own account.
#[derive(Debug)]
pub struct Account {
    /// The name that others see.
    pub name: String,
    /// The e-mail address to sign in with.
    pub email: String,
    /// Whether it was changed and has to be confirmed.
    pub is_doubted: bool,
    /// What the person may do, in a word.
    pub role: &'static str,
    /// The zone that times are shown in; empty for the browser's.
    pub time_zone: String,
    /// The second factor.
    pub factor: OwnFactor,
    /// How many passkeys there are.
    pub passkeys: usize,
    /// The password and the providers.
    pub ways_in: WaysIn,
    /// The browsers that are signed in.
    pub sessions: Vec<OwnSession>,
    /// The time of the server.
    pub now: Timestamp,
}

/// The account of the signed-in person.
pub async fn read_account() -> Result<Account, ConsoleError> {
    let desk = Desk::from_context()?;
    let session = desk.session()?;
    Ok(Account {
        name: session.person.name().to_owned(),
        email: session.person.email().to_owned(),
        is_doubted: is_email_doubted().await?,
        role: session.person.role().label(),
        time_zone: session.time_zone.clone(),
        factor: desk.service().own_factor(session).await?,
        passkeys: desk.service().own_passkeys(session).await?.len(),
        ways_in: desk.service().own_ways_in(session).await?,
        sessions: desk.service().own_sessions(session).await?,
        now: desk.service().now(),
    })
}

/// The second factor of the signed-in person.
#[derive(Debug)]
pub struct Factor {
    /// Whether there is one.
    pub factor: OwnFactor,
    /// The secret that is being set up, if the page is the answer to a wrong first code.
    pub begun: Option<Enrolment>,
    /// The e-mail address, for password managers.
    pub email: String,
    /// Whether the person may do nothing else before it is set up.
    pub is_owed: bool,
    /// Whether a password is asked for. Whoever has none has to sign in again.
    pub has_password: bool,
    /// How many recovery codes are left to whoever has passkeys and no app.
    pub codes_left: Option<u64>,
}

/// The second factor of the signed-in person, with the secret that is being set up if `again`.
pub async fn read_factor(again: bool) -> Result<Factor, ConsoleError> {
    let desk = Desk::from_context()?;
    let session = desk.session()?;
    let begun = if again { desk.service().begun_factor(session, desk.console.host()).await? } else { None };
    let factor = desk.service().own_factor(session).await?;
    let email = session.person.email().to_owned();
    // The answer to the form that has set it up was read when it was still owed.
    let has_app = matches!(factor, OwnFactor::On { .. });
    let has_one = has_app || !desk.service().own_passkeys(session).await?.is_empty();
    let codes_left = if has_one && !has_app { Some(desk.service().recovery_codes_left(session).await?) } else { None };
    let is_owed = session.owes_factor && !has_one;
    let has_password = has_password().await?;
    Ok(Factor { factor, begun, email, is_owed, has_password, codes_left })
}

/// Whether the signed-in person has changed their e-mail and has to confirm it.
pub async fn is_email_doubted() -> Result<bool, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().is_own_email_doubted(desk.session()?).await?)
}

/// Whether the signed-in person has a password. Whoever has none signs in by a provider.
pub async fn has_password() -> Result<bool, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().own_ways_in(desk.session()?).await?.has_password)
}

/// A provider to connect, and what has to be typed.
#[derive(Debug)]
pub struct Connection {
    /// The provider.
    pub provider: Offered,
    /// Whether a password is asked for. Whoever has none has to sign in again.
    pub has_password: bool,
    /// The e-mail address, for password managers.
    pub email: String,
}

/// A provider that the signed-in person can connect; `NotConnected` if there is no such provider.
pub async fn read_connection(id: &str) -> Result<Connection, ConsoleError> {
    let desk = Desk::from_context()?;
    let session = desk.session()?;
    let provider = desk.service().offered_providers().into_iter().find(|provider| provider.id == id);
    let provider = provider.ok_or(ConsoleError::Refused(Refusal::NotConnected))?;
    let has_password = has_password().await?;
    Ok(Connection { provider, has_password, email: session.person.email().to_owned() })
}

/// Whether the signed-in person has to choose a longer password before anything else.
pub fn owes_password() -> Result<bool, ConsoleError> {
    Ok(Desk::from_context()?.session()?.owes_password)
}

/// How short a new password of the signed-in person may be.
pub async fn read_password_min() -> Result<usize, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().password_min(desk.session()?.person.id()).await?)
}

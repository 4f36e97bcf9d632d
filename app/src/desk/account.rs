//! What people see of their own account.

use domain::timestamp::Timestamp;
use service::account::OwnSession;
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
    /// What the person may do, in a word.
    pub role: &'static str,
    /// The zone that times are shown in; empty for the browser's.
    pub time_zone: String,
    /// The second factor.
    pub factor: OwnFactor,
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
        role: session.person.role().label(),
        time_zone: session.time_zone.clone(),
        factor: desk.service().own_factor(session).await?,
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
}

/// The second factor of the signed-in person, with the secret that is being set up if `again`.
pub async fn read_factor(again: bool) -> Result<Factor, ConsoleError> {
    let desk = Desk::from_context()?;
    let session = desk.session()?;
    let begun = if again { desk.service().begun_factor(session, desk.console.host()).await? } else { None };
    let factor = desk.service().own_factor(session).await?;
    let email = session.person.email().to_owned();
    // The answer to the form that has set it up was read when it was still owed.
    let is_owed = session.owes_factor && !matches!(factor, OwnFactor::On { .. });
    Ok(Factor { factor, begun, email, is_owed })
}

/// How short a new password of the signed-in person may be.
pub async fn read_password_min() -> Result<usize, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().password_min(desk.session()?.person.id()).await?)
}

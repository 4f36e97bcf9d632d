//! What people see of their own account.

use domain::timestamp::Timestamp;
use service::account::OwnSession;

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
        sessions: desk.service().own_sessions(session).await?,
        now: desk.service().now(),
    })
}

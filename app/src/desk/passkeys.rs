//! Passkeys: what their buttons ask for, what pages read, and what the forms about one's own do.

use domain::ids::PasskeyId;
use domain::passkey::PasskeyUse;
use domain::refusal::Refusal;
use domain::timestamp::Timestamp;
use secrecy::ExposeSecret;
use service::ceremony::Asks;
use service::passkeys::OwnPasskey;

use super::context::Desk;
use super::key_forms::tell;
use super::person_forms::client;
use crate::error::ConsoleError;
use crate::forms::account::FactorAnswer;
use crate::forms::done::{AccountDone, Told};
use crate::forms::outcome::Next;
use crate::forms::passkey::{PasskeyForm, PasskeyStep};

/// The passkeys of the signed-in person, and whether there are any here.
#[derive(Debug)]
pub struct Passkeys {
    /// The oldest first.
    pub own: Vec<OwnPasskey>,
    /// Whether this console has a name, without which there are no passkeys.
    pub possible: bool,
    /// Where it would have one.
    pub public_url: String,
}

/// What a passkey is to sign.
pub async fn read_options(used_for: &str) -> Result<String, ConsoleError> {
    let desk = Desk::from_context()?;
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let asks = match PasskeyUse::parse(used_for).ok_or(ConsoleError::Malformed)? {
        PasskeyUse::Add => Asks::Add(desk.session()?),
        PasskeyUse::SignIn => Asks::SignIn(desk.visit.address),
        PasskeyUse::Code => {
            let step = desk.visit.step.as_ref().ok_or(ConsoleError::Refused(Refusal::SignInOver))?;
            Asks::Code(step.expose_secret())
        }
        PasskeyUse::Prove => Asks::Prove(desk.session()?),
    };
    Ok(desk.service().passkey_options(asks).await?)
}

/// Whether this console has passkeys.
pub fn possible() -> bool {
    Desk::from_context().is_ok_and(|desk| desk.service().has_passkeys())
}

/// Whether the signed-in person has a passkey.
pub async fn has_own() -> Result<bool, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().has_passkeys() && !desk.service().own_passkeys(desk.session()?).await?.is_empty())
}

pub async fn read_passkeys() -> Result<Passkeys, ConsoleError> {
    let desk = Desk::from_context()?;
    let own = desk.service().own_passkeys(desk.session()?).await?;
    Ok(Passkeys { own, possible: desk.service().has_passkeys(), public_url: desk.console.public_url })
}

/// A step with one's own passkeys. Recovery codes are in the answer itself.
pub async fn passkeys(desk: Desk, form: PasskeyForm) -> Result<Next<FactorAnswer>, ConsoleError> {
    let (service, session, client) = (desk.service(), desk.session()?, client(&desk));
    let id = || PasskeyId::parse(&form.id).ok_or(ConsoleError::Refused(Refusal::FactorChanged));
    let done = match form.step.ok_or(ConsoleError::Malformed)? {
        PasskeyStep::Add if form.answer.is_empty() => {
            service.may_add_passkey(session).await?;
            return Ok(Next::Show(FactorAnswer::Proved));
        }
        PasskeyStep::Add => match service.add_passkey(session, &form.name, &form.answer, &client).await? {
            Some(codes) => return Ok(Next::Show(FactorAnswer::Codes(codes))),
            None => AccountDone::PasskeyAdded,
        },
        PasskeyStep::Rename => {
            service.rename_passkey(session, &id()?, &form.name, &client).await?;
            AccountDone::PasskeyRenamed
        }
        PasskeyStep::Remove => {
            service.remove_passkey(session, &id()?, &form.password, &client).await?;
            AccountDone::PasskeyRemoved
        }
    };
    Ok(tell(&desk, "/account/second-factor".to_owned(), Told::Account(done)))
}

/// The time of the server.
pub fn now() -> Option<Timestamp> {
    Desk::from_context().ok().map(|desk| desk.service().now())
}

//! Invites: what their pages read, and what their forms do.

use std::sync::Arc;

use domain::ids::PersonId;
use domain::invite::Invite;
use domain::refusal::Refusal;
use domain::role::Rights;
use domain::timestamp::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use service::invites::{Acceptance, InviteSeen, Invited};
use service::providers::Offered;

use super::context::Desk;
use super::people::person_id;
use super::people_forms::told;
use super::person_forms::client;
use crate::error::ConsoleError;
use crate::forms::done::PersonDone;
use crate::forms::invite::{AcceptForm, InviteForm, NewLink};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// What the page of an invite's link may show.
#[derive(Debug)]
pub enum InviteDoor {
    /// The form, and the providers that may be used instead.
    Open(Box<Invite>, Vec<Offered>),
    /// The link was never there, or works no longer.
    Dead,
    /// A password would travel in the clear.
    Plain,
}

/// An invite that the visitor may send again and revoke, and when it was read.
pub async fn read_invite(id: &str) -> Result<(Invite, Timestamp), ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let id = person_id(id).map_err(|_| ConsoleError::Refused(Refusal::InviteGone))?;
    let InviteSeen { invite, managed } = desk.service().invite_by_id(&caller, &id).await?;
    if managed { Ok((invite, desk.service().now())) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
}

/// What the visitor may do.
pub fn rights() -> Result<Rights, ConsoleError> {
    Ok(Desk::from_context()?.caller()?.rights())
}

/// What somebody with a link may see. Looking uses nothing up.
pub async fn read_invite_door(token: &str) -> Result<InviteDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    if !desk.visit.may_sign_in(&desk.console) {
        return Ok(InviteDoor::Plain);
    }
    let invite = desk.service().invite_by_token(token).await?;
    let providers = desk.service().offered_providers();
    Ok(invite.map_or(InviteDoor::Dead, |invite| InviteDoor::Open(Box::new(invite), providers)))
}

/// The whole address of an invite's link.
pub fn link(invited: &Invited) -> Result<SecretString, ConsoleError> {
    Ok(address(&Desk::from_context()?, invited))
}

fn address(desk: &Desk, invited: &Invited) -> SecretString {
    format!("{}/invite/{}", desk.console.public_url, invited.token.expose_secret()).into()
}

pub async fn invite(desk: Desk, form: InviteForm) -> Result<Next<Option<NewLink>>, ConsoleError> {
    let caller = desk.caller()?;
    if form.keys.searches || form.apps.searches {
        return Ok(Next::Show(None));
    }
    form.apps.check()?;
    let invited = desk.service().invite(&caller, &form.draft).await?;
    Ok(Next::Show(Some(sent(&desk, invited).await)))
}

pub async fn renew(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<Option<NewLink>>, ConsoleError> {
    let invited = desk.service().renew_invite(&desk.caller()?, &id).await?;
    Ok(Next::Show(Some(sent(&desk, invited).await)))
}

pub async fn revoke(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().revoke_invite(&desk.caller()?, &id).await?;
    Ok(told(&desk, "/people".to_owned(), PersonDone::InviteRevoked))
}

pub async fn accept(desk: Desk, token: String, form: AcceptForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let sent = Acceptance { name: form.name, password: form.password };
    desk.service().accept_invite(&token, sent, &client(&desk)).await?;
    Ok(Next::Go("/login?done=joined".to_owned()))
}

/// Mails the link, if this installation sends mail. The invite stands, whatever comes of that.
async fn sent(desk: &Desk, invited: Invited) -> NewLink {
    let mailed = desk.service().mail_invite(&invited.invite, &address(desk, &invited)).await;
    NewLink { invited: Arc::new(invited), mailed }
}

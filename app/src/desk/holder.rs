//! What whoever holds a key reads of it, and what their forms do. Nothing of it is kept: no session, no cookie.

use std::sync::Arc;

use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;

use super::context::Desk;
use super::person_forms::client;
use crate::error::ConsoleError;
use crate::forms::hand_over::CollectedSecret;
use crate::forms::holder::{Ended, HolderForm, HolderRevokeForm, Looked};
use crate::forms::outcome::Next;

/// Whether a key may be sent here: not where it would travel in the clear.
pub fn may_present() -> Result<bool, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.visit.may_sign_in(&desk.console))
}

fn not_in_the_clear(desk: &Desk) -> Result<(), ConsoleError> {
    if desk.visit.may_sign_in(&desk.console) { Ok(()) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
}

pub async fn look(desk: Desk, form: HolderForm) -> Result<Next<Looked>, ConsoleError> {
    not_in_the_clear(&desk)?;
    let view = desk.service().look_as_holder(&form.presented, &client(&desk)).await?;
    Ok(Next::Show(Arc::new(view)))
}

pub async fn revoke(desk: Desk, form: HolderRevokeForm) -> Result<Next<Ended>, ConsoleError> {
    not_in_the_clear(&desk)?;
    if !form.sure {
        let errors = FieldErrors::one(Field::Acknowledged, "Tick the box to confirm that you want this.");
        return Err(ConsoleError::Refused(Refusal::Invalid(errors)));
    }
    let revoked = desk.service().revoke_as_holder(&form.presented, &client(&desk)).await?;
    Ok(Next::Show(Arc::new(revoked)))
}

pub async fn rotate(desk: Desk, form: HolderForm) -> Result<Next<CollectedSecret>, ConsoleError> {
    not_in_the_clear(&desk)?;
    let made = desk.service().rotate_as_holder(&form.presented, &client(&desk)).await?;
    Ok(Next::Show(Arc::new(made)))
}

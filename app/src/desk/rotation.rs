//! Rotation: what its pages read, and what its forms do.

use std::sync::Arc;

use domain::field::{Field, FieldErrors};
use domain::ids::KeyId;
use domain::key::SecretNumber;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::rotation::{KeyRotation, Overlap};
use service::Caller;
use service::keys::{RotationForm, SeenBy};

use super::context::Desk;
use super::hand_overs::mail;
use super::key_forms::done;
use super::keys::{KeyView, key_id, read_key};
use crate::addresses::back_to;
use crate::error::ConsoleError;
use crate::forms::done::Done;
use crate::forms::hand_over::NewHandOver;
use crate::forms::outcome::Next;
use crate::forms::rotation::{ConfirmRotationForm, EndRotationForm, NewerSecret, OverlapForm, RotationHandOverForm};

/// The secrets of a key.
pub async fn read_rotation(id: &KeyId) -> Result<KeyRotation, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().rotation(&desk.caller()?, id).await?)
}

/// A key that the visitor may rotate, with its secrets.
pub async fn read_rotating(id: &str) -> Result<(KeyView, KeyRotation), ConsoleError> {
    let view = read_key(id).await?.allowing(Act::RotateKeys)?;
    let rotation = read_rotation(&view.key.row.id).await?;
    Ok((view, rotation))
}

/// Who saw the new secret that waits to be confirmed, if it was not the visitor.
pub async fn rotation_seen_by_another(id: &str) -> Result<Option<SeenBy>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().rotation_seen_by_another(&desk.caller()?, &key_id(id)?).await?)
}

fn overlap(form: &OverlapForm) -> Result<Overlap, ConsoleError> {
    Overlap::read(&form.choice, &form.time).map_err(|errors| ConsoleError::Refused(Refusal::Invalid(errors)))
}

pub async fn rotate(desk: Desk, id: KeyId, form: OverlapForm) -> Result<Next<NewerSecret>, ConsoleError> {
    let rotated = desk.service().rotate(&desk.caller()?, &id, overlap(&form)?, &form.form_id).await?;
    Ok(Next::Show(Arc::new(rotated)))
}

/// The hand-over stands, whatever comes of the mail.
pub async fn hand_over(desk: Desk, id: KeyId, form: RotationHandOverForm) -> Result<Next<NewHandOver>, ConsoleError> {
    let asked = RotationForm { form_id: &form.overlap.form_id, to: &form.to.draft, passphrase: &form.to.passphrase };
    let overlap = overlap(&form.overlap)?;
    let made = desk.service().hand_rotation_over(&desk.caller()?, &id, overlap, &asked).await?;
    Ok(Next::Show(mail(&desk, made).await))
}

/// The visitor, who acts only on the new secret that their page showed.
fn meaning(desk: &Desk, new_secret: Option<SecretNumber>) -> Result<Caller, ConsoleError> {
    Ok(desk.caller()?.having_seen_secret(new_secret))
}

pub async fn acknowledge(desk: Desk, id: KeyId, form: ConfirmRotationForm) -> Result<Next<()>, ConsoleError> {
    if !form.ticked {
        let message = "Tick the box to confirm that you have stored the new secret.";
        return Err(ConsoleError::Refused(Refusal::Invalid(FieldErrors::one(Field::Acknowledged, message))));
    }
    desk.service().acknowledge_rotation(&meaning(&desk, form.new_secret)?, &id, form.anyway).await?;
    Ok(done(&desk, page(&id), Done::Rotated, &id))
}

pub async fn drop_waiting(desk: Desk, id: KeyId, form: EndRotationForm) -> Result<Next<()>, ConsoleError> {
    desk.service().drop_rotation(&meaning(&desk, form.new_secret)?, &id).await?;
    Ok(done(&desk, page(&id), Done::RotationDropped, &id))
}

pub async fn extend(desk: Desk, id: KeyId, form: OverlapForm) -> Result<Next<()>, ConsoleError> {
    desk.service().extend_rotation(&meaning(&desk, form.new_secret)?, &id, overlap(&form)?).await?;
    Ok(done(&desk, back_to(&form.back), Done::RotationExtended, &id))
}

pub async fn finish(desk: Desk, id: KeyId, form: EndRotationForm) -> Result<Next<()>, ConsoleError> {
    desk.service().finish_rotation(&meaning(&desk, form.new_secret)?, &id).await?;
    Ok(done(&desk, back_to(&form.back), Done::RotationFinished, &id))
}

pub async fn undo(desk: Desk, id: KeyId, form: EndRotationForm) -> Result<Next<()>, ConsoleError> {
    desk.service().undo_rotation(&meaning(&desk, form.new_secret)?, &id).await?;
    Ok(done(&desk, back_to(&form.back), Done::RotationUndone, &id))
}

fn page(id: &KeyId) -> String {
    format!("/keys/{}", id.as_str())
}

//! Hand-overs: what their pages read, and what their forms do.

use std::sync::Arc;

use domain::field::{Field, FieldErrors};
use domain::hand_over::{Collection, HandOver};
use domain::ids::{AppId, KeyId};
use domain::refusal::Refusal;
use domain::restrictions::Restrictions;
use domain::timestamp::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use service::keys::{HandOverForm, HandedOver, ToConfirm};

use super::context::Desk;
use super::keys::key_id;
use super::people_forms::told;
use super::person_forms::client;
use super::requests::request_id;
use crate::error::ConsoleError;
use crate::forms::done::PersonDone;
use crate::forms::hand_over::{CollectFields, CollectedSecret, HandOverFields, NewHandOver, Stored, StoredFields};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// What the page of a hand-over's link may show.
#[derive(Debug)]
pub enum CollectDoor {
    /// What is handed over.
    Open(Box<Waiting>),
    /// The link was never there, or works no longer.
    Dead,
    /// The secret would travel in the clear.
    Plain,
}

/// A key that can be collected.
#[derive(Debug)]
pub struct Waiting {
    pub hand_over: HandOver,
    pub description: String,
    /// What the key may do, in words.
    pub may: String,
    /// When the key would expire.
    pub expires_at: Option<Timestamp>,
    /// The id of the form that asks for it.
    pub form_id: String,
}

/// What the page that confirms a collected key may show.
#[derive(Debug)]
pub enum StoredDoor {
    /// What it confirms, and the time at which that was read.
    Open(Box<ToConfirm>, Timestamp),
    /// The link was never there, or works no longer.
    Dead,
}

/// The hand-overs that wait in the apps that the pages are about, each with the name of its app where they are several, and
/// when they were read.
pub async fn read_hand_overs() -> Result<(Vec<(HandOver, Option<String>)>, Timestamp), ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let waiting = desk.service().hand_overs(&caller).await?;
    let view = desk.apps().await?;
    let apps = view.scope()?;
    let name =
        |id: &AppId| view.choices.iter().find(|app| view.one.is_none() && app.id == *id).map(|app| app.name.clone());
    let shown = waiting.into_iter().filter(|one| apps.has(&one.app_id));
    Ok((shown.map(|one| (name(&one.app_id), one)).map(|(app, one)| (one, app)).collect(), desk.service().now()))
}

/// One hand-over that waits.
pub async fn read_hand_over(id: &str) -> Result<HandOver, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let id = key_id(id).map_err(|_| ConsoleError::Refused(Refusal::HandOverGone))?;
    Ok(desk.service().hand_over_of(&caller, &id).await?)
}

/// The new secret of a key that somebody is to collect, if the visitor could make such a link.
pub async fn read_rotation_hand_over(id: &KeyId) -> Result<Option<HandOver>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().rotation_hand_over(&desk.caller()?, id).await?)
}

/// Who collected a key, if the visitor may know.
pub async fn read_collection(id: &KeyId) -> Result<Option<Collection>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().collection(&desk.caller()?, id).await?)
}

/// What somebody with a link may see. Looking uses nothing up.
pub async fn read_collect_door(token: &str) -> Result<CollectDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    if !desk.visit.may_sign_in(&desk.console) {
        return Ok(CollectDoor::Plain);
    }
    let Some(hand_over) = desk.service().hand_over_by_token(token).await? else { return Ok(CollectDoor::Dead) };
    let spec = match desk.service().key_of_hand_over(&hand_over).await? {
        Some(key) => key.spec(),
        None => hand_over.draft.sketch(hand_over.kind, desk.service().now()),
    };
    let may = Restrictions::from(&spec).words();
    let (description, expires_at, form_id) = (spec.description, spec.expires_at, desk.service().new_form_id()?);
    let waiting = Waiting { hand_over, description, may, expires_at, form_id };
    Ok(CollectDoor::Open(Box::new(waiting)))
}

/// What a link confirms. Looking uses nothing up.
pub async fn read_stored_door(token: &str) -> Result<StoredDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    let what = desk.service().collected_by_token(token).await?;
    Ok(what.map_or(StoredDoor::Dead, |what| StoredDoor::Open(Box::new(what), desk.service().now())))
}

/// Whether this installation mails the links.
pub fn mails_links() -> bool {
    Desk::from_context().is_ok_and(|desk| desk.service().sends_mail())
}

/// The whole address of a hand-over's link.
pub fn link(made: &HandedOver) -> Result<SecretString, ConsoleError> {
    Ok(address(&Desk::from_context()?, made))
}

fn address(desk: &Desk, made: &HandedOver) -> SecretString {
    format!("{}/collect/{}", desk.console.public_url, made.token.expose_secret()).into()
}

/// The hand-over stands, whatever comes of the mail.
pub async fn hand_over(desk: Desk, form: HandOverFields) -> Result<Next<NewHandOver>, ConsoleError> {
    let request = (!form.request.is_empty()).then(|| request_id(&form.request)).transpose()?;
    let asked = HandOverForm {
        key: &form.key,
        form_id: &form.form_id,
        to: &form.to.draft,
        request: request.as_ref(),
        passphrase: &form.to.passphrase,
    };
    let made = desk.service().hand_over(&desk.caller()?, &desk.app_of(&form.app).await?, &asked).await?;
    Ok(Next::Show(mail(&desk, made).await))
}

/// Mails the link of a hand-over, if that is possible.
pub async fn mail(desk: &Desk, made: HandedOver) -> NewHandOver {
    let mailed = desk.service().mail_hand_over(&made.hand_over, &address(desk, &made)).await;
    NewHandOver { made: Arc::new(made), mailed }
}

pub async fn withdraw(desk: Desk, id: KeyId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().withdraw_hand_over(&desk.caller()?, &id).await?;
    Ok(told(&desk, "/keys/handovers".to_owned(), PersonDone::HandOverWithdrawn))
}

pub async fn collect(desk: Desk, token: String, form: CollectFields) -> Result<Next<CollectedSecret>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    if let Some(confirm) = desk.service().collected_by_form(&token, &form.form_id).await? {
        // The page with the key was loaded again. It is not shown again, and can still be confirmed.
        return Ok(Next::Go(stored_address(&confirm)));
    }
    let collected = desk.service().collect(&token, &form.passphrase, &form.form_id, &client(&desk)).await?;
    Ok(Next::Show(Arc::new(collected)))
}

/// The page that confirms what was collected.
pub fn stored_address(confirm: &SecretString) -> String {
    format!("/collect/{}/stored", confirm.expose_secret())
}

pub async fn stored(desk: Desk, token: String, form: StoredFields) -> Result<Next<Stored>, ConsoleError> {
    if !form.ticked {
        let errors = FieldErrors::one(Field::Acknowledged, "Tick the box to confirm that you have stored the key.");
        return Err(ConsoleError::Refused(Refusal::Invalid(errors)));
    }
    let confirmed = desk.service().confirm_collected(&token, &client(&desk)).await?;
    Ok(Next::Show(Arc::new(confirmed)))
}

//! Contacts: what their pages read, and what their forms do.

use domain::app::App;
use domain::contact::{Contact, ContactQuery, ContactStatus};
use domain::ids::{AppId, ContactId};
use domain::list::search;
use domain::page::Page;
use domain::participant::Participant;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::room::Room;
use domain::timestamp::Timestamp;

use super::context::Desk;
use super::rooms::{allowed, app_for, told};
use crate::error::ConsoleError;
use crate::forms::chat_done::ChatDone;
use crate::forms::contacts::{ContactChoice, ContactForm};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// How many contacts a form offers.
const OFFERED: usize = 10;

/// A page of the contacts of an app.
#[derive(Debug)]
pub struct ContactList {
    /// `None` if an app must be chosen first.
    pub page: Option<Page<Contact>>,
    /// Whether the visitor may change them.
    pub manages: bool,
}

/// A contact and the rooms that they are in.
#[derive(Debug)]
pub struct ContactView {
    pub contact: Contact,
    /// Its app, where there are several.
    pub app: Option<App>,
    pub rooms: Vec<(Room, Participant)>,
    pub now: Timestamp,
    /// Whether the visitor may change it.
    pub manages: bool,
}

impl ContactView {
    /// The same, if the visitor may change it.
    pub fn managed(self) -> Result<Self, ConsoleError> {
        if self.manages { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }
}

/// Reads the id of a contact from an address. Invalid text gives `ContactNotFound`, like an unknown id.
pub fn contact_id(text: &str) -> Result<ContactId, ConsoleError> {
    ContactId::parse(text).ok_or(ConsoleError::Refused(Refusal::ContactNotFound))
}

/// Whether the visitor may create contacts.
pub fn may_create() -> Result<(), ConsoleError> {
    allowed(&Desk::from_context()?, Act::ManageContacts).map(|_| ())
}

/// A page of the contacts of the app that the pages are about.
pub async fn read_contacts(query: &ContactQuery) -> Result<ContactList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeContacts)?;
    let manages = caller.rights().may(Act::ManageContacts);
    let page = match desk.apps().await?.one {
        Some(app) => Some(desk.service().contacts(&caller, &app.id, query).await?),
        None => None,
    };
    Ok(ContactList { page, manages })
}

pub async fn read_contact(id: &str) -> Result<ContactView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeContacts)?;
    let contact = desk.service().contact_by_id(&caller, &contact_id(id)?).await?;
    let app = desk.service().app(&caller, &contact.app_id).await?;
    let shown = app.archived_at.is_some() || desk.apps().await?.is_shown();
    let rooms = desk.service().memberships(&caller, &contact.app_id, &contact.id).await?;
    let manages = caller.rights().may(Act::ManageContacts);
    Ok(ContactView { contact, app: Some(app).filter(|_| shown), rooms, now: desk.service().now(), manages })
}

/// The contacts that can be ticked, and which are: those that are ticked, and those that a search finds, or, without one, the
/// first. Only those of this app.
pub async fn read_contact_choices(app: &AppId, choice: &ContactChoice) -> Result<Vec<(Contact, bool)>, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeContacts)?;
    let mut ticked = desk.service().some_contacts(&caller, &choice.contacts).await?;
    ticked.retain(|contact| contact.app_id == *app);
    let query = ContactQuery { search: search(&choice.find), ..ContactQuery::default() };
    let offered = desk.service().contacts(&caller, app, &query).await?.rows;
    let new = offered.into_iter().filter(|one| one.status != ContactStatus::Inactive && !ticked.contains(one));
    let new: Vec<_> = new.take(OFFERED).collect();
    Ok(ticked.into_iter().map(|contact| (contact, true)).chain(new.into_iter().map(|one| (one, false))).collect())
}

pub async fn create(desk: Desk, form: ContactForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageContacts)?;
    let app = app_for(&desk, &form.app).await?;
    let contact = desk.service().create_contact(&caller, &app, &form.draft).await?;
    Ok(told(&desk, address(&contact.id), ChatDone::ContactCreated))
}

pub async fn change(desk: Desk, id: ContactId, form: ContactForm) -> Result<Next<()>, ConsoleError> {
    desk.service().change_contact(&desk.caller()?, &id, &form.draft).await?;
    Ok(told(&desk, address(&id), ChatDone::ContactChanged))
}

pub async fn disable(desk: Desk, id: ContactId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().disable_contact(&desk.caller()?, &id).await?;
    Ok(told(&desk, address(&id), ChatDone::ContactDisabled))
}

pub async fn enable(desk: Desk, id: ContactId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().enable_contact(&desk.caller()?, &id).await?;
    Ok(told(&desk, address(&id), ChatDone::ContactEnabled))
}

pub async fn remove(desk: Desk, id: ContactId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().remove_contact(&desk.caller()?, &id).await?;
    Ok(told(&desk, "/contacts".to_owned(), ChatDone::ContactRemoved))
}

fn address(id: &ContactId) -> String {
    format!("/contacts/{id}")
}

//! Contacts: who sees, adds, changes, invites and removes them.

use std::slice;

use domain::{
    audit::{Action, AuditEvent, Subject},
    contact::{Contact, ContactDraft, ContactKind, ContactQuery, ContactRef, ContactStatus, NewContact},
    field::{Field, FieldErrors},
    ids::{AppId, ContactId},
    page::Page,
    participant::ClientKey,
    profile::EMPTY,
    refusal::Refusal,
    role::Act,
    rules, text,
};
use store::{AskedRooms, PersonRow, StoreError, Tx, Unique};

use super::{ROOM_OR_CHAT, profiles};
use crate::{Caller, Error, Result, Service, apps::usable, entropy, service::event, to_the_end::to_the_end};

/// How many rooms a contact leaves before the next ones are looked up.
const LEFT_AT_ONCE: u32 = 500;

impl Service {
    /// A page of the contacts of an app, by name.
    pub async fn contacts(&self, caller: &Caller, app: &AppId, query: &ContactQuery) -> Result<Page<Contact>> {
        sees_contacts(caller, app)?;
        self.first_contact(app).await?;
        Ok(self.store().list_contacts(app, query).await?)
    }

    /// One contact of an app; `ContactNotFound` if there is none.
    pub async fn contact(&self, caller: &Caller, app: &AppId, named: ContactRef<'_>) -> Result<Contact> {
        sees_contacts(caller, app)?;
        if let Some(found) = self.find_contact(app, named).await? {
            return Ok(found);
        }
        self.first_contact(app).await?;
        Ok(self.find_contact(app, named).await?.ok_or(Refusal::ContactNotFound)?)
    }

    pub(super) async fn find_contact(&self, app: &AppId, named: ContactRef<'_>) -> Result<Option<Contact>> {
        let store = self.store();
        Ok(match named {
            ContactRef::Id(id) => store.contact_by_id(&id).await?.filter(|contact| contact.app_id == *app),
            ContactRef::Identifier(identifier) => store.contact_by_identifier(app, identifier.trim()).await?,
            // What is no e-mail is nobody's.
            ContactRef::Email(email) => match text::email(email) {
                Ok(email) => store.contact_by_email(app, &email).await?,
                Err(_) => None,
            },
        })
    }

    /// One contact of any app in sight; `ContactNotFound` if there is none.
    pub async fn contact_by_id(&self, caller: &Caller, id: &ContactId) -> Result<Contact> {
        caller.may(Act::SeeContacts)?;
        let found = self.store().contact_by_id(id).await?.filter(|contact| caller.sight().apps.has(&contact.app_id));
        Ok(found.ok_or(Refusal::ContactNotFound)?)
    }

    /// Those of these contacts that the caller may see, by name.
    pub async fn some_contacts(&self, caller: &Caller, ids: &[ContactId]) -> Result<Vec<Contact>> {
        caller.may(Act::SeeContacts)?;
        let mut found = self.store().contacts_by_id(ids).await?;
        found.retain(|contact| caller.sight().apps.has(&contact.app_id));
        found.sort_by_cached_key(|contact| text::name_key(&contact.name()));
        Ok(found)
    }

    /// Adds a contact. `Invalid` if another contact of the app has the same e-mail or identifier.
    pub async fn create_contact(&self, caller: &Caller, app: &AppId, draft: &ContactDraft) -> Result<Contact> {
        self.add_contact(caller, app, draft, EMPTY.to_owned(), ContactStatus::Active, Action::ContactCreated).await
    }

    /// Adds a contact who was invited by another one, who must be a member of staff and an admin. The new contact takes part
    /// once somebody acts for them.
    pub async fn invite_contact(
        &self,
        caller: &Caller,
        app: &AppId,
        by: &ContactId,
        draft: &ContactDraft,
    ) -> Result<Contact> {
        caller.may(Act::ManageContacts)?;
        let inviter = self.store().contact_by_id(by).await?.filter(|contact| contact.app_id == *app);
        let inviter = inviter.ok_or(Refusal::ContactNotFound)?;
        let is_admin = inviter.is_admin && inviter.kind == ContactKind::Staff;
        if !is_admin || inviter.status == ContactStatus::Inactive {
            return Err(Refusal::ContactNotAdmin.into());
        }
        self.add_contact(caller, app, draft, EMPTY.to_owned(), ContactStatus::Invited, Action::ContactInvited).await
    }

    pub(super) async fn add_contact(
        &self,
        caller: &Caller,
        app: &AppId,
        draft: &ContactDraft,
        profile: String,
        status: ContactStatus,
        action: Action,
    ) -> Result<Contact> {
        caller.may(Act::ManageContacts)?;
        let new = draft.check()?;
        // The first contact is the app's creator, whoever adds the second.
        self.first_contact(app).await?;
        let contact = Contact { profile, ..self.made_contact(app, &new, status)? };
        let work = async |tx: &mut Tx| {
            usable(tx, caller, app).await.map_err(in_app)?;
            tx.insert_contact(&contact).await.map_err(taken)?;
            let changes = rules::changes(&blank(&new), &new.told());
            let event = self.contact_event(caller, action, &contact);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        Ok(contact)
    }

    /// Changes what people say about a contact. If nothing differs, records nothing.
    pub async fn change_contact(&self, caller: &Caller, id: &ContactId, draft: &ContactDraft) -> Result<Contact> {
        caller.may(Act::ManageContacts)?;
        let new = draft.check()?;
        let change = |before: &Contact| Ok((new.clone(), profiles::renamed_contact(before, &new)));
        self.change_contact_with(caller, id, change).await
    }

    /// Nobody may act for a contact any more, and the butler leaves them out. They stay in their chats.
    pub async fn disable_contact(&self, caller: &Caller, id: &ContactId) -> Result<()> {
        self.switch_contact(caller, id, ContactStatus::Inactive, Action::ContactDisabled).await
    }

    /// Lets a contact take part again, or one who was invited take part at once.
    pub async fn enable_contact(&self, caller: &Caller, id: &ContactId) -> Result<()> {
        self.switch_contact(caller, id, ContactStatus::Active, Action::ContactEnabled).await
    }

    async fn switch_contact(&self, caller: &Caller, id: &ContactId, to: ContactStatus, action: Action) -> Result<()> {
        caller.may(Act::ManageContacts)?;
        let work = async |tx: &mut Tx| {
            let contact = managed(tx, caller, id).await?;
            if tx.set_contact_status(id, to).await? {
                self.record(tx, self.contact_event(caller, action, &contact)).await?;
            }
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    /// Removes a contact for good. They leave every chat; what they wrote stays there under their name. Goes on if the caller
    /// goes away.
    pub async fn remove_contact(&self, caller: &Caller, id: &ContactId) -> Result<()> {
        caller.may(Act::ManageContacts)?;
        let (service, caller, id) = (self.clone(), caller.clone(), *id);
        let remove = async move { service.remove_whole_contact(&caller, &id).await };
        to_the_end("a contact is not wholly removed", remove).await
    }

    async fn remove_whole_contact(&self, caller: &Caller, id: &ContactId) -> Result<()> {
        let found = self.store().contact_by_id(id).await?.filter(|contact| caller.sight().apps.has(&contact.app_id));
        let contact = found.ok_or(Refusal::ContactNotFound)?;
        self.leave_all(&contact).await?;
        let work = async |tx: &mut Tx| {
            let contact = managed(tx, caller, id).await?;
            tx.delete_contact(id).await?;
            // Nobody could delete their chat with the butler by itself.
            if let Some(butler) = &contact.butler
                && let Some(room) = tx.room(butler).await?
            {
                tx.delete_room(butler).await?;
                self.record(tx, self.room_event(&Caller::system(None), Action::RoomDeleted, &room)).await?;
            }
            if let Some(avatar) = &contact.avatar {
                tx.delete_attachment_bytes(avatar).await?;
            }
            self.record(tx, self.contact_event(caller, Action::ContactRemoved, &contact)).await?;
            Ok::<_, Error>(contact)
        };
        let contact = self.write(work).await?;
        if let Some(butler) = &contact.butler {
            self.room_is_deleted(butler).await;
        }
        if let Some(avatar) = &contact.avatar {
            self.drop_file(avatar).await;
        }
        Ok(())
    }

    /// Takes a contact out of every chat but that with the butler, archived or not.
    async fn leave_all(&self, contact: &Contact) -> Result<()> {
        let keystead = Caller::system(None).within(&contact.app_id);
        let asked = AskedRooms { kinds: ROOM_OR_CHAT, contacts: slice::from_ref(&contact.id) };
        let mut after = None;
        loop {
            let rooms = self.store().room_ids_after(&contact.app_id, &asked, after.as_ref(), LEFT_AT_ONCE).await?;
            let Some(last) = rooms.last().copied() else { return Ok(()) };
            after = Some(last);
            for room in &rooms {
                match self.leave(&keystead, room, &ClientKey::of_contact(&contact.id)).await {
                    // Or somebody was quicker.
                    Ok(()) | Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Makes the first contact of an app that never had one: its creator, or the oldest owner if no person created it. Until
    /// there is an owner, there is none.
    pub(crate) async fn first_contact(&self, app: &AppId) -> Result<()> {
        let setting = first_contact_setting(app);
        if self.store().setting(&setting).await?.is_some() || self.store().app(app).await?.is_none() {
            return Ok(());
        }
        let Some(owner) = self.store().oldest_owner().await? else { return Ok(()) };
        let work = async |tx: &mut Tx| {
            if tx.setting(&setting).await?.is_some() {
                return Ok(());
            }
            self.add_first_contact(tx, app, &owner).await
        };
        self.write(work).await
    }

    /// Adds the first contact in the transaction in which its app is made. It is a part of the app, and not on record.
    pub(crate) async fn add_first_contact(&self, tx: &mut Tx, app: &AppId, person: &PersonRow) -> Result<()> {
        tx.put_setting(&first_contact_setting(app), "1").await?;
        if tx.has_contacts(app).await? {
            return Ok(());
        }
        let (first, last) = person.name.split_once(' ').unwrap_or((person.name.as_str(), ""));
        let draft = ContactDraft {
            first_name: cut(first),
            last_name: cut(last),
            email: person.email.clone(),
            kind: ContactKind::Staff.as_str().to_owned(),
            is_admin: true,
            ..ContactDraft::default()
        };
        // A part of a name may have nothing to see.
        let new =
            draft.check().or_else(|_| ContactDraft { first_name: "Owner".to_owned(), ..draft.clone() }.check())?;
        let contact = self.made_contact(app, &new, ContactStatus::Active)?;
        tx.insert_contact(&contact).await?;
        Ok(())
    }

    fn made_contact(&self, app: &AppId, new: &NewContact, status: ContactStatus) -> Result<Contact> {
        let NewContact { identifier, email, first_name, last_name, kind, is_admin } = new.clone();
        Ok(Contact {
            id: ContactId::from_random(entropy::bytes(self.entropy())?),
            app_id: *app,
            identifier,
            email,
            first_name,
            last_name,
            kind,
            is_admin,
            status,
            avatar: None,
            butler: None,
            profile: EMPTY.to_owned(),
            created_at: self.now(),
        })
    }

    pub(super) fn contact_event(&self, caller: &Caller, action: Action, contact: &Contact) -> AuditEvent {
        let subject = Subject::contact(&contact.id, &contact.name());
        AuditEvent { app_id: Some(contact.app_id), ..event(caller, self.now(), action, subject) }
    }
}

fn sees_contacts(caller: &Caller, app: &AppId) -> Result<(), Refusal> {
    caller.may(Act::SeeContacts)?;
    if caller.sight().apps.has(app) { Ok(()) } else { Err(Refusal::AppNotFound) }
}

/// The name of the setting that remembers that an app got its first contact, who may have been removed since.
fn first_contact_setting(app: &AppId) -> String {
    format!("first_contact_made:{app}")
}

/// A part of a person's name that is short enough for a contact's.
fn cut(name: &str) -> String {
    name.trim().chars().take(domain::contact::CONTACT_NAME_MAX).collect()
}

/// The fields of a contact before it was there.
fn blank(new: &NewContact) -> Vec<(Field, String)> {
    new.told().into_iter().map(|(field, _)| (field, String::new())).collect()
}

/// The contact as the transaction sees it, if it is in the caller's sight.
pub(super) async fn managed(tx: &mut Tx, caller: &Caller, id: &ContactId) -> Result<Contact> {
    let found = tx.contact_by_id(id).await?.filter(|contact| caller.sight().apps.has(&contact.app_id));
    Ok(found.ok_or(Refusal::ContactNotFound)?)
}

/// Refusals of an app, where a contact is meant.
fn in_app(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::NotFound) => Refusal::AppNotFound.into(),
        error => error,
    }
}

pub(super) fn taken(error: StoreError) -> Error {
    let (field, what) = match error {
        StoreError::Conflict(Unique::ContactEmail) => (Field::Email, "e-mail"),
        StoreError::Conflict(Unique::ContactIdentifier) => (Field::Identifier, "identifier"),
        error => return error.into(),
    };
    FieldErrors::one(field, format!("Another contact of this app has this {what}: use another one.")).into()
}

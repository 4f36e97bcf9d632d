//! Master User keys at work: who calls, and the contact on whose behalf.

use std::net::IpAddr;

use domain::{
    app::App,
    audit::Action,
    contact::{Contact, ContactQuery, ContactRef, ContactStatus},
    ids::{AppId, ContactId, RoomId},
    key::KeyRecord,
    message::{Author, Message},
    page::Page,
    participant::{NamedContact, Participant},
    refusal::Refusal,
    role::Act,
    room::{Room, RoomKind, RoomQuery},
};
use store::Tx;

use super::messages::MESSAGES_MAX;
use crate::{Caller, Error, Result, Service};

/// The kinds of rooms that contacts talk in.
pub const CHATS: [RoomKind; 2] = [RoomKind::Chat, RoomKind::Butler];

/// A Master User key that calls, and for whom.
#[derive(Debug, Clone)]
pub struct ActsFor {
    caller: Caller,
    app: AppId,
    contact: Option<Contact>,
    narrowed: Vec<ContactId>,
    /// Whether the contact was only invited until now.
    arrives: bool,
}

impl ActsFor {
    /// The key as a caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The app of the key.
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// The contact on whose behalf the key calls; `OnBehalfNeeded` if the call named none.
    pub fn contact(&self) -> Result<&Contact, Refusal> {
        self.contact.as_ref().ok_or(Refusal::OnBehalfNeeded)
    }

    /// The same contact as an author.
    pub fn author(&self) -> Result<Author, Refusal> {
        self.contact().map(|contact| Author::contact(&contact.id))
    }

    /// The question for the chats that the contact is in.
    pub fn chats(&self) -> Result<RoomQuery, Refusal> {
        Ok(RoomQuery { contact: Some(self.contact()?.id), ..RoomQuery::of_kinds(&CHATS) })
    }

    /// The contacts to whom the key is narrowed; empty for any.
    pub fn narrowed(&self) -> &[ContactId] {
        &self.narrowed
    }

    /// Whether the contact was only invited until now. `Service::arrived` makes them active.
    pub fn arrives(&self) -> bool {
        self.arrives
    }

    /// Whether the key may have to do with this contact.
    pub fn is_for(&self, contact: &ContactId) -> bool {
        self.narrowed.is_empty() || self.narrowed.contains(contact)
    }
}

impl Service {
    /// A key that passed, as a caller on behalf of the contact that its call named. `OnBehalfNeeded` if it has to name one;
    /// `OnBehalfNotAllowed` for one to whom the key is not narrowed; `ContactNotFound` or `ContactInactive`.
    pub async fn acting(
        &self,
        key: &KeyRecord,
        address: Option<IpAddr>,
        named: Option<&ContactId>,
        needed: bool,
    ) -> Result<ActsFor> {
        let narrowed = key.rules.acts_for.clone();
        let caller = Caller::chat_key(key, address);
        let mut acting = ActsFor { caller, app: key.app_id, contact: None, narrowed, arrives: false };
        let Some(id) = named else {
            return if needed { Err(Refusal::OnBehalfNeeded.into()) } else { Ok(acting) };
        };
        if !acting.is_for(id) {
            return Err(Refusal::OnBehalfNotAllowed.into());
        }
        let found = self.store().contact_by_id(id).await?.filter(|contact| contact.app_id == key.app_id);
        let mut contact = found.ok_or(Refusal::ContactNotFound)?;
        match contact.status {
            ContactStatus::Active => {}
            ContactStatus::Inactive => return Err(Refusal::ContactInactive.into()),
            ContactStatus::Invited => {
                // Not on record before it is known that the call is allowed.
                acting.arrives = true;
                contact.status = ContactStatus::Active;
            }
        }
        acting.contact = Some(contact);
        Ok(acting)
    }

    /// Whether a key may still act for the contact that its call named.
    pub async fn still_acts(&self, acting: &ActsFor) -> Result<bool> {
        let Some(contact) = &acting.contact else { return Ok(true) };
        let found = self.store().contact_by_id(&contact.id).await?;
        Ok(found.is_some_and(|found| found.status != ContactStatus::Inactive))
    }

    /// Makes a contact active who was invited, and records it: a call on their behalf is allowed, so they have come.
    pub async fn arrived(&self, acting: &ActsFor) -> Result<()> {
        let Some(id) = acting.contact.as_ref().filter(|_| acting.arrives).map(|contact| contact.id) else {
            return Ok(());
        };
        let work = async |tx: &mut Tx| {
            let found = tx.contact_by_id(&id).await?;
            // Somebody may have enabled, disabled or removed them meanwhile.
            if let Some(contact) = found.filter(|contact| contact.status == ContactStatus::Invited) {
                tx.set_contact_status(&id, ContactStatus::Active).await?;
                self.record(tx, self.contact_event(&acting.caller, Action::ContactEnabled, &contact)).await?;
            }
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    /// `RoomNotFound` unless the contact is in this chat. If they are, they have come. Nobody is in the butler's chat of
    /// somebody else, even if an earlier version has added them.
    pub async fn acting_in(&self, acting: &ActsFor, room: &RoomId) -> Result<()> {
        acting.caller.may(Act::SeeRooms).or_else(|_| acting.caller.may(Act::ManageRooms))?;
        // A contact is in no room of another app.
        let contact = acting.contact()?;
        let kinds: &[RoomKind] = if contact.butler == Some(*room) { &CHATS } else { &[RoomKind::Chat] };
        let is_in = self.store().contact_is_in(room, kinds, &contact.id).await?;
        if is_in { self.arrived(acting).await } else { Err(Refusal::RoomNotFound.into()) }
    }

    /// Messages of a chat that the contact is in, as `messages` gives them.
    pub async fn messages_for(
        &self,
        acting: &ActsFor,
        room: &RoomId,
        from: u64,
        to: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        acting.caller.may(Act::SeeRooms)?;
        self.acting_in(acting, room).await?;
        let limit = limit.min(MESSAGES_MAX);
        Ok(self.store().messages(room, from, to.unwrap_or(u64::MAX), limit).await?)
    }

    /// A contact that a call looks up, as `contact` gives it. Contacts to whom the key is not narrowed are not found.
    pub async fn contact_for(&self, acting: &ActsFor, named: ContactRef<'_>) -> Result<Contact> {
        let found = self.contact(&acting.caller, &acting.app, named).await?;
        if acting.is_for(&found.id) { Ok(found) } else { Err(Refusal::ContactNotFound.into()) }
    }

    /// A page of the contacts that a call lists, as `contacts` gives it: of a key that is narrowed, only its own.
    pub async fn contacts_for(&self, acting: &ActsFor, query: &ContactQuery) -> Result<Page<Contact>> {
        let query = ContactQuery { only: acting.narrowed.clone(), ..query.clone() };
        self.contacts(&acting.caller, &acting.app, &query).await
    }

    /// A contact whose memberships are asked for. Contacts to whom the key is not narrowed are not found.
    pub async fn member(&self, acting: &ActsFor, named: ContactRef<'_>) -> Result<Contact> {
        let found = self.find_contact(&acting.app, named).await?.filter(|contact| acting.is_for(&contact.id));
        Ok(found.ok_or(Refusal::ContactNotFound)?)
    }

    /// The chats that a contact is in, and since when; `None` for a key that may not read chats.
    pub async fn memberships_of(
        &self,
        acting: &ActsFor,
        contact: &Contact,
    ) -> Result<Option<Vec<(Room, Participant)>>> {
        if acting.caller.may(Act::SeeRooms).is_err() {
            return Ok(None);
        }
        let mut found = self.memberships(&acting.caller, &acting.app, &contact.id).await?;
        found.retain(|(room, _)| match room.kind {
            RoomKind::Room => false,
            RoomKind::Chat => true,
            RoomKind::Butler => contact.butler == Some(room.id),
        });
        Ok(Some(found))
    }

    /// The app of a key that calls.
    pub async fn app_of_key(&self, acting: &ActsFor) -> Result<App> {
        Ok(self.store().app(&acting.app).await?.ok_or(Refusal::AppNotFound)?)
    }

    /// Contacts whom a call names for a chat, each once; `ContactNotFound` if one of them does not exist in the app, and
    /// `ContactInactive` if one is disabled.
    pub async fn named_contacts(&self, caller: &Caller, app: &AppId, ids: &[ContactId]) -> Result<Vec<NamedContact>> {
        caller.may(Act::ManageRooms)?;
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let found = self.store().contacts_by_id(&ids).await?;
        let named = |contact: Contact| match contact.status {
            ContactStatus::Inactive => Err(Error::from(Refusal::ContactInactive)),
            ContactStatus::Active | ContactStatus::Invited => Ok(NamedContact { id: contact.id, name: contact.name() }),
        };
        let found: Vec<_> =
            found.into_iter().filter(|contact| contact.app_id == *app).map(named).collect::<Result<_>>()?;
        if found.len() == ids.len() { Ok(found) } else { Err(Refusal::ContactNotFound.into()) }
    }
}

//! Contacts and chats with what programs keep about them.

use std::slice;

use domain::{
    audit::{Action, AuditEvent},
    contact::{Contact, ContactDraft, ContactStatus, NewContact},
    field::{Field, FieldErrors},
    ids::{AppId, ContactId, RoomId},
    message,
    page::Page,
    refusal::Refusal,
    role::Act,
    room::{Room, RoomKind, RoomQuery, RoomRules},
    rules, text,
};
use store::{AskedRooms, Tx, room_cursor};

use super::{
    CHAT,
    contacts::{managed as managed_contact, taken},
    managed,
    profiles::{self, IS_DEFAULT, Object},
    rooms::changes,
    say,
};
use crate::{Caller, Error, Result, Service};

/// How many chats of a contact are looked at in one statement.
const AT_ONCE: u32 = 200;

impl Service {
    /// Adds a contact with what a program keeps about them. Refuses as `create_contact` does.
    pub async fn create_contact_with(
        &self,
        caller: &Caller,
        app: &AppId,
        draft: &ContactDraft,
        profile: &Object,
    ) -> Result<Contact> {
        caller.may(Act::ManageContacts)?;
        let profile = profiles::written(profile)?;
        self.add_contact(caller, app, draft, profile, ContactStatus::Active, Action::ContactCreated).await
    }

    /// Changes a contact and what a program keeps about them, from what they are as nobody else writes. If nothing differs,
    /// records nothing.
    pub async fn change_contact_with(
        &self,
        caller: &Caller,
        id: &ContactId,
        change: impl Fn(&Contact) -> Result<(NewContact, Object)>,
    ) -> Result<Contact> {
        caller.may(Act::ManageContacts)?;
        let work = async |tx: &mut Tx| {
            let before = managed_contact(tx, caller, id).await?;
            let (new, profile) = change(&before)?;
            let profile = profiles::written(&profile)?;
            let mut changes = rules::changes(&NewContact::from(&before).told(), &new.told());
            if !changes.is_empty() {
                caller.sees_state(&ContactDraft::from_contact(&before))?;
                tx.update_contact(id, &new).await.map_err(taken)?;
            }
            if profile != before.profile {
                tx.set_contact_profile(id, &profile).await?;
                changes.push(profiles::change());
            }
            if changes.is_empty() {
                return Ok(before);
            }
            let after = managed_contact(tx, caller, id).await?;
            let event = self.contact_event(caller, Action::ContactChanged, &after);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(after)
        };
        self.write(work).await
    }

    /// Removes a contact for good, as `remove_contact` does, and first the chats that go with them.
    pub async fn remove_contact_with_chats(&self, caller: &Caller, id: &ContactId) -> Result<()> {
        caller.may(Act::ManageContacts)?;
        caller.may(Act::ManageRooms)?;
        let contact = self.store().contact_by_id(id).await?.filter(|contact| caller.sight().apps.has(&contact.app_id));
        let contact = contact.ok_or(Refusal::ContactNotFound)?;
        let asked = AskedRooms { kinds: CHAT, contacts: slice::from_ref(id) };
        let mut after = None;
        loop {
            let ids = self.store().room_ids_after(&contact.app_id, &asked, after.as_ref(), AT_ONCE).await?;
            let Some(last) = ids.last().copied() else { break };
            after = Some(last);
            for room in self.store().some_rooms(&ids).await?.iter().filter(|room| profiles::is_personal(room)) {
                match self.delete_chat(caller, &room.id).await {
                    // Or somebody was quicker.
                    Ok(()) | Err(Error::Refused(Refusal::RoomNotFound)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.remove_contact(caller, id).await
    }

    /// A page of the chats that a contact is in, the one in which something was said last first, after or before a cursor or
    /// one of them, by its id. `RoomNotFound` if there is no such chat.
    pub async fn chats_of(
        &self,
        caller: &Caller,
        contact: &ContactId,
        after: Option<&str>,
        before: Option<&str>,
        rows: u32,
    ) -> Result<Page<Room>> {
        let after = self.chat_cursor(caller, after).await?;
        let before = self.chat_cursor(caller, before).await?;
        let query =
            RoomQuery { contact: Some(*contact), rows, after, before, ..RoomQuery::of_kinds(&[RoomKind::Chat]) };
        self.rooms(caller, &query).await
    }

    async fn chat_cursor(&self, caller: &Caller, text: Option<&str>) -> Result<Option<String>> {
        match text.map(|text| (text, RoomId::parse(text))) {
            None => Ok(None),
            Some((_, Some(id))) => Ok(Some(room_cursor(&self.room(caller, &id).await?))),
            Some((cursor, None)) => Ok(Some(cursor.to_owned())),
        }
    }

    /// Changes the name of a chat and what a program keeps about it, from what it is as nobody else writes. Says in it that it
    /// has another name. If nothing differs, records nothing. `RoomEnded` if it is archived and would get another name.
    pub async fn change_chat(
        &self,
        caller: &Caller,
        id: &RoomId,
        change: impl Fn(&Room) -> Result<(String, Object)>,
    ) -> Result<Room> {
        let work = async |tx: &mut Tx| {
            let before = managed(tx, caller, id, CHAT).await?;
            let (name, profile) = change(&before)?;
            let name = text::room_name(&name).map_err(|message| FieldErrors::one(Field::Name, message))?;
            let profile = profiles::written(&profile)?;
            let mut changes = changes(Some(&before.rules()), &RoomRules { name: name.clone(), ..before.rules() });
            let (is_renamed, is_other) = (!changes.is_empty(), profile != before.profile);
            let mut room = Room { name, profile, ..before };
            let mut said = Vec::new();
            if is_renamed {
                room.is_open(self.now())?;
                tx.update_room(&room).await?;
                let text = message::renamed(&room.name);
                said = say(tx, &mut room, vec![text], self.now()).await?;
            }
            if is_other {
                tx.set_room_profile(id, &room.profile).await?;
                changes.push(profiles::change());
            }
            self.record_change(tx, caller, &room, changes).await?;
            Ok::<_, Error>((room, said))
        };
        let (room, said) = self.write(work).await?;
        self.live().tell(&said);
        Ok(room)
    }

    /// Deletes a chat with all that was said in it, for good.
    pub async fn delete_chat(&self, caller: &Caller, id: &RoomId) -> Result<()> {
        self.delete_of(caller, id, CHAT).await
    }
}

/// Notes that a chat that goes with its contact is their first one, if it is, in the transaction in which it is made.
pub(super) async fn note_default(tx: &mut Tx, room: &mut Room, contact: &ContactId) -> Result<()> {
    let Some(contact) = tx.contact_by_id(contact).await? else { return Ok(()) };
    let mut of_contact = profiles::read(&contact.profile);
    if profiles::is_true(&of_contact) {
        return Ok(());
    }
    of_contact.insert(IS_DEFAULT.to_owned(), true.into());
    let mut of_room = profiles::read(&room.profile);
    of_room.insert(IS_DEFAULT.to_owned(), true.into());
    tx.set_contact_profile(&contact.id, &profiles::written(&of_contact)?).await?;
    room.profile = profiles::written(&of_room)?;
    Ok(())
}

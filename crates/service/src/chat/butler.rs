//! The butler, who writes to contacts each in a chat of their own. What he says goes out by the same writer as every message.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{
    contact::{CONTACT_NAME_MAX, Contact, ContactKind, ContactStatus, personal},
    field::{Field, FieldErrors},
    ids::{AppId, ContactId, RoomId},
    message::{Author, MessageKind, checked_text},
    participant::{ClientKey, Grade, NICK_NAME_MAX, Participant},
    profile::EMPTY,
    refusal::Refusal,
    role::Act,
    room::{Room, RoomKind},
    text::MESSAGE_MAX,
    timestamp::Timestamp,
};
use store::{StoreError, Tx};
use tokio::{task::JoinSet, time::sleep};

use super::{
    acting::ActsFor,
    messages::NewMessage,
    sent_files::{NewFile, NewFiles},
};
use crate::{Caller, Error, Result, Service, entropy, to_the_end::to_the_end};

/// How many contacts are written to at the same time. The writer commits what waits together.
const AT_ONCE: usize = 200;

/// The same for messages with files, whose bytes are held meanwhile.
const WITH_FILES_AT_ONCE: usize = 4;

/// How often a message is tried again while too many wait to be written, or the database is away.
const TRIES: u32 = 40;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// How many contacts are read at the same time.
const PAGE: u32 = 200;

/// The most contacts of one chat that are counted.
const COUNTED: u32 = 10_000;

/// What every chat with the butler is called.
const NAME: &str = "Butler";

/// For whom the butler's message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in one chat.
    Chat(RoomId),
    /// Every contact of this kind, or of any, in their own chat.
    Everybody(Option<ContactKind>),
    /// These contacts, each in their own chat.
    Named(Vec<ContactId>),
}

/// What the butler says, with files or without any.
struct Said {
    text: Arc<str>,
    files: Arc<[NewFile]>,
}

impl Service {
    /// Says something as the butler, and tells how many contacts got it. `{{first_name}}` and `{{last_name}}` become the names
    /// of the contact whose chat it is. Whoever is disabled is left out.
    pub async fn butler_says(&self, caller: &Caller, app: &AppId, to: &Audience, text: &str) -> Result<u64> {
        self.butler_writes(caller, app, to, &[], text, Vec::new()).await
    }

    /// The same for a Master User key. One that is narrowed reaches only its own contacts.
    pub async fn butler_says_for(&self, acting: &ActsFor, to: &Audience, text: &str) -> Result<u64> {
        self.butler_writes(acting.caller(), acting.app(), to, acting.narrowed(), text, Vec::new()).await
    }

    /// Sends files as the butler, each contact their own copy, and tells how many contacts got them. The text goes with the
    /// first, and may be blank. `AttachmentEmpty` and `AttachmentTooLarge` before anybody gets anything.
    pub async fn butler_sends_for(
        &self,
        acting: &ActsFor,
        to: &Audience,
        text: &str,
        files: Vec<NewFile>,
    ) -> Result<u64> {
        self.butler_writes(acting.caller(), acting.app(), to, acting.narrowed(), text, files).await
    }

    async fn butler_writes(
        &self,
        caller: &Caller,
        app: &AppId,
        to: &Audience,
        narrowed: &[ContactId],
        text: &str,
        files: Vec<NewFile>,
    ) -> Result<u64> {
        caller.may(Act::ManageRooms)?;
        if !caller.sight().apps.has(app) {
            return Err(Refusal::AppNotFound.into());
        }
        let kind = if files.is_empty() { MessageKind::Text } else { MessageKind::File };
        let text: Arc<str> = checked_text(kind, text)?.into();
        check_length(&text)?;
        files.iter().try_for_each(|file| self.right_size(&file.bytes))?;
        let said = Said { text, files: files.into() };
        // In a task of its own: whoever goes away meanwhile leaves nobody without it.
        let (service, caller, app) = (self.clone(), caller.clone(), *app);
        let (to, narrowed) = (to.clone(), narrowed.to_vec());
        let write = async move { service.write_to(&caller, &app, &to, &narrowed, &said).await };
        to_the_end("the butler did not come to an end", write).await
    }

    async fn write_to(
        &self,
        caller: &Caller,
        app: &AppId,
        to: &Audience,
        narrowed: &[ContactId],
        said: &Said,
    ) -> Result<u64> {
        match to {
            Audience::Chat(room) => self.butler_in(caller, app, room, narrowed, said).await,
            Audience::Named(ids) => {
                if !narrowed.is_empty() && ids.iter().any(|id| !narrowed.contains(id)) {
                    return Err(Refusal::OnBehalfNotAllowed.into());
                }
                let ids: BTreeSet<_> = ids.iter().copied().collect();
                let found = self.in_app(app, &ids).await?;
                let all = found.len() == ids.len();
                if all { self.to_each(caller, found, said).await } else { Err(Refusal::ContactNotFound.into()) }
            }
            Audience::Everybody(kind) if !narrowed.is_empty() => {
                let mut found = self.in_app(app, &narrowed.iter().copied().collect()).await?;
                found.retain(|contact| kind.is_none_or(|kind| kind == contact.kind));
                self.to_each(caller, found, said).await
            }
            Audience::Everybody(kind) => {
                self.first_contact(app).await?;
                let (mut receivers, mut after) = (0, None);
                loop {
                    let some = self.store().contacts_after(app, *kind, after.as_ref(), PAGE).await?;
                    let Some(last) = some.last().map(|contact| contact.id) else { return Ok(receivers) };
                    after = Some(last);
                    receivers += self.to_each(caller, some, said).await?;
                }
            }
        }
    }

    /// Those of these contacts that there are in the app, each once.
    async fn in_app(&self, app: &AppId, ids: &BTreeSet<ContactId>) -> Result<Vec<Contact>> {
        let ids: Vec<_> = ids.iter().copied().collect();
        let mut found = self.store().contacts_by_id(&ids).await?;
        found.retain(|contact| contact.app_id == *app);
        Ok(found)
    }

    /// Says it in one chat, and counts the contacts in it.
    async fn butler_in(
        &self,
        caller: &Caller,
        app: &AppId,
        room: &RoomId,
        narrowed: &[ContactId],
        said: &Said,
    ) -> Result<u64> {
        let found = self.store().room(room).await?;
        let is_chat = |room: &Room| room.app_id == *app && room.kind != RoomKind::Room;
        let found = found.filter(is_chat).ok_or(Refusal::RoomNotFound)?;
        let contacts = self.store().contacts_in(room, COUNTED).await?;
        if !narrowed.is_empty() && !contacts.iter().any(|id| narrowed.contains(id)) {
            return Err(Refusal::RoomNotFound.into());
        }
        if found.kind == RoomKind::Butler {
            // It is that of one contact, whoever else came into it.
            let mut receivers = self.store().contacts_by_id(&contacts).await?;
            receivers.retain(|contact| contact.butler == Some(*room));
            receivers.retain(|contact| narrowed.is_empty() || narrowed.contains(&contact.id));
            return self.to_each(caller, receivers, said).await;
        }
        // Everybody in it reads it. A key is narrowed to fewer than are counted.
        if !narrowed.is_empty() && contacts.iter().any(|id| !narrowed.contains(id)) {
            return Err(Refusal::OnBehalfNotAllowed.into());
        }
        self.say_as_butler(caller, room, said.text.to_string(), &said.files).await?;
        Ok(u64::try_from(contacts.len()).unwrap_or(u64::MAX))
    }

    /// Writes to each of these contacts, and counts those who got it.
    async fn to_each(&self, caller: &Caller, contacts: Vec<Contact>, said: &Said) -> Result<u64> {
        let mut receivers = 0;
        let contacts: Vec<_> =
            contacts.into_iter().filter(|contact| contact.status != ContactStatus::Inactive).collect();
        let at_once = if said.files.is_empty() { AT_ONCE } else { WITH_FILES_AT_ONCE };
        for some in contacts.chunks(at_once) {
            let mut writing = JoinSet::new();
            for (contact, room) in self.butlers_of(some).await? {
                let (service, caller) = (self.clone(), caller.clone());
                let (text, files) = (for_contact(&said.text, &contact), Arc::clone(&said.files));
                writing.spawn(async move {
                    match service.say_as_butler(&caller, &room, text, &files).await {
                        Ok(()) => Ok(true),
                        // Their chat was archived or deleted.
                        Err(Error::Refused(Refusal::RoomEnded | Refusal::RoomNotFound)) => Ok(false),
                        Err(error) => Err(error),
                    }
                });
            }
            while let Some(written) = writing.join_next().await {
                let written =
                    written.map_err(|error| Error::internal("a message of the butler was not written", error))?;
                receivers += u64::from(written?);
            }
        }
        Ok(receivers)
    }

    /// Says something in one chat, with files or without any.
    async fn say_as_butler(&self, caller: &Caller, room: &RoomId, text: String, files: &[NewFile]) -> Result<()> {
        let author = Author::butler();
        if files.is_empty() {
            let mut tries = 0;
            loop {
                let (kind, author, text) = (MessageKind::Text, author.clone(), text.clone());
                let new = NewMessage { kind, author, text, reply_to: None, to: None, attachment: None };
                match self.send(caller, room, new).await {
                    // It was not written. The others have it already, so whoever asked could not send it again.
                    Err(Error::Store(StoreError::Unavailable(_)) | Error::Refused(Refusal::Busy)) if tries < TRIES => {
                        tries += 1;
                    }
                    sent => return sent.map(drop),
                }
                sleep(TRY_AGAIN_AFTER).await;
            }
        } else {
            let new = NewFiles { author, text, reply_to: None, files: files.to_vec() };
            self.send_files(caller, room, new).await?;
        }
        Ok(())
    }

    /// The chat of a contact with the butler. The first need makes it.
    pub async fn butler_of(&self, contact: &Contact) -> Result<RoomId> {
        let found = self.butlers_of(std::slice::from_ref(contact)).await?;
        Ok(found.first().map(|(_, room)| *room).ok_or(Refusal::ContactNotFound)?)
    }

    /// The chats of these contacts with the butler. Those that are missing are made in one transaction. They come with their
    /// contacts and are not on record.
    async fn butlers_of(&self, contacts: &[Contact]) -> Result<Vec<(Contact, RoomId)>> {
        let known = |contact: &Contact| Some((contact.clone(), contact.butler?));
        if contacts.iter().all(|contact| contact.butler.is_some()) {
            return Ok(contacts.iter().filter_map(known).collect());
        }
        let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
        let mut rooms = Vec::with_capacity(contacts.len());
        for _ in contacts {
            rooms.push(RoomId::from_random(entropy::bytes(self.entropy())?));
        }
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let (mut found, mut participants) = (tx.contacts_by_id(&ids).await?, Vec::new());
            for (contact, room) in found.iter_mut().zip(rooms).filter(|(contact, _)| contact.butler.is_none()) {
                tx.insert_room(&butler_room(room, &contact.app_id, now), "").await?;
                tx.set_contact_butler(&contact.id, &room).await?;
                contact.butler = Some(room);
                participants.push(in_butler(room, contact, now));
            }
            tx.put_participants(&participants).await?;
            Ok::<_, Error>(found)
        };
        let found = self.write(work).await?;
        Ok(found.iter().filter_map(known).collect())
    }
}

fn butler_room(id: RoomId, app: &AppId, now: Timestamp) -> Room {
    Room {
        id,
        app_id: *app,
        kind: RoomKind::Butler,
        name: NAME.to_owned(),
        opens_at: None,
        ends_at: None,
        closed_at: None,
        archived_at: None,
        max_users: None,
        has_password: false,
        created_at: now,
        created_by: None,
        last_seq: 0,
        joined: 1,
        last_message_at: None,
        profile: EMPTY.to_owned(),
    }
}

fn in_butler(room_id: RoomId, contact: &Contact, now: Timestamp) -> Participant {
    Participant {
        room_id,
        client_key: ClientKey::of_contact(&contact.id),
        nick_name: contact.name().chars().take(NICK_NAME_MAX).collect(),
        grade: Grade::User,
        contact: Some(contact.id),
        joined_at: now,
        left_at: None,
        muted_at: None,
        banned_at: None,
    }
}

fn for_contact(text: &str, contact: &Contact) -> String {
    personal(text, &contact.first_name, &contact.last_name)
}

/// Refuses a text that the longest names would make too long, so that no message is refused after others were written.
fn check_length(text: &str) -> Result<(), FieldErrors> {
    let longest = "n".repeat(CONTACT_NAME_MAX);
    if personal(text, &longest, &longest).chars().count() <= MESSAGE_MAX {
        return Ok(());
    }
    let message = format!("With long names in it, this has more than {MESSAGE_MAX} characters: shorten it.");
    Err(FieldErrors::one(Field::Message, message))
}

//! Chats between contacts: what their pages read, and what their forms do.

use domain::contact::Contact;
use domain::field::{Field, FieldErrors};
use domain::ids::RoomId;
use domain::message::{Author, MessageKind};
use domain::participant::{Participant, Who};
use domain::refusal::Refusal;
use domain::role::Act;
use domain::room::{Room, RoomKind, RoomRules};
use service::chat::messages::NewMessage;
use service::chat::rooms::NewRoom;
use service::chat::sent_files::NewFiles;

use super::apps::app_id;
use super::contacts::read_contact_choices;
use super::context::Desk;
use super::file_form::{FILES_MAX, Files};
use super::rooms::{RoomView, allowed, app_for, invalid, read_room, told};
use crate::error::ConsoleError;
use crate::forms::chat_done::ChatDone;
use crate::forms::contacts::{ChatForm, ChatMessageForm, ChatNameForm, ContactChoice};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// How the author of what is done here is called in a chat.
const MANAGER: &str = "Manager";

/// The kinds of rooms that are chats.
pub const CHATS: [RoomKind; 2] = [RoomKind::Chat, RoomKind::Butler];

/// A chat that contacts can be added to, or that can be renamed: not one of the Butler.
pub async fn read_chat_to_change(id: &str) -> Result<RoomView, ConsoleError> {
    read_room(id, &[RoomKind::Chat]).await?.managed()
}

/// Who is in a chat.
pub async fn read_participants(id: &RoomId) -> Result<Vec<Participant>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().participants(&desk.caller()?, id, Who::Joined).await?)
}

/// Whom the Butler writes to in each of these chats; `None` in those of several contacts.
pub async fn read_addressees(chats: &[Room]) -> Result<Vec<Option<String>>, ConsoleError> {
    let mut names = Vec::with_capacity(chats.len());
    for chat in chats {
        let is_butler = chat.kind == RoomKind::Butler;
        let people = if is_butler { read_participants(&chat.id).await? } else { Vec::new() };
        names.push(people.into_iter().next().map(|one| one.nick_name));
    }
    Ok(names)
}

/// The contacts to choose from for a new chat; none until it is known in which app.
pub async fn read_choices_of_new(form: &ChatForm) -> Result<Option<Vec<(Contact, bool)>>, ConsoleError> {
    let desk = Desk::from_context()?;
    let app = match &*form.app {
        "" => desk.apps().await?.one.map(|app| app.id),
        named => Some(app_id(named)?),
    };
    match app {
        Some(app) => Ok(Some(read_contact_choices(&app, &form.choice).await?)),
        None => Ok(None),
    }
}

pub async fn create(desk: Desk, form: ChatForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    if form.choice.searches {
        return Ok(Next::Show(()));
    }
    let app = app_for(&desk, &form.app).await?;
    let rules = RoomRules::checked(&form.name, None, None, None).map_err(invalid)?;
    let contacts = desk.service().named_contacts(&caller, &app, &form.choice.contacts).await?;
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts };
    let chat = desk.service().create_room(&caller, &app, new).await?;
    Ok(told(&desk, address(&chat.id), ChatDone::ChatCreated))
}

pub async fn rename(desk: Desk, id: RoomId, form: ChatNameForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    desk.service().rename_chat(&caller, &id, &form.name, &Author::manager(MANAGER)).await?;
    Ok(told(&desk, address(&id), ChatDone::ChatRenamed))
}

/// Writes in a chat, as whoever manages it, with or without files.
pub async fn write(desk: Desk, id: RoomId, form: ChatMessageForm, files: Files) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    let room = desk.service().room(&caller, &id).await?;
    match room.kind {
        RoomKind::Chat => {}
        RoomKind::Butler => return Err(ConsoleError::Refused(Refusal::ButlerChat)),
        RoomKind::Room => return Err(ConsoleError::Refused(Refusal::RoomNotFound)),
    }
    let files = files.map_err(at_its_field)?;
    if files.len() > FILES_MAX {
        let words = format!("Send at most {FILES_MAX} files at once.");
        return Err(invalid(FieldErrors::one(Field::Attachment, words)));
    }
    let author = Author::manager(MANAGER);
    if files.is_empty() {
        let kind = MessageKind::Text;
        let new = NewMessage { kind, author, text: form.message, reply_to: None, to: None, attachment: None };
        desk.service().send(&caller, &id, new).await?;
    } else {
        let new = NewFiles { author, text: form.message, reply_to: None, files };
        let sent = desk.service().send_files(&caller, &id, new).await;
        sent.map_err(|error| at_its_field(ConsoleError::from(error)))?;
    }
    Ok(told(&desk, address(&id), ChatDone::MessageSent))
}

/// What is wrong with a file is said at its field.
fn at_its_field(error: ConsoleError) -> ConsoleError {
    match error {
        ConsoleError::Refused(wrong @ (Refusal::AttachmentEmpty | Refusal::AttachmentTooLarge { .. })) => {
            invalid(FieldErrors::one(Field::Attachment, wrong.message()))
        }
        error => error,
    }
}

/// The most bytes of a file.
pub fn file_max() -> Result<u64, ConsoleError> {
    Ok(Desk::from_context()?.service().attachment_max())
}

pub async fn add(desk: Desk, id: RoomId, form: ContactChoice) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    if form.searches {
        return Ok(Next::Show(()));
    }
    let room = desk.service().room(&caller, &id).await?;
    if form.contacts.is_empty() {
        return Err(invalid(FieldErrors::one(Field::ActsFor, "Tick at least one contact.")));
    }
    let contacts = desk.service().named_contacts(&caller, &room.app_id, &form.contacts).await?;
    desk.service().add_contacts(&caller, &id, &contacts, &Author::manager(MANAGER)).await?;
    Ok(told(&desk, address(&id), ChatDone::ContactsAdded))
}

pub async fn archive(desk: Desk, id: RoomId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().archive_room(&desk.caller()?, &id, true).await?;
    Ok(told(&desk, "/chats".to_owned(), ChatDone::ChatArchived))
}

pub async fn restore(desk: Desk, id: RoomId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().archive_room(&desk.caller()?, &id, false).await?;
    Ok(told(&desk, address(&id), ChatDone::ChatRestored))
}

fn address(id: &RoomId) -> String {
    format!("/chats/{id}")
}

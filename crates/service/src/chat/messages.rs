//! What is said in a room: written by a group commit, read by number.

use domain::{
    field::{Field, FieldErrors},
    ids::{AttachmentId, RoomId},
    message::{Author, AuthorKind, Message, MessageKind, checked_text},
    participant::ClientKey,
    profile::EXTRA_MAX,
    refusal::Refusal,
    role::Act,
    text,
};

use super::{
    profiles::{Object, kept},
    writer::{Draft, Job},
};
use crate::{Caller, Result, Service};

/// The most messages that are read at once.
pub const MESSAGES_MAX: u32 = 1_000;

/// A message to write.
#[derive(Debug)]
pub struct NewMessage {
    /// What it is.
    pub kind: MessageKind,
    /// Who writes it. The name of a participant or contact is taken from the room.
    pub author: Author,
    /// The text, as typed.
    pub text: String,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
    /// For whom a whisper is.
    pub to: Option<ClientKey>,
    /// The file of a file message, which was put into the same room.
    pub attachment: Option<AttachmentId>,
}

impl Service {
    /// Writes a message. It is on disk once this returns. Refuses with `Invalid`, `RoomNotFound`, `RoomNotOpen`,
    /// `RoomEnded`, `NotJoined` (the author, or whom a whisper is for), `Muted`, `MessageNotFound` or `AttachmentNotFound`.
    pub async fn send(&self, caller: &Caller, room: &RoomId, new: NewMessage) -> Result<Message> {
        self.send_with(caller, room, new, &Object::new()).await
    }

    /// Writes a message, as `send` does, with what it is besides its text. `Invalid` if that is too long, or a key is in it.
    pub async fn send_with(&self, caller: &Caller, room: &RoomId, new: NewMessage, extra: &Object) -> Result<Message> {
        caller.may(Act::ManageRooms)?;
        let extra = if extra.is_empty() { String::new() } else { kept(extra, EXTRA_MAX, Field::Message)? };
        let draft = Draft { extra, ..checked(room, new)? };
        self.messages_writer().write(Job { apps: caller.sight().apps.clone(), draft }).await
    }

    /// The messages from one number to another, in their order, at most `limit` and `MESSAGES_MAX`; without `to`, to the
    /// last one.
    pub async fn messages(
        &self,
        caller: &Caller,
        room: &RoomId,
        from: u64,
        to: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        let to = to.unwrap_or(u64::MAX);
        Ok(self.store().messages(&room.id, from, to, limit.min(MESSAGES_MAX)).await?)
    }

    /// What others than Keystead said and nobody deleted, from one number to another, at most `limit` and `MESSAGES_MAX`: the
    /// first of them in their order, or with `newest` the last of them, newest first.
    pub async fn said(
        &self,
        caller: &Caller,
        room: &RoomId,
        from: u64,
        to: u64,
        newest: bool,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        Ok(self.store().said_messages(&room.id, from, to, newest, limit.min(MESSAGES_MAX)).await?)
    }

    /// The last messages, in their order, at most `limit` and `MESSAGES_MAX`.
    pub async fn latest(&self, caller: &Caller, room: &RoomId, limit: u32) -> Result<Vec<Message>> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        Ok(self.store().latest_messages(&room.id, limit.min(MESSAGES_MAX)).await?)
    }
}

/// A message in the form that is written, as far as that can be known without its room.
fn checked(room: &RoomId, new: NewMessage) -> Result<Draft> {
    // What Keystead itself says is written with what it is about, and only what was said can be deleted.
    if matches!(new.kind, MessageKind::System | MessageKind::Deleted) {
        return Err(Refusal::Forbidden.into());
    }
    let text = checked_text(new.kind, &new.text)?;
    if new.kind == MessageKind::File && new.attachment.is_none() {
        return Err(FieldErrors::one(Field::Attachment, "Choose a file.").into());
    }
    if new.kind == MessageKind::Whisper && new.to.is_none() {
        return Err(FieldErrors::one(Field::ClientKey, "Say for whom it is.").into());
    }
    let author = match new.author.kind {
        AuthorKind::Manager => {
            let name = text::person_name(&new.author.name);
            let name = name.map_err(|message| FieldErrors::one(Field::NickName, message))?;
            Author { name, ..new.author }
        }
        _ => new.author,
    };
    let to = new.to.filter(|_| new.kind == MessageKind::Whisper);
    let attachment = new.attachment.filter(|_| new.kind == MessageKind::File);
    let reply_to = new.reply_to.filter(|seq| *seq > 0);
    Ok(Draft { room: *room, kind: new.kind, author, text, reply_to, to, attachment, extra: String::new() })
}

//! Files that are sent in a room: all of them, or none that stays without a message.

use domain::{
    ids::{AttachmentId, RoomId},
    message::{Author, AuthorKind, Message, MessageKind, checked_text},
    participant::Participant,
    refusal::Refusal,
    role::Act,
    room::RoomKind,
};
use store::Tx;

use super::{ROOM_OR_CHAT, messages::NewMessage};
use crate::{Caller, Result, Service};

/// A file to send.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its name, as it was sent.
    pub name: String,
    /// The type that it claims.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Files to send, each as a message of its own.
#[derive(Debug)]
pub struct NewFiles {
    /// Who sends them.
    pub author: Author,
    /// The text, as typed. It goes with the first.
    pub text: String,
    /// The number of the message that they answer.
    pub reply_to: Option<u64>,
    /// The files.
    pub files: Vec<NewFile>,
}

/// Where an author sends files: the butler in his own chats, too.
const fn kinds_for(author: &Author) -> &'static [RoomKind] {
    match author.kind {
        AuthorKind::Butler => &[RoomKind::Room, RoomKind::Chat, RoomKind::Butler],
        _ => ROOM_OR_CHAT,
    }
}

impl Service {
    /// Sends files, and returns their messages. Refuses as `put_attachment` and `send` do. A file whose message is refused
    /// is removed again.
    pub async fn send_files(&self, caller: &Caller, room: &RoomId, new: NewFiles) -> Result<Vec<Message>> {
        self.check_files(caller, room, &new).await?;
        let mut unsent = Vec::with_capacity(new.files.len());
        let sent = self.put_and_send(caller, room, new, &mut unsent).await;
        if sent.as_ref().is_err_and(|error| !error.is_uncertain()) {
            self.drop_unsent(&unsent).await;
        }
        sent
    }

    /// Refuses what `send` would refuse, as far as that is known before the files are there.
    async fn check_files(&self, caller: &Caller, room: &RoomId, new: &NewFiles) -> Result<()> {
        let room = self.room_for(caller, Act::ManageRooms, room).await?;
        room.is_open(self.now())?;
        checked_text(MessageKind::File, &new.text)?;
        if new.reply_to.is_some_and(|seq| seq > room.last_seq) {
            return Err(Refusal::MessageNotFound.into());
        }
        if let Some(key) = new.author.client_key() {
            let found = self.store().participant(&room.id, &key).await?;
            let participant = found.filter(Participant::is_in).ok_or(Refusal::NotJoined)?;
            if participant.muted_at.is_some() {
                return Err(Refusal::Muted.into());
            }
        }
        Ok(())
    }

    /// Puts all files first, because one that is refused must not leave others sent. `unsent` are those without a message.
    async fn put_and_send(
        &self,
        caller: &Caller,
        room: &RoomId,
        new: NewFiles,
        unsent: &mut Vec<AttachmentId>,
    ) -> Result<Vec<Message>> {
        let NewFiles { author, mut text, reply_to, files } = new;
        for file in files {
            unsent.push(self.put_file_in(caller, room, kinds_for(&author), file).await?.id);
        }
        let mut sent = Vec::with_capacity(unsent.len());
        while let Some(file) = unsent.first().copied() {
            let message = NewMessage {
                kind: MessageKind::File,
                author: author.clone(),
                text: std::mem::take(&mut text),
                reply_to,
                to: None,
                attachment: Some(file),
            };
            sent.push(self.send(caller, room, message).await?);
            unsent.remove(0);
        }
        Ok(sent)
    }

    /// Removes files that no message has.
    pub(super) async fn drop_unsent(&self, files: &[AttachmentId]) {
        // The file first: once its row is gone, nobody would find it.
        for id in files {
            self.drop_file(id).await;
        }
        if let Err(error) = self.write(async |tx: &mut Tx| tx.delete_attachments(files).await).await {
            tracing::warn!(%error, "files whose messages were refused cannot be removed");
        }
    }
}

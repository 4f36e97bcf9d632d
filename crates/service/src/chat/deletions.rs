//! Deleting messages. Their numbers stay, so that there is a message for each up to the last.

use domain::{
    audit::{Action, AuditEvent, Change},
    ids::{AttachmentId, RoomId},
    message::MessageKind,
    refusal::Refusal,
};
use store::Tx;

use super::{ROOM_OR_CHAT, managed};
use crate::{Caller, Error, Result, Service, to_the_end::to_the_end};

/// How many numbers one transaction looks at, so that other writers do not wait long.
const AT_ONCE: u64 = 5_000;

impl Service {
    /// Deletes a message with its file. What was said is gone for good; those who watch see that it was deleted.
    /// `MessageNotFound` if there is none, it was deleted before, or Keystead itself said it.
    pub async fn delete_message(&self, caller: &Caller, room: &RoomId, seq: u64) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let found = managed(tx, caller, room, ROOM_OR_CHAT).await?;
            let message = tx.messages(room, seq, seq, 1).await?.pop().ok_or(Refusal::MessageNotFound)?;
            if matches!(message.kind, MessageKind::Deleted | MessageKind::System) {
                return Err(Refusal::MessageNotFound.into());
            }
            let files = self.delete_range(tx, room, seq, seq).await?;
            let event = self.room_event(caller, Action::MessagesDeleted, &found);
            self.record(tx, AuditEvent { changes: vec![change(seq, seq)], ..event }).await?;
            Ok::<_, Error>(files)
        };
        let files = self.write(work).await?;
        self.deleted(&files).await;
        Ok(())
    }

    /// Deletes every message of a room, as `delete_message` does. What Keystead itself said stays. If there is none, records
    /// nothing. Goes on if the caller goes away.
    pub async fn delete_messages(&self, caller: &Caller, room: &RoomId) -> Result<()> {
        let (service, caller, room) = (self.clone(), caller.clone(), *room);
        let delete = async move { service.delete_all_messages(&caller, &room).await };
        to_the_end("the messages of a room are not all deleted", delete).await
    }

    async fn delete_all_messages(&self, caller: &Caller, room: &RoomId) -> Result<()> {
        let mut last = None;
        let mut from = 1;
        loop {
            let work = async |tx: &mut Tx| {
                let found = managed(tx, caller, room, ROOM_OR_CHAT).await?;
                let end = last.unwrap_or(found.last_seq);
                let to = end.min(from + AT_ONCE - 1);
                if last.is_none() && !tx.said_messages(room, 1, end, false, 1).await?.is_empty() {
                    let event = self.room_event(caller, Action::MessagesDeleted, &found);
                    self.record(tx, AuditEvent { changes: vec![change(1, end)], ..event }).await?;
                }
                let files = self.delete_range(tx, room, from, to).await?;
                Ok::<_, Error>((end, to, files))
            };
            let (end, to, files) = self.write(work).await?;
            self.deleted(&files).await;
            if to >= end {
                return Ok(());
            }
            last = Some(end);
            from = to + 1;
        }
    }

    /// Deletes messages, and the files that no other message names. Their bytes on disk are removed after this.
    async fn delete_range(&self, tx: &mut Tx, room: &RoomId, from: u64, to: u64) -> Result<Vec<AttachmentId>> {
        let named = tx.named_attachments(room, from, to).await?;
        tx.delete_messages(room, from, to, self.now()).await?;
        if named.is_empty() {
            return Ok(named);
        }
        let files = tx.unnamed_attachments(&named).await?;
        tx.delete_attachments(&files).await?;
        Ok(files)
    }

    async fn deleted(&self, files: &[AttachmentId]) {
        self.live().look();
        for id in files {
            self.drop_file(id).await;
        }
    }
}

/// Which messages were deleted, for the record: never what was said.
fn change(from: u64, to: u64) -> Change {
    let numbers = if from == to { from.to_string() } else { format!("{from} to {to}") };
    Change { field: "messages".to_owned(), from: Some(numbers), to: None }
}

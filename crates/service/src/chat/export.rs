//! All chats of an app with what was said in them, a piece at a time. Files are named and not included. Between two pieces no
//! connection is held.

use std::collections::VecDeque;

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::{AppId, ContactId, RoomId},
    message::Message,
    participant::{Participant, Who},
    refusal::Refusal,
    role::Act,
    room::Room,
};
use store::{AskedRooms, Tx};

use super::acting::CHATS;
use crate::{Caller, Error, Result, Service, service::event};

/// Chats, and messages, in a piece.
const PIECE: u32 = 500;

/// An export of chats that has begun.
#[derive(Debug)]
pub struct ChatExport {
    service: Service,
    reader: Caller,
    app: AppId,
    /// Only chats that one of them is in; empty for all.
    contacts: Vec<ContactId>,
    /// Chats that were found and not yet told.
    found: VecDeque<RoomId>,
    after: Option<RoomId>,
    /// The chat whose messages come next, and the number of the first of them.
    open: Option<(RoomId, u64)>,
    is_over: bool,
}

/// What an export gives next.
#[derive(Debug)]
pub enum ExportedChat {
    /// A chat and who is in it. Its messages follow.
    Chat(Box<Room>, Vec<Participant>),
    /// Messages of that chat, in their order.
    Messages(Vec<Message>),
}

impl Service {
    /// Begins an export of the chats of an app, or of those that one of these contacts is in. It is on record before anything
    /// is given.
    pub async fn export_chats(&self, caller: &Caller, app: &AppId, contacts: &[ContactId]) -> Result<ChatExport> {
        caller.may(Act::ExportChats)?;
        let work = async |tx: &mut Tx| {
            let found = if caller.sight().apps.has(app) { tx.app(app).await? } else { None };
            let subject = found.map(|app| Subject::app(&app.id, &app.name)).ok_or(Refusal::AppNotFound)?;
            let event = event(caller, self.now(), Action::ChatsExported, subject);
            self.record(tx, AuditEvent { app_id: Some(*app), ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        Ok(ChatExport {
            service: self.clone(),
            reader: Caller::system(None).within(app),
            app: *app,
            contacts: contacts.to_vec(),
            found: VecDeque::new(),
            after: None,
            open: None,
            is_over: false,
        })
    }
}

impl ChatExport {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<ExportedChat>> {
        if let Some((room, from)) = self.open.take() {
            let messages = self.service.messages(&self.reader, &room, from, None, PIECE).await;
            match messages {
                Ok(messages) => {
                    if let Some(last) = messages.last() {
                        self.open = Some((room, last.seq + 1));
                        return Ok(Some(ExportedChat::Messages(messages)));
                    }
                }
                // The chat was deleted meanwhile.
                Err(Error::Refused(Refusal::RoomNotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        while let Some(id) = self.next_chat().await? {
            let found = self.service.room(&self.reader, &id).await;
            let room = match found {
                Err(Error::Refused(Refusal::RoomNotFound)) => continue,
                found => found?,
            };
            let participants = self.service.participants(&self.reader, &id, Who::Joined).await?;
            self.open = Some((id, 1));
            return Ok(Some(ExportedChat::Chat(Box::new(room), participants)));
        }
        Ok(None)
    }

    async fn next_chat(&mut self) -> Result<Option<RoomId>> {
        if self.found.is_empty() && !self.is_over {
            let store = self.service.store();
            let asked = AskedRooms { kinds: &CHATS, contacts: &self.contacts };
            let ids = store.room_ids_after(&self.app, &asked, self.after.as_ref(), PIECE).await?;
            self.is_over = ids.is_empty();
            self.after = ids.last().copied().or(self.after);
            self.found = ids.into();
        }
        Ok(self.found.pop_front())
    }
}

//! Rooms, who is in them, and what is said there. The families of chat platforms are thin forms over these use cases.

mod access;
pub mod acting;
pub mod attachments;
pub mod avatars;
pub mod butler;
pub mod contacts;
pub mod conversations;
pub mod deletions;
pub mod export;
pub mod links;
pub mod live;
pub(crate) mod member;
pub mod messages;
pub mod people;
pub mod profiles;
pub mod rooms;
pub mod sent_files;
mod unsent;
pub(crate) mod writer;

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::RoomId,
    message::{Author, Message, MessageKind},
    participant::ClientKey,
    refusal::Refusal,
    role::Act,
    room::{Room, RoomKind},
    timestamp::Timestamp,
};
use store::{RoomEnd, StoreError, Tx};

use crate::{Caller, Result, Service, service::event};

/// The kinds that an act is for: rooms that people join, chats of contacts, or either.
const ROOM: &[RoomKind] = &[RoomKind::Room];
const CHAT: &[RoomKind] = &[RoomKind::Chat];
const ROOM_OR_CHAT: &[RoomKind] = &[RoomKind::Room, RoomKind::Chat];

impl Service {
    /// A room that the caller may do this with. `RoomNotFound` for one of an app out of sight.
    async fn room_for(&self, caller: &Caller, act: Act, id: &RoomId) -> Result<Room> {
        caller.may(act)?;
        in_sight(caller, self.store().room(id).await?)
    }

    /// An event about a room.
    fn room_event(&self, caller: &Caller, action: Action, room: &Room) -> AuditEvent {
        let subject = Subject::room(&room.id, room.kind, &room.name);
        AuditEvent { app_id: Some(room.app_id), ..event(caller, self.now(), action, subject) }
    }
}

/// The room, if it is of an app in the caller's sight.
fn in_sight(caller: &Caller, room: Option<Room>) -> Result<Room> {
    let room = room.filter(|room| caller.sight().apps.has(&room.app_id));
    Ok(room.ok_or(Refusal::RoomNotFound)?)
}

/// The room, if it is of a kind that the act is for. For the act, others do not exist, but that a chat with the butler is not
/// changed as other chats are is told.
fn of_kind(room: Room, kinds: &[RoomKind]) -> Result<Room, Refusal> {
    match room.kind {
        kind if kinds.contains(&kind) => Ok(room),
        RoomKind::Butler if kinds.contains(&RoomKind::Chat) => Err(Refusal::ButlerChat),
        RoomKind::Room | RoomKind::Chat | RoomKind::Butler => Err(Refusal::RoomNotFound),
    }
}

/// The room as the transaction sees it, if the caller may manage it, and it is of a kind that the act is for.
async fn managed(tx: &mut Tx, caller: &Caller, id: &RoomId, kinds: &[RoomKind]) -> Result<Room> {
    caller.may(Act::ManageRooms)?;
    Ok(of_kind(in_sight(caller, tx.room(id).await?)?, kinds)?)
}

/// `NotJoined` for an author who is a participant or a contact, and not in the room.
async fn takes_part(tx: &mut Tx, room: &RoomId, by: &Author) -> Result<()> {
    use domain::message::AuthorKind::{Butler, Contact, Manager, Participant, System};
    match by.kind {
        Butler | Manager | System => Ok(()),
        Participant | Contact => {
            let key = ClientKey::parse(&by.id).ok_or(Refusal::NotJoined)?;
            let found = tx.participant(room, &key).await?;
            if found.is_some_and(|found| found.is_in()) { Ok(()) } else { Err(Refusal::NotJoined.into()) }
        }
    }
}

/// Writes what Keystead itself says in a room, in the transaction of what it is about, and counts it in `room`.
async fn say(tx: &mut Tx, room: &mut Room, texts: Vec<String>, now: Timestamp) -> Result<Vec<Message>, StoreError> {
    let at = following(room, now);
    let mut said = Vec::with_capacity(texts.len());
    for text in texts {
        room.last_seq += 1;
        said.push(Message {
            room_id: room.id,
            seq: room.last_seq,
            kind: MessageKind::System,
            author: Author::system(),
            text,
            reply_to: None,
            to: None,
            attachment: None,
            extra: String::new(),
            created_at: at,
        });
    }
    if !said.is_empty() {
        room.last_message_at = Some(at);
        let end = RoomEnd { room_id: room.id, last_seq: room.last_seq, at };
        tx.insert_messages(&said.iter().collect::<Vec<_>>(), &[end]).await?;
    }
    Ok(said)
}

/// The time of the next message: no earlier than that of the last, wherever that was written.
fn following(room: &Room, now: Timestamp) -> Timestamp {
    room.last_message_at.map_or(now, |last| last.max(now))
}

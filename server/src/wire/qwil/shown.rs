//! Chats, messages and contacts in Qwil's form: snake case, ids as UUIDs, times as RFC 3339 in UTC.

use domain::app::App;
use domain::attachment::Attachment;
use domain::contact::Contact;
use domain::ids::{AppId, ContactId};
use domain::message::{AuthorKind, Message};
use domain::participant::{Grade, Participant};
use domain::room::{Room, RoomKind};
use domain::timestamp::Timestamp;
use serde::Serialize;

/// A chat.
#[derive(Debug, Serialize)]
pub(super) struct ChatShown {
    chat_uuid: String,
    /// `chat`, or `butler` for the chat of one contact with the butler.
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    archived: bool,
    /// The number of the last message; 0 before the first.
    last_seq: u64,
    last_message_at: Option<String>,
    created_at: String,
    /// The contact on whose behalf it was created.
    created_by: Option<String>,
    /// Who is in it. Lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    participants: Option<Vec<ParticipantShown>>,
}

impl From<&Room> for ChatShown {
    fn from(room: &Room) -> Self {
        Self {
            chat_uuid: room.id.to_uuid(),
            kind: if room.kind == RoomKind::Butler { "butler" } else { "chat" },
            title: room.name.clone(),
            archived: room.archived_at.is_some(),
            last_seq: room.last_seq,
            last_message_at: room.last_message_at.map(Timestamp::to_rfc3339),
            created_at: room.created_at.to_rfc3339(),
            created_by: room.created_by.map(ContactId::to_uuid),
            participants: None,
        }
    }
}

impl ChatShown {
    pub fn with(self, participants: &[Participant]) -> Self {
        Self { participants: Some(participants.iter().map(ParticipantShown::from).collect()), ..self }
    }
}

/// Somebody in a chat.
#[derive(Debug, Serialize)]
pub(super) struct ParticipantShown {
    /// Empty for somebody who joined without being a contact.
    entity_user_xref_uuid: Option<String>,
    name: String,
    /// Whether they manage the chat.
    is_manager: bool,
    muted: bool,
    joined_at: String,
}

impl From<&Participant> for ParticipantShown {
    fn from(participant: &Participant) -> Self {
        Self {
            entity_user_xref_uuid: participant.contact.map(ContactId::to_uuid),
            name: participant.nick_name.clone(),
            is_manager: participant.grade == Grade::Manager,
            muted: participant.muted_at.is_some(),
            joined_at: participant.joined_at.to_rfc3339(),
        }
    }
}

/// A message.
#[derive(Debug, Serialize)]
pub(super) struct MessageShown {
    chat_uuid: String,
    seq: u64,
    /// `text`, `file`, `system` and others.
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
    sender: SenderShown,
    reply_to_seq: Option<u64>,
    file: Option<FileShown>,
    created_at: String,
}

/// Who wrote a message.
#[derive(Debug, Serialize)]
struct SenderShown {
    /// `contact`, `butler`, `system`, `manager` or `participant`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The contact; `None` for any other sender.
    entity_user_xref_uuid: Option<String>,
    name: String,
}

/// A file without its bytes.
#[derive(Debug, Serialize)]
pub(super) struct FileShown {
    file_uuid: String,
    name: String,
    media_type: String,
    size: u64,
}

impl From<&Attachment> for FileShown {
    fn from(file: &Attachment) -> Self {
        Self {
            file_uuid: file.id.to_uuid(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        }
    }
}

impl From<&Message> for MessageShown {
    fn from(message: &Message) -> Self {
        let author = &message.author;
        let contact = Some(&author.id).filter(|_| author.kind == AuthorKind::Contact);
        Self {
            chat_uuid: message.room_id.to_uuid(),
            seq: message.seq,
            kind: message.kind.as_str(),
            text: message.text.clone(),
            sender: SenderShown {
                kind: author.kind.as_str(),
                entity_user_xref_uuid: contact.and_then(|id| ContactId::parse(id)).map(ContactId::to_uuid),
                name: author.name.clone(),
            },
            reply_to_seq: message.reply_to,
            file: message.attachment.as_ref().map(FileShown::from),
            created_at: message.created_at.to_rfc3339(),
        }
    }
}

/// A contact.
#[derive(Debug, Serialize)]
pub(super) struct ContactShown {
    entity_user_xref_uuid: String,
    identifier: Option<String>,
    email: Option<String>,
    first_name: String,
    last_name: String,
    /// `staff` or `client`.
    #[serde(rename = "type")]
    kind: &'static str,
    is_admin: bool,
    /// `active`, `invited` or `inactive`.
    status: &'static str,
    has_avatar: bool,
    /// Whether it is the contact on whose behalf the call was made.
    is_me: bool,
    created_at: String,
}

impl ContactShown {
    pub fn of(contact: &Contact, me: Option<&Contact>) -> Self {
        Self {
            entity_user_xref_uuid: contact.id.to_uuid(),
            identifier: contact.identifier.clone(),
            email: contact.email.clone(),
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            kind: contact.kind.as_str(),
            is_admin: contact.is_admin,
            status: contact.status.as_str(),
            has_avatar: contact.avatar.is_some(),
            is_me: me.is_some_and(|me| me.id == contact.id),
            created_at: contact.created_at.to_rfc3339(),
        }
    }
}

/// The organisation of a contact: an app.
#[derive(Debug, Serialize)]
pub(super) struct EntityShown {
    entity_uuid: String,
    entity_name: String,
}

impl From<&App> for EntityShown {
    fn from(app: &App) -> Self {
        Self { entity_uuid: entity_uuid(&app.id), entity_name: app.name.clone() }
    }
}

/// An app's id has as many digits as a contact's, and the same form as a UUID.
fn entity_uuid(app: &AppId) -> String {
    ContactId::parse(app.as_str()).map(ContactId::to_uuid).unwrap_or_default()
}

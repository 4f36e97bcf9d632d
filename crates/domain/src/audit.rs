//! Audit events: who did what to what, and how an event is stored.

mod action;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, ContactId, IntegrationId, KeyId, PersonId, RoomId};
use crate::kind::KeyKind;
use crate::names::Word;
use crate::room::RoomKind;
use crate::timestamp::Timestamp;

pub use self::action::Action;

names! {
    /// The type of an actor.
    pub enum ActorKind {
        Person = "person",
        Key = "key",
        CommandLine = "command_line",
        System = "system",
    }
}

/// Who made a change: a person, a key, the command line, or Keystead itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person who was signed in to the console.
    Person {
        /// The person's id.
        id: PersonId,
        /// The person's e-mail at the time of the event.
        email: String,
    },
    /// A program that called with a key.
    Key {
        /// The id of the key.
        id: KeyId,
        /// The key's name at the time of the event.
        name: String,
    },
    /// A person at the shell of the server.
    CommandLine {
        /// The account of the operating system.
        user: String,
    },
    /// Keystead itself, for example when it drops a key that nobody confirmed.
    System,
}

/// What the name of the command line ends with.
const AT_SHELL: &str = " (command line)";

impl Actor {
    /// The type of this actor.
    pub const fn kind(&self) -> ActorKind {
        match self {
            Self::Person { .. } => ActorKind::Person,
            Self::Key { .. } => ActorKind::Key,
            Self::CommandLine { .. } => ActorKind::CommandLine,
            Self::System => ActorKind::System,
        }
    }

    /// The type of this actor, as the word that is stored.
    pub const fn kind_str(&self) -> &'static str {
        self.kind().as_str()
    }

    /// The id of the person or key; empty for the command line and for Keystead itself.
    pub fn id(&self) -> &str {
        match self {
            Self::Person { id, .. } => id.as_str(),
            Self::Key { id, .. } => id.as_str(),
            Self::CommandLine { .. } | Self::System => "",
        }
    }

    /// The name of the actor as people read it.
    pub fn label(&self) -> String {
        match self {
            Self::Person { email, .. } => email.clone(),
            Self::Key { name, .. } => format!("key {name}"),
            Self::CommandLine { user } => format!("{user}{AT_SHELL}"),
            Self::System => "Keystead".to_owned(),
        }
    }

    /// The account of the command line with this name; `None` if the name is of another actor.
    pub fn user_of(label: &str) -> Option<&str> {
        label.strip_suffix(AT_SHELL)
    }
}

/// How a key that acted is called to whoever may not see that key.
pub const HIDDEN_KEY: &str = "a key that you cannot see";

names! {
    /// The type of what an event is about.
    pub enum SubjectKind {
        Key = "key",
        Person = "person",
        App = "app",
        Room = "room",
        /// A room whose participants are contacts.
        Chat = "chat",
        Contact = "contact",
        Integration = "integration",
        Instance = "instance",
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject<K = SubjectKind> {
    /// The type of the subject.
    pub kind: K,
    /// The subject's id; empty for the installation.
    pub id: String,
    /// The subject's name at the time of the event.
    pub label: String,
    /// The kind of a key, which decides who may see the event.
    pub key_kind: Option<KeyKind>,
}

impl Subject {
    /// A subject that is a key.
    pub fn key(id: &KeyId, kind: KeyKind, name: &str) -> Self {
        let (id, label) = (id.as_str().to_owned(), name.to_owned());
        Self { kind: SubjectKind::Key, id, label, key_kind: Some(kind) }
    }

    /// A subject that is a person, named by e-mail.
    pub fn person(id: &PersonId, email: &str) -> Self {
        Self { kind: SubjectKind::Person, id: id.as_str().to_owned(), label: email.to_owned(), key_kind: None }
    }

    /// A subject that is an app.
    pub fn app(id: &AppId, name: &str) -> Self {
        Self { kind: SubjectKind::App, id: id.as_str().to_owned(), label: name.to_owned(), key_kind: None }
    }

    /// A subject that is a room, or a chat.
    pub fn room(id: &RoomId, kind: RoomKind, name: &str) -> Self {
        let kind = match kind {
            RoomKind::Room => SubjectKind::Room,
            RoomKind::Chat | RoomKind::Butler => SubjectKind::Chat,
        };
        Self { kind, id: id.as_str().to_owned(), label: name.to_owned(), key_kind: None }
    }

    /// A subject that is a contact.
    pub fn contact(id: &ContactId, name: &str) -> Self {
        Self { kind: SubjectKind::Contact, id: id.as_str().to_owned(), label: name.to_owned(), key_kind: None }
    }

    /// A subject that is an integration.
    pub fn integration(id: &IntegrationId, name: &str) -> Self {
        Self { kind: SubjectKind::Integration, id: id.as_str().to_owned(), label: name.to_owned(), key_kind: None }
    }

    /// The subject of events about the installation as a whole.
    pub fn instance() -> Self {
        Self { kind: SubjectKind::Instance, id: String::new(), label: "Keystead".to_owned(), key_kind: None }
    }
}

/// One field that changed. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name, as in `Field::as_str`, or `state`.
    pub field: String,
    /// The value before the change; `None` if there was none.
    pub from: Option<String>,
    /// The value after the change; `None` if there is none.
    pub to: Option<String>,
}

/// An event to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// The app that it concerns; `None` for the installation as a whole.
    pub app_id: Option<AppId>,
    /// Who made a change: a person, a key, the command line, or Keystead itself.
    pub actor: Actor,
    /// The action.
    pub action: Action,
    /// What the action was done to.
    pub subject: Subject,
    /// The fields that changed, in the order of the form; may be empty.
    pub changes: Vec<Change>,
    /// A note by the actor, or the cause that Keystead gives.
    pub note: Option<String>,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
}

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number in the audit, from 1, without gaps.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The type of the actor.
    pub actor_kind: Word<ActorKind>,
    /// The actor's name as people read it.
    pub actor_label: String,
    /// The action.
    pub action: Word<Action>,
    /// What the action was done to.
    pub subject: Subject<Word<SubjectKind>>,
    /// The fields that changed; may be empty.
    pub changes: Vec<Change>,
    /// A note by the actor, or the cause that Keystead gave.
    pub note: Option<String>,
    /// The client's address as text; `None` if it was not known.
    pub address: Option<String>,
}

/// The name of a key's state in audit events. It is not a field of a form.
pub const STATE: &str = "state";

/// The name of the secret that a key uses, by its number, in audit events. It is not a field of a form either.
pub const SECRET: &str = "secret";

/// The bytes that the MAC of the chain covers. Each column follows its own length, so no two rows give the same bytes.
/// A column is shorter than 4 GiB.
pub fn canonical(columns: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(columns.iter().map(|column| column.len() + 4).sum());
    for column in columns {
        let len = u32::try_from(column.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(column);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_borders_are_part_of_the_bytes() {
        assert_eq!(canonical(&[b"ab", b""]), b"\0\0\0\x02ab\0\0\0\0");
        assert_ne!(canonical(&[b"ab", b"c"]), canonical(&[b"a", b"bc"]));
        assert_ne!(canonical(&[b""]), canonical(&[]));
    }

    #[test]
    fn actors_are_named() {
        let actor = Actor::CommandLine { user: "root".to_owned() };
        assert_eq!((actor.kind_str(), actor.id(), actor.label().as_str()), ("command_line", "", "root (command line)"));
        assert_eq!(Actor::user_of(&actor.label()), Some("root"));
        assert_eq!(Actor::user_of(&Actor::System.label()), None);
    }
}

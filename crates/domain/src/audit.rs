//! The record: who did what to what, and how it is written down.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, KeyId, PersonId};
use crate::kind::KeyKind;
use crate::names::Word;
use crate::timestamp::Timestamp;

names! {
    /// What sort of actor did it.
    pub enum ActorKind {
        Person = "person",
        Key = "key",
        CommandLine = "command_line",
        System = "system",
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody who signed in.
    Person {
        /// Who.
        id: PersonId,
        /// Their e-mail at the time.
        email: String,
    },
    /// A call with a key.
    Key {
        /// Which.
        id: KeyId,
        /// Its name at the time.
        name: String,
    },
    /// Somebody at the server's shell.
    CommandLine {
        /// The system's name for them.
        user: String,
    },
    /// Keystead itself.
    System,
}

impl Actor {
    /// The sort of actor.
    pub const fn kind(&self) -> ActorKind {
        match self {
            Self::Person { .. } => ActorKind::Person,
            Self::Key { .. } => ActorKind::Key,
            Self::CommandLine { .. } => ActorKind::CommandLine,
            Self::System => ActorKind::System,
        }
    }

    /// The sort of actor as a word.
    pub const fn kind_str(&self) -> &'static str {
        self.kind().as_str()
    }

    /// The id; empty for the command line and the system.
    pub fn id(&self) -> &str {
        match self {
            Self::Person { id, .. } => id.as_str(),
            Self::Key { id, .. } => id.as_str(),
            Self::CommandLine { .. } | Self::System => "",
        }
    }

    /// Who it was, for people.
    pub fn label(&self) -> String {
        match self {
            Self::Person { email, .. } => email.clone(),
            Self::Key { name, .. } => format!("key {name}"),
            Self::CommandLine { user } => format!("{user} (command line)"),
            Self::System => "Keystead".to_owned(),
        }
    }
}

names! {
    /// What was done.
    pub enum Action {
        KeyIssued = "key.issued",
        KeyAcknowledged = "key.acknowledged",
        KeyEdited = "key.edited",
        KeyDisabled = "key.disabled",
        KeyEnabled = "key.enabled",
        KeyRevoked = "key.revoked",
        KeyRestored = "key.restored",
        KeyDeleted = "key.deleted",
        /// A pending key that nobody acknowledged, or that its maker gave up.
        KeyDropped = "key.dropped",
        PersonCreated = "person.created",
        PersonRecovered = "person.recovered",
        PersonUnlocked = "person.unlocked",
        SessionStarted = "session.started",
        SessionEnded = "session.ended",
        /// A wait began after too many failures.
        SignInBlocked = "sign_in.blocked",
        SetupLinkMade = "setup.link_made",
        InstanceCreated = "instance.created",
    }
}

impl Action {
    /// What was done, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KeyIssued => "Issued",
            Self::KeyAcknowledged => "Acknowledged",
            Self::KeyEdited => "Edited",
            Self::KeyDisabled => "Disabled",
            Self::KeyEnabled => "Enabled",
            Self::KeyRevoked => "Revoked",
            Self::KeyRestored => "Restored",
            Self::KeyDeleted => "Deleted",
            Self::KeyDropped => "Dropped, not acknowledged",
            Self::PersonCreated => "Person created",
            Self::PersonRecovered => "Person recovered",
            Self::PersonUnlocked => "Person unlocked",
            Self::SessionStarted => "Signed in",
            Self::SessionEnded => "Signed out",
            Self::SignInBlocked => "Sign-in blocked",
            Self::SetupLinkMade => "Set-up link made",
            Self::InstanceCreated => "Installation created",
        }
    }
}

names! {
    /// What sort of thing it was done to.
    pub enum SubjectKind {
        Key = "key",
        Person = "person",
        Instance = "instance",
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject<K = SubjectKind> {
    /// The sort of thing.
    pub kind: K,
    /// Its id; empty for the instance.
    pub id: String,
    /// Its name at the time.
    pub label: String,
    /// Of a key: its kind, by which it is seen.
    pub key_kind: Option<KeyKind>,
}

impl Subject {
    /// A key.
    pub fn key(id: &KeyId, kind: KeyKind, name: &str) -> Self {
        let (id, label) = (id.as_str().to_owned(), name.to_owned());
        Self { kind: SubjectKind::Key, id, label, key_kind: Some(kind) }
    }

    /// A person.
    pub fn person(id: &PersonId, email: &str) -> Self {
        Self { kind: SubjectKind::Person, id: id.as_str().to_owned(), label: email.to_owned(), key_kind: None }
    }

    /// The installation.
    pub fn instance() -> Self {
        Self { kind: SubjectKind::Instance, id: String::new(), label: "Keystead".to_owned(), key_kind: None }
    }
}

/// One field that changed. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's word.
    pub field: String,
    /// What it was; `None`: nothing.
    pub from: Option<String>,
    /// What it is now; `None`: nothing.
    pub to: Option<String>,
}

/// An event to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// The app that it concerns; `None`: the installation.
    pub app_id: Option<AppId>,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// What changed.
    pub changes: Vec<Change>,
    /// In the words of who did it, or of the cause.
    pub note: Option<String>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its place in the record, from 1, without holes.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, as a sort.
    pub actor_kind: Word<ActorKind>,
    /// Who, for people.
    pub actor_label: String,
    /// What was done.
    pub action: Word<Action>,
    /// To what.
    pub subject: Subject<Word<SubjectKind>>,
    /// What changed.
    pub changes: Vec<Change>,
    /// In the words of who did it, or of the cause.
    pub note: Option<String>,
    /// From where.
    pub address: Option<String>,
}

/// Which part of the record, and which page of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only the events about this key, deleted or not.
    pub key: Option<KeyId>,
    /// The page of older events after this cursor; it wins over `before`.
    pub after: Option<String>,
    /// The page of newer events before this cursor.
    pub before: Option<String>,
}

/// What the record calls the state of a key, which is no field of a form.
pub const STATE: &str = "state";

/// The bytes that the chain covers: each column behind its length, so that no two rows have the same bytes.
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
    fn actions_have_words() {
        assert_eq!(Action::parse("key.issued"), Some(Action::KeyIssued));
        assert_eq!(Action::parse("key.Issued"), None);
        assert_eq!(serde_json::to_string(&Action::SignInBlocked).unwrap(), "\"sign_in.blocked\"");
    }

    #[test]
    fn actors_are_named() {
        let actor = Actor::CommandLine { user: "root".to_owned() };
        assert_eq!((actor.kind_str(), actor.id(), actor.label().as_str()), ("command_line", "", "root (command line)"));
    }
}

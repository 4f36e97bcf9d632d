//! Messages: what is said in a room, one after the other.

use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::field::{Field, FieldErrors};
use crate::ids::RoomId;
use crate::participant::ClientKey;
use crate::text;
use crate::timestamp::Timestamp;

names! {
    /// What a message is.
    pub enum MessageKind {
        Text = "text",
        /// With a file, and perhaps a text.
        File = "file",
        /// What Keystead itself says about the room.
        System = "system",
        /// What those who manage the room say to everybody.
        Notice = "notice",
        /// A text for the client program.
        Custom = "custom",
        /// For one participant.
        Whisper = "whisper",
        /// Was deleted. Its number and its author stay, so that numbers have no gaps.
        Deleted = "deleted",
    }
}

names! {
    /// The type of an author.
    pub enum AuthorKind {
        Participant = "participant",
        Contact = "contact",
        Butler = "butler",
        /// Whoever manages the room, by the console or with a key.
        Manager = "manager",
        System = "system",
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The type of the author.
    pub kind: AuthorKind,
    /// A client key, or the id of a contact; empty for others.
    pub id: String,
    /// The name that the others see.
    pub name: String,
}

impl Author {
    /// Keystead itself.
    pub fn system() -> Self {
        Self { kind: AuthorKind::System, id: String::new(), name: String::new() }
    }

    /// The butler.
    pub fn butler() -> Self {
        Self { kind: AuthorKind::Butler, id: String::new(), name: "Butler".to_owned() }
    }

    /// Whoever manages the room, by this name.
    pub fn manager(name: &str) -> Self {
        Self { kind: AuthorKind::Manager, id: String::new(), name: name.to_owned() }
    }

    /// A participant who joined. The name is looked up.
    pub fn participant(client_key: &ClientKey) -> Self {
        Self { kind: AuthorKind::Participant, id: client_key.as_str().to_owned(), name: String::new() }
    }

    /// A contact who is in the room. The name is looked up.
    pub fn contact(id: &crate::ids::ContactId) -> Self {
        Self { kind: AuthorKind::Contact, id: id.as_str().to_owned(), name: String::new() }
    }

    /// The word beside the name for what the author is. A name that says it needs none, and participants need one only if
    /// their name says that they are something else.
    pub fn beside_name(&self) -> Option<&'static str> {
        let says = |kind: AuthorKind| {
            let mut words = self.name.split(|c: char| !c.is_alphanumeric());
            words.any(|word| word.eq_ignore_ascii_case(kind.as_str()))
        };
        let says_other = AuthorKind::ALL.iter().any(|kind| *kind != self.kind && says(*kind));
        let is_needed = match self.kind {
            AuthorKind::System => false,
            AuthorKind::Participant => says_other,
            AuthorKind::Contact | AuthorKind::Butler | AuthorKind::Manager => says_other || !says(self.kind),
        };
        is_needed.then(|| self.kind.as_str())
    }

    /// The participant of the room that writes; `None` for authors who need not be in it.
    pub fn client_key(&self) -> Option<ClientKey> {
        match self.kind {
            AuthorKind::Participant | AuthorKind::Contact => ClientKey::parse(&self.id),
            AuthorKind::Butler | AuthorKind::Manager | AuthorKind::System => None,
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room.
    pub room_id: RoomId,
    /// Its number in the room, from 1, without gaps.
    pub seq: u64,
    /// What it is.
    pub kind: MessageKind,
    /// Who wrote it.
    pub author: Author,
    /// The text; may be empty for a file.
    pub text: String,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
    /// For whom a whisper is.
    pub to: Option<ClientKey>,
    /// The file of a file message.
    pub attachment: Option<Attachment>,
    /// What it is besides its text, for the programs that know: a JSON object; empty for nothing.
    pub extra: String,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Message {
    /// Whether this participant of the room may read it: a whisper is for its two sides alone, and they alone know that one
    /// was deleted.
    pub fn is_for(&self, client_key: &ClientKey) -> bool {
        self.to.as_ref().is_none_or(|to| to == client_key) || self.author.client_key().as_ref() == Some(client_key)
    }
}

/// The text of a message in the form that is kept. One that shows nothing is none, and only a file needs none.
pub fn checked_text(kind: MessageKind, typed: &str) -> Result<String, FieldErrors> {
    let wrong = |message: String| FieldErrors::one(Field::Message, message);
    let mut text = text::message(typed).map_err(wrong)?;
    if text::shows_nothing(&text) {
        text.clear();
    }
    if text.is_empty() && kind != MessageKind::File {
        return Err(wrong("Enter a message.".to_owned()));
    }
    Ok(text)
}

/// What Keystead says when somebody has joined.
pub fn joined(name: &str) -> String {
    format!("{name} joined")
}

/// What Keystead says when somebody has left.
pub fn left(name: &str) -> String {
    format!("{name} left")
}

/// What Keystead says when somebody was put out and may not come back.
pub fn banned(name: &str) -> String {
    format!("{name} was banned")
}

/// What Keystead says when a contact was added.
pub fn added(name: &str) -> String {
    format!("{name} was added")
}

/// What Keystead says when a chat got another name.
pub fn renamed(name: &str) -> String {
    format!("The chat is now called {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_an_author_is_not_repeated_and_nobody_borrows_one() {
        let beside = |kind, name: &str| Author { kind, id: String::new(), name: name.to_owned() }.beside_name();
        for (kind, name, word) in [
            (AuthorKind::Manager, "Manager", None),
            (AuthorKind::Manager, "The night-manager", None),
            (AuthorKind::Manager, "Ana", Some("manager")),
            (AuthorKind::Manager, "", Some("manager")),
            (AuthorKind::Manager, "Managerial", Some("manager")),
            (AuthorKind::Manager, "Manager of the butler", Some("manager")),
            (AuthorKind::Contact, "Manager", Some("contact")),
            (AuthorKind::Participant, "Ana", None),
            (AuthorKind::Participant, "MANAGER", Some("participant")),
            (AuthorKind::System, "Manager", None),
        ] {
            assert_eq!(beside(kind, name), word, "{kind:?} {name}");
        }
        assert_eq!(Author::butler().beside_name(), None);
    }

    #[test]
    fn texts_keep_their_lines_and_lose_no_more_than_their_ends() {
        let text = |typed: &str| checked_text(MessageKind::Text, typed);
        assert_eq!(text(" Hi\r\n\tthere 👩‍👩‍👧\n ").unwrap(), "Hi\n\tthere 👩‍👩‍👧");
        assert_eq!(text("a\u{200b}b").unwrap(), "a\u{200b}b", "people paste such characters");
        assert!(text(&"é".repeat(5_000)).is_ok() && text(&"é".repeat(5_001)).is_err());
        assert_eq!(text("می\u{200c}خواهم").unwrap(), "می\u{200c}خواهم");
        for unseen in ["\u{202e}", "\u{200d}\u{fe0f}", "\u{200b} \u{3164}\n\u{2003}"] {
            assert!(text(unseen).is_err() && text(&format!("{unseen}.")).is_ok(), "{unseen:?}");
        }
        assert_eq!(checked_text(MessageKind::File, "\u{202e}").unwrap(), "");
        for wrong in ["", " \n", "a\0b", "a\u{1b}[2J", "a\rb", "\u{7f}"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(checked_text(MessageKind::File, "").unwrap(), "");
    }

    #[cfg(feature = "server")]
    #[test]
    fn texts_are_in_one_form() {
        assert_eq!(checked_text(MessageKind::Text, "e\u{301}").unwrap(), "é");
    }

    #[test]
    fn a_whisper_is_for_its_two_sides() {
        let key = |text| ClientKey::parse(text).unwrap();
        let whisper = Message {
            room_id: RoomId::from_random([1; 12]),
            seq: 1,
            kind: MessageKind::Whisper,
            author: Author::participant(&key("ana")),
            text: "Hi".to_owned(),
            reply_to: None,
            to: Some(key("bo")),
            attachment: None,
            extra: String::new(),
            created_at: Timestamp::from_millis(0),
        };
        assert!(whisper.is_for(&key("ana")) && whisper.is_for(&key("bo")) && !whisper.is_for(&key("cy")));
        let deleted = Message { kind: MessageKind::Deleted, text: String::new(), ..whisper.clone() };
        assert!(deleted.is_for(&key("bo")) && !deleted.is_for(&key("cy")));
        assert!(Message { kind: MessageKind::Text, to: None, ..whisper }.is_for(&key("cy")));
    }
}

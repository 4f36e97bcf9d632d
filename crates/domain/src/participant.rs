//! Participants: who is, was or may not be in a room.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base62;
use crate::field::{Field, FieldErrors};
use crate::ids::{ContactId, RoomId};
use crate::text;
use crate::timestamp::Timestamp;

/// The most characters of a client key.
pub const CLIENT_KEY_MAX: usize = 64;

/// The most characters of a nickname.
pub const NICK_NAME_MAX: usize = 50;

/// By what a client names a participant of a room: 1 to 64 letters, digits, `_`, `-` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(String);

impl ClientKey {
    /// Reads a client key; `None` if the text does not have the right length and characters.
    pub fn parse(text: &str) -> Option<Self> {
        let right = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let length = (1..=CLIENT_KEY_MAX).contains(&text.len());
        (length && text.bytes().all(right)).then(|| Self(text.to_owned()))
    }

    /// A client key from uniform random bytes: 16 base 62 digits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let digits: [u8; 16] = base62::encode(u128::from_be_bytes(bytes));
        Self(digits.into_iter().map(char::from).collect())
    }

    /// The same, if somebody may join with it: it contains no key, has a place in a path, and is that of no contact. Whoever
    /// had that of a contact could read what is for the contact.
    pub fn chosen(self) -> Result<Self, FieldErrors> {
        let wrong = |message| FieldErrors::one(Field::ClientKey, message);
        text::no_key(&self.0).and_then(|()| text::no_dots(&self.0)).map_err(wrong)?;
        if ContactId::parse(&self.0).is_some() {
            return Err(wrong("Use another one: 24 digits from 0 to f are the client key of a contact.".to_owned()));
        }
        Ok(self)
    }

    /// The client key of a contact in every room: the digits of their id.
    pub fn of_contact(contact: &ContactId) -> Self {
        Self(contact.as_str().to_owned())
    }

    /// The client key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ClientKey);

names! {
    /// What a participant is in a room.
    #[derive(Default)]
    pub enum Grade {
        #[default]
        User = "user",
        Manager = "userManager",
    }
}

impl Grade {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Manager => "Manager",
        }
    }
}

/// Somebody in a room, or who was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The room.
    pub room_id: RoomId,
    /// By what a client names them in this room: CLIENT KEY, User Key.
    pub client_key: ClientKey,
    /// The name that the others see.
    pub nick_name: String,
    /// What they are in the room.
    pub grade: Grade,
    /// The contact that they are; `None` for somebody who joined.
    pub contact: Option<ContactId>,
    /// When they joined last.
    pub joined_at: Timestamp,
    /// When they left; `None` if they are in the room.
    pub left_at: Option<Timestamp>,
    /// Since when they may not write; `None` if they may.
    pub muted_at: Option<Timestamp>,
    /// Since when they may not join; `None` if they may.
    pub banned_at: Option<Timestamp>,
}

impl Participant {
    /// Whether they are in the room.
    pub fn is_in(&self) -> bool {
        self.left_at.is_none()
    }
}

/// Which participants of a room are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Those in it.
    Joined,
    /// Those who may not write, in it or not.
    Muted,
    /// Those who may not join it.
    Banned,
}

/// A contact, and the name by which the others in a room know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContact {
    /// The contact.
    pub id: ContactId,
    /// The contact's whole name. What is too long for a nickname is cut off.
    pub name: String,
}

/// A nickname: one line of 1 to `NICK_NAME_MAX` characters.
pub fn nick_name(typed: &str) -> Result<String, FieldErrors> {
    text::shown_name(typed, NICK_NAME_MAX).map_err(|message| FieldErrors::one(Field::NickName, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_keys_hold_at_their_edges() {
        for text in ["a", "A-Za-z_0.9", &"k".repeat(64)] {
            assert_eq!(ClientKey::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " a", "a b", "é", "a/b", "<b>", &"k".repeat(65)] {
            assert_eq!(ClientKey::parse(text), None, "{text}");
        }
        for fill in [0, 0x7f, 0xff] {
            let made = ClientKey::from_random([fill; 16]);
            assert_eq!((made.as_str().len(), ClientKey::parse(made.as_str())), (16, Some(made.clone())));
        }
        let contact = ContactId::from_random([9; 12]);
        assert_eq!(ClientKey::of_contact(&contact).as_str(), contact.as_str());
    }

    #[test]
    fn nobody_joins_with_a_key_or_as_a_contact() {
        let chosen = |text: &str| ClientKey::parse(text).unwrap().chosen();
        for text in [
            "a",
            "...",
            ".a",
            "0123456789abcdef0123456",
            "0123456789ABCDEF01234567",
            "7Qm2xV-bN4tRa",
            "01234567-89ab-8cde-8f01-234567000000",
        ] {
            assert_eq!(chosen(text).unwrap().as_str(), text);
        }
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = crate::token::PlainToken::compose("k", &id, &"s".repeat(43));
        let contact = ContactId::from_random([9; 12]);
        for text in [token.expose(), "7Qm2xV-bN4tRa-abcdef-012345-20261121093002", contact.as_str()] {
            assert_eq!(chosen(text).unwrap_err().0[0].field, Field::ClientKey, "{text}");
        }
    }

    #[test]
    fn nobody_joins_with_what_a_path_cannot_have_though_one_from_before_is_read() {
        for text in [".", ".."] {
            let read = ClientKey::parse(text).unwrap();
            assert_eq!(read.chosen().unwrap_err().0[0].field, Field::ClientKey, "{text}");
        }
    }

    #[test]
    fn nicknames_hold_at_their_edges() {
        assert_eq!(nick_name(" Ana ").unwrap(), "Ana");
        assert!(nick_name(&"n".repeat(50)).is_ok() && nick_name(&"n".repeat(51)).is_err());
        assert!(nick_name(" ").is_err() && nick_name("a\nb").is_err() && nick_name("\u{200d}").is_err());
    }
}

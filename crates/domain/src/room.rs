//! Rooms: where participants write to each other.

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, ContactId, RoomId};
use crate::list::{Rows, cursor, search};
use crate::query_string::{ListQuery, Taken, put, put_text, query_string};
use crate::refusal::Refusal;
use crate::text;
use crate::timestamp::Timestamp;

/// The most participants that a room can be limited to.
pub const USERS_MAX: u32 = 10_000;

/// The most rooms of one page of a list.
pub const ROWS_MAX: u32 = 1_000;

names! {
    /// The type of a room; it never changes.
    pub enum RoomKind {
        /// Its participants join it.
        Room = "room",
        /// Its participants are contacts, who are added.
        Chat = "chat",
        /// Where the butler writes to one contact.
        Butler = "butler",
    }
}

names! {
    /// Whether something can be said in a room now.
    pub enum RoomStatus {
        /// It opens later.
        Pending = "pending",
        Open = "open",
        /// It was closed, or its time is over.
        Ended = "ended",
    }
}

impl RoomKind {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Room => "Room",
            Self::Chat => "Chat",
            Self::Butler => "Butler chat",
        }
    }
}

impl RoomStatus {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "Not open yet",
            Self::Open => "Open",
            Self::Ended => "Ended",
        }
    }
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The room's id: ROOM ID, Channel Key.
    pub id: RoomId,
    /// The app that owns it.
    pub app_id: AppId,
    /// The type of the room.
    pub kind: RoomKind,
    /// The room's name.
    pub name: String,
    /// When it opens; `None` if it is open from the start.
    pub opens_at: Option<Timestamp>,
    /// When it ends by itself; `None` if it does not.
    pub ends_at: Option<Timestamp>,
    /// Since when it is closed; `None` if it is not.
    pub closed_at: Option<Timestamp>,
    /// Since when it is archived; `None` if it is not.
    pub archived_at: Option<Timestamp>,
    /// How many may be in it at the same time; `None` for any number.
    pub max_users: Option<u32>,
    /// Whether joining takes a password.
    pub has_password: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// The contact on whose behalf it was created.
    pub created_by: Option<ContactId>,
    /// The number of its last message; 0 if it has none.
    pub last_seq: u64,
    /// How many are in it.
    pub joined: u32,
    /// When its last message was written.
    pub last_message_at: Option<Timestamp>,
    /// What programs keep about it: a JSON object.
    pub profile: String,
}

impl Room {
    /// Whether something can be said in it at this time.
    pub fn status(&self, now: Timestamp) -> RoomStatus {
        if self.closed_at.is_some() || self.ends_at.is_some_and(|ends| ends <= now) {
            RoomStatus::Ended
        } else if self.opens_at.is_some_and(|opens| opens > now) {
            RoomStatus::Pending
        } else {
            RoomStatus::Open
        }
    }

    /// `RoomNotOpen` or `RoomEnded` unless people can join it and write in it at this time. An archived room has ended.
    pub fn is_open(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.status(now) {
            _ if self.archived_at.is_some() => Err(Refusal::RoomEnded),
            RoomStatus::Open => Ok(()),
            RoomStatus::Pending => Err(Refusal::RoomNotOpen),
            RoomStatus::Ended => Err(Refusal::RoomEnded),
        }
    }

    /// What can be changed of it.
    pub fn rules(&self) -> RoomRules {
        RoomRules { name: self.name.clone(), opens_at: self.opens_at, ends_at: self.ends_at, max_users: self.max_users }
    }

    /// By what lists order rooms: when something was last said in it, or its creation.
    pub fn active_at(&self) -> Timestamp {
        self.last_message_at.unwrap_or(self.created_at)
    }
}

/// What can be changed of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRules {
    /// The room's name.
    pub name: String,
    /// When it opens; `None` for at once.
    pub opens_at: Option<Timestamp>,
    /// When it ends by itself; `None` if it does not.
    pub ends_at: Option<Timestamp>,
    /// How many may be in it at the same time; `None` for any number.
    pub max_users: Option<u32>,
}

impl RoomRules {
    /// The rules in the form that is stored; the errors say what is wrong with them.
    pub fn checked(
        name: &str,
        opens_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
        max_users: Option<u32>,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.keep(Field::Name, text::room_name(name));
        if let (Some(opens), Some(ends)) = (opens_at, ends_at)
            && ends <= opens
        {
            errors.push(Field::EndsAt, "Enter a time after the one at which the room opens.");
        }
        if max_users.is_some_and(|most| most == 0 || most > USERS_MAX) {
            errors.push(Field::MaxUsers, "Enter a number from 1 to 10,000, or nothing for any number.");
        }
        match name {
            Some(name) if errors.is_empty() => Ok(Self { name, opens_at, ends_at, max_users }),
            _ => Err(errors),
        }
    }
}

/// The password of a room in the form that is kept: 1 to `text::PASSWORD_MAX` characters. It is shared by everybody who
/// joins, so it need not be as strong as that of an account.
pub fn password(typed: &str) -> Result<String, String> {
    match typed.chars().count() {
        0 => Err("Enter a password.".to_owned()),
        many if many > text::PASSWORD_MAX => Err(format!("Use at most {} characters.", text::PASSWORD_MAX)),
        _ => Ok(text::password_form(typed)),
    }
}

/// A list of rooms as somebody asked for it. It begins with the room in which something was said last; with a search, it
/// is in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomQuery {
    /// Only rooms of these kinds; none for all. Each page has its own, so an address does not carry them.
    pub kinds: Vec<RoomKind>,
    /// Only rooms of this status.
    pub status: Option<RoomStatus>,
    /// How the name begins, or the whole id.
    pub search: Option<String>,
    /// Only rooms that this contact is in.
    pub contact: Option<ContactId>,
    /// Whether it is the list of archived rooms. They are in no other.
    pub archived: bool,
    /// Read the page after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page before this cursor.
    pub before: Option<String>,
    /// How many rooms a page has: 1 to `ROWS_MAX`.
    pub rows: u32,
}

impl Default for RoomQuery {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            status: None,
            search: None,
            contact: None,
            archived: false,
            after: None,
            before: None,
            rows: Rows::Few.count(),
        }
    }
}

/// The word of the archived rooms in an address.
pub const ARCHIVED: &str = "archived";

impl ListQuery for RoomQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "status" if value == ARCHIVED => put(&mut self.archived, value, Some(true)),
            "status" => put(&mut self.status, value, RoomStatus::parse(value)),
            "contact" => put(&mut self.contact, value, ContactId::parse(value)),
            "rows" => put(&mut self.rows, value, Rows::parse(value).map(Rows::count)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        let status = if self.archived { Some(ARCHIVED) } else { self.status.map(RoomStatus::as_str) };
        let rows = Rows::ALL.iter().find(|rows| rows.count() == self.rows && **rows != Rows::default());
        query_string([
            ("q", self.search.as_deref()),
            ("status", status),
            ("contact", self.contact.as_ref().map(ContactId::as_str)),
            ("rows", rows.map(|rows| rows.as_str())),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl RoomQuery {
    /// The first page of the rooms of these kinds.
    pub fn of_kinds(kinds: &[RoomKind]) -> Self {
        Self { kinds: kinds.to_vec(), ..Self::default() }
    }

    /// The same question from its first page.
    pub fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }

    /// Whether anything but the kinds narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.first_page() != Self { kinds: self.kinds.clone(), rows: self.rows, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::EMPTY;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_input(text).unwrap()
    }

    fn room() -> Room {
        Room {
            id: RoomId::from_random([1; 12]),
            app_id: AppId::from_random([2; 12]),
            kind: RoomKind::Room,
            name: "Lounge".to_owned(),
            opens_at: Some(at("2026-11-24T10:00")),
            ends_at: Some(at("2026-11-24T12:00")),
            closed_at: None,
            archived_at: None,
            max_users: None,
            has_password: false,
            created_at: at("2026-11-23T10:00"),
            created_by: None,
            last_seq: 0,
            joined: 0,
            last_message_at: None,
            profile: EMPTY.to_owned(),
        }
    }

    #[test]
    fn a_room_is_open_from_its_first_moment_to_its_last() {
        let open = room();
        let status = |time: &str| open.status(at(time));
        assert_eq!(status("2026-11-24T09:59"), RoomStatus::Pending);
        assert_eq!(status("2026-11-24T10:00"), RoomStatus::Open);
        assert_eq!(status("2026-11-24T11:59"), RoomStatus::Open);
        assert_eq!(status("2026-11-24T12:00"), RoomStatus::Ended);
        let now = at("2026-11-24T11:00");
        let closed = Room { closed_at: Some(now), ..room() };
        assert_eq!(closed.is_open(now), Err(Refusal::RoomEnded));
        assert_eq!(Room { archived_at: Some(now), ..room() }.is_open(now), Err(Refusal::RoomEnded));
        assert_eq!(open.is_open(at("2026-11-24T09:00")), Err(Refusal::RoomNotOpen));
        assert_eq!(Room { opens_at: None, ends_at: None, ..room() }.status(now), RoomStatus::Open);
    }

    #[test]
    fn rules_hold_at_their_edges() {
        let (opens, ends) = (at("2026-11-24T10:00"), at("2026-11-24T10:01"));
        let rules = RoomRules::checked(" Lounge ", Some(opens), Some(ends), Some(USERS_MAX)).unwrap();
        assert_eq!((rules.name.as_str(), rules.max_users), ("Lounge", Some(USERS_MAX)));
        assert!(RoomRules::checked(&"n".repeat(100), None, None, Some(1)).is_ok());
        let wrong = RoomRules::checked(&"n".repeat(101), Some(ends), Some(ends), Some(0)).unwrap_err();
        let fields: Vec<_> = wrong.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, [Field::Name, Field::EndsAt, Field::MaxUsers]);
        assert!(RoomRules::checked(" ", None, None, Some(USERS_MAX + 1)).unwrap_err().0.len() == 2);
        assert!(password("").is_err() && password(&"p".repeat(257)).is_err());
        assert_eq!(password(" p").unwrap(), " p");
    }

    #[test]
    fn a_list_survives_its_string() {
        let pairs = [("q", " Lou & "), ("status", "pending"), ("rows", "50"), ("after", "1~a"), ("utm", "1")];
        let query = RoomQuery::from_pairs(pairs);
        assert_eq!(query.to_query_string(), "q=Lou%20%26&status=pending&rows=50&after=1~a");
        assert!(query.is_filtered());
        let archived = RoomQuery::from_pairs([("status", "archived")]);
        assert!(archived.archived && archived.status.is_none());
        assert_eq!(archived.to_query_string(), "status=archived");
        assert_eq!(RoomQuery::from_pairs([("contact", "x"), ("rows", "7")]), RoomQuery::default());
        assert!(!RoomQuery::of_kinds(&[RoomKind::Chat]).is_filtered());
    }
}

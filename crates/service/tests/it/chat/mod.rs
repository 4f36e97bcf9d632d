//! Rooms, who is in them, and what is said there.

mod attachments;
mod conversations;
mod deletions;
mod live;
mod messages;
mod people;
mod rooms;

use domain::{
    ids::{ContactId, RoomId},
    message::{Author, Message, MessageKind},
    participant::{ClientKey, Grade, NamedContact, Participant},
    room::{Room, RoomKind, RoomRules},
};
use service::{
    Result, Service,
    chat::{messages::NewMessage, people::Join, rooms::NewRoom},
};

use crate::world::{World, owner};

pub fn rules(name: &str) -> RoomRules {
    RoomRules { name: name.to_owned(), opens_at: None, ends_at: None, max_users: None }
}

pub fn new(rules: RoomRules) -> NewRoom {
    NewRoom { kind: RoomKind::Room, rules, password: None, creator: None, contacts: Vec::new() }
}

/// A new room in the app "Default".
pub async fn room(w: &World, new: NewRoom) -> Room {
    w.service.create_room(owner(), w.service.default_app(), new).await.unwrap()
}

pub fn key(text: &str) -> ClientKey {
    ClientKey::parse(text).unwrap()
}

pub fn contact(n: u8) -> NamedContact {
    NamedContact { id: ContactId::from_random([n; 12]), name: format!("Contact {n}") }
}

pub fn joins(name: &str) -> Join {
    Join { client_key: Some(key(name)), nick_name: name.to_owned(), grade: Grade::User, password: None }
}

pub async fn join(service: &Service, room: &RoomId, name: &str) -> Result<Participant> {
    service.join(owner(), room, joins(name)).await
}

pub fn says(author: Author, text: &str) -> NewMessage {
    NewMessage { kind: MessageKind::Text, author, text: text.to_owned(), reply_to: None, to: None, attachment: None }
}

pub async fn say(service: &Service, room: &RoomId, name: &str, text: &str) -> Result<Message> {
    service.send(owner(), room, says(Author::participant(&key(name)), text)).await
}

/// What was said in a room, from the first message on.
pub async fn texts(service: &Service, room: &RoomId) -> Vec<String> {
    let messages = service.messages(owner(), room, 1, None, 1_000).await.unwrap();
    assert!(messages.iter().map(|message| message.seq).eq(1..=messages.len() as u64), "numbers have no gaps");
    messages.into_iter().map(|message| message.text).collect()
}

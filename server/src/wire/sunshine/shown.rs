//! Users, conversations and messages in Sunshine's form.

use std::collections::BTreeMap;

use domain::attachment::Attachment;
use domain::contact::Contact;
use domain::ids::{ContactId, RoomId};
use domain::message::{AuthorKind, Message};
use domain::participant::Participant;
use domain::room::Room;
use domain::timestamp::Timestamp;
use serde_json::{Map, Value, json};
use service::Service;
use service::chat::profiles::{self, DISPLAY_NAME, EMAIL, GIVEN_NAME, IS_DEFAULT, KIND, NAMES, SURNAME};

/// The type of a conversation of several users. So is every chat that another family made.
pub(super) const GROUP: &str = "sdkGroup";
/// What a message is in Sunshine's form, if it is more than a text.
pub(super) const CONTENT: &str = "content";
/// What is said of the author beside who it is.
pub(super) const AUTHOR: &str = "author";
pub(super) const METADATA: &str = "metadata";
/// What a program sent with a message that is not known.
pub(super) const REST: &str = "rest";

/// Where the links of files lead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileLinks<'a> {
    pub service: &'a Service,
    /// The address that people use, without a slash at its end.
    pub public_url: &'a str,
}

impl FileLinks<'_> {
    /// The address of a file, below `place`: the id of its conversation, or of its app.
    pub fn url(&self, app: &str, place: &str, file: &Attachment) -> String {
        let link = self.service.file_link(&file.id);
        format!("{}/v2/apps/{app}/conversations/{place}/attachments/{link}", self.public_url)
    }
}

/// `2026-11-21T09:30:02.007Z`
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    format!("{}.{:03}Z", text.trim_end_matches('Z'), at.millis().rem_euclid(1_000))
}

/// The id of a message: digits of its room, then its number. No two rooms of an app share those digits by chance.
pub(super) fn message_id(room: &RoomId, seq: u64) -> String {
    format!("{}{seq:012x}", room.as_str().get(..12).unwrap_or_default())
}

/// The number of the message with this id; `None` if it is no id of this room.
pub(super) fn seq_of(room: &RoomId, id: &str) -> Option<u64> {
    let seq = u64::from_str_radix(id.get(12..)?, 16).ok()?;
    (message_id(room, seq) == id).then_some(seq)
}

/// The id of a contact as a participant of one room.
pub(super) fn participant_id(room: &RoomId, contact: &ContactId) -> String {
    let digits = room.as_str().chars().zip(contact.as_str().chars());
    let both = digits.map(|(a, b)| a.to_digit(16).unwrap_or_default() ^ b.to_digit(16).unwrap_or_default());
    both.filter_map(|digit| char::from_digit(digit, 16)).collect()
}

/// The contact with this id as a participant of a room.
pub(super) fn contact_of(room: &RoomId, id: &str) -> Option<ContactId> {
    // The same once more gives back what it was made of.
    ContactId::parse(&participant_id(room, &ContactId::parse(id)?))
}

/// The first name, the last name and the e-mail of a user as a program sent them, or as the contact has them.
pub(super) fn names(contact: &Contact, kept: &Map<String, Value>) -> [Option<String>; 3] {
    let names = kept.get(NAMES).and_then(Value::as_object);
    let of = |name: &str, own: Option<&str>| match names.and_then(|names| names.get(name)) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => None,
        None => own.filter(|own| !own.is_empty()).map(str::to_owned),
    };
    [
        of(GIVEN_NAME, Some(&contact.first_name)),
        of(SURNAME, Some(&contact.last_name)),
        of(EMAIL, contact.email.as_deref()),
    ]
}

/// A user with all that is known of them.
pub(super) fn user(contact: &Contact) -> Value {
    let kept = profiles::read(&contact.profile);
    let [given_name, surname, email] = names(contact, &kept);
    let mut profile = kept.get(NAMES).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut shown = kept;
    for (name, value) in [(GIVEN_NAME, given_name), (SURNAME, surname), (EMAIL, email.clone())] {
        put(&mut profile, name, value);
    }
    shown.remove(IS_DEFAULT);
    shown.extend(truncated(contact));
    let identity = email.map(|email| json!({ "type": "email", "value": email, "primary": true }));
    shown.insert("identities".to_owned(), identity.into_iter().collect());
    shown.insert(NAMES.to_owned(), Value::Object(profile));
    shown.entry(METADATA).or_insert_with(|| json!({}));
    shown.entry("signedUpAt").or_insert_with(|| moment(contact.created_at).into());
    Value::Object(shown)
}

/// Who a user is, and no more.
fn truncated(contact: &Contact) -> Map<String, Value> {
    let mut shown = Map::new();
    put(&mut shown, "id", Some(contact.id.to_string()));
    put(&mut shown, "externalId", contact.identifier.clone());
    shown.insert("authenticated".to_owned(), false.into());
    shown
}

/// Sets a member, or takes it away.
pub(super) fn put(object: &mut Map<String, Value>, name: &str, value: Option<String>) {
    match value {
        Some(value) => object.insert(name.to_owned(), value.into()),
        None => object.remove(name),
    };
}

/// The type of a conversation.
pub(super) fn kind(room: &Room) -> &'static str {
    if profiles::is_personal(room) { profiles::PERSONAL } else { GROUP }
}

/// A conversation.
pub(super) fn conversation(room: &Room) -> Value {
    let mut shown = profiles::read(&room.profile);
    // A name of null says that nobody gave it one.
    match shown.get(DISPLAY_NAME) {
        Some(Value::String(_)) => {}
        Some(_) => put(&mut shown, DISPLAY_NAME, None),
        None => put(&mut shown, DISPLAY_NAME, Some(room.name.clone())),
    }
    put(&mut shown, "id", Some(room.id.to_string()));
    put(&mut shown, KIND, Some(kind(room).to_owned()));
    put(&mut shown, "createdAt", Some(moment(room.created_at)));
    put(&mut shown, "lastUpdatedAt", Some(moment(room.active_at())));
    shown.entry(IS_DEFAULT).or_insert(Value::Bool(false));
    shown.entry(METADATA).or_insert_with(|| json!({}));
    Value::Object(shown)
}

/// Somebody in a conversation.
pub(super) fn participant(participant: &Participant, users: &Users) -> Option<Value> {
    let contact = participant.contact.as_ref()?;
    let mut shown = Map::new();
    put(&mut shown, "id", Some(participant_id(&participant.room_id, contact)));
    put(&mut shown, "userId", Some(contact.to_string()));
    put(&mut shown, "userExternalId", users.external_id(contact));
    shown.insert("clientAssociations".to_owned(), json!([]));
    Some(Value::Object(shown))
}

/// The ids that users have in the app's own systems.
#[derive(Debug, Default)]
pub(super) struct Users(BTreeMap<ContactId, String>);

impl Users {
    pub fn of<'a>(contacts: impl IntoIterator<Item = &'a Contact>) -> Self {
        let known = contacts.into_iter().filter_map(|contact| Some((contact.id, contact.identifier.clone()?)));
        Self(known.collect())
    }

    fn external_id(&self, contact: &ContactId) -> Option<String> {
        self.0.get(contact).cloned()
    }
}

/// A message of a room.
pub(super) fn message(links: FileLinks<'_>, room: &Room, message: &Message, users: &Users) -> Value {
    let extra = profiles::read(&message.extra);
    let mut author = author(message, &extra);
    if let Some(contact) = ContactId::parse(&message.author.id).filter(|_| message.author.kind == AuthorKind::Contact) {
        put(&mut author, "userId", Some(contact.to_string()));
        put(&mut author, "userExternalId", users.external_id(&contact));
    }
    whole(links, room, message, &extra, &author)
}

/// What every form of a message has.
fn whole(
    links: FileLinks<'_>,
    room: &Room,
    message: &Message,
    extra: &Map<String, Value>,
    author: &Map<String, Value>,
) -> Value {
    let mut shown = extra.get(REST).and_then(Value::as_object).cloned().unwrap_or_default();
    put(&mut shown, "id", Some(message_id(&message.room_id, message.seq)));
    put(&mut shown, "received", Some(moment(message.created_at)));
    shown.insert(AUTHOR.to_owned(), Value::Object(author.clone()));
    shown.insert(CONTENT.to_owned(), content(links, room, message, extra));
    shown.insert("source".to_owned(), json!({ "type": "api:conversations" }));
    shown.insert(METADATA.to_owned(), extra.get(METADATA).cloned().unwrap_or_else(|| json!({})));
    Value::Object(shown)
}

/// What is said of an author beside who it is.
fn author(message: &Message, extra: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = extra.get(AUTHOR).and_then(Value::as_object).cloned().unwrap_or_default();
    let kind = if message.author.kind == AuthorKind::Contact { "user" } else { "business" };
    put(&mut shown, "type", Some(kind.to_owned()));
    if message.author.kind != AuthorKind::Manager {
        let name = Some(&message.author.name).filter(|name| !name.is_empty());
        if let Some(name) = name {
            shown.entry(DISPLAY_NAME).or_insert_with(|| name.clone().into());
        }
    }
    shown
}

fn content(links: FileLinks<'_>, room: &Room, message: &Message, extra: &Map<String, Value>) -> Value {
    let mut shown = match (extra.get(CONTENT), &message.attachment) {
        (Some(Value::Object(content)), _) => content.clone(),
        (_, None) => return json!({ "type": "text", "text": message.text }),
        (_, Some(file)) => {
            let mut shown = Map::new();
            let kind = if file.media_type.starts_with("image/") { "image" } else { "file" };
            put(&mut shown, "type", Some(kind.to_owned()));
            put(&mut shown, "text", Some(message.text.clone()).filter(|text| !text.is_empty()));
            put(&mut shown, "mediaUrl", Some(links.url(room.app_id.as_str(), room.id.as_str(), file)));
            shown
        }
    };
    if let Some(file) = &message.attachment {
        put(&mut shown, "mediaType", Some(file.media_type.clone()));
        shown.insert("mediaSize".to_owned(), file.size.into());
        shown.entry("altText").or_insert_with(|| file.name.clone().into());
    }
    Value::Object(shown)
}

/// What a webhook is told of a conversation: which one it is.
fn conversation_truncated(room: &Room) -> Value {
    let metadata = profiles::read(&room.profile).remove(METADATA).unwrap_or_else(|| json!({}));
    json!({ "id": room.id, "type": kind(room), "metadata": metadata })
}

fn webhook_user(contact: &Contact, full: bool) -> Value {
    if full { user(contact) } else { Value::Object(truncated(contact)) }
}

/// What a webhook is told of a message. The author is the contact, if one wrote it who is still there, and comes with all that is
/// known of them if `full_user`.
pub(crate) fn message_payload(
    links: FileLinks<'_>,
    room: &Room,
    message: &Message,
    contact: Option<&Contact>,
    full_user: bool,
) -> Value {
    let extra = profiles::read(&message.extra);
    let mut author = author(message, &extra);
    if let Some(contact) = contact {
        put(&mut author, "userId", Some(contact.id.to_string()));
        author.insert("user".to_owned(), webhook_user(contact, full_user));
    }
    let message = whole(links, room, message, &extra, &author);
    json!({ "conversation": conversation_truncated(room), "message": message })
}

/// What a webhook is told of a conversation that was created, and of its user, if it is that of one.
pub(crate) fn conversation_payload(room: &Room, contact: Option<&Contact>, full_user: bool) -> Value {
    let mut shown = Map::new();
    shown.insert("conversation".to_owned(), conversation_truncated(room));
    put(&mut shown, "creationReason", Some("none".to_owned()));
    shown.insert("source".to_owned(), json!({ "type": "api:conversations" }));
    if let Some(contact) = contact.filter(|_| profiles::is_personal(room)) {
        shown.insert("user".to_owned(), webhook_user(contact, full_user));
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_message_belongs_to_one_room() {
        let (room, other) = (RoomId::from_random([0xab; 12]), RoomId::from_random([0xcd; 12]));
        for seq in [0, 1, 0xffff_ffff, (1 << 48) - 1] {
            let id = message_id(&room, seq);
            assert_eq!((id.len(), seq_of(&room, &id), seq_of(&other, &id)), (24, Some(seq), None), "{id}");
        }
        assert!(message_id(&room, 2) > message_id(&room, 1));
        for odd in ["", "abababababab", "abababababab+00000000001", "ABABABABABAB000000000001", "ababababababé"] {
            assert_eq!(seq_of(&room, odd), None, "{odd}");
        }
    }

    #[test]
    fn the_id_of_a_participant_is_that_of_a_contact_in_one_room() {
        let (room, contact) = (RoomId::from_random([0x1f; 12]), ContactId::from_random([0xa3; 12]));
        let id = participant_id(&room, &contact);
        assert_eq!((id.len(), contact_of(&room, &id)), (24, Some(contact)));
        assert_ne!(contact_of(&RoomId::from_random([2; 12]), &id), Some(contact));
        assert_eq!(contact_of(&room, "x"), None);
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(moment(Timestamp::from_millis(1_007)), "1970-01-01T00:00:01.007Z");
        assert_eq!(moment(Timestamp::from_millis(-1)), "1969-12-31T23:59:59.999Z");
    }
}

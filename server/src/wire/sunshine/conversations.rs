//! `…/conversations`: the chats of an app. Chats that another family made are groups here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::contact::Contact;
use domain::ids::RoomId;
use domain::participant::NamedContact;
use domain::refusal::Refusal;
use domain::room::{Room, RoomKind, RoomQuery, RoomRules};
use serde::Serialize;
use serde_json::{Map, Value, json};
use service::chat::profiles::{self, DISPLAY_NAME, IS_DEFAULT, KIND, PERSONAL};
use service::chat::rooms::NewRoom;
use service::{Caller, Error, Paged as _};

use super::body::{Body, Members};
use super::caller::{AnyScope, Scoped};
use super::failure::Failure;
use super::paging::{Beside, Query, is_record_id};
use super::shown::{self, GROUP};
use super::users::{acting_by, caller, check_metadata, merge, named_by};
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

/// The most users of a conversation that is created with them.
const PARTICIPANTS_MAX: usize = 10;

/// The name of a conversation of several users to which nobody gave one.
const NAMELESS: &str = "Conversation";

/// Members that are not a program's to say, or are read by themselves.
const OURS: [&str; 8] =
    ["id", KIND, "participants", DISPLAY_NAME, IS_DEFAULT, "createdAt", "lastUpdatedAt", "businessLastRead"];

#[derive(Debug, Serialize)]
struct Many {
    conversations: Vec<Value>,
    #[serde(flatten)]
    beside: Beside,
}

/// What a call says of a conversation: its shape is right.
#[derive(Debug)]
struct Sent {
    /// Its name; `None` inside if it is taken away.
    #[expect(clippy::option_option, reason = "to take a name away is not to leave it")]
    name: Option<Option<String>>,
    /// Everything else; null takes a member away.
    rest: Map<String, Value>,
}

impl Sent {
    fn of(members: &Members<'_>) -> Result<Self, Failure> {
        check_metadata(members)?;
        members.text("description")?;
        members.text("iconUrl")?;
        let name = members.has(DISPLAY_NAME).then(|| members.display_name()).transpose()?;
        Ok(Self { name: name.map(|name| name.map(str::to_owned)), rest: members.unknown(&OURS) })
    }

    /// The name of the chat and what is kept about it, with what was sent.
    fn put_into(&self, name: &str, kept: &str) -> (String, Map<String, Value>) {
        let mut kept = profiles::read(kept);
        merge(&mut kept, &self.rest);
        match &self.name {
            None => (name.to_owned(), kept),
            Some(None) => {
                kept.insert(DISPLAY_NAME.to_owned(), Value::Null);
                (name.to_owned(), kept)
            }
            Some(Some(name)) => {
                kept.remove(DISPLAY_NAME);
                (name.clone(), kept)
            }
        }
    }
}

/// The conversation that the path names.
pub(super) async fn of_path(api: &Api, caller: &Caller, by: &Scoped) -> Result<Room, Failure> {
    let id = by.places.get("conversation").and_then(RoomId::parse).ok_or_else(Failure::conversation_not_found)?;
    let room = api.service.room(caller, &id).await?;
    if room.kind == RoomKind::Chat { Ok(room) } else { Err(Failure::conversation_not_found()) }
}

/// The users whom the body names as participants, each once.
async fn participants(api: &Api, caller: &Caller, by: &Scoped, members: &Members<'_>) -> Result<Vec<Contact>, Failure> {
    let mut found: Vec<Contact> = Vec::new();
    for (n, value) in members.list("participants")?.unwrap_or_default().iter().enumerate() {
        let one = Members::of(value, format!("participants[{n}]"))?;
        one.flag("subscribeSDKClient")?;
        let (id, external_id) = (one.text("userId")?, one.text("userExternalId")?);
        let contact = acting_by(api, caller, &by.app, id, external_id).await?;
        let contact = contact.ok_or_else(|| one.required("userId"))?;
        if found.iter().all(|known| known.id != contact.id) {
            found.push(contact);
        }
    }
    Ok(found)
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let kind = members.needed(KIND)?;
    let sent = Sent::of(&members)?;
    let named = members.list("participants")?.map_or(0, <[Value]>::len);
    match kind {
        PERSONAL if named == 1 => {}
        PERSONAL => return Err(Failure::bad_request("participants should have exactly 1 item")),
        GROUP if named <= PARTICIPANTS_MAX => {}
        GROUP => return Err(Failure::bad_request("participants should NOT have more than 10 items")),
        _ => return Err(Failure::bad_request("type should be equal to one of the allowed values: personal, sdkGroup")),
    }
    let caller = caller(&by);
    let contacts = participants(&api, &caller, &by, &members).await?;
    let of_one = contacts.first().filter(|_| kind == PERSONAL);
    let name = of_one.map_or_else(|| NAMELESS.to_owned(), Contact::name);
    let (name, mut kept) = sent.put_into(&name, "{}");
    if sent.name.is_none() {
        kept.insert(DISPLAY_NAME.to_owned(), Value::Null);
    }
    kept.insert(KIND.to_owned(), kind.into());
    let named = |contact: &Contact| NamedContact { id: contact.id, name: contact.name() };
    let new = NewRoom {
        kind: RoomKind::Chat,
        rules: RoomRules { name: cut(&name), opens_at: None, ends_at: None, max_users: None },
        password: None,
        creator: of_one.map(|contact| contact.id),
        contacts: contacts.iter().map(named).collect(),
    };
    let room = api.service.create_room_with(&caller, &by.app, new, &kept).await?;
    Ok(one(StatusCode::CREATED, &room))
}

/// A contact's name as the name of a room, which has at most as many characters.
fn cut(name: &str) -> String {
    name.chars().take(domain::text::NAME_MAX).collect()
}

fn one(status: StatusCode, room: &Room) -> Response {
    answer(status, "application/json", &json!({ "conversation": shown::conversation(room) }))
}

/// The conversations of one user, the one in which something was said last first.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    query: Query,
) -> Result<Response, Failure> {
    let caller = caller(&by);
    let (id, external_id) = (query.filter("userId")?, query.filter("userExternalId")?);
    if id.is_some() && external_id.is_some() {
        return Err(Failure::query());
    }
    let contact = named_by(&api, &caller, &by.app, id.as_deref(), external_id.as_deref()).await?;
    let contact = contact.ok_or_else(Failure::query)?;
    // The cursors of answers hold a place in the list, which stays when something is said in the conversation that was there.
    let list = RoomQuery::default();
    let paging = query.paging(|text| is_record_id(text) || list.is_cursor(text, false))?;
    let (after, before) = (paging.after.as_deref(), paging.before.as_deref());
    let page = api.service.chats_of(&caller, &contact.id, after, before, paging.size).await;
    let page = page.map_err(|error| match error {
        // The conversation at which the page begins is gone.
        Error::Refused(Refusal::RoomNotFound) => Failure::page(),
        error => error.into(),
    })?;
    let conversations = page.rows.iter().map(shown::conversation).collect();
    let beside = query.beside(&api.public_url, &paging, page.next, page.previous);
    Ok(Json(Many { conversations, beside }).into_response())
}

pub(super) async fn get(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    Ok(one(StatusCode::OK, &of_path(&api, &caller(&by), &by).await?))
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let sent = Sent::of(&body.members())?;
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    let put = |before: &Room| Ok(sent.put_into(&before.name, &before.profile));
    Ok(one(StatusCode::OK, &api.service.change_chat(&caller, &room.id, put).await?))
}

/// Deletes a conversation with its messages and files. The first one of a user stays for as long as the user.
pub(super) async fn delete(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    if profiles::is_default(&room) {
        return Err(Failure::bad_request("The default conversation cannot be deleted"));
    }
    api.service.delete_chat(&caller, &room.id).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(body: &Value) -> Result<Sent, Failure> {
        Sent::of(&Members::of(body, String::new())?)
    }

    #[test]
    fn a_name_is_kept_apart_only_while_there_is_none() {
        let put = |body: Value, kept: &str| {
            let (name, kept) = sent(&body).unwrap().put_into("Ada Lovelace", kept);
            (name, Value::Object(kept).to_string())
        };
        let first = put(json!({ "displayName": null, "iconUrl": "https://example.com/a.png", "id": "x" }), "{}");
        let kept = r#"{"displayName":null,"iconUrl":"https://example.com/a.png"}"#;
        assert_eq!(first, ("Ada Lovelace".to_owned(), kept.to_owned()));
        assert_eq!(put(json!({ "displayName": "Help" }), kept).0, "Help");
        assert_eq!(put(json!({ "displayName": "Help", "iconUrl": null }), kept).1, "{}");
        assert_eq!(put(json!({ "isDefault": true, "type": "personal" }), kept).1, kept);
    }

    #[test]
    fn odd_conversations_are_refused() {
        for body in [
            json!({ "displayName": "" }),
            json!({ "displayName": "n".repeat(101) }),
            json!({ "description": 1 }),
            json!({ "metadata": { "a": [] } }),
        ] {
            assert!(sent(&body).is_err(), "{body}");
        }
    }
}

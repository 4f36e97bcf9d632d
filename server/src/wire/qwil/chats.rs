//! Chats: created, renamed, joined by others, archived, listed and looked at.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::contact::ContactRef;
use domain::participant::Who;
use domain::room::{Room, RoomKind, RoomQuery, RoomRules};
use serde::Serialize;
use service::chat::acting::ActsFor;
use service::chat::rooms::NewRoom;

use super::acting::{By, Reads, ReadsMembers, Writes};
use super::bodies::{AddBody, ArchiveBody, CreateBody, RenameBody};
use super::contacts::named_contact;
use super::failure::Failure;
use super::query::{Query, chat_id};
use super::shown::{ChatShown, ContactShown, EntityShown};
use crate::api::call::Api;
use crate::json::answer::Json;
use crate::json::body::JsonBody;

/// The most chats that a list gives at once, and what it gives unless the call says otherwise.
const LISTED_MAX: u64 = 200;
const LISTED: u64 = 50;

/// Chats, and where the list goes on.
#[derive(Debug, Serialize)]
struct Chats {
    chats: Vec<ChatShown>,
    /// What to send as `after` for the next ones.
    next: Option<String>,
}

/// The chats of a contact, or with `chat_uuid` one of them with its participants.
pub(super) async fn chats(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Reads>,
    query: Query,
) -> Result<Response, Failure> {
    if let Some(uuid) = query.one("chat_uuid")? {
        let room = chat_id(uuid)?;
        api.service.acting_in(&acting, &room).await?;
        let found = api.service.room(acting.caller(), &room).await?;
        return Ok(Json(whole(&api, &acting, &found).await?).into_response());
    }
    let rows = query.number("limit")?.unwrap_or(LISTED);
    if !(1..=LISTED_MAX).contains(&rows) {
        return Err(Failure::wrong("limit", &format!("send 1 to {LISTED_MAX}.")));
    }
    let archived = query.flag("archived")?.unwrap_or_default();
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let mut asked = RoomQuery { archived, rows, ..acting.chats()? };
    asked.after = query.after(&asked)?;
    let page = api.service.rooms(acting.caller(), &asked).await?;
    api.service.arrived(&acting).await?;
    Ok(Json(Chats { chats: page.rows.iter().map(ChatShown::from).collect(), next: page.next }).into_response())
}

/// A chat with its participants.
async fn whole(api: &Api, acting: &ActsFor, room: &Room) -> Result<ChatShown, Failure> {
    let participants = api.service.participants(acting.caller(), &room.id, Who::Joined).await?;
    Ok(ChatShown::from(room).with(&participants))
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    body: JsonBody<CreateBody<'_>>,
) -> Result<Json<ChatShown>, Failure> {
    let sent = body.read()?;
    let rules = RoomRules::checked(sent.title()?, None, None, None).map_err(service::Error::from)?;
    let creator = acting.contact()?.id;
    let mut ids = sent.contacts()?;
    ids.push(creator);
    let contacts = api.service.named_contacts(acting.caller(), acting.app(), &ids).await?;
    api.service.arrived(&acting).await?;
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: Some(creator), contacts };
    Ok(Json(ChatShown::from(&api.service.create_room(acting.caller(), acting.app(), new).await?)))
}

pub(super) async fn rename(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    body: JsonBody<RenameBody<'_>>,
) -> Result<Json<ChatShown>, Failure> {
    let sent = body.read()?;
    let room = sent.chat()?;
    api.service.acting_in(&acting, &room).await?;
    let renamed = api.service.rename_chat(acting.caller(), &room, sent.title()?, &acting.author()?).await?;
    Ok(Json(ChatShown::from(&renamed)))
}

/// What a call did to a chat, where nothing else is to be told.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    chat_uuid: String,
    /// The contacts who are in it now.
    entity_user_xref_uuids: Vec<String>,
}

pub(super) async fn invite(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    body: JsonBody<AddBody<'_>>,
) -> Result<Json<Done>, Failure> {
    let sent = body.read()?;
    let (room, ids) = (sent.chat()?, sent.contacts()?);
    api.service.acting_in(&acting, &room).await?;
    let contacts = api.service.named_contacts(acting.caller(), acting.app(), &ids).await?;
    api.service.add_contacts(acting.caller(), &room, &contacts, &acting.author()?).await?;
    let entity_user_xref_uuids = contacts.iter().map(|contact| contact.id.to_uuid()).collect();
    Ok(Json(Done { chat_uuid: room.to_uuid(), entity_user_xref_uuids }))
}

pub(super) async fn archive(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    body: JsonBody<ArchiveBody<'_>>,
) -> Result<Json<ChatShown>, Failure> {
    let sent = body.read()?;
    let room = sent.chat()?;
    api.service.acting_in(&acting, &room).await?;
    let archived = api.service.archive_room(acting.caller(), &room, sent.archived()?).await?;
    Ok(Json(ChatShown::from(&archived)))
}

/// A contact, its organisation and its chats.
#[derive(Debug, Serialize)]
pub(super) struct Memberships {
    #[serde(flatten)]
    contact: ContactShown,
    #[serde(flatten)]
    entity: EntityShown,
    /// Left out for a key that may not read chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    chats: Option<Vec<Membership>>,
}

#[derive(Debug, Serialize)]
struct Membership {
    #[serde(flatten)]
    chat: ChatShown,
    joined_at: String,
}

pub(super) async fn memberships(
    State(api): State<Arc<Api>>,
    By(acting, _): By<ReadsMembers>,
    query: Query,
) -> Result<Json<Memberships>, Failure> {
    let me = acting.contact().ok();
    let found = match named_contact(&query)? {
        Some(ContactRef::Id(id)) if me.is_some_and(|me| me.id == id) => me.cloned(),
        Some(named) => Some(api.service.member(&acting, named).await?),
        None => me.cloned(),
    };
    let contact = found.ok_or_else(|| Failure::id_needed("entity_user_xref_uuid"))?;
    let chats = api.service.memberships_of(&acting, &contact).await?;
    let app = api.service.app_of_key(&acting).await?;
    api.service.arrived(&acting).await?;
    let chats = chats.map(|chats| {
        let shown = chats.iter().map(|(room, participant)| Membership {
            chat: ChatShown::from(room),
            joined_at: participant.joined_at.to_rfc3339(),
        });
        shown.collect()
    });
    Ok(Json(Memberships { contact: ContactShown::of(&contact, me), entity: EntityShown::from(&app), chats }))
}

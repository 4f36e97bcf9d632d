//! `…/users`, `…/exiles` and `…/mute`: who is in a room, who may not be, and who may not write there.

use std::sync::Arc;

use axum::extract::State;
use domain::ids::RoomId;
use domain::participant::{ClientKey, Grade, Participant, Who};
use secrecy::SecretString;
use serde::Serialize;
use service::chat::people::Join;

use super::answer::{Data, Done, Fail, List};
use super::caller::{Manager, Member};
use super::form::Form;
use super::place::{InRoom, OfUser, found};
use crate::api::call::Api;

/// A user of a room, in the family's words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserItem {
    client_key: ClientKey,
    nick_name: String,
    grade: Grade,
    room_id: RoomId,
}

impl From<Participant> for UserItem {
    fn from(user: Participant) -> Self {
        let Participant { client_key, nick_name, grade, room_id, .. } = user;
        Self { client_key, nick_name, grade, room_id }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    member: Member,
    InRoom(id): InRoom,
) -> Result<List<UserItem>, Fail> {
    those(&api, &member, &id, Who::Joined).await
}

pub(super) async fn exiled(
    State(api): State<Arc<Api>>,
    member: Member,
    InRoom(id): InRoom,
) -> Result<List<UserItem>, Fail> {
    those(&api, &member, &id, Who::Banned).await
}

pub(super) async fn muted(
    State(api): State<Arc<Api>>,
    member: Member,
    InRoom(id): InRoom,
) -> Result<List<UserItem>, Fail> {
    those(&api, &member, &id, Who::Muted).await
}

async fn those(api: &Api, member: &Member, id: &RoomId, who: Who) -> Result<List<UserItem>, Fail> {
    found(api, member, id).await?;
    let users = api.service.participants(&member.caller, id, who).await?;
    Ok(List { list: users.into_iter().map(UserItem::from).collect(), next: None })
}

/// Joins with the caller's client key if it sent one that is free there, or with a new one.
pub(super) async fn join(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
    form: Form,
) -> Result<Data<UserItem>, Fail> {
    let client_key = match form.text("clientKey") {
        None => None,
        Some(text) => Some(ClientKey::parse(text).ok_or_else(|| {
            Fail::incorrect("clientKey: Send 1 to 64 of the characters A-Z, a-z, 0-9 and _ - . or leave it out.")
        })?),
    };
    let grade = match form.text("grade") {
        None => Grade::default(),
        Some(word) => Grade::parse(word).ok_or_else(|| Fail::incorrect("grade: Send user or userManager."))?,
    };
    let join = Join {
        client_key,
        nick_name: form.needed("nickName")?.to_owned(),
        grade,
        password: form.sent("password").filter(|typed| !typed.is_empty()).map(SecretString::from),
    };
    found(&api, &member, &id).await?;
    Ok(Data(api.service.join(&member.caller, &id, join).await?.into()))
}

pub(super) async fn leave(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
) -> Result<Done, Fail> {
    found(&api, &member, &id).await?;
    api.service.leave(&member.caller, &id, &client).await?;
    Ok(Done)
}

pub(super) async fn exile(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
) -> Result<Done, Fail> {
    found(&api, &member, &id).await?;
    api.service.exile(&member.caller, &id, &client).await?;
    Ok(Done)
}

pub(super) async fn cancel_exile(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
) -> Result<Done, Fail> {
    found(&api, &member, &id).await?;
    api.service.cancel_exile(&member.caller, &id, &client).await?;
    Ok(Done)
}

pub(super) async fn mute(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
) -> Result<Done, Fail> {
    found(&api, &member, &id).await?;
    api.service.mute(&member.caller, &id, &client).await?;
    Ok(Done)
}

pub(super) async fn unmute(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
) -> Result<Done, Fail> {
    found(&api, &member, &id).await?;
    api.service.unmute(&member.caller, &id, &client).await?;
    Ok(Done)
}

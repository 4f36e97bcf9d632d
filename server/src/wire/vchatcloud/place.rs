//! The room, and the user in it, that a path names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use domain::ids::RoomId;
use domain::participant::ClientKey;
use domain::refusal::Refusal;
use domain::room::{Room, RoomKind};
use percent_encoding::percent_decode_str;

use super::answer::Fail;
use super::caller::Member;
use crate::api::call::Api;

/// The room that a path names. It may not exist.
#[derive(Debug)]
pub(super) struct InRoom(pub RoomId);

/// The room and the user in it. Neither may exist.
#[derive(Debug)]
pub(super) struct OfUser(pub RoomId, pub ClientKey);

impl FromRequestParts<Arc<Api>> for InRoom {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Fail> {
        room(&places(parts)).map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for OfUser {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Fail> {
        let places = places(parts);
        let room = room(&places)?;
        let client = places.get("client").and_then(|text| ClientKey::parse(text)).ok_or(Refusal::NotJoined)?;
        Ok(Self(room, client))
    }
}

/// The parts of a path by their names, without those that are not UTF-8. `Path` gives none if one of them is not.
fn places(parts: &Parts) -> HashMap<&str, Cow<'_, str>> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let both = route.split('/').zip(parts.uri.path().split('/'));
    let places = both.filter_map(|(name, text)| {
        let name = name.strip_prefix('{')?.strip_suffix('}')?;
        Some((name, percent_decode_str(text).decode_utf8().ok()?))
    });
    places.collect()
}

fn room(places: &HashMap<&str, Cow<'_, str>>) -> Result<RoomId, Fail> {
    Ok(places.get("room").and_then(|text| RoomId::parse(text)).ok_or(Refusal::RoomNotFound)?)
}

/// The room itself. The chats of another family are none of this one's rooms.
pub(super) async fn found(api: &Api, member: &Member, id: &RoomId) -> Result<Room, Fail> {
    let room = api.service.room(&member.caller, id).await?;
    if room.kind == RoomKind::Room { Ok(room) } else { Err(Refusal::RoomNotFound.into()) }
}

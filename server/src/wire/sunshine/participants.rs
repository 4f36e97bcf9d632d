//! `…/participants`, `…/join` and `…/leave`: who is in a conversation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::ContactId;
use domain::message::Author;
use domain::participant::{ClientKey, NamedContact, Participant, Who};
use domain::room::Room;
use serde::Serialize;
use serde_json::{Value, json};
use service::Caller;
use service::chat::profiles;

use super::body::Body;
use super::caller::{AnyScope, Scoped};
use super::conversations::of_path;
use super::failure::Failure;
use super::messages::BUSINESS;
use super::paging::{Beside, Paging, Query, is_record_id};
use super::shown::{self, Users, participant_id};
use super::users::{acting_by, caller, named_by};
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

#[derive(Debug, Serialize)]
struct Many {
    participants: Vec<Value>,
    #[serde(flatten)]
    beside: Beside,
}

/// The ids that these participants have in the app's own systems.
async fn users(api: &Api, caller: &Caller, of: &[Participant]) -> Result<Users, Failure> {
    let ids: Vec<_> = of.iter().filter_map(|participant| participant.contact).collect();
    Ok(Users::of(&api.service.some_contacts(caller, &ids).await?))
}

/// The participants of a page, and the ids at which the pages beside it begin.
fn page(all: &[Participant], paging: &Paging) -> Option<(Vec<Participant>, Option<String>, Option<String>)> {
    let id = |one: &Participant| one.contact.map(|contact| participant_id(&one.room_id, &contact));
    let at = |cursor: &str| all.iter().position(|one| id(one).as_deref() == Some(cursor));
    let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
    let (from, to) = match (&paging.after, &paging.before) {
        (Some(after), _) => {
            let from = at(after)? + 1;
            (from, from.saturating_add(size).min(all.len()))
        }
        (None, Some(before)) => {
            let to = at(before)?;
            (to.saturating_sub(size), to)
        }
        (None, None) => (0, size.min(all.len())),
    };
    let rows = all.get(from..to)?.to_vec();
    let next = rows.last().and_then(id).filter(|_| to < all.len());
    let previous = rows.first().and_then(id).filter(|_| from > 0);
    Some((rows, next, previous))
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    query: Query,
) -> Result<Response, Failure> {
    let paging = query.paging(is_record_id)?;
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    let mut all = api.service.participants(&caller, &room.id, Who::Joined).await?;
    all.retain(|participant| participant.contact.is_some());
    let (rows, next, previous) = page(&all, &paging).ok_or_else(Failure::page)?;
    let users = users(&api, &caller, &rows).await?;
    let participants = rows.iter().filter_map(|one| shown::participant(one, &users)).collect();
    let beside = query.beside(&api.public_url, &paging, next, previous);
    Ok(Json(Many { participants, beside }).into_response())
}

/// The conversation that the path names, if people can come and go there.
async fn group(api: &Api, caller: &Caller, by: &Scoped) -> Result<Room, Failure> {
    let room = of_path(api, caller, by).await?;
    if profiles::is_personal(&room) {
        return Err(Failure::bad_request("The participants of a personal conversation cannot be changed"));
    }
    Ok(room)
}

pub(super) async fn join(State(api): State<Arc<Api>>, AnyScope(by): AnyScope, body: Body) -> Result<Response, Failure> {
    let members = body.members();
    members.flag("subscribeSDKClient")?;
    let (id, external_id) = (members.text("userId")?, members.text("userExternalId")?);
    let caller = caller(&by);
    let room = group(&api, &caller, &by).await?;
    let contact = acting_by(&api, &caller, &by.app, id, external_id).await?;
    let contact = contact.ok_or_else(|| members.required("userId"))?;
    let new = NamedContact { id: contact.id, name: contact.name() };
    api.service.add_contacts(&caller, &room.id, &[new], &Author::manager(BUSINESS)).await?;
    let key = ClientKey::of_contact(&contact.id);
    let found = api.service.participant(&caller, &room.id, &key).await?;
    let shown = found.and_then(|found| shown::participant(&found, &Users::of([&contact])));
    let shown = shown.ok_or_else(Failure::not_found)?;
    Ok(answer(StatusCode::CREATED, "application/json", &json!({ "participant": shown })))
}

pub(super) async fn leave(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let (id, external_id) = (members.text("userId")?, members.text("userExternalId")?);
    let participant = members.text("participantId")?;
    let caller = caller(&by);
    let room = group(&api, &caller, &by).await?;
    let contact: ContactId = match (participant, id.or(external_id)) {
        (Some(participant), None) => shown::contact_of(&room.id, participant).ok_or_else(Failure::not_found)?,
        (Some(_), Some(_)) => {
            let title = "Only one of userId, userExternalId and participantId can be provided";
            return Err(Failure::bad_request(title));
        }
        (None, _) => {
            let contact = named_by(&api, &caller, &by.app, id, external_id).await?;
            contact.ok_or_else(|| members.required("userId"))?.id
        }
    };
    api.service.leave(&caller, &room.id, &ClientKey::of_contact(&contact)).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use domain::ids::RoomId;
    use domain::participant::Grade;
    use domain::timestamp::Timestamp;

    use super::*;

    #[test]
    fn pages_of_participants_show_each_once() {
        let room = RoomId::from_random([9; 12]);
        let one = |n: u8| {
            let contact = ContactId::from_random([n; 12]);
            Participant {
                room_id: room,
                client_key: ClientKey::of_contact(&contact),
                nick_name: n.to_string(),
                grade: Grade::User,
                contact: Some(contact),
                joined_at: Timestamp::from_millis(0),
                left_at: None,
                muted_at: None,
                banned_at: None,
            }
        };
        let all: Vec<_> = (0..5).map(one).collect();
        let asked = |after: Option<&str>, before: Option<&str>| {
            let paging = Paging { size: 2, after: after.map(str::to_owned), before: before.map(str::to_owned) };
            page(&all, &paging)
        };
        let (first, next, previous) = asked(None, None).unwrap();
        assert_eq!((first.as_slice(), previous), (&all[..2], None));
        let (second, next, previous) = asked(next.as_deref(), None).unwrap();
        assert_eq!(second, all[2..4]);
        let (third, end, _) = asked(next.as_deref(), None).unwrap();
        assert_eq!((third.as_slice(), end), (&all[4..], None));
        assert_eq!(asked(None, previous.as_deref()).unwrap().0, all[..2]);
        assert!(asked(Some("x"), None).is_none() && asked(None, Some("x")).is_none());
        let none = Paging { size: 2, after: None, before: None };
        assert_eq!(page(&[], &none), Some((Vec::new(), None, None)));
    }
}

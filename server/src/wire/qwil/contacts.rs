//! Contacts: listed, looked up, shown with their pictures, and invited.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use domain::contact::{ContactKind, ContactQuery, ContactRef, ContactStatus};
use domain::list::{Rows, search_whole};
use serde::Serialize;
use service::chat::avatars::AVATAR_MAX;

use super::acting::{By, Contacts, Invites};
use super::bodies::InviteBody;
use super::failure::Failure;
use super::query::{Query, contact_id};
use super::shown::ContactShown;
use crate::api::call::Api;
use crate::json::answer::Json;
use crate::json::body::JsonBody;
use crate::json::problem::Problem;
use crate::reading;
use crate::uploads;

/// Contacts by name, and where the list goes on.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    contacts: Vec<ContactShown>,
    /// What to send as `after` for the next ones.
    next: Option<String>,
}

/// Everybody, or those whose name, e-mail or identifier begins with `q`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Contacts>,
    query: Query,
) -> Result<Json<Listed>, Failure> {
    let mut asked = ContactQuery::default();
    if let Some(text) = query.one("q")? {
        let wrong = || Failure::wrong("q", "send at most 200 characters that people can see, and no secret of a key.");
        asked.search = Some(search_whole(text).ok_or_else(wrong)?);
    }
    asked.rows = match query.number("limit")? {
        None | Some(100) => Rows::Most,
        Some(50) => Rows::Many,
        Some(25) => Rows::Few,
        Some(_) => return Err(Failure::wrong("limit", "send 25, 50 or 100.")),
    };
    asked.kind = match query.one("type")? {
        None => None,
        Some(word) => Some(ContactKind::parse(word).ok_or_else(|| Failure::wrong("type", "send staff or client."))?),
    };
    if let Some(word) = query.one("status")? {
        let status = ContactStatus::parse(word);
        asked.status = Some(status.ok_or_else(|| Failure::wrong("status", "send active, invited or inactive."))?);
    }
    asked.after = query.after(&asked)?;
    let page = api.service.contacts_for(&acting, &asked).await?;
    api.service.arrived(&acting).await?;
    let me = acting.contact().ok();
    let contacts = page.rows.iter().map(|contact| ContactShown::of(contact, me)).collect();
    Ok(Json(Listed { contacts, next: page.next }))
}

/// One contact by uuid, identifier or e-mail.
pub(super) async fn lookup(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Contacts>,
    query: Query,
) -> Result<Json<ContactShown>, Failure> {
    let named = named_contact(&query)?.ok_or_else(|| Failure::id_needed("uuid, identifier or email"))?;
    let contact = api.service.contact_for(&acting, named).await?;
    api.service.arrived(&acting).await?;
    Ok(Json(ContactShown::of(&contact, acting.contact().ok())))
}

/// The contact that a query names in one of three ways; `None` if it names none.
pub(super) fn named_contact(query: &Query) -> Result<Option<ContactRef<'_>>, Failure> {
    let uuid = match (query.one("uuid")?, query.one("entity_user_xref_uuid")?) {
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
        (Some(_), Some(_)) => return Err(Failure::wrong("uuid", "send either uuid or entity_user_xref_uuid.")),
    };
    match (uuid, query.one("identifier")?, query.one("email")?) {
        (None, None, None) => Ok(None),
        (Some(uuid), None, None) => {
            let id = contact_id(uuid).ok_or_else(|| Failure::not_found("Contact"))?;
            Ok(Some(ContactRef::Id(id)))
        }
        (None, Some(identifier), None) => Ok(Some(ContactRef::Identifier(identifier))),
        (None, None, Some(email)) => Ok(Some(ContactRef::Email(email))),
        _ => Err(Failure::wrong("uuid", "send one of uuid, identifier and email.")),
    }
}

/// The picture of a contact.
pub(super) async fn avatar(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Contacts>,
    query: Query,
) -> Result<Response, Failure> {
    let named = named_contact(&query)?.ok_or_else(|| Failure::id_needed("uuid, identifier or email"))?;
    let contact = api.service.contact_for(&acting, named).await?;
    api.service.arrived(&acting).await?;
    let (media_type, bytes) = api.service.avatar(&contact).await?;
    Ok(uploads::served("avatar", media_type, bytes)?)
}

/// Gives a contact the picture that is the body.
pub(super) async fn set_avatar(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Contacts>,
    query: Query,
    request: Request,
) -> Result<Json<ContactShown>, Failure> {
    let (parts, body) = request.into_parts();
    let named = named_contact(&query)?.ok_or_else(|| Failure::id_needed("uuid, identifier or email"))?;
    let contact = api.service.contact_for(&acting, named).await?;
    api.service.arrived(&acting).await?;
    let bytes = reading::file_of_call(&parts, body, AVATAR_MAX).await;
    let bytes = bytes.map_err(|error| Failure::from(Problem::no_body(error, AVATAR_MAX)))?;
    api.service.set_avatar(acting.caller(), &contact.id, bytes.to_vec()).await?;
    let contact = api.service.contact_for(&acting, ContactRef::Id(contact.id)).await?;
    Ok(Json(ContactShown::of(&contact, acting.contact().ok())))
}

/// Invites a client or a member of staff on behalf of an admin.
pub(super) async fn invite(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Invites>,
    body: JsonBody<InviteBody<'_>>,
) -> Result<Json<ContactShown>, Failure> {
    let sent = body.read()?;
    let me = acting.contact()?;
    let invited = api.service.invite_contact(acting.caller(), acting.app(), &me.id, &sent.contact()?).await?;
    api.service.arrived(&acting).await?;
    Ok(Json(ContactShown::of(&invited, Some(me))))
}

//! `…/attachments`: files for messages. Anybody with the address of a file may read it, and nobody can guess one.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::ids::{AttachmentId, RoomId};
use domain::room::RoomKind;
use serde_json::json;

use super::body::Body;
use super::caller::AnyScope;
use super::failure::{Code, Failure};
use super::messages::links;
use super::paging::Query;
use super::place::Places;
use super::users::caller;
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};
use crate::json::problem::Problem;
use crate::uploads::{self, FormError};

/// What a form has besides its file.
const FORM_MAX: usize = 64 * 1024;

/// The part of a form that is the file.
const SOURCE: &str = "source";

/// The one type of access, and what a file is for, as callers spell them.
const PUBLIC: &str = "public";
const MESSAGE: &str = "message";

#[derive(Debug)]
struct File {
    name: String,
    media_type: String,
    bytes: Bytes,
}

/// The file of an address that this installation made; `None` for any other address.
pub(super) fn of_url(api: &Api, url: &str) -> Option<AttachmentId> {
    let path = url.strip_prefix(api.public_url.as_str())?.strip_prefix('/')?;
    api.service.linked(path.rsplit('/').next()?)
}

/// Takes a file. With `conversationId` it is one of that conversation, and goes with it.
pub(super) async fn upload(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    query: Query,
    request: Request,
) -> Result<Response, Failure> {
    if query.one("access")?.is_some_and(|access| access != PUBLIC) {
        return Err(Failure::bad_request("access should be equal to one of the allowed values: public"));
    }
    if query.one("for")?.is_some_and(|what| what != MESSAGE) {
        return Err(Failure::bad_request("for should be equal to one of the allowed values: message"));
    }
    let caller = caller(&by);
    let room = match query.one("conversationId")? {
        None => None,
        Some(id) => {
            let id = RoomId::parse(id).ok_or_else(Failure::conversation_not_found)?;
            if api.service.room(&caller, &id).await?.kind != RoomKind::Chat {
                return Err(Failure::conversation_not_found());
            }
            Some(id)
        }
    };
    let most = usize::try_from(api.service.attachment_max()).unwrap_or(usize::MAX);
    let File { name, media_type: claimed, bytes } = read(request, most.saturating_add(FORM_MAX)).await?;
    let bytes = bytes.to_vec();
    let (file, place) = match room {
        Some(room) => (api.service.put_linked_file(&caller, &room, &name, &claimed, bytes).await?, room.to_string()),
        None => (api.service.put_file(&caller, &by.app, &name, &claimed, bytes).await?, by.app.to_string()),
    };
    let url = links(&api).url(by.app.as_str(), &place, &file);
    let shown = json!({ "attachment": { "mediaUrl": url, "mediaType": file.media_type } });
    Ok(answer(StatusCode::CREATED, "application/json", &shown))
}

fn broken() -> Failure {
    Failure::bad_request("Bad request: the body should be a form of multipart/form-data")
}

/// The file of a form.
async fn read(request: Request, limit: usize) -> Result<File, Failure> {
    let mut parts = uploads::form(request, limit).await.map_err(|error| match error {
        FormError::Unread(error) => Failure::from(Problem::no_body(error, limit)),
        FormError::WrongType => Failure::new(Code::WRONG_TYPE, "Send the file as multipart/form-data"),
        FormError::Broken => broken(),
    })?;
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        if part.name() != Some(SOURCE) {
            continue;
        }
        if !uploads::is_named_in_utf8(&part) {
            return Err(broken());
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        let media_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        return Ok(File { name, media_type, bytes });
    }
    Err(Failure::required("", SOURCE))
}

/// The last part of the address of a file.
#[derive(Debug)]
pub(super) struct Link(String);

impl<S: Sync> FromRequestParts<S> for Link {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Places::of(parts).get("attachment").unwrap_or_default().to_owned()))
    }
}

/// The bytes of a file, for whoever has its address.
pub(super) async fn file(State(api): State<Arc<Api>>, Link(link): Link) -> Result<Response, Failure> {
    let (file, bytes) = api.service.linked_file(&link).await?;
    Ok(uploads::served_by_link(&file.name, &file.media_type, bytes)?)
}

/// Removes a file that no message has.
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let id = of_url(&api, members.needed("mediaUrl")?).ok_or_else(Failure::not_found)?;
    api.service.remove_file(&caller(&by), &by.app, &id).await?;
    Ok(Json(json!({})).into_response())
}

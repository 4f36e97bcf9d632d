//! Files of chats: sent as a form, and fetched as bytes that no browser runs.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use domain::contact::NAMED_MAX;
use serde::Serialize;
use service::chat::sent_files::{NewFile, NewFiles};

use super::acting::{Butler, By, Reads, Writes};
use super::bodies::audience;
use super::failure::{Code, Failure};
use super::messages::Received;
use super::query::{Query, chat_id, file_id};
use super::shown::MessageShown;
use crate::api::call::Api;
use crate::json::answer::Json;
use crate::json::problem::Problem;
use crate::uploads::{self, FormError};

/// What a form has besides its files.
const FORM_MAX: usize = 64 * 1024;
/// The most files of one call.
const FILES_MAX: usize = 10;

/// A form as it was sent.
#[derive(Debug, Default)]
struct Form {
    chat_uuid: Option<String>,
    reply_to_seq: Option<String>,
    text: Option<String>,
    /// For whom the butler's files are.
    user_type: Option<String>,
    contacts: Vec<String>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: String,
    media_type: String,
    bytes: Bytes,
}

impl From<File> for NewFile {
    fn from(File { name, media_type, bytes }: File) -> Self {
        Self { name, media_type, bytes: bytes.to_vec() }
    }
}

/// The messages that the files became.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    messages: Vec<MessageShown>,
}

/// Sends files, each as a message of its own. The text goes with the first.
pub(super) async fn send_files(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    request: Request,
) -> Result<Json<Sent>, Failure> {
    let most = usize::try_from(api.service.attachment_max()).unwrap_or(usize::MAX);
    let form = read(request, most.saturating_add(FORM_MAX)).await?;
    let uuid = form.chat_uuid.as_deref().map(str::trim).filter(|uuid| !uuid.is_empty());
    let room = chat_id(uuid.ok_or_else(|| Failure::id_needed("chat_uuid"))?)?;
    let reply_to = match form.reply_to_seq.as_deref().map(str::trim).filter(|seq| !seq.is_empty()) {
        None => None,
        Some(seq) => {
            let seq = seq.parse::<u64>().map_err(|_| Failure::wrong("reply_to_seq", "send a whole number."))?;
            Some(seq).filter(|seq| *seq > 0)
        }
    };
    if form.files.is_empty() {
        return Err(Failure::wrong("files", "send at least one file."));
    }
    api.service.acting_in(&acting, &room).await?;
    let new = NewFiles {
        author: acting.author()?,
        text: form.text.unwrap_or_default(),
        reply_to,
        files: form.files.into_iter().map(NewFile::from).collect(),
    };
    let sent = api.service.send_files(acting.caller(), &room, new).await?;
    let messages = sent.iter().map(MessageShown::from).collect();
    Ok(Json(Sent { messages }))
}

/// Sends files as the butler: to one chat, to named contacts, or to all. The text goes with the first.
pub(super) async fn butler_sends(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Butler>,
    request: Request,
) -> Result<Json<Received>, Failure> {
    let most = usize::try_from(api.service.attachment_max()).unwrap_or(usize::MAX);
    let form = read(request, most.saturating_add(FORM_MAX)).await?;
    if form.files.is_empty() {
        return Err(Failure::wrong("files", "send at least one file."));
    }
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (chat, kind) = (given(&form.chat_uuid), given(&form.user_type));
    let named: Vec<&str> = form.contacts.iter().flat_map(|sent| sent.split(',')).map(str::trim).collect();
    if named.len() > NAMED_MAX {
        return Err(Failure::wrong("entity_user_xref_uuids", &format!("send at most {NAMED_MAX}.")));
    }
    let named = Some(named.as_slice()).filter(|named| !named.is_empty());
    let to = audience(chat.as_deref(), named, kind.as_deref())?;
    let files = form.files.into_iter().map(NewFile::from).collect();
    let text = form.text.unwrap_or_default();
    let receivers = api.service.butler_sends_for(&acting, &to, &text, files).await?;
    Ok(Json(Received { receivers }))
}

fn broken() -> Failure {
    Failure::new(Code::WRONG, "The body is not a form of multipart/form-data.")
}

/// The form, whole. The limits of all bodies hold for it too.
async fn read(request: Request, limit: usize) -> Result<Form, Failure> {
    let mut parts = uploads::form(request, limit).await.map_err(|error| match error {
        FormError::Unread(error) => Failure::from(Problem::no_body(error, limit)),
        FormError::WrongType => Failure::new(Code::WRONG_TYPE, "Send the files as multipart/form-data."),
        FormError::Broken => broken(),
    })?;
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        if !uploads::is_named_in_utf8(&part) {
            return Err(Failure::wrong("files", "send names in UTF-8."));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let media_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        let mut contacts = None;
        let place = match (&*name, file) {
            (_, Some(name)) => {
                if form.files.len() == FILES_MAX {
                    return Err(Failure::wrong("files", &format!("send at most {FILES_MAX} files.")));
                }
                form.files.push(File { name, media_type, bytes });
                continue;
            }
            ("chat_uuid", None) => &mut form.chat_uuid,
            ("reply_to_seq", None) => &mut form.reply_to_seq,
            ("text", None) => &mut form.text,
            ("user_type", None) => &mut form.user_type,
            ("entity_user_xref_uuids", None) => &mut contacts,
            _ => continue,
        };
        *place = Some(String::from_utf8(bytes.to_vec()).map_err(|_| Failure::wrong(&name, "send UTF-8 text."))?);
        form.contacts.extend(contacts);
    }
    Ok(form)
}

/// The bytes of a file of a chat.
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Reads>,
    query: Query,
) -> Result<Response, Failure> {
    let room = query.chat()?;
    let file = query.one("file_uuid")?.ok_or_else(|| Failure::id_needed("file_uuid"))?;
    api.service.acting_in(&acting, &room).await?;
    let (file, bytes) = api.service.attachment(acting.caller(), &room, &file_id(file)?).await?;
    Ok(uploads::served(&file.name, &file.media_type, bytes)?)
}

//! `…/notice`, `…/custom` and `…/whisper`: what whoever manages a room says in it.

use std::sync::Arc;

use axum::extract::State;
use domain::field::Field;
use domain::ids::RoomId;
use domain::message::{Author, MessageKind};
use domain::participant::{ClientKey, nick_name};
use domain::refusal::Refusal;
use service::chat::messages::NewMessage;

use super::answer::{Done, Fail};
use super::caller::{Manager, Member};
use super::form::Form;
use super::place::{InRoom, OfUser, found};
use crate::api::call::Api;

/// The most characters of a notice, as the family documents it.
const NOTICE_MAX: usize = 100;

pub(super) async fn notice(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
    form: Form,
) -> Result<Done, Fail> {
    let author = author(&form)?;
    let text = form.needed("notice")?;
    if text.chars().count() > NOTICE_MAX {
        return Err(Fail::incorrect("notice: Use at most 100 characters."));
    }
    send(&api, &member, &id, MessageKind::Notice, author, ("notice", text), None).await
}

/// The client programs read what a custom message means. Its parameter has the name of the call, as that of a notice.
pub(super) async fn custom(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
    form: Form,
) -> Result<Done, Fail> {
    let author = author(&form)?;
    let said = spelled(&form, "custom")?;
    send(&api, &member, &id, MessageKind::Custom, author, said, None).await
}

/// A message that one user of the room alone gets.
pub(super) async fn whisper(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    OfUser(id, client): OfUser,
    form: Form,
) -> Result<Done, Fail> {
    let author = author(&form)?;
    let said = spelled(&form, "whisper")?;
    send(&api, &member, &id, MessageKind::Whisper, author, said, Some(client)).await
}

/// The text of a call whose parameter's name is not published, under the name that was sent: that of the call, or `message`.
fn spelled<'a>(form: &'a Form, name: &'static str) -> Result<(&'static str, &'a str), Fail> {
    match (form.text(name), form.text("message")) {
        (None, Some(text)) => Ok(("message", text)),
        _ => Ok((name, form.needed(name)?)),
    }
}

fn author(form: &Form) -> Result<Author, Fail> {
    Ok(Author::manager(&nick_name(form.needed("nickName")?)?))
}

async fn send(
    api: &Api,
    member: &Member,
    id: &RoomId,
    kind: MessageKind,
    author: Author,
    (name, text): (&str, &str),
    to: Option<ClientKey>,
) -> Result<Done, Fail> {
    found(api, member, id).await?;
    let message = NewMessage { kind, author, text: text.to_owned(), reply_to: None, to, attachment: None };
    api.service.send(&member.caller, id, message).await.map_err(|error| told(name, error))?;
    Ok(Done)
}

/// What is wrong with a text is told under the name of its parameter, which each call has its own.
fn told(name: &str, error: service::Error) -> Fail {
    if let service::Error::Refused(Refusal::Invalid(errors)) = &error
        && let Some(wrong) = errors.0.iter().find(|wrong| wrong.field == Field::Message)
    {
        return Fail::incorrect(format!("{name}: {}", wrong.message));
    }
    error.into()
}

//! Messages: texts, files, and ranges by number.

use std::sync::Arc;

use axum::extract::State;
use domain::message::MessageKind;
use domain::participant::ClientKey;
use serde::Serialize;
use service::chat::messages::NewMessage;

use super::acting::{Butler, By, Reads, Writes};
use super::bodies::{ButlerBody, SendBody};
use super::failure::Failure;
use super::query::Query;
use super::shown::MessageShown;
use crate::api::call::Api;
use crate::json::answer::Json;
use crate::json::body::JsonBody;

/// The most messages that a range gives at once, and what it gives unless the call says otherwise.
const RANGE_MAX: u64 = 1_000;
const RANGE: u64 = 100;

pub(super) async fn send_text(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Writes>,
    body: JsonBody<SendBody<'_>>,
) -> Result<Json<MessageShown>, Failure> {
    let sent = body.read()?;
    let room = sent.chat()?;
    if acting.arrives() {
        // The writer finds out by itself that somebody is not in the chat, but only as it writes.
        api.service.acting_in(&acting, &room).await?;
    }
    let message = NewMessage {
        kind: MessageKind::Text,
        author: acting.author()?,
        text: sent.text()?.to_owned(),
        reply_to: sent.reply_to(),
        to: None,
        attachment: None,
    };
    let message = api.service.send(acting.caller(), &room, message).await?;
    Ok(Json(MessageShown::from(&message)))
}

/// How many contacts got a message of the butler.
#[derive(Debug, Serialize)]
pub(super) struct Received {
    pub receivers: u64,
}

pub(super) async fn butler_says(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Butler>,
    body: JsonBody<ButlerBody<'_>>,
) -> Result<Json<Received>, Failure> {
    let sent = body.read()?;
    let receivers = api.service.butler_says_for(&acting, &sent.audience()?, sent.text()?).await?;
    Ok(Json(Received { receivers }))
}

/// Messages in the order of their numbers.
#[derive(Debug, Serialize)]
pub(super) struct Range {
    messages: Vec<MessageShown>,
    /// The number to go on from, if there may be more up to `to_seq`.
    next_seq: Option<u64>,
}

/// The messages of a chat from one number to another, both included, with those of the system.
pub(super) async fn range(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Reads>,
    query: Query,
) -> Result<Json<Range>, Failure> {
    let room = query.chat()?;
    let (from, to) = (query.number("from_seq")?.unwrap_or(1), query.number("to_seq")?);
    let limit = query.number("limit")?.unwrap_or(RANGE);
    if !(1..=RANGE_MAX).contains(&limit) {
        return Err(Failure::wrong("limit", &format!("send 1 to {RANGE_MAX}.")));
    }
    if to.is_some_and(|to| to < from) {
        return Err(Failure::wrong("to_seq", "send a number that is not below from_seq."));
    }
    let rows = u32::try_from(limit).unwrap_or(u32::MAX);
    let found = api.service.messages_for(&acting, &room, from, to, rows).await?;
    let last = found.last().map(|message| message.seq);
    let is_full = u64::try_from(found.len()).unwrap_or(u64::MAX) >= limit;
    let next_seq = last.filter(|last| is_full && to.is_none_or(|to| *last < to)).map(|last| last + 1);
    let me = ClientKey::of_contact(&acting.contact()?.id);
    let messages = found.iter().filter(|message| message.is_for(&me)).map(MessageShown::from).collect();
    Ok(Json(Range { messages, next_seq }))
}

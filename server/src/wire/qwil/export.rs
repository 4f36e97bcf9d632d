//! The export of chats: a chat or a message on each line, as JSON.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::{empty, try_unfold};
use serde::Serialize;
use service::chat::export::{ChatExport, ExportedChat};

use super::acting::{By, Exports};
use super::failure::{Code, Failure};
use super::shown::{ChatShown, MessageShown};
use crate::api::call::Api;

/// A line of the file.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Line {
    Chat(ChatShown),
    Message(MessageShown),
}

/// All chats, or those of the contact on whose behalf the call is made. A key that is narrowed to contacts gets the chats of
/// those.
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    By(acting, _): By<Exports>,
    method: Method,
) -> Result<Response, Failure> {
    let day = api.service.now().to_rfc3339();
    let day = day.split('T').next().unwrap_or_default();
    let name = format!("attachment; filename=\"chats-{day}.jsonl\"");
    let kind = "application/x-ndjson; charset=utf-8".to_owned();
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    if method == Method::HEAD {
        // Nothing is given out, so nothing is on record. How long the file would be is not known.
        return Ok((headers, Body::from_stream(empty::<io::Result<Bytes>>())).into_response());
    }
    let contacts = match acting.contact() {
        Ok(contact) => vec![contact.id],
        Err(_) => acting.narrowed().to_vec(),
    };
    let mut export = api.service.export_chats(acting.caller(), acting.app(), &contacts).await?;
    api.service.arrived(&acting).await?;
    // Before the answer begins, so that a database that is away is a plain 503.
    let first = match export.next().await? {
        Some(piece) => lines(piece).map_err(|_| Failure::new(Code::BROKEN, "Something broke inside Keystead."))?,
        None => Bytes::new(),
    };
    Ok((headers, Body::from_stream(written(export, first))).into_response())
}

/// The file, a piece at a time. An error cuts the answer off, so that nobody takes a part of the file for the whole.
fn written(export: ChatExport, first: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    try_unfold((export, Some(first)), |(mut export, begun)| async move {
        if let Some(bytes) = begun {
            return Ok(Some((bytes, (export, None))));
        }
        match export.next().await.map_err(io::Error::other)? {
            Some(piece) => Ok(Some((lines(piece)?, (export, None)))),
            None => Ok(None),
        }
    })
}

fn lines(piece: ExportedChat) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    match piece {
        ExportedChat::Chat(room, participants) => {
            line(&mut bytes, &Line::Chat(ChatShown::from(&*room).with(&participants)))?;
        }
        ExportedChat::Messages(messages) => {
            for message in &messages {
                line(&mut bytes, &Line::Message(MessageShown::from(message)))?;
            }
        }
    }
    Ok(bytes.into())
}

fn line(bytes: &mut Vec<u8>, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *bytes, line)?;
    bytes.push(b'\n');
    Ok(())
}

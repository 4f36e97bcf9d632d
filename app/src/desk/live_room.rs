//! The messages of a room or chat as they come, rendered as its page shows them.

use std::sync::Arc;

use axum::http::Request;
use domain::ids::RoomId;
use domain::message::{Message, MessageKind};
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos::reactive::owner::Owner;
use service::chat::live::RoomWatch;

use super::context::{Visit, chosen_zone};
use crate::components::messages::line;
use crate::error::ConsoleError;

/// Reads the id of a room from an address. Invalid text gives `RoomNotFound`, like an unknown id.
pub fn room_id(text: &str) -> Result<RoomId, ConsoleError> {
    RoomId::parse(text).ok_or(ConsoleError::Refused(Refusal::RoomNotFound))
}

/// A room that somebody watches.
#[derive(Debug)]
pub struct LiveRoom {
    watch: RoomWatch,
    /// Knows the visitor, and so the zone of the times.
    owner: Owner,
    /// Whether they chose one. Everybody else gets the same markup.
    zoned: bool,
    /// The number of the newest message that was given.
    newest: u64,
}

/// A message as it comes.
#[derive(Debug)]
pub struct Coming {
    /// Its number; `None` for one that came before and was deleted meanwhile.
    pub seq: Option<u64>,
    /// Its markup.
    pub html: Arc<str>,
}

impl LiveRoom {
    /// The messages of this watch, for this visitor, whose page shows those up to a number.
    pub fn new(watch: RoomWatch, visit: &Visit, after: u64) -> Self {
        let owner = Owner::new();
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(visit.clone());
        owner.with(|| provide_context(parts));
        let zoned = owner.with(chosen_zone).is_some();
        Self { watch, owner, zoned, newest: after }
    }

    /// The next message; `None` once the room is gone.
    pub async fn next(&mut self) -> Option<Coming> {
        let message = self.watch.next().await?;
        let html = |message: &Message| self.owner.with(|| line(message).to_html());
        let html = if self.zoned { html(&message).into() } else { message.form(html) };
        let came = message.kind == MessageKind::Deleted && message.seq <= self.newest;
        self.newest = self.newest.max(message.seq);
        Some(Coming { seq: (!came).then_some(message.seq), html })
    }
}

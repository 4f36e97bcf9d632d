//! The messages of a room or chat as they come, rendered as its page shows them.

use std::sync::Arc;

use axum::http::Request;
use domain::ids::RoomId;
use domain::message::Message;
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
}

impl LiveRoom {
    /// The messages of this watch, for this visitor.
    pub fn new(watch: RoomWatch, visit: &Visit) -> Self {
        let owner = Owner::new();
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(visit.clone());
        owner.with(|| provide_context(parts));
        let zoned = owner.with(chosen_zone).is_some();
        Self { watch, owner, zoned }
    }

    /// The number and the markup of the next message; `None` once the room is gone.
    pub async fn next(&mut self) -> Option<(u64, Arc<str>)> {
        let message = self.watch.next().await?;
        let html = |message: &Message| self.owner.with(|| line(message).to_html());
        Some((message.seq, if self.zoned { html(&message).into() } else { message.form(html) }))
    }
}

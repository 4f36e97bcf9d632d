//! The events of an integration as they come, rendered as the connectivity test shows them.

use axum::http::Request;
use domain::ids::{IntegrationId, KeyId};
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos::reactive::owner::Owner;
use service::events::live::{EventSeen, EventWatch};

use super::context::Visit;
use super::integrations::integration_id;
use crate::components::event_line::event_line;
use crate::error::ConsoleError;

/// Whose events are watched: an integration, and one of its keys.
pub fn watched(integration: &str, key: Option<&str>) -> Result<(IntegrationId, Option<KeyId>), ConsoleError> {
    let integration = integration_id(integration)?;
    let key = key.map(|key| KeyId::parse(key).ok_or(ConsoleError::Refused(Refusal::NotFound))).transpose()?;
    Ok((integration, key))
}

/// What somebody who watches events is sent.
#[derive(Debug)]
pub enum Shown {
    /// The number and the markup of the next event.
    Event(u64, String),
    /// How many were left out.
    More(u64),
}

/// Events that somebody watches.
#[derive(Debug)]
pub struct LiveEvents {
    watch: EventWatch,
    /// Knows the visitor, and so the zone of the times.
    owner: Owner,
}

impl LiveEvents {
    /// The events of this watch, for this visitor.
    pub fn new(watch: EventWatch, visit: &Visit) -> Self {
        let owner = Owner::new();
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(visit.clone());
        owner.with(|| provide_context(parts));
        Self { watch, owner }
    }

    /// The next event; `None` once the service is gone.
    pub async fn next(&mut self) -> Option<Shown> {
        Some(match self.watch.next().await? {
            EventSeen::Event(event) => Shown::Event(event.seq, self.owner.with(|| event_line(&event).to_html())),
            EventSeen::More(events) => Shown::More(events),
        })
    }
}

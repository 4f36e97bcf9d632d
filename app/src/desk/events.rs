//! The events that programs report to an integration: what its pages read.

use domain::event::{Event, EventQuery};
use domain::ids::EventId;
use domain::integration::Integration;
use domain::page::Page;
use domain::refusal::Refusal;

use super::context::Desk;
use super::integrations::read_one;
use crate::error::ConsoleError;

/// An event and its integration.
#[derive(Debug)]
pub struct EventView {
    pub integration: Integration,
    pub event: Event,
}

/// A page of the events of an integration.
pub async fn read_events(integration: &Integration, query: &EventQuery) -> Result<Page<Event>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().events(&desk.caller()?, &integration.id, query).await?)
}

pub async fn read_event(integration: &str, event: &str) -> Result<EventView, ConsoleError> {
    let integration = read_one(integration).await?.integration;
    let id = EventId::parse(event).ok_or(ConsoleError::Refused(Refusal::EventNotFound))?;
    let desk = Desk::from_context()?;
    let event = desk.service().event(&desk.caller()?, &integration.id, &id).await?;
    Ok(EventView { integration, event })
}

//! Events of contact-centre platforms: taken in by a group commit, listed, and watched as they come.

pub mod live;
pub(crate) mod writer;

use std::{net::IpAddr, sync::Arc};

use domain::{
    event::{Event, EventAbout, EventQuery, checked_data},
    field::FieldErrors,
    ids::{EventId, IntegrationId},
    integration::IntegrationKind,
    key::KeyRecord,
    page::Page,
    refusal::Refusal,
    timestamp::Timestamp,
};
use serde_json::{Map, Value};
use store::Tx;

use self::writer::Draft;
use crate::{Caller, Error, Result, Service, entropy};

/// What a program reports, unchecked.
#[derive(Debug, Clone, Default)]
pub struct NewEvent {
    /// What happened, as the sender calls it.
    pub name: String,
    /// The CRM that it is about.
    pub crm_id: String,
    /// The agent whom it is for; `None` or blank if it is for the connection of the CRM itself.
    pub agent_id: Option<String>,
    /// The further members.
    pub data: Map<String, Value>,
    /// The origin of the page that sent it.
    pub origin: Option<String>,
    /// The address that it came from.
    pub address: Option<IpAddr>,
}

impl Service {
    /// Takes in an event that came with this key, which was just accepted. It is on disk once this returns, and on its way
    /// to the webhooks of its integration. Refuses with `Invalid`, and with `Forbidden` for a key of another kind.
    pub async fn accept_event(&self, key: &KeyRecord, new: NewEvent) -> Result<Event> {
        if IntegrationKind::of_events(key.kind).is_none() {
            return Err(Refusal::Forbidden.into());
        }
        let draft = Arc::new(self.event_draft(key, new)?);
        match self.event_writer().write(Arc::clone(&draft)).await {
            // A server of an earlier version on the same database made the key.
            Err(Error::Refused(Refusal::IntegrationNotFound)) => {
                let make = async |tx: &mut Tx| {
                    self.ensure_event_integration(tx, &Caller::system(None), &key.app_id, key.kind).await?;
                    Ok::<_, Error>(())
                };
                self.write(make).await?;
                self.event_writer().write(draft).await
            }
            written => written,
        }
    }

    /// The event in the form that is written, as far as that can be known without its integration.
    fn event_draft(&self, key: &KeyRecord, new: NewEvent) -> Result<Draft> {
        let mut errors = FieldErrors::default();
        let agent_id = new.agent_id.as_deref().unwrap_or_default();
        let about = errors.keep_all(EventAbout::checked(&new.name, &new.crm_id, agent_id));
        let data = errors.keep_all(checked_data(&new.data));
        let (Some(about), Some(data)) = (about, data) else { return Err(errors.into()) };
        Ok(Draft {
            id: new_id(self.now(), entropy::bytes(self.entropy())?),
            app_id: key.app_id,
            kind: key.kind,
            key_id: key.id,
            key_name: key.name.clone(),
            about,
            data,
            origin: new.origin,
            address: new.address,
        })
    }

    /// A page of the events of an integration, the newest first.
    pub async fn events(
        &self,
        caller: &Caller,
        integration: &IntegrationId,
        query: &EventQuery,
    ) -> Result<Page<Event>> {
        let integration = self.integration(caller, integration).await?;
        Ok(self.store().list_events(&integration.id, query).await?)
    }

    /// One event of an integration; `EventNotFound` if there is none, or it is older than events are kept.
    pub async fn event(&self, caller: &Caller, integration: &IntegrationId, id: &EventId) -> Result<Event> {
        let integration = self.integration(caller, integration).await?;
        let found = self.store().event(id).await?.filter(|event| event.integration_id == integration.id);
        Ok(found.ok_or(Refusal::EventNotFound)?)
    }
}

/// An id that begins with its second, and goes on with its millisecond in ten bits, so that new ones are beside each other
/// in an index.
fn new_id(now: Timestamp, random: [u8; 8]) -> EventId {
    let second = u32::try_from(now.millis() / 1_000).unwrap_or_default();
    let millis = u64::try_from(now.millis() % 1_000).unwrap_or_default();
    let rest = (millis << 54) | (u64::from_be_bytes(random) >> 10);
    let mut bytes = [0; 12];
    let (first, last) = bytes.split_at_mut(4);
    first.copy_from_slice(&second.to_be_bytes());
    last.copy_from_slice(&rest.to_be_bytes());
    EventId::from_random(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_its_second_and_its_millisecond() {
        let id = |millis, random| new_id(Timestamp::from_millis(millis), [random; 8]);
        assert_eq!(id(1_795_253_402_000, 0xff).as_str(), "6b01649a003fffffffffffff");
        assert_eq!(id(1_795_253_402_999, 0).as_str(), "6b01649af9c0000000000000");
        for (earlier, later) in [(0, 1), (998, 999), (999, 1_000)] {
            assert!(id(1_795_253_402_000 + earlier, 0xff) < id(1_795_253_402_000 + later, 0), "{later}");
        }
    }
}

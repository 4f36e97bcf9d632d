//! The integrations at which keys report what happens. Each is there once an app has a key of its kind.

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::{AppId, IntegrationId},
    integration::{Integration, IntegrationKind, IntegrationStatus},
    kind::KeyKind,
    profile::EMPTY,
    timestamp::Timestamp,
};
use store::{Store, Tx};

use super::{first_values, new_id};
use crate::{
    Caller, Error, Result, Service,
    entropy::{Entropy, EntropyError},
    keyring::Keyring,
    service::{event, record},
};

/// How many integrations are made in one transaction.
const AT_ONCE: u32 = 100;

impl Service {
    /// The integration of an app at which keys of this kind report; `None` for kinds that report nothing. The first key of
    /// its kind makes it, in the same transaction, and it is on record just before that key.
    pub(crate) async fn ensure_event_integration(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        app: &AppId,
        kind: KeyKind,
    ) -> Result<Option<IntegrationId>> {
        let Some(kind) = IntegrationKind::of_events(kind) else { return Ok(None) };
        if let Some(known) = tx.event_integration(app, kind).await? {
            return Ok(Some(known));
        }
        let integration = new(self.entropy(), app, kind, self.now())?;
        tx.insert_integration(&integration).await?;
        let event = self.integration_event(caller, Action::IntegrationCreated, &integration);
        self.record(tx, AuditEvent { changes: first_values(&integration), ..event }).await?;
        Ok(Some(integration.id))
    }
}

/// Makes the integrations at which keys report that an earlier version made, each on record.
pub(crate) async fn fill_event_integrations(
    store: &Store,
    keyring: &Keyring,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), Error> {
    while !store.missing_event_integrations(1).await?.is_empty() {
        let fill = async |tx: &mut Tx| {
            let system = Caller::system(None);
            for (app, kind) in tx.missing_event_integrations(AT_ONCE).await? {
                let integration = new(entropy, &app, kind, now)?;
                tx.insert_integration(&integration).await?;
                let subject = Subject::integration(&integration.id, integration.shown_name());
                let event = event(&system, now, Action::IntegrationCreated, subject);
                let event = AuditEvent { app_id: Some(app), changes: first_values(&integration), ..event };
                record(keyring, tx, &event).await?;
            }
            Ok::<_, Error>(())
        };
        store.write(fill).await?;
    }
    Ok(())
}

fn new(entropy: &dyn Entropy, app: &AppId, kind: IntegrationKind, now: Timestamp) -> Result<Integration, EntropyError> {
    Ok(Integration {
        id: new_id(entropy, now)?,
        app_id: *app,
        kind,
        name: None,
        status: IntegrationStatus::Active,
        extra: EMPTY.to_owned(),
        created_at: now,
        webhooks: Vec::new(),
    })
}

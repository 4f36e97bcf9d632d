//! Dropping a pending key: by hand, or because nobody confirmed it in time.

use domain::{
    audit::{Action, AuditEvent},
    ids::KeyId,
    refusal::Refusal,
    role::Act,
};
use store::Tx;

use super::{overdue::Overdue, remove};
use crate::{Caller, Result, Service};

impl Service {
    /// Drops a pending key whose secret was not stored. `NotPending` if it is not pending.
    pub async fn drop_pending(&self, caller: &Caller, id: &KeyId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, caller, id, Act::StopKeys).await?;
            remove(tx, id, self.now()).await?;
            let event = self.key_event(caller, Action::KeyDropped, &key);
            self.record(tx, event).await?;
            Ok(())
        };
        self.change_key(caller, Act::StopKeys, id, work).await
    }

    /// Drops the keys that nobody confirmed in time, and records each. Runs in the background. Returns how many it
    /// dropped.
    pub async fn drop_overdue_keys(&self) -> Result<usize> {
        let mut overdue = Overdue::new();
        while let Some(limit) = overdue.next() {
            for id in self.store().keys_pending_before(self.now(), limit).await? {
                if overdue.is_new(&id) {
                    overdue.note(id, self.drop_overdue(&id).await)?;
                }
            }
        }
        overdue.result()
    }

    async fn drop_overdue(&self, id: &KeyId) -> Result<()> {
        let caller = Caller::system(None);
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, &caller, id, Act::StopKeys).await?;
            if key.row.ack_deadline.is_some_and(|deadline| now < deadline) {
                return Err(Refusal::WrongState.into());
            }
            remove(tx, id, now).await?;
            let event = AuditEvent {
                note: Some("Nobody confirmed it in time.".to_owned()),
                ..self.key_event(&caller, Action::KeyDropped, &key)
            };
            self.record(tx, event).await?;
            Ok(())
        };
        self.change_key(&caller, Act::StopKeys, id, work).await
    }
}

//! Dropping a pending key: by hand, or because nobody confirmed it in time.

use domain::{
    audit::{Action, AuditEvent},
    ids::KeyId,
    refusal::Refusal,
    role::Act,
};
use store::Tx;

use super::remove;
use crate::{Caller, Error, Result, Service};

/// How many overdue keys are looked up at once.
const AT_ONCE: u32 = 100;

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
        let mut dropped = 0;
        loop {
            let before = dropped;
            let overdue = self.store().keys_pending_before(self.now(), AT_ONCE).await?;
            for key in &overdue {
                match self.drop_overdue(key).await {
                    // Somebody else has removed it in the meantime.
                    Err(Error::Refused(_)) => {}
                    done => {
                        done?;
                        dropped += 1;
                    }
                }
            }
            if dropped == before {
                return Ok(dropped);
            }
        }
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

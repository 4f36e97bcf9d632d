//! Confirming a pending key, dropping it, and dropping keys that nobody confirmed.

use domain::{
    audit::{Action, AuditEvent},
    ids::KeyId,
    key::{KeyDetail, KeyState},
    refusal::Refusal,
};
use store::Tx;

use super::{changed, move_state, remove};
use crate::{Caller, Error, Result, Service};

/// How many overdue keys are looked up at once.
const AT_ONCE: u32 = 100;

impl Service {
    /// Confirms a pending key, which activates it. `NotPending` or `TooLate` if that is not possible.
    pub async fn acknowledge(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, caller, id).await?;
            if key.row.ack_deadline.is_none_or(|deadline| now >= deadline) {
                return Err(Refusal::TooLate.into());
            }
            move_state(tx, id, KeyState::Pending, KeyState::Active, None).await?;
            let event = self.key_event(caller, Action::KeyAcknowledged, &key);
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(id, work).await
    }

    /// Drops a pending key whose secret was not stored. `NotPending` if it is not pending.
    pub async fn discard(&self, caller: &Caller, id: &KeyId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, caller, id).await?;
            remove(tx, id, self.now()).await?;
            let event = self.key_event(caller, Action::KeyDropped, &key);
            self.record(tx, event).await?;
            Ok(())
        };
        self.change_key(id, work).await
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
            let key = self.pending(tx, &caller, id).await?;
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
        self.change_key(id, work).await
    }

    async fn pending(&self, tx: &mut Tx, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        let key = self.changeable(tx, caller, id).await?;
        if key.row.state == KeyState::Pending { Ok(key) } else { Err(Refusal::NotPending.into()) }
    }
}

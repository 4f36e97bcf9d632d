//! Confirming a pending key, which then works. How long it may wait, `issue` sets by `ACKNOWLEDGE_WITHIN`.

use domain::{
    audit::{Action, AuditEvent},
    ids::KeyId,
    key::{KeyDetail, KeyState},
    refusal::Refusal,
    role::Act,
};
use store::Tx;

use super::{changed, move_state};
use crate::{Caller, Result, Service};

impl Service {
    /// Confirms a pending key, which activates it. `NotPending` or `TooLate` if that is not possible, and
    /// `IssuedByAnother` if the caller did not issue it, unless they want to go on `anyway`.
    pub async fn acknowledge(&self, caller: &Caller, id: &KeyId, anyway: bool) -> Result<KeyDetail> {
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, caller, id).await?;
            if key.row.ack_deadline.is_none_or(|deadline| now >= deadline) {
                return Err(Refusal::TooLate.into());
            }
            let own = tx.is_issuer(id, caller.actor()).await?;
            if !own && !anyway {
                return Err(Refusal::IssuedByAnother.into());
            }
            move_state(tx, id, KeyState::Pending, KeyState::Active, None).await?;
            let note = (!own).then(|| format!("Issued by {}, who alone saw its secret", key.row.created_by));
            let event = AuditEvent { note, ..self.key_event(caller, Action::KeyAcknowledged, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::ChangeKeys, id, work).await
    }

    /// Who issued a key, if it was not the caller. It fails like [`Service::key`].
    pub async fn other_issuer(&self, caller: &Caller, id: &KeyId) -> Result<Option<String>> {
        let key = self.key(caller, id).await?;
        let own = self.store().is_issuer(id, caller.actor()).await?;
        Ok((!own).then_some(key.row.created_by))
    }
}

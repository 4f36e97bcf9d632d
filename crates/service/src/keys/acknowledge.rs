//! Confirming a pending key, which then works. How long it may wait, `issue` sets by `ACKNOWLEDGE_WITHIN`.

use domain::{
    audit::Action,
    ids::KeyId,
    key::{KeyDetail, KeyState},
    refusal::Refusal,
};
use store::Tx;

use super::{changed, move_state};
use crate::{Caller, Result, Service};

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
        self.change_key(caller, id, work).await
    }
}

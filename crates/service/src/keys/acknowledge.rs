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

/// What made somebody see a key's secret.
const ISSUED: &str = "issued";
const COLLECTED: &str = "collected";

/// The one who saw a key's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBy {
    /// Their name or e-mail.
    pub name: String,
    /// What they did: a verb.
    pub did: &'static str,
}

impl Service {
    /// Confirms a pending key, which activates it. `NotPending` or `TooLate` if that is not possible, and
    /// `IssuedByAnother` if the caller did not issue it, unless they want to go on `anyway`.
    pub async fn acknowledge(&self, caller: &Caller, id: &KeyId, anyway: bool) -> Result<KeyDetail> {
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.pending(tx, caller, id, Act::ChangeKeys).await?;
            if key.row.ack_deadline.is_none_or(|deadline| now >= deadline) {
                return Err(Refusal::TooLate.into());
            }
            let seen_by = match tx.collection(id).await? {
                Some(by) => Some(SeenBy { name: by.recipient, did: COLLECTED }),
                None if tx.is_issuer(id, caller.actor()).await? => None,
                None => Some(SeenBy { name: key.row.created_by.clone(), did: ISSUED }),
            };
            if seen_by.is_some() && !anyway {
                return Err(Refusal::IssuedByAnother.into());
            }
            move_state(tx, id, KeyState::Pending, KeyState::Active, None).await?;
            let note = seen_by.map(|by| {
                let did = if by.did == COLLECTED { "Collected" } else { "Issued" };
                format!("{did} by {}, who alone saw its secret", by.name)
            });
            let event = AuditEvent { note, ..self.key_event(caller, Action::KeyAcknowledged, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::ChangeKeys, id, work).await
    }

    /// Who saw the secret of a key, if it was not the caller. It fails like [`Service::key`].
    pub async fn seen_by_another(&self, caller: &Caller, id: &KeyId) -> Result<Option<SeenBy>> {
        let key = self.key(caller, id).await?;
        if let Some(by) = self.store().collection(id).await? {
            return Ok(Some(SeenBy { name: by.recipient, did: COLLECTED }));
        }
        let own = self.store().is_issuer(id, caller.actor()).await?;
        Ok((!own).then_some(SeenBy { name: key.row.created_by.clone(), did: ISSUED }))
    }
}

//! Editing the fields that the key's kind allows.

use domain::{
    audit::{Action, AuditEvent},
    draft::KeyDraft,
    ids::KeyId,
    key::{KeyDetail, KeyState},
    refusal::Refusal,
};
use store::Tx;

use super::{changed, note_verifier_key};
use crate::{Caller, Error, Result, Service};

impl Service {
    /// Changes what differs from the key as it was at `revision`. If nothing differs, nothing is done
    /// and nothing goes on record.
    pub async fn edit(&self, caller: &Caller, id: &KeyId, draft: &KeyDraft, revision: i64) -> Result<KeyDetail> {
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let mut key = self.changeable(tx, caller, id).await?;
            if matches!(key.row.state, KeyState::Pending | KeyState::Revoked) {
                return Err(Refusal::WrongState.into());
            }
            let changes = draft.check_edit(key.row.kind, now)?;
            if key.revision != revision {
                return Err(Refusal::Changed.into());
            }
            let told = changes.clone().apply(&mut key)?;
            if told.is_empty() {
                return Ok((key, None));
            }
            if !tx.update_key(id, revision, &changes, now).await? {
                return Err(Refusal::Changed.into());
            }
            note_verifier_key(tx, &key.app_id, &key.permissions).await?;
            let event = AuditEvent { changes: told, ..self.key_event(caller, Action::KeyEdited, &key) };
            self.record(tx, event).await?;
            let version = tx.bump_version().await?;
            Ok::<_, Error>((changed(tx, id).await?, Some(version)))
        };
        let (key, version) = self.write(work).await?;
        if let Some(version) = version {
            self.verifier().changed(id, version);
        }
        Ok(key)
    }
}

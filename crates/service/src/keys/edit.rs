//! Editing the fields that the key's kind allows.

use domain::{
    audit::{Action, AuditEvent},
    draft::KeyDraft,
    ids::KeyId,
    key::{KeyDetail, KeyState},
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    rules,
    timestamp::Timestamp,
};
use store::Tx;

use super::{changed, check_acts_for, check_life, check_owner, note_verifier_key, requests::rules_for};
use crate::{Caller, Error, Result, Service, settings::life_rules};

/// Whether an edit moves the expiry to a later time. An earlier one is always welcome, even if it is still too late.
pub(super) fn lives_longer(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    match (before, after) {
        (Some(before), after) => after.is_none_or(|after| after > before),
        (None, _) => false,
    }
}

impl Service {
    /// Applies an edit to the key as it was at `revision`; `Changed` if somebody changed it since. If nothing differs,
    /// does nothing and records nothing.
    pub async fn edit(&self, caller: &Caller, id: &KeyId, draft: &KeyDraft, revision: i64) -> Result<KeyDetail> {
        caller.may(Act::ChangeKeys)?;
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            if matches!(key.row.state, KeyState::Pending | KeyState::Revoked) {
                return Err(Refusal::WrongState.into());
            }
            let spec = draft.check_edit(&key, now)?;
            if key.revision != revision {
                return Err(Refusal::Changed.into());
            }
            caller.may_make(&spec)?;
            caller.may_give(&spec.rules.permissions)?;
            let changes = rules::changes(&key.spec().told(), &spec.told());
            if changes.is_empty() {
                return Ok((key, None));
            }
            let (before, after) = (&key.rules.permissions, &spec.rules.permissions);
            caller.proved_for(Guarded::EditKey { before, after }, now)?;
            if lives_longer(key.row.expires_at, spec.expires_at) {
                check_life(life_rules(tx).await?, &spec, key.row.created_at, draft.expiry_field())?;
            }
            rules_for(tx, caller).await?.check_change(&key.spec(), &spec, draft.expiry_field())?;
            if key.rules.owner != spec.rules.owner {
                check_owner(tx, caller, spec.rules.owner.as_ref()).await?;
            }
            if key.rules.acts_for != spec.rules.acts_for {
                check_acts_for(tx, &key.app_id, &spec).await?;
            }
            if !tx.update_key(id, revision, &spec, now).await? {
                return Err(Refusal::Changed.into());
            }
            note_verifier_key(tx, &key.app_id, &spec.rules.permissions).await?;
            let edited = changed(tx, id).await?;
            let event = AuditEvent { changes, ..self.key_event(caller, Action::KeyEdited, &edited) };
            self.record(tx, event).await?;
            let version = tx.bump_version().await?;
            Ok::<_, Error>((edited, Some(version)))
        };
        let (key, version) = self.write(work).await?;
        if let Some(version) = version {
            self.verifier().changed(id, version);
        }
        Ok(key)
    }
}

//! Disable, enable, revoke, restore, delete.

use domain::{
    audit::{Action, AuditEvent, Change},
    field::{Field, FieldErrors},
    ids::KeyId,
    key::{KeyDetail, KeyState, RESTORE_WITHIN, RevokeReason, Revoked},
    refusal::Refusal,
    role::Act,
    text,
};
use store::{AuditFilter, Tx};

use super::changed;
use crate::{Caller, Result, Service};

/// The key's state, as the record names it.
const STATE: &str = "state";

impl Service {
    /// Switches an active key off.
    pub async fn disable(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        self.switch(caller, id, KeyState::Active, KeyState::Disabled).await
    }

    /// Switches a disabled key on again.
    pub async fn enable(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        self.switch(caller, id, KeyState::Disabled, KeyState::Active).await
    }

    async fn switch(&self, caller: &Caller, id: &KeyId, from: KeyState, to: KeyState) -> Result<KeyDetail> {
        let action = match to {
            KeyState::Active => Action::KeyEnabled,
            _ => Action::KeyDisabled,
        };
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            if !tx.set_key_state(id, from, to, None).await? {
                return Err(Refusal::WrongState.into());
            }
            let event = self.key_event(caller, action, &key);
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(id, work).await
    }

    /// Withdraws a key that is active or disabled. An owner may restore it within 24 hours, unless it
    /// leaked.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &KeyId,
        reason: RevokeReason,
        note: Option<&str>,
    ) -> Result<KeyDetail> {
        caller.may(Act::ChangeKeys)?;
        let note = check_note(note)?;
        let now = self.now();
        let revoked =
            Revoked { at: now, reason, restorable_until: reason.restorable().then(|| now.plus(RESTORE_WITHIN)) };
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            let from = key.row.state;
            let live = matches!(from, KeyState::Active | KeyState::Disabled);
            if !live || !tx.set_key_state(id, from, KeyState::Revoked, Some(&revoked)).await? {
                return Err(Refusal::WrongState.into());
            }
            let why =
                Change { field: Field::Reason.as_str().to_owned(), from: None, to: Some(reason.as_str().to_owned()) };
            let state = Change {
                field: STATE.to_owned(),
                from: Some(from.as_str().to_owned()),
                to: Some(KeyState::Revoked.as_str().to_owned()),
            };
            let event =
                AuditEvent { changes: vec![why, state], note, ..self.key_event(caller, Action::KeyRevoked, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(id, work).await
    }

    /// Takes a revoke back, within 24 hours and never after a leak; the key is what it was before.
    pub async fn restore(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        caller.may(Act::RestoreKey)?;
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            let revoked = key.revoked.as_ref().ok_or(Refusal::WrongState)?;
            let until = revoked.restorable_until.ok_or(Refusal::WrongState)?;
            if now >= until {
                return Err(Refusal::TooLate.into());
            }
            let before = state_before_revoke(tx, id).await?;
            let revoked = KeyState::Revoked;
            if !tx.set_key_state(id, revoked, before, None).await? {
                return Err(Refusal::WrongState.into());
            }
            let event = self.key_event(caller, Action::KeyRestored, &key);
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(id, work).await
    }

    /// Removes a key for good; what is on record about it stays. `confirm_name` is the key's name as
    /// somebody who saw it typed it.
    pub async fn delete(&self, caller: &Caller, id: &KeyId, confirm_name: &str) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            if !text::is_same_name(confirm_name, &key.row.name) {
                return Err(Refusal::NameMismatch.into());
            }
            tx.delete_key(id, self.now()).await?;
            let event = self.key_event(caller, Action::KeyDeleted, &key);
            self.record(tx, event).await?;
            Ok(())
        };
        self.change_key(id, work).await
    }
}

/// What the revoke on record changed: a key that was disabled must not come back active.
async fn state_before_revoke(tx: &mut Tx, id: &KeyId) -> Result<KeyState> {
    let filter = AuditFilter { key: Some(id.clone()), ..AuditFilter::default() };
    let page = tx.audit_page(&filter).await?;
    let revoke = page.rows.iter().find(|row| row.action == Action::KeyRevoked);
    let change = revoke.and_then(|row| row.changes.iter().find(|change| change.field == STATE));
    let from = change.and_then(|change| change.from.as_deref());
    Ok(from.and_then(KeyState::parse).unwrap_or(KeyState::Disabled))
}

fn check_note(note: Option<&str>) -> Result<Option<String>, FieldErrors> {
    let checked = text::note(note.unwrap_or_default());
    checked.map_err(|message| FieldErrors::one(Field::Note, message))
}

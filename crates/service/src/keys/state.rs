//! Disable, enable, revoke, restore, delete.

use domain::{
    audit::{Action, AuditEvent, Change, STATE},
    field::{Field, FieldErrors},
    ids::KeyId,
    key::{KeyDetail, KeyState, RESTORE_WITHIN, RevokeReason, Revoked},
    refusal::Refusal,
    role::Act,
    text,
};
use store::Tx;

use super::{changed, integration::check_keys_left, move_state, remove};
use crate::{Caller, Result, Service};

impl Service {
    /// Disables an active key; `WrongState` if it is not active. With `revision`, `Changed` if it is at another one.
    pub async fn disable(&self, caller: &Caller, id: &KeyId, revision: Option<i64>) -> Result<KeyDetail> {
        self.switch(caller, id, revision, KeyState::Active, KeyState::Disabled).await
    }

    /// Enables a disabled key; `WrongState` if it is not disabled. With `revision`, `Changed` if it is at another one.
    pub async fn enable(&self, caller: &Caller, id: &KeyId, revision: Option<i64>) -> Result<KeyDetail> {
        self.switch(caller, id, revision, KeyState::Disabled, KeyState::Active).await
    }

    async fn switch(
        &self,
        caller: &Caller,
        id: &KeyId,
        revision: Option<i64>,
        from: KeyState,
        to: KeyState,
    ) -> Result<KeyDetail> {
        let (action, act) = match to {
            KeyState::Active => (Action::KeyEnabled, Act::ChangeKeys),
            _ => (Action::KeyDisabled, Act::StopKeys),
        };
        let work = async |tx: &mut Tx| {
            let key = self.key_for(tx, caller, id, act).await?;
            at(&key, revision)?;
            move_state(tx, id, from, to, None).await?;
            let event = self.key_event(caller, action, &key);
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, act, id, work).await
    }

    /// Revokes a key that is active or disabled. An owner may restore it within 24 hours, unless it leaked.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &KeyId,
        reason: RevokeReason,
        note: Option<&str>,
    ) -> Result<KeyDetail> {
        caller.may_with_some(Act::RevokeKeys)?;
        let note = check_note(note)?;
        let now = self.now();
        let restorable_until = reason.restorable().then(|| now.plus(RESTORE_WITHIN));
        let work = async |tx: &mut Tx| {
            let key = self.key_for(tx, caller, id, Act::RevokeKeys).await?;
            let from = key.row.state;
            if !matches!(from, KeyState::Active | KeyState::Disabled) {
                return Err(Refusal::WrongState.into());
            }
            let revoked = Revoked { at: now, reason, restorable_until, from };
            move_state(tx, id, from, KeyState::Revoked, Some(&revoked)).await?;
            let changes = revoke_changes(reason, from);
            let event = AuditEvent { changes, note, ..self.key_event(caller, Action::KeyRevoked, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::RevokeKeys, id, work).await
    }

    /// Restores a revoked key to its earlier state, within 24 hours and never after a leak or if its holder revoked it;
    /// otherwise `TooLate` or `StaysRevoked`. `WrongState` if it is not revoked, `TooManyKeys` if others have taken its place.
    pub async fn restore(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        caller.may(Act::RestoreKey)?;
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let key = self.changeable(tx, caller, id).await?;
            let revoked = key.revoked.as_ref().ok_or(Refusal::WrongState)?;
            let until = revoked.restorable_until.ok_or(Refusal::StaysRevoked(revoked.reason))?;
            if now >= until {
                return Err(Refusal::TooLate.into());
            }
            check_keys_left(tx, &key.app_id, &key.spec(), &[]).await?;
            move_state(tx, id, KeyState::Revoked, revoked.from, None).await?;
            let event = self.key_event(caller, Action::KeyRestored, &key);
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::ChangeKeys, id, work).await
    }

    /// Deletes a key for good, for a program. Its audit events stay. With `revision`, `Changed` if it is at another one.
    pub async fn delete_at(&self, caller: &Caller, id: &KeyId, revision: Option<i64>) -> Result<()> {
        self.erase(caller, id, |key| at(key, revision)).await
    }

    /// Deletes a key for good. Its audit events stay. `confirm_name` is the key's name as a person typed it;
    /// `NameMismatch` if it is not the same.
    pub async fn delete(&self, caller: &Caller, id: &KeyId, confirm_name: &str) -> Result<()> {
        let named = |key: &KeyDetail| {
            if text::is_same_name(confirm_name, &key.row.name) { Ok(()) } else { Err(Refusal::NameMismatch) }
        };
        self.erase(caller, id, named).await
    }

    async fn erase(
        &self,
        caller: &Caller,
        id: &KeyId,
        check: impl FnOnce(&KeyDetail) -> Result<(), Refusal>,
    ) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let key = self.key_for(tx, caller, id, Act::StopKeys).await?;
            check(&key)?;
            self.withdraw_with_key(tx, caller, id).await?;
            remove(tx, id, self.now()).await?;
            let event = self.key_event(caller, Action::KeyDeleted, &key);
            self.record(tx, event).await?;
            Ok(())
        };
        self.change_key(caller, Act::StopKeys, id, work).await
    }
}

/// `Changed` if the key is at another revision than a caller saw.
fn at(key: &KeyDetail, revision: Option<i64>) -> Result<(), Refusal> {
    if revision.is_none_or(|revision| revision == key.revision) { Ok(()) } else { Err(Refusal::Changed) }
}

/// What the event of a revoke says.
pub(super) fn revoke_changes(reason: RevokeReason, from: KeyState) -> Vec<Change> {
    let why = Change { field: Field::Reason.as_str().to_owned(), from: None, to: Some(reason.as_str().to_owned()) };
    let state = Change {
        field: STATE.to_owned(),
        from: Some(from.as_str().to_owned()),
        to: Some(KeyState::Revoked.as_str().to_owned()),
    };
    vec![why, state]
}

pub(super) fn check_note(note: Option<&str>) -> Result<Option<String>, FieldErrors> {
    let checked = text::note(note.unwrap_or_default());
    checked.map_err(|message| FieldErrors::one(Field::Note, message))
}

//! A rotation while both secrets work: look, extend, finish, undo. Its end needs no write: the verifier goes by the clock.

use std::collections::HashMap;

use domain::{
    audit::{Action, AuditEvent, SECRET},
    field::Field,
    ids::KeyId,
    key::{KeyDetail, KeyState, SecretNumber},
    role::Act,
    rotation::{KeyRotation, LiveSecret, NoRotation, Overlap, SecretUse},
    timestamp::Timestamp,
};
use store::Tx;

use super::{changed, overdue::Overdue, rotate::told};
use crate::{Caller, Result, Service};

impl Service {
    /// The secrets of a key: the one that waits to be confirmed, and those that work, each with its use. It fails like
    /// [`Service::key`].
    pub async fn rotation(&self, caller: &Caller, id: &KeyId) -> Result<KeyRotation> {
        let ends = self.key(caller, id).await?.row.expires_at;
        let (store, now) = (self.store(), self.now());
        let waiting = store.waiting_secret(id).await?.filter(|waiting| now < waiting.ack_deadline);
        let mut secrets = store.live_secrets(id).await?;
        secrets.retain(|secret| works(secret, now));
        let mut counted: HashMap<SecretNumber, SecretUse> = HashMap::new();
        if secrets.len() > 1 {
            counted.extend(store.secret_uses(id, now).await?);
        }
        let secrets = secrets.into_iter().map(|mut secret| {
            // The key may have got an earlier end since.
            secret.ends_at = secret.ends_at.map(|at| ends.map_or(at, |ends| at.min(ends)));
            let used = counted.remove(&secret.number).unwrap_or_default();
            (secret, used)
        });
        Ok(KeyRotation { waiting, secrets: secrets.collect() })
    }

    /// Lets the old secret work for this long from now on, at most 90 days in all and never longer than the key.
    /// `NoRotation` if only one secret works, if that is no later than now, or if the key is revoked.
    pub async fn extend_rotation(&self, caller: &Caller, id: &KeyId, by: Overlap) -> Result<KeyDetail> {
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
            if key.row.state == KeyState::Revoked {
                return Err(NoRotation::Revoked.into());
            }
            let (new, old, ends) = both(tx, id, now).await?;
            caller.means(new.number)?;
            let later = by.extends(now, new.since, ends, key.row.expires_at).ok_or(NoRotation::NoLater)?;
            tx.set_secret_end(id, old.number, Some(later)).await?;
            tx.count_change(id).await?;
            let until = |at: Timestamp| Some(format!("until {}", at.to_rfc3339()));
            let changes = vec![
                told(SECRET, Some(old.number.0.to_string()), Some(new.number.0.to_string())),
                told(Field::Overlap.as_str(), until(ends), until(later)),
            ];
            let event = AuditEvent { changes, ..self.key_event(caller, Action::RotationExtended, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::RotateKeys, id, work).await
    }

    /// Ends a rotation now: the old secret no longer works. `NoRotation` if only one does.
    pub async fn finish_rotation(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        let work = async |tx: &mut Tx| {
            let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
            let (new, old, _) = both(tx, id, self.now()).await?;
            caller.means(new.number)?;
            self.end_old(tx, caller, &key, &new, &old, None).await?;
            tx.count_change(id).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::RotateKeys, id, work).await
    }

    /// Goes back to the old secret: the new one no longer works. `NoRotation` if only one does.
    pub async fn undo_rotation(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        let work = async |tx: &mut Tx| {
            let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
            let (new, old, _) = both(tx, id, self.now()).await?;
            caller.means(new.number)?;
            tx.delete_secret(id, new.number).await?;
            tx.set_secret_end(id, old.number, None).await?;
            tx.count_change(id).await?;
            let changes = vec![told(SECRET, Some(new.number.0.to_string()), Some(old.number.0.to_string()))];
            let event = AuditEvent { changes, ..self.key_event(caller, Action::RotationUndone, &key) };
            self.record(tx, event).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::RotateKeys, id, work).await
    }

    /// Removes the old secrets whose time is over, and records each. Runs in the background. Returns how many it removed.
    pub async fn finish_overdue_rotations(&self) -> Result<usize> {
        let (system, mut overdue) = (Caller::system(None), Overdue::new());
        while let Some(limit) = overdue.next() {
            for id in self.store().rotations_over(self.now(), limit).await? {
                if !overdue.is_new(&id) {
                    continue;
                }
                let work = async |tx: &mut Tx| {
                    let key = self.key_for(tx, &system, &id, Act::RotateKeys).await?;
                    if !self.finish_if_over(tx, &system, &key, self.now()).await? {
                        return Err(NoRotation::NotRunning.into());
                    }
                    Ok(())
                };
                overdue.note(id, self.change_key(&system, Act::RotateKeys, &id, work).await)?;
            }
        }
        overdue.result()
    }

    /// Removes the old secret of a key if its time is over, and returns whether it was.
    pub(super) async fn finish_if_over(
        &self,
        tx: &mut Tx,
        system: &Caller,
        key: &KeyDetail,
        now: Timestamp,
    ) -> Result<bool> {
        let secrets = tx.live_secrets(&key.row.id).await?;
        let [new, old] = secrets.as_slice() else { return Ok(false) };
        if works(old, now) {
            return Ok(false);
        }
        self.end_old(tx, system, key, new, old, Some("Its time was over.")).await?;
        Ok(true)
    }

    async fn end_old(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &KeyDetail,
        new: &LiveSecret,
        old: &LiveSecret,
        note: Option<&str>,
    ) -> Result<()> {
        tx.delete_secret(&key.row.id, old.number).await?;
        let changes = vec![told(SECRET, Some(old.number.0.to_string()), Some(new.number.0.to_string()))];
        let note = note.map(str::to_owned);
        let event = AuditEvent { changes, note, ..self.key_event(caller, Action::RotationFinished, key) };
        self.record(tx, event).await?;
        Ok(())
    }
}

/// Whether a stored secret works at `now`.
pub(super) fn works(secret: &LiveSecret, now: Timestamp) -> bool {
    secret.ends_at.is_none_or(|ends| now < ends)
}

/// The new secret and the old one, with its end; `NoRotation` if only one works.
async fn both(tx: &mut Tx, id: &KeyId, now: Timestamp) -> Result<(LiveSecret, LiveSecret, Timestamp)> {
    let secrets: [LiveSecret; 2] = tx.live_secrets(id).await?.try_into().map_err(|_| NoRotation::NotRunning)?;
    let [new, old] = secrets;
    let ends = old.ends_at.filter(|ends| now < *ends).ok_or(NoRotation::NotRunning)?;
    Ok((new, old, ends))
}

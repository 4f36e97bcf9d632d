//! Rotating a key: a new secret, which works once somebody confirms that they have stored it. Until then the old one is
//! the only one.

use domain::{
    audit::{Action, Actor, AuditEvent, Change, SECRET},
    field::Field,
    ids::KeyId,
    key::{ACKNOWLEDGE_WITHIN, KeyDetail, SecretNumber},
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    rotation::{NoRotation, Overlap, WaitingSecret},
    timestamp::Timestamp,
};
use store::Tx;

use super::{
    acknowledge::SeenBy,
    changed,
    issue::{Issued, Minted, ShownSecret, check_form_id},
    overdue::Overdue,
    rotation::works,
};
use crate::{Caller, Error, Result, Service};

/// What made somebody see a new secret.
const ASKED: &str = "asked for";

/// What the record says of a new secret that is dropped by itself.
const OVERDUE: &str = "Nobody confirmed it in time.";

/// A key with a new secret.
#[derive(Debug)]
pub struct Rotated {
    /// The key with the new secret, and until when that can be confirmed; `None` if it is confirmed already.
    pub issued: Issued,
    /// Which of the key's secrets it is.
    pub number: SecretNumber,
    /// For how long the old one works from the confirmation on.
    pub overlap: Overlap,
    /// When the old one stops working; `None` if the new one is not confirmed yet, or if it has stopped already.
    pub overlap_ends_at: Option<Timestamp>,
}

/// How a new secret starts.
#[derive(Clone, Copy)]
enum Begins<'a> {
    /// Waits to be confirmed, made by the form with this one-use id.
    Waiting { form_id: &'a str },
    /// Works at once, because its caller gets it in the answer.
    Acknowledged,
}

impl Service {
    /// Makes a new secret for a key. Nothing changes until it is confirmed; then the old one works for the overlap, and
    /// never longer than the key. `NoRotation` if the key's status does not allow it, if a new secret waits already, if
    /// two secrets still work, or if the form has done this before.
    pub async fn rotate(&self, caller: &Caller, id: &KeyId, overlap: Overlap, form_id: &str) -> Result<Rotated> {
        self.make_secret(caller, id, overlap, Begins::Waiting { form_id }).await
    }

    /// Rotates a key for a program, which stores the answer when it gets it. Makes and confirms the new secret in one act,
    /// and records both.
    pub async fn rotate_acknowledged(&self, caller: &Caller, id: &KeyId, overlap: Overlap) -> Result<Rotated> {
        self.make_secret(caller, id, overlap, Begins::Acknowledged).await
    }

    async fn make_secret(&self, caller: &Caller, id: &KeyId, overlap: Overlap, begins: Begins<'_>) -> Result<Rotated> {
        caller.may_with_some(Act::RotateKeys)?;
        let form_id = match begins {
            Begins::Waiting { form_id } => Some(check_form_id(form_id)?),
            Begins::Acknowledged => None,
        };
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let key = self.key_to_rotate(tx, caller, id).await?;
            if let Some(form_id) = form_id
                && !tx.use_form(form_id, now).await?
            {
                return Err(NoRotation::Repeated.into());
            }
            let (waiting, shown) = self.begin_rotation(tx, caller, &key, overlap, None).await?;
            let mut rotated = Rotated {
                number: waiting.number,
                overlap,
                overlap_ends_at: None,
                issued: Issued { key, shown, ack_deadline: Some(waiting.ack_deadline) },
            };
            if form_id.is_some() {
                return Ok((rotated, None));
            }
            let key = &rotated.issued.key;
            rotated.overlap_ends_at = self.confirm(tx, caller, key, &waiting, None, now).await?;
            rotated.issued = Issued { key: changed(tx, id).await?, ack_deadline: None, ..rotated.issued };
            Ok::<_, Error>((rotated, Some(tx.bump_version().await?)))
        };
        let (rotated, version) = self.write(work).await?;
        if let Some(version) = version {
            self.verifier().changed(id, version);
        }
        Ok(rotated)
    }

    /// The key as the transaction sees it, if the caller may rotate it and has proved who they are.
    pub(super) async fn key_to_rotate(&self, tx: &mut Tx, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
        // Whoever rotates it, or has it rotated, decides who holds its secret.
        let (kind, permissions) = (key.row.kind, &*key.rules.permissions);
        caller.proved_for(Guarded::IssueKey { kind, permissions }, self.now())?;
        Ok(key)
    }

    /// Makes a secret that waits to be confirmed. `NoRotation` if the key's status does not allow it, if one waits already,
    /// or if two still work. With a `recipient`, only they see it, and not the caller.
    pub(super) async fn begin_rotation(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &KeyDetail,
        overlap: Overlap,
        recipient: Option<(&str, String)>,
    ) -> Result<(WaitingSecret, ShownSecret)> {
        let (id, now) = (&key.row.id, self.now());
        can_rotate(tx, key, now).await?;
        if tx.waiting_secret(id).await?.is_some() {
            self.forget_waiting(tx, &Caller::system(None), id, Some(OVERDUE)).await?;
        }
        self.finish_if_over(tx, &Caller::system(None), key, now).await?;
        let number = tx.next_secret(id).await?;
        // As it was first, so that people and programs know it again.
        let Minted { secret, shown, .. } = self.mint_with(key.row.token_prefix.clone(), id, key.row.kind, number)?;
        let (asked_by, label, note) = match recipient {
            Some((name, note)) => (&Actor::System, name.to_owned(), Some(note)),
            None => (caller.actor(), caller.actor().label(), None),
        };
        let waiting = WaitingSecret {
            number,
            last4: secret.last4.clone(),
            overlap,
            asked_by: label,
            asked_at: now,
            ack_deadline: now.plus(ACKNOWLEDGE_WITHIN),
        };
        tx.put_waiting_secret(id, &secret, &waiting, asked_by).await?;
        let changes = vec![
            told(SECRET, None, Some(waiting.number.0.to_string())),
            told(Field::Overlap.as_str(), None, Some(overlap.words())),
        ];
        let event = AuditEvent { changes, note, ..self.key_event(caller, Action::KeyRotated, key) };
        self.record(tx, event).await?;
        Ok((waiting, shown))
    }

    /// Confirms the new secret of a key, which works from now on. `NoRotation` or `TooLate` if that is not possible, and
    /// `IssuedByAnother` if the caller did not ask for it, unless they want to go on `anyway`.
    pub async fn acknowledge_rotation(&self, caller: &Caller, id: &KeyId, anyway: bool) -> Result<KeyDetail> {
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
            let waiting = tx.waiting_secret(id).await?.ok_or(NoRotation::NotWaiting)?;
            caller.means(waiting.number)?;
            if now >= waiting.ack_deadline {
                return Err(Refusal::TooLate.into());
            }
            rotatable(&key, now)?;
            let own = tx.is_rotated_by(id, caller.actor()).await?;
            if !own && !anyway {
                return Err(Refusal::IssuedByAnother.into());
            }
            let note = (!own).then(|| format!("Asked for by {}, who alone saw it", waiting.asked_by));
            self.confirm(tx, caller, &key, &waiting, note, now).await?;
            changed(tx, id).await
        };
        self.change_key(caller, Act::RotateKeys, id, work).await
    }

    /// Who saw the new secret of a key that waits to be confirmed, if it was not the caller. It fails like
    /// [`Service::key`].
    pub async fn rotation_seen_by_another(&self, caller: &Caller, id: &KeyId) -> Result<Option<SeenBy>> {
        self.key(caller, id).await?;
        let Some(waiting) = self.store().waiting_secret(id).await? else { return Ok(None) };
        let own = self.store().is_rotated_by(id, caller.actor()).await?;
        Ok((!own).then_some(SeenBy { name: waiting.asked_by, did: ASKED }))
    }

    /// Makes the waiting secret the one that works, and gives the old one its end, which it returns.
    pub(super) async fn confirm(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &KeyDetail,
        waiting: &WaitingSecret,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let id = &key.row.id;
        let old = tx.live_secrets(id).await?.first().map(|old| old.number.0.to_string());
        let ends = waiting.overlap.ends(now, key.row.expires_at);
        if !tx.confirm_secret(id, now, ends).await? {
            return Err(NoRotation::NotWaiting.into());
        }
        let until = ends.map_or_else(|| Overlap::NONE.words(), |ends| format!("until {}", ends.to_rfc3339()));
        let changes = vec![
            told(SECRET, old, Some(waiting.number.0.to_string())),
            told(Field::Overlap.as_str(), None, Some(until)),
        ];
        let event = AuditEvent { changes, note, ..self.key_event(caller, Action::RotationAcknowledged, key) };
        self.record(tx, event).await?;
        Ok(ends)
    }

    /// Drops a new secret that nobody has confirmed. The old one goes on as before. `NoRotation` if none waits.
    pub async fn drop_rotation(&self, caller: &Caller, id: &KeyId) -> Result<()> {
        caller.may_with_some(Act::RotateKeys)?;
        let work = async |tx: &mut Tx| self.forget_waiting(tx, caller, id, None).await;
        self.write(work).await
    }

    /// Drops the new secrets that nobody confirmed in time, and records each. Runs in the background. Returns how many it
    /// dropped.
    pub async fn drop_overdue_rotations(&self) -> Result<usize> {
        let (system, mut overdue) = (Caller::system(None), Overdue::new());
        while let Some(limit) = overdue.next() {
            for id in self.store().rotations_unconfirmed(self.now(), limit).await? {
                if overdue.is_new(&id) {
                    let work = async |tx: &mut Tx| self.forget_waiting(tx, &system, &id, Some(OVERDUE)).await;
                    overdue.note(id, self.write(work).await)?;
                }
            }
        }
        overdue.result()
    }

    /// No verifier knows of a waiting secret, so none is told.
    async fn forget_waiting(&self, tx: &mut Tx, caller: &Caller, id: &KeyId, overdue: Option<&str>) -> Result<()> {
        let key = self.key_for(tx, caller, id, Act::RotateKeys).await?;
        let waiting = tx.waiting_secret(id).await?.ok_or(NoRotation::NotWaiting)?;
        caller.means(waiting.number)?;
        if overdue.is_some() && self.now() < waiting.ack_deadline {
            return Err(NoRotation::Waiting.into());
        }
        tx.delete_waiting_secret(id).await?;
        let changes = vec![told(SECRET, Some(waiting.number.0.to_string()), None)];
        let note = overdue.map(str::to_owned);
        let event = AuditEvent { changes, note, ..self.key_event(caller, Action::RotationDropped, &key) };
        self.record(tx, event).await?;
        Ok(())
    }
}

/// `NoRotation` unless a new secret can be made for this key now.
pub(super) async fn can_rotate(tx: &mut Tx, key: &KeyDetail, now: Timestamp) -> Result<()> {
    rotatable(key, now)?;
    let id = &key.row.id;
    if tx.waiting_secret(id).await?.is_some_and(|waiting| now < waiting.ack_deadline) {
        return Err(NoRotation::Waiting.into());
    }
    let works = tx.live_secrets(id).await?.into_iter().filter(|secret| works(secret, now));
    if works.count() > 1 { Err(NoRotation::Running.into()) } else { Ok(()) }
}

/// `NoRotation` unless a key of this status can have a new secret.
pub(super) fn rotatable(key: &KeyDetail, now: Timestamp) -> Result<(), Refusal> {
    NoRotation::of_status(key.row.state, key.row.status(now)).map_or(Ok(()), |why| Err(Refusal::NoRotation(why)))
}

/// A change of a secret, which is named by its number.
pub(super) fn told(field: &str, from: Option<String>, to: Option<String>) -> Change {
    Change { field: field.to_owned(), from, to }
}

//! One act on many keys: one transaction, and one event for each key.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{
    audit::{Action, AuditEvent, Change},
    bulk::{BULK_MAX, BulkAct, BulkChange, BulkDone, BulkPreview, NAMES_SHOWN, Selection, Skip, skips},
    field::{Field, FieldErrors},
    ids::{AppId, KeyId},
    key::{KeyDetail, KeyState, RESTORE_WITHIN, RevokeReason, Revoked},
    refusal::Refusal,
    role::Act,
    rules,
    sight::Scope,
    spec::KeySpec,
    text::quote,
    timestamp::{Millis, Timestamp},
};
use store::{KeyIds, Retagged, TakenKey, Tx};

use super::{
    check_life, check_owner,
    edit::lives_longer,
    issue::check_form_id,
    requests::rules_for,
    state::{check_note, revoke_changes},
};
use crate::{Caller, Error, Result, Service, settings::life_rules};

/// Keys that are read and changed at a time.
pub(super) const PIECE: usize = 1_000;

/// How long an act can be undone.
const UNDO_WITHIN: Millis = Millis::hours(1);

/// How many names an act that is done is told with.
const NAMES_TOLD: usize = 3;

impl Service {
    /// How many keys an act would take and skip, as far as that is known before its values are. `TooMany` if the
    /// selection is larger than an act may be, `NothingChosen` if it is empty.
    pub async fn preview_bulk(
        &self,
        caller: &Caller,
        apps: impl Into<Scope<AppId>>,
        selection: &Selection,
        act: BulkAct,
    ) -> Result<BulkPreview> {
        caller.may(Act::ChangeKeys)?;
        let store = self.store();
        let chosen = match selection {
            Selection::Keys(ids) => chosen(ids)?,
            Selection::Matching(query) => {
                let sight = caller.sight().in_apps(&apps.into());
                found(store.list_key_ids(&sight, query, None, BULK_MAX, self.now()).await?)?
            }
            Selection::TakenBy(form_id) => {
                taken(store.taken_keys(form_id, caller.person_id()?, too_late_to_undo(self.now())).await?)?
            }
        };
        let BulkPreview { mut count, mut names } = BulkPreview::default();
        for piece in chosen.ids.chunks(PIECE) {
            let keys = store.key_details(piece).await?;
            for _ in missing(piece, &keys) {
                count.add(Some(Skip::NotFound));
            }
            for key in keys {
                let skip = chosen.skips(caller, act, &key).or_else(|| skips(act, &key));
                count.add(skip);
                if skip.is_none() && names.len() < NAMES_SHOWN {
                    names.push(key.row.name);
                }
            }
        }
        Ok(BulkPreview { count, names })
    }

    /// Does it, and returns what it did; `None` if this form has done it already. Fails as `preview_bulk` does.
    pub async fn bulk(
        &self,
        caller: &Caller,
        apps: impl Into<Scope<AppId>>,
        selection: &Selection,
        change: &BulkChange,
        form_id: &str,
    ) -> Result<Option<BulkDone>> {
        caller.may(Act::ChangeKeys)?;
        let form_id = check_form_id(form_id)?;
        let change = match change {
            BulkChange::Revoke { reason, note } => {
                BulkChange::Revoke { reason: *reason, note: check_note(note.as_deref())? }
            }
            other => other.clone(),
        };
        let sight = caller.sight().in_apps(&apps.into());
        let now = self.now();
        let underway = self.progress().begin(form_id);
        let work = async |tx: &mut Tx| {
            if !tx.use_form(form_id, now).await? {
                return Ok(None);
            }
            let chosen = match selection {
                Selection::Keys(ids) => chosen(ids)?,
                Selection::Matching(query) => found(tx.list_key_ids(&sight, query, None, BULK_MAX, now).await?)?,
                Selection::TakenBy(form_id) => {
                    taken(tx.taken_keys(form_id, caller.person_id()?, too_late_to_undo(now)).await?)?
                }
            };
            let (changed, left) = self.change_all(tx, caller, &chosen, &change, |n, of| underway.done(n, of)).await?;
            if let (Ok(person), false) = (caller.person_id(), changed.is_empty()) {
                tx.put_taken_keys(form_id, person, &changed, now).await?;
            }
            let version = tx.bump_version().await?;
            let keys = changed.into_iter().map(|(id, _)| id).collect();
            Ok::<_, Error>(Some((BulkDone::new(keys, left), version)))
        };
        let Some((done, version)) = self.write(work).await? else { return Ok(None) };
        for key in &done.keys {
            self.verifier().changed(key, version);
        }
        Ok(Some(done))
    }

    /// Changes and records the keys that are not skipped. Returns each of them with its new revision, and the others.
    async fn change_all(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        chosen: &Chosen,
        change: &BulkChange,
        underway: impl Fn(usize, usize),
    ) -> Result<(Vec<TakenKey>, Vec<(KeyId, Skip)>)> {
        if let BulkChange::Transfer(owner) = change {
            check_owner(tx, caller, Some(owner)).await?;
        }
        let (mut changed, mut left) = (Vec::new(), Vec::new());
        for (n, piece) in chosen.ids.chunks(PIECE).enumerate() {
            underway(n * PIECE, chosen.ids.len());
            let mut keys = tx.key_details(piece).await?;
            left.extend(missing(piece, &keys).map(|id| (id, Skip::NotFound)));
            keys.retain(|key| {
                let skip = chosen.skips(caller, change.act(), key).or_else(|| change.skips(key));
                let skip = skip.or_else(|| outlives(caller, change, key));
                left.extend(skip.map(|skip| (key.row.id, skip)));
                skip.is_none()
            });
            if keys.is_empty() {
                continue;
            }
            if let BulkChange::SetExpiry(at) = change {
                check_lives(tx, caller, &keys, *at).await?;
            }
            self.apply_and_record(tx, caller, change, &keys).await?;
            // Every statement of `apply` counts the revision up by one.
            changed.extend(keys.iter().map(|key| (key.row.id, key.revision + 1)));
        }
        Ok((changed, left))
    }

    /// Does it to keys that are not skipped, and records it.
    pub(super) async fn apply_and_record(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        change: &BulkChange,
        keys: &[KeyDetail],
    ) -> Result<()> {
        apply(tx, change, keys, self.now()).await?;
        let events: Vec<_> = keys.iter().map(|key| self.bulk_event(caller, change, key)).collect();
        Ok(self.record_all(tx, &events).await?)
    }

    /// How far the act with this form is: how many keys are done, and of how many. `None` unless it is under way.
    pub fn bulk_progress(&self, caller: &Caller, form_id: &str) -> Result<Option<(u32, u32)>> {
        caller.may(Act::ChangeKeys)?;
        Ok(self.progress().of(form_id))
    }

    /// The names of a few keys that the caller's act with this form took, and that are in sight.
    pub async fn taken_names(&self, caller: &Caller, form_id: &str) -> Result<Vec<String>> {
        caller.may(Act::SeeKeys)?;
        let keys = self.store().taken_keys(form_id, caller.person_id()?, too_late_to_undo(self.now())).await?;
        let ids: Vec<_> = keys.into_iter().take(NAMES_TOLD).map(|(id, _)| id).collect();
        let keys = self.store().key_details(&ids).await?;
        Ok(keys.into_iter().filter(|key| caller.may_see(key).is_ok()).map(|key| key.row.name).collect())
    }

    /// The event that the same act on this key alone would write.
    fn bulk_event(&self, caller: &Caller, change: &BulkChange, key: &KeyDetail) -> AuditEvent {
        let (action, changes, note) = match change {
            BulkChange::Disable => (Action::KeyDisabled, Vec::new(), None),
            BulkChange::Enable => (Action::KeyEnabled, Vec::new(), None),
            BulkChange::Revoke { reason, note } => {
                (Action::KeyRevoked, revoke_changes(*reason, key.row.state), note.clone())
            }
            BulkChange::SetExpiry(_) | BulkChange::AddTag(_) | BulkChange::RemoveTag(_) | BulkChange::Transfer(_) => {
                (Action::KeyEdited, edits(change, key), None)
            }
        };
        AuditEvent { changes, note, ..self.key_event(caller, action, key) }
    }
}

fn edits(change: &BulkChange, key: &KeyDetail) -> Vec<Change> {
    let before = key.spec();
    let mut after = before.clone();
    if let BulkChange::SetExpiry(at) = change {
        after.expires_at = *at;
    }
    if let BulkChange::Transfer(owner) = change {
        after.rules.owner = Some(owner.clone());
    }
    after.rules.tags = change.tags(key);
    rules::changes(&before.told(), &after.told())
}

/// Checks that no key would live longer than keys may here, or than somebody else approved, as in an edit of it alone.
async fn check_lives(tx: &mut Tx, caller: &Caller, keys: &[KeyDetail], expires_at: Option<Timestamp>) -> Result<()> {
    let rules = life_rules(tx).await?;
    let approval = rules_for(tx, caller).await?;
    for key in keys {
        let before = key.spec();
        let after = KeySpec { expires_at, ..before.clone() };
        approval.check_change(&before, &after, Field::Expiry).map_err(|errors| {
            let message = errors.of(Field::Expiry).next().map_or("", |error| &*error.message);
            FieldErrors::one(Field::Expiry, format!("{message} This is about {}.", quote(&key.row.name)))
        })?;
    }
    for key in keys.iter().filter(|key| lives_longer(key.row.expires_at, expires_at)) {
        let spec = KeySpec { expires_at, ..key.spec() };
        check_life(rules, &spec, key.row.created_at, Field::Expiry).map_err(|errors| {
            let message = errors.of(Field::Expiry).next().map_or("", |error| &*error.message);
            FieldErrors::one(Field::Expiry, format!("{message} {} would live longer.", quote(&key.row.name)))
        })?;
    }
    Ok(())
}

async fn apply(tx: &mut Tx, change: &BulkChange, keys: &[KeyDetail], now: Timestamp) -> Result<()> {
    let ids: Vec<&KeyId> = keys.iter().map(|key| &key.row.id).collect();
    match change {
        BulkChange::Disable => {
            tx.set_key_states(&ids, KeyState::Active, KeyState::Disabled, None).await?;
        }
        BulkChange::Enable => {
            tx.set_key_states(&ids, KeyState::Disabled, KeyState::Active, None).await?;
        }
        BulkChange::Revoke { reason, .. } => revoke(tx, *reason, keys, now).await?,
        BulkChange::SetExpiry(at) => {
            tx.set_key_expiries(&ids, *at).await?;
        }
        BulkChange::AddTag(tag) | BulkChange::RemoveTag(tag) => {
            let retagged: Vec<Retagged<'_>> =
                keys.iter().map(|key| (&key.row.id, &key.app_id, change.tags(key))).collect();
            tx.set_key_tags(&retagged, tag, matches!(change, BulkChange::AddTag(_))).await?;
        }
        BulkChange::Transfer(owner) => {
            let keys: Vec<_> = keys.iter().map(|key| (&key.row.id, &key.app_id)).collect();
            tx.set_key_owners(&keys, owner).await?;
        }
    }
    Ok(())
}

async fn revoke(tx: &mut Tx, reason: RevokeReason, keys: &[KeyDetail], now: Timestamp) -> Result<()> {
    let restorable_until = reason.restorable().then(|| now.plus(RESTORE_WITHIN));
    for from in [KeyState::Active, KeyState::Disabled] {
        let ids: Vec<&KeyId> = keys.iter().filter(|key| key.row.state == from).map(|key| &key.row.id).collect();
        if !ids.is_empty() {
            let revoked = Revoked { at: now, reason, restorable_until, from };
            tx.set_key_states(&ids, from, KeyState::Revoked, Some(&revoked)).await?;
        }
    }
    Ok(())
}

/// Acts that were done at this time or earlier can no longer be undone.
pub(crate) fn too_late_to_undo(now: Timestamp) -> Timestamp {
    now.plus(Millis(-UNDO_WITHIN.0))
}

/// The keys that an act is for.
struct Chosen {
    ids: Vec<KeyId>,
    /// The revisions that an Undo wants them to have.
    revisions: HashMap<KeyId, i64>,
}

impl Chosen {
    fn new(ids: Vec<KeyId>) -> Self {
        Self { ids, revisions: HashMap::new() }
    }

    /// Why this key is skipped, whatever the values of the act are. One that is out of sight is not there.
    fn skips(&self, caller: &Caller, act: BulkAct, key: &KeyDetail) -> Option<Skip> {
        if caller.may_see(key).is_err() {
            return Some(Skip::NotFound);
        }
        if caller.may_with(act.needs(), key).is_err() || caller.stays_below(key).is_err() {
            return Some(Skip::NotAllowed);
        }
        let changed = self.revisions.get(&key.row.id).is_some_and(|revision| *revision != key.revision);
        changed.then_some(Skip::ChangedSince)
    }
}

fn taken(keys: Vec<TakenKey>) -> Result<Chosen> {
    if keys.is_empty() {
        return Err(Refusal::NotUndoable.into());
    }
    Ok(Chosen { ids: keys.iter().map(|(id, _)| *id).collect(), revisions: keys.into_iter().collect() })
}

/// Each of these keys once.
fn chosen(ids: &[KeyId]) -> Result<Chosen> {
    let ids: BTreeSet<KeyId> = ids.iter().copied().collect();
    let ids = few(ids.into_iter().collect())?;
    if ids.is_empty() { Err(Refusal::NothingChosen.into()) } else { Ok(Chosen::new(ids)) }
}

fn found((ids, more): KeyIds) -> Result<Chosen> {
    if more.is_some() {
        return Err(Refusal::TooMany { most: BULK_MAX }.into());
    }
    if ids.is_empty() { Err(Refusal::NothingChosen.into()) } else { Ok(Chosen::new(ids)) }
}

/// `TooMany` if an act may not take so many.
pub(super) fn few(ids: Vec<KeyId>) -> Result<Vec<KeyId>> {
    let many = ids.len() > usize::try_from(BULK_MAX).unwrap_or(usize::MAX);
    if many { Err(Refusal::TooMany { most: BULK_MAX }.into()) } else { Ok(ids) }
}

/// The keys that were asked for and are not there.
fn missing(asked: &[KeyId], found: &[KeyDetail]) -> impl Iterator<Item = KeyId> {
    let found: HashSet<KeyId> = found.iter().map(|key| key.row.id).collect();
    asked.iter().copied().filter(move |id| !found.contains(id))
}

/// `NotAllowed` if a key would let another one live on for longer than it may.
fn outlives(caller: &Caller, change: &BulkChange, key: &KeyDetail) -> Option<Skip> {
    let BulkChange::SetExpiry(expires_at) = change else { return None };
    let after = KeySpec { expires_at: *expires_at, ..key.spec() };
    caller.may_make(&after).is_err().then_some(Skip::NotAllowed)
}

//! The people who may sign in: who they are, what they may do, and how they are taken out.

use domain::{
    audit::{Action, AuditEvent, Change, Subject},
    field::{Field, FieldErrors},
    grant::{self, KeyAct, KeyGrant},
    ids::{AppId, KeyId, PersonId},
    invite,
    key::KeyRow,
    labels::Owner,
    page::Page,
    person::{PersonListed, PersonQuery},
    proof::Guarded,
    refusal::Refusal,
    role::{Act, Role},
    sight::Scope,
    timestamp::Timestamp,
};
use store::{PersonRow, StoreError, Tx, Unique};

use crate::{Caller, Error, Result, Service, identities::WaysIn, service::event, sessions::is_over};

/// A person, and the keys that a guest sees.
#[derive(Debug)]
pub struct PersonDetail {
    /// The person.
    pub person: PersonListed,
    /// The keys of a guest that the caller may see, by name, and what the guest may do with each.
    pub keys: Vec<(KeyRow, Vec<KeyAct>)>,
    /// How the person signs in.
    pub ways_in: WaysIn,
}

impl Service {
    /// A page of the list of people, without those whose apps are all out of the caller's sight.
    pub async fn people(&self, caller: &Caller, query: &PersonQuery) -> Result<Page<PersonListed>> {
        caller.may(Act::SeePeople)?;
        Ok(self.store().list_people(query, caller.people_of(), self.lock()).await?)
    }

    /// One person; `PersonNotFound` if there is none, or none that the caller sees.
    pub async fn person(&self, caller: &Caller, id: &PersonId) -> Result<PersonDetail> {
        caller.may(Act::SeePeople)?;
        let person = self.store().listed_person(id, self.lock()).await?.ok_or(Refusal::PersonNotFound)?;
        let grants = self.store().key_grants(id).await?;
        let ids: Vec<_> = grants.iter().map(|grant| grant.key).collect();
        let apps = self.store().apps_of_keys(&ids).await?;
        if !shares(caller, person.role, &person.apps, &apps) {
            return Err(Refusal::PersonNotFound.into());
        }
        // Seeing people is one right, and seeing their keys another.
        let rows = if caller.may(Act::SeeKeys).is_ok() { self.some_keys(caller, &ids).await? } else { Vec::new() };
        let acts = |row: &KeyRow| grants.iter().find(|grant| grant.key == row.id).map(|grant| grant.acts.clone());
        let keys = rows.into_iter().filter_map(|row| acts(&row).map(|acts| (row, acts))).collect();
        Ok(PersonDetail { person, keys, ways_in: self.ways_in(id).await? })
    }

    /// Whether the caller sees somebody with this e-mail.
    pub(crate) async fn sees_person(&self, caller: &Caller, email: &str) -> Result<bool> {
        let Some(person) = self.store().person_by_email(email).await? else { return Ok(false) };
        let keys: Vec<_> = self.store().key_grants(&person.id).await?.iter().map(|grant| grant.key).collect();
        let apps = self.store().apps_of_keys(&keys).await?;
        Ok(caller.may(Act::SeePeople).is_ok() && shares(caller, person.role, &person.apps, &apps))
    }

    /// Gives a person another role, from their next request on. Whoever is no guest any longer loses the keys that were
    /// granted, and an owner is limited to no apps. `LastOwner` if nobody else who may sign in is an owner. Returns whether
    /// they had another role; otherwise nothing is changed or recorded.
    pub async fn change_role(&self, caller: &Caller, id: &PersonId, role: &str) -> Result<bool> {
        caller.may(Act::ManageOwners)?;
        let role = Role::parse(role).ok_or_else(|| FieldErrors::one(Field::Role, invite::NO_ROLE))?;
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if row.role == role {
                return Ok(false);
            }
            caller.sees_state(&row.role)?;
            caller.proved_for(Guarded::ChangeRole, self.now())?;
            tx.set_role(id, role).await?;
            tx.set_key_grants(id, &[]).await?;
            let apps = if role == Role::Owner { Scope::All } else { row.apps.clone() };
            tx.set_person_apps(id, &apps).await?;
            keeps_an_owner(tx, &row).await?;
            let changes = vec![change(Field::Role, Some(row.role.as_str()), Some(role.as_str()))];
            let event = AuditEvent { changes, ..self.about(caller, Action::PersonRoleChanged, &row) };
            self.record(tx, event).await?;
            self.revoke_invites_of(tx, caller, id, Some((role, &apps))).await?;
            Ok::<_, Error>(true)
        };
        let is_changed = self.write(work).await?;
        if is_changed {
            self.streams().end_all_of(id);
        }
        Ok(is_changed)
    }

    /// Says which keys a guest sees, what they may do with each, and until when. `Forbidden` for whoever is no guest, and
    /// for keys that the caller could not use in this way.
    pub async fn set_grants(&self, caller: &Caller, id: &PersonId, keys: &[KeyGrant], end: &str) -> Result<()> {
        caller.may(Act::ManageGuests)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        let keys = errors.keep(Field::Keys, invite::check_keys(keys));
        let end = errors.keep(Field::AccessEndsAt, invite::end_of_access(end, now));
        let (Some(keys), Some(end)) = (keys, end) else { return Err(errors.into()) };
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if row.role != Role::Guest {
                return Err(Refusal::Forbidden.into());
            }
            let before = tx.key_grants(id).await?;
            // What the caller cannot see, they cannot take away either.
            let (seen, mut kept) = by_sight(tx, caller, &before).await?;
            grantable(tx, caller, &row.apps, &keys, &before).await?;
            kept.extend(keys);
            kept.sort_by_key(|grant| grant.key);
            if kept == before && end == row.access_ends_at {
                return Ok(());
            }
            caller.sees_state(&(seen, row.access_ends_at))?;
            tx.set_key_grants(id, &kept).await?;
            tx.set_access_ends_at(id, end).await?;
            let mut changes = grant_changes(&before, &kept);
            if end != row.access_ends_at {
                let (from, to) = (row.access_ends_at.map(Timestamp::to_rfc3339), end.map(Timestamp::to_rfc3339));
                changes.push(change(Field::AccessEndsAt, from.as_deref(), to.as_deref()));
            }
            let event = AuditEvent { changes, ..self.about(caller, Action::PersonKeysChanged, &row) };
            self.record(tx, event).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        self.streams().end_all_of(id);
        Ok(())
    }

    /// Keeps a person out, from their next request on, and ends their sessions. `LastOwner` as in `change_role`.
    pub async fn disable_person(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if row.disabled {
                return Ok(());
            }
            tx.set_disabled(id, true).await?;
            tx.delete_sessions_of(id).await?;
            keeps_an_owner(tx, &row).await?;
            self.record(tx, self.about(caller, Action::PersonDisabled, &row)).await?;
            self.revoke_invites_of(tx, caller, id, None).await
        };
        self.manage(caller, work).await?;
        self.streams().end_all_of(id);
        Ok(())
    }

    /// Lets a person sign in again.
    pub async fn enable_person(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if !row.disabled {
                return Ok(());
            }
            tx.set_disabled(id, false).await?;
            self.record(tx, self.about(caller, Action::PersonEnabled, &row)).await?;
            Ok(())
        };
        self.manage(caller, work).await
    }

    /// Ends the waiting time after failed sign-ins.
    pub async fn unlock_person(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if tx.clear_sign_in_failures(&self.keyring().email_mac(&row.email)).await? {
                self.record(tx, self.about(caller, Action::PersonUnlocked, &row)).await?;
            }
            Ok(())
        };
        self.manage(caller, work).await
    }

    /// Signs a person out everywhere: ends their sessions, and their sign-ins that wait for a code. They can sign in again. If no
    /// session was open, records nothing.
    pub async fn sign_out_person(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            let now = self.now();
            let open = tx.sessions_of(id).await?.iter().filter(|session| !is_over(session, now)).count();
            tx.delete_sign_in_steps_of(id).await?;
            tx.delete_sessions_of(id).await?;
            if open > 0 {
                let note = Some(format!("{open} {} ended", if open == 1 { "session" } else { "sessions" }));
                self.record(tx, AuditEvent { note, ..self.about(caller, Action::SessionEnded, &row) }).await?;
            }
            Ok(())
        };
        self.manage(caller, work).await?;
        self.streams().end_all_of(id);
        Ok(())
    }

    /// Removes a person for good. The keys that they issued or own stay, and so does what they did in the audit. `LastOwner` as
    /// in `change_role`.
    pub async fn remove_person(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        self.remove_from(caller, id, None).await
    }

    /// The same, and transfers the keys that they own and the caller may change to somebody else. `Invalid` at the owner if
    /// that is nobody here, or the person themselves.
    pub async fn remove_person_and_transfer(&self, caller: &Caller, id: &PersonId, to: &Owner) -> Result<()> {
        caller.may(Act::ChangeKeys)?;
        self.remove_from(caller, id, Some(to)).await
    }

    async fn remove_from(&self, caller: &Caller, id: &PersonId, to: Option<&Owner>) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            caller.proved_for(Guarded::RemovePerson, self.now())?;
            let mut transferred = None;
            if let Some(to) = to {
                if *to == Owner::Person(row.email.clone()) {
                    let message = "Choose somebody else: this person is about to be removed.";
                    return Err(FieldErrors::one(Field::Owner, message).into());
                }
                let keys = self.transfer_all_of(tx, caller, &row.email, to).await?;
                transferred = Some((keys, tx.bump_version().await?));
            }
            tx.delete_person(id).await?;
            let email_mac = self.keyring().email_mac(&row.email);
            tx.clear_sign_in_failures(&email_mac).await?;
            tx.note_removed(&email_mac, self.now()).await?;
            // A provider may still vouch for an e-mail that they had before.
            for email in tx.emails_told(id).await? {
                tx.note_removed(&self.keyring().email_mac(&email), self.now()).await?;
            }
            keeps_an_owner(tx, &row).await?;
            let changes = vec![change(Field::Role, Some(row.role.as_str()), None)];
            let event = AuditEvent { changes, ..self.about(caller, Action::PersonRemoved, &row) };
            self.record(tx, event).await?;
            self.revoke_invites_of(tx, caller, id, None).await?;
            Ok(transferred)
        };
        if let Some((keys, version)) = self.manage(caller, work).await? {
            for key in &keys {
                self.verifier().changed(key, version);
            }
        }
        self.streams().end_all_of(id);
        Ok(())
    }

    /// Takes somebody else's second factors away, the passkeys and recovery codes too, and ends their sessions. `Forbidden` for one's own,
    /// which takes the password. If there is none, records nothing.
    pub async fn reset_factor(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        caller.may(Act::ManageOwners)?;
        if caller.person_id() == Ok(id) {
            return Err(Refusal::Forbidden.into());
        }
        let work = async |tx: &mut Tx| {
            let row = tx.person_by_id(id).await?.ok_or(Refusal::PersonNotFound)?;
            caller.proved_for(Guarded::ResetFactor, self.now())?;
            if !tx.delete_second_factors(id).await? {
                return Ok(());
            }
            tx.delete_sign_in_steps_of(id).await?;
            tx.delete_sessions_of(id).await?;
            self.record(tx, self.about(caller, Action::SecondFactorRemoved, &row)).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        self.streams().end_all_of(id);
        Ok(())
    }

    /// Runs a change of a person, if the caller may change anybody at all.
    pub(crate) async fn manage<T>(&self, caller: &Caller, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        caller.may(Act::ManageGuests)?;
        self.write(work).await
    }

    pub(crate) fn about(&self, caller: &Caller, action: Action, row: &PersonRow) -> AuditEvent {
        event(caller, self.now(), action, Subject::person(&row.id, &row.email))
    }

    /// Adds a person with what people are found by. `EmailTaken` if somebody has the e-mail.
    pub(crate) async fn insert_person(&self, tx: &mut Tx, row: &PersonRow) -> Result<()> {
        tx.insert_person(row).await.map_err(|error| match error {
            StoreError::Conflict(Unique::PersonEmail) => Refusal::EmailTaken.into(),
            error => Error::from(error),
        })?;
        Ok(tx.set_person_keys(&row.id, &row.name, &self.keyring().email_mac(&row.email)).await?)
    }
}

/// The person as the transaction sees them, if the caller may change people of this role. `PersonNotFound` for one that
/// the caller does not see, and `Forbidden` for one who sees more apps.
pub(crate) async fn managed(tx: &mut Tx, caller: &Caller, id: &PersonId) -> Result<PersonRow> {
    let row = tx.person_by_id(id).await?.ok_or(Refusal::PersonNotFound)?;
    if !sees(tx, caller, &row).await? {
        return Err(Refusal::PersonNotFound.into());
    }
    caller.may(row.role.managed_with())?;
    if caller.people_of().covers(&row.apps) { Ok(row) } else { Err(Refusal::Forbidden.into()) }
}

/// Whether the caller sees this person.
pub(crate) async fn sees(tx: &mut Tx, caller: &Caller, row: &PersonRow) -> Result<bool> {
    if caller.may(Act::SeePeople).is_err() || *caller.people_of() == Scope::All {
        return Ok(caller.may(Act::SeePeople).is_ok());
    }
    let keys: Vec<_> = tx.key_grants(&row.id).await?.iter().map(|grant| grant.key).collect();
    Ok(shares(caller, row.role, &row.apps, &tx.apps_of_keys(&keys).await?))
}

/// Whether the caller sees one of the apps of somebody with this role: those of the limit, or of a guest without a limit
/// those of the granted keys.
pub(crate) fn shares(caller: &Caller, role: Role, limit: &Scope<AppId>, granted: &[(KeyId, AppId)]) -> bool {
    let apps = caller.people_of();
    match limit {
        Scope::All if role == Role::Guest => *apps == Scope::All || granted.iter().any(|(_, app)| apps.has(app)),
        Scope::All => true,
        Scope::Only(_) => apps.meets(limit),
    }
}

/// `LastOwner` if the change left nobody who may sign in as an owner. Writers take turns, so two changes at once do not
/// both find the other's owner.
async fn keeps_an_owner(tx: &mut Tx, changed: &PersonRow) -> Result<()> {
    let keeps = changed.role != Role::Owner || tx.owners_exist().await?;
    if keeps { Ok(()) } else { Err(Refusal::LastOwner.into()) }
}

/// `Invalid` at each of the keys unless the caller sees the key, may do all that is granted with it, and the key is in
/// one of the guest's apps. What the guest might do with it `before` stays.
pub(crate) async fn grantable(
    tx: &mut Tx,
    caller: &Caller,
    apps: &Scope<AppId>,
    keys: &[KeyGrant],
    before: &[KeyGrant],
) -> Result<()> {
    let mut errors = FieldErrors::default();
    for (n, grant) in keys.iter().enumerate() {
        let key = tx.key_detail(&grant.key).await?;
        let Some(key) = key.filter(|key| caller.may_see(key).is_ok()) else {
            errors.push_item(Field::Keys, n, "One of the keys no longer exists: leave it out.".to_owned());
            continue;
        };
        if !apps.has(&key.app_id) {
            let name = &key.row.name;
            let message = format!("“{name}” is not in an app that the guest sees. Leave it out, or add its app.");
            errors.push_item(Field::Keys, n, message);
            continue;
        }
        let rights = caller.rights_on(&key.row);
        let had = before.iter().filter(|before| before.key == grant.key).flat_map(|before| &before.acts);
        let had: Vec<_> = had.collect();
        if let Some(act) = grant.acts.iter().find(|act| !rights.may(act.act()) && !had.contains(act)) {
            let (act, name) = (act.label().to_lowercase(), &key.row.name);
            let message = format!("You may not {act} “{name}” yourself, so you cannot allow it.");
            errors.push_item(Field::Keys, n, message);
        }
    }
    Ok(errors.into_result()?)
}

/// The grants whose keys the caller sees, and the others.
async fn by_sight(tx: &mut Tx, caller: &Caller, grants: &[KeyGrant]) -> Result<(Vec<KeyGrant>, Vec<KeyGrant>)> {
    let (mut seen, mut hidden) = (Vec::new(), Vec::new());
    for grant in grants {
        let Some(key) = tx.key_detail(&grant.key).await? else { continue };
        let side = if caller.may_see(&key).is_ok() { &mut seen } else { &mut hidden };
        side.push(grant.clone());
    }
    Ok((seen, hidden))
}

/// What the record says of a field.
pub(crate) fn change(field: Field, from: Option<&str>, to: Option<&str>) -> Change {
    Change { field: field.as_str().to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn grant_changes(before: &[KeyGrant], after: &[KeyGrant]) -> Vec<Change> {
    let (from, to) = (grant::to_record(before), grant::to_record(after));
    if from == to { Vec::new() } else { vec![change(Field::Keys, from.as_deref(), to.as_deref())] }
}

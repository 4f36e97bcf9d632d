//! Every use case about keys. Each change is one transaction with one event, and the verifier knows of it before it is
//! answered.

mod acknowledge;
mod approved;
pub(crate) mod bulk;
mod collect;
mod collected;
pub(crate) mod drafts;
mod drop;
mod edit;
mod export;
mod hand_overs;
mod holder;
mod integration;
pub(crate) mod issue;
pub(crate) mod issuing;
pub(crate) mod list;
mod overdue;
mod owned;
mod page;
mod present;
pub(crate) mod requests;
mod rotate;
mod rotation;
mod state;
mod suggest;
mod why;

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    ids::{AppId, ContactId, KeyId},
    key::{KeyDetail, KeyState, Revoked},
    labels::Owner,
    life::LifeRules,
    permission::{Permission, VERIFY},
    refusal::Refusal,
    role::Act,
    spec::KeySpec,
    text::quote,
    timestamp::Timestamp,
};
use store::{StoreError, Tx};

pub use self::{
    acknowledge::SeenBy,
    collect::Collected,
    collected::{Confirmed, ToConfirm},
    drafts::{DRAFTS_KEPT, SavedForm},
    export::KeyExport,
    hand_overs::{HandOverForm, HandedOver, RotationForm},
    holder::{HeldKey, HeldView, SelfRevoked},
    issue::{Issued, ShownSecret},
    page::KeyPage,
    present::Presented,
    requests::{Asked, DecidedMany},
    rotate::Rotated,
    suggest::Suggestions,
    why::AskedCall,
};
use crate::{Caller, Error, Result, Service, people::sees, service::event};

impl Service {
    /// The key as the transaction sees it, if it is one that the caller may change.
    async fn changeable(&self, tx: &mut Tx, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        self.key_for(tx, caller, id, Act::ChangeKeys).await
    }

    /// The key as the transaction sees it, if the caller may do this with it and has seen it as it is.
    async fn key_for(&self, tx: &mut Tx, caller: &Caller, id: &KeyId, act: Act) -> Result<KeyDetail> {
        let key = tx.key_detail(id).await?.ok_or(Refusal::NotFound)?;
        caller.may_with(act, &key)?;
        caller.stays_below(&key)?;
        caller.sees_now(&key)?;
        Ok(key)
    }

    /// The key as the transaction sees it, if the caller may do this with it and it is pending.
    async fn pending(&self, tx: &mut Tx, caller: &Caller, id: &KeyId, act: Act) -> Result<KeyDetail> {
        let key = self.key_for(tx, caller, id, act).await?;
        if key.row.state == KeyState::Pending { Ok(key) } else { Err(Refusal::NotPending.into()) }
    }

    fn key_event(&self, caller: &Caller, action: Action, key: &KeyDetail) -> AuditEvent {
        self.event_about(caller, action, &key.app_id, Subject::key(&key.row.id, key.row.kind, &key.row.name))
    }

    pub(crate) fn event_about(&self, caller: &Caller, action: Action, app: &AppId, subject: Subject) -> AuditEvent {
        AuditEvent { app_id: Some(*app), ..event(caller, self.now(), action, subject) }
    }
}

/// The name of the setting that remembers that an app once had a key with `keystead.verify`.
pub(crate) fn verifier_key_setting(app: &AppId) -> String {
    format!("verifier_key_made:{app}")
}

/// Remembers for the checklist that a key with `keystead.verify` exists. Finding one among a million is too slow.
async fn note_verifier_key(tx: &mut Tx, app: &AppId, permissions: &[Permission]) -> Result<(), StoreError> {
    if permissions.iter().any(|permission| permission.as_str() == VERIFY) {
        tx.put_setting(&verifier_key_setting(app), "1").await?;
    }
    Ok(())
}

/// Moves a key from one state to another; `WrongState` if it is in a third one.
async fn move_state(
    tx: &mut Tx,
    id: &KeyId,
    from: KeyState,
    to: KeyState,
    revoked: Option<&Revoked>,
) -> Result<(), Error> {
    if tx.set_key_state(id, from, to, revoked).await? { Ok(()) } else { Err(Refusal::WrongState.into()) }
}

/// Removes a key for good; `NotFound` if it is gone.
async fn remove(tx: &mut Tx, id: &KeyId, now: Timestamp) -> Result<(), Error> {
    if tx.delete_key(id, now).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// Checks that a key which was issued at `issued` does not expire too late. `field` is where people chose the expiry.
fn check_life(rules: LifeRules, spec: &KeySpec, issued: Timestamp, field: Field) -> Result<(), FieldErrors> {
    if !spec.kind.rules().asks(Field::Expiry) {
        return Ok(());
    }
    rules.check(issued, spec.expires_at).map_err(|message| FieldErrors::one(field, message))
}

/// Checks that the owner, if it is a person, is one whom the caller sees.
async fn check_owner(tx: &mut Tx, caller: &Caller, owner: Option<&Owner>) -> Result<()> {
    let Some(Owner::Person(email)) = owner else { return Ok(()) };
    let seen = match tx.person_by_email(email).await? {
        Some(person) => sees(tx, caller, &person).await?,
        None => false,
    };
    if seen { Ok(()) } else { Err(unknown_owner(email).into()) }
}

/// Checks that the contacts in the spec are those of the key's app.
async fn check_acts_for(tx: &mut Tx, app: &AppId, spec: &KeySpec) -> Result<()> {
    let named = &spec.rules.acts_for;
    if named.is_empty() {
        return Ok(());
    }
    let found = tx.contacts_by_id(named).await?;
    let is_known = |id: &ContactId| found.iter().any(|contact| contact.id == *id && contact.app_id == *app);
    match named.iter().find(|id| !is_known(id)) {
        None => Ok(()),
        Some(id) => {
            let message =
                format!("No contact of this app has the id {}: copy it from the contact's page.", id.to_uuid());
            Err(FieldErrors::one(Field::ActsFor, message).into())
        }
    }
}

/// The same whether there is no such person or only none in sight, so that nobody learns who has an account.
fn unknown_owner(email: &str) -> FieldErrors {
    let message =
        format!("You see nobody here with the e-mail {}: check it, or enter the name of a team.", quote(email));
    FieldErrors::one(Field::Owner, message)
}

/// The key as it is after a change.
async fn changed(tx: &mut Tx, id: &KeyId) -> Result<KeyDetail> {
    let key = tx.key_detail(id).await?;
    Ok(key.ok_or(Refusal::NotFound)?)
}

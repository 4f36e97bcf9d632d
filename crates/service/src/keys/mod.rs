//! Everything that happens to keys. Each change is one transaction with one event, and is known to the
//! verifier before it is answered.

mod acknowledge;
mod calls;
mod edit;
mod issue;
pub(crate) mod list;
mod state;

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::{AppId, KeyId},
    key::KeyDetail,
    permission::{Permission, VERIFY},
    refusal::Refusal,
    role::Act,
};
use store::Tx;

pub use self::issue::{Issued, Shown};
use crate::{Caller, Result, Service, service::event};

impl Service {
    /// A key that the caller may change, as it is in the transaction.
    async fn changeable(&self, tx: &mut Tx, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        caller.may(Act::ChangeKeys)?;
        let key = tx.key_detail(id).await?.ok_or(Refusal::NotFound)?;
        caller.may_change(key.row.kind)?;
        Ok(key)
    }

    fn key_event(&self, caller: &Caller, action: Action, key: &KeyDetail) -> AuditEvent {
        self.event_about(caller, action, &key.app_id, &key.row.id, &key.row.name)
    }

    pub(crate) fn event_about(
        &self,
        caller: &Caller,
        action: Action,
        app: &AppId,
        id: &KeyId,
        name: &str,
    ) -> AuditEvent {
        AuditEvent { app_id: Some(app.clone()), ..event(caller, self.now(), action, Subject::key(id, name)) }
    }
}

/// The setting that says that an app once had a key that may check keys.
pub(crate) fn verifier_key_setting(app: &AppId) -> String {
    format!("verifier_key_made:{app}")
}

/// Remembers for the checklist that a key may check keys: to look for one among a million is too slow.
async fn note_verifier_key(tx: &mut Tx, app: &AppId, permissions: &[Permission]) -> Result<()> {
    if permissions.iter().any(|permission| permission.as_str() == VERIFY) {
        tx.put_setting(&verifier_key_setting(app), "1").await?;
    }
    Ok(())
}

/// The key as it is after a change.
async fn changed(tx: &mut Tx, id: &KeyId) -> Result<KeyDetail> {
    let key = tx.key_detail(id).await?;
    Ok(key.ok_or(Refusal::NotFound)?)
}

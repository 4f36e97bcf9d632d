//! Collecting an approved key. Only now its secret is made, for whoever asked and nobody else.

use domain::{
    field::Field,
    ids::KeyId,
    key::ACKNOWLEDGE_WITHIN,
    refusal::Refusal,
    request::{KeyRequest, RequestState},
    role::Act,
};
use store::{NewKey, Tx};

use super::{
    changed,
    issue::{Issued, guarded},
    requests::{sees, stale, told},
};
use crate::{Caller, Error, Result, Service, apps::usable};

impl Service {
    /// The approved request of the caller's own; `RequestGone` if there is none, `RequestEnded` if it cannot be collected, or
    /// no longer.
    pub async fn own_approved(&self, caller: &Caller, key: &KeyId) -> Result<KeyRequest> {
        caller.may(Act::ChangeKeys)?;
        self.collectable(caller, self.store().key_request(key).await?)
    }

    /// Issues the key of an approved request to whoever asked, with the rights and rules of now. Of several at once, one
    /// succeeds. The key is pending until they confirm it. `RequestStale` if they could no longer issue it.
    pub async fn collect_request(&self, caller: &Caller, key: &KeyId) -> Result<Issued> {
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let request = self.collectable(caller, tx.key_request(key).await?)?;
            usable(tx, caller, &request.app_id).await?;
            let spec = self.read_draft(caller, &request.draft).map_err(stale)?;
            caller.proved_for(guarded(&spec), now)?;
            take(tx, self, &request, RequestState::Collected).await?;
            let minted = self.mint(&request.key, spec.kind, spec.rules.environment)?;
            let new = NewKey {
                id: request.key,
                app_id: request.app_id,
                spec,
                token_prefix: minted.prefix,
                ack_deadline: Some(now.plus(ACKNOWLEDGE_WITHIN)),
                form_id: None,
                created_by: caller.actor().clone(),
                created_at: now,
                secret: minted.secret,
            };
            self.add_key(tx, caller, &new, Field::Expiry, Some(told(&request))).await.map_err(stale)?;
            Ok::<_, Error>((changed(tx, &request.key).await?, minted.shown, new.ack_deadline))
        };
        let (key, shown, ack_deadline) = self.change_key(caller, Act::ChangeKeys, key, work).await?;
        Ok(Issued { key, shown, ack_deadline })
    }

    pub(super) fn collectable(&self, caller: &Caller, found: Option<KeyRequest>) -> Result<KeyRequest> {
        let person = caller.person_id()?;
        let own = found.filter(|request| sees(caller, request) && request.asked_by.0 == person.as_str());
        let request = own.ok_or(Refusal::RequestGone)?;
        if request.state != RequestState::Approved || request.until <= self.now() {
            return Err(Refusal::RequestEnded.into());
        }
        Ok(request)
    }
}

/// Uses an approval up.
pub(super) async fn take(tx: &mut Tx, service: &Service, request: &KeyRequest, state: RequestState) -> Result<()> {
    if tx.end_key_request(&request.key, RequestState::Approved, state, service.now()).await? {
        Ok(())
    } else {
        Err(Refusal::RequestEnded.into())
    }
}

//! What whoever holds a key may do by presenting it, without an account: look at it, revoke it, and rotate it.

use std::net::IpAddr;

use domain::{
    audit::{Action, AuditEvent},
    holder::{self, Shown},
    key::{KeyDetail, KeyRecord, KeyState, RevokeReason, Revoked},
    permission_query::PermissionQuery,
    rotation::{LiveSecret, NoRotation, WaitingSecret},
    timestamp::Timestamp,
    usage::RefusedCall,
    verdict::{self, Code},
};
use store::Tx;

use super::{
    changed,
    collect::Collected,
    collected::Confirms,
    issue::Issued,
    move_state,
    present::{Presented, unknown},
    rotation::works,
    state::{check_note, revoke_changes},
};
use crate::{Caller, ClientInfo, Error, Result, Service, verify::Held};

/// What a key's holder is told.
#[derive(Debug)]
pub enum HeldView {
    /// The key, for a holder at an address from which it may be used.
    Here(Box<HeldKey>),
    /// Nothing but that it exists: the address is not one from which it may be used.
    Elsewhere(Option<IpAddr>),
}

/// A key as its holder sees it.
#[derive(Debug)]
pub struct HeldKey {
    /// The key.
    pub key: KeyDetail,
    /// Whether every key of its app is off.
    pub app_archived: bool,
    /// Which of its secrets was presented.
    pub shown: Shown,
    /// A new secret that waits to be confirmed.
    pub waiting: Option<WaitingSecret>,
    /// What is left of its rate limits, in words.
    pub limits: String,
    /// Its last refused calls, newest first, each with the reason in words.
    pub refusals: Vec<(RefusedCall, String)>,
    /// Whether its holder may rotate it now.
    pub may_rotate: bool,
    /// When it was read.
    pub now: Timestamp,
}

/// A key that its holder revoked.
#[derive(Debug)]
pub struct SelfRevoked {
    /// The key.
    pub key: KeyDetail,
    /// Since when it is revoked.
    pub at: Timestamp,
    /// Whether it was revoked before.
    pub already: bool,
}

impl Service {
    /// What the holder of a key may know of it. It fails as presenting the key does. Counts no call.
    pub async fn look_as_holder(&self, presented: &Presented, client: &ClientInfo) -> Result<HeldView> {
        let held = self.present(presented, client).await?;
        self.held_view(held, client.address).await?.ok_or_else(unknown)
    }

    async fn held_view(&self, held: Held, address: Option<IpAddr>) -> Result<Option<HeldView>> {
        let (store, now) = (self.store(), self.now());
        let Some(mut key) = store.key_detail(&held.id).await? else { return Ok(None) };
        let mut secrets = store.live_secrets(&held.id).await?;
        secrets.retain(|secret| works(secret, now));
        if !secrets.iter().any(|secret| secret.number == held.number) {
            return Ok(None);
        }
        if !verdict::address_allowed(&key.rules, address) {
            return Ok(Some(HeldView::Elsewhere(address)));
        }
        let app = store.app(&key.app_id).await?;
        let app_archived = app.is_some_and(|app| app.archived_at.is_some());
        let record = key.record(app_archived);
        let [limits, _] = self.verifier().would_count(&key, &record);
        let unspent = self.verifier().unspent(&held.id, key.quota_epoch, key.quota_period);
        key.quota_left = key.quota_left.map(|left| left.saturating_add(unspent));
        let refusals = store.key_refusals(&held.id).await?.into_iter();
        let refusals = refusals.map(|call| (call.clone(), explained(&record, &call))).collect();
        let waiting = store.waiting_secret(&held.id).await?.filter(|waiting| now < waiting.ack_deadline);
        let shown = self.shown(&held, secrets, now).await?;
        let may_rotate = holder::may_rotate(&key, now) && !app_archived && waiting.is_none();
        let may_rotate = may_rotate && matches!(shown, Shown::Only(_));
        let key = HeldKey { key, app_archived, shown, waiting, limits: limits.detail, refusals, may_rotate, now };
        Ok(Some(HeldView::Here(Box::new(key))))
    }

    /// Which of the secrets that work, newest first, is the one that was presented.
    async fn shown(&self, held: &Held, secrets: Vec<LiveSecret>, now: Timestamp) -> Result<Shown> {
        let mut secrets = secrets.into_iter();
        let (newest, older) = (secrets.next(), secrets.next());
        Ok(match (newest, older) {
            (Some(secret), Some(old)) if secret.number == held.number => {
                let counted = self.store().secret_uses(&held.id, now).await?;
                let used = counted.into_iter().find(|(number, _)| *number == old.number);
                let ends = old.ends_at.unwrap_or(now);
                Shown::New { secret, old: (old, used.map(|(_, used)| used).unwrap_or_default()), ends }
            }
            (Some(_), Some(secret)) => {
                let ends = secret.ends_at.unwrap_or(now);
                Shown::Old { secret, ends }
            }
            (Some(secret), None) => Shown::Only(secret),
            (None, _) => return Err(Error::impossible("a key that was presented has no secret")),
        })
    }

    /// Revokes a key for its holder, wherever they are and whatever its state. Nobody can restore it. A second call changes
    /// nothing and says so. It fails as presenting the key does.
    pub async fn revoke_as_holder(&self, presented: &Presented, client: &ClientInfo) -> Result<SelfRevoked> {
        let held = self.present(presented, client).await?;
        self.revoke_held(held, RevokeReason::Other, None, client.address).await?.ok_or_else(unknown)
    }

    /// The same for a program that has presented the key; `None` if its secret has stopped working since.
    pub async fn revoke_held(
        &self,
        held: Held,
        reason: RevokeReason,
        note: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Option<SelfRevoked>> {
        let note = check_note(note)?;
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let Some(key) = held_in(tx, held, now).await? else { return Ok(None) };
            if let Some(revoked) = &key.revoked {
                let at = revoked.at;
                return Ok(Some((SelfRevoked { key, at, already: true }, None)));
            }
            let caller = Caller::key(key.record(false), address);
            let from = key.row.state;
            let revoked = Revoked { at: now, reason, restorable_until: None, from };
            move_state(tx, &held.id, from, KeyState::Revoked, Some(&revoked)).await?;
            let changes = revoke_changes(reason, from);
            let event = AuditEvent { changes, note, ..self.key_event(&caller, Action::KeyRevoked, &key) };
            self.record(tx, event).await?;
            let key = changed(tx, &held.id).await?;
            Ok::<_, Error>(Some((SelfRevoked { key, at: now, already: false }, Some(tx.bump_version().await?))))
        };
        let Some((revoked, version)) = self.write(work).await? else { return Ok(None) };
        if let Some(version) = version {
            self.verifier().changed(&held.id, version);
        }
        Ok(Some(revoked))
    }

    /// Makes a new secret for a key, for its holder. The old one works until they confirm it, and for a while after that.
    /// `NoRotation` if the key is not one that its holder may rotate, or not from this address. It fails as presenting the
    /// key does.
    pub async fn rotate_as_holder(&self, presented: &Presented, client: &ClientInfo) -> Result<Collected> {
        let held = self.present(presented, client).await?;
        self.rotate_held(held, client.address).await?.ok_or_else(unknown)
    }

    async fn rotate_held(&self, held: Held, address: Option<IpAddr>) -> Result<Option<Collected>> {
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let Some(key) = held_in(tx, held, now).await? else { return Ok(None) };
            let archived = tx.app(&key.app_id).await?.is_some_and(|app| app.archived_at.is_some());
            if archived || !is_rotatable_by_holder(&key, address, now) {
                return Err(NoRotation::NotByHolder.into());
            }
            let caller = Caller::key(key.record(false), address);
            let (waiting, shown) = self.begin_rotation(tx, &caller, &key, holder::OVERLAP, None).await?;
            let deadline = waiting.ack_deadline;
            let what = Confirms::secret(held.id, waiting.number);
            let confirm = self.link_to_confirm(tx, what, None, now, deadline).await?;
            let issued = Issued { key, shown, ack_deadline: Some(deadline) };
            Ok::<_, Error>(Some(Collected { issued, confirm, overlap: Some(holder::OVERLAP) }))
        };
        self.write(work).await
    }
}

/// Whether its holder may rotate a key from this address, or confirm that they did.
pub(super) fn is_rotatable_by_holder(key: &KeyDetail, address: Option<IpAddr>, now: Timestamp) -> bool {
    holder::may_rotate(key, now) && verdict::address_allowed(&key.rules, address)
}

/// The key as the transaction sees it, if the secret that was presented still works.
async fn held_in(tx: &mut Tx, held: Held, now: Timestamp) -> Result<Option<KeyDetail>> {
    let secrets = tx.live_secrets(&held.id).await?;
    let proven = secrets.iter().any(|secret| secret.number == held.number && works(secret, now));
    if proven { Ok(tx.key_detail(&held.id).await?) } else { Ok(None) }
}

/// Why a call was refused, by the check that refused it. If the key was changed since and that check would let it pass now, in
/// general words.
fn explained(record: &KeyRecord, call: &RefusedCall) -> String {
    let permissions = call.permissions.as_deref().and_then(|query| PermissionQuery::parse(query).ok());
    let request = verdict::Request {
        address: call.address,
        origin: call.origin.as_deref(),
        permissions: permissions.as_ref(),
        kind: call.kind,
    };
    let general = || call.code.words_of_key().to_owned();
    if call.code == Code::InsufficientPermissions && permissions.is_none() {
        return general();
    }
    let checks = verdict::explain(record, &request, call.at);
    let failed = checks.into_iter().find(|check| check.code == call.code && !check.passed);
    failed.map_or_else(general, |check| check.detail)
}

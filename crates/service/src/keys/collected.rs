//! Confirming what somebody without a session saw once: a collected key, or a new secret. Whoever has the link that came
//! with it says that they have stored it.

use domain::{
    audit::{Action, AuditEvent},
    ids::KeyId,
    key::{KeyDetail, KeyState, SecretNumber},
    refusal::Refusal,
    role::Act,
    rotation::{NoRotation, WaitingSecret},
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use super::{
    changed, collect::stale, holder::is_rotatable_by_holder, issue::check_form_id, move_state, requests::check_unasked,
    rotate::rotatable,
};
use crate::{Caller, ClientInfo, Error, Result, Service, apps::usable, entropy};

/// The purpose of the links.
const COLLECTED: &str = "collected";

/// What their tokens are made for, if a form asks for one.
const COLLECTED_BY_FORM: &str = "collected by form";

/// What a link confirms.
#[derive(Debug)]
pub enum ToConfirm {
    /// A key that waits to be confirmed.
    Key(KeyDetail),
    /// A new secret of a key.
    Secret(KeyDetail, WaitingSecret),
}

impl ToConfirm {
    /// The key.
    pub const fn key(&self) -> &KeyDetail {
        match self {
            Self::Key(key) | Self::Secret(key, _) => key,
        }
    }
}

/// What was confirmed. It works from now on.
#[derive(Debug)]
pub enum Confirmed {
    /// A new key.
    Key(KeyDetail),
    /// A new secret of a key, and when the old one stops working; `None` if it has stopped.
    Secret(KeyDetail, Option<Timestamp>),
}

/// A key, or one of its secrets, as the subject of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Confirms {
    id: KeyId,
    number: Option<SecretNumber>,
}

impl Confirms {
    pub(super) const fn key(id: KeyId) -> Self {
        Self { id, number: None }
    }

    pub(super) const fn secret(id: KeyId, number: SecretNumber) -> Self {
        Self { id, number: Some(number) }
    }

    fn subject(self) -> String {
        self.number.map_or_else(|| self.id.to_string(), |number| format!("{}.{}", self.id, number.0))
    }

    fn parse(subject: &str) -> Option<Self> {
        match subject.split_once('.') {
            None => KeyId::parse(subject).map(Self::key),
            Some((id, number)) => Some(Self::secret(KeyId::parse(id)?, SecretNumber(number.parse().ok()?))),
        }
    }
}

impl Service {
    /// A link that confirms this until the deadline. Returns its token, which nobody sees again: this one, or a random one.
    pub(super) async fn link_to_confirm(
        &self,
        tx: &mut Tx,
        what: Confirms,
        token: Option<SecretString>,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<SecretString> {
        let token = match token {
            Some(token) => token,
            None => entropy::token(self.entropy())?,
        };
        tx.insert_link(&self.link_of(&token, COLLECTED, &what.subject(), now, deadline)).await?;
        Ok(token)
    }

    /// The token that confirms what this form of this link has collected, while that waits to be confirmed; `None` for any
    /// other form. Whoever sends the form again, because the page with their key is gone, can still confirm it.
    pub async fn collected_by_form(&self, link: &str, form_id: &str) -> Result<Option<SecretString>> {
        let Some(token) = self.token_of_form(link, form_id) else { return Ok(None) };
        let waits = self.collected_by_token(token.expose_secret()).await?.is_some();
        Ok(Some(token).filter(|_| waits))
    }

    /// Only this server can tell it, and only to whoever has both. `None` for what is no id of a form.
    pub(super) fn token_of_form(&self, link: &str, form_id: &str) -> Option<SecretString> {
        let form_id = check_form_id(form_id).ok()?;
        Some(hex::encode(self.keyring().link_mac(COLLECTED_BY_FORM, &format!("{link}\0{form_id}"))).into())
    }

    /// What a link confirms, while it waits to be confirmed; `None` for any other link, with the same work. Looking uses
    /// nothing up.
    pub async fn collected_by_token(&self, token: &str) -> Result<Option<ToConfirm>> {
        let mac = self.keyring().link_mac(COLLECTED, token);
        let link = self.store().live_link(&mac, COLLECTED, self.now()).await?;
        let Some(Confirms { id, number }) = link.and_then(|link| Confirms::parse(&link.subject)) else {
            return Ok(None);
        };
        let Some(key) = self.store().key_detail(&id).await? else { return Ok(None) };
        let Some(number) = number else {
            return Ok(Some(key).filter(|key| key.row.state == KeyState::Pending).map(ToConfirm::Key));
        };
        let waiting = self.store().waiting_secret(&id).await?.filter(|waiting| waiting.number == number);
        Ok(waiting.map(|waiting| ToConfirm::Secret(key, waiting)))
    }

    /// Confirms a collected key, which activates it, or a new secret, which works from now on, for whoever has the link that
    /// came with it. `LinkInvalid` if that does not work, or no longer, and `HandOverStale` if whoever made the first link
    /// could no longer do this.
    pub async fn confirm_collected(&self, token: &str, client: &ClientInfo) -> Result<Confirmed> {
        // Before anything that costs more: the page is open to everybody.
        let Some(found) = self.collected_by_token(token).await? else { return Err(Refusal::LinkInvalid.into()) };
        let mac = self.keyring().link_mac(COLLECTED, token);
        let (id, app_id) = (found.key().row.id, found.key().app_id);
        let what = match found {
            ToConfirm::Key(_) => Confirms::key(id),
            ToConfirm::Secret(_, waiting) => Confirms::secret(id, waiting.number),
        };
        let work = async |tx: &mut Tx| {
            if tx.consume_link(&mac, COLLECTED, self.now()).await?.is_none() {
                return Err(Refusal::LinkInvalid.into());
            }
            // A key does not work while its app is archived. The link works on.
            usable(tx, &Caller::system(None), &app_id).await.map_err(stale)?;
            let confirmed = match what.number {
                None => self.confirm_key(tx, &id, client).await?,
                Some(number) => self.confirm_new_secret(tx, &id, number, client).await?,
            };
            tx.revoke_links_of(COLLECTED, &what.subject()).await?;
            Ok::<_, Error>((confirmed, tx.bump_version().await?))
        };
        let (confirmed, version) = self.write(work).await?;
        self.verifier().changed(&id, version);
        Ok(confirmed)
    }

    async fn confirm_key(&self, tx: &mut Tx, id: &KeyId, client: &ClientInfo) -> Result<Confirmed> {
        let caller = Caller::system(client.address);
        let key = self.pending(tx, &caller, id, Act::ChangeKeys).await?;
        let maker = self.maker_of_collected(tx, id, client).await?;
        self.key_for(tx, &maker, id, Act::ChangeKeys).await.map_err(stale)?;
        maker.may_issue(key.row.kind).map_err(|refusal| stale(refusal.into()))?;
        maker.may_give(&key.rules.permissions).map_err(|refusal| stale(refusal.into()))?;
        if tx.key_request(id).await?.is_none() {
            // The rules may have come since.
            check_unasked(tx, &maker, &key.spec()).await.map_err(stale)?;
        }
        move_state(tx, id, KeyState::Pending, KeyState::Active, None).await?;
        let by = tx.collection(id).await?;
        let note = by.map(|by| format!("Confirmed by {}, who collected it", by.recipient));
        let event = AuditEvent { note, ..self.key_event(&caller, Action::KeyAcknowledged, &key) };
        self.record(tx, event).await?;
        Ok(Confirmed::Key(changed(tx, id).await?))
    }

    /// Whoever made the link by which this was collected, with the rights that they have now. What a key began ends with it:
    /// whoever stole it may have collected by its link, too.
    async fn maker_of_collected(&self, tx: &mut Tx, id: &KeyId, client: &ClientInfo) -> Result<Caller> {
        let made_by = tx.collected_made_by(id).await?.ok_or(Refusal::HandOverStale)?;
        self.maker(tx, &made_by, client).await
    }

    async fn confirm_new_secret(
        &self,
        tx: &mut Tx,
        id: &KeyId,
        number: SecretNumber,
        client: &ClientInfo,
    ) -> Result<Confirmed> {
        let now = self.now();
        let key = tx.key_detail(id).await?.ok_or(Refusal::LinkInvalid)?;
        let waiting = tx.waiting_secret(id).await?.filter(|waiting| waiting.number == number);
        let waiting = waiting.ok_or(NoRotation::NotWaiting)?;
        rotatable(&key, now)?;
        // The holder asked for it with the key itself.
        let holder = Caller::key(key.record(false), client.address);
        let (caller, note) = if tx.is_rotated_by(id, holder.actor()).await? {
            if !is_rotatable_by_holder(&key, client.address, now) {
                return Err(NoRotation::NotByHolder.into());
            }
            (holder, None)
        } else {
            let maker = self.maker_of_collected(tx, id, client).await?;
            self.key_to_rotate(tx, &maker, id).await.map_err(stale)?;
            (Caller::system(client.address), Some(format!("Confirmed by {}, who collected it", waiting.asked_by)))
        };
        let ends = self.confirm(tx, &caller, &key, &waiting, note, now).await?;
        Ok(Confirmed::Secret(changed(tx, id).await?, ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_link_is_a_key_or_one_of_its_secrets() {
        let id = KeyId::from_random([7; 16]);
        for what in [Confirms::key(id), Confirms::secret(id, SecretNumber(2))] {
            assert_eq!(Confirms::parse(&what.subject()), Some(what));
        }
        for wrong in ["", "x", ".", ".2", "7Qm2xVbN4tRa.", "7Qm2xVbN4tRa.x", "7Qm2xVbN4tRa.2.3"] {
            assert_eq!(Confirms::parse(wrong), None, "{wrong}");
        }
    }
}

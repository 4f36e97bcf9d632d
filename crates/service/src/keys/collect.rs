//! Collecting a key by the link of a hand-over. Only now its secret is made, for whoever asks and nobody else.

use domain::{
    audit::{Action, AuditEvent},
    field::{Field, FieldErrors},
    hand_over::{HandOver, WRONG_PASSPHRASES_MAX},
    ids::{KeyId, PersonId},
    key::{ACKNOWLEDGE_WITHIN, KeyDetail, KeyState},
    refusal::Refusal,
    text,
};
use secrecy::{ExposeSecret, SecretString};
use store::{NewKey, Tx};

use super::{
    changed,
    hand_overs::COLLECT,
    issue::{Issued, Minted},
    move_state,
    requests::{check_unasked, told},
};
use crate::{
    Caller, ClientInfo, Error, Result, Service, entropy,
    passwords::{Compared, Lane},
    people::change,
    sessions::Person,
    turns::Source,
};

/// The purpose of the link by which a collected key is confirmed, without a session.
const COLLECTED: &str = "collected";

/// A collected key, with the token of the link that confirms it, until the deadline.
#[derive(Debug)]
pub struct Collected {
    /// The key with its secret.
    pub issued: Issued,
    /// The part of the link's address that nobody sees again.
    pub confirm: SecretString,
}

impl Service {
    /// The hand-over of a link; `None` for one that is unknown, used, withdrawn or expired, with the same work. Looking uses
    /// nothing up.
    pub async fn hand_over_by_token(&self, token: &str) -> Result<Option<HandOver>> {
        let mac = self.keyring().link_mac(COLLECT, token);
        Ok(self.store().hand_over_by_link(&mac, COLLECT, self.now()).await?)
    }

    /// Issues the key of a hand-over, as whoever made it, with the rights that they have now. Of several at once, one
    /// succeeds. `LinkInvalid` if the link does not work, `Invalid` or `Wait` for a wrong passphrase, and `HandOverStale`
    /// if its maker could no longer issue the key.
    pub async fn collect(&self, token: &str, passphrase: &SecretString, client: &ClientInfo) -> Result<Collected> {
        // Before anything that costs more: the page is open to everybody.
        let Some(found) = self.hand_over_by_token(token).await? else { return Err(Refusal::LinkInvalid.into()) };
        if found.has_passphrase {
            self.check_passphrase(&found, passphrase, client).await?;
        }
        let mac = self.keyring().link_mac(COLLECT, token);
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let used = tx.consume_link(&mac, COLLECT, now).await?;
            let waiting = tx.hand_over(&found.key).await?;
            let (Some(_), Some(hand_over)) = (used, waiting) else { return Err(Refusal::LinkInvalid.into()) };
            let (key, minted, maker) = self.prepare(tx, &hand_over, client).await?;
            let mut note =
                format!("Collected by {}, by the link that {} made", hand_over.recipient, hand_over.made_by.1);
            match tx.key_request(&hand_over.key).await? {
                Some(request) => note = format!("{note}. {}", told(&request)),
                // The rules may have come after the link.
                None => check_unasked(tx, &maker, &key.spec).await.map_err(stale)?,
            }
            self.add_key(tx, &maker, &key, Field::Expiry, Some(note)).await.map_err(stale)?;
            let address = client.address.map(|address| address.to_string());
            tx.set_collected(&hand_over.key, now, address.as_deref()).await?;
            tx.revoke_links_of(COLLECT, hand_over.key.as_str()).await?;
            let deadline = now.plus(ACKNOWLEDGE_WITHIN);
            let (confirm, link) = self.new_link(COLLECTED, hand_over.key.as_str(), now, deadline)?;
            tx.insert_link(&link).await?;
            tx.clear_sign_in_failures(&self.tries_mac(&hand_over.key)).await?;
            let changes = vec![change(Field::Recipient, None, Some(&hand_over.recipient))];
            let event = self.hand_over_event(&Caller::system(client.address), Action::HandOverCollected, &hand_over);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            let issued =
                Issued { key: changed(tx, &hand_over.key).await?, shown: minted.shown, ack_deadline: key.ack_deadline };
            Ok::<_, Error>((Collected { issued, confirm }, tx.bump_version().await?))
        };
        let (collected, version) = self.write(work).await?;
        self.verifier().changed(&collected.issued.key.row.id, version);
        Ok(collected)
    }

    /// The key as its maker could issue it now; `HandOverStale` if they could not.
    async fn prepare(
        &self,
        tx: &mut Tx,
        hand_over: &HandOver,
        client: &ClientInfo,
    ) -> Result<(NewKey, Minted, Caller)> {
        let now = self.now();
        let maker = match PersonId::parse(&hand_over.made_by.0) {
            Some(id) => tx.person_by_id(&id).await?.filter(|person| person.may_enter(now)),
            None => None,
        };
        let maker = maker.ok_or(Refusal::HandOverStale)?;
        let maker = Caller::person(&Person::from(maker), now, client.address);
        let spec = self.read_draft(&maker, &hand_over.draft).map_err(stale)?;
        let minted = self.mint(&hand_over.key, spec.kind, spec.rules.environment)?;
        let key = NewKey {
            id: hand_over.key,
            app_id: hand_over.app_id,
            spec,
            token_prefix: minted.prefix.clone(),
            ack_deadline: Some(now.plus(ACKNOWLEDGE_WITHIN)),
            // The link works once, and a form of the wizard may make a key of its own.
            form_id: None,
            created_by: maker.actor().clone(),
            created_at: now,
            secret: minted.secret.clone(),
        };
        Ok((key, minted, maker))
    }

    /// The key that a link confirms, while it waits to be confirmed; `None` for any other link, with the same work. Looking
    /// uses nothing up.
    pub async fn collected_by_token(&self, token: &str) -> Result<Option<KeyDetail>> {
        let mac = self.keyring().link_mac(COLLECTED, token);
        let link = self.store().live_link(&mac, COLLECTED, self.now()).await?;
        let Some(id) = link.and_then(|link| KeyId::parse(&link.subject)) else { return Ok(None) };
        let key = self.store().key_detail(&id).await?;
        Ok(key.filter(|key| key.row.state == KeyState::Pending))
    }

    /// Confirms a collected key, which activates it, for whoever has the link that came with its secret. `LinkInvalid` if
    /// that does not work, or no longer.
    pub async fn confirm_collected(&self, token: &str, client: &ClientInfo) -> Result<KeyDetail> {
        let Some(found) = self.collected_by_token(token).await? else { return Err(Refusal::LinkInvalid.into()) };
        let mac = self.keyring().link_mac(COLLECTED, token);
        let caller = Caller::system(client.address);
        let id = found.row.id;
        let work = async |tx: &mut Tx| {
            if tx.consume_link(&mac, COLLECTED, self.now()).await?.is_none() {
                return Err(Refusal::LinkInvalid.into());
            }
            let key = self.pending(tx, &caller, &id).await?;
            move_state(tx, &id, KeyState::Pending, KeyState::Active, None).await?;
            let by = tx.collection(&id).await?;
            let note = by.map(|by| format!("Confirmed by {}, who collected it", by.recipient));
            let event = AuditEvent { note, ..self.key_event(&caller, Action::KeyAcknowledged, &key) };
            self.record(tx, event).await?;
            tx.revoke_links_of(COLLECTED, id.as_str()).await?;
            Ok::<_, Error>((changed(tx, &id).await?, tx.bump_version().await?))
        };
        let (key, version) = self.write(work).await?;
        self.verifier().changed(&id, version);
        Ok(key)
    }

    /// Costs what a sign-in costs, and is counted as one. After the most wrong ones the hand-over is withdrawn.
    async fn check_passphrase(
        &self,
        hand_over: &HandOver,
        passphrase: &SecretString,
        client: &ClientInfo,
    ) -> Result<()> {
        let wrong = |message: &str| Error::from(FieldErrors::one(Field::Passphrase, message));
        let typed = match text::passphrase(passphrase.expose_secret()) {
            Ok(Some(typed)) => SecretString::from(typed),
            Ok(None) => return Err(wrong("Enter the passphrase.")),
            // Nobody can have set it.
            Err(_) => return Err(wrong("The passphrase is wrong.")),
        };
        let counted_as = self.tries_mac(&hand_over.key);
        self.refuse_waiting(&counted_as).await?;
        let lane = Lane::Stranger { source: Source::of(client.address), first_try: client.first_try };
        let turn = self.passwords().turn(lane).await?;
        // In its own task, so that a caller who hangs up cannot keep a failure off the record.
        let (service, hand_over, address) = (self.clone(), hand_over.clone(), client.address);
        let judged = tokio::spawn(async move {
            let failures = service.begin_attempt(&counted_as).await?;
            let hash = service.store().hand_over_passphrase(&hand_over.key).await?;
            let salt = entropy::bytes(service.entropy())?;
            // A hash with outdated parameters goes with the hand-over, within days.
            if let Compared::Fits { .. } = service.passwords().verify(turn, typed, hash, salt).await? {
                return Ok(true);
            }
            if failures >= WRONG_PASSPHRASES_MAX {
                let note = format!("{failures} wrong passphrases");
                let work = async |tx: &mut Tx| {
                    let system = Caller::system(address);
                    tx.clear_sign_in_failures(&counted_as).await?;
                    let withdrawn = Action::HandOverWithdrawn;
                    service.drop_hand_over(tx, &system, withdrawn, &hand_over, Some(&note)).await
                };
                service.write(work).await?;
            }
            Ok::<_, Error>(false)
        });
        let fits = judged.await.map_err(|error| Error::internal("a passphrase was not judged to the end", error))??;
        if fits { Ok(()) } else { Err(wrong("The passphrase is wrong.")) }
    }

    /// Under which the wrong passphrases of a hand-over are counted.
    fn tries_mac(&self, key: &KeyId) -> [u8; 32] {
        self.keyring().link_mac("wrong passphrases", key.as_str())
    }
}

/// Whatever the maker would be told is of no use to whoever collects the key.
fn stale(error: Error) -> Error {
    match error {
        Error::Refused(_) => Refusal::HandOverStale.into(),
        error => error,
    }
}

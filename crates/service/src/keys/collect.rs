//! Collecting a key by the link of a hand-over. Only now its secret is made, for whoever asks and nobody else.

use domain::{
    audit::{Action, Actor, AuditEvent},
    field::{Field, FieldErrors},
    hand_over::{HandOver, WRONG_PASSPHRASES_MAX},
    ids::KeyId,
    key::ACKNOWLEDGE_WITHIN,
    refusal::Refusal,
    rotation::{NoRotation, Overlap},
    text,
};
use secrecy::{ExposeSecret, SecretString};
use store::{NewKey, Tx};

use super::{
    changed,
    collected::Confirms,
    hand_overs::COLLECT,
    issue::{Issued, ShownSecret},
    requests::{check_unasked, told},
};
use crate::{
    Caller, ClientInfo, Error, Result, Service,
    apps::usable,
    entropy,
    passwords::{Compared, Lane},
    people::change,
    turns::Source,
};

/// A collected key, or one with a new secret, and the token of the link that confirms it, until the deadline.
#[derive(Debug)]
pub struct Collected {
    /// The key with its secret.
    pub issued: Issued,
    /// The part of the link's address that nobody sees again.
    pub confirm: SecretString,
    /// For how long the old secret works once the new one is confirmed; `None` for a new key.
    pub overlap: Option<Overlap>,
}

impl Service {
    /// The hand-over of a link; `None` for one that is unknown, used, withdrawn or expired, with the same work. Looking uses
    /// nothing up.
    pub async fn hand_over_by_token(&self, token: &str) -> Result<Option<HandOver>> {
        let mac = self.keyring().link_mac(COLLECT, token);
        Ok(self.store().hand_over_by_link(&mac, COLLECT, self.now()).await?)
    }

    /// Issues the key of a hand-over, or gives it its new secret, as whoever made it, with the rights that they have now. Of
    /// several at once, one succeeds; by its `form_id`, `collected_by_form` finds what it made. `LinkInvalid` if the link does
    /// not work, `Invalid` or `Wait` for a wrong passphrase, and `HandOverStale` if its maker could no longer do this.
    pub async fn collect(
        &self,
        token: &str,
        passphrase: &SecretString,
        form_id: &str,
        client: &ClientInfo,
    ) -> Result<Collected> {
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
            // Before its maker: a key does not work while its app is archived, and the link works on.
            usable(tx, &Caller::system(None), &hand_over.app_id).await.map_err(stale)?;
            let maker = self.maker(tx, &hand_over.made_by, client).await?;
            let (shown, what) = match hand_over.rotates {
                None => self.collect_key(tx, &maker, &hand_over).await?,
                Some(overlap) => self.collect_secret(tx, &maker, &hand_over, overlap).await?,
            };
            let address = client.address.map(|address| address.to_string());
            tx.set_collected(&hand_over.key, now, address.as_deref()).await?;
            tx.revoke_links_of(COLLECT, hand_over.key.as_str()).await?;
            let deadline = now.plus(ACKNOWLEDGE_WITHIN);
            let confirm = self.link_to_confirm(tx, what, self.token_of_form(token, form_id), now, deadline).await?;
            let changes = vec![change(Field::Recipient, None, Some(&hand_over.recipient))];
            let event = self.hand_over_event(&Caller::system(client.address), Action::HandOverCollected, &hand_over);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            let issued = Issued { key: changed(tx, &hand_over.key).await?, shown, ack_deadline: Some(deadline) };
            let collected = Collected { issued, confirm, overlap: hand_over.rotates };
            Ok::<_, Error>((collected, tx.bump_version().await?))
        };
        let (collected, version) = self.write(work).await?;
        self.verifier().changed(&collected.issued.key.row.id, version);
        Ok(collected)
    }

    /// Whoever made a hand-over, with the rights that they have now; `HandOverStale` for a person who may not enter any more,
    /// or a key that does not work.
    pub(super) async fn maker(
        &self,
        tx: &mut Tx,
        (id, label): &(String, String),
        client: &ClientInfo,
    ) -> Result<Caller> {
        let maker = match Actor::user_of(label).filter(|_| id.is_empty()) {
            Some(user) => Some(Caller::command_line(user)),
            None => self.link_maker_in(tx, id).await?,
        };
        Ok(maker.ok_or(Refusal::HandOverStale)?.at(client.address))
    }

    /// Issues the key as its maker could issue it now; `HandOverStale` if they could not.
    async fn collect_key(&self, tx: &mut Tx, maker: &Caller, hand_over: &HandOver) -> Result<(ShownSecret, Confirms)> {
        let now = self.now();
        let spec = self.read_draft(maker, &hand_over.draft).map_err(stale)?;
        let minted = self.mint(&hand_over.key, spec.kind, spec.rules.environment)?;
        let key = NewKey {
            id: hand_over.key,
            app_id: hand_over.app_id,
            spec,
            token_prefix: minted.prefix,
            ack_deadline: Some(now.plus(ACKNOWLEDGE_WITHIN)),
            // The link works once, and a form of the wizard may make a key of its own.
            form_id: None,
            created_by: maker.actor().clone(),
            created_at: now,
            secret: minted.secret,
        };
        let mut note = collected_by(hand_over);
        match tx.key_request(&hand_over.key).await? {
            Some(request) => note = format!("{note}. {}", told(&request)),
            // The rules may have come after the link.
            None => check_unasked(tx, maker, &key.spec).await.map_err(stale)?,
        }
        self.add_key(tx, maker, &key, Field::Expiry, Some(note)).await.map_err(stale)?;
        Ok((minted.shown, Confirms::key(hand_over.key)))
    }

    /// Gives the key a new secret as whoever made the hand-over could rotate it now; `HandOverStale` if they could not.
    async fn collect_secret(
        &self,
        tx: &mut Tx,
        maker: &Caller,
        hand_over: &HandOver,
        overlap: Overlap,
    ) -> Result<(ShownSecret, Confirms)> {
        usable(tx, maker, &hand_over.app_id).await.map_err(stale)?;
        let key = self.key_to_rotate(tx, maker, &hand_over.key).await.map_err(stale)?;
        let recipient = Some((&*hand_over.recipient, collected_by(hand_over)));
        let (waiting, shown) = self.begin_rotation(tx, maker, &key, overlap, recipient).await.map_err(stale)?;
        Ok((shown, Confirms::secret(hand_over.key, waiting.number)))
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
                // Also if the key cannot be collected now: a right passphrase is no failure.
                let forget = async |tx: &mut Tx| tx.clear_sign_in_failures(&counted_as).await;
                service.write(forget).await?;
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

fn collected_by(hand_over: &HandOver) -> String {
    format!("Collected by {}, by the link that {} made", hand_over.recipient, hand_over.made_by.1)
}

/// Whatever the maker would be told is of no use to whoever collects the key. What can pass is told apart: the link works
/// on.
pub(super) fn stale(error: Error) -> Error {
    match error {
        Error::Refused(
            Refusal::AppArchived
            | Refusal::TooManyKeys { .. }
            | Refusal::NoRotation(NoRotation::Waiting | NoRotation::Running),
        ) => Refusal::HandOverNotNow.into(),
        Error::Refused(_) => Refusal::HandOverStale.into(),
        error => error,
    }
}

//! Handing a key over, or the new secret of one: somebody prepares it, and gets a one-use link for whoever is to collect it.
//! Until then there is no key and no secret.

use domain::{
    audit::{Action, AuditEvent, Change, Subject},
    draft::KeyDraft,
    field::Field,
    hand_over::{Collection, HAND_OVERS_MAX, HandOver, HandOverDraft, HandOverSpec},
    ids::{AppId, KeyId},
    key::KeyDetail,
    kind::KeyKind,
    refusal::Refusal,
    request::RequestState,
    role::Act,
    rotation::{NoRotation, Overlap},
    text,
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::{StoreError, Tx, Unique};

use super::{
    approved::take,
    issue::{check_form_id, check_new, guarded},
    overdue::Overdue,
    requests::check_unasked,
    rotate::can_rotate,
};
use crate::{Caller, Error, Result, Service, apps::usable, entropy, people::change, service::event};

/// The purpose of the link by which a key is collected.
pub(super) const COLLECT: &str = "collect";

/// A hand-over with the token of its link, which nobody sees again.
#[derive(Debug)]
pub struct HandedOver {
    /// The hand-over.
    pub hand_over: HandOver,
    /// The last part of the link's address.
    pub token: SecretString,
}

/// What the form of a hand-over sends.
#[derive(Debug)]
pub struct HandOverForm<'a> {
    /// What was typed for the key.
    pub key: &'a KeyDraft,
    /// The one-use id of the form. One form makes one hand-over, however often it is sent.
    pub form_id: &'a str,
    /// Whom it is for, as typed.
    pub to: &'a HandOverDraft,
    /// The approved request of the maker whose key it is, in place of what was typed for the key.
    pub request: Option<&'a KeyId>,
    /// The passphrase, as typed; empty for none.
    pub passphrase: &'a SecretString,
}

/// What the form that hands a rotation over sends.
#[derive(Debug)]
pub struct RotationForm<'a> {
    /// The one-use id of the form. One form makes one hand-over, however often it is sent.
    pub form_id: &'a str,
    /// Whom it is for, as typed.
    pub to: &'a HandOverDraft,
    /// The passphrase, as typed; empty for none.
    pub passphrase: &'a SecretString,
}

impl Service {
    /// Prepares a key for somebody else to collect. It fails as issuing the key would, and with `AlreadyHandedOver` if the
    /// form has done this before. A request that it uses up is collected with it.
    pub async fn hand_over(&self, caller: &Caller, app: &AppId, form: &HandOverForm<'_>) -> Result<HandedOver> {
        caller.may(Act::ChangeKeys)?;
        let form_id = check_form_id(form.form_id)?;
        let passphrase = form.passphrase.expose_secret();
        let spec = form.to.check(passphrase)?;
        let approved = match form.request {
            Some(key) => Some(self.own_approved(caller, key).await?),
            None => None,
        };
        let draft = approved.as_ref().map_or(form.key, |request| &request.draft);
        self.check_draft(caller, draft).await?;
        let key = self.read_draft(caller, draft)?;
        caller.proved_for(guarded(&key), self.now())?;
        let hash = self.passphrase_hash(passphrase).await?;
        let now = self.now();
        let made = Made { by: caller, form_id, to: spec, has_passphrase: hash.is_some(), now };
        let hand_over = made.of(What {
            key: approved.as_ref().map_or_else(|| self.new_key_id(), |request| Ok(request.key))?,
            app_id: approved.as_ref().map_or(*app, |request| request.app_id),
            kind: key.kind,
            name: key.name.clone(),
            draft: draft.clone(),
            rotates: None,
        });
        let work = async |tx: &mut Tx| {
            match &approved {
                Some(request) => take(tx, self, request, RequestState::HandedOver).await?,
                None => check_unasked(tx, caller, &key).await?,
            }
            check_new(tx, caller, &hand_over.app_id, &key, now, draft.expiry_field()).await?;
            self.add_hand_over(tx, caller, &hand_over, hash.as_deref()).await
        };
        let token = self.write(work).await?;
        Ok(HandedOver { hand_over, token })
    }

    /// Prepares a new secret of a key for somebody else to collect. Until they have confirmed it, nothing changes. It fails as
    /// rotating the key would, and with `NoRotation` if a new secret waits to be collected already.
    pub async fn hand_rotation_over(
        &self,
        caller: &Caller,
        id: &KeyId,
        overlap: Overlap,
        form: &RotationForm<'_>,
    ) -> Result<HandedOver> {
        caller.may_with_some(Act::RotateKeys)?;
        let form_id = check_form_id(form.form_id)?;
        let passphrase = form.passphrase.expose_secret();
        let spec = form.to.check(passphrase)?;
        let hash = self.passphrase_hash(passphrase).await?;
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let key = self.key_to_rotate(tx, caller, id).await?;
            usable(tx, caller, &key.app_id).await?;
            can_rotate(tx, &key, now).await?;
            if tx.hand_over(id).await?.is_some() {
                return Err(NoRotation::HandedOver.into());
            }
            let made = Made { by: caller, form_id, to: spec, has_passphrase: hash.is_some(), now };
            let hand_over = made.of(What {
                key: *id,
                app_id: key.app_id,
                kind: key.row.kind,
                name: key.row.name,
                draft: KeyDraft::default(),
                rotates: Some(overlap),
            });
            tx.forget_collection(id).await?;
            let token = self.add_hand_over(tx, caller, &hand_over, hash.as_deref()).await?;
            Ok::<_, Error>(HandedOver { hand_over, token })
        };
        self.write(work).await
    }

    async fn passphrase_hash(&self, passphrase: &str) -> Result<Option<String>> {
        let Ok(Some(passphrase)) = text::passphrase(passphrase) else { return Ok(None) };
        let salt = entropy::bytes(self.entropy())?;
        Ok(Some(self.passwords().hash(passphrase.into(), salt).await?))
    }

    /// Adds a hand-over with its link, whose token it returns, and records it.
    async fn add_hand_over(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        hand_over: &HandOver,
        hash: Option<&str>,
    ) -> Result<SecretString> {
        // Each maker has a number of their own: nobody keeps the others from theirs.
        if tx.hand_overs_waiting_of(caller.actor().id(), self.now()).await? >= HAND_OVERS_MAX {
            return Err(Refusal::TooManyHandOvers { most: HAND_OVERS_MAX }.into());
        }
        tx.insert_hand_over(hand_over, hash).await.map_err(|error| match error {
            StoreError::Conflict(Unique::HandOverForm) => Refusal::AlreadyHandedOver.into(),
            error => Error::from(error),
        })?;
        let (token, link) =
            self.new_link(COLLECT, hand_over.key.as_str(), hand_over.created_at, hand_over.expires_at)?;
        tx.insert_link(&link).await?;
        let event = self.hand_over_event(caller, Action::HandOverMade, hand_over);
        self.record(tx, AuditEvent { changes: told(hand_over), ..event }).await?;
        Ok(token)
    }

    /// The new secret of this key that somebody is to collect, for callers who could rotate it; `None` if there is none.
    pub async fn rotation_hand_over(&self, caller: &Caller, id: &KeyId) -> Result<Option<HandOver>> {
        let found = self.store().hand_over(id).await?;
        Ok(found.filter(|one| one.rotates.is_some() && may_make(caller, one).is_ok()))
    }

    /// The hand-overs that wait and whose keys are in the caller's sight, the latest first. For programs, to see them is a right
    /// of its own.
    pub async fn hand_overs_in_sight(&self, caller: &Caller) -> Result<Vec<HandOver>> {
        caller.may(Act::SeeKeys)?;
        let all = self.store().hand_overs().await?;
        Ok(all.into_iter().filter(|one| sees(caller, one)).collect())
    }

    /// One of them; `HandOverGone` if it no longer waits.
    pub async fn hand_over_in_sight(&self, caller: &Caller, key: &KeyId) -> Result<HandOver> {
        caller.may(Act::SeeKeys)?;
        let found = self.store().hand_over(key).await?;
        Ok(found.filter(|one| sees(caller, one)).ok_or(Refusal::HandOverGone)?)
    }

    /// The hand-overs that wait and that the caller could make, the latest first.
    pub async fn hand_overs(&self, caller: &Caller) -> Result<Vec<HandOver>> {
        caller.may_with_some(Act::RotateKeys)?;
        let all = self.store().hand_overs().await?;
        Ok(all.into_iter().filter(|one| may_make(caller, one).is_ok()).collect())
    }

    /// One of them; `HandOverGone` if it no longer waits.
    pub async fn hand_over_of(&self, caller: &Caller, key: &KeyId) -> Result<HandOver> {
        caller.may_with_some(Act::RotateKeys)?;
        let found = self.store().hand_over(key).await?;
        Ok(found.filter(|one| may_make(caller, one).is_ok()).ok_or(Refusal::HandOverGone)?)
    }

    /// The key whose new secret a hand-over is about; `None` for a new key, or one that was deleted since.
    pub async fn key_of_hand_over(&self, hand_over: &HandOver) -> Result<Option<KeyDetail>> {
        match hand_over.rotates {
            Some(_) => Ok(self.store().key_detail(&hand_over.key).await?),
            None => Ok(None),
        }
    }

    /// Withdraws a hand-over. Its link no longer works. For a key, `OwnKey` or `BeyondOwnRights` if it could not delete what is
    /// handed over.
    pub async fn withdraw_hand_over(&self, caller: &Caller, key: &KeyId) -> Result<()> {
        caller.may_with_some(Act::RotateKeys)?;
        let work = async |tx: &mut Tx| {
            let found = tx.hand_over(key).await?.filter(|one| may_make(caller, one).is_ok());
            let hand_over = found.ok_or(Refusal::HandOverGone)?;
            match tx.key_detail(key).await? {
                Some(rotated) => caller.stays_below(&rotated)?,
                None => caller.may_make(&hand_over.draft.sketch(hand_over.kind, self.now()))?,
            }
            self.drop_hand_over(tx, caller, Action::HandOverWithdrawn, &hand_over, None).await
        };
        self.write(work).await
    }

    /// Withdraws the hand-over of a key that is deleted, if one waits. Its recipient could no longer collect anything.
    pub(crate) async fn withdraw_with_key(&self, tx: &mut Tx, caller: &Caller, key: &KeyId) -> Result<()> {
        let Some(hand_over) = tx.hand_over(key).await? else { return Ok(()) };
        let (withdrawn, note) = (Action::HandOverWithdrawn, "The key was deleted.");
        self.drop_hand_over(tx, caller, withdrawn, &hand_over, Some(note)).await
    }

    /// Who collected a key, for callers who see every key; `None` if whoever issued it saw its secret.
    pub async fn collection(&self, caller: &Caller, id: &KeyId) -> Result<Option<Collection>> {
        let key = self.key(caller, id).await?;
        if caller.may(Act::SeeAllKeys).is_err() {
            return Ok(None);
        }
        Ok(self.store().collection(&key.row.id).await?)
    }

    /// Drops the hand-overs that nobody collected in time, and records each. Runs in the background. Returns how many it
    /// dropped.
    pub async fn drop_overdue_hand_overs(&self) -> Result<usize> {
        let mut overdue = Overdue::new();
        while let Some(limit) = overdue.next() {
            for hand_over in &self.store().hand_overs_overdue(self.now(), limit).await? {
                let work = async |tx: &mut Tx| {
                    let (system, note) = (Caller::system(None), "Nobody collected the key in time.");
                    self.drop_hand_over(tx, &system, Action::HandOverExpired, hand_over, Some(note)).await
                };
                if overdue.is_new(&hand_over.key) {
                    overdue.note(hand_over.key, self.write(work).await)?;
                }
            }
        }
        overdue.result()
    }

    /// Removes a hand-over with its link, and records why. `HandOverGone` if it no longer waits.
    pub(super) async fn drop_hand_over(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        action: Action,
        hand_over: &HandOver,
        note: Option<&str>,
    ) -> Result<()> {
        if !tx.delete_hand_over(&hand_over.key).await? {
            return Err(Refusal::HandOverGone.into());
        }
        tx.revoke_links_of(COLLECT, hand_over.key.as_str()).await?;
        let event = self.hand_over_event(caller, action, hand_over);
        let changes = vec![change(Field::Recipient, Some(&hand_over.recipient), None)];
        self.record(tx, AuditEvent { changes, note: note.map(str::to_owned), ..event }).await?;
        Ok(())
    }

    /// An event about the key of a hand-over.
    pub(super) fn hand_over_event(&self, caller: &Caller, action: Action, hand_over: &HandOver) -> AuditEvent {
        let subject = Subject::key(&hand_over.key, hand_over.kind, &hand_over.key_name);
        AuditEvent { app_id: Some(hand_over.app_id), ..event(caller, self.now(), action, subject) }
    }
}

/// How a hand-over comes to be.
struct Made<'a> {
    by: &'a Caller,
    form_id: &'a str,
    to: HandOverSpec,
    has_passphrase: bool,
    now: Timestamp,
}

/// What is handed over.
struct What {
    key: KeyId,
    app_id: AppId,
    kind: KeyKind,
    name: String,
    draft: KeyDraft,
    rotates: Option<Overlap>,
}

impl Made<'_> {
    fn of(self, what: What) -> HandOver {
        HandOver {
            key: what.key,
            app_id: what.app_id,
            kind: what.kind,
            key_name: what.name,
            draft: what.draft,
            rotates: what.rotates,
            form_id: self.form_id.to_owned(),
            recipient: self.to.recipient,
            email: self.to.email,
            has_passphrase: self.has_passphrase,
            made_by: (self.by.actor().id().to_owned(), self.by.actor().label()),
            created_at: self.now,
            expires_at: self.now.plus(self.to.life.length()),
        }
    }
}

/// Whether the key of this hand-over is in the caller's sight.
fn sees(caller: &Caller, hand_over: &HandOver) -> bool {
    caller.sight().sees(&hand_over.app_id, hand_over.kind, &hand_over.key)
}

/// Whether the caller could make this hand-over, and so may see and withdraw it.
fn may_make(caller: &Caller, hand_over: &HandOver) -> Result<(), Refusal> {
    if hand_over.rotates.is_some() {
        let HandOver { key, kind, app_id, .. } = hand_over;
        // Its permissions do not matter: a hand-over can only be withdrawn.
        let may = caller.sight().sees(app_id, *kind, key) && caller.rights_on_kind(*kind, key).may(Act::RotateKeys);
        return if may { Ok(()) } else { Err(Refusal::NotFound) };
    }
    caller.may_issue(hand_over.kind)?;
    if caller.sight().apps.has(&hand_over.app_id) { Ok(()) } else { Err(Refusal::NotFound) }
}

/// What the record says of a hand-over.
fn told(hand_over: &HandOver) -> Vec<Change> {
    let told = [
        (Field::Recipient, Some(hand_over.recipient.clone())),
        (Field::Email, hand_over.email.clone()),
        (Field::Passphrase, hand_over.has_passphrase.then(|| "asked for".to_owned())),
        (Field::Overlap, hand_over.rotates.map(Overlap::words)),
        (Field::LinkLife, Some(format!("until {}", hand_over.expires_at.to_rfc3339()))),
    ];
    told.into_iter().filter_map(|(field, to)| Some(change(field, None, Some(&to?)))).collect()
}

//! The API KEY of an app: made with the app, revealed to owners, and issued again when it got about.

use domain::{
    app::App,
    audit::{Action, AuditEvent, Change, Subject},
    ids::{AppId, KeyId},
    member_key::{MemberKeyRow, NAME, PlainMemberKey, secret_from_random},
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    timestamp::Timestamp,
};
use secrecy::SecretString;
use store::{MemberKeyKept, Store, Tx};
use zeroize::Zeroizing;

use crate::{
    Caller, Error, Result, Service,
    apps::managed,
    entropy::{self, Entropy, EntropyError},
    keyring::Keyring,
    keys::issue::check_form_id,
    service::{event, record},
};

/// How many apps get their first API KEY in one transaction.
const AT_ONCE: u32 = 100;

impl Service {
    /// What people see of an app's API KEY. `AppNotFound` for an app out of sight, `NotFound` if it has none yet.
    pub async fn member_key(&self, caller: &Caller, app: &AppId) -> Result<MemberKeyRow> {
        caller.may(Act::SeeRooms)?;
        self.app(caller, app).await?;
        let kept = self.store().member_key(app).await?;
        Ok(kept.ok_or(Refusal::NotFound)?.row)
    }

    /// The whole API KEY of an app, for somebody who just proved who they are. It is recorded who saw it.
    pub async fn reveal_member_key(&self, caller: &Caller, app: &AppId) -> Result<SecretString> {
        self.may_reveal(caller)?;
        let work = async |tx: &mut Tx| {
            let of = managed(tx, caller, app).await?;
            let kept = tx.member_key(app).await?.ok_or(Refusal::NotFound)?;
            let plain = open(self.keyring(), app, &kept)?;
            let change = Change { field: NAME.to_owned(), from: None, to: Some(kept.row.masked()) };
            self.record(tx, self.member_event(caller, Action::MemberKeyRevealed, &of, change)).await?;
            Ok::<_, Error>(plain)
        };
        self.write(work).await
    }

    /// Gives an app another API KEY and returns it. The old one and every access token that it bought are refused from now
    /// on. A form does it once: `AlreadyReissued` for an id that was used.
    pub async fn reissue_member_key(&self, caller: &Caller, app: &AppId, form_id: &str) -> Result<SecretString> {
        self.may_reveal(caller)?;
        let form_id = check_form_id(form_id)?;
        let (kept, plain) = mint(self.keyring(), self.entropy(), app, self.now(), &caller.actor_in(app).label())?;
        let work = async |tx: &mut Tx| {
            let of = managed(tx, caller, app).await?;
            if !tx.use_form(form_id, kept.row.issued_at).await? {
                return Err(Refusal::AlreadyReissued.into());
            }
            let old = tx.member_key(app).await?.map(|kept| kept.row);
            tx.put_member_key(app, &kept).await?;
            let from = old.as_ref().map(MemberKeyRow::masked);
            let change = Change { field: NAME.to_owned(), from, to: Some(kept.row.masked()) };
            self.record(tx, self.member_event(caller, Action::MemberKeyReissued, &of, change)).await?;
            Ok::<_, Error>((old.map(|old| old.key_id), tx.bump_version().await?))
        };
        let (old, version) = self.write(work).await?;
        self.verifier().changed(&old.unwrap_or(kept.row.key_id), version);
        Ok(plain.expose().into())
    }

    fn may_reveal(&self, caller: &Caller) -> Result<(), Refusal> {
        caller.may(Act::RevealMemberKey)?;
        caller.proved_for(Guarded::MemberKey, self.now())
    }

    /// Makes the API KEY of an app that is created in this transaction. The event of the app records it.
    pub(crate) async fn add_member_key(&self, tx: &mut Tx, caller: &Caller, app: &App) -> Result<Change> {
        let (kept, _) =
            mint(self.keyring(), self.entropy(), &app.id, app.created_at, &caller.actor_in(&app.id).label())?;
        tx.put_member_key(&app.id, &kept).await?;
        Ok(Change { field: NAME.to_owned(), from: None, to: Some(kept.row.masked()) })
    }

    fn member_event(&self, caller: &Caller, action: Action, app: &App, change: Change) -> AuditEvent {
        let event = self.event_about(caller, action, &app.id, Subject::app(&app.id, &app.name));
        AuditEvent { changes: vec![change], ..event }
    }
}

/// A new API KEY for an app: as it is kept, and whole.
pub(crate) fn mint(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    app: &AppId,
    now: Timestamp,
    issued_by: &str,
) -> Result<(MemberKeyKept, PlainMemberKey), EntropyError> {
    let key_id = KeyId::from_random(entropy::bytes(entropy)?);
    let secret = Zeroizing::new(secret_from_random(entropy::bytes(entropy)?));
    let plain = PlainMemberKey::compose(&key_id, &secret, now);
    let (mac, pepper_version) = keyring.new_token_mac(plain.expose().as_bytes());
    let (sealed, seal_version) = keyring.seal(plain.expose().as_bytes(), &place(app, &key_id), entropy)?;
    let row = MemberKeyRow { key_id, issued_at: now, issued_by: issued_by.to_owned() };
    Ok((MemberKeyKept { row, mac, pepper_version, sealed, seal_version }, plain))
}

/// Gives every app an API KEY that an earlier version made without one, each on record.
pub(crate) async fn fill_member_keys(
    store: &Store,
    keyring: &Keyring,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), Error> {
    while !store.apps_without_member_key(1).await?.is_empty() {
        let fill = async |tx: &mut Tx| {
            let system = Caller::system(None);
            for id in tx.apps_without_member_key(AT_ONCE).await? {
                let Some(app) = tx.app(&id).await? else { continue };
                let (kept, _) = mint(keyring, entropy, &id, now, &system.actor().label())?;
                tx.put_member_key(&id, &kept).await?;
                let subject = Subject::app(&app.id, &app.name);
                let event = event(&system, now, Action::MemberKeyIssued, subject);
                let change = Change { field: NAME.to_owned(), from: None, to: Some(kept.row.masked()) };
                let event = AuditEvent { app_id: Some(id), changes: vec![change], ..event };
                record(keyring, tx, &event).await?;
            }
            Ok::<_, Error>(())
        };
        store.write(fill).await?;
    }
    Ok(())
}

fn open(keyring: &Keyring, app: &AppId, kept: &MemberKeyKept) -> Result<SecretString> {
    let opened = keyring.unseal(&kept.sealed, &place(app, &kept.row.key_id), kept.seal_version);
    let opened = opened.map_err(|error| Error::internal("a sealed API KEY", error))?;
    let text = std::str::from_utf8(&opened).map_err(|error| Error::internal("a sealed API KEY", error))?;
    Ok(text.into())
}

/// The place of a sealed API KEY: table, row and column. The key's id is in it, so that an old copy cannot be put back.
fn place(app: &AppId, key: &KeyId) -> String {
    format!("member_key|{app}|{key}|sealed")
}

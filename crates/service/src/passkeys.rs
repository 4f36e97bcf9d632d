//! One's own passkeys: added, named, listed and removed. Each is a second factor after the password, and replaces both if
//! its authenticator keeps it in a list.

use domain::{
    audit::{Action, AuditEvent, Subject},
    device,
    field::{Field, FieldErrors},
    ids::{PasskeyId, PersonId},
    passkey::{self, PASSKEYS_MAX},
    proof::Guarded,
    refusal::Refusal,
    second_factor::FactorPolicy,
    shown_once::ShownOnce,
    text,
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::{PasskeyRow, SessionRow, StoreError, Tx, Unique};

use crate::{
    ClientInfo, Error, Result, Service, entropy,
    people::change,
    second_factor::{RecoveryCodes, too_short_alone},
    service::event,
    sessions::Session,
};

/// A passkey, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPasskey {
    /// What names it in a form.
    pub id: PasskeyId,
    /// The name that the person gave it.
    pub name: String,
    /// When it was added.
    pub since: Timestamp,
    /// When it was last used; `None` for never.
    pub used_at: Option<Timestamp>,
}

impl Service {
    /// The passkeys of the person who is signed in, the oldest first.
    pub async fn own_passkeys(&self, session: &Session) -> Result<Vec<OwnPasskey>> {
        let rows = self.store().passkeys_of(&session.person.id).await?;
        let shown =
            |row: PasskeyRow| OwnPasskey { id: row.id, name: row.name, since: row.created_at, used_at: row.used_at };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Whether somebody may add a passkey now: `FactorsOff`, `ProveAgain`, or `Invalid` at the name if there is no room for
    /// another.
    pub async fn may_add_passkey(&self, session: &Session) -> Result<()> {
        if self.factor_rules_now().await?.policy == FactorPolicy::Off {
            return Err(Refusal::FactorsOff.into());
        }
        session.caller(None).proved_for(Guarded::AddFactor, self.now())?;
        room_for_another(self.store().passkeys_of(&session.person.id).await?.len())
    }

    /// Adds the passkey that answered a challenge. If it is the first second factor, ends the other sessions, which began
    /// without one, and returns recovery codes.
    pub async fn add_passkey(
        &self,
        session: &Session,
        name: &str,
        answer: &str,
        client: &ClientInfo,
    ) -> Result<Option<RecoveryCodes>> {
        self.refuse_sent_again(client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
        self.may_add_passkey(session).await?;
        let device = device::in_words(&client.user_agent);
        let name = passkey::name(name, &device).map_err(|message| FieldErrors::one(Field::PasskeyName, message))?;
        let (id, now) = (&session.person.id, self.now());
        let (credential_id, credential) = self.added(id, answer).await?;
        let (codes, macs) = self.new_codes(id)?;
        let row = PasskeyRow {
            id: PasskeyId::from_random(entropy::bytes(self.entropy())?),
            person_id: *id,
            credential_id,
            credential,
            name,
            created_at: now,
            used_at: None,
        };
        let subject = Subject::person(id, &session.person.email);
        let changes = vec![change(Field::PasskeyName, None, Some(&row.name))];
        let event =
            AuditEvent { changes, ..event(&session.caller(client.address), now, Action::PasskeyAdded, subject) };
        let add = async |tx: &mut Tx| {
            room_for_another(tx.passkeys_of(id).await?.len())?;
            let is_first = !tx.has_second_factor(id).await?;
            if is_first {
                self.make_once(tx, client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
            }
            tx.insert_passkey(&row).await.map_err(|error| match error {
                StoreError::Conflict(Unique::Passkey) => Refusal::PasskeyRefused.into(),
                error => Error::from(error),
            })?;
            self.record(tx, event).await?;
            if !is_first {
                return Ok(None);
            }
            tx.put_recovery_codes(id, &macs).await?;
            Ok::<_, Error>(Some(self.only_this_session(tx, session, Some(now)).await?))
        };
        let Some(others) = self.write(add).await? else { return Ok(None) };
        self.end_streams(&others);
        Ok(Some(codes))
    }

    /// Gives a passkey another name. `FactorChanged` if it is gone.
    pub async fn rename_passkey(
        &self,
        session: &Session,
        passkey: &PasskeyId,
        name: &str,
        client: &ClientInfo,
    ) -> Result<()> {
        let name = text::name(name).map_err(|message| FieldErrors::one(Field::PasskeyName, message))?;
        let person = &session.person;
        let event = event(
            &session.caller(client.address),
            self.now(),
            Action::AccountEdited,
            Subject::person(&person.id, &person.email),
        );
        let rename = async |tx: &mut Tx| {
            let before = own(tx, &person.id, passkey).await?;
            if before.name == name {
                return Ok(());
            }
            tx.rename_passkey(&person.id, passkey, &name).await?;
            let changes = vec![change(Field::PasskeyName, Some(&before.name), Some(&name))];
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(rename).await
    }

    /// Removes a passkey, if the password is right, or if whoever has none signed in a moment ago. If it was the last second
    /// factor, the password must be long enough to be all that protects the account, and the other sessions end.
    pub async fn remove_passkey(
        &self,
        session: &Session,
        passkey: &PasskeyId,
        password: &SecretString,
        client: &ClientInfo,
    ) -> Result<()> {
        let person = &session.person;
        let short = too_short_alone(password.expose_secret());
        let proven = self.prove_oneself(session, password, Field::CurrentPassword, client).await?;
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&session.caller(client.address), self.now(), Action::PasskeyRemoved, subject);
        let remove = async |tx: &mut Tx| {
            self.accept(tx, &proven).await?;
            let row = own(tx, &person.id, passkey).await?;
            tx.delete_passkey(&person.id, passkey).await?;
            let changes = vec![change(Field::PasskeyName, Some(&row.name), None)];
            self.record(tx, AuditEvent { changes, ..event }).await?;
            if tx.has_second_factor(&person.id).await? {
                return Ok(Vec::new());
            }
            if let Some(short) = short {
                return Err(short.into());
            }
            tx.put_recovery_codes(&person.id, &[]).await?;
            self.only_this_session(tx, &self.proved(session), None).await
        };
        let others = self.write(remove).await?;
        self.end_streams(&others);
        Ok(())
    }

    /// Ends the person's other sessions and their sign-ins that are under way, and notes in this one whether its person has
    /// a second factor. Returns the sessions that ended.
    pub(crate) async fn only_this_session(
        &self,
        tx: &mut Tx,
        session: &Session,
        factor_at: Option<Timestamp>,
    ) -> Result<Vec<SessionRow>> {
        let id = &session.person.id;
        tx.delete_sign_in_steps_of(id).await?;
        tx.set_session_checked(&session.id_mac, session.password_checked_at, factor_at).await?;
        let mut others = tx.sessions_of(id).await?;
        tx.delete_other_sessions(id, &session.id_mac).await?;
        others.retain(|other| other.id_mac != session.id_mac);
        Ok(others)
    }
}

fn room_for_another(passkeys: usize) -> Result<()> {
    if passkeys < PASSKEYS_MAX {
        return Ok(());
    }
    let message = format!("You have {PASSKEYS_MAX} passkeys. Remove one that you no longer need first.");
    Err(FieldErrors::one(Field::PasskeyName, message).into())
}

async fn own(tx: &mut Tx, person: &PersonId, passkey: &PasskeyId) -> Result<PasskeyRow> {
    let found = tx.passkeys_of(person).await?.into_iter().find(|row| row.id == *passkey);
    Ok(found.ok_or(Refusal::FactorChanged)?)
}

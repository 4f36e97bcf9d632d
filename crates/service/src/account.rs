//! What people do with their own account: name, e-mail, password, and the browsers that are signed in.

use domain::{
    audit::{Action, AuditEvent, Change, Subject},
    device,
    field::{Field, FieldErrors},
    labels::Owner,
    page::grouped,
    refusal::Refusal,
    text,
    timestamp::Timestamp,
    zone::Zone,
};
use secrecy::{ExposeSecret, SecretString};
use store::{SessionRow, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::typed,
    entropy,
    own_email::CONFIRMS,
    reset::{MAILED, replace_password},
    service::event,
    sessions::{Session, is_over},
};

/// How much of a session's MAC names it in a form.
const HANDLE: usize = 16;

/// A session of a person, as the person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// What names it in a form. It is of no use as a cookie.
    pub handle: String,
    /// The browser and its system in words.
    pub device: String,
    /// Where the person signed in from, if that was known.
    pub address: Option<String>,
    /// When the person signed in.
    pub since: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Service {
    /// The sessions of a person that have not ended, the newest first.
    pub async fn own_sessions(&self, session: &Session) -> Result<Vec<OwnSession>> {
        let rows = self.store().sessions_of(&session.person.id).await?;
        let open = rows.into_iter().filter(|row| !is_over(row, self.now()));
        let shown = |row: SessionRow| OwnSession {
            handle: handle(&row.id_mac),
            is_this: row.id_mac == session.id_mac,
            device: device::in_words(row.user_agent.as_deref().unwrap_or_default()),
            address: row.address,
            since: row.created_at,
            last_seen: row.last_seen_at,
        };
        Ok(open.map(shown).collect())
    }

    /// Ends one session of the person; `NoSession` if it has ended, or is somebody else's.
    pub async fn end_own_session(&self, session: &Session, named: &str, client: &ClientInfo) -> Result<()> {
        let person = &session.person;
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&session.caller(client.address), self.now(), Action::SessionEnded, subject);
        let end = async |tx: &mut Tx| {
            let sessions = tx.sessions_of(&person.id).await?;
            let row = sessions.into_iter().find(|row| handle(&row.id_mac) == named).ok_or(Refusal::NoSession)?;
            tx.delete_session(&row.id_mac).await?;
            let note = (row.id_mac != session.id_mac).then(|| of_another_browser(&row));
            self.record(tx, AuditEvent { note, ..event }).await?;
            Ok::<_, Error>(row)
        };
        let row = self.write(end).await?;
        self.end_streams(&[row]);
        Ok(())
    }

    /// Ends every session of the person but this one, and returns how many. If there is none, records nothing.
    pub async fn end_other_sessions(&self, session: &Session, client: &ClientInfo) -> Result<u64> {
        let person = &session.person;
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&session.caller(client.address), self.now(), Action::SessionEnded, subject);
        let end = async |tx: &mut Tx| {
            let others = others(tx, session).await?;
            let ended = tx.delete_other_sessions(&person.id, &session.id_mac).await?;
            if ended > 0 {
                self.record(tx, AuditEvent { note: Some(ended_elsewhere(ended)), ..event }).await?;
            }
            Ok::<_, Error>((ended, others))
        };
        let (ended, others) = self.write(end).await?;
        self.end_streams(&others);
        Ok(ended)
    }

    /// Changes the person's own name. If it does not differ, records nothing.
    pub async fn rename_self(&self, session: &Session, name: &str, client: &ClientInfo) -> Result<()> {
        let name = text::person_name(name).map_err(|message| FieldErrors::one(Field::PersonName, message))?;
        let person = &session.person;
        let caller = session.caller(client.address);
        let rename = async |tx: &mut Tx| {
            let Some(row) = tx.person_by_id(&person.id).await? else { return Err(Refusal::NotFound.into()) };
            if row.name == name {
                return Ok(());
            }
            tx.set_name_and_email(&row.id, &name, &row.email).await?;
            tx.set_person_keys(&row.id, &name, &self.keyring().email_mac(&row.email)).await?;
            let changes = vec![changed(Field::PersonName, &row.name, &name)];
            let event = event(&caller, self.now(), Action::AccountEdited, Subject::person(&row.id, &row.email));
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(rename).await
    }

    /// Changes the zone that the person reads times in; empty for the browser's. If it does not differ, records nothing.
    pub async fn set_own_zone(&self, session: &Session, name: &str, client: &ClientInfo) -> Result<()> {
        let known = || Zone::parse(name).map(|zone| zone.name().to_owned());
        let name = if name.is_empty() { Some(String::new()) } else { known() };
        let name = name.ok_or_else(|| FieldErrors::one(Field::TimeZone, "Choose a zone of the list."))?;
        if name == session.time_zone {
            return Ok(());
        }
        let person = &session.person;
        let set = async |tx: &mut Tx| {
            tx.set_time_zone(&person.id, &name).await?;
            let told = |name: &str| if name.is_empty() { "The browser's".to_owned() } else { name.to_owned() };
            let changes = vec![changed(Field::TimeZone, &told(&session.time_zone), &told(&name))];
            let subject = Subject::person(&person.id, &person.email);
            let event = event(&session.caller(client.address), self.now(), Action::AccountEdited, subject);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(set).await
    }

    /// Changes the e-mail that the person signs in with, if the password is right, and with it the owner of the keys that
    /// they own. The old e-mail is told by mail, and a code goes to the new one. `Invalid` at the e-mail if somebody uses it or
    /// is invited with it, or if they own more keys than an act takes.
    pub async fn change_own_email(
        &self,
        session: &Session,
        email: &str,
        password: &SecretString,
        client: &ClientInfo,
    ) -> Result<()> {
        let mut errors = FieldErrors::default();
        let email = errors.keep(Field::Email, text::email(email));
        errors.keep(Field::CurrentPassword, typed(password));
        let Some(email) = email.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        // Whoever meets e-mails of others again and again waits, as for wrong passwords.
        let met = self.keyring().met_emails_mac(session.person.id.as_str());
        self.refuse_waiting(&met).await?;
        let proven = self.prove(session, password, Field::CurrentPassword, client).await?;
        let caller = session.caller(client.address);
        let change = async |tx: &mut Tx| {
            let row = self.accept(tx, &proven).await?;
            if row.email == email {
                return Ok(Ok(None));
            }
            // An e-mail that is invited is for whoever has the invite.
            let is_taken = tx.person_by_email(&email).await?.is_some_and(|other| other.id != row.id)
                || tx.invite_for(&email, self.now()).await?.is_some();
            if is_taken {
                return Ok(Err(FieldErrors::one(Field::Email, Refusal::EmailTaken.message())));
            }
            // Where no mail is sent, nobody could confirm it.
            let known = if self.sends_mail() { tx.doubt_email(&row.id).await? } else { None };
            tx.set_name_and_email(&row.id, &row.name, &email).await?;
            tx.set_person_keys(&row.id, &row.name, &self.keyring().email_mac(&email)).await?;
            // It went to the old one.
            tx.revoke_links_of(MAILED, row.id.as_str()).await?;
            tx.revoke_links_of(CONFIRMS, row.id.as_str()).await?;
            let changes = vec![changed(Field::Email, &row.email, &email)];
            let event = event(&caller, self.now(), Action::AccountEdited, Subject::person(&row.id, &email));
            self.record(tx, AuditEvent { changes, ..event }).await?;
            // Keys name their owner by the e-mail.
            let system = Caller::system(client.address);
            let to = Owner::Person(email.clone());
            let keys = self.transfer_all_of(tx, &system, &row.email, &to).await.map_err(|error| match error {
                Error::Refused(Refusal::TooMany { most }) => {
                    let most = grouped(u64::from(most));
                    let message = format!("You own more than {most} keys. Let an admin transfer some to a team first.");
                    FieldErrors::one(Field::Email, message).into()
                }
                error => error,
            })?;
            let version = if keys.is_empty() { None } else { Some(tx.bump_version().await?) };
            Ok::<_, Error>(Ok(Some((row.name, known, keys, version))))
        };
        let changed = match self.write(change).await? {
            Ok(changed) => changed,
            Err(taken) => {
                self.begin_attempt(&met).await?;
                return Err(taken.into());
            }
        };
        let Some((name, known, keys, version)) = changed else { return Ok(()) };
        // Not to one in doubt: it may be somebody else's, whom anybody could have mailed to.
        if let Some(known) = known {
            self.mail_email_changed(name, known);
        }
        if let Err(error) = self.mail_own_code(session).await {
            // They can ask for another.
            tracing::warn!(%error, "no code was mailed to a new e-mail");
        }
        let Some(version) = version else { return Ok(()) };
        for key in &keys {
            self.verifier().changed(key, version);
        }
        Ok(())
    }

    /// Changes the person's own password, if the old one is right, and ends the other sessions.
    pub async fn change_own_password(
        &self,
        session: &Session,
        current: &SecretString,
        new: &SecretString,
        client: &ClientInfo,
    ) -> Result<()> {
        let person = &session.person;
        let least = self.password_min(&person.id).await?;
        let mut errors = FieldErrors::default();
        let old = errors.keep(Field::CurrentPassword, typed(current));
        let words = [person.name.as_str(), person.email.as_str()];
        let new = errors.keep(Field::NewPassword, text::password(new.expose_secret(), &words, least));
        if let (Some(old), Some(new)) = (&old, &new)
            && old.expose_secret() == new
        {
            errors.push(Field::NewPassword, "This is your current password. Choose another.");
        }
        let Some(new) = new.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        let proven = self.prove(session, current, Field::CurrentPassword, client).await?;
        let hash = self.passwords().hash(new.into(), entropy::bytes(self.entropy())?).await?;
        let caller = session.caller(client.address);
        let change = async |tx: &mut Tx| {
            let row = self.accept(tx, &proven).await?;
            replace_password(tx, &row.id, &hash).await?;
            tx.set_password_changed(&session.id_mac).await?;
            let others = others(tx, session).await?;
            let ended = tx.delete_other_sessions(&row.id, &session.id_mac).await?;
            let note = (ended > 0).then(|| ended_elsewhere(ended));
            let event = event(&caller, self.now(), Action::PasswordChanged, Subject::person(&row.id, &row.email));
            self.record(tx, AuditEvent { note, ..event }).await?;
            Ok::<_, Error>(others)
        };
        let others = self.write(change).await?;
        self.end_streams(&others);
        Ok(())
    }

    /// Ends the streams of sessions that have ended.
    pub(crate) fn end_streams(&self, sessions: &[SessionRow]) {
        let macs = sessions.iter().filter_map(|session| session.id_mac.as_slice().try_into().ok());
        macs.for_each(|mac| self.streams().end(mac));
    }
}

async fn others(tx: &mut Tx, session: &Session) -> Result<Vec<SessionRow>> {
    let mut sessions = tx.sessions_of(&session.person.id).await?;
    sessions.retain(|row| row.id_mac != session.id_mac);
    Ok(sessions)
}

fn handle(id_mac: &[u8]) -> String {
    hex::encode(id_mac.get(..HANDLE).unwrap_or_default())
}

fn of_another_browser(row: &SessionRow) -> String {
    let device = device::in_words(row.user_agent.as_deref().unwrap_or_default());
    let address = row.address.as_deref().map(|address| format!(", {address}")).unwrap_or_default();
    format!("Of another browser: {device}{address}")
}

fn ended_elsewhere(ended: u64) -> String {
    let sessions = if ended == 1 { "session" } else { "sessions" };
    format!("{} other {sessions} ended", grouped(ended))
}

fn changed(field: Field, from: &str, to: &str) -> Change {
    Change { field: field.as_str().to_owned(), from: Some(from.to_owned()), to: Some(to.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_counts_in_words() {
        assert_eq!(ended_elsewhere(1), "1 other session ended");
        assert_eq!(ended_elsewhere(1_200), "1,200 other sessions ended");
    }
}

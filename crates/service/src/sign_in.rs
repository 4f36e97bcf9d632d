//! Signing in and out.
//! An attempt costs exactly one password computation, whether the e-mail is known or not, and none while the account
//! waits. A malformed e-mail or an overlong password, which nobody can have, is refused at its field.

use std::net::IpAddr;

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    refusal::Refusal,
    text,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    passwords::Lane,
    service::event,
    sessions::{Person, Session},
    throttle::FREE_FAILURES,
    turns::{Source, Turn},
};

/// What the sign-in form sends.
#[derive(Debug)]
pub struct SignIn {
    /// The e-mail, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: SecretString,
}

/// A new session.
#[derive(Debug)]
pub struct SignedIn {
    /// The value of the session cookie. Nobody else sees it, and it is not stored.
    pub cookie: SecretString,
    /// The value of the device cookie, by which this browser is known from now on.
    pub device: SecretString,
    /// The person who signed in.
    pub person: Person,
}

/// A sign-in whose fields are valid.
struct Attempt {
    email: String,
    /// Under which its failure is counted: the account's, or the browser's if it is known.
    counted_as: [u8; 32],
    /// The random part of the browser's cookie, if the person has signed in with it before.
    known: Option<String>,
    password: SecretString,
    client: ClientInfo,
}

impl Service {
    /// Signs a person in, and starts a session with a new id. `SignInFailed` or `Wait` if that is refused.
    pub async fn sign_in(&self, sign_in: SignIn, client: &ClientInfo) -> Result<SignedIn> {
        let (email, password) = check(&sign_in)?;
        let person = self.store().person_by_email(&email).await?.map(|person| person.id);
        let mut counted_as = self.keyring().email_mac(&email);
        let mut known = None;
        if let Some(nonce) = self.known_device(client.device.as_ref(), person.as_ref()) {
            let device = self.keyring().device_failures_mac(nonce);
            if !self.has_failed_too_often(&device).await? {
                (counted_as, known) = (device, Some(nonce.to_owned()));
            }
        }
        // Check this first, so that an account that waits delays nobody else.
        self.refuse_waiting(&counted_as).await?;
        let stranger = || Lane::Stranger { source: Source::of(client.address), first_try: client.first_try };
        let lane = if known.is_some() { Lane::Known } else { stranger() };
        let turn = self.passwords().turn(lane).await?;
        let attempt = Attempt { email, counted_as, known, password, client: client.clone() };
        // In its own task, so that a caller who hangs up cannot keep a failure or its waiting time off the record.
        let service = self.clone();
        let judged = tokio::spawn(async move { service.judge(attempt, turn).await });
        judged.await.map_err(|error| Error::internal("a sign-in was cut short", error))?
    }

    async fn judge(&self, attempt: Attempt, turn: Turn) -> Result<SignedIn> {
        let Attempt { email, counted_as, known, password, client } = attempt;
        let failures = self.begin_attempt(&counted_as).await?;
        let person = self.store().person_by_email(&email).await?.filter(|person| person.may_enter(self.now()));
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let fits = self.passwords().verify(turn, password, hash).await?;
        let Some(row) = person.filter(|_| fits) else {
            let address = client.address.map(tracing::field::display);
            tracing::warn!(address, failures, "a sign-in failed");
            if failures == FREE_FAILURES {
                self.record_block(&email, &client).await?;
            }
            return Err(Refusal::SignInFailed.into());
        };
        let person = Person::from(row.clone());
        let (cookie, session) = self.new_session(&person.id, &client)?;
        let device = self.device_cookie(&person.id, known.as_deref())?;
        let caller = Caller::person(&person, self.now(), client.address);
        let subject = Subject::person(&person.id, &person.email);
        let started = event(&caller, self.now(), Action::SessionStarted, subject);
        let ended = client.session.as_ref().map(|old| (old, self.ended(old, client.address)));
        let begin = async |tx: &mut Tx| {
            // The password may have been changed while this one was being checked.
            let current = tx.person_by_id(&row.id).await?.filter(|current| current.may_enter(self.now()));
            if current.is_none_or(|current| current.password_hash != row.password_hash) {
                return Err(Refusal::SignInFailed.into());
            }
            tx.clear_sign_in_failures(&counted_as).await?;
            // Only a known browser gets here after the most failures, and opens the account to others.
            self.open_account(tx, &email).await?;
            // The browser forgets it, so nobody else may go on with it.
            if let Some((old, ended)) = ended
                && tx.delete_session(&old.id_mac).await?
            {
                self.record(tx, ended).await?;
            }
            tx.insert_session(&session).await?;
            tx.set_signed_in(&person.id, session.created_at).await?;
            self.record(tx, started).await?;
            Ok::<_, Error>(())
        };
        self.write(begin).await?;
        if let Some(old) = &client.session {
            self.streams().end(old);
        }
        Ok(SignedIn { cookie, device, person })
    }

    /// Ends a session. If it has already ended, records no second event.
    pub async fn sign_out(&self, session: &Session, address: Option<IpAddr>) -> Result<()> {
        let event = self.ended(session, address);
        let end = async |tx: &mut Tx| {
            if tx.delete_session(&session.id_mac).await? {
                self.record(tx, event).await?;
            }
            Ok::<_, Error>(())
        };
        self.write(end).await?;
        self.streams().end(session);
        Ok(())
    }

    fn ended(&self, session: &Session, address: Option<IpAddr>) -> AuditEvent {
        let person = &session.person;
        let subject = Subject::person(&person.id, &person.email);
        event(&session.caller(address), self.now(), Action::SessionEnded, subject)
    }
}

fn check(sign_in: &SignIn) -> Result<(String, SecretString), FieldErrors> {
    let mut errors = FieldErrors::default();
    let email = errors.keep(Field::Email, text::email(&sign_in.email));
    let password = sign_in.password.expose_secret();
    if password.is_empty() {
        errors.push(Field::Password, "Enter your password.");
    } else if password.chars().count() > text::PASSWORD_MAX {
        let max = text::PASSWORD_MAX;
        errors.push(Field::Password, format!("Use at most {max} characters."));
    }
    errors.into_result()?;
    let password = text::password_form(password).into();
    Ok((email.unwrap_or_default(), password))
}

//! Signing in and out.
//! An attempt costs exactly one password computation, whether the e-mail is known or not, and none while the account
//! waits. A malformed e-mail or an overlong password, which nobody can have, is refused at its field.

use std::net::IpAddr;

use domain::{
    audit::{Action, Subject},
    field::{Field, FieldErrors},
    refusal::Refusal,
    text,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    passwords::Slot,
    service::event,
    sessions::{Person, Session},
    throttle::FREE_FAILURES,
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
    /// The person who signed in.
    pub person: Person,
}

/// A sign-in whose fields are valid.
struct Attempt {
    email: String,
    email_mac: [u8; 32],
    password: SecretString,
    client: ClientInfo,
}

impl Service {
    /// Signs a person in, and starts a session with a new id. `SignInFailed` or `Wait` if that is refused.
    pub async fn sign_in(&self, sign_in: SignIn, client: &ClientInfo) -> Result<SignedIn> {
        let (email, password) = check(&sign_in)?;
        let email_mac = self.keyring().email_mac(&email);
        // Check this first, so that an account that waits delays nobody else.
        self.refuse_waiting(&email_mac).await?;
        let slot = self.passwords().slot().await?;
        let attempt = Attempt { email, email_mac, password, client: client.clone() };
        // In its own task, so that a caller who hangs up cannot keep a failure or its waiting time off the record.
        let service = self.clone();
        let judged = tokio::spawn(async move { service.judge(attempt, slot).await });
        judged.await.map_err(|error| Error::internal("a sign-in was cut short", error))?
    }

    async fn judge(&self, attempt: Attempt, slot: Slot) -> Result<SignedIn> {
        let Attempt { email, email_mac, password, client } = attempt;
        let failures = self.begin_attempt(&email_mac).await?;
        let person = self.store().person_by_email(&email).await?.filter(|person| !person.disabled);
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let fits = self.passwords().verify(slot, password, hash).await?;
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
        let caller = Caller::person(&person, self.now(), client.address);
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&caller, self.now(), Action::SessionStarted, subject);
        let begin = async |tx: &mut Tx| {
            // The password may have been changed while this one was being checked.
            let current = tx.person_by_id(&row.id).await?.filter(|current| !current.disabled);
            if current.is_none_or(|current| current.password_hash != row.password_hash) {
                return Err(Refusal::SignInFailed.into());
            }
            tx.clear_sign_in_failures(&email_mac).await?;
            tx.insert_session(&session).await?;
            self.record(tx, event).await?;
            Ok::<_, Error>(())
        };
        self.write(begin).await?;
        Ok(SignedIn { cookie, person })
    }

    /// Ends a session. If it has already ended, records no second event.
    pub async fn sign_out(&self, session: &Session, address: Option<IpAddr>) -> Result<()> {
        let person = &session.person;
        let caller = session.caller(address);
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&caller, self.now(), Action::SessionEnded, subject);
        let end = async |tx: &mut Tx| {
            if tx.delete_session(&session.id_mac).await? {
                self.record(tx, event).await?;
            }
            Ok(())
        };
        self.write(end).await
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

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
use secrecy::SecretString;
use store::Tx;

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::{Proven, typed},
    service::event,
    sessions::{Person, Session},
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

impl Service {
    /// Signs a person in, and starts a session with a new id. `SignInFailed` or `Wait` if that is refused.
    pub async fn sign_in(&self, sign_in: SignIn, client: &ClientInfo) -> Result<SignedIn> {
        let (email, password) = check(&sign_in)?;
        let person = self.store().person_by_email(&email).await?.map(|person| person.id);
        let counted = self.counted(&email, person.as_ref(), client).await?;
        // Whoever signs in again is a stranger until then.
        let stranger = ClientInfo { session: None, ..client.clone() };
        let attempt = self.queue(email, counted, password, &stranger).await?;
        let (service, client) = (self.clone(), client.clone());
        let entered = tokio::spawn(async move {
            let proven = service.judge(attempt).await?.ok_or(Refusal::SignInFailed)?;
            service.enter(proven, &client).await
        });
        entered.await.map_err(|error| Error::internal("a sign-in was cut short", error))?
    }

    /// Starts the session of a person who has proved who they are.
    async fn enter(&self, proven: Proven, client: &ClientInfo) -> Result<SignedIn> {
        let person = Person::from(proven.row.clone());
        let (cookie, session) = self.new_session(&person.id, client)?;
        let device = self.device_cookie(&person.id, proven.counted.known.as_deref())?;
        let caller = Caller::person(&person, self.now(), client.address);
        let subject = Subject::person(&person.id, &person.email);
        let started = event(&caller, self.now(), Action::SessionStarted, subject);
        let ended = client.session.as_ref().map(|old| (old, self.ended(old, client.address)));
        let begin = async |tx: &mut Tx| {
            self.accept(tx, &proven).await?;
            // The browser forgets it, so nobody else may go on with it.
            if let Some((old, ended)) = ended
                && tx.delete_session(&old.id_mac).await?
            {
                self.record(tx, ended).await?;
            }
            tx.insert_session(&session).await?;
            self.record(tx, started).await?;
            Ok::<_, Error>(())
        };
        self.write(begin).await?;
        if let Some(old) = &client.session {
            self.streams().end(&old.id_mac);
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
        self.streams().end(&session.id_mac);
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
    let password = errors.keep(Field::Password, typed(&sign_in.password));
    match (email, password) {
        (Some(email), Some(password)) => Ok((email, password)),
        _ => Err(errors),
    }
}

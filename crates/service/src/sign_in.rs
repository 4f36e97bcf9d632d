//! Signing in and out.
//!
//! An attempt costs exactly one password computation whether the e-mail is known or not, and none
//! while the account waits, again alike for both. A malformed e-mail or an over-long password, which
//! nobody can have, is refused at its field.

use std::net::IpAddr;

use domain::{
    audit::{Action, Subject, SubjectKind},
    field::{Field, FieldErrors},
    refusal::Refusal,
    text,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use crate::{
    ClientInfo, Result, Service,
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

/// A session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    /// The value of the session cookie; shown to nobody else, kept nowhere.
    pub cookie: SecretString,
    /// Who signed in.
    pub person: Person,
}

impl Service {
    /// Begins a session, with an id of its own.
    pub async fn sign_in(&self, sign_in: SignIn, client: &ClientInfo) -> Result<SignedIn> {
        let (email, password) = check(&sign_in)?;
        let email_mac = self.keyring().email_mac(&email);
        let failures = self.begin_attempt(&email_mac).await?;
        let person = self.store().person_by_email(&email).await?;
        let hash = person.as_ref().filter(|person| !person.disabled);
        let hash = hash.map(|person| person.password_hash.clone());
        if !self.passwords().verify(password, hash).await? {
            if failures == FREE_FAILURES {
                let subject = person.map_or_else(unknown, |p| Subject::person(&p.id, &p.email));
                self.record_block(client, subject).await?;
            }
            return Err(Refusal::SignInFailed.into());
        }
        let Some(person) = person.map(Person::from) else {
            return Err(Refusal::SignInFailed.into());
        };
        let (cookie, row) = self.new_session(&person.id, client)?;
        let caller = person.caller(client.address);
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&caller, self.now(), Action::SessionStarted, subject);
        let begin = async |tx: &mut Tx| {
            tx.clear_sign_in_failures(&email_mac).await?;
            tx.insert_session(&row).await?;
            self.record(tx, event).await
        };
        self.write(begin).await?;
        Ok(SignedIn { cookie, person })
    }

    /// Ends a session; one that has ended already leaves no second event.
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
        errors.push(Field::Password, "Type your password.");
    } else if password.chars().count() > text::PASSWORD_MAX {
        let max = text::PASSWORD_MAX;
        errors.push(Field::Password, format!("Use at most {max} characters."));
    }
    errors.into_result()?;
    let password = text::password_form(password).into();
    Ok((email.unwrap_or_default(), password))
}

/// Not what was typed: people type passwords into the wrong field.
fn unknown() -> Subject {
    Subject { kind: SubjectKind::Person, id: String::new(), label: "an unknown e-mail".to_owned() }
}

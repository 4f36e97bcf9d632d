//! One try of a password, at sign-in or by somebody who is signed in: counted first, then computed once.

use domain::{
    field::{Field, FieldErrors},
    ids::PersonId,
    refusal::Refusal,
    text,
    timestamp::Millis,
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, Tx};

use crate::{
    ClientInfo, Error, Result, Service, entropy,
    passwords::{Compared, Lane},
    sessions::Session,
    throttle::FREE_FAILURES,
    turns::{Source, Turn},
};

/// How long ago somebody without a password may have signed in to change what guards the account.
const FRESH: Millis = Millis::minutes(5);

/// Under whom a failure is counted: the account, or the browser if it is known.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) by: [u8; 32],
    /// The random part of the browser's cookie, if the person has signed in with it before.
    pub(crate) known: Option<String>,
}

/// A password that fits. Its failures are forgotten in the transaction of what it was typed for.
#[derive(Debug)]
pub(crate) struct Proven {
    /// The person as the password was compared.
    pub(crate) row: PersonRow,
    pub(crate) counted: Counted,
    /// The number that its failure would have had.
    pub(crate) failures: u32,
    /// A hash of the same password to store, if the old one was made with outdated parameters.
    renewed: Option<String>,
}

/// A try that has its turn.
pub(crate) struct Attempt {
    pub(crate) email: String,
    pub(crate) counted: Counted,
    pub(crate) password: SecretString,
    pub(crate) client: ClientInfo,
    turn: Turn,
}

/// A password as it is hashed, or what is wrong with it as typed: nobody can have that one.
pub(crate) fn typed(password: &SecretString) -> Result<SecretString, String> {
    let password = password.expose_secret();
    if password.is_empty() {
        return Err("Enter your password.".to_owned());
    }
    if password.chars().count() > text::PASSWORD_MAX {
        return Err(format!("Use at most {} characters.", text::PASSWORD_MAX));
    }
    Ok(text::password_form(password).into())
}

impl Service {
    /// Under whom a failure is counted for this e-mail and browser.
    pub(crate) async fn counted(&self, email: &str, person: Option<&PersonId>, client: &ClientInfo) -> Result<Counted> {
        if let Some(nonce) = self.known_device(client.device.as_ref(), person) {
            let device = self.keyring().device_failures_mac(nonce);
            if !self.has_failed_too_often(&device).await? {
                return Ok(Counted { by: device, known: Some(nonce.to_owned()) });
            }
        }
        Ok(Counted { by: self.keyring().email_mac(email), known: None })
    }

    /// Waits for the turn of a try. Refuses an account that waits first, so that it delays nobody else.
    pub(crate) async fn queue(
        &self,
        email: String,
        counted: Counted,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<Attempt> {
        self.refuse_waiting(&counted.by).await?;
        let stranger = || Lane::Stranger { source: Source::of(client.address), first_try: client.first_try };
        let lane = if counted.known.is_some() || client.session.is_some() { Lane::Known } else { stranger() };
        let turn = self.passwords().turn(lane).await?;
        Ok(Attempt { email, counted, password, client: client.clone(), turn })
    }

    /// Counts a try and computes; `None` if the password does not fit. Runs in a task of its own: a caller who hangs up
    /// must keep neither a failure nor its waiting time off the record.
    pub(crate) async fn judge(&self, attempt: Attempt) -> Result<Option<Proven>> {
        let Attempt { email, counted, password, client, turn } = attempt;
        let failures = self.begin_attempt(&counted.by).await?;
        let person = self.store().person_by_email(&email).await?;
        let known = person.as_ref().map(|person| person.id);
        let person = person.filter(|person| person.may_enter(self.now()));
        // Whoever has no password costs what an unknown e-mail costs.
        let hash = person.as_ref().filter(|person| person.has_password()).map(|person| person.password_hash.clone());
        let salt = entropy::bytes(self.entropy())?;
        let compared = self.passwords().verify(turn, password, hash, salt).await?;
        let (Some(row), Compared::Fits { renewed }) = (person, compared) else {
            let address = client.address.map(tracing::field::display);
            // Nothing that was typed: it may be a password in the wrong field.
            let person = known.map(tracing::field::display);
            tracing::warn!(address, person, failures, "a password was wrong");
            if failures == FREE_FAILURES {
                self.record_block(&email, &client).await?;
            }
            return Ok(None);
        };
        Ok(Some(Proven { row, counted, failures, renewed }))
    }

    /// Checks the password of somebody who is signed in. `Invalid` at `field` if it does not fit, `Wait` after too many
    /// failures.
    pub(crate) async fn prove(
        &self,
        session: &Session,
        password: &SecretString,
        field: Field,
        client: &ClientInfo,
    ) -> Result<Proven> {
        let wrong = |message: String| Error::from(FieldErrors::one(field, message));
        let password = typed(password).map_err(wrong)?;
        let person = &session.person;
        let counted = self.counted(&person.email, Some(&person.id), client).await?;
        let attempt = self.queue(person.email.clone(), counted, password, client).await?;
        let service = self.clone();
        let judged = tokio::spawn(async move { service.judge(attempt).await });
        let proven = judged.await.map_err(|error| Error::internal("a check of a password was cut short", error))??;
        // The e-mail may have become another person's since the session was read.
        proven.filter(|proven| proven.row.id == person.id).ok_or_else(|| wrong("This is not your password.".to_owned()))
    }

    /// The same for those who have no password, too: they have signed in a moment ago.
    pub(crate) async fn prove_oneself(
        &self,
        session: &Session,
        password: &SecretString,
        field: Field,
        client: &ClientInfo,
    ) -> Result<Proven> {
        let row = self.store().person_by_id(&session.person.id).await?.filter(|row| !row.has_password());
        let Some(row) = row else { return self.prove(session, password, field, client).await };
        if self.now().since(session.created_at) >= FRESH {
            let minutes = FRESH.as_seconds() / 60;
            let message = format!("Sign in again, then do this within {minutes} minutes.");
            return Err(FieldErrors::one(field, message).into());
        }
        let counted = self.counted(&row.email, Some(&row.id), client).await?;
        // A code that follows can be guessed as well as one after a password.
        let failures = self.begin_attempt(&counted.by).await?;
        Ok(Proven { row, counted, failures, renewed: None })
    }

    /// Forgets the failures of a password that fits, and renews its hash. `SignInFailed` if the password was changed, or
    /// the person disabled, after it was compared.
    pub(crate) async fn accept(&self, tx: &mut Tx, proven: &Proven) -> Result<PersonRow> {
        let current = self.still_fits(tx, proven).await?;
        self.forgive(tx, &proven.counted, &current.email).await?;
        Ok(current)
    }

    /// The same, but a code is still to come: only this try is no failure any more.
    pub(crate) async fn accept_half(&self, tx: &mut Tx, proven: &Proven) -> Result<PersonRow> {
        let current = self.still_fits(tx, proven).await?;
        tx.take_back_sign_in_failure(&proven.counted.by, proven.failures, self.now()).await?;
        Ok(current)
    }

    async fn still_fits(&self, tx: &mut Tx, proven: &Proven) -> Result<PersonRow> {
        let current = tx.person_by_id(&proven.row.id).await?.filter(|current| current.may_enter(self.now()));
        let current = current.filter(|current| current.password_hash == proven.row.password_hash);
        let current = current.ok_or(Refusal::SignInFailed)?;
        if let Some(hash) = &proven.renewed {
            tx.set_password(&current.id, hash).await?;
        }
        Ok(current)
    }

    /// Forgets the failures of whoever has proved who they are.
    pub(crate) async fn forgive(&self, tx: &mut Tx, counted: &Counted, email: &str) -> Result<()> {
        tx.clear_sign_in_failures(&counted.by).await?;
        // Only a known browser gets here after the most failures, and opens the account to others.
        self.open_account(tx, email).await
    }
}

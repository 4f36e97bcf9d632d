//! Signing in and out.
//! An attempt costs exactly one password computation, whether the e-mail is known or not, and none while the account
//! waits. A malformed e-mail or an overlong password, which nobody can have, is refused at its field.

use std::net::IpAddr;

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    passkey::PasskeyUse,
    refusal::Refusal,
    second_factor::Code,
    text,
    timestamp::Millis,
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, SessionRow, StoreError, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::{Counted, Proven, typed},
    ceremony::Used,
    entropy,
    metrics::SignInOutcome,
    second_factor::{is_wrong_code, too_short_alone},
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
    /// The value of the device cookie, by which this browser is known from now on.
    pub device: SecretString,
    /// The person who signed in.
    pub person: Person,
}

/// What comes of a right password.
#[derive(Debug)]
pub enum Entry {
    /// A session: there is no second factor.
    Session(SignedIn),
    /// A code of the second factor is asked for.
    Code {
        /// The value of the cookie with which the sign-in goes on. Nobody else sees it, and it is not stored.
        step: SecretString,
    },
}

/// How a sign-in goes on after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaysOn {
    /// With a code of an app, or a recovery code.
    pub codes: bool,
    /// With a passkey.
    pub passkeys: bool,
}

/// How long a sign-in waits for the code.
pub const CODE_WITHIN: Millis = Millis::minutes(5);

/// What somebody has proved.
enum Proof {
    /// A password, and whether it is too short to be all that protects the account.
    Password { proven: Proven, is_short: bool },
    /// A password before, and now a code.
    Code { step_mac: [u8; 32], row: PersonRow, counted: Counted, code: Code },
    /// A passkey, and a password before if there is a step.
    Passkey { step_mac: Option<[u8; 32]>, used: Used },
}

impl Service {
    /// Signs a person in, and starts a session with a new id, or asks for the code of the second factor. `SignInFailed`
    /// or `Wait` if that is refused.
    pub async fn sign_in(&self, sign_in: SignIn, client: &ClientInfo) -> Result<Entry> {
        self.counted_entry(self.enter_by_password(sign_in, client).await)
    }

    async fn enter_by_password(&self, sign_in: SignIn, client: &ClientInfo) -> Result<Entry> {
        let (email, password) = check(&sign_in)?;
        let is_short = too_short_alone(password.expose_secret()).is_some();
        let person = self.store().person_by_email(&email).await?.map(|person| person.id);
        let counted = self.counted(&email, person.as_ref(), client).await?;
        // Whoever signs in again is a stranger until then.
        let stranger = ClientInfo { session: None, ..client.clone() };
        let attempt = self.queue(email, counted, password, &stranger).await?;
        let (service, client) = (self.clone(), client.clone());
        let entered = tokio::spawn(async move {
            let proven = service.judge(attempt).await?.ok_or(Refusal::SignInFailed)?;
            if service.has_factor(&proven.row.id).await? {
                return service.ask_for_code(&proven).await;
            }
            service.enter(Proof::Password { proven, is_short }, &client).await.map(Entry::Session)
        });
        entered.await.map_err(|error| Error::internal("a sign-in was cut short", error))?
    }

    /// Lets a sign-in wait for its code.
    async fn ask_for_code(&self, proven: &Proven) -> Result<Entry> {
        let step = entropy::token(self.entropy())?;
        let mac = self.keyring().step_mac(step.expose_secret());
        let wait = async |tx: &mut Tx| {
            let row = self.accept_half(tx, proven).await?;
            tx.insert_sign_in_step(&mac, &row.id, self.now().plus(CODE_WITHIN)).await?;
            Ok::<_, Error>(())
        };
        self.write(wait).await?;
        Ok(Entry::Code { step })
    }

    /// How the sign-in with this cookie can go on; `None` if none waits.
    pub async fn ways_on(&self, step: &str) -> Result<Option<WaysOn>> {
        let mac = self.keyring().step_mac(step);
        let Some(person) = self.store().sign_in_step(&mac, self.now()).await? else { return Ok(None) };
        let app = self.store().second_factor(&person).await?.is_some_and(|factor| factor.confirmed_at.is_some());
        Ok(Some(WaysOn {
            codes: app || self.store().recovery_codes_left(&person).await? > 0,
            passkeys: self.has_passkeys() && !self.store().passkeys_of(&person).await?.is_empty(),
        }))
    }

    /// Ends a sign-in with a code of the second factor, or a recovery code. `Invalid` if the code is wrong or was used,
    /// which counts like a wrong password; `SignInOver` if the sign-in no longer waits.
    pub async fn finish_sign_in(&self, step: &str, code: &str, client: &ClientInfo) -> Result<SignedIn> {
        self.counted_sign_in(self.enter_by_code(step, code, client).await)
    }

    async fn enter_by_code(&self, step: &str, code: &str, client: &ClientInfo) -> Result<SignedIn> {
        let code = Code::parse(code).map_err(|message| FieldErrors::one(Field::Code, message))?;
        let step_mac = self.keyring().step_mac(step);
        let id = self.store().sign_in_step(&step_mac, self.now()).await?.ok_or(Refusal::SignInOver)?;
        let row = self.store().person_by_id(&id).await?.filter(|row| row.may_enter(self.now()));
        let row = row.ok_or(Refusal::SignInOver)?;
        let counted = self.counted(&row.email, Some(&row.id), client).await?;
        // In its own task, as for a password.
        let (service, client) = (self.clone(), client.clone());
        let entered = tokio::spawn(async move {
            let (failures, email) = (service.begin_attempt(&counted.by).await?, row.email.clone());
            let entered = service.enter(Proof::Code { step_mac, row, counted, code }, &client).await;
            if is_wrong_code(&entered) && failures == FREE_FAILURES {
                service.record_block(&email, &client).await?;
            }
            entered
        });
        entered.await.map_err(|error| Error::internal("a sign-in was cut short", error))?
    }

    /// Ends a sign-in with a passkey in place of a code. `PasskeyRefused` if its answer does not fit; `SignInOver` if the
    /// sign-in no longer waits.
    pub async fn finish_with_passkey(&self, step: &str, answer: &str, client: &ClientInfo) -> Result<SignedIn> {
        let step_mac = self.keyring().step_mac(step);
        let id = self.store().sign_in_step(&step_mac, self.now()).await?.ok_or(Refusal::SignInOver)?;
        let entered = async {
            let used = self.judge_passkey(PasskeyUse::Code, Some(&id), answer, client).await?;
            self.enter(Proof::Passkey { step_mac: Some(step_mac), used }, client).await
        };
        self.counted_sign_in(entered.await)
    }

    /// Signs in with a passkey alone, whose authenticator has checked who uses it: both factors in one. `PasskeyRefused`,
    /// whatever is wrong, and `Wait` after too many wrong ones of that passkey.
    pub async fn sign_in_with_passkey(&self, answer: &str, client: &ClientInfo) -> Result<SignedIn> {
        let entered = async {
            let used = self.judge_passkey(PasskeyUse::SignIn, None, answer, client).await?;
            self.enter(Proof::Passkey { step_mac: None, used }, client).await
        };
        self.counted_sign_in(entered.await)
    }

    /// Counts a sign-in that has ended. One that waits for a code has not.
    fn counted_entry(&self, entry: Result<Entry>) -> Result<Entry> {
        if !matches!(entry, Ok(Entry::Code { .. })) {
            self.metrics().signed_in(outcome(entry.as_ref().err()));
        }
        entry
    }

    fn counted_sign_in(&self, entered: Result<SignedIn>) -> Result<SignedIn> {
        self.metrics().signed_in(outcome(entered.as_ref().err()));
        entered
    }

    /// Starts the session of a person who has proved who they are.
    async fn enter(&self, proof: Proof, client: &ClientInfo) -> Result<SignedIn> {
        let (row, counted, by_factor) = match &proof {
            Proof::Password { proven, .. } => (&proven.row, &proven.counted, false),
            Proof::Code { row, counted, .. } => (row, counted, true),
            Proof::Passkey { used, .. } => (&used.row, &used.counted, true),
        };
        let person = Person::from(row.clone());
        let (cookie, mut session) = self.new_session(&person.id, client)?;
        session.factor_checked_at = by_factor.then_some(session.created_at);
        session.owes_password = matches!(proof, Proof::Password { is_short: true, .. });
        let device = self.device_cookie(&person.id, counted.known.as_deref())?;
        let begin = async |tx: &mut Tx| {
            let note = self.admit(tx, &proof).await?;
            self.begin_session(tx, &person, &session, client.session.as_ref(), note, client).await?;
            Ok::<_, Error>(())
        };
        self.write(begin).await?;
        if let Some(old) = &client.session {
            self.streams().end(&old.id_mac);
        }
        Ok(SignedIn { cookie, device, person })
    }

    /// Adds a session, and ends the one that the browser had.
    pub(crate) async fn begin_session(
        &self,
        tx: &mut Tx,
        person: &Person,
        session: &SessionRow,
        old: Option<&Session>,
        note: Option<String>,
        client: &ClientInfo,
    ) -> Result<(), StoreError> {
        // The browser forgets it, so nobody else may go on with it.
        if let Some(old) = old
            && tx.delete_session(&old.id_mac).await?
        {
            self.record(tx, self.ended(old, client.address)).await?;
        }
        tx.insert_session(session).await?;
        tx.set_signed_in(&person.id, session.created_at).await?;
        let caller = Caller::person(person, self.now(), client.address);
        let subject = Subject::person(&person.id, &person.email);
        let started = event(&caller, self.now(), Action::SessionStarted, subject);
        self.record(tx, AuditEvent { note, ..started }).await
    }

    /// Checks what was proved once more, now that nothing changes beside it. Returns what the record says of it.
    async fn admit(&self, tx: &mut Tx, proof: &Proof) -> Result<Option<String>> {
        match proof {
            Proof::Password { proven, .. } => {
                if tx.has_second_factor(&proven.row.id).await? {
                    // It was set up meanwhile.
                    return Err(Refusal::SignInFailed.into());
                }
                self.accept(tx, proven).await?;
                Ok(None)
            }
            Proof::Code { step_mac, row, counted, code } => {
                let provider = self.end_step(tx, step_mac).await?;
                let current = tx.person_by_id(&row.id).await?.filter(|current| current.may_enter(self.now()));
                let row = current.ok_or(Refusal::SignInOver)?;
                let note = self.use_code(tx, &row.id, code).await?;
                self.forgive(tx, counted, &row.email).await?;
                Ok(Some(noted(provider, note)))
            }
            Proof::Passkey { step_mac, used } => {
                let provider = match step_mac {
                    Some(step_mac) => self.end_step(tx, step_mac).await?,
                    None => None,
                };
                self.accept_passkey(tx, used).await?;
                Ok(Some(noted(provider, used.note())))
            }
        }
    }

    /// Uses up a sign-in that waits for its second factor, and gives the provider that it began with; `SignInOver` if none
    /// waits.
    async fn end_step(&self, tx: &mut Tx, step_mac: &[u8; 32]) -> Result<Option<String>> {
        let provider = tx.provider_of_step(step_mac).await?;
        if tx.delete_sign_in_step(step_mac).await? { Ok(provider) } else { Err(Refusal::SignInOver.into()) }
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

/// What the record says of a second factor after a provider, or after a password.
fn noted(provider: Option<String>, factor: String) -> String {
    match provider {
        Some(provider) => format!("By {provider}. {factor}"),
        None => factor,
    }
}

/// What a sign-in that ended like this counts as.
fn outcome(error: Option<&Error>) -> SignInOutcome {
    match error {
        None => SignInOutcome::SignedIn,
        Some(Error::Refused(Refusal::Wait { .. })) => SignInOutcome::Wait,
        Some(Error::Refused(Refusal::Busy)) => SignInOutcome::Busy,
        Some(Error::Refused(_)) => SignInOutcome::Refused,
        Some(_) => SignInOutcome::Failed,
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

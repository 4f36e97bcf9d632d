//! Second factors: who needs one, setting one up, its codes, and taking it away again.

use std::sync::Once;

use data_encoding::BASE32_NOPAD;
use domain::{
    audit::{Action, Change, Subject},
    field::{Field, FieldErrors},
    ids::PersonId,
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    second_factor::{Code, FactorPolicy, FactorRules, RECOVERY_ALPHABET, RECOVERY_CODES, RECOVERY_LENGTH, grouped},
    shown_once::ShownOnce,
    text,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{FactorRow, Tx};
use zeroize::Zeroizing;

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::{Proven, typed},
    entropy,
    service::event,
    sessions::Session,
    settings::or_strictest,
    throttle::FREE_FAILURES,
    totp,
};

/// The setting that holds who needs a second factor.
const RULES: &str = "second_factor";

/// How long a set-up waits for its first code.
const SET_UP_WITHIN: Millis = Millis::minutes(15);

/// What people see of their own second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFactor {
    /// There is one.
    On {
        /// Since when.
        since: Timestamp,
        /// How many recovery codes are left.
        codes_left: u64,
    },
    /// There is none, and one can be set up.
    None,
    /// There is none, and second factors are off here.
    Off,
}

/// A secret to put into an authenticator app.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base 32, in groups of four.
    pub secret: SecretString,
    /// The address that the QR code holds.
    pub uri: SecretString,
}

/// Codes that work once each in place of the app, in groups of four. They are shown once.
#[derive(Debug, Clone)]
pub struct RecoveryCodes(pub Vec<SecretString>);

impl Service {
    /// Who needs a second factor; `Forbidden` unless the caller may see the settings.
    pub async fn factor_rules(&self, caller: &Caller) -> Result<FactorRules> {
        caller.may(Act::SeeSettings)?;
        self.factor_rules_now().await
    }

    /// Changes who needs a second factor, from now on. If nothing differs, records nothing.
    pub async fn set_factor_rules(&self, caller: &Caller, policy: &str, grace_days: &str) -> Result<()> {
        caller.may(Act::ChangeSettings)?;
        let rules = FactorRules::read(policy, grace_days, self.now())?;
        caller.proved_for(Guarded::ChangeFactorRules, self.now())?;
        let work = async |tx: &mut Tx| {
            let changes = put_factor_rules(tx, caller, rules, self.now()).await?;
            self.record_settings(tx, caller, changes).await
        };
        self.write(work).await
    }

    pub(crate) async fn factor_rules_now(&self) -> Result<FactorRules> {
        Ok(read(self.store().setting(RULES).await?))
    }

    /// The second factor of the person who is signed in.
    pub async fn own_factor(&self, session: &Session) -> Result<OwnFactor> {
        let person = &session.person.id;
        let factor = self.store().second_factor(person).await?;
        if let Some(since) = factor.and_then(|factor| factor.confirmed_at) {
            return Ok(OwnFactor::On { since, codes_left: self.store().recovery_codes_left(person).await? });
        }
        let is_off = self.factor_rules_now().await?.policy == FactorPolicy::Off;
        Ok(if is_off { OwnFactor::Off } else { OwnFactor::None })
    }

    /// How many recovery codes are left to the person who is signed in, who may have passkeys and no app.
    pub async fn recovery_codes_left(&self, session: &Session) -> Result<u64> {
        Ok(self.store().recovery_codes_left(&session.person.id).await?)
    }

    pub(crate) async fn has_factor(&self, person: &PersonId) -> Result<bool> {
        Ok(self.store().has_second_factor(person).await?)
    }

    /// The fewest characters of a person's new password.
    pub async fn password_min(&self, person: &PersonId) -> Result<usize> {
        Ok(if self.has_factor(person).await? { text::PASSWORD_MIN_WITH_FACTOR } else { text::PASSWORD_MIN })
    }

    /// Begins to set up a second factor, if the password is right. `host` names this installation in the app. Nothing
    /// changes before a code confirms it.
    pub async fn begin_factor(
        &self,
        session: &Session,
        password: &SecretString,
        host: &str,
        client: &ClientInfo,
    ) -> Result<Enrolment> {
        if self.factor_rules_now().await?.policy == FactorPolicy::Off {
            return Err(Refusal::FactorsOff.into());
        }
        let proven = self.prove_oneself(session, password, Field::CurrentPassword, client).await?;
        let id = &session.person.id;
        let secret = Zeroizing::new(entropy::bytes::<{ totp::SECRET }>(self.entropy())?);
        let (sealed, version) = self.keyring().seal(&*secret, &place(id), self.entropy())?;
        let begin = async |tx: &mut Tx| {
            self.accept(tx, &proven).await?;
            if !tx.put_second_factor(id, &session.id_mac, &sealed, version, self.now()).await? {
                return Err(Refusal::FactorChanged.into());
            }
            Ok::<_, Error>(())
        };
        self.write(begin).await?;
        Ok(enrolment(secret.as_slice(), &session.person.email, host))
    }

    /// The secret that is being set up in this session, to show it again; `None` if there is none, or if it has waited too
    /// long.
    pub async fn begun_factor(&self, session: &Session, host: &str) -> Result<Option<Enrolment>> {
        let Some(row) = self.begun(session).await? else { return Ok(None) };
        let secret = self.secret(&session.person.id, &row)?;
        Ok(Some(enrolment(&secret, &session.person.email, host)))
    }

    /// Only the session that proved the password has it: one that was left open must not add a factor of whoever finds it.
    async fn begun(&self, session: &Session) -> Result<Option<FactorRow>> {
        let row = self.store().second_factor(&session.person.id).await?;
        let row = row.filter(|row| row.session_mac == session.id_mac);
        let waits = |row: &FactorRow| row.confirmed_at.is_none() && self.now().since(row.created_at) < SET_UP_WITHIN;
        Ok(row.filter(waits))
    }

    /// Confirms a second factor with the code that the app shows, ends the other sessions, which began without one, and
    /// returns its recovery codes. `FactorChanged` if its set-up is over, or began in another session.
    pub async fn confirm_factor(&self, session: &Session, code: &str, client: &ClientInfo) -> Result<RecoveryCodes> {
        self.refuse_sent_again(client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
        let wrong = || FieldErrors::one(Field::Code, WRONG_CODE);
        let typed = match Code::parse(code) {
            Ok(Code::OfApp(code)) => code,
            Ok(Code::Recovery(_)) => return Err(wrong().into()),
            Err(message) => return Err(FieldErrors::one(Field::Code, message).into()),
        };
        let (id, now) = (&session.person.id, self.now());
        let row = self.begun(session).await?.ok_or(Refusal::FactorChanged)?;
        let secret = self.secret(id, &row)?;
        let step = totp::step_of(&secret, typed, now, row.last_step).ok_or_else(wrong)?;
        let (codes, macs) = self.new_codes(id)?;
        let subject = Subject::person(id, &session.person.email);
        let event = event(&session.caller(client.address), now, Action::SecondFactorAdded, subject);
        let confirm = async |tx: &mut Tx| {
            self.make_once(tx, client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
            if !tx.confirm_second_factor(id, &row.secret, step, now).await? {
                return Err(Refusal::FactorChanged.into());
            }
            tx.put_recovery_codes(id, &macs).await?;
            let others = self.only_this_session(tx, session, Some(now)).await?;
            self.record(tx, event).await?;
            Ok::<_, Error>(others)
        };
        let others = self.write(confirm).await?;
        self.end_streams(&others);
        Ok(codes)
    }

    /// Replaces the recovery codes, if the password and a code are right, once for each form.
    pub async fn renew_codes(
        &self,
        session: &Session,
        password: &SecretString,
        code: &str,
        client: &ClientInfo,
    ) -> Result<RecoveryCodes> {
        self.refuse_sent_again(client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
        let id = &session.person.id;
        let (proven, code) = self.prove_both(session, password, code, client).await?;
        let (codes, macs) = self.new_codes(id)?;
        let subject = Subject::person(id, &session.person.email);
        let event = event(&session.caller(client.address), self.now(), Action::RecoveryCodesMade, subject);
        let renew = async |tx: &mut Tx| {
            self.make_once(tx, client.form.as_deref(), ShownOnce::RecoveryCodes).await?;
            self.use_code(tx, id, &code).await?;
            self.accept(tx, &proven).await?;
            tx.put_recovery_codes(id, &macs).await?;
            self.record(tx, event).await?;
            Ok::<_, Error>(())
        };
        let renewed = self.write(renew).await;
        self.count_wrong_code(&renewed, &proven, client).await?;
        renewed.map(|()| codes)
    }

    /// Removes the codes of the app, if the password and a code are right. Without a passkey, the password must be long
    /// enough to be all that protects the account. Ends the other sessions.
    pub async fn remove_factor(
        &self,
        session: &Session,
        password: &SecretString,
        code: &str,
        client: &ClientInfo,
    ) -> Result<()> {
        let id = &session.person.id;
        if let Some(short) = too_short_alone(password.expose_secret())
            && self.store().passkeys_of(id).await?.is_empty()
        {
            return Err(short.into());
        }
        let (proven, code) = self.prove_both(session, password, code, client).await?;
        let subject = Subject::person(id, &session.person.email);
        let event = event(&session.caller(client.address), self.now(), Action::SecondFactorRemoved, subject);
        let remove = async |tx: &mut Tx| {
            self.use_code(tx, id, &code).await?;
            self.accept(tx, &proven).await?;
            tx.delete_second_factor(id).await?;
            let has_passkeys = tx.has_second_factor(id).await?;
            if !has_passkeys {
                tx.put_recovery_codes(id, &[]).await?;
            }
            self.record(tx, event).await?;
            self.only_this_session(tx, &self.proved(session), has_passkeys.then(|| self.now())).await
        };
        let removed = self.write(remove).await;
        self.count_wrong_code(&removed, &proven, client).await?;
        let others = removed?;
        self.end_streams(&others);
        Ok(())
    }

    /// Checks the password of somebody who is signed in, and the form of the code. The code itself is checked where it
    /// is used up.
    async fn prove_both(
        &self,
        session: &Session,
        password: &SecretString,
        code: &str,
        client: &ClientInfo,
    ) -> Result<(Proven, Code)> {
        let mut errors = FieldErrors::default();
        if self.own_ways_in(session).await?.has_password {
            errors.keep(Field::CurrentPassword, typed(password));
        }
        let code = errors.keep(Field::Code, Code::parse(code));
        let Some(code) = code.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        Ok((self.prove_oneself(session, password, Field::CurrentPassword, client).await?, code))
    }

    /// Records the wait that a wrong code begins: its failure was counted with the password.
    async fn count_wrong_code<T>(&self, done: &Result<T>, proven: &Proven, client: &ClientInfo) -> Result<()> {
        if is_wrong_code(done) && proven.failures == FREE_FAILURES {
            self.record_block(&proven.row.email, client).await?;
        }
        Ok(())
    }

    /// Uses up a code, and returns what the record says of it. `Invalid` if it is wrong or was used, `FactorChanged` if
    /// there is no second factor.
    pub(crate) async fn use_code(&self, tx: &mut Tx, person: &PersonId, code: &Code) -> Result<String> {
        if !tx.has_second_factor(person).await? {
            return Err(Refusal::FactorChanged.into());
        }
        let (is_used, note) = match code {
            Code::OfApp(code) => {
                // Somebody who only has passkeys has recovery codes, but no app.
                let row = tx.second_factor(person).await?.filter(|row| row.confirmed_at.is_some());
                let step = match row {
                    Some(row) => totp::step_of(&self.secret(person, &row)?, *code, self.now(), row.last_step),
                    None => None,
                };
                let is_used = match step {
                    Some(step) => tx.use_factor_step(person, step).await?,
                    None => false,
                };
                (is_used, "With a second factor".to_owned())
            }
            Code::Recovery(code) => {
                let mac = self.keyring().recovery_mac(person.as_str(), code);
                let is_used = tx.use_recovery_code(person, &mac).await?;
                let left = tx.recovery_codes_left(person).await?;
                (is_used, format!("With a recovery code, {left} left"))
            }
        };
        if is_used { Ok(note) } else { Err(FieldErrors::one(Field::Code, WRONG_CODE).into()) }
    }

    fn secret(&self, person: &PersonId, row: &FactorRow) -> Result<Zeroizing<Vec<u8>>> {
        let opened = self.keyring().unseal(&row.secret, &place(person), row.seal_version);
        opened.map_err(|error| Error::internal("the secret of a second factor", error))
    }

    pub(crate) fn new_codes(&self, person: &PersonId) -> Result<(RecoveryCodes, Vec<[u8; 32]>)> {
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        let mut macs = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            let code = self.new_code()?;
            macs.push(self.keyring().recovery_mac(person.as_str(), &code));
            codes.push(grouped(&code, "-").into());
        }
        Ok((RecoveryCodes(codes), macs))
    }

    /// A code that nobody guesses, in the form in which typed ones are read.
    pub(crate) fn new_code(&self) -> Result<Zeroizing<String>> {
        let bytes = Zeroizing::new(entropy::bytes::<RECOVERY_LENGTH>(self.entropy())?);
        let letter = |byte: &u8| RECOVERY_ALPHABET.get(usize::from(byte & 31)).copied().map(char::from);
        Ok(Zeroizing::new(bytes.iter().filter_map(letter).collect()))
    }
}

/// What is wrong with a password that would be all that protects an account, if it is too short for that. A blank one has
/// another fault.
pub(crate) fn too_short_alone(password: &str) -> Option<FieldErrors> {
    let length = text::password_form(password).chars().count();
    let least = text::PASSWORD_MIN;
    (1..least).contains(&length).then(|| {
        let message = format!("Without a second factor, a password needs {least} characters. Change yours first.");
        FieldErrors::one(Field::CurrentPassword, message)
    })
}

/// What is said of a code that does not fit. It does not say why.
const WRONG_CODE: &str = "This code is wrong, or it was used. Enter the next one that your app shows.";

/// Whether a use case failed because of the code.
pub(crate) fn is_wrong_code<T>(done: &Result<T>) -> bool {
    let Err(Error::Refused(Refusal::Invalid(errors))) = done else { return false };
    errors.of(Field::Code).next().is_some()
}

/// Where the secret is stored: table, row and column.
fn place(person: &PersonId) -> String {
    format!("second_factor|{person}|secret")
}

/// The most characters of an e-mail in the QR code, which has no room for the longest.
const LABEL: usize = 64;

fn enrolment(secret: &[u8], email: &str, host: &str) -> Enrolment {
    let secret = Zeroizing::new(BASE32_NOPAD.encode(secret));
    let email: String = email.chars().take(LABEL).collect();
    let issuer = text::uri_component(&format!("Keystead {host}"));
    let email = text::uri_component(&email);
    // Without what every app takes for granted, for a picture that is easy to scan.
    let uri = format!("otpauth://totp/{issuer}:{email}?secret={}&issuer={issuer}", secret.as_str());
    Enrolment { secret: grouped(&secret, " ").into(), uri: uri.into() }
}

/// Who needs a second factor, as the transaction sees it.
pub(crate) async fn factor_rules(tx: &mut Tx) -> Result<FactorRules> {
    Ok(read(tx.setting(RULES).await?))
}

/// Writes who needs a second factor from now on, and returns what differs; `None` if nothing was written.
pub(crate) async fn put_factor_rules(
    tx: &mut Tx,
    caller: &Caller,
    rules: FactorRules,
    now: Timestamp,
) -> Result<Option<Vec<Change>>> {
    let before = factor_rules(tx).await?;
    let changes = rules.changes(before);
    let is_readable = tx.setting(RULES).await?.is_none_or(|text| FactorRules::from_setting(&text).is_some());
    if changes.is_empty() && is_readable {
        return Ok(None);
    }
    caller.proved_for(Guarded::ChangeFactorRules, now)?;
    caller.sees_state(&before.to_setting())?;
    // More days of grace begin when the policy began.
    let since = if rules.policy == before.policy { before.since } else { rules.since };
    tx.put_setting(RULES, &FactorRules { since, ..rules }.to_setting()).await?;
    Ok(Some(changes))
}

fn read(value: Option<String>) -> FactorRules {
    static SAID: Once = Once::new();
    let Some(value) = value else { return FactorRules::default() };
    or_strictest(FactorRules::from_setting(&value), FactorRules::strictest, &SAID, "second factors")
}

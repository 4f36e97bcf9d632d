//! What a passkey is asked to sign, and the check of what it signed. A challenge is kept here, works once, and for 5
//! minutes.

use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::PersonId,
    passkey::PasskeyUse,
    refusal::Refusal,
    timestamp::Millis,
};
use store::{ChallengeRow, PasskeyRow, PersonRow, Tx};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration,
        PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, WebauthnError,
    },
};
use webauthn_rs_proto::{AllowCredentials, PublicKeyCredentialRequestOptions, ResidentKeyRequirement};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::Counted,
    service::event,
    sessions::Session,
    throttle::FAILURES_MAX,
    turns::{Source, Turns},
};

/// How long a challenge can be answered.
const ANSWER_WITHIN: Millis = Millis::minutes(5);

/// How many challenges of strangers are kept. A flood drives the oldest out, and nobody needs a minute to answer.
const STRANGERS_KEPT: u32 = 10_000;

/// How many challenges of one person are kept. Whoever knows the password can ask for many, and the newest count.
const OWN_KEPT: u32 = 100;

/// After how many new ones those beyond that are removed: looking for them takes longer than adding one.
const SHRUNK_EVERY: u32 = 100;

/// How many strangers wait at most for a challenge, in all and of one source. Each is a write, and one is made at a time.
const WAITING_MAX: usize = 256;
const SHARE: usize = 16;

/// The challenges that strangers ask for.
#[derive(Debug)]
pub(crate) struct StrangersChallenges {
    line: Turns,
    made: AtomicU32,
}

impl Default for StrangersChallenges {
    fn default() -> Self {
        Self { line: Turns::new(WAITING_MAX, SHARE), made: AtomicU32::new(0) }
    }
}

/// A person's id as authenticators know it: 12 bytes, and zeroes to the length of a UUID.
pub(crate) fn handle(person: &PersonId) -> Uuid {
    let mut bytes = [0; 16];
    // An id has 24 hexadecimal digits.
    let _ = hex::decode_to_slice(person.as_str(), bytes.get_mut(..12).unwrap_or_default());
    Uuid::from_bytes(bytes)
}

/// The console as authenticators know it: by the host of its public address.
#[derive(Clone)]
pub struct RelyingParty(Webauthn);

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelyingParty(..)")
    }
}

impl RelyingParty {
    /// The console at this public address; `None` if its host is an IP address, for which there are no passkeys.
    pub fn at(public_url: &str) -> Option<Self> {
        let origin = Url::parse(public_url).ok()?;
        let host = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&host, &origin).ok()?.rp_name("Keystead");
        builder.build().ok().map(Self)
    }
}

/// Who asks for a challenge, and what for.
#[derive(Debug, Clone, Copy)]
pub enum Asks<'a> {
    /// Somebody who is signed in, to add a passkey.
    Add(&'a Session),
    /// A stranger at this address, to sign in.
    SignIn(Option<IpAddr>),
    /// A sign-in that waits for its second factor, by the value of its cookie.
    Code(&'a str),
    /// Somebody who is signed in, to prove who they are.
    Prove(&'a Session),
}

/// A passkey whose answer fits. Its use is noted in the transaction of what it was for.
#[derive(Debug)]
pub(crate) struct Used {
    /// The person as they were when it was checked.
    pub(crate) row: PersonRow,
    /// The failures of its person, which its use forgives.
    pub(crate) counted: Counted,
    passkey: PasskeyRow,
    /// The credential after this use.
    credential: String,
}

impl Used {
    /// What the record says of it.
    pub(crate) fn note(&self) -> String {
        format!("With the passkey “{}”", self.passkey.name)
    }
}

impl Service {
    /// Whether there are passkeys here at all.
    pub fn has_passkeys(&self) -> bool {
        self.relying_party().is_some()
    }

    /// What the browser is to give to an authenticator, as JSON. `PasskeyRefused` if there are no passkeys here, `Busy` if
    /// too many strangers ask.
    pub async fn passkey_options(&self, asks: Asks<'_>) -> Result<String> {
        match asks {
            Asks::Add(session) => self.options_to_add(session).await,
            Asks::SignIn(address) => {
                let _turn = self.strangers_challenges().line.wait(Source::of(address), false).await?;
                self.options_to_use(PasskeyUse::SignIn, None).await
            }
            Asks::Code(step) => {
                let mac = self.keyring().step_mac(step);
                let person = self.store().sign_in_step(&mac, self.now()).await?.ok_or(Refusal::SignInOver)?;
                self.options_to_use(PasskeyUse::Code, Some(&person)).await
            }
            Asks::Prove(session) => self.options_to_use(PasskeyUse::Prove, Some(&session.person.id)).await,
        }
    }

    async fn options_to_add(&self, session: &Session) -> Result<String> {
        let person = &session.person;
        self.may_add_passkey(session).await?;
        let known = self.store().passkeys_of(&person.id).await?.into_iter().map(|row| row.credential_id);
        let site = self.site()?;
        let (mut options, state) = site
            .start_passkey_registration(handle(&person.id), &person.email, &person.name, Some(known.collect()))
            .map_err(|error| Error::internal("a passkey's challenge", error))?;
        discoverable(&mut options);
        let challenge = options.public_key.challenge.clone();
        self.keep(PasskeyUse::Add, Some(&person.id), &challenge, json(&state)?).await?;
        json(&options.public_key)
    }

    async fn options_to_use(&self, used_for: PasskeyUse, person: Option<&PersonId>) -> Result<String> {
        let (options, state) = self
            .site()?
            .start_discoverable_authentication()
            .map_err(|error| Error::internal("a passkey's challenge", error))?;
        let mut options: PublicKeyCredentialRequestOptions = options.public_key;
        if let Some(person) = person {
            let known = self.store().passkeys_of(person).await?;
            // An authenticator that keeps no list of its own finds its passkey by this.
            options.allow_credentials = known.into_iter().map(|row| allow(row.credential_id)).collect();
        }
        let challenge = options.challenge.clone();
        self.keep(used_for, person, &challenge, json(&state)?).await?;
        json(&options)
    }

    async fn keep(
        &self,
        used_for: PasskeyUse,
        person: Option<&PersonId>,
        challenge: &[u8],
        state: String,
    ) -> Result<()> {
        let row = ChallengeRow {
            id_mac: self.challenge_mac(challenge),
            purpose: used_for.as_str().to_owned(),
            person_id: person.copied(),
            state,
            expires_at: self.now().plus(ANSWER_WITHIN),
        };
        let made = person.is_none().then(|| self.strangers_challenges().made.fetch_add(1, Ordering::Relaxed));
        let shrinks = made.is_some_and(|made| made % SHRUNK_EVERY == SHRUNK_EVERY - 1);
        let work = async |tx: &mut Tx| {
            if let Some(person) = person {
                tx.shrink_passkey_challenges_of(person, OWN_KEPT - 1).await?;
            }
            tx.insert_passkey_challenge(&row).await?;
            if shrinks {
                // Two for one, so that they become fewer.
                tx.shrink_passkey_challenges(STRANGERS_KEPT, 2 * SHRUNK_EVERY).await?;
            }
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    /// Uses the challenge of an answer up, and gives what the answer is checked with.
    async fn take(&self, used_for: PasskeyUse, person: Option<&PersonId>, client_data: &[u8]) -> Result<String> {
        let challenge = challenge(client_data).ok_or(Refusal::PasskeyRefused)?;
        let (mac, now) = (self.challenge_mac(&challenge), self.now());
        // Strangers invent as many as they like, and none of them is a write.
        if !self.store().has_passkey_challenge(&mac).await? {
            return Err(Refusal::PasskeyRefused.into());
        }
        let take = async |tx: &mut Tx| tx.take_passkey_challenge(&mac, used_for.as_str(), person, now).await;
        Ok(self.write(take).await?.ok_or(Refusal::PasskeyRefused)?)
    }

    /// The passkey that an answer adds. `PasskeyRefused` if it does not fit its challenge.
    pub(crate) async fn added(&self, person: &PersonId, answer: &str) -> Result<(Vec<u8>, String)> {
        let answer: RegisterPublicKeyCredential = parse(answer)?;
        let state = self.take(PasskeyUse::Add, Some(person), &answer.response.client_data_json).await?;
        let state: PasskeyRegistration = stored(&state)?;
        let added = self.site()?.finish_passkey_registration(&answer, &state);
        let added: Passkey = added.map_err(|error| {
            tracing::warn!(%error, "a passkey was not added");
            Refusal::PasskeyRefused
        })?;
        Ok((added.cred_id().clone(), json(&added)?))
    }

    /// Checks the answer of a passkey: of this person, or of whoever it says. `PasskeyRefused`, whatever is wrong with it,
    /// and `Wait` after too many wrong ones of that passkey.
    pub(crate) async fn judge_passkey(
        &self,
        used_for: PasskeyUse,
        person: Option<&PersonId>,
        answer: &str,
        client: &ClientInfo,
    ) -> Result<Used> {
        let answer: PublicKeyCredential = parse(answer)?;
        // Only an answer to a challenge of ours costs more.
        let state = self.take(used_for, person, &answer.response.client_data_json).await?;
        let state: DiscoverableAuthentication = stored(&state)?;
        // In its own task, as for a password.
        let (service, client, person) = (self.clone(), client.clone(), person.copied());
        let judged = tokio::spawn(async move { service.judge_answer(&answer, state, person, &client).await });
        judged.await.map_err(|error| Error::internal("a check of a passkey was cut short", error))?
    }

    async fn judge_answer(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        person: Option<PersonId>,
        client: &ClientInfo,
    ) -> Result<Used> {
        let passkey = self.store().passkey_by_credential(answer.get_credential_id()).await?;
        let passkey = passkey.filter(|passkey| person.is_none_or(|person| person == passkey.person_id));
        let row = match &passkey {
            Some(passkey) => self.store().person_by_id(&passkey.person_id).await?,
            None => None,
        };
        let (why, refused) = match (passkey, row) {
            (Some(passkey), Some(row)) => match self.fits(answer, state, &passkey, person.is_some()) {
                Ok(credential) if row.may_enter(self.now()) => {
                    // Nobody makes a right answer by trying, so whoever fails on purpose keeps it from nobody.
                    let counted = self.counted(&row.email, Some(&row.id), client).await?;
                    return Ok(Used { row, counted, passkey, credential });
                }
                Ok(_) => ("the person may not sign in", None),
                Err(why) => (why, Some((row, passkey))),
            },
            _ => ("it is unknown", None),
        };
        let failures = self.count_wrong_passkey(answer.get_credential_id()).await?;
        if let Some((row, passkey)) = refused {
            self.record_refused(&row, &passkey, why, client).await?;
        }
        let address = client.address.map(tracing::field::display);
        tracing::warn!(address, failures, why, "a passkey was refused");
        Err(Refusal::PasskeyRefused.into())
    }

    /// Counts a wrong answer, of a known passkey or an unknown one. `Wait` bounds what is written about it.
    async fn count_wrong_passkey(&self, credential_id: &[u8]) -> Result<u32> {
        let counted_as = self.wrong_passkeys_mac(credential_id);
        let failures = self.begin_attempt(&counted_as).await?;
        // No known browser ends a row of the most failures here: a new row begins instead.
        if failures + 1 >= FAILURES_MAX {
            self.write(async |tx: &mut Tx| tx.clear_sign_in_failures(&counted_as).await).await?;
        }
        Ok(failures)
    }

    /// The credential after an answer that fits, or why it does not.
    fn fits(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        row: &PasskeyRow,
        is_named: bool,
    ) -> Result<String, &'static str> {
        let broken = "it cannot be read";
        let mut passkey: Passkey = serde_json::from_str(&row.credential).map_err(|_| broken)?;
        let said = answer.get_user_unique_id();
        // Whoever named nobody has to be named by the passkey.
        let right = said.map_or(is_named, |said| said == handle(&row.person_id).as_bytes());
        if !right {
            return Err("it does not say whose it is");
        }
        let site = self.relying_party().ok_or(broken)?;
        let result: AuthenticationResult =
            site.0.finish_discoverable_authentication_v2(answer, state, &passkey).map_err(|error| why(&error))?;
        passkey.update_credential(&result);
        serde_json::to_string(&passkey).map_err(|_| broken)
    }

    /// Notes a use of a passkey. `PasskeyRefused` if it was used, removed or its person kept out since it was checked.
    pub(crate) async fn accept_passkey(&self, tx: &mut Tx, used: &Used) -> Result<PersonRow> {
        let current = tx.person_by_id(&used.row.id).await?.filter(|current| current.may_enter(self.now()));
        let current = current.ok_or(Refusal::PasskeyRefused)?;
        if !tx.use_passkey(&used.passkey, &used.credential, self.now()).await? {
            return Err(Refusal::PasskeyRefused.into());
        }
        tx.clear_sign_in_failures(&self.wrong_passkeys_mac(&used.passkey.credential_id)).await?;
        self.forgive(tx, &used.counted, &current.email).await?;
        Ok(current)
    }

    async fn record_refused(
        &self,
        row: &PersonRow,
        passkey: &PasskeyRow,
        why: &str,
        client: &ClientInfo,
    ) -> Result<()> {
        let subject = Subject::person(&row.id, &row.email);
        let refused = event(&Caller::system(client.address), self.now(), Action::PasskeyRefused, subject);
        let note = Some(format!("The passkey “{}”: {why}", passkey.name));
        Ok(self.write(async |tx: &mut Tx| self.record(tx, AuditEvent { note, ..refused }).await).await?)
    }

    fn site(&self) -> Result<&Webauthn> {
        Ok(self.relying_party().map(|site| &site.0).ok_or(Refusal::PasskeyRefused)?)
    }

    /// Under which the wrong answers of a passkey are counted: apart from the account, which anybody can name.
    fn wrong_passkeys_mac(&self, credential_id: &[u8]) -> [u8; 32] {
        self.keyring().link_mac("wrong passkeys", &hex::encode(credential_id))
    }

    fn challenge_mac(&self, challenge: &[u8]) -> [u8; 32] {
        self.keyring().link_mac("passkey challenge", &hex::encode(challenge))
    }
}

/// Asks the authenticator to keep the passkey in a list of its own, if it can: only then it can be used without a password.
fn discoverable(options: &mut CreationChallengeResponse) {
    if let Some(selection) = &mut options.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Preferred);
    }
}

fn allow(id: Vec<u8>) -> AllowCredentials {
    AllowCredentials { type_: "public-key".to_owned(), id, transports: None }
}

/// The challenge that a browser says it answers.
fn challenge(client_data: &[u8]) -> Option<Vec<u8>> {
    let said: serde_json::Value = serde_json::from_slice(client_data).ok()?;
    data_encoding::BASE64URL_NOPAD.decode(said.get("challenge")?.as_str()?.as_bytes()).ok()
}

/// What a browser sent, which anybody may have written.
fn parse<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T> {
    Ok(serde_json::from_str(answer).map_err(|_| Refusal::PasskeyRefused)?)
}

fn stored<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::internal("a passkey's challenge cannot be read", error))
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("a passkey cannot be written", error))
}

/// Why an answer was refused, for the record.
fn why(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::CredentialPossibleCompromise => "its counter went back, so there may be a copy of it",
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => "it was used on another site",
        WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => "it did not check who used it",
        _ => "its signature does not fit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_name_has_no_passkeys() {
        for url in ["https://keys.example.com", "http://localhost:3000", "https://keys.example.com:8443"] {
            assert!(RelyingParty::at(url).is_some(), "{url}");
        }
        for url in ["http://127.0.0.1:3000", "https://[2001:db8::1]", "https://192.0.2.1", ""] {
            assert!(RelyingParty::at(url).is_none(), "{url}");
        }
    }

    #[test]
    fn two_people_have_two_handles() {
        let one = handle(&PersonId::from_random([1; 12]));
        assert_eq!(one.as_bytes()[..12], [1; 12]);
        assert_ne!(one, handle(&PersonId::from_random([2; 12])));
    }
}

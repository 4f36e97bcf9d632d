//! Calls of programs that may be repeated: with the same Idempotency-Key, a call is carried out once, and its answer is
//! given again. The mark is written in the transaction of the change, so there is never one without the other.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    ids::{KeyId, PersonId},
    key::SecretNumber,
    text,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{ApiAnswer, KeptAnswer, SealedPart, StoreError, Tx, Unique};
use subtle::ConstantTimeEq;

use crate::{Error, Result, Service, sessions::AHEAD};

/// How long an answer is given again.
pub const ANSWERS_KEPT: Millis = Millis::hours(24);

/// How long the secret in an answer is given again, unless it is used before.
pub const SECRETS_KEPT: Millis = Millis::minutes(10);

/// How often, and how many times, to look for the answer of a call that is under way.
const LOOK_EVERY: Duration = Duration::from_millis(25);
const LOOKS: u32 = 120;

tokio::task_local! {
    /// The call that this task carries out, if it may be repeated.
    static CALL: Arc<Mark>;
}

/// A call that may be repeated.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable<'a> {
    /// The value of the header `Idempotency-Key`, 1 to 255 characters.
    pub key: &'a str,
    /// The method of the call.
    pub method: &'a str,
    /// Its path and query.
    pub path: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

/// What a secret in an answer belongs to. Once that is used, the secret is not given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretOf {
    /// The key whose token it is.
    Key(KeyId),
    /// The key whose new secret it is, and which of its secrets that is.
    Rotated(KeyId, SecretNumber),
    /// The invite whose link it is, and when that link stops working.
    Invite(PersonId, Timestamp),
    /// The hand-over, of a key or of a new secret of one, whose link it is, and when that link stops working.
    HandOver(KeyId, Timestamp),
}

impl SecretOf {
    fn words(self) -> String {
        match self {
            Self::Key(id) => format!("key {id}"),
            Self::Rotated(id, number) => format!("secret {id} {}", number.0),
            Self::Invite(id, expires) => format!("invite {id} {}", expires.millis()),
            Self::HandOver(id, expires) => format!("hand-over {id} {}", expires.millis()),
        }
    }

    fn read(words: &str) -> Option<Self> {
        let mut parts = words.split(' ');
        let moment = |millis: &str| Some(Timestamp::from_millis(millis.parse().ok()?));
        match (parts.next()?, parts.next()?, parts.next()) {
            ("key", id, None) => KeyId::parse(id).map(Self::Key),
            ("secret", id, Some(number)) => Some(Self::Rotated(KeyId::parse(id)?, SecretNumber(number.parse().ok()?))),
            ("invite", id, Some(at)) => Some(Self::Invite(PersonId::parse(id)?, moment(at)?)),
            ("hand-over", id, Some(at)) => Some(Self::HandOver(KeyId::parse(id)?, moment(at)?)),
            _ => None,
        }
    }
}

/// An answer to keep, or one that was kept.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers that belong to it, a line each.
    pub headers: String,
    /// The body without its secret.
    pub body: String,
    /// The secret part of the body; `None` if there is none, or not any more.
    pub secret: Option<SecretString>,
}

/// What became of a call that may be repeated.
#[derive(Debug)]
pub enum Repeated<T> {
    /// It was carried out now, or refused. The answer of one that changed something is to be kept.
    Done(T, Option<Done>),
    /// It had been carried out before: its answer.
    Before(Answer),
    /// Another call had the same key.
    AnotherCall,
    /// It is being carried out at the moment.
    UnderWay,
    /// It had been carried out, but its answer is lost.
    Lost,
}

/// A call that was carried out, whose answer is to be kept.
#[derive(Debug)]
pub struct Done(Arc<Mark>);

/// Marks the change of a call in its own transaction.
pub(crate) struct Mark {
    mac: [u8; 32],
    request: [u8; 32],
    /// Whether the mark is written.
    made: AtomicBool,
    /// Whether somebody else's was there.
    met: AtomicBool,
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mark").finish_non_exhaustive()
    }
}

impl Mark {
    /// The mark of the call that this task carries out, unless it is written.
    pub(crate) fn due() -> Option<Arc<Self>> {
        let mark = CALL.try_with(Arc::clone).ok()?;
        (!mark.made.load(Ordering::Relaxed)).then_some(mark)
    }

    /// Fails if the call was carried out before.
    pub(crate) async fn check(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let since = now.plus(Millis(-ANSWERS_KEPT.0));
        let before = tx.api_answer(&self.mac).await?.filter(|answer| answer.made_at > since);
        self.met.store(before.is_some(), Ordering::Relaxed);
        if before.is_some() { Err(StoreError::Conflict(Unique::ApiAnswer)) } else { Ok(()) }
    }

    /// Writes it. Fails if the call was carried out before.
    pub(crate) async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let begun = tx.begin_api_answer(&self.mac, &self.request, now, now.plus(Millis(-ANSWERS_KEPT.0))).await;
        self.met.store(begun.is_err(), Ordering::Relaxed);
        begun
    }

    /// The transaction is committed.
    pub(crate) fn written(&self) {
        self.made.store(true, Ordering::Relaxed);
    }

    fn place(&self) -> String {
        format!("api_answer|{}|sealed", hex::encode(self.mac))
    }
}

impl Service {
    /// Carries out a call of this person or key, unless it was carried out before. `work` may run a use case that changes something in one
    /// transaction. A call that was refused changed nothing, and is carried out when it is repeated.
    pub async fn once<T>(
        &self,
        caller_id: &str,
        call: Repeatable<'_>,
        work: impl Future<Output = T>,
    ) -> Result<Repeated<T>> {
        let mark = Arc::new(Mark {
            mac: self.keyring().repeatable_mac(caller_id, call.key),
            request: self.keyring().request_mac([call.method.as_bytes(), call.path.as_bytes(), call.body]),
            made: AtomicBool::default(),
            met: AtomicBool::default(),
        });
        if let Some(before) = self.found(&mark).await? {
            return self.repeated(&mark, before).await;
        }
        let done = CALL.scope(Arc::clone(&mark), work).await;
        if mark.met.load(Ordering::Relaxed)
            && let Some(before) = self.found(&mark).await?
        {
            return self.repeated(&mark, before).await;
        }
        let made = mark.made.load(Ordering::Relaxed);
        Ok(Repeated::Done(done, made.then_some(Done(mark))))
    }

    /// Keeps the answer of a call, with the secret in it sealed.
    pub async fn keep_answer(&self, Done(mark): Done, answer: &Answer, of: Option<SecretOf>) -> Result<()> {
        let secret = match (&answer.secret, of) {
            (Some(secret), Some(of)) => {
                let plain = secret.expose_secret().as_bytes();
                let (sealed, seal_version) = self.keyring().seal(plain, &mark.place(), self.entropy())?;
                Some(SealedPart { about: of.words(), sealed, seal_version })
            }
            _ => None,
        };
        let (headers, body) = (answer.headers.clone(), answer.body.clone());
        let kept = KeptAnswer { status: answer.status, headers, body, secret };
        self.write(async |tx: &mut Tx| Ok::<_, Error>(tx.keep_api_answer(&mark.mac, &kept).await?)).await
    }

    async fn found(&self, mark: &Mark) -> Result<Option<ApiAnswer>> {
        let since = self.now().plus(Millis(-ANSWERS_KEPT.0));
        Ok(self.store().api_answer(&mark.mac).await?.filter(|answer| answer.made_at > since))
    }

    async fn repeated<T>(&self, mark: &Mark, before: ApiAnswer) -> Result<Repeated<T>> {
        if !bool::from(before.request.ct_eq(&mark.request)) {
            return Ok(Repeated::AnotherCall);
        }
        let mut found = Some(before);
        for _ in 0..LOOKS {
            match found {
                Some(ApiAnswer { kept: Some(kept), made_at, .. }) => {
                    return self.again(mark, kept, made_at).await.map(Repeated::Before);
                }
                // The answer of another process that has ended will not come.
                Some(ApiAnswer { made_at, .. }) if self.now().since(made_at) > Millis::minutes(1) => {
                    return Ok(Repeated::Lost);
                }
                Some(_) => tokio::time::sleep(LOOK_EVERY).await,
                None => break,
            }
            found = self.found(mark).await?;
        }
        Ok(Repeated::UnderWay)
    }

    /// An answer as it is given again.
    async fn again(&self, mark: &Mark, kept: KeptAnswer, made_at: Timestamp) -> Result<Answer> {
        let KeptAnswer { status, headers, body, secret } = kept;
        let secret = match secret {
            Some(part) => self.unused(mark, &part, made_at).await?,
            None => None,
        };
        Ok(Answer { status, headers, body, secret })
    }

    /// The secret part of an answer, until its first use and for 10 minutes at most. Otherwise it is forgotten.
    async fn unused(&self, mark: &Mark, part: &SealedPart, made_at: Timestamp) -> Result<Option<SecretString>> {
        // One from the future was made while a clock was ahead, and would be given again for as long as that.
        let in_time = (Millis(-AHEAD.0)..SECRETS_KEPT).contains(&self.now().since(made_at));
        if !in_time || self.is_used(&part.about).await? {
            self.write(async |tx: &mut Tx| Ok::<_, Error>(tx.forget_kept_secret(&mark.mac).await?)).await?;
            return Ok(None);
        }
        let open = self.keyring().unseal(&part.sealed, &mark.place(), part.seal_version);
        let plain = open.map_err(|error| Error::internal("the secret of an answer", error))?;
        let text = std::str::from_utf8(&plain).map_err(|error| Error::internal("the secret of an answer", error))?;
        Ok(Some(text.into()))
    }

    async fn is_used(&self, about: &str) -> Result<bool> {
        Ok(match SecretOf::read(about) {
            Some(SecretOf::Key(id)) => {
                // What this process has counted and not written yet.
                self.verifier().flush_usage().await?;
                self.store().key_detail(&id).await?.is_none_or(|key| key.row.last_used_at.is_some())
            }
            Some(SecretOf::Rotated(id, number)) => {
                self.verifier().flush_usage().await?;
                self.is_secret_used(&id, number).await?
            }
            Some(SecretOf::Invite(id, expires)) => {
                self.store().invite(&id).await?.is_none_or(|invite| invite.expires_at != expires)
            }
            Some(SecretOf::HandOver(id, expires)) => {
                self.store().hand_over(&id).await?.is_none_or(|waiting| waiting.expires_at != expires)
            }
            None => true,
        })
    }

    /// Whether the newest secret of a key was used, or is another one by now.
    async fn is_secret_used(&self, id: &KeyId, number: SecretNumber) -> Result<bool> {
        let (store, now) = (self.store(), self.now());
        let secrets = store.live_secrets(id).await?;
        let Some(newest) = secrets.first().filter(|newest| newest.number == number) else { return Ok(true) };
        if secrets.len() > 1 {
            let uses = store.secret_uses(id, now).await?;
            return Ok(uses.iter().any(|(used, of)| *used == number && of.last_used_at.is_some()));
        }
        let last = store.key_detail(id).await?.and_then(|key| key.row.last_used_at);
        Ok(last.is_some_and(|at| at >= newest.since))
    }

    /// Forgets the secrets in answers that are too old to be given again. Runs in the background.
    pub async fn forget_kept_secrets(&self) -> Result<()> {
        let until = self.now().plus(Millis(-SECRETS_KEPT.0));
        if self.store().has_kept_secrets(until).await? {
            self.write(async |tx: &mut Tx| Ok::<_, Error>(tx.forget_kept_secrets(until).await?)).await?;
        }
        Ok(())
    }
}

/// Checks the value of the header `Idempotency-Key`.
pub fn check_key(text: &str) -> Result<&str, String> {
    let allowed = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if allowed && (1..=255).contains(&text.len()) {
        return Ok(text);
    }
    Err(format!("{} is no key to repeat a call by: send 1 to 255 visible characters of ASCII.", text::quote(text)))
}

/// Whether this failed because the same call was carried out before, or is being carried out.
pub fn is_repeated(error: &Error) -> bool {
    matches!(error, Error::Store(StoreError::Conflict(Unique::ApiAnswer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_secret_belongs_to_is_read_back() {
        let invite = SecretOf::Invite(PersonId::from_random([3; 12]), Timestamp::from_millis(1_800_000_000_000));
        let key = KeyId::from_random([3; 16]);
        let hand_over = SecretOf::HandOver(key, Timestamp::from_millis(1_800_000_000_000));
        for of in [SecretOf::Key(key), SecretOf::Rotated(key, SecretNumber(2)), invite, hand_over] {
            assert_eq!(SecretOf::read(&of.words()), Some(of));
        }
        for words in ["", "key", "key x", "key 7Qm2xVbN4tRa 1", "invite", "invite x 1", "room 1"] {
            assert_eq!(SecretOf::read(words), None, "{words}");
        }
    }

    #[test]
    fn a_key_to_repeat_by_is_short_and_visible() {
        for good in ["a", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "order 7", &"x".repeat(255)] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for wrong in ["", "é", "a\tb", &"x".repeat(256)] {
            assert!(check_key(wrong).is_err(), "{wrong}");
        }
    }
}

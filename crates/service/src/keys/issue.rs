//! Issuing a key: the only moment at which its secret is known.

use std::fmt;

use domain::{
    audit::{Action, AuditEvent, Change, Subject},
    draft::KeyDraft,
    environment::Environment,
    field::{Field, FieldErrors},
    ids::{AppId, KeyId},
    key::{ACKNOWLEDGE_WITHIN, KeyDetail, SecretNumber},
    kind::{KeyKind, Presented},
    labels::Owner,
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    spec::KeySpec,
    timestamp::Timestamp,
    token::{self, PlainToken},
};
use secrecy::SecretString;
use store::{NewKey, NewSecret, StoreError, Tx};
use zeroize::Zeroizing;

use super::{
    check_acts_for, check_life, check_owner,
    integration::{check_integration, check_keys_left},
    issuing::Job,
    note_verifier_key, unknown_owner,
};
use crate::{Caller, Error, Result, Service, apps::usable, entropy, once::Mark, sealed_secrets, settings::life_rules};

/// A new key with its secret.
#[derive(Debug)]
pub struct Issued {
    /// The key as its page shows it.
    pub key: KeyDetail,
    /// The secret. It is not stored, and cannot be shown again.
    pub shown: ShownSecret,
    /// Until when it can be confirmed; `None` if it is confirmed already.
    pub ack_deadline: Option<Timestamp>,
}

/// A secret in the form in which a caller presents it.
pub enum ShownSecret {
    /// The whole token, for `Authorization: Bearer`.
    Token(SecretString),
    /// An id and a secret, in two headers or as Basic.
    Pair {
        /// The id, which is not secret.
        id: String,
        /// The secret, with its checksum.
        secret: SecretString,
    },
}

impl ShownSecret {
    fn of(kind: KeyKind, token: &PlainToken) -> Option<Self> {
        let parts = token.token()?;
        let pair = |id| Self::Pair { id, secret: parts.pair_secret().into() };
        Some(match kind.rules().presented {
            Presented::Token | Presented::ApiKeyHeader => Self::Token(token.expose().into()),
            Presented::IdAndSecret(_) => pair(parts.pair_id()),
            Presented::BasicOrJwt => pair(parts.basic_id()),
        })
    }
}

impl fmt::Debug for ShownSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Pair { id, .. } => f.debug_struct("Pair").field("id", id).finish_non_exhaustive(),
        }
    }
}

/// How a new key starts.
#[derive(Clone, Copy)]
enum Begins<'a> {
    /// Pending, created by the form with this one-use id.
    Pending { form_id: &'a str },
    /// Active, because its caller gets the secret in the answer.
    Acknowledged,
}

impl Service {
    /// A one-use id for a form that issues a key.
    pub fn new_form_id(&self) -> Result<String> {
        let bytes: [u8; 16] = entropy::bytes(self.entropy())?;
        Ok(hex::encode(bytes))
    }

    /// Checks what was typed for a key of this app, without creating anything.
    pub async fn check_draft_in(&self, caller: &Caller, app: &AppId, draft: &KeyDraft) -> Result<()> {
        self.check_draft(caller, draft).await?;
        self.check_typed_integration(caller, Some(app), &self.read_draft(caller, draft)?).await
    }

    /// Checks what was typed, without creating anything.
    pub async fn check_draft(&self, caller: &Caller, draft: &KeyDraft) -> Result<()> {
        let spec = self.read_draft(caller, draft)?;
        check_life(self.life_rules_now().await?, &spec, self.now(), draft.expiry_field())?;
        if let Some(Owner::Person(email)) = &spec.rules.owner
            && !self.sees_person(caller, email).await?
        {
            return Err(unknown_owner(email).into());
        }
        self.check_typed_integration(caller, None, &spec).await
    }

    /// What was typed, checked as far as possible without the database.
    pub fn read_draft(&self, caller: &Caller, draft: &KeyDraft) -> Result<KeySpec> {
        caller.may(Act::ChangeKeys)?;
        let spec = draft.check(self.now())?;
        caller.may_issue(spec.kind)?;
        caller.may_make(&spec)?;
        caller.may_give(&spec.rules.permissions)?;
        Ok(spec)
    }

    /// Creates a pending key, which works once it is confirmed. One form creates one key, however often it is sent;
    /// then it gives `AlreadyIssued`. `ApprovalNeeded` if a second person must approve the key.
    pub async fn issue(&self, caller: &Caller, app: &AppId, draft: &KeyDraft, form_id: &str) -> Result<Issued> {
        let begins = Begins::Pending { form_id };
        self.make_key(caller, app, draft, begins).await
    }

    /// Creates a key for a program, which stores the answer when it gets it. Issues and confirms it in one act, and
    /// records both.
    pub async fn issue_acknowledged(&self, caller: &Caller, app: &AppId, draft: &KeyDraft) -> Result<Issued> {
        self.make_key(caller, app, draft, Begins::Acknowledged).await
    }

    async fn make_key(&self, caller: &Caller, app: &AppId, draft: &KeyDraft, begins: Begins<'_>) -> Result<Issued> {
        caller.may(Act::ChangeKeys)?;
        let form_id = match begins {
            Begins::Pending { form_id } => Some(check_form_id(form_id)?),
            Begins::Acknowledged => None,
        };
        // Before the fields are checked: values that were right when the form was first sent may no longer be.
        if let Some(form_id) = form_id {
            refuse_repeat(self.store().key_of_form(form_id).await?)?;
        }
        let spec = self.read_draft(caller, draft)?;
        caller.proved_for(guarded(&spec), self.now())?;
        let id = self.new_key_id()?;
        let minted = self.mint(&id, spec.kind, spec.rules.environment)?;
        let now = self.now();
        let key = NewKey {
            id,
            app_id: *app,
            spec,
            token_prefix: minted.prefix,
            ack_deadline: form_id.map(|_| now.plus(ACKNOWLEDGE_WITHIN)),
            form_id: form_id.map(str::to_owned),
            created_by: caller.actor_in(app),
            created_at: now,
            secret: minted.secret,
        };
        let (ack_deadline, mark) = (key.ack_deadline, Mark::due());
        let (expiry, caller) = (draft.expiry_field(), caller.clone());
        let job = Job { service: self.clone(), caller, key, expiry, mark: mark.clone() };
        let detail = self.key_writer().write(job).await?;
        if let Some(mark) = mark {
            mark.written();
        }
        Ok(Issued { key: detail, shown: minted.shown, ack_deadline })
    }

    /// Adds a key and records it, after the checks that need the database. `expiry` is where people chose the expiry.
    pub(super) async fn add_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &NewKey,
        expiry: Field,
        note: Option<String>,
    ) -> Result<()> {
        self.check_new_key(tx, caller, key, expiry, &[]).await?;
        add_all(tx, std::slice::from_ref(key)).await?;
        Ok(self.record(tx, self.issued(caller, key, note)).await?)
    }

    /// Checks a key that is to be added now, after the keys `before`, and makes the integration where it reports.
    pub(super) async fn check_new_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &NewKey,
        expiry: Field,
        before: &[NewKey],
    ) -> Result<()> {
        check_new(tx, caller, &key.app_id, &key.spec, key.created_at, expiry).await?;
        check_keys_left(tx, &key.app_id, &key.spec, before).await?;
        self.ensure_event_integration(tx, caller, &key.app_id, key.spec.kind).await?;
        Ok(())
    }

    /// What is recorded of a new key.
    pub(super) fn issued(&self, caller: &Caller, key: &NewKey, note: Option<String>) -> AuditEvent {
        let subject = Subject::key(&key.id, key.spec.kind, &key.spec.name);
        let event = self.event_about(caller, Action::KeyIssued, &key.app_id, subject);
        AuditEvent { changes: first_values(&key.spec), note, ..event }
    }

    /// The id of a key to come.
    pub(super) fn new_key_id(&self) -> Result<KeyId> {
        Ok(KeyId::from_random(entropy::bytes(self.entropy())?))
    }

    /// The first secret for the key with this id, in the form that is shown and in the form that is kept.
    pub(super) fn mint(&self, id: &KeyId, kind: KeyKind, environment: Environment) -> Result<Minted> {
        let prefix = kind.token_prefix(self.token_prefix(), environment);
        self.mint_with(prefix, id, kind, SecretNumber::FIRST)
    }

    /// The secret with this number, for a token that begins like this.
    pub(super) fn mint_with(&self, prefix: String, id: &KeyId, kind: KeyKind, number: SecretNumber) -> Result<Minted> {
        let bits = Zeroizing::new(entropy::bytes::<32>(self.entropy())?);
        let secret = Zeroizing::new(token::secret_from_random(&bits));
        let whole = PlainToken::compose(&prefix, id, &secret);
        let malformed = Error::impossible("a new token is malformed");
        let (Some(token), Some(shown)) = (whole.token(), ShownSecret::of(kind, &whole)) else { return Err(malformed) };
        let (mac, pepper_version) = self.keyring().new_token_mac(token.as_bytes());
        let sealed = if kind.rules().signs() {
            let secret = token.pair_secret();
            Some(sealed_secrets::seal(self.keyring(), self.entropy(), (id, number), secret)?)
        } else {
            None
        };
        let kept = NewSecret { mac, pepper_version, last4: token.last4().to_owned(), sealed };
        Ok(Minted { prefix, secret: kept, shown })
    }
}

/// Checks a key that is to be issued, now or later, as far as that takes the database. `expiry` is where people chose the
/// expiry.
pub(super) async fn check_new(
    tx: &mut Tx,
    caller: &Caller,
    app: &AppId,
    spec: &KeySpec,
    now: Timestamp,
    expiry: Field,
) -> Result<()> {
    usable(tx, caller, app).await?;
    check_life(life_rules(tx).await?, spec, now, expiry)?;
    check_owner(tx, caller, spec.rules.owner.as_ref()).await?;
    check_acts_for(tx, app, spec).await?;
    check_integration(tx, app, spec).await
}

/// Adds keys that were checked.
pub(super) async fn add_all(tx: &mut Tx, keys: &[NewKey]) -> Result<(), StoreError> {
    tx.insert_keys(keys).await?;
    for key in keys {
        note_verifier_key(tx, &key.app_id, &key.spec.rules.permissions).await?;
    }
    Ok(())
}

/// What issuing a key is, for whoever must have proved who they are.
pub(super) fn guarded(spec: &KeySpec) -> Guarded<'_> {
    Guarded::IssueKey { kind: spec.kind, permissions: &spec.rules.permissions }
}

pub(super) struct Minted {
    pub(super) prefix: String,
    pub(super) secret: NewSecret,
    pub(super) shown: ShownSecret,
}

pub(crate) fn check_form_id(form_id: &str) -> Result<&str, FieldErrors> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (16..=64).contains(&form_id.len()) && form_id.bytes().all(allowed) {
        Ok(form_id)
    } else {
        Err(FieldErrors::one(Field::FormId, "This form had expired. Please submit it again."))
    }
}

pub(super) fn refuse_repeat(made: Option<KeyId>) -> Result<(), Refusal> {
    match made {
        Some(key) => Err(Refusal::AlreadyIssued { key }),
        None => Ok(()),
    }
}

/// The first values of a key, for its audit event.
pub(super) fn first_values(spec: &KeySpec) -> Vec<Change> {
    let given = spec.told().into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(field, value)| Change { field: field.as_str().to_owned(), from: None, to: Some(value) }).collect()
}

//! The service, and what its use cases share.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use domain::{
    audit::{Action, AuditEvent, Subject},
    ids::{AppId, KeyId},
    kind::KeyKind,
    list::KeyQuery,
    role::Act,
    sight::Sight,
    timestamp::Timestamp,
    token,
};
use store::{Store, StoreError, Tx};
use tokio_util::task::TaskTracker;

use crate::{
    Caller, Error, Result,
    ceremony::{RelyingParty, StrangersChallenges},
    chat::{attachments::Files, live::Live, member::fill_member_keys, writer::MessageWork},
    clock::Clock,
    deliveries::Outbox,
    entropy::{Entropy, EntropyError},
    events::{live::EventLive, writer::EventWork},
    first_rows::{fill_person_keys, first_rows},
    integrations::fill_event_integrations,
    key_details::Details,
    keyring::{Keyring, KeyringError},
    keys::issuing::IssueWork,
    mail::Mailer,
    metrics::Metrics,
    nodes::Membership,
    once::Mark,
    passwords::{PasswordHasher, Passwords},
    progress::Progress,
    provider_sign_in::Refusals,
    provider_turns::ProviderTurns,
    providers::Provider,
    reader::{Apps, Reader},
    readiness::Writer,
    reset_asks,
    root_key::RootKey,
    same::Same,
    streams::Streams,
    together::Queue,
    turns::Turns,
    verify::Verifier,
};

mod parts;

/// The parts that a service needs to start.
pub struct Setup {
    /// The database, which is already open.
    pub store: Store,
    /// The key that wraps the data keys.
    pub root_key: RootKey,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// The password hash function.
    pub hasher: Arc<dyn PasswordHasher>,
    /// The prefix of new tokens: 1 to 10 lower-case letters and digits.
    pub token_prefix: String,
    /// Where mail goes; `None` if none is sent.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// The providers that people can sign in by.
    pub providers: Vec<Arc<dyn Provider>>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("root_key", &self.root_key)
            .field("token_prefix", &self.token_prefix)
            .finish_non_exhaustive()
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data keys cannot be opened, for example because the root key is a different one.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The prefix for tokens is invalid.
    #[error("the token prefix {0:?} must be 1 to 10 lower-case letters and digits, and not that of a key kind")]
    TokenPrefix(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Any other failure of the first start.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<EntropyError> for StartError {
    fn from(error: EntropyError) -> Self {
        Self::Keyring(error.into())
    }
}

/// Pages of keys as somebody has put them down, for the keys in sight.
type PagesOfKeys = Same<(Sight, KeyQuery), Result<Arc<[u8]>, StoreError>>;

/// The use cases. A clone is the same service.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    passwords: Passwords,
    keyring: Arc<Keyring>,
    token_prefix: String,
    default_app: AppId,
    installation: Arc<str>,
    metrics: Metrics,
    verifier: Verifier,
    apps: Reader<Apps>,
    details: Reader<Details>,
    pages: PagesOfKeys,
    writer: tokio::sync::Mutex<Writer>,
    streams: Arc<Streams>,
    progress: Progress,
    mailer: Option<Arc<dyn Mailer>>,
    mails: TaskTracker,
    relying_party: OnceLock<RelyingParty>,
    providers: Vec<Arc<dyn Provider>>,
    provider_turns: ProviderTurns,
    refusals: Refusals,
    challenges: StrangersChallenges,
    reset_asks: Turns,
    live: Arc<Live>,
    outbox: Arc<Outbox>,
    messages: Queue<MessageWork>,
    membership: Membership,
    event_live: Arc<EventLive>,
    events: Queue<EventWork>,
    keys: Queue<IssueWork>,
    files: OnceLock<Files>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// Opens the data keys. The first start creates them and the app "Default".
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let prefix = setup.token_prefix;
        if !token::is_prefix(&prefix) || KeyKind::has_prefix(&prefix) {
            return Err(StartError::TokenPrefix(prefix));
        }
        let metrics = Metrics::new(setup.store.engine(), &*setup.clock)?;
        setup.store.observed_by(Arc::new(metrics.clone()));
        let now = setup.clock.now();
        let entropy = setup.entropy;
        let keyring = Keyring::open(&setup.store, setup.root_key, entropy.as_ref(), now).await?;
        let keyring = Arc::new(keyring);
        let (default_app, installation) = first_rows(&setup.store, &keyring, entropy.as_ref(), now).await?;
        setup.store.belongs_to(&installation);
        fill_person_keys(&setup.store, &keyring).await?;
        fill_member_keys(&setup.store, &keyring, entropy.as_ref(), now).await?;
        fill_event_integrations(&setup.store, &keyring, entropy.as_ref(), now).await?;
        let (store, clock) = (setup.store.clone(), Arc::clone(&setup.clock));
        let verifier = Verifier::start(store, clock, Arc::clone(&keyring), metrics.clone()).await?;
        let apps = Reader::new(&setup.store.for_calls(), Apps);
        let details = Reader::new(&setup.store.for_calls(), Details::new(verifier.flushes()));
        let live = Arc::<Live>::default();
        let outbox = Arc::<Outbox>::default();
        let messages = MessageWork::new(Arc::clone(&setup.clock), Arc::clone(&live), Arc::clone(&outbox));
        let messages = Queue::start(setup.store.clone(), messages);
        let event_live = Arc::<EventLive>::default();
        let events = EventWork::new(Arc::clone(&setup.clock), Arc::clone(&event_live), Arc::clone(&outbox));
        let events = Queue::start(setup.store.clone(), events);
        let keys = Queue::start(setup.store.clone(), IssueWork::new(verifier.clone()));
        Ok(Self(Arc::new(Parts {
            store: setup.store,
            clock: setup.clock,
            entropy,
            passwords: Passwords::new(setup.hasher),
            keyring,
            token_prefix: prefix,
            default_app,
            installation: installation.into(),
            metrics,
            verifier,
            apps,
            details,
            pages: Same::default(),
            writer: tokio::sync::Mutex::default(),
            streams: Arc::default(),
            progress: Progress::default(),
            mailer: setup.mailer,
            mails: TaskTracker::default(),
            relying_party: OnceLock::new(),
            provider_turns: ProviderTurns::of(&setup.providers),
            providers: setup.providers,
            refusals: Refusals::default(),
            challenges: StrangersChallenges::default(),
            reset_asks: reset_asks::line(),
            live,
            outbox,
            messages,
            membership: Membership::default(),
            event_live,
            events,
            keys,
            files: OnceLock::new(),
        })))
    }

    /// Adds an event to the audit, in the transaction of the change.
    pub(crate) async fn record(&self, tx: &mut Tx, event: AuditEvent) -> Result<(), StoreError> {
        record(&self.0.keyring, tx, &event).await
    }

    /// Adds events to the audit in their order, in the transaction of their changes.
    pub(crate) async fn record_all(&self, tx: &mut Tx, events: &[AuditEvent]) -> Result<(), StoreError> {
        let (key, version) = self.0.keyring.audit();
        tx.record_all(events, &|bytes| key.mac(&[bytes]), version).await?;
        Ok(())
    }

    /// Runs a change in a transaction.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        // On the heap, because a transaction's future is large and would enlarge every caller's.
        let Some(mark) = Mark::due() else { return Box::pin(self.0.store.write(work)).await };
        let now = self.now();
        let marked = async |tx: &mut Tx| {
            mark.write(tx, now).await?;
            work(tx).await
        };
        let value = Box::pin(self.0.store.write(marked)).await?;
        mark.written();
        Ok(value)
    }

    /// Runs a change of one key in a transaction, if the caller may do this with any key at all, and makes the verifier
    /// forget the key before the change is answered.
    /// If the caller goes away after the commit, the verifier's next poll finds the change.
    pub(crate) async fn change_key<T>(
        &self,
        caller: &Caller,
        act: Act,
        key: &KeyId,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        caller.may_with_some(act)?;
        let change = async |tx: &mut Tx| {
            let value = work(tx).await?;
            Ok::<_, Error>((value, tx.bump_version().await?))
        };
        let (value, version) = self.write(change).await?;
        self.0.verifier.changed(key, version);
        Ok(value)
    }
}

/// An event without changes or a note, about the installation as a whole.
pub(crate) fn event(caller: &Caller, at: Timestamp, action: Action, subject: Subject) -> AuditEvent {
    AuditEvent {
        at,
        app_id: None,
        actor: caller.actor().clone(),
        action,
        subject,
        changes: Vec::new(),
        note: None,
        address: caller.address(),
    }
}

pub(crate) async fn record(keyring: &Keyring, tx: &mut Tx, event: &AuditEvent) -> Result<(), StoreError> {
    let (key, version) = keyring.audit();
    tx.record(event, &|bytes| key.mac(&[bytes]), version).await?;
    Ok(())
}

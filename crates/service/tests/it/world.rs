//! An installation for a test, and helpers for what tests do with it.

use std::{
    ops::Deref,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use domain::{
    audit::{Action, AuditRow},
    audit_query::AuditQuery,
    calls::sum,
    dashboard::Dashboard,
    draft::KeyDraft,
    grant::KeyGrant,
    ids::{KeyId, PersonId},
    refusal::Refusal,
    role::Role,
    sight::Scope,
    timestamp::Timestamp,
    token::PlainToken,
    verdict::Code,
};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Caller, ClientInfo, Error, Service, Setup,
    clock::SystemClock,
    keys::{Issued, ShownSecret},
    sessions::Person,
    setup::NewPerson,
    sign_in::{Entry, SignIn, SignedIn},
    verify::{Credential, Verdict, VerifyRequest},
};
use store::{PersonRow, Store};
use testkit::{Installation, TestDatabase};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Runs each test on both engines.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::world::World::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::world::World::postgres().await).await;
            })+
        }
    };
}

pub const PASSWORD: &str = "correct horse battery staple";
/// When every test begins.
pub const START: Timestamp = Timestamp::from_millis(1_780_000_000_000);
/// Where people reach the console.
pub const SITE: &str = "https://keys.example.com";
pub const EMAIL: &str = "owner@example.com";

pub struct World {
    pub service: Service,
    pub store: Store,
    installation: Installation,
}

impl Deref for World {
    type Target = Installation;

    fn deref(&self) -> &Installation {
        &self.installation
    }
}

impl World {
    pub async fn sqlite() -> Self {
        Self::new(TestDatabase::sqlite()).await
    }

    pub async fn postgres() -> Self {
        Self::new(TestDatabase::postgres()).await
    }

    async fn new(database: TestDatabase) -> Self {
        let installation = Installation::new(database, START);
        let setup = installation.setup().await;
        let store = setup.store.clone();
        let service = Service::start(setup).await.unwrap();
        service.serves_at(SITE);
        Self { service, store, installation }
    }

    /// Another process on the same database.
    pub async fn another(&self) -> Service {
        Service::start(self.setup().await).await.unwrap()
    }

    /// One on the machine's own clock: what it trusts for a while, it trusts no longer.
    pub async fn another_in_time(&self) -> Service {
        Service::start(Setup { clock: Arc::new(SystemClock::default()), ..self.setup().await }).await.unwrap()
    }

    /// Issues and confirms a key.
    pub async fn active(&self, draft: &KeyDraft) -> (KeyId, String) {
        let app = self.service.default_app();
        let issued = self.service.issue_acknowledged(owner(), app, draft).await.unwrap();
        (issued.key.row.id, token(&issued))
    }

    /// Issues a key that waits to be confirmed.
    pub async fn pending(&self, draft: &KeyDraft) -> (KeyId, String) {
        let form = self.service.new_form_id().unwrap();
        let app = self.service.default_app();
        let issued = self.service.issue(owner(), app, draft, &form).await.unwrap();
        (issued.key.row.id, token(&issued))
    }

    pub async fn code(&self, token: &str) -> Code {
        code(&self.service, token).await
    }

    /// The newest events.
    pub async fn events(&self) -> Vec<AuditRow> {
        let query = AuditQuery::default();
        self.service.audit(owner(), &query).await.unwrap().rows
    }

    pub async fn newest(&self) -> AuditRow {
        self.events().await.remove(0)
    }

    /// How many events there are, what the version is, and how many transactions were written.
    pub async fn marks(&self) -> (i64, i64, u64) {
        let seq = self.events().await.first().map_or(0, |event| event.seq);
        let version = self.store.look().await.unwrap().version;
        (seq, version, self.store.write_count())
    }

    /// Returns the result of `work`, after checking that it made one transaction with one event and one version.
    pub async fn one_change<T>(&self, action: Action, work: impl Future<Output = T>) -> T {
        let (seq, version, writes) = self.marks().await;
        let value = work.await;
        let after = self.marks().await;
        assert_eq!(after, (seq + 1, version + 1, writes + 1), "{action:?}");
        assert_eq!(self.newest().await.action, action);
        value
    }

    /// Returns the result of `work`, after checking that it made no event, no version and no transaction.
    pub async fn no_change<T>(&self, work: impl Future<Output = T>) -> T {
        let before = self.marks().await;
        let value = work.await;
        assert_eq!(self.marks().await, before);
        value
    }

    /// Returns the result of `work`, after checking that it made one event of this action.
    pub async fn one_event<T>(&self, action: Action, work: impl Future<Output = T>) -> T {
        let seq = self.newest().await.seq;
        let value = work.await;
        let newest = self.newest().await;
        assert_eq!((newest.seq, newest.action.known()), (seq + 1, Some(action)));
        value
    }

    /// Returns the result of `work`, after checking that it made no event.
    pub async fn no_event<T>(&self, work: impl Future<Output = T>) -> T {
        let seq = self.newest().await.seq;
        let value = work.await;
        assert_eq!(self.newest().await.seq, seq);
        value
    }

    /// A grant to see a new key.
    pub async fn a_key(&self) -> Vec<KeyGrant> {
        vec![KeyGrant::new(self.active(&draft("service", "Key")).await.0, &[])]
    }

    pub async fn make_owner(&self) {
        let made = self.service.create_owner(shell(), person(EMAIL)).await;
        made.unwrap();
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Result<SignedIn, Error> {
        let sign_in = SignIn { email: email.to_owned(), password: password.into() };
        self.service.sign_in(sign_in, &ClientInfo::default()).await.map(session_of)
    }
}

/// The session of a sign-in that needs no code.
#[track_caller]
pub fn session_of(entry: Entry) -> SignedIn {
    match entry {
        Entry::Session(signed_in) => signed_in,
        Entry::Code { .. } => panic!("a code is asked for"),
    }
}

/// Runs the background work until the guard is dropped.
pub fn in_background(service: &Service) -> DropGuard {
    let shutdown = CancellationToken::new();
    let (service, token) = (service.clone(), shutdown.clone());
    tokio::spawn(async move { service.run(token).await });
    shutdown.drop_guard()
}

/// Waits until something is so. What is waited for happens in the background.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn code(service: &Service, token: &str) -> Code {
    verdict(service, token).await.unwrap().code
}

pub async fn verdict(service: &Service, token: &str) -> service::Result<Verdict> {
    service.verifier().verify(Credential::Token(token), VerifyRequest::default()).await
}

pub fn owner() -> &'static Caller {
    static OWNER: LazyLock<Caller> = LazyLock::new(|| signed_in(Role::Owner));
    &OWNER
}

pub fn signed_in(role: Role) -> Caller {
    somebody(7, role)
}

/// Another person with the same role for each number, who proved who they are when the test began.
pub fn somebody(number: u8, role: Role) -> Caller {
    somebody_at(number, role, START)
}

/// The same, who proved it then.
pub fn somebody_at(number: u8, role: Role, proved: Timestamp) -> Caller {
    let row = PersonRow { id: PersonId::from_random([number; 12]), ..row(role) };
    Caller::person(&Person::from(row), proved, Some("203.0.113.9".parse().unwrap()))
}

pub fn row(role: Role) -> PersonRow {
    PersonRow {
        id: PersonId::from_random([7; 12]),
        email: format!("{}@example.com", role.as_str()),
        name: role.label().to_owned(),
        role,
        password_hash: String::new(),
        created_at: Timestamp::from_millis(0),
        disabled: false,
        access_ends_at: None,
        apps: Scope::All,
    }
}

pub fn shell() -> &'static Caller {
    static SHELL: LazyLock<Caller> = LazyLock::new(|| Caller::command_line("root"));
    &SHELL
}

pub fn person(email: &str) -> NewPerson {
    NewPerson { name: "Owner".to_owned(), email: email.to_owned(), password: PASSWORD.into() }
}

pub fn draft(kind: &str, name: &str) -> KeyDraft {
    KeyDraft { kind: Some(kind.to_owned()), name: Some(name.to_owned()), ..KeyDraft::default() }
}

/// A list as a field of a draft.
#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
pub fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(|item| (*item).to_owned()).collect())
}

/// The whole token, even of a key that is shown as a pair.
pub fn token(issued: &Issued) -> String {
    match &issued.shown {
        ShownSecret::Token(token) => secret(token),
        ShownSecret::Pair { id, secret: half } => {
            let whole = PlainToken::from_pair(id, half.expose_secret());
            let whole = whole.or_else(|| PlainToken::from_basic(id, half.expose_secret()));
            whole.unwrap().expose().to_owned()
        }
    }
}

pub fn secret(text: &SecretString) -> String {
    text.expose_secret().to_owned()
}

#[track_caller]
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> Refusal {
    match answer.unwrap_err() {
        Error::Refused(refusal) => refusal,
        other => panic!("not a refusal: {other}"),
    }
}

/// The calls that the dashboard shows, accepted and refused.
pub fn called(figures: &Dashboard) -> (u64, u64) {
    let all = sum(&figures.calls);
    (all.accepted, all.refused)
}

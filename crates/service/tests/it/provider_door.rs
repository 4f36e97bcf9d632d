//! A provider whose word a test writes, and an installation that people sign in to by it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use domain::{
    audit::Action,
    grant::KeyGrant,
    invite::InviteDraft,
    provider::{Join, ProviderRules, RoleRules, Trouble},
    role::Role,
};
use secrecy::SecretString;
use service::{
    ClientInfo, Error, Service,
    provider_sign_in::{Answer, Returned},
    providers::{Asking, Claims, NotLetIn, Provider, ProviderError, Question, Redeemed},
    sessions::Session,
    sign_in::{Entry, SignedIn},
};
use store::Store;

use crate::world::{World, owner, secret, session_of, shell};

pub const HERE: &str = "https://keys.example.com";
const ISSUER: &str = "https://login.example.com";

/// A provider whose word the test writes.
pub struct Corp {
    pub rules: ProviderRules,
    pub word: Mutex<Result<Claims, ProviderError>>,
    /// The state that it was last asked with.
    pub state: Mutex<String>,
    /// What a code was last redeemed with: the verifier and the nonce.
    pub redeemed: Mutex<(String, String)>,
    /// How often it was asked for its word.
    pub asked: AtomicUsize,
    /// Held by a test as long as the provider is to be slow.
    pub gate: tokio::sync::RwLock<()>,
}

impl Provider for Corp {
    fn rules(&self) -> &ProviderRules {
        &self.rules
    }

    fn issuer(&self) -> &str {
        ISSUER
    }

    fn address<'a>(&'a self, question: Question<'a>) -> Asking<'a, String> {
        assert_eq!(question.redirect, "https://keys.example.com/login/oidc/corp/callback");
        question.state.clone_into(&mut self.state.lock().unwrap());
        let (nonce, challenge) = (question.nonce, question.challenge);
        Box::pin(async move { Ok(format!("{ISSUER}/authorize?nonce={nonce}&challenge={challenge}")) })
    }

    fn claims<'a>(&'a self, redeemed: Redeemed<'a>) -> Asking<'a, Claims> {
        *self.redeemed.lock().unwrap() = (redeemed.verifier.to_owned(), redeemed.nonce.to_owned());
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            drop(self.gate.read().await);
            self.word.lock().unwrap().clone()
        })
    }
}

pub fn rules(join: Join) -> ProviderRules {
    ProviderRules {
        id: "corp".to_owned(),
        name: "Corp".to_owned(),
        join,
        domains: Some(vec!["example.com".to_owned()]),
        roles: RoleRules { claim: None, default: Some(Role::Auditor) },
        is_factor: false,
    }
}

pub fn by_claim(default: Option<Role>) -> ProviderRules {
    let roles = [("root", Role::Owner), ("admins", Role::Admin), ("guests", Role::Guest)];
    let roles = roles.map(|(value, role)| (value.to_owned(), role)).to_vec();
    ProviderRules { roles: RoleRules { claim: Some(("groups".to_owned(), roles)), default }, ..rules(Join::Anybody) }
}

pub fn claims(subject: &str, email: &str) -> Claims {
    Claims {
        subject: subject.to_owned(),
        email: Some(email.to_owned()),
        is_email_verified: true,
        name: Some("Ada Byron".to_owned()),
        roles: Vec::new(),
    }
}

pub fn of_group(subject: &str, email: &str, group: &str) -> Claims {
    Claims { roles: vec![group.to_owned()], ..claims(subject, email) }
}

/// An installation with a provider.
pub struct Door {
    pub w: World,
    pub service: Service,
    /// The database as the service has opened it.
    pub store: Store,
    pub corp: Arc<Corp>,
}

impl Door {
    pub async fn of(w: World, rules: ProviderRules) -> Self {
        w.make_owner().await;
        Self::with(w, rules).await
    }

    pub async fn with(w: World, rules: ProviderRules) -> Self {
        let word = Mutex::new(Ok(claims("1", "ada@example.com")));
        let corp = Arc::new(Corp {
            rules,
            word,
            state: Mutex::default(),
            redeemed: Mutex::default(),
            asked: AtomicUsize::default(),
            gate: tokio::sync::RwLock::default(),
        });
        let mut setup = w.setup().await;
        setup.providers = vec![Arc::clone(&corp) as Arc<dyn Provider>];
        let store = setup.store.clone();
        let service = Service::start(setup).await.unwrap();
        Self { w, service, store, corp }
    }

    /// The cookie and the state of a sign-in that goes to the provider.
    pub async fn begin(&self, client: &ClientInfo) -> (SecretString, String) {
        let begun = self.service.begin_at_provider("corp", HERE, "/keys", client).await.unwrap();
        (begun.cookie, self.corp.state.lock().unwrap().clone())
    }

    pub async fn come_back(&self, cookie: Option<&SecretString>, state: &str) -> Result<Returned, NotLetIn> {
        let answer = Answer { state: state.to_owned(), code: Some("code".into()), ..Answer::default() };
        self.service.return_from_provider("corp", HERE, answer, cookie, &ClientInfo::default()).await
    }

    /// What becomes of whoever signs in by the provider that says this of them.
    pub async fn enter(&self, word: Claims) -> Result<Entry, Trouble> {
        *self.corp.word.lock().unwrap() = Ok(word);
        let (cookie, state) = self.begin(&ClientInfo::default()).await;
        match self.come_back(Some(&cookie), &state).await {
            Ok(Returned::Entered(entry, next)) => {
                assert_eq!(next, "/keys");
                Ok(entry)
            }
            Ok(Returned::Connected) => panic!("nothing was to be connected"),
            Err(NotLetIn::Trouble(trouble, _)) => Err(trouble),
            Err(NotLetIn::Other(error)) => panic!("{error}"),
        }
    }

    pub async fn entered(&self, word: Claims) -> SignedIn {
        session_of(self.enter(word).await.unwrap())
    }

    /// Checks that whoever comes with this word is refused, on record and without another trace.
    pub async fn refuses(&self, word: Claims, why: &str) {
        let people = self.people().await;
        let entered = self.w.one_event(Action::SignInRefused, self.enter(word)).await;
        assert_eq!(entered.unwrap_err(), Trouble::Refused);
        let note = self.w.newest().await.note.unwrap();
        assert!(note.starts_with("By Corp: ") && note.contains(why), "{note}");
        assert_eq!(self.people().await, people);
    }

    pub async fn people(&self) -> u32 {
        let page = self.service.people(owner(), &domain::person::PersonQuery::default()).await.unwrap();
        u32::try_from(page.rows.len()).unwrap()
    }

    pub async fn session(&self, signed_in: &SignedIn) -> Session {
        self.service.session(&secret(&signed_in.cookie)).await.unwrap().unwrap()
    }

    /// Connects the provider with the account of a session.
    pub async fn connect(&self, session: &Session, password: &str, word: Claims) -> Result<Returned, NotLetIn> {
        *self.corp.word.lock().unwrap() = Ok(word);
        let client = ClientInfo { session: Some(session.clone()), ..ClientInfo::default() };
        let cookie = self.service.begin_to_connect(session, "corp", &password.into(), &client).await?;
        self.service.go_on_at_provider("corp", HERE, Some(&cookie), &client).await?;
        let state = self.corp.state.lock().unwrap().clone();
        self.come_back(Some(&cookie), &state).await
    }

    pub async fn invite(&self, email: &str, role: Role, keys: Vec<KeyGrant>) -> SecretString {
        let draft = InviteDraft {
            first_name: "Invited".to_owned(),
            email: email.to_owned(),
            role: role.as_str().to_owned(),
            keys,
            ..InviteDraft::default()
        };
        self.service.invite(shell(), &draft).await.unwrap().token
    }

    /// The e-mail and role of whoever signed in.
    pub fn who(signed_in: &SignedIn) -> (&str, Role) {
        (signed_in.person.email(), signed_in.person.role())
    }
}

pub fn trouble<T: std::fmt::Debug>(returned: Result<T, NotLetIn>) -> Trouble {
    match returned.unwrap_err() {
        NotLetIn::Trouble(trouble, _) => trouble,
        NotLetIn::Other(error) => panic!("{error}"),
    }
}

pub fn other<T: std::fmt::Debug>(returned: Result<T, NotLetIn>) -> Error {
    match returned.unwrap_err() {
        NotLetIn::Other(error) => error,
        NotLetIn::Trouble(trouble, why) => panic!("{trouble:?}: {why}"),
    }
}

//! A whole product in memory, and calls to it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use domain::draft::KeyDraft;
use domain::timestamp::Timestamp;
use rust_embed::Embed;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use server::client_address::TrustedProxies;
use server::console_threads::ConsoleThreads;
use server::mail::MailServer;
use server::public_url::PublicUrl;
use server::router::router;
use server::site::Site;
use server::state::AppState;
use service::keys::{Issued, ShownSecret};
use service::mail::Mailer;
use service::providers::Provider;
use service::setup::NewPerson;
use service::sign_in::{Entry, SignIn};
use service::{Caller, ClientInfo, Service};
use store::Store;
use testkit::{Installation, TestClock, TestDatabase};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "wide violet engines hum at dusk";

/// The site of these tests, beside them.
#[derive(Embed)]
#[folder = "tests/it/site"]
pub struct Files;

pub struct Product {
    pub app: Router,
    pub service: Service,
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub shutdown: CancellationToken,
    installation: Installation,
}

/// Settings that a test wants to change.
#[derive(Default)]
pub struct Settings {
    pub public_url: Option<&'static str>,
    pub trusted_proxies: &'static str,
    pub allow_http: bool,
    /// A mail server.
    pub smtp_url: Option<String>,
    /// The providers that people can sign in by.
    pub providers: Vec<Arc<dyn Provider>>,
}

impl Product {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let installation = Installation::new(TestDatabase::sqlite(), Timestamp::from_millis(1_795_253_402_000));
        let mut setup = installation.setup().await;
        let mail = settings.smtp_url.map(|url| MailServer::parse(&url).unwrap());
        setup.mailer = mail.map(|server| Arc::new(server) as Arc<dyn Mailer>);
        setup.providers = settings.providers;
        let store = setup.store.clone();
        let service = Service::start(setup).await.unwrap();
        let public_url = PublicUrl::parse(settings.public_url.unwrap_or("http://localhost:3000")).unwrap();
        service.serves_at(public_url.origin());
        let shutdown = CancellationToken::new();
        let state = AppState {
            service: service.clone(),
            site: Site::of(Files),
            public_url,
            is_public_url_set: settings.public_url.is_some(),
            allow_http: settings.allow_http,
            trusted_proxies: Arc::new(TrustedProxies::parse(settings.trusted_proxies).unwrap()),
            shutdown: shutdown.clone(),
            console: ConsoleThreads::on(Handle::current()),
        };
        let clock = Arc::clone(&installation.clock);
        Self { app: router(&state), service, store, clock, shutdown, installation }
    }

    /// Creates the owner if there is none, and signs in.
    pub async fn sign_in(&self) -> String {
        let password = || SecretString::from(PASSWORD.to_owned());
        let owner = NewPerson { name: "Owner".to_owned(), email: EMAIL.to_owned(), password: password() };
        // There may be an owner already. Then this is refused, and the sign-in shows whether it works.
        let _ = self.service.create_owner(&operator(), owner).await;
        let sign_in = SignIn { email: EMAIL.to_owned(), password: password() };
        session_of(self.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap())
    }

    /// A key of the service kind that may ask about others.
    pub async fn verifier(&self) -> String {
        self.token(KeyDraft { boxes: vec!["keystead.verify".to_owned()], ..service_key("verifier") }).await
    }

    pub async fn token(&self, draft: KeyDraft) -> String {
        match self.issue(draft).await.shown {
            ShownSecret::Token(token) => token.expose_secret().to_owned(),
            ShownSecret::Pair { .. } => panic!("this kind has no token"),
        }
    }

    pub async fn issue(&self, draft: KeyDraft) -> Issued {
        let app = *self.service.default_app();
        self.service.issue_acknowledged(&operator(), &app, &draft).await.unwrap()
    }

    /// Changes the database behind the product's back.
    pub async fn execute(&self, statement: &'static str) {
        self.installation.database.execute(statement).await;
    }

    pub async fn send(&self, call: Call) -> Answer {
        Answer::of(self.send_raw(call).await).await
    }

    pub async fn send_raw(&self, call: Call) -> Response {
        self.app.clone().oneshot(call.0).await.unwrap()
    }
}

/// The cookie of a sign-in that needs no code.
pub fn session_of(entry: Entry) -> String {
    match entry {
        Entry::Session(signed_in) => signed_in.cookie.expose_secret().to_owned(),
        Entry::Code { .. } => panic!("a code is asked for"),
    }
}

pub fn operator() -> Caller {
    Caller::command_line("tester")
}

pub fn service_key(name: &str) -> KeyDraft {
    KeyDraft { kind: Some("service".to_owned()), name: Some(name.to_owned()), ..KeyDraft::default() }
}

/// A list as a field of a draft.
#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
pub fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(|item| (*item).to_owned()).collect())
}

/// A request from this machine, unless it says otherwise.
pub struct Call(Request<Body>);

impl Call {
    pub fn new(method: &str, path: &str) -> Self {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo("127.0.0.1:50000".parse::<SocketAddr>().unwrap()));
        Self(request).header("host", "localhost:3000")
    }

    pub fn into_request(self) -> Request<Body> {
        self.0
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// Adds a header; `host` is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        if name == header::HOST {
            self.0.headers_mut().insert(name, value);
        } else {
            self.0.headers_mut().append(name, value);
        }
        self
    }

    pub fn peer(mut self, address: &str) -> Self {
        let peer = SocketAddr::new(address.parse().unwrap(), 50_000);
        self.0.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn cookie(self, session: &str) -> Self {
        self.header("cookie", &format!("keystead-3000={session}"))
    }

    /// As a browser marks what a page of this console sends.
    pub fn same_origin(self) -> Self {
        self.header("sec-fetch-site", "same-origin")
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }

    pub fn form(self, body: impl Into<Body>) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    pub fn json(self, body: impl Into<Body>) -> Self {
        self.header("content-type", "application/json").body(body)
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        Self { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Checks that this is an error in Unkey's form, and gives it.
    pub fn unkey_error(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        let mut document = self.json();
        let id = document["meta"]["requestId"].as_str().unwrap();
        assert!(id.starts_with("req_") && id.len() == 28, "{id}");
        let error = document["error"].take();
        assert_eq!(error["status"], status);
        assert!(!error["title"].as_str().unwrap().is_empty());
        assert!(error["detail"].as_str().unwrap().ends_with('.'), "{error}");
        let kind = error["type"].as_str().unwrap();
        assert!(["https://unkey.com/docs/errors/", "urn:keystead:"].iter().any(|own| kind.starts_with(own)), "{kind}");
        assert_eq!(error["errors"].is_array(), status == 400, "{error}");
        error
    }

    /// Cuts the id of the answer out of it, where there is one.
    pub fn take_request_id(&mut self) -> String {
        let id = self.json()["meta"]["requestId"].as_str().unwrap_or_default().to_owned();
        self.body = self.body.replace(&id, "");
        id
    }

    /// Checks that this is a problem document that says what to do, and gives it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:keystead:problem:"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(problem["detail"].as_str().unwrap().ends_with('.'), "{problem}");
        problem
    }
}

/// Whether a page has a key, or the start of one that names it. Links and nonces have the three characters of its prefix by
/// chance.
pub fn names_a_key(page: &str) -> bool {
    page.match_indices("ks_").any(|(at, prefix)| {
        let (id, rest) = page[at + prefix.len()..].split_at_checked(12).unwrap_or_default();
        id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && rest.starts_with('_')
    })
}

/// A page without its tags.
pub fn text(html: &str) -> String {
    let words: String =
        html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<Vec<_>>().join(" ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

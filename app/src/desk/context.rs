//! What a request of the console carries: the service and its settings, and the visitor.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use domain::cidr::CidrRule;
use domain::ids::AppId;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::sight::Scope;
use domain::zone::Zone;
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos::reactive::owner::with_context;
use secrecy::SecretString;
use service::apps::AppView;
use service::seen::SeenState;
use service::sessions::Session;
use service::{Caller, Service};

use super::apps::{app_id, in_use, no_app};
use crate::error::ConsoleError;

/// The service and settings behind the pages, one for the whole process.
#[derive(Debug, Clone)]
pub struct Console {
    /// The use cases.
    pub service: Service,
    /// Where Leptos finds the files of the site.
    pub options: LeptosOptions,
    /// The public address of this console, without a trailing slash.
    pub public_url: String,
    /// The port in that address, if there is one.
    pub port: Option<u16>,
    /// Whether the configuration allows sign-in over plain HTTP beyond loopback.
    pub allow_http: bool,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[CidrRule]>,
    /// The addresses that programs call.
    pub endpoints: Arc<[Endpoint]>,
    /// The paths of each API, for a firewall.
    pub apis: Arc<[ApiPaths]>,
}

impl Console {
    /// The host in the public address, with its port if there is one.
    pub fn host(&self) -> &str {
        self.public_url.split_once("://").map_or("", |(_, host)| host)
    }
}

/// An address of this console that programs call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Its purpose, in a few words.
    pub purpose: &'static str,
    /// Its methods, separated by commas; `None` for any.
    pub methods: Option<&'static str>,
    /// The path.
    pub path: &'static str,
}

impl Endpoint {
    /// The methods and the whole address, below the console's public URL. HEAD is a GET without the body.
    pub fn call(&self, public_url: &str) -> String {
        let path = self.path;
        let Some(methods) = self.methods else { return format!("{public_url}{path}") };
        let methods: Vec<_> = methods.split(", ").filter(|method| *method != "HEAD").collect();
        format!("{} {public_url}{path}", methods.join(", "))
    }
}

/// The paths of one API, below the console's public URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPaths {
    /// What it is called.
    pub name: &'static str,
    /// Who calls it, and what for.
    pub purpose: &'static str,
    /// How each of its paths begins.
    pub begins: &'static str,
    /// Each path with its methods, separated by commas.
    pub paths: Vec<(&'static str, String)>,
}

/// How the visitor's browser reached Keystead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS, as the public address says.
    Https,
    /// Plain HTTP on this machine.
    Loopback,
    /// Plain HTTP over a network, where anyone can read it.
    Plain,
}

/// The visitor. The server's middleware puts this into the request's extensions.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The session, if somebody is signed in.
    pub session: Option<Session>,
    /// Where the request came from, if that is known.
    pub address: Option<IpAddr>,
    /// How the browser describes itself, unchanged.
    pub user_agent: String,
    /// The value of its device cookie, unchecked.
    pub device: Option<SecretString>,
    /// The value of the cookie of a sign-in that waits for a code, unchecked.
    pub step: Option<SecretString>,
    /// The value of the cookie of a sign-in that is under way at a provider, unchecked.
    pub under_way: Option<SecretString>,
    /// Whether this is the first sign-in on its connection.
    pub first_try: bool,
    /// What its last form did, unchecked.
    pub done: Option<String>,
    /// How the browser reached Keystead.
    pub transport: Transport,
}

impl Visit {
    /// Whether the visitor may send a password. If not, the page says why.
    pub fn may_sign_in(&self, console: &Console) -> bool {
        self.transport != Transport::Plain || console.allow_http
    }
}

/// The service and the visitor together, for one act.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The product.
    pub console: Console,
    /// The visitor.
    pub visit: Visit,
    /// What the page of a form showed of the thing that it changes.
    pub seen: Option<SeenState>,
    /// The one-use id of that form.
    pub form_id: Option<String>,
}

/// The zone that the visitor chose to read times in; `None` for the browser's.
pub fn chosen_zone() -> Option<Zone> {
    let name = with_context::<Parts, _>(|parts| {
        let visit = parts.extensions.get::<Visit>()?;
        visit.session.as_ref().map(|session| session.time_zone.clone())
    });
    Zone::parse(&name??)
}

impl Desk {
    /// Without a form.
    pub fn new(console: Console, visit: Visit) -> Self {
        Self { console, visit, seen: None, form_id: None }
    }

    /// From the context of a page or server function.
    pub fn from_context() -> Result<Self, ConsoleError> {
        let console = use_context::<Console>().ok_or(ConsoleError::Unavailable)?;
        let visit = use_context::<Parts>()
            .and_then(|parts| parts.extensions.get::<Visit>().cloned())
            .ok_or(ConsoleError::Unavailable)?;
        Ok(Self::new(console, visit))
    }

    /// The zone that the visitor chose, in which they also type times; `None` for UTC.
    pub fn zone(&self) -> Option<Zone> {
        Zone::parse(&self.visit.session.as_ref()?.time_zone)
    }

    /// The use cases.
    pub fn service(&self) -> &Service {
        &self.console.service
    }

    /// The session, or a refusal.
    pub fn session(&self) -> Result<&Session, ConsoleError> {
        self.visit.session.as_ref().ok_or(ConsoleError::SignedOut)
    }

    /// The signed-in person as the caller of use cases, or a refusal.
    pub fn caller(&self) -> Result<Caller, ConsoleError> {
        let caller = self.session()?.caller(self.visit.address);
        Ok(caller.having_seen_state(self.seen.clone()).by_form(self.form_id.clone()))
    }

    /// The apps that the pages are about.
    pub async fn apps(&self) -> Result<AppView, ConsoleError> {
        Ok(self.service().app_view(self.session()?, &self.caller()?).await?)
    }

    /// The apps that a form is for: the one that its page was about, or all. Another page may have chosen another one since.
    pub async fn apps_of(&self, named: &str) -> Result<Scope<AppId>, ConsoleError> {
        if !named.is_empty() {
            return Ok(Scope::from(&app_id(named)?));
        }
        let view = self.apps().await?;
        let all = if view.is_shown() { AppView { one: None, ..view } } else { view };
        Ok(all.scope()?)
    }

    /// The app in which a form makes a key: the one that it names, or the only one.
    pub async fn app_of(&self, named: &str) -> Result<AppId, ConsoleError> {
        if !self.caller()?.rights().may(Act::ChangeKeys) {
            return Err(ConsoleError::Refused(Refusal::Forbidden));
        }
        if !named.is_empty() {
            return in_use(self.service().app(&self.caller()?, &app_id(named)?).await?);
        }
        in_use(self.apps().await?.one.ok_or_else(no_app)?)
    }
}

//! How this installation is set up, and how it sees the request that asks.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use domain::approval::ApprovalRules;
use domain::forwarded;
use domain::life::LifeRules;
use domain::second_factor::FactorRules;
use leptos::prelude::use_context;
use service::providers::{Offered, redirect_address};

use super::context::{Desk, Transport};
use crate::error::ConsoleError;

/// The most characters of a header that are shown.
const SHOWN: usize = 1_000;

/// What the settings page shows.
#[derive(Debug)]
pub struct Settings {
    /// The client's address, as Keystead determines it.
    pub client: Option<IpAddr>,
    /// The address that opened the connection.
    pub peer: Option<IpAddr>,
    /// Each line of `X-Forwarded-For`, as it arrived.
    pub forwarded_for: Vec<String>,
    /// Whether the peer is one of the trusted proxies.
    pub peer_is_trusted: bool,
    /// The addresses and networks of the trusted proxies.
    pub trusted_proxies: Vec<String>,
    /// How the browser reached Keystead.
    pub transport: Transport,
    /// The address that people and programs use.
    pub public_url: String,
    /// The providers that people can sign in by, each with the address that it sends them back to.
    pub providers: Vec<String>,
    /// The name of the database engine.
    pub engine: &'static str,
    /// The version of this program.
    pub version: &'static str,
}

/// How long keys live; `Forbidden` unless the person may see the settings.
pub async fn read_life_rules() -> Result<LifeRules, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().life_rules(&desk.caller()?).await?)
}

/// Which keys a second person must approve; `Forbidden` unless the person may see the settings.
pub async fn read_approval_rules() -> Result<ApprovalRules, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().approval_rules(&desk.caller()?).await?)
}

/// Who needs a second factor; `Forbidden` unless the person may see the settings.
pub async fn read_factor_rules() -> Result<FactorRules, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().factor_rules(&desk.caller()?).await?)
}

/// The settings; `Forbidden` unless the person may see them.
pub fn read_settings() -> Result<Settings, ConsoleError> {
    let desk = Desk::from_context()?;
    let engine = desk.service().engine(&desk.caller()?)?;
    let parts = use_context::<Parts>().ok_or(ConsoleError::Unavailable)?;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
    let lines = parts.headers.get_all("x-forwarded-for").iter();
    let forwarded_for =
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).chars().take(SHOWN).collect()).collect();
    let trusted = &desk.console.trusted_proxies;
    let origin = &desk.console.public_url;
    let returns = |provider: &Offered| format!("{}: {}", provider.name, redirect_address(origin, &provider.id));
    Ok(Settings {
        client: desk.visit.address,
        peer,
        forwarded_for,
        peer_is_trusted: peer.is_some_and(|peer| forwarded::is_trusted(peer, trusted)),
        trusted_proxies: trusted.iter().map(ToString::to_string).collect(),
        transport: desk.visit.transport,
        providers: desk.service().offered_providers().into_iter().map(|provider| returns(&provider)).collect(),
        public_url: desk.console.public_url,
        engine,
        version: env!("CARGO_PKG_VERSION"),
    })
}

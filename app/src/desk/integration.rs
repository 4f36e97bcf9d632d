//! What a program needs to call Keystead with a key.

use std::sync::Arc;

use domain::event::{Event, EventQuery};
use domain::ids::IntegrationId;
use domain::integration::{IntegrationKind, IntegrationQuery};

use super::context::{ApiPaths, Desk, Endpoint};
use super::integrations::integration_id;
use super::keys::{KeyView, read_key};
use crate::error::ConsoleError;

/// What the page Setup Integration shows: the address to call, and the chosen key, if any.
#[derive(Debug)]
pub struct Integration {
    pub public_url: String,
    /// The addresses that programs call.
    pub endpoints: Arc<[Endpoint]>,
    pub key: Option<KeyView>,
    /// What the chosen key has reported, if it reports events that the visitor may see.
    pub reports: Option<Reports>,
}

/// The latest events of a key.
#[derive(Debug)]
pub struct Reports {
    /// The integration whose events they are.
    pub integration: IntegrationId,
    /// The newest first.
    pub latest: Vec<Event>,
    /// Whether there may be older ones, behind those of other keys.
    pub are_older: bool,
    /// The number of the integration's newest event; 0 if there is none.
    pub last: u64,
}

/// How many events the page shows.
const LATEST: usize = 10;

/// The address to call and the chosen key. A key that does not exist is `NotFound`.
pub async fn read_integration(key: Option<&str>) -> Result<Integration, ConsoleError> {
    let console = Desk::from_context()?.console;
    let key = match key {
        None => None,
        Some(id) => Some(read_key(id).await?),
    };
    // The page works without them.
    let reports = match &key {
        Some(view) => read_reports(view).await.ok().flatten(),
        None => None,
    };
    Ok(Integration { public_url: console.public_url, endpoints: console.endpoints, key, reports })
}

/// The events of the integration at which a key of this kind reports, as far as they came with this key.
async fn read_reports(view: &KeyView) -> Result<Option<Reports>, ConsoleError> {
    let Some(kind) = IntegrationKind::of_events(view.key.row.kind) else { return Ok(None) };
    let desk = Desk::from_context()?;
    let (service, caller) = (desk.service(), desk.caller()?);
    let query = IntegrationQuery { kinds: vec![kind], ..IntegrationQuery::default() };
    let Some(integration) = service.integrations(&caller, &view.key.app_id, &query).await?.rows.into_iter().next()
    else {
        return Ok(None);
    };
    let page = service.events(&caller, &integration.id, &EventQuery::default()).await?;
    let (are_older, last) = (page.next.is_some(), page.rows.first().map_or(0, |event| event.seq));
    let latest = page.rows.into_iter().filter(|event| event.key_id == view.key.row.id).take(LATEST).collect();
    Ok(Some(Reports { integration: integration.id, latest, are_older, last }))
}

/// What a firewall must let through.
#[derive(Debug)]
pub struct Addresses {
    pub public_url: String,
    pub host: String,
    pub port: u16,
    pub apis: Arc<[ApiPaths]>,
}

/// The host of this console, and the paths that programs call there.
pub fn read_addresses() -> Result<Addresses, ConsoleError> {
    let desk = Desk::from_context()?;
    desk.session()?;
    let console = desk.console;
    let usual = if console.public_url.starts_with("https:") { 443 } else { 80 };
    let port = console.port.unwrap_or(usual);
    let host = console.host();
    let host = host.strip_suffix(&format!(":{port}")).unwrap_or(host).to_owned();
    Ok(Addresses { host, port, apis: console.apis, public_url: console.public_url })
}

/// The id of the app that has the integration with this id. One out of the visitor's sight has none.
pub async fn app_of_integration(id: &str) -> Result<String, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().integration(&desk.caller()?, &integration_id(id)?).await?.app_id.to_string())
}

/// The address that programs call.
pub fn public_url() -> Result<String, ConsoleError> {
    Ok(Desk::from_context()?.console.public_url)
}

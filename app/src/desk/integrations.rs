//! Integrations: what their pages read, and what their forms do.

use domain::app::App;
use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, IntegrationId};
use domain::integration::{Integration, IntegrationKind, IntegrationQuery, IntegrationStatus, ROWS_MAX};
use domain::key::{KeyDetail, KeyRow, KeyState};
use domain::list::{KeyQuery, Rows};
use domain::page::Page;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::text;
use domain::timestamp::Timestamp;
use service::integrations::{IntegrationChange, NewIntegration};

use super::context::Desk;
use super::rooms::{allowed, app_for, invalid};
use super::session_cookie::Cookie;
use super::webhooks::rules;
use crate::error::ConsoleError;
use crate::forms::done::Told;
use crate::forms::integration_done::IntegrationDone;
use crate::forms::integrations::{DeleteIntegrationForm, IntegrationChangeForm, IntegrationForm, WebhookSecret};
use crate::forms::outcome::Next;

/// A page of the integrations of an app.
#[derive(Debug)]
pub struct IntegrationList {
    /// `None` if an app must be chosen first.
    pub page: Option<Page<Integration>>,
    /// When it was read.
    pub now: Timestamp,
    /// Whether the visitor may change them.
    pub manages: bool,
}

/// An integration.
#[derive(Debug)]
pub struct IntegrationView {
    pub integration: Integration,
    /// Its app, where there are several.
    pub app: Option<App>,
    pub now: Timestamp,
    /// Whether the visitor may change it, and see what was delivered.
    pub manages: bool,
}

impl IntegrationView {
    /// The same, if the visitor may change it.
    pub fn managed(self) -> Result<Self, ConsoleError> {
        if self.manages { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }
}

/// The keys of an integration that the visitor may see.
#[derive(Debug)]
pub struct IntegrationKeys {
    pub rows: Vec<KeyRow>,
    /// How many of them count towards the limit.
    pub live: usize,
    /// Whether the visitor may make another one, unless there are too many.
    pub creates: bool,
}

/// Reads the id of an integration from an address. Invalid text gives `IntegrationNotFound`, like an unknown id.
pub fn integration_id(text: &str) -> Result<IntegrationId, ConsoleError> {
    IntegrationId::parse(text).ok_or(ConsoleError::Refused(Refusal::IntegrationNotFound))
}

/// Whether the visitor may set up integrations.
pub fn may_create() -> Result<(), ConsoleError> {
    allowed(&Desk::from_context()?, Act::ManageIntegrations).map(|_| ())
}

/// A page of the integrations of the app that the pages are about.
pub async fn read_integrations(query: &IntegrationQuery) -> Result<IntegrationList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeIntegrations)?;
    let manages = caller.rights().may(Act::ManageIntegrations);
    let page = match desk.apps().await?.one {
        Some(app) => Some(desk.service().integrations(&caller, &app.id, query).await?),
        None => None,
    };
    Ok(IntegrationList { page, now: desk.service().now(), manages })
}

/// How many integrations a form offers, and of how many apps.
const OFFERED: usize = 200;
const OF_APPS: usize = 20;

/// The ids and names of the integrations that can have keys, of the app with this id, or of those that the pages are about.
pub async fn read_custom_integrations(app: &str) -> Result<Vec<(String, String)>, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeIntegrations)?;
    let view = desk.apps().await?;
    let apps = match (AppId::parse(app), view.one) {
        (Some(app), _) => vec![(app, None)],
        (None, Some(one)) => vec![(one.id, None)],
        (None, None) => view.choices.into_iter().take(OF_APPS).map(|app| (app.id, Some(app.name))).collect(),
    };
    let kinds: Vec<_> = IntegrationKind::ALL.iter().copied().filter(|kind| kind.has_keys()).collect();
    let mut offered = Vec::new();
    for (app, name) in apps {
        let mut query = IntegrationQuery { kinds: kinds.clone(), rows: ROWS_MAX, ..IntegrationQuery::default() };
        loop {
            let page = desk.service().integrations(&caller, &app, &query).await?;
            offered.extend(page.rows.iter().map(|integration| {
                let own = integration.shown_name();
                let words = name.as_ref().map_or_else(|| own.to_owned(), |app| format!("{own} ({app})"));
                (integration.id.to_string(), words)
            }));
            if page.next.is_none() || offered.len() >= OFFERED {
                break;
            }
            query.after = page.next;
        }
    }
    offered.truncate(OFFERED);
    Ok(offered)
}

/// The integration that a key is for, if the visitor may see it.
pub async fn read_integration_of(key: &KeyDetail) -> Result<Option<Integration>, ConsoleError> {
    let Some(id) = &key.rules.integration else { return Ok(None) };
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeIntegrations)?;
    Ok(Some(desk.service().integration(&caller, id).await?))
}

/// A draft as people read it: its integration by name, if they may see it.
pub async fn with_integration_named(draft: &KeyDraft) -> KeyDraft {
    let mut shown = draft.clone();
    let Some(id) = draft.integration.as_deref().filter(|id| !id.is_empty()) else { return shown };
    if let Ok(found) = read_one(id).await {
        shown.integration = Some(found.integration.shown_name().to_owned());
    }
    shown
}

pub async fn read_one(id: &str) -> Result<IntegrationView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeIntegrations)?;
    let integration = desk.service().integration(&caller, &integration_id(id)?).await?;
    let app = desk.service().app(&caller, &integration.app_id).await?;
    let shown = app.archived_at.is_some() || desk.apps().await?.is_shown();
    let manages = caller.rights().may(Act::ManageIntegrations);
    Ok(IntegrationView { integration, app: Some(app).filter(|_| shown), now: desk.service().now(), manages })
}

/// The keys of an integration; `None` if its kind has none.
pub async fn read_keys_of(integration: &Integration) -> Result<Option<IntegrationKeys>, ConsoleError> {
    if !integration.kind.has_keys() {
        return Ok(None);
    }
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let query = KeyQuery { integration: Some(integration.id), rows: Rows::Most, ..KeyQuery::default() };
    let rows = desk.service().keys(&caller, &integration.app_id, &query).await?.rows;
    let live = rows.iter().filter(|row| row.state != KeyState::Revoked).count();
    Ok(Some(IntegrationKeys { rows, live, creates: caller.rights().may(Act::ChangeKeys) }))
}

/// Sets an integration up. The answer has the secret of its webhook, if it has one.
pub async fn create(desk: Desk, form: IntegrationForm) -> Result<Next<WebhookSecret>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let app = app_for(&desk, &form.app).await?;
    let mut errors = FieldErrors::default();
    let kind = IntegrationKind::parse(&form.kind).filter(|kind| kind.is_chat());
    let kind = errors.keep(Field::Kind, kind.ok_or_else(|| "Choose a kind.".to_owned()));
    let name = name(&form.name, &mut errors);
    // Without a webhook, one of our own could never learn of anything.
    let needs_one = kind.is_some_and(|kind| kind.webhooks().0 > 0);
    let webhook = if form.webhook.is_blank() && !needs_one { None } else { errors.keep_all(rules(&form.webhook)) };
    let kind = kind.filter(|_| errors.is_empty()).ok_or_else(|| invalid(errors))?;
    let new = NewIntegration { kind, name, extra: String::new(), webhooks: webhook.into_iter().collect() };
    let (made, secrets) = desk.service().create_integration(&caller, &app, new).await?;
    let target = made.webhooks.first().map(|webhook| webhook.target.clone());
    Ok(match (target, secrets.into_iter().next()) {
        (Some(target), Some(secret)) => Next::Show(WebhookSecret { integration: made.id, target, secret }),
        _ => told(&desk, address(&made.id), IntegrationDone::Created),
    })
}

pub async fn change(desk: Desk, id: IntegrationId, form: IntegrationChangeForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let integration = desk.service().integration(&caller, &id).await?;
    let mut errors = FieldErrors::default();
    let name = name(&form.name, &mut errors);
    errors.into_result().map_err(invalid)?;
    let was = integration.status;
    // A program may have said that something is wrong with it: that stays until somebody activates it.
    let status = match (form.active, was) {
        (true, IntegrationStatus::Inactive | IntegrationStatus::Error) => Some(IntegrationStatus::Active),
        (false, IntegrationStatus::Active) => Some(IntegrationStatus::Inactive),
        _ => None,
    };
    let change = IntegrationChange { name: Some(name), status, ..IntegrationChange::default() };
    desk.service().change_integration(&caller, &id, change).await?;
    Ok(told(&desk, address(&id), IntegrationDone::Changed))
}

pub async fn delete(desk: Desk, id: IntegrationId, form: DeleteIntegrationForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let integration = desk.service().integration(&caller, &id).await?;
    if !text::is_same_name(&form.confirm_name, integration.shown_name()) {
        let errors = FieldErrors::one(Field::ConfirmName, "Type the name of the integration exactly as it is.");
        return Err(invalid(errors));
    }
    desk.service().delete_integration(&caller, &id).await?;
    Ok(told(&desk, "/integrations".to_owned(), IntegrationDone::Deleted))
}

/// A name as it was typed; none if it is blank or wrong, and then `errors` says so.
fn name(typed: &str, errors: &mut FieldErrors) -> Option<String> {
    if typed.trim().is_empty() { None } else { errors.keep(Field::Name, text::integration_name(typed)) }
}

pub fn address(id: &IntegrationId) -> String {
    format!("/integrations/{id}")
}

/// Goes on, and lets the next page say what was done.
pub(super) fn told<T>(desk: &Desk, to: String, done: IntegrationDone) -> Next<T> {
    let cookie = Cookie::Done.set(desk.visit.transport, desk.console.port, &Told::Integration(done).cookie());
    Next::GoWithCookies(to, vec![cookie])
}

//! Integrations: how they are set up, changed and deleted, with their webhooks and their keys.

mod reported;
mod webhooks;

use domain::{
    audit::{Action, AuditEvent, Change, STATE, Subject},
    field::{Field, FieldErrors},
    ids::{AppId, IntegrationId, KeyId},
    integration::{
        INTEGRATIONS_MAX, Integration, IntegrationKind, IntegrationQuery, IntegrationStatus, checked_extra,
        checked_name,
    },
    page::Page,
    refusal::Refusal,
    role::Act,
    shown_once::ShownOnce,
    timestamp::Timestamp,
    webhook::{Webhook, WebhookRules},
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use store::Tx;

pub(crate) use self::reported::fill_event_integrations;
pub use self::webhooks::WebhookChange;
use crate::{
    Caller, Error, Result, Service,
    apps::in_use,
    entropy::{self, Entropy, EntropyError},
    people::change,
};

/// An integration to set up.
#[derive(Debug)]
pub struct NewIntegration {
    /// What it connects with.
    pub kind: IntegrationKind,
    /// Its name; `None` for that of its kind.
    pub name: Option<String>,
    /// What Keystead only keeps: a JSON object; blank for nothing.
    pub extra: String,
    /// Its webhooks: exactly one for a custom integration.
    pub webhooks: Vec<WebhookRules>,
}

/// What becomes of an integration; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub struct IntegrationChange {
    /// Its name, or none.
    pub name: Option<Option<String>>,
    /// Whether it works.
    pub status: Option<IntegrationStatus>,
    /// Members of what Keystead only keeps. Null takes one away, and the others stay.
    pub extra: Map<String, Value>,
}

/// A JSON object that is kept, with these members. Null takes one away.
fn with_members(kept: &str, members: &Map<String, Value>) -> Result<String, FieldErrors> {
    if members.is_empty() {
        return Ok(kept.to_owned());
    }
    // Nothing else is written there.
    let mut object: Map<String, Value> = serde_json::from_str(kept).unwrap_or_default();
    for (name, value) in members {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    checked_extra(&Value::Object(object).to_string())
}

impl Service {
    /// Sets up an integration, with the secrets of its webhooks in their order, which are shown this once. `AppNotFound` for
    /// an app out of sight, `OneWebhook` for a custom integration without exactly one, `TooManyIntegrations` beyond the
    /// most that an app may have, `TooManyChatWebhooks` if too many would be told of its chats.
    pub async fn create_integration(
        &self,
        caller: &Caller,
        app: &AppId,
        new: NewIntegration,
    ) -> Result<(Integration, Vec<SecretString>)> {
        caller.may(Act::ManageIntegrations)?;
        webhooks::fits(new.kind, new.webhooks.len())?;
        let (name, extra) = (checked_name(new.name.as_deref())?, checked_extra(&new.extra)?);
        let (now, kind) = (self.now(), new.kind);
        let id = new_id(self.entropy(), now)?;
        let mut made = Vec::with_capacity(new.webhooks.len());
        for rules in &new.webhooks {
            made.push(self.make_webhook(app, &id, rules, now)?);
        }
        let webhooks = made.iter().map(|made| made.webhook.clone()).collect();
        let status = IntegrationStatus::Active;
        let integration = Integration { id, app_id: *app, kind, name, status, extra, created_at: now, webhooks };
        let work = async |tx: &mut Tx| {
            in_use(tx, caller, app).await?;
            if !made.is_empty() {
                self.make_once(tx, caller.form(), ShownOnce::WebhookSecret).await?;
            }
            if tx.event_integration(app, kind).await?.is_some() {
                return Err(there_is_one());
            }
            let most = u64::try_from(INTEGRATIONS_MAX).unwrap_or(u64::MAX);
            if tx.integration_count(app).await? >= most {
                return Err(Refusal::TooManyIntegrations { most: u32::try_from(most).unwrap_or(u32::MAX) }.into());
            }
            tx.insert_integration(&integration).await?;
            for made in &made {
                tx.insert_webhook(&made.webhook, &made.kept).await?;
            }
            if integration.webhooks.iter().any(Webhook::is_told_of_chats) {
                webhooks::check_chat_webhooks(tx, app).await?;
            }
            let event = self.integration_event(caller, Action::IntegrationCreated, &integration);
            self.record(tx, AuditEvent { changes: first_values(&integration), ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        Ok((integration, made.into_iter().map(|made| made.secret).collect()))
    }

    /// An integration with its webhooks; `IntegrationNotFound` for one out of sight.
    pub async fn integration(&self, caller: &Caller, id: &IntegrationId) -> Result<Integration> {
        caller.may(Act::SeeIntegrations)?;
        in_sight(caller, self.store().integration(id).await?)
    }

    /// A page of the integrations of an app, the newest first. `AppNotFound` for an app out of sight.
    pub async fn integrations(
        &self,
        caller: &Caller,
        app: &AppId,
        query: &IntegrationQuery,
    ) -> Result<Page<Integration>> {
        caller.may(Act::SeeIntegrations)?;
        let known = caller.sight().apps.has(app) && self.store().app(app).await?.is_some();
        if !known {
            return Err(Refusal::AppNotFound.into());
        }
        Ok(self.store().list_integrations(app, query).await?)
    }

    /// Changes an integration. If it does not differ, records nothing. The webhooks of one that is not active are told
    /// nothing from now on.
    pub async fn change_integration(
        &self,
        caller: &Caller,
        id: &IntegrationId,
        change: IntegrationChange,
    ) -> Result<Integration> {
        caller.may(Act::ManageIntegrations)?;
        let name = change.name.map(|name| checked_name(name.as_deref())).transpose()?;
        let work = async |tx: &mut Tx| {
            let before = managed(tx, caller, id).await?;
            // It is read here, so that two changes at the same time do not undo each other.
            let extra = with_members(&before.extra, &change.extra)?;
            let after = Integration {
                name: name.unwrap_or_else(|| before.name.clone()),
                status: change.status.unwrap_or(before.status),
                extra,
                ..before.clone()
            };
            if after == before {
                return Ok(after);
            }
            caller.sees_state(&(&before.name, before.status))?;
            tx.update_integration(&after).await?;
            let is_activated = after.status == IntegrationStatus::Active && after.status != before.status;
            if is_activated && after.webhooks.iter().any(Webhook::is_told_of_chats) {
                webhooks::check_chat_webhooks(tx, &after.app_id).await?;
            }
            let event = self.integration_event(caller, Action::IntegrationChanged, &after);
            self.record(tx, AuditEvent { changes: changes(&before, &after), ..event }).await?;
            Ok::<_, Error>(after)
        };
        self.write(work).await
    }

    /// Deletes an integration with its webhooks and its keys, which are refused from now on. `IntegrationStays` for one at
    /// which keys report.
    pub async fn delete_integration(&self, caller: &Caller, id: &IntegrationId) -> Result<()> {
        caller.may(Act::ManageIntegrations)?;
        let work = async |tx: &mut Tx| {
            let integration = managed(tx, caller, id).await?;
            if !integration.kind.is_chat() {
                return Err(Refusal::IntegrationStays.into());
            }
            let keys = tx.keys_of_integration(id).await?;
            let mut events = self.delete_keys(tx, caller, &keys).await?;
            for webhook in &integration.webhooks {
                events.push(self.webhook_event(caller, Action::WebhookRemoved, &integration, webhook));
            }
            tx.delete_integration(id).await?;
            events.push(self.integration_event(caller, Action::IntegrationDeleted, &integration));
            self.record_all(tx, &events).await?;
            let version = if keys.is_empty() { None } else { Some(tx.bump_version().await?) };
            Ok::<_, Error>((keys, version))
        };
        let (keys, version) = self.write(work).await?;
        if let Some(version) = version {
            for key in &keys {
                self.verifier().changed(key, version);
            }
        }
        Ok(())
    }

    /// Removes these keys, and returns the event of each.
    async fn delete_keys(&self, tx: &mut Tx, caller: &Caller, keys: &[KeyId]) -> Result<Vec<AuditEvent>> {
        if !keys.is_empty() {
            caller.may(Act::StopKeys)?;
        }
        let mut events = Vec::with_capacity(keys.len());
        for id in keys {
            let Some(key) = tx.key_detail(id).await? else { continue };
            self.withdraw_with_key(tx, caller, id).await?;
            tx.delete_key(id, self.now()).await?;
            let subject = Subject::key(id, key.row.kind, &key.row.name);
            events.push(self.event_about(caller, Action::KeyDeleted, &key.app_id, subject));
        }
        Ok(events)
    }

    /// An event about an integration, without changes.
    fn integration_event(&self, caller: &Caller, action: Action, integration: &Integration) -> AuditEvent {
        let subject = Subject::integration(&integration.id, integration.shown_name());
        self.event_about(caller, action, &integration.app_id, subject)
    }
}

/// The id of an integration that is made now.
fn new_id(entropy: &dyn Entropy, now: Timestamp) -> Result<IntegrationId, EntropyError> {
    Ok(IntegrationId::made_at(now, entropy::bytes(entropy)?))
}

/// The integration, if it is of an app in the caller's sight.
fn in_sight(caller: &Caller, integration: Option<Integration>) -> Result<Integration> {
    let integration = integration.filter(|integration| caller.sight().apps.has(&integration.app_id));
    Ok(integration.ok_or(Refusal::IntegrationNotFound)?)
}

/// The integration as the transaction sees it, if it is of an app in the caller's sight.
async fn managed(tx: &mut Tx, caller: &Caller, id: &IntegrationId) -> Result<Integration> {
    in_sight(caller, tx.integration(id).await?)
}

fn there_is_one() -> Error {
    FieldErrors::one(Field::Kind, "This app has an integration of this kind already: use that one.").into()
}

/// What an integration begins with, for the record.
fn first_values(integration: &Integration) -> Vec<Change> {
    let mut first = vec![change(Field::Kind, None, Some(integration.kind.as_str()))];
    first.extend(integration.name.as_deref().map(|name| change(Field::Name, None, Some(name))));
    for webhook in &integration.webhooks {
        first.extend(webhooks::first_values(webhook));
    }
    first
}

/// How an integration differs from before, for the record. What is kept without being known may be secret elsewhere, so the
/// record does not repeat it.
fn changes(before: &Integration, after: &Integration) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.name != after.name {
        changes.push(change(Field::Name, before.name.as_deref(), after.name.as_deref()));
    }
    if before.status != after.status {
        let word = |status: IntegrationStatus| Some(status.as_str().to_owned());
        changes.push(Change { field: STATE.to_owned(), from: word(before.status), to: word(after.status) });
    }
    if before.extra != after.extra {
        changes.push(change(Field::Metadata, None, Some("changed")));
    }
    changes
}

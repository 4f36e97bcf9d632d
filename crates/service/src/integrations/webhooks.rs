//! Webhooks of integrations: who adds, changes and removes them, and their secrets.

use std::collections::HashSet;

use domain::{
    audit::{Action, AuditEvent, Change, SECRET},
    field::{Field, FieldErrors},
    ids::{AppId, IntegrationId, WebhookId},
    integration::{Integration, IntegrationKind, IntegrationStatus},
    refusal::Refusal,
    role::Act,
    rules,
    shown_once::ShownOnce,
    timestamp::Timestamp,
    webhook::{CHAT_WEBHOOKS_MAX, Trigger, WEBHOOKS_MAX, Webhook, WebhookRules},
};
use secrecy::{ExposeSecret, SecretString};
use store::{Tx, WebhookSecret};

use super::{in_sight, managed};
use crate::{Caller, Error, Result, Service, entropy, people::change};

/// A new webhook with its secret: as it is kept, and as it is shown once.
pub(super) struct MadeWebhook {
    pub(super) webhook: Webhook,
    pub(super) kept: WebhookSecret,
    pub(super) secret: SecretString,
}

/// What becomes of a webhook; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub struct WebhookChange {
    /// The address that Keystead calls.
    pub target: Option<String>,
    /// The words of all triggers that it is told about.
    pub triggers: Option<Vec<String>>,
    /// Whether it is told all about the contact.
    pub include_full_user: Option<bool>,
    /// Whether it is told all about where something came from.
    pub include_full_source: Option<bool>,
}

impl From<WebhookRules> for WebhookChange {
    fn from(rules: WebhookRules) -> Self {
        Self {
            triggers: Some(words(&rules.triggers)),
            target: Some(rules.target),
            include_full_user: Some(rules.include_full_user),
            include_full_source: Some(rules.include_full_source),
        }
    }
}

impl WebhookChange {
    /// The rules that come of it, checked.
    fn of(self, before: &Webhook) -> Result<WebhookRules, FieldErrors> {
        WebhookRules::checked(
            self.target.as_deref().unwrap_or(&before.target),
            &self.triggers.unwrap_or_else(|| words(&before.triggers)),
            self.include_full_user.unwrap_or(before.include_full_user),
            self.include_full_source.unwrap_or(before.include_full_source),
        )
    }
}

fn words(triggers: &[Trigger]) -> Vec<String> {
    triggers.iter().map(|trigger| trigger.as_str().to_owned()).collect()
}

impl Service {
    /// The webhooks of an integration, the oldest first. A key of an integration sees its own.
    pub async fn webhooks(&self, caller: &Caller, id: &IntegrationId) -> Result<Vec<Webhook>> {
        may(caller, id, Act::SeeIntegrations)?;
        Ok(in_sight(caller, self.store().integration(id).await?)?.webhooks)
    }

    /// A webhook of an integration; `WebhookNotFound` if it has none with this id.
    pub async fn webhook(&self, caller: &Caller, id: &IntegrationId, webhook: &WebhookId) -> Result<Webhook> {
        may(caller, id, Act::SeeIntegrations)?;
        let integration = in_sight(caller, self.store().integration(id).await?)?;
        Ok(one_of(&integration, webhook)?.clone())
    }

    /// Adds a webhook to an integration, once for each form, with its secret, which is shown this once. `OneWebhook` for a
    /// custom integration, which has one from the start.
    pub async fn add_webhook(
        &self,
        caller: &Caller,
        id: &IntegrationId,
        rules: WebhookRules,
    ) -> Result<(Webhook, SecretString)> {
        may(caller, id, Act::ManageIntegrations)?;
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let integration = managed(tx, caller, id).await?;
            self.make_once(tx, caller.form(), ShownOnce::WebhookSecret).await?;
            fits(integration.kind, integration.webhooks.len() + 1)?;
            let made = self.make_webhook(&integration.app_id, id, &rules, now)?;
            tx.insert_webhook(&made.webhook, &made.kept).await?;
            if integration.status == IntegrationStatus::Active && made.webhook.is_told_of_chats() {
                check_chat_webhooks(tx, &integration.app_id).await?;
            }
            let event = self.webhook_event(caller, Action::WebhookAdded, &integration, &made.webhook);
            self.record(tx, event).await?;
            Ok::<_, Error>((made.webhook, made.secret))
        };
        self.write(work).await
    }

    /// Changes a webhook; its secret stays. If it does not differ, records nothing.
    pub async fn change_webhook(
        &self,
        caller: &Caller,
        id: &IntegrationId,
        webhook: &WebhookId,
        change: impl Into<WebhookChange>,
    ) -> Result<Webhook> {
        may(caller, id, Act::ManageIntegrations)?;
        let change = change.into();
        let work = async |tx: &mut Tx| {
            let integration = managed(tx, caller, id).await?;
            // It is read here, so that two changes at the same time do not undo each other.
            let before = one_of(&integration, webhook)?;
            let WebhookRules { target, triggers, include_full_user, include_full_source } = change.of(before)?;
            let after = Webhook { target, triggers, include_full_user, include_full_source, ..before.clone() };
            if after == *before {
                return Ok(after);
            }
            caller.sees_state(&before.rules())?;
            tx.update_webhook(&after).await?;
            let is_new = after.is_told_of_chats() && !before.is_told_of_chats();
            if is_new && integration.status == IntegrationStatus::Active {
                check_chat_webhooks(tx, &integration.app_id).await?;
            }
            let changes = rules::changes(&before.rules().told(), &after.rules().told());
            let event = self.integration_event(caller, Action::WebhookChanged, &integration);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(after)
        };
        self.write(work).await
    }

    /// Gives a webhook another secret, once for each form, which is shown this once. Every call carries it from now on.
    pub async fn renew_webhook_secret(
        &self,
        caller: &Caller,
        id: &IntegrationId,
        webhook: &WebhookId,
    ) -> Result<(Webhook, SecretString)> {
        may(caller, id, Act::ManageIntegrations)?;
        let (kept, secret) = self.new_webhook_secret(id, webhook)?;
        let work = async |tx: &mut Tx| {
            let integration = managed(tx, caller, id).await?;
            let of = one_of(&integration, webhook)?.clone();
            self.make_once(tx, caller.form(), ShownOnce::WebhookSecret).await?;
            tx.set_webhook_secret(webhook, &kept).await?;
            let address = change(Field::WebhookTarget, None, Some(&of.target));
            let renewed = Change { field: SECRET.to_owned(), from: None, to: Some("a new one".to_owned()) };
            let event = self.integration_event(caller, Action::WebhookChanged, &integration);
            self.record(tx, AuditEvent { changes: vec![address, renewed], ..event }).await?;
            Ok::<_, Error>(of)
        };
        Ok((self.write(work).await?, secret))
    }

    /// Removes a webhook, which is told nothing more. `OneWebhook` for the one of a custom integration.
    pub async fn remove_webhook(&self, caller: &Caller, id: &IntegrationId, webhook: &WebhookId) -> Result<()> {
        may(caller, id, Act::ManageIntegrations)?;
        let work = async |tx: &mut Tx| {
            let integration = managed(tx, caller, id).await?;
            let of = one_of(&integration, webhook)?;
            fits(integration.kind, integration.webhooks.len().saturating_sub(1))?;
            tx.delete_webhook(webhook).await?;
            self.record(tx, self.webhook_event(caller, Action::WebhookRemoved, &integration, of)).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    /// What every call to this webhook carries. `WebhookNotFound` if it is gone.
    pub(crate) async fn webhook_secret(&self, webhook: &Webhook) -> Result<SecretString> {
        let kept = self.store().webhook_secret(&webhook.id).await?.ok_or(Refusal::WebhookNotFound)?;
        let place = place(&webhook.integration_id, &webhook.id);
        let opened = self.keyring().unseal(&kept.sealed, &place, kept.seal_version);
        let opened = opened.map_err(|error| Error::internal("the secret of a webhook", error))?;
        let text = std::str::from_utf8(&opened).map_err(|error| Error::internal("the secret of a webhook", error))?;
        Ok(text.into())
    }

    /// A webhook to add, with a secret of its own.
    pub(super) fn make_webhook(
        &self,
        app: &AppId,
        integration: &IntegrationId,
        rules: &WebhookRules,
        now: Timestamp,
    ) -> Result<MadeWebhook> {
        let WebhookRules { target, triggers, include_full_user, include_full_source } = checked(rules)?;
        let id = WebhookId::from_random(entropy::bytes(self.entropy())?);
        let (kept, secret) = self.new_webhook_secret(integration, &id)?;
        let webhook = Webhook {
            id,
            app_id: *app,
            integration_id: *integration,
            target,
            triggers,
            include_full_user,
            include_full_source,
            created_at: now,
        };
        Ok(MadeWebhook { webhook, kept, secret })
    }

    fn new_webhook_secret(&self, integration: &IntegrationId, id: &WebhookId) -> Result<(WebhookSecret, SecretString)> {
        let secret = entropy::token(self.entropy())?;
        let place = place(integration, id);
        let (sealed, seal_version) = self.keyring().seal(secret.expose_secret().as_bytes(), &place, self.entropy())?;
        Ok((WebhookSecret { sealed, seal_version }, secret))
    }

    /// An event about a webhook that is added or removed, with what it was like.
    pub(super) fn webhook_event(
        &self,
        caller: &Caller,
        action: Action,
        integration: &Integration,
        webhook: &Webhook,
    ) -> AuditEvent {
        let mut changes = first_values(webhook);
        if action == Action::WebhookRemoved {
            for change in &mut changes {
                std::mem::swap(&mut change.from, &mut change.to);
            }
        }
        AuditEvent { changes, ..self.integration_event(caller, action, integration) }
    }
}

/// `Forbidden` unless the caller may do this, or is a key of this integration.
fn may(caller: &Caller, id: &IntegrationId, act: Act) -> Result<(), Refusal> {
    if caller.own_integration() == Some(*id) { Ok(()) } else { caller.may(act) }
}

/// `OneWebhook` or `Invalid` unless an integration of this kind may have so many webhooks.
pub(super) fn fits(kind: IntegrationKind, count: usize) -> Result<(), Refusal> {
    let (least, most) = kind.webhooks();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    if least == most {
        return Err(Refusal::OneWebhook);
    }
    let message = format!("An integration can have at most {WEBHOOKS_MAX} webhooks: remove one first.");
    Err(FieldErrors::one(Field::WebhookTarget, message).into())
}

/// `TooManyChatWebhooks` if more webhooks of an app are told of its chats than may be. The transaction that has just added
/// one to them asks, and only one of them runs at a time.
pub(super) async fn check_chat_webhooks(tx: &mut Tx, app: &AppId) -> Result<()> {
    let hooks = tx.hooks_for(&[*app], &Trigger::OF_CHATS).await?;
    let told: HashSet<_> = hooks.iter().map(|hook| hook.webhook_id).collect();
    if told.len() <= CHAT_WEBHOOKS_MAX {
        return Ok(());
    }
    Err(Refusal::TooManyChatWebhooks { most: u32::try_from(CHAT_WEBHOOKS_MAX).unwrap_or(u32::MAX) }.into())
}

fn one_of<'a>(integration: &'a Integration, id: &WebhookId) -> Result<&'a Webhook, Refusal> {
    integration.webhooks.iter().find(|webhook| webhook.id == *id).ok_or(Refusal::WebhookNotFound)
}

fn checked(rules: &WebhookRules) -> Result<WebhookRules, FieldErrors> {
    WebhookRules::checked(&rules.target, &words(&rules.triggers), rules.include_full_user, rules.include_full_source)
}

/// The place of a sealed secret: table, row and column. The integration is in it, so that a row cannot be moved to another.
fn place(integration: &IntegrationId, id: &WebhookId) -> String {
    format!("webhook|{integration}|{id}|sealed")
}

/// What a webhook is like, for the record.
pub(super) fn first_values(webhook: &Webhook) -> Vec<Change> {
    let given = webhook.rules().told().into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(field, value)| change(field, None, Some(&value))).collect()
}

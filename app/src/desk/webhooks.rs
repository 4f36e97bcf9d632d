//! The webhooks of an integration: what their pages read, and what their forms do.

use domain::field::FieldErrors;
use domain::ids::{IntegrationId, WebhookId};
use domain::integration::Integration;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::webhook::{Webhook, WebhookRules};

use super::context::Desk;
use super::integrations::{IntegrationView, address, integration_id, read_one, told};
use super::rooms::{allowed, invalid};
use crate::error::ConsoleError;
use crate::forms::integration_done::IntegrationDone;
use crate::forms::integrations::{WebhookForm, WebhookSecret};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// A webhook and its integration, which the visitor may change.
#[derive(Debug)]
pub struct WebhookView {
    pub integration: Integration,
    pub webhook: Webhook,
}

/// Reads the ids of an integration and of one of its webhooks from an address.
pub fn webhook_ids(integration: &str, webhook: &str) -> Result<(IntegrationId, WebhookId), ConsoleError> {
    let id = WebhookId::parse(webhook).ok_or(ConsoleError::Refused(Refusal::WebhookNotFound))?;
    Ok((integration_id(integration)?, id))
}

/// An integration that takes another webhook.
pub async fn read_to_add(id: &str) -> Result<Integration, ConsoleError> {
    let integration = read_one(id).await.and_then(IntegrationView::managed)?.integration;
    if has_one(&integration) { Err(ConsoleError::Refused(Refusal::OneWebhook)) } else { Ok(integration) }
}

/// Whether an integration has exactly one webhook, always.
pub fn has_one(integration: &Integration) -> bool {
    integration.kind.webhooks().1 == 1
}

/// Whether an integration takes another webhook.
pub fn takes_more(integration: &Integration) -> bool {
    integration.webhooks.len() < integration.kind.webhooks().1
}

pub async fn read_webhook(integration: &str, webhook: &str) -> Result<WebhookView, ConsoleError> {
    let integration = read_one(integration).await.and_then(IntegrationView::managed)?.integration;
    let webhook = integration.webhooks.iter().find(|one| one.id.as_str() == webhook).cloned();
    let webhook = webhook.ok_or(ConsoleError::Refused(Refusal::WebhookNotFound))?;
    Ok(WebhookView { integration, webhook })
}

/// The rules of a webhook as they were typed.
pub(super) fn rules(form: &WebhookForm) -> Result<WebhookRules, FieldErrors> {
    WebhookRules::checked(&form.target, &form.triggers, form.full_user, form.full_source)
}

/// Adds a webhook. The answer has its secret.
pub async fn add(desk: Desk, id: IntegrationId, form: WebhookForm) -> Result<Next<WebhookSecret>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let rules = rules(&form).map_err(invalid)?;
    let (webhook, secret) = desk.service().add_webhook(&caller, &id, rules).await?;
    Ok(Next::Show(WebhookSecret { integration: id, target: webhook.target, secret }))
}

pub async fn change(
    desk: Desk,
    (integration, webhook): (IntegrationId, WebhookId),
    form: WebhookForm,
) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let rules = rules(&form).map_err(invalid)?;
    desk.service().change_webhook(&caller, &integration, &webhook, rules).await?;
    Ok(told(&desk, address(&integration), IntegrationDone::WebhookChanged))
}

/// Gives a webhook another secret. The answer has it.
pub async fn renew_secret(
    desk: Desk,
    (integration, webhook): (IntegrationId, WebhookId),
    _form: Nothing,
) -> Result<Next<WebhookSecret>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    let (webhook, secret) = desk.service().renew_webhook_secret(&caller, &integration, &webhook).await?;
    Ok(Next::Show(WebhookSecret { integration, target: webhook.target, secret }))
}

pub async fn remove(
    desk: Desk,
    (integration, webhook): (IntegrationId, WebhookId),
    _form: Nothing,
) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageIntegrations)?;
    desk.service().remove_webhook(&caller, &integration, &webhook).await?;
    Ok(told(&desk, address(&integration), IntegrationDone::WebhookRemoved))
}

//! `…/webhooks`: the addresses that an integration tells what happens in its app.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::IntegrationId;
use domain::webhook::{Webhook, WebhookRules};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use service::integrations::WebhookChange;

use super::body::{Body, Members};
use super::caller::{AnyScope, Reach, Scoped};
use super::failure::Failure;
use super::integrations::found;
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

#[derive(Debug, Serialize)]
struct One {
    webhook: Value,
}

#[derive(Debug, Serialize)]
struct Many {
    webhooks: Vec<Value>,
}

/// A webhook, in the family's words. Its secret is there once, when it is made.
pub(super) fn shown(webhook: &Webhook, secret: Option<&SecretString>) -> Value {
    let mut shown = json!({
        "id": webhook.id,
        "version": "v2",
        "target": webhook.target,
        "triggers": webhook.triggers,
        "includeFullUser": webhook.include_full_user,
        "includeFullSource": webhook.include_full_source,
    });
    if let (Some(secret), Some(members)) = (secret, shown.as_object_mut()) {
        members.insert("secret".to_owned(), secret.expose_secret().into());
    }
    shown
}

/// The rules that a call sends for a new one.
pub(super) fn rules(members: &Members<'_>) -> Result<WebhookRules, Failure> {
    let WebhookChange { target, triggers, include_full_user, include_full_source } = change(members)?;
    let target = target.ok_or_else(|| members.required("target"))?;
    let triggers = triggers.ok_or_else(|| members.required("triggers"))?;
    let (full_user, full_source) = (include_full_user.unwrap_or_default(), include_full_source.unwrap_or_default());
    Ok(WebhookRules::checked(&target, &triggers, full_user, full_source)?)
}

/// What a call changes. What it leaves out stays as it is.
fn change(members: &Members<'_>) -> Result<WebhookChange, Failure> {
    let should_be = || Failure::bad_request(format!("{} should be array of string", members.place("triggers")));
    let word = |word: &Value| word.as_str().map(str::to_owned).ok_or_else(should_be);
    let triggers = members.list("triggers")?.map(|words| words.iter().map(word).collect::<Result<Vec<_>, _>>());
    Ok(WebhookChange {
        target: members.text("target")?.map(str::to_owned),
        triggers: triggers.transpose()?,
        include_full_user: members.flag("includeFullUser")?,
        include_full_source: members.flag("includeFullSource")?,
    })
}

/// The integration of the path. Whoever calls for it knows that it is there; others have it looked up.
async fn of(api: &Api, by: &Scoped) -> Result<IntegrationId, Failure> {
    match by.reach {
        Reach::Integration => by.integration(),
        Reach::Account | Reach::App => Ok(found(api, by).await?.id),
    }
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let integration = of(&api, &by).await?;
    let rules = rules(&body.members())?;
    let (made, secret) = api.service.add_webhook(&by.caller, &integration, rules).await?;
    let one = One { webhook: shown(&made, Some(&secret)) };
    Ok(answer(StatusCode::CREATED, "application/json", &one))
}

pub(super) async fn list(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let integration = of(&api, &by).await?;
    let webhooks = api.service.webhooks(&by.caller, &integration).await?;
    Ok(Json(Many { webhooks: webhooks.iter().map(|webhook| shown(webhook, None)).collect() }).into_response())
}

pub(super) async fn get(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let integration = of(&api, &by).await?;
    let webhook = api.service.webhook(&by.caller, &integration, &by.places.webhook()?).await?;
    Ok(Json(One { webhook: shown(&webhook, None) }).into_response())
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let integration = of(&api, &by).await?;
    let id = by.places.webhook()?;
    // A webhook that is not there is told before what is wrong with the change.
    api.service.webhook(&by.caller, &integration, &id).await?;
    let change = change(&body.members())?;
    let changed = api.service.change_webhook(&by.caller, &integration, &id, change).await?;
    Ok(Json(One { webhook: shown(&changed, None) }).into_response())
}

pub(super) async fn delete(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let integration = of(&api, &by).await?;
    api.service.remove_webhook(&by.caller, &integration, &by.places.webhook()?).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<WebhookRules, Failure> {
        rules(&Members::of(body, String::new()).unwrap())
    }

    #[test]
    fn what_a_change_leaves_out_stays() {
        let body =
            json!({ "target": "https://example.com/a", "triggers": ["conversation:message"], "includeFullUser": true });
        let made = read(&body).unwrap();
        assert!(made.include_full_user && !made.include_full_source);
        let body = json!({ "includeFullSource": true, "target": null, "secret": "x" });
        let change = change(&Members::of(&body, String::new()).unwrap()).unwrap();
        assert_eq!((change.include_full_user, change.include_full_source), (None, Some(true)));
        assert_eq!((change.target, change.triggers), (None, None));
    }

    #[test]
    fn a_new_one_needs_a_target_and_triggers_that_there_are() {
        let target = "https://example.com/a";
        for body in [
            json!({ "triggers": ["conversation:message"] }),
            json!({ "target": target }),
            json!({ "target": target, "triggers": [] }),
            json!({ "target": target, "triggers": "conversation:message" }),
            json!({ "target": target, "triggers": [1] }),
            json!({ "target": target, "triggers": ["conversation:nothing"] }),
            json!({ "target": "ftp://example.com", "triggers": ["conversation:message"] }),
            json!({ "target": target, "triggers": ["conversation:message"], "includeFullUser": "yes" }),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }
}

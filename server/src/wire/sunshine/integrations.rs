//! `…/integrations`: the connections of an app with other systems.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::integration::{Integration, IntegrationKind, IntegrationQuery, IntegrationStatus};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value, json};
use service::integrations::{IntegrationChange, NewIntegration};

use super::body::{Body, Members};
use super::caller::{AppScope, Scoped};
use super::failure::Failure;
use super::paging::{Beside, Query, is_record_id};
use super::users::merge;
use super::webhooks;
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

/// What Keystead knows of an integration. Everything else that a call sends is kept as it is.
const KNOWN: [&str; 5] = ["id", "type", "status", "displayName", "webhooks"];

/// How the names of members end that let somebody into another system. Keystead calls none of them, so it keeps none.
const SECRETS: [&str; 5] = ["token", "secret", "password", "key", "certificate"];

/// Names that end so and let nobody in.
const HARMLESS: [&str; 2] = ["publickey", "sitekey"];

#[derive(Debug, Serialize)]
struct One {
    integration: Value,
}

#[derive(Debug, Serialize)]
struct Many {
    integrations: Vec<Value>,
    #[serde(flatten)]
    beside: Beside,
}

/// An integration, in the family's words. The secrets of its webhooks are there once, when it is made.
fn shown(integration: &Integration, secrets: &[SecretString]) -> Value {
    let mut members: Map<String, Value> = serde_json::from_str(&integration.extra).unwrap_or_default();
    members.insert("id".to_owned(), json!(integration.id));
    members.insert("type".to_owned(), json!(integration.kind));
    members.insert("status".to_owned(), json!(integration.status));
    if let Some(name) = &integration.name {
        members.insert("displayName".to_owned(), json!(name));
    }
    if !integration.webhooks.is_empty() {
        let hooks = integration.webhooks.iter().enumerate();
        let hooks = hooks.map(|(n, webhook)| webhooks::shown(webhook, secrets.get(n))).collect();
        members.insert("webhooks".to_owned(), Value::Array(hooks));
    }
    Value::Object(members)
}

/// The integration that a path names, if it is one of the app and one that connects chats. Others are none of this family.
pub(super) async fn found(api: &Api, by: &Scoped) -> Result<Integration, Failure> {
    let id = by.integration()?;
    let integration = api.service.integration(&by.caller, &id).await?;
    let is_shown = integration.app_id == by.app && integration.kind.is_chat();
    if is_shown { Ok(integration) } else { Err(Failure::integration_not_found()) }
}

fn kind(word: &str) -> Result<IntegrationKind, Failure> {
    let kind = IntegrationKind::parse(word).filter(|kind| kind.is_chat());
    kind.ok_or_else(|| Failure::bad_request("Invalid integration type"))
}

/// What Keystead does not know, with nulls, which take a member away.
fn extra(members: &Members<'_>) -> Map<String, Value> {
    let mut rest = members.unknown(&KNOWN);
    forget_secrets(&mut rest);
    rest
}

/// Takes the secrets out of an object, however deep in it they are.
fn forget_secrets(object: &mut Map<String, Value>) {
    object.retain(|name, _| {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        HARMLESS.contains(&&*plain) || !SECRETS.iter().any(|end| plain.ends_with(end))
    });
    object.values_mut().for_each(forget_secrets_in);
}

fn forget_secrets_in(value: &mut Value) {
    match value {
        Value::Object(object) => forget_secrets(object),
        Value::Array(values) => values.iter_mut().for_each(forget_secrets_in),
        _ => {}
    }
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AppScope(by): AppScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let kind = kind(members.needed("type")?)?;
    let name = members.display_name()?.map(str::to_owned);
    let hooks = members.list("webhooks")?;
    let (least, most) = kind.webhooks();
    let count = hooks.map_or(0, <[Value]>::len);
    if hooks.is_none() && least > 0 {
        return Err(members.required("webhooks"));
    }
    if count < least {
        return Err(Failure::bad_request(format!("webhooks should NOT have fewer than {least} items")));
    }
    if count > most {
        return Err(Failure::bad_request(format!("webhooks should NOT have more than {most} items")));
    }
    let hooks = hooks.unwrap_or_default().iter().enumerate();
    let hooks = hooks.map(|(n, hook)| webhooks::rules(&Members::of(hook, format!("webhooks[{n}]"))?));
    let webhooks = hooks.collect::<Result<Vec<_>, _>>()?;
    let mut kept = Map::new();
    merge(&mut kept, &extra(&members));
    let extra = Value::Object(kept).to_string();
    let new = NewIntegration { kind, name, extra, webhooks };
    let (made, secrets) = api.service.create_integration(&by.caller, &by.app, new).await?;
    let one = One { integration: shown(&made, &secrets) };
    Ok(answer(StatusCode::CREATED, "application/json", &one))
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    AppScope(by): AppScope,
    query: Query,
) -> Result<Response, Failure> {
    let paging = query.paging(is_record_id)?;
    let kinds = match query.filter("types")? {
        None => IntegrationKind::chat().collect(),
        Some(words) => words.split(',').map(|word| kind(word.trim())).collect::<Result<Vec<_>, _>>()?,
    };
    let asked = IntegrationQuery {
        kinds,
        after: paging.after.clone(),
        before: paging.before.clone(),
        rows: paging.size,
        ..IntegrationQuery::default()
    };
    let page = api.service.integrations(&by.caller, &by.app, &asked).await?;
    let integrations = page.rows.iter().map(|integration| shown(integration, &[])).collect();
    let beside = query.beside(&api.public_url, &paging, page.next, page.previous);
    Ok(Json(Many { integrations, beside }).into_response())
}

pub(super) async fn get(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    let integration = found(&api, &by).await?;
    Ok(Json(One { integration: shown(&integration, &[]) }).into_response())
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    AppScope(by): AppScope,
    body: Body,
) -> Result<Response, Failure> {
    let integration = found(&api, &by).await?;
    let members = body.members();
    if members.text("type")?.is_some_and(|word| word != integration.kind.as_str()) {
        return Err(Failure::bad_request("Invalid integration type"));
    }
    if members.has("webhooks") {
        let title = "webhooks cannot be changed with the integration: PATCH the webhook";
        return Err(Failure::bad_request(title));
    }
    let status = match members.text("status")? {
        None => None,
        Some(word) => {
            let title = "status should be equal to one of the allowed values";
            Some(IntegrationStatus::parse(word).ok_or_else(|| Failure::bad_request(title))?)
        }
    };
    // A name that is null goes away.
    let name = members.has("displayName").then_some(members.display_name()?.map(str::to_owned));
    let change = IntegrationChange { name, status, extra: extra(&members) };
    let changed = api.service.change_integration(&by.caller, &integration.id, change).await?;
    Ok(Json(One { integration: shown(&changed, &[]) }).into_response())
}

pub(super) async fn delete(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    let integration = found(&api, &by).await?;
    api.service.delete_integration(&by.caller, &integration.id).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_kept_but_no_secret_of_another_system() {
        let body = json!({
            "type": "telegram", "id": "x", "displayName": "n", "username": "bot", "showAIDisclaimer": true,
            "gone": null, "token": "1", "accessToken": "2", "apiKey": "3", "app_secret": "4", "botToken": "5",
            "settings": { "color": "red", "password": "6" }, "lines": [{ "authKey": "7", "name": "one" }],
        });
        let kept = extra(&Members::of(&body, String::new()).unwrap());
        let settings = json!({ "color": "red" });
        let expected = json!({
            "username": "bot", "showAIDisclaimer": true, "gone": null, "settings": settings, "lines": [{ "name": "one" }],
        });
        assert_eq!(Value::Object(kept), expected);
    }
}

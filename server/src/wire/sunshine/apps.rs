//! `…/apps`: the apps of the installation, each with its settings, its metadata and what else a call sends, which Keystead
//! keeps and does not use.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::app_profile::{ProfileQuery, ProfiledApp};
use domain::ids::AppId;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::body::{Body, Members};
use super::caller::{AccountScope, AppScope};
use super::failure::Failure;
use super::paging::{Beside, Query, is_record_id};
use super::shown::METADATA;
use super::users::{METADATA_MAX, merge};
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

const SETTINGS: &str = "settings";

/// What Keystead knows of an app. Everything else that a call sends is kept as it is.
const KNOWN: [&str; 4] = ["id", "displayName", SETTINGS, METADATA];

/// The settings that an app has unless its caller says otherwise.
const PRESET: [(&str, bool); 5] = [
    ("appLocalizationEnabled", true),
    ("echoPostback", false),
    ("maskCreditCardNumbers", true),
    ("multiConvoEnabled", false),
    ("useAnimalNames", false),
];

#[derive(Debug, Serialize)]
struct One {
    app: AppShown,
}

#[derive(Debug, Serialize)]
struct Many {
    apps: Vec<AppShown>,
    #[serde(flatten)]
    beside: Beside,
}

/// An app, in the family's words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppShown {
    id: AppId,
    display_name: String,
    settings: Value,
    metadata: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl From<ProfiledApp> for AppShown {
    fn from(found: ProfiledApp) -> Self {
        let mut profile = read(&found.profile);
        let mut settings: Map<String, Value> =
            PRESET.iter().map(|(name, on)| ((*name).to_owned(), Value::Bool(*on))).collect();
        settings.extend(part(&mut profile, SETTINGS));
        let metadata = part(&mut profile, METADATA);
        Self {
            id: found.app.id,
            display_name: found.app.name,
            settings: Value::Object(settings),
            metadata: Value::Object(metadata),
            rest: profile,
        }
    }
}

/// A profile as it is stored. What is no object counts as none.
fn read(profile: &str) -> Map<String, Value> {
    serde_json::from_str(profile).unwrap_or_default()
}

fn part(profile: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match profile.remove(name) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// What a call says of an app beside its name. Settings are changed one by one, metadata as a whole; null takes away.
#[derive(Debug, Default)]
struct Sent {
    settings: Map<String, Value>,
    forgets_settings: bool,
    metadata: Option<Map<String, Value>>,
    /// Everything else; null takes a member away.
    rest: Map<String, Value>,
}

impl Sent {
    fn of(members: &Members<'_>) -> Result<Self, Failure> {
        let mut sent = Self::default();
        if let Some(settings) = members.object(SETTINGS)? {
            for (name, _) in PRESET {
                settings.flag(name)?;
            }
            sent.settings = settings.unknown(&[]);
        }
        sent.forgets_settings = members.is_null(SETTINGS);
        sent.metadata = members.is_null(METADATA).then(Map::new);
        if let Some(metadata) = members.object(METADATA)? {
            let odd = metadata.map().iter().find(|(_, value)| value.is_object() || value.is_array());
            if let Some((name, _)) = odd {
                let title = format!("{} should be string, number or boolean", metadata.place(name));
                return Err(Failure::bad_request(title));
            }
            let metadata = metadata.besides(&[]);
            if Value::Object(metadata.clone()).to_string().len() > METADATA_MAX {
                return Err(Failure::bad_request("App metadata is limited to 4096 bytes in size."));
            }
            sent.metadata = Some(metadata);
        }
        sent.rest = members.unknown(&KNOWN);
        Ok(sent)
    }

    /// The profile with what was sent.
    fn put_into(&self, profile: &str) -> String {
        let mut profile = read(profile);
        let mut settings = part(&mut profile, SETTINGS);
        if self.forgets_settings {
            settings.clear();
        }
        merge(&mut settings, &self.settings);
        let metadata = part(&mut profile, METADATA);
        let metadata = self.metadata.clone().unwrap_or(metadata);
        merge(&mut profile, &self.rest);
        for (name, members) in [(SETTINGS, settings), (METADATA, metadata)] {
            if !members.is_empty() {
                profile.insert(name.to_owned(), Value::Object(members));
            }
        }
        Value::Object(profile).to_string()
    }
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AccountScope(by): AccountScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let (name, sent) = (members.needed_display_name()?, Sent::of(&members)?);
    let made = api.service.create_profiled_app(&by.caller, name, &sent.put_into("{}")).await?;
    Ok(answer(StatusCode::CREATED, "application/json", &One { app: made.into() }))
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    AccountScope(by): AccountScope,
    query: Query,
) -> Result<Response, Failure> {
    let paging = query.paging(is_record_id)?;
    let id = |text: &Option<String>| text.as_deref().and_then(AppId::parse);
    let asked = ProfileQuery { after: id(&paging.after), before: id(&paging.before), rows: paging.size };
    let page = api.service.profiled_apps(&by.caller, &asked).await?;
    let beside = query.beside(&api.public_url, &paging, page.next, page.previous);
    let apps = page.rows.into_iter().map(AppShown::from).collect();
    Ok(Json(Many { apps, beside }).into_response())
}

pub(super) async fn get(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    let found = api.service.profiled_app(&by.caller, &by.app).await?;
    Ok(Json(One { app: found.into() }).into_response())
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    AppScope(by): AppScope,
    body: Body,
) -> Result<Response, Failure> {
    let members = body.members();
    let (name, sent) = (members.display_name()?, Sent::of(&members)?);
    let put = |profile: &str| sent.put_into(profile);
    let changed = api.service.change_profiled_app(&by.caller, &by.app, name, &put).await?;
    Ok(Json(One { app: changed.into() }).into_response())
}

/// Archives the app: its keys stop working at once, and no call finds it any more. Owners can bring it back.
pub(super) async fn delete(State(api): State<Arc<Api>>, AccountScope(by): AccountScope) -> Result<Response, Failure> {
    if by.app == by.key.record.app_id {
        return Err(Failure::bad_request("The app to which the account key belongs cannot be deleted"));
    }
    api.service.archive_app(&by.caller, &by.app).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(body: &Value) -> Result<Sent, Failure> {
        Sent::of(&Members::of(body, String::new()).unwrap())
    }

    #[test]
    fn settings_are_changed_one_by_one_and_metadata_as_a_whole() {
        let first = sent(&json!({ "settings": { "echoPostback": true, "new": 1 }, "metadata": { "a": "b" } })).unwrap();
        let kept = first.put_into("{}");
        assert_eq!(kept, r#"{"metadata":{"a":"b"},"settings":{"echoPostback":true,"new":1}}"#);
        let second = sent(&json!({ "settings": { "new": 2 }, "metadata": { "c": 1 } })).unwrap();
        assert_eq!(second.put_into(&kept), r#"{"metadata":{"c":1},"settings":{"echoPostback":true,"new":2}}"#);
        assert_eq!(sent(&json!({})).unwrap().put_into(&kept), kept);
        assert_eq!(sent(&json!({ "metadata": {} })).unwrap().put_into(r#"{"metadata":{"c":1}}"#), "{}");
    }

    #[test]
    fn what_is_not_known_is_kept_until_it_is_null() {
        let body = json!({ "displayName": "n", "id": "x", "brandId": "7", "on": true });
        let kept = sent(&body).unwrap().put_into(r#"{"settings":{"new":1}}"#);
        assert_eq!(kept, r#"{"brandId":"7","on":true,"settings":{"new":1}}"#);
        let kept = sent(&json!({ "on": null, "brandId": "8" })).unwrap().put_into(&kept);
        assert_eq!(kept, r#"{"brandId":"8","settings":{"new":1}}"#);
    }

    #[test]
    fn odd_settings_and_metadata_are_refused() {
        for body in [
            json!({ "settings": [] }),
            json!({ "settings": { "echoPostback": "yes" } }),
            json!({ "metadata": "a" }),
            json!({ "metadata": { "a": {} } }),
            json!({ "metadata": { "a": "b".repeat(METADATA_MAX) } }),
        ] {
            assert!(sent(&body).is_err(), "{body}");
        }
    }
}

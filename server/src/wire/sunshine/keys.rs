//! `…/keys`: the keys of an integration, and what the keys of an app share with them. A secret is in the answer that makes
//! it, and in no other.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::draft::KeyDraft;
use domain::field::Field;
use domain::ids::IntegrationId;
use domain::integration::Integration;
use domain::key::{KeyDetail, KeyRow, KeyState};
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, Rows};
use domain::refusal::Refusal;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use service::keys::ShownSecret;

use super::body::Body;
use super::caller::{AppScope, Scoped};
use super::failure::{Code, Failure};
use super::integrations::found;
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

#[derive(Debug, Serialize)]
struct One<'a> {
    key: KeyShown<'a>,
}

#[derive(Debug, Serialize)]
struct Many<'a> {
    keys: Vec<KeyShown<'a>>,
}

/// A key, in the family's words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyShown<'a> {
    id: String,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl std::fmt::Debug for KeyShown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyShown").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<'a> From<&'a KeyRow> for KeyShown<'a> {
    fn from(key: &'a KeyRow) -> Self {
        Self { id: format!("{}_{}", key.token_prefix, key.id.to_hex()), display_name: &key.name, secret: None }
    }
}

/// Which keys a path is about: those of an app itself, or those of one of its integrations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of {
    pub kind: KeyKind,
    pub integration: Option<IntegrationId>,
}

impl Of {
    fn integration(integration: &Integration) -> Result<Self, Failure> {
        if !integration.kind.has_keys() {
            return Err(Refusal::NoKeysOfThisIntegration.into());
        }
        Ok(Self { kind: KeyKind::OF_INTEGRATION, integration: Some(integration.id) })
    }

    /// Why no key is made, as the family says it.
    fn refused(self, refusal: Refusal) -> Failure {
        match refusal {
            // In the words of the one published title of this form.
            Refusal::TooManyKeys { most } => {
                let whose = if self.integration.is_some() { "Integration" } else { "App" };
                Failure::new(Code::TOO_MANY_KEYS, format!("{whose} has reached the max number of keys ({most})"))
            }
            // The integration is in the path, and was there when it was read. Somebody has deleted it since.
            Refusal::Invalid(errors) if errors.of(Field::Integration).next().is_some() => {
                Failure::integration_not_found()
            }
            refusal => refusal.into(),
        }
    }
}

/// Makes a key that works at once: its caller stores the answer.
pub(super) async fn make(api: &Api, by: &Scoped, of: Of, body: &Body) -> Result<Response, Failure> {
    let draft = KeyDraft {
        kind: Some(of.kind.as_str().to_owned()),
        name: Some(body.members().needed_display_name()?.to_owned()),
        integration: of.integration.map(|id| id.as_str().to_owned()),
        ..KeyDraft::default()
    };
    let issued = match api.service.issue_acknowledged(&by.caller, &by.app, &draft).await {
        Err(service::Error::Refused(refusal)) => return Err(of.refused(refusal)),
        issued => issued?,
    };
    let shown = KeyShown::from(&issued.key.row);
    let key = match &issued.shown {
        ShownSecret::Pair { id, secret } => KeyShown { id: id.clone(), secret: Some(secret.expose_secret()), ..shown },
        ShownSecret::Token(secret) => KeyShown { secret: Some(secret.expose_secret()), ..shown },
    };
    Ok(answer(StatusCode::CREATED, "application/json", &One { key }))
}

/// Those keys that work, or are only disabled. One that waits for its maker in the console counts for the limit as well.
pub(super) async fn all(api: &Api, by: &Scoped, of: Of) -> Result<Response, Failure> {
    let mut rows: Vec<KeyRow> = Vec::new();
    let mut asked = KeyQuery {
        kind: Some(of.kind),
        integration: of.integration,
        sort: KeySort::Created,
        rows: Rows::Most,
        ..KeyQuery::default()
    };
    // Revoked keys stay in the list of Keystead, so there may be several pages.
    loop {
        let page = api.service.keys(&by.caller, &by.app, &asked).await?;
        rows.extend(page.rows.into_iter().filter(|key| is_there(key.state)));
        let Some(next) = page.next else { break };
        asked.after = Some(next);
    }
    Ok(Json(Many { keys: rows.iter().map(KeyShown::from).collect() }).into_response())
}

/// The key that a path names, if it is one of those and there.
pub(super) async fn named(api: &Api, by: &Scoped, of: Of) -> Result<Arc<KeyDetail>, Failure> {
    let key = api.service.key(&by.caller, &by.places.key(of.kind)?).await?;
    let is_meant = key.row.kind == of.kind && key.app_id == by.app && key.rules.integration == of.integration;
    if is_meant && is_there(key.row.state) { Ok(key) } else { Err(Failure::not_found()) }
}

const fn is_there(state: KeyState) -> bool {
    matches!(state, KeyState::Active | KeyState::Disabled)
}

pub(super) async fn one(api: &Api, by: &Scoped, of: Of) -> Result<Response, Failure> {
    let key = named(api, by, of).await?;
    Ok(Json(One { key: KeyShown::from(&key.row) }).into_response())
}

/// Deletes a key: the next call with it is refused.
pub(super) async fn remove(api: &Api, by: &Scoped, of: Of) -> Result<Response, Failure> {
    let key = named(api, by, of).await?;
    api.service.delete_at(&by.caller, &key.row.id, None).await?;
    Ok(Json(json!({})).into_response())
}

async fn of(api: &Api, by: &Scoped) -> Result<Of, Failure> {
    Of::integration(&found(api, by).await?)
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AppScope(by): AppScope,
    body: Body,
) -> Result<Response, Failure> {
    make(&api, &by, of(&api, &by).await?, &body).await
}

pub(super) async fn list(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    all(&api, &by, of(&api, &by).await?).await
}

pub(super) async fn get(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    one(&api, &by, of(&api, &by).await?).await
}

pub(super) async fn delete(State(api): State<Arc<Api>>, AppScope(by): AppScope) -> Result<Response, Failure> {
    remove(&api, &by, of(&api, &by).await?).await
}

#[cfg(test)]
mod tests {
    use domain::field::FieldErrors;

    use super::*;

    #[test]
    fn a_key_of_an_integration_that_is_just_deleted_is_refused_as_if_it_had_never_been_there() {
        let of = Of { kind: KeyKind::OF_INTEGRATION, integration: Some(IntegrationId::from_random([1; 12])) };
        let status = |field| {
            let failure = of.refused(Refusal::Invalid(FieldErrors::one(field, "This is wrong.")));
            failure.into_response().status()
        };
        assert_eq!((status(Field::Integration), status(Field::Name)), (StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST));
    }
}

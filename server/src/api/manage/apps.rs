//! `/v1/apps`: which apps there are, and making, renaming, archiving and bringing back.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::app::{ARCHIVED, App, AppQuery};
use domain::field::{Field, FieldErrors};
use domain::ids::AppId;
use domain::query_string::ListQuery;
use domain::text::{self, SEARCH_MAX};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::answer::{Answered, Listed, One};
use super::bodies::{MaybeBody, Nothing};
use super::call::By;
use super::query::{AFTER, BEFORE, Param, Takes, borrowed, read_list};
use crate::json::answer::json;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::Faults;
use crate::json::members::Text;
use crate::json::problem::Problem;

/// The filters of the list, named as in its address in the console.
pub(super) const LIST: &[Param] = &[
    Param::new("q", Takes::Search(SEARCH_MAX), "The beginning of a name, or an id."),
    Param::new("status", Takes::Words(|| vec![ARCHIVED]), "The archived apps. They are in no other list."),
    AFTER,
    BEFORE,
];

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppShown {
    /// The id, 24 hexadecimal digits.
    id: String,
    name: String,
    created_at: String,
    /// Since when its keys are refused; null for an app in use.
    archived_at: Option<String>,
}

/// An app, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppAnswered {
    app: AppShown,
}

impl From<App> for AppShown {
    fn from(app: App) -> Self {
        Self {
            id: app.id.to_string(),
            name: app.name,
            created_at: app.created_at.to_rfc3339(),
            archived_at: app.archived_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A new app, or a new name for one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppBody<'a> {
    /// The name, 1 to 100 characters. No other app in use has it.
    #[serde(borrow)]
    #[schema(value_type = String)]
    name: Text<'a>,
}

/// The name that was asked for.
#[derive(Debug)]
pub(super) struct AppName(String);

impl BodyCall for AppName {
    type Sent<'a> = AppBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
        Some(Self(sent.name.0.into_owned()))
    }

    fn found_later(Self(name): &Self) -> Faults {
        let named = text::app_name(name).map_err(|message| FieldErrors::one(Field::Name, message));
        named.err().unwrap_or_default().into()
    }
}

impl Documented for AppName {
    const EXAMPLE: &'static str = r#"{"name":"Shop"}"#;
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<AppShown>>> {
    let query = read_list(query.as_deref(), LIST, |pairs| AppQuery::from_pairs(borrowed(pairs)))?;
    let page = api.service.apps(&caller, &query).await?;
    Ok(One::of(Listed::page(page, |listed| listed.app.into())))
}

pub(super) async fn get(State(api): State<Arc<Api>>, By(caller): By, Named(id): Named) -> Answered<One<AppAnswered>> {
    Ok(One::of(AppAnswered { app: api.service.app(&caller, &app_id(&id)?).await?.into() }))
}

/// An app that was created. It says no address: the key that created it does not see it.
#[derive(Debug)]
pub(super) struct AppCreated(AppAnswered);

impl IntoResponse for AppCreated {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, "application/json", &self.0)
    }
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<AppName>,
) -> Answered<AppCreated> {
    let app = api.service.create_app(&caller, &body.read()?.0).await?;
    Ok(AppCreated(AppAnswered { app: app.into() }))
}

pub(super) async fn archive(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<AppAnswered>> {
    body.read()?;
    let id = app_id(&id)?;
    api.service.archive_app(&caller, &id).await?;
    Ok(One::of(AppAnswered { app: api.service.app(&caller, &id).await?.into() }))
}

pub(super) async fn restore(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<AppAnswered>> {
    body.read()?;
    let id = app_id(&id)?;
    api.service.restore_app(&caller, &id).await?;
    Ok(One::of(AppAnswered { app: api.service.app(&caller, &id).await?.into() }))
}

pub(super) async fn change(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    body: JsonBody<AppName>,
) -> Answered<One<AppAnswered>> {
    let (AppName(name), id) = (body.read()?, app_id(&id)?);
    api.service.rename_app(&caller, &id, &name).await?;
    Ok(One::of(AppAnswered { app: api.service.app(&caller, &id).await?.into() }))
}

/// An id in a path. Invalid text is like an unknown id.
fn app_id(text: &str) -> Result<AppId, Problem> {
    AppId::parse(text).ok_or_else(Problem::no_such_app)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<AppName>(&json!({ "name": "Shop" }));
    }
}

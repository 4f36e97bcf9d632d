//! `/v1/apps`: which apps there are.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use domain::ids::AppId;
use serde::Serialize;
use store::AppRow;
use utoipa::ToSchema;

use super::super::call::Api;
use super::answer::{Answered, Listed, One};
use super::call::By;
use super::query::read;
use crate::json::problem::Problem;

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppShown {
    /// The id, 24 hexadecimal digits.
    id: String,
    name: String,
    created_at: String,
}

/// An app, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppAnswered {
    app: AppShown,
}

impl From<AppRow> for AppShown {
    fn from(app: AppRow) -> Self {
        Self { id: app.id.to_string(), name: app.name, created_at: app.created_at.to_rfc3339() }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<AppShown>>> {
    read(query.as_deref(), &[])?;
    let apps = api.service.apps(&caller).await?;
    Ok(One::of(Listed::whole(apps.into_iter().map(AppShown::from).collect())))
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Path(id): Path<String>,
) -> Answered<One<AppAnswered>> {
    let id = AppId::parse(&id).ok_or_else(Problem::no_such_app)?;
    let app = api.service.app(&caller, &id).await.map_err(|error| match error {
        service::Error::Refused(domain::refusal::Refusal::NotFound) => Problem::no_such_app(),
        error => error.into(),
    })?;
    Ok(One::of(AppAnswered { app: app.into() }))
}

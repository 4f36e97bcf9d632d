//! `/v1/audit`: the events of the app of the calling key.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use domain::audit::{Action, ActorKind, AuditRow, SubjectKind};
use domain::audit_query::AuditQuery;
use domain::ids::KeyId;
use domain::query_string::ListQuery;
use domain::text::SEARCH_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Api;
use super::answer::{Answered, Listed, One};
use super::call::By;
use super::query::{AFTER, BEFORE, Param, Takes, borrowed, read_list, value};

/// The filters, named as in the address of the page.
pub(super) const LIST: &[Param] = &[
    Param::new("key", Takes::KeyId, "Only events about this key, deleted or not."),
    Param::new("name", Takes::Search(SEARCH_MAX), "Only events about keys whose name begins with this."),
    Param::new(
        "person_id",
        Takes::PersonId,
        "Only what this person did and what was done to them, whatever they were called, also if they are gone.",
    ),
    Param::new(
        "person",
        Takes::Search(SEARCH_MAX),
        "Only what people did whose name or e-mail has this in it, or the actor with this name, and what was done to these \
         people. A whole e-mail means its person alone.",
    ),
    Param::new(
        "action",
        Takes::Words(|| Action::ALL.iter().map(|action| action.as_str()).collect()),
        "Only this action.",
    ),
    Param::new("from", Takes::Day, "Only events of this day in UTC, and of later ones."),
    Param::new("to", Takes::Day, "Only events of this day in UTC, and of earlier ones."),
    AFTER,
    BEFORE,
];

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventShown {
    /// Its number in the audit.
    number: i64,
    at: String,
    action: String,
    subject_kind: String,
    subject_id: String,
    subject: String,
    actor_kind: String,
    actor: String,
    address: Option<String>,
    note: Option<String>,
    changes: Vec<ChangeShown>,
}

/// A field that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeShown {
    field: String,
    from: Option<String>,
    to: Option<String>,
}

impl From<AuditRow> for EventShown {
    fn from(row: AuditRow) -> Self {
        let changes = row.changes.into_iter();
        Self {
            number: row.seq,
            at: row.at.to_rfc3339(),
            action: row.action.label(Action::as_str),
            subject_kind: row.subject.kind.label(SubjectKind::as_str),
            subject_id: row.subject.id,
            subject: row.subject.label,
            actor_kind: row.actor_kind.label(ActorKind::as_str),
            actor: row.actor_label,
            address: row.address,
            note: row.note,
            changes: changes.map(|one| ChangeShown { field: one.field, from: one.from, to: one.to }).collect(),
        }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<EventShown>>> {
    let query = read_list(query.as_deref(), LIST, |pairs| {
        let asked = AuditQuery::from_pairs(borrowed(pairs));
        AuditQuery { key: value(pairs, "key").and_then(KeyId::parse), ..asked }
    })?;
    let page = api.service.audit(&caller, &query).await?;
    Ok(One::of(Listed::page(page, EventShown::from)))
}

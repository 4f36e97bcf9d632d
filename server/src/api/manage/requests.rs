//! `/v1/requests`: keys that people asked for and a second person must approve. To approve one is of people alone.

use std::collections::BTreeMap;
use std::slice;
use std::sync::Arc;

use app::desk::named::Named;
use app::desk::requests::MINE;
use axum::extract::{RawQuery, State};
use domain::expiry::Expiry;
use domain::ids::{ContactId, KeyId};
use domain::labels::Owner;
use domain::query_string::ListQuery;
use domain::refusal::Refusal;
use domain::request::{self, Decided, Decision, KeyRequest, RequestFilter, RequestQuery};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::answer::{Answered, Listed, One};
use super::bodies::MaybeBody;
use super::call::By;
use super::key_shown::{moment, pairs, texts};
use super::query::{AFTER, BEFORE, Param, Takes, borrowed, read_list};
use crate::json::body::BodyCall;
use crate::json::fault::Faults;
use crate::json::members::Text;
use crate::json::problem::Problem;

/// The filters of the list.
pub(super) const LIST: &[Param] = &[
    Param::new(
        "show",
        Takes::Words(|| RequestFilter::ALL.iter().map(|show| show.as_str()).collect()),
        "Only those that wait, which is what it shows without it, that are approved, or that have ended.",
    ),
    AFTER,
    BEFORE,
];

/// A request. Every member is always present, except that one without a value is null.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestShown {
    /// The id, which becomes that of the key.
    id: String,
    /// The id of the app of the key.
    app: String,
    #[schema(value_type = words::RequestStatus)]
    status: &'static str,
    /// Who asked, in words.
    asked_by: String,
    /// Why they need the key.
    reason: String,
    created_at: String,
    /// Until when it waits for a decision, or to be collected. Of one that has ended, when it ended.
    until: String,
    key: KeyWanted,
    decided: Option<DecidedShown>,
}

/// What the key of a request would be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyWanted {
    #[schema(value_type = words::KeyKind)]
    kind: &'static str,
    name: String,
    description: String,
    #[schema(value_type = words::Environment)]
    environment: &'static str,
    permissions: Vec<String>,
    cidrs: Vec<String>,
    denied_cidrs: Vec<String>,
    domains: Vec<String>,
    not_before: Option<String>,
    expires_at: Option<String>,
    /// How many days it lives from when it is collected, if it has no `expiresAt`.
    expires_in_days: Option<i64>,
    /// Rate limits, each like `calls: 100 per minute`.
    limits: Vec<String>,
    quota: Option<u64>,
    #[schema(value_type = Option<words::QuotaRefill>)]
    quota_refill: Option<&'static str>,
    /// After how many days the secret is to be rotated.
    rotate_days: Option<u32>,
    /// The contacts on whose behalf it may act, by UUID; empty for any.
    acts_for: Vec<String>,
    /// The id of its integration, which only an integration key has.
    integration: Option<String>,
    external_id: Option<String>,
    owner: Option<String>,
    tags: Vec<String>,
    metadata: BTreeMap<String, String>,
}

/// Who approved or declined a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedShown {
    /// Who, in words.
    by: String,
    at: String,
    /// Their word to whoever asked; may be empty.
    note: String,
}

/// A request, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestAnswered {
    request: RequestShown,
}

/// Why a request is declined.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclineBody<'a> {
    /// A word to whoever asked, at most 500 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    note: Option<Text<'a>>,
}

/// A decline as it was asked for.
#[derive(Debug)]
pub(super) struct Decline {
    note: String,
}

impl BodyCall for Decline {
    type Sent<'a> = DeclineBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
        Some(Self { note: sent.note.map(|Text(note)| note.into_owned()).unwrap_or_default() })
    }

    fn found_later(Self { note }: &Self) -> Faults {
        request::word(note).err().unwrap_or_default().into()
    }
}

impl Documented for Decline {
    const EXAMPLE: &'static str = r#"{"note":"Ask for fewer permissions."}"#;
}

impl RequestShown {
    fn of(request: &KeyRequest, now: Timestamp) -> Self {
        Self {
            id: request.key.to_string(),
            app: request.app_id.to_string(),
            status: request.state.as_str(),
            asked_by: request.asked_by.1.clone(),
            reason: request.reason.clone(),
            created_at: request.created_at.to_rfc3339(),
            until: request.until.to_rfc3339(),
            key: KeyWanted::of(request, now),
            decided: request.decided.as_ref().map(DecidedShown::of),
        }
    }
}

impl KeyWanted {
    fn of(request: &KeyRequest, now: Timestamp) -> Self {
        let spec = request.draft.sketch(request.kind, now);
        let rules = spec.rules;
        let expires_in_days = request.draft.expiry.as_deref().and_then(Expiry::parse).and_then(Expiry::days);
        Self {
            kind: spec.kind.as_str(),
            name: spec.name,
            description: spec.description,
            environment: rules.environment.as_str(),
            permissions: rules.permissions.iter().map(|permission| permission.as_str().to_owned()).collect(),
            cidrs: texts(&rules.cidrs),
            denied_cidrs: texts(&rules.denied_cidrs),
            domains: rules.domains.iter().map(|domain| domain.as_str().to_owned()).collect(),
            not_before: moment(spec.not_before),
            expires_at: moment(spec.expires_at.filter(|_| expires_in_days.is_none())),
            expires_in_days,
            limits: texts(&rules.limits),
            quota: rules.quota.map(|quota| quota.total),
            quota_refill: rules.quota.map(|quota| quota.refill.as_str()),
            rotate_days: rules.rotate_days,
            acts_for: rules.acts_for.iter().copied().map(ContactId::to_uuid).collect(),
            integration: rules.integration.map(|id| id.to_string()),
            external_id: rules.external_id,
            owner: rules.owner.as_ref().map(Owner::as_str).map(str::to_owned),
            tags: rules.tags,
            metadata: pairs(&rules.metadata),
        }
    }
}

impl DecidedShown {
    fn of(decided: &Decided) -> Self {
        Self { by: decided.by.1.clone(), at: decided.at.to_rfc3339(), note: decided.word.clone() }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<RequestShown>>> {
    let query = read_list(query.as_deref(), LIST, |pairs| RequestQuery::from_pairs(borrowed(pairs)))?;
    let page = api.service.requests(&caller, &query).await?;
    let now = api.service.now();
    Ok(One::of(Listed::page(page, |request| RequestShown::of(&request, now))))
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
) -> Answered<One<RequestAnswered>> {
    Ok(shown(&api, &api.service.request(&caller, &request_id(&id)?).await?))
}

/// Declines a request, and mails whoever asked, as the console does.
pub(super) async fn decline(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Decline>,
) -> Answered<One<RequestAnswered>> {
    let Decline { note } = body.read()?;
    let declined = api.service.decide_request(&caller, &request_id(&id)?, Decision::Decline, &note).await?;
    api.service.mail_decisions(slice::from_ref(&declined), &format!("{}{MINE}", api.public_url));
    Ok(shown(&api, &declined))
}

fn shown(api: &Api, request: &KeyRequest) -> One<RequestAnswered> {
    One::of(RequestAnswered { request: RequestShown::of(request, api.service.now()) })
}

/// An id in a path. Invalid text is like an unknown id.
fn request_id(text: &str) -> Result<KeyId, Problem> {
    KeyId::parse(text).ok_or_else(|| Refusal::RequestGone.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<Decline>(&json!({ "note": "Ask again with an expiry." }));
    }
}

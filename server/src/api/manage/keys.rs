//! `/v1/keys`: list, get, issue, change and delete.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::{RawQuery, State};
use domain::environment::Environment;
use domain::ids::KeyId;
use domain::key::KeyDetail;
use domain::kind::KeyKind;
use domain::labels::{EXTERNAL_ID_MAX, TAG_MAX};
use domain::list::{KeyQuery, KeySort, Rows, StatusFilter};
use domain::page::Uncounted;
use domain::query_string::{LeftOut, ListQuery};
use domain::refusal::Refusal;
use domain::text::{EMAIL_MAX, SEARCH_MAX};
use domain::timestamp::Timestamp;
use domain::token;
use secrecy::SecretString;
use service::keys::{Issued, ShownSecret};
use service::once::SecretOf;

use super::super::call::Api;
use super::answer::{Answered, Listed, Made, One};
use super::call::By;
use super::delete::Gone;
use super::if_match::IfMatch;
use super::key_body::{KeyChange, NewKey};
use super::key_shown::{KeyAnswered, KeyShown};
use super::query::{AFTER, BEFORE, Param, Takes, borrowed, read_list, value};
use crate::json::answer::{Written, written};
use crate::json::body::JsonBody;
use crate::json::problem::Problem;

/// The filters of the list, named as in its address in the console.
pub(super) const LIST: &[Param] = &[
    Param::new(
        "q",
        Takes::Search(SEARCH_MAX),
        "The beginning of a name, of a word in it, of an id or of an external id.",
    ),
    Param::new("kind", Takes::Words(|| KeyKind::ALL.iter().map(|kind| kind.as_str()).collect()), "Only this kind."),
    Param::new(
        "status",
        Takes::Words(|| StatusFilter::ALL.iter().map(|status| status.as_str()).collect()),
        "Only keys of this status.",
    ),
    Param::new(
        "environment",
        Takes::Words(|| Environment::ALL.iter().map(|one| one.as_str()).collect()),
        "Only this environment.",
    ),
    Param::new("owner", Takes::Text(EMAIL_MAX), "Only keys with this owner."),
    Param::new("tag", Takes::Text(TAG_MAX), "Only keys with this tag."),
    Param::new("external_id", Takes::Text(EXTERNAL_ID_MAX), "Only keys with this external id."),
    Param::new("integration", Takes::IntegrationId, "Only keys of this integration."),
    Param::new("sort", Takes::Words(|| KeySort::ALL.iter().map(|sort| sort.as_str()).collect()), "What to sort by."),
    Param::new("dir", Takes::Words(|| vec!["asc", "desc"]), "The direction of the order."),
    Param::new(
        "rows",
        Takes::Words(|| Rows::ALL.iter().map(|rows| rows.as_str()).collect()),
        "How many keys a page has.",
    ),
    AFTER,
    BEFORE,
];

pub(super) async fn list(State(api): State<Arc<Api>>, By(caller): By, RawQuery(query): RawQuery) -> Answered<Written> {
    let query = read_list(query.as_deref(), LIST, |pairs| asked(pairs).0)?;
    let app = api.app_of(&caller);
    Ok(Written(api.service.keys_in_full(&caller, &app, &query, page).await?))
}

/// A page of keys as it is answered.
fn page(keys: Uncounted<Arc<KeyDetail>>, now: Timestamp) -> Arc<[u8]> {
    written(&Listed::page(keys, |key| KeyShown::of(key, now))).into()
}

/// The list that these pairs ask for, and those that it does not understand whole.
pub(super) fn asked(pairs: &[(String, String)]) -> (KeyQuery, Vec<LeftOut>) {
    // A whole key is cut to its id here, or it would be looked for without the other filters.
    let id = value(pairs, "q").and_then(token::cut_to_id);
    let cut = id.as_ref().map(|id| ("q", id.as_str()));
    KeyQuery::read(borrowed(pairs).filter(|(name, _)| cut.is_none() || *name != "q").chain(cut))
}

pub(super) async fn get(State(api): State<Arc<Api>>, By(caller): By, Named(id): Named) -> Answered<One<KeyAnswered>> {
    let key = api.service.key(&caller, &key_id(&id)?).await?;
    Ok(shown(&api, key))
}

pub(super) async fn issue(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<NewKey>,
) -> Answered<Made<KeyAnswered>> {
    let call = body.read()?;
    let (service, app) = (&api.service, api.app_of(&caller));
    let issued = if call.acknowledge {
        service.issue_acknowledged(&caller, &app, &call.draft).await
    } else {
        service.issue(&caller, &app, &call.draft, &service.new_form_id()?).await
    };
    let Issued { key, shown: secret, .. } = issued.map_err(|error| call.names.problem(error))?;
    let id = key.row.id;
    let One { what, revision } = shown(&api, key);
    let location = format!("/v1/keys/{id}");
    Ok(Made { what, location, revision, secret: members(secret), of: SecretOf::Key(id) })
}

/// The members of an answer that are secret.
pub(super) fn members(secret: ShownSecret) -> Vec<(&'static str, SecretString)> {
    match secret {
        ShownSecret::Token(token) => vec![("secret", token)],
        ShownSecret::Pair { id, secret } => vec![("secret", secret), ("secretId", id.into())],
    }
}

/// How often a change of a key is tried whose revision nobody named.
const TRIES: u32 = 5;

pub(super) async fn change(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    body: JsonBody<KeyChange>,
) -> Answered<One<KeyAnswered>> {
    let call = body.read()?;
    let id = key_id(&id)?;
    let mut tries = 0;
    let seeing = caller.clone().having_seen(revision);
    let edited = loop {
        let before = api.service.key(&caller, &id).await?;
        let edited = api.service.edit(&seeing, &id, &call.of(&before), revision.unwrap_or(before.revision)).await;
        // Whoever names no revision wins over what others have changed in the meantime.
        let was_overtaken = matches!(edited, Err(service::Error::Refused(Refusal::Changed))) && revision.is_none();
        tries += 1;
        if !was_overtaken || tries == TRIES {
            break edited;
        }
    };
    let edited = edited.map_err(|error| match error {
        service::Error::Refused(Refusal::Changed) if revision.is_some() => Problem::stale(),
        error => call.names.problem(error),
    });
    Ok(shown(&api, edited?))
}

pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
) -> Answered<Gone> {
    api.service.delete_at(&caller, &key_id(&id)?, revision).await.map_err(stale)?;
    Ok(Gone)
}

/// A key in an answer of its own.
pub(super) fn shown(api: &Api, key: impl Into<Arc<KeyDetail>>) -> One<KeyAnswered> {
    let key = key.into();
    let revision = Some(key.revision);
    One { what: KeyAnswered { key: KeyShown::of(key, api.service.now()) }, revision }
}

/// An id in a path. Invalid text is like an unknown id.
pub(super) fn key_id(text: &str) -> Result<KeyId, Problem> {
    KeyId::parse(text).ok_or_else(|| Refusal::NotFound.into())
}

/// The problem of a change for which the caller named the revision.
pub(super) fn stale(error: service::Error) -> Problem {
    match error {
        service::Error::Refused(Refusal::Changed) => Problem::stale(),
        error => error.into(),
    }
}

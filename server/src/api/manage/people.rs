//! `/v1/people`: who may sign in to the console.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::{RawQuery, State};
use domain::field::{Field, FieldErrors};
use domain::grant::KeyGrant;
use domain::ids::{AppId, PersonId};
use domain::invite;
use domain::person::{PersonFilter, PersonListed, PersonQuery, PersonSort};
use domain::query_string::ListQuery;
use domain::refusal::Refusal;
use domain::role::Role;
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use service::Caller;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::access::{AppIds, GrantShown, Grants, apps, grants, ids, no_blank_end, problem};
use super::answer::{Answered, Listed, One};
use super::bodies::{BEFORE_ALL, MaybeBody, Nothing, moment};
use super::bounds;
use super::call::By;
use super::delete::Gone;
use super::query::{AFTER, BEFORE, Param, Takes, borrowed, read_list};
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::Faults;
use crate::json::members::Text;
use crate::json::problem::Problem;

pub(super) const LIST: &[Param] = &[
    Param::new("q", Takes::Search(SEARCH_MAX), "A part of the name or e-mail."),
    Param::new("role", Takes::Words(|| Role::ALL.iter().map(|role| role.as_str()).collect()), "Only this role."),
    Param::new(
        "status",
        Takes::Words(|| PersonFilter::ALL.iter().map(|one| one.as_str()).collect()),
        "Only this status.",
    ),
    Param::new("sort", Takes::Words(|| PersonSort::ALL.iter().map(|sort| sort.as_str()).collect()), "What to sort by."),
    Param::new("dir", Takes::Words(|| vec!["asc", "desc"]), "The direction of the order."),
    AFTER,
    BEFORE,
];

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonShown {
    id: String,
    name: String,
    email: String,
    #[schema(value_type = words::Role)]
    role: &'static str,
    #[schema(value_type = words::PersonStatus)]
    status: &'static str,
    /// The ids of the apps that the person is limited to, as far as the caller sees them; empty for all.
    apps: Vec<String>,
    created_at: String,
    last_sign_in_at: Option<String>,
    /// When the access of a guest ends.
    access_ends_at: Option<String>,
    /// Since when it is known that the person gets mail at this e-mail.
    email_confirmed_at: Option<String>,
    /// What the person is asked for after the password.
    #[schema(value_type = words::SecondFactor)]
    second_factor: &'static str,
}

/// A person, as their own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonAnswered {
    person: PersonShown,
    /// The keys of a guest that the caller may see too.
    keys: Vec<GrantShown>,
}

/// A change of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonChangeBody<'a> {
    /// The role.
    #[serde(borrow)]
    #[schema(value_type = words::Role)]
    role: Text<'a>,
}

/// A change as it was asked for.
#[derive(Debug)]
pub(super) struct PersonChange {
    role: String,
}

impl BodyCall for PersonChange {
    type Sent<'a> = PersonChangeBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
        Some(Self { role: sent.role.0.into_owned() })
    }

    fn found_later(change: &Self) -> Faults {
        let known = Role::parse(&change.role).ok_or_else(|| FieldErrors::one(Field::Role, invite::NO_ROLE));
        known.err().unwrap_or_default().into()
    }
}

impl Documented for PersonChange {
    const EXAMPLE: &'static str = r#"{"role":"auditor"}"#;
}

/// The apps that a person is limited to from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonAppsBody<'a> {
    /// The ids of the apps; none for all.
    #[serde(borrow)]
    #[schema(value_type = bounds::Apps)]
    apps: AppIds<'a>,
}

/// Apps as they were sent.
#[derive(Debug)]
pub(super) struct PersonApps;

impl BodyCall for PersonApps {
    type Sent<'a> = PersonAppsBody<'a>;
    type Call<'a> = Vec<AppId>;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        Some(apps(Some(sent.apps), faults))
    }
}

impl Documented for PersonApps {
    const EXAMPLE: &'static str = r#"{"apps":["0123456789abcdef01234567"]}"#;
}

/// The keys that a guest sees from now on, and until when.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PersonKeysBody<'a> {
    /// The keys, 50 at most. Those that the caller does not see stay.
    #[serde(borrow)]
    #[schema(value_type = bounds::GrantedKeys)]
    keys: Grants<'a>,
    /// When the access ends: a moment of RFC 3339, or a day or moment in UTC. Without it, never.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    access_ends_at: Option<Text<'a>>,
}

/// Keys as they were sent, with the end of access.
#[derive(Debug)]
pub(super) struct PersonKeys;

impl BodyCall for PersonKeys {
    type Sent<'a> = PersonKeysBody<'a>;
    type Call<'a> = (Vec<KeyGrant>, String);

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let keys = grants(Some(sent.keys), faults);
        no_blank_end(sent.access_ends_at.as_ref(), faults);
        Some((keys, sent.access_ends_at.map(moment).unwrap_or_default()))
    }

    fn found_later((_, end): &Self::Call<'_>) -> Faults {
        let checked = invite::end_of_access(end, BEFORE_ALL);
        checked.err().map(|message| FieldErrors::one(Field::AccessEndsAt, message).into()).unwrap_or_default()
    }
}

impl Documented for PersonKeys {
    const EXAMPLE: &'static str = r#"{"keys":[{"key":"7Qm2xVbN4tRa","acts":["rotate"]}]}"#;
}

impl PersonShown {
    fn of(person: PersonListed) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.name,
            email: person.email,
            role: person.role.as_str(),
            status: person.status.filter().as_str(),
            apps: ids(&person.apps),
            created_at: person.created_at.to_rfc3339(),
            last_sign_in_at: person.last_sign_in_at.map(Timestamp::to_rfc3339),
            access_ends_at: person.access_ends_at.map(Timestamp::to_rfc3339),
            email_confirmed_at: person.email_confirmed_at.map(Timestamp::to_rfc3339),
            second_factor: person.second_factor.as_str(),
        }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<PersonShown>>> {
    let query = read_list(query.as_deref(), LIST, |pairs| PersonQuery::from_pairs(borrowed(pairs)))?;
    let page = api.service.people(&caller, &query).await?;
    Ok(One::of(Listed::page(page, PersonShown::of)))
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
) -> Answered<One<PersonAnswered>> {
    shown(&api, &caller, &person_id(&id)?).await
}

pub(super) async fn change(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    body: JsonBody<PersonChange>,
) -> Answered<One<PersonAnswered>> {
    let (call, id) = (body.read()?, person_id(&id)?);
    api.service.change_role(&caller, &id, &call.role).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn set_apps(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    body: JsonBody<PersonApps>,
) -> Answered<One<PersonAnswered>> {
    let (apps, id) = (body.read()?, person_id(&id)?);
    api.service.set_person_apps(&caller, &id, &apps).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn set_keys(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    body: JsonBody<PersonKeys>,
) -> Answered<One<PersonAnswered>> {
    let ((keys, end), id) = (body.read()?, person_id(&id)?);
    api.service.set_grants(&caller, &id, &keys, &end).await.map_err(problem)?;
    shown(&api, &caller, &id).await
}

pub(super) async fn disable(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<PersonAnswered>> {
    body.read()?;
    let id = person_id(&id)?;
    api.service.disable_person(&caller, &id).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn enable(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<PersonAnswered>> {
    body.read()?;
    let id = person_id(&id)?;
    api.service.enable_person(&caller, &id).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn unlock(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<PersonAnswered>> {
    body.read()?;
    let id = person_id(&id)?;
    api.service.unlock_person(&caller, &id).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn sign_out(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<PersonAnswered>> {
    body.read()?;
    let id = person_id(&id)?;
    api.service.sign_out_person(&caller, &id).await?;
    shown(&api, &caller, &id).await
}

pub(super) async fn remove(State(api): State<Arc<Api>>, By(caller): By, Named(id): Named) -> Answered<Gone> {
    api.service.remove_person(&caller, &person_id(&id)?).await?;
    Ok(Gone)
}

async fn shown(api: &Api, caller: &Caller, id: &PersonId) -> Answered<One<PersonAnswered>> {
    let detail = api.service.person(caller, id).await?;
    let keys = detail.keys.iter().map(|(row, acts)| GrantShown::of(&row.id, acts)).collect();
    Ok(One::of(PersonAnswered { person: PersonShown::of(detail.person), keys }))
}

/// An id in a path. Invalid text is like an unknown id.
fn person_id(text: &str) -> Result<PersonId, Problem> {
    PersonId::parse(text).ok_or_else(|| Refusal::PersonNotFound.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<PersonChange>(&json!({ "role": "auditor" }));
        parser_and_schema_agree::<PersonApps>(&json!({ "apps": ["0123456789abcdef01234567"] }));
        let keys = json!([{ "key": "7Qm2xVbN4tRa", "acts": ["test"] }]);
        parser_and_schema_agree::<PersonKeys>(&json!({ "keys": keys, "accessEndsAt": "2030-01-01" }));
    }
}

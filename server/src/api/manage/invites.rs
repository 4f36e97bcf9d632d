//! `/v1/invites`: one-use links with which somebody becomes a person.

use std::borrow::Cow;
use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::{RawQuery, State};
use domain::field::Field;
use domain::ids::PersonId;
use domain::invite::{Invite, InviteDraft};
use domain::refusal::Refusal;
use domain::role::Role;
use domain::timestamp::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use service::invites::{InviteSeen, Invited};
use service::once::SecretOf;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::access::{AppIds, GrantShown, Grants, apps, grants, ids, no_blank_end, problem};
use super::answer::{Answered, Listed, Made, One};
use super::bodies::{BEFORE_ALL, MaybeBody, Nothing, moment};
use super::bounds;
use super::call::By;
use super::delete::Gone;
use super::query::read;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::{Faults, Step};
use crate::json::members::{Bounded, Text};
use crate::json::problem::Problem;

/// An invite that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteShown {
    /// The id, which becomes that of the person.
    id: String,
    name: String,
    email: String,
    #[schema(value_type = words::Role)]
    role: &'static str,
    /// The ids of the apps that the person will be limited to, as far as the caller sees them; empty for all.
    apps: Vec<String>,
    /// The keys that a guest will see, as far as the caller sees them.
    keys: Vec<GrantShown>,
    access_ends_at: Option<String>,
    /// Who sent it, in words.
    made_by: String,
    created_at: String,
    /// When its link stops working.
    expires_at: String,
}

/// An invite, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InviteAnswered {
    invite: InviteShown,
}

/// A new invite with its link, which no other answer has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used: the answer is put together where its secret is")]
pub(super) struct InviteMade {
    invite: InviteShown,
    /// The address to send to the person. It works once, within 7 days.
    #[schema(required = false)]
    link: Option<String>,
}

/// A new invite.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewInviteBody<'a> {
    /// The first name.
    #[serde(borrow)]
    #[schema(value_type = String)]
    first_name: Text<'a>,
    /// The last name.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    last_name: Option<Text<'a>>,
    /// The e-mail.
    #[serde(borrow)]
    #[schema(value_type = String)]
    email: Text<'a>,
    /// The role.
    #[serde(borrow)]
    #[schema(value_type = words::Role)]
    role: Text<'a>,
    /// The ids of the apps that the person will be limited to. Without any, they see all, as owners always do.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Apps>)]
    apps: Option<AppIds<'a>>,
    /// The keys that a guest will see, 50 at most. Other roles have none.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::GrantedKeys>)]
    keys: Option<Grants<'a>>,
    /// When the access of a guest ends: a moment of RFC 3339, or a day or moment in UTC.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    access_ends_at: Option<Text<'a>>,
}

/// A new invite as it was asked for.
#[derive(Debug)]
pub(super) struct NewInvite {
    draft: InviteDraft,
    /// Whether keys were sent, also such as cannot be read.
    names_keys: bool,
}

impl BodyCall for NewInvite {
    type Sent<'a> = NewInviteBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let names_keys = sent.keys.as_ref().is_some_and(|Bounded(keys)| !keys.is_empty());
        let (keys, apps) = (grants(sent.keys, faults), apps(sent.apps, faults));
        let role = Role::parse(&sent.role.0);
        for (member, sent, wrong) in [
            ("apps", !apps.is_empty() && role == Some(Role::Owner), "Owners are limited to no apps."),
            ("keys", !keys.is_empty() && role != Some(Role::Guest), "Only guests have keys of their own."),
            (
                "accessEndsAt",
                sent.access_ends_at.is_some() && role != Some(Role::Guest),
                "Only the access of guests ends.",
            ),
        ] {
            if sent && role.is_some() {
                faults.within(Step::Member(Cow::Borrowed(member)), |faults| faults.here(wrong));
            }
        }
        no_blank_end(sent.access_ends_at.as_ref(), faults);
        let text = |text: Option<Text<'_>>| text.map(|Text(text)| text.into_owned()).unwrap_or_default();
        let draft = InviteDraft {
            first_name: text(Some(sent.first_name)),
            last_name: text(sent.last_name),
            email: text(Some(sent.email)),
            role: text(Some(sent.role)),
            apps,
            keys,
            access_ends_at: sent.access_ends_at.map(moment).unwrap_or_default(),
        };
        Some(Self { draft, names_keys })
    }

    fn found_later(new: &Self) -> Faults {
        let mut errors = new.draft.check(BEFORE_ALL).err().unwrap_or_default();
        // Keys that cannot be read are no keys to the draft.
        errors.0.retain(|error| error.field != Field::Keys || !new.names_keys || !new.draft.keys.is_empty());
        errors.into()
    }
}

impl Documented for NewInvite {
    const EXAMPLE: &'static str = r#"{"firstName":"Ana","email":"ana@example.com","role":"auditor"}"#;
}

impl InviteShown {
    fn of(invite: &Invite) -> Self {
        Self {
            id: invite.id.to_string(),
            name: invite.name.clone(),
            email: invite.email.clone(),
            role: invite.role.as_str(),
            apps: ids(&invite.apps),
            keys: invite.keys.iter().map(|grant| GrantShown::of(&grant.key, &grant.acts)).collect(),
            access_ends_at: invite.access_ends_at.map(Timestamp::to_rfc3339),
            made_by: invite.made_by.1.clone(),
            created_at: invite.created_at.to_rfc3339(),
            expires_at: invite.expires_at.to_rfc3339(),
        }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<InviteShown>>> {
    read(query.as_deref(), &[])?;
    let invites = api.service.invites(&caller).await?;
    Ok(One::of(Listed::whole(invites.iter().map(|seen| InviteShown::of(&seen.invite)).collect())))
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
) -> Answered<One<InviteAnswered>> {
    let InviteSeen { invite, .. } = api.service.invite_by_id(&caller, &invite_id(&id)?).await?;
    Ok(One::of(InviteAnswered { invite: InviteShown::of(&invite) }))
}

pub(super) async fn invite(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<NewInvite>,
) -> Answered<Made<InviteAnswered>> {
    let NewInvite { draft, .. } = body.read()?;
    Ok(made(&api, &api.service.invite(&caller, &draft).await.map_err(problem)?))
}

pub(super) async fn renew(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<Made<InviteAnswered>> {
    body.read()?;
    Ok(made(&api, &api.service.renew_invite(&caller, &invite_id(&id)?).await?))
}

pub(super) async fn revoke(State(api): State<Arc<Api>>, By(caller): By, Named(id): Named) -> Answered<Gone> {
    api.service.revoke_invite(&caller, &invite_id(&id)?).await?;
    Ok(Gone)
}

fn made(api: &Api, invited: &Invited) -> Made<InviteAnswered> {
    let invite = &invited.invite;
    let link = format!("{}/invite/{}", api.public_url, invited.token.expose_secret());
    Made {
        what: InviteAnswered { invite: InviteShown::of(invite) },
        location: format!("/v1/invites/{}", invite.id),
        revision: None,
        secret: vec![("link", link.into())],
        of: SecretOf::Invite(invite.id, invite.expires_at),
    }
}

/// An id in a path. Invalid text is like an unknown id.
fn invite_id(text: &str) -> Result<PersonId, Problem> {
    PersonId::parse(text).ok_or_else(|| Refusal::InviteGone.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<NewInvite>(&json!({
            "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "role": "guest",
            "apps": ["0123456789abcdef01234567"], "keys": [{ "key": "7Qm2xVbN4tRa", "acts": ["test"] }], "accessEndsAt": "2030-01-01",
        }));
    }
}

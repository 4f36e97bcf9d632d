//! `/v1/settings`: how long keys live, who needs a second factor, and which keys need approval.

use std::sync::Arc;

use axum::extract::State;
use domain::approval::PATTERNS_MAX;
use serde::{Deserialize, Serialize};
use service::Caller;
use service::settings::SettingsChange;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::answer::{Answered, One};
use super::bounds::{self, KINDS_MAX};
use super::call::By;
use super::key_members::listed;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::Faults;
use crate::json::members::{Bounded, Text, Whole};

/// The settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsShown {
    /// What the wizard suggests, in days.
    #[schema(value_type = words::KeyLife)]
    default_life: &'static str,
    /// The longest life of a new key, in days.
    #[schema(value_type = words::KeyLife)]
    longest_life: &'static str,
    /// Who needs a second factor.
    #[schema(value_type = words::FactorPolicy)]
    factor_policy: &'static str,
    /// How many days people have to set one up.
    grace_days: i64,
    /// The kinds of the keys that a second person must approve.
    #[schema(value_type = Vec<words::NewKeyKind>)]
    approval_kinds: Vec<&'static str>,
    /// The permissions of such keys.
    approval_permissions: Vec<String>,
    /// Whether keys that never expire are such keys.
    approval_no_expiry: bool,
}

/// A change of settings. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SettingsBody<'a> {
    /// What the wizard suggests, in days.
    #[serde(borrow)]
    #[schema(value_type = Option<words::KeyLife>)]
    default_life: Option<Text<'a>>,
    /// The longest life of a new key, in days.
    #[serde(borrow)]
    #[schema(value_type = Option<words::KeyLife>)]
    longest_life: Option<Text<'a>>,
    /// Who needs a second factor.
    #[serde(borrow)]
    #[schema(value_type = Option<words::FactorPolicy>)]
    factor_policy: Option<Text<'a>>,
    /// How many days people have to set one up.
    #[schema(value_type = Option<bounds::GraceDays>)]
    grace_days: Option<Whole>,
    /// The kinds of the keys that a second person must approve, in place of those until now.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::ApprovalKinds>)]
    approval_kinds: Option<Bounded<Text<'a>, 0, KINDS_MAX>>,
    /// The permissions of such keys, in place of those until now.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::ApprovalPermissions>)]
    approval_permissions: Option<Bounded<Text<'a>, 0, PATTERNS_MAX>>,
    /// Whether keys that never expire are such keys.
    approval_no_expiry: Option<bool>,
}

impl BodyCall for SettingsChange {
    type Sent<'a> = SettingsBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let permissions = sent.approval_permissions.map(|Bounded(items)| items);
        Some(Self {
            default_life: text(sent.default_life),
            longest_life: text(sent.longest_life),
            factor_policy: text(sent.factor_policy),
            grace_days: sent.grace_days.map(|Whole(days)| days.to_string()),
            approval_kinds: sent.approval_kinds.map(texts),
            approval_permissions: permissions.map(|items| listed(faults, "approvalPermissions", Some(items))),
            approval_no_expiry: sent.approval_no_expiry,
        })
    }

    fn found_later(change: &Self) -> Faults {
        change.errors().into()
    }
}

impl Documented for SettingsChange {
    const EXAMPLE: &'static str = r#"{"defaultLife":"90"}"#;
}

fn text(text: Option<Text<'_>>) -> Option<String> {
    text.map(|Text(text)| text.into_owned())
}

fn texts<const MOST: usize>(Bounded(texts): Bounded<Text<'_>, 0, MOST>) -> Vec<String> {
    texts.into_iter().map(|Text(text)| text.into_owned()).collect()
}

pub(super) async fn get(State(api): State<Arc<Api>>, By(caller): By) -> Answered<One<SettingsShown>> {
    shown(&api, &caller).await
}

pub(super) async fn change(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<SettingsChange>,
) -> Answered<One<SettingsShown>> {
    let call = body.read()?;
    api.service.change_settings(&caller, &call).await?;
    shown(&api, &caller).await
}

async fn shown(api: &Api, caller: &Caller) -> Answered<One<SettingsShown>> {
    let (life, factors) = (api.service.life_rules(caller).await?, api.service.factor_rules(caller).await?);
    let approval = api.service.approval_rules(caller).await?;
    Ok(One::of(SettingsShown {
        default_life: life.default.as_str(),
        longest_life: life.longest.as_str(),
        factor_policy: factors.policy.as_str(),
        grace_days: factors.grace_days,
        approval_kinds: approval.kinds.iter().map(|kind| kind.as_str()).collect(),
        approval_permissions: approval.permissions.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        approval_no_expiry: approval.without_expiry,
    }))
}

#[cfg(test)]
mod tests {
    use domain::second_factor::{FactorPolicy, FactorRules};
    use domain::timestamp::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree_but;

    #[test]
    fn the_parser_and_the_schema_agree() {
        let right = json!({
            "defaultLife": "90", "longestLife": "365", "factorPolicy": "optional", "graceDays": 7,
            "approvalKinds": ["service"], "approvalPermissions": ["a.b"], "approvalNoExpiry": true,
        });
        let policy = FactorPolicy::Optional.as_str();
        let wrong_days = |days: &String| FactorRules::read(policy, days, Timestamp::from_millis(0)).is_err();
        parser_and_schema_agree_but::<SettingsChange>(&right, |call: &SettingsChange| {
            call.grace_days.as_ref().is_some_and(wrong_days)
        });
    }
}

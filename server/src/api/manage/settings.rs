//! `/v1/settings`: how long keys live, and who needs a second factor.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::Caller;
use service::settings::SettingsChange;
use utoipa::ToSchema;

use super::super::call::Api;
use super::answer::{Answered, One};
use super::call::By;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::members::{Text, Whole};
use crate::json::problem::Problem;

/// The settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsShown {
    /// What the wizard suggests, in days: `30`, `90`, `365` or `never`.
    default_life: &'static str,
    /// The longest life of a new key, in days: `30`, `90`, `365` or `never`.
    longest_life: &'static str,
    /// Who needs a second factor: `off`, `optional`, `managers` or `everybody`.
    factor_policy: &'static str,
    /// How many days people have to set one up.
    grace_days: i64,
}

/// A change of settings. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SettingsBody<'a> {
    /// What the wizard suggests, in days: `30`, `90`, `365` or `never`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    default_life: Option<Text<'a>>,
    /// The longest life of a new key, in days: `30`, `90`, `365` or `never`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    longest_life: Option<Text<'a>>,
    /// Who needs a second factor: `off`, `optional`, `managers` or `everybody`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    factor_policy: Option<Text<'a>>,
    /// How many days people have to set one up.
    #[schema(value_type = Option<u64>)]
    grace_days: Option<Whole>,
}

impl BodyCall for SettingsChange {
    type Sent<'a> = SettingsBody<'a>;
    type Call<'a> = Self;

    fn check(sent: Self::Sent<'_>) -> Result<Self::Call<'_>, Problem> {
        let text = |text: Option<Text<'_>>| text.map(|Text(text)| text.into_owned());
        Ok(Self {
            default_life: text(sent.default_life),
            longest_life: text(sent.longest_life),
            factor_policy: text(sent.factor_policy),
            grace_days: sent.grace_days.map(|Whole(days)| days.to_string()),
        })
    }
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
    Ok(One::of(SettingsShown {
        default_life: life.default.as_str(),
        longest_life: life.longest.as_str(),
        factor_policy: factors.policy.as_str(),
        grace_days: factors.grace_days,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<SettingsChange>(&json!({
            "defaultLife": "90", "longestLife": "365", "factorPolicy": "optional", "graceDays": 7,
        }));
    }
}

//! `/v1/settings`: how long keys live, and who needs a second factor.

use std::sync::Arc;

use axum::extract::State;
use domain::life::LifeRules;
use domain::second_factor::FactorRules;
use serde::{Deserialize, Serialize};
use service::Caller;
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
pub(super) struct SettingsBody<'a> {
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

/// A change as it was asked for.
#[derive(Debug)]
pub(super) struct SettingsChange {
    default_life: Option<String>,
    longest_life: Option<String>,
    factor_policy: Option<String>,
    grace_days: Option<String>,
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
    let (life, factors) = (api.service.life_rules(&caller).await?, api.service.factor_rules(&caller).await?);
    let or = |sent: Option<String>, now: &str| sent.unwrap_or_else(|| now.to_owned());
    let life =
        LifeRules::read(&or(call.default_life, life.default.as_str()), &or(call.longest_life, life.longest.as_str()));
    let (policy, days) =
        (or(call.factor_policy, factors.policy.as_str()), or(call.grace_days, &factors.grace_days.to_string()));
    let factors = FactorRules::read(&policy, &days, api.service.now());
    // Both are checked before either is changed, and every fault is told.
    let life = match (life, factors) {
        (Ok(life), Ok(_)) => life,
        (life, factors) => {
            let mut errors = life.err().unwrap_or_default();
            errors.0.extend(factors.err().unwrap_or_default().0);
            return Err(domain::refusal::Refusal::Invalid(errors).into());
        }
    };
    api.service.set_life_rules(&caller, life).await?;
    api.service.set_factor_rules(&caller, &policy, &days).await?;
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

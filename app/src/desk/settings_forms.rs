//! What the forms of the settings do.

use domain::approval::ApprovalRules;
use domain::life::LifeRules;
use domain::refusal::Refusal;

use super::context::Desk;
use crate::error::ConsoleError;
use crate::forms::outcome::Next;
use crate::forms::settings::{ApprovalForm, FactorRulesForm, LifeForm};

pub async fn set_life(desk: Desk, form: LifeForm) -> Result<Next<()>, ConsoleError> {
    let rules = LifeRules::read(&form.default, &form.longest).map_err(Refusal::from);
    desk.service().set_life_rules(&desk.caller()?, rules.map_err(ConsoleError::Refused)?).await?;
    Ok(Next::Show(()))
}

pub async fn set_factor_rules(desk: Desk, form: FactorRulesForm) -> Result<Next<()>, ConsoleError> {
    desk.service().set_factor_rules(&desk.caller()?, &form.policy, &form.grace_days).await?;
    Ok(Next::Show(()))
}

pub async fn set_approval(desk: Desk, form: ApprovalForm) -> Result<Next<()>, ConsoleError> {
    let caller = desk.caller()?;
    let rules = ApprovalRules::read(&form.kinds, &form.permissions, form.without_expiry).map_err(Refusal::from);
    desk.service().set_approval_rules(&caller, &rules.map_err(ConsoleError::Refused)?).await?;
    Ok(Next::Show(()))
}

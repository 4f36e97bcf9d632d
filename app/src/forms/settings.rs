//! The forms that change the settings.

use domain::field::Field;

use super::fields::{FormFields, Pairs, TICKED};

/// How long new keys live, as the two words that were chosen.
#[derive(Debug, Clone, Default)]
pub struct LifeForm {
    pub default: String,
    pub longest: String,
}

impl FormFields for LifeForm {
    fn read(sent: &Pairs) -> Self {
        Self { default: sent.text(Field::DefaultLife.as_str()), longest: sent.text(Field::LongestLife.as_str()) }
    }
}

/// Who needs a second factor, as it was chosen.
#[derive(Debug, Clone, Default)]
pub struct FactorRulesForm {
    pub policy: String,
    pub grace_days: String,
}

impl FormFields for FactorRulesForm {
    fn read(sent: &Pairs) -> Self {
        Self { policy: sent.text(Field::FactorPolicy.as_str()), grace_days: sent.text(Field::GraceDays.as_str()) }
    }
}

/// Which keys a second person must approve, as it was chosen and typed.
#[derive(Debug, Clone, Default)]
pub struct ApprovalForm {
    /// The words of kinds.
    pub kinds: Vec<String>,
    pub permissions: Vec<String>,
    pub without_expiry: bool,
}

impl FormFields for ApprovalForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            kinds: sent.all(Field::ApprovalKinds.as_str()),
            permissions: sent.text(Field::ApprovalPermissions.as_str()).lines().map(str::to_owned).collect(),
            without_expiry: sent.text(Field::ApprovalNoExpiry.as_str()) == TICKED,
        }
    }
}

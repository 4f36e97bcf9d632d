//! The forms that change the settings.

use domain::field::Field;

use super::fields::{FormFields, Pairs};

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

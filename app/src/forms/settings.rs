//! The form that changes the settings.

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

//! The forms about the API KEY of an app.

use domain::field::Field;

use super::fields::{FormFields, Pairs};

/// The app whose API KEY is meant. Another page may have chosen another one since.
#[derive(Debug, Clone, Default)]
pub struct MemberKeyForm {
    pub app: String,
}

impl FormFields for MemberKeyForm {
    fn read(sent: &Pairs) -> Self {
        Self { app: sent.text(Field::App.as_str()) }
    }
}

/// The same for another API KEY, which one form makes once.
#[derive(Debug, Clone, Default)]
pub struct ReissueForm {
    pub app: String,
    pub form_id: String,
}

impl FormFields for ReissueForm {
    fn read(sent: &Pairs) -> Self {
        Self { app: sent.text(Field::App.as_str()), form_id: sent.text(Field::FormId.as_str()) }
    }
}

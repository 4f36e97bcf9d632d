//! The form about one's own passkeys.

use domain::field::Field;
use secrecy::SecretString;

use super::fields::{FormFields, Pairs};

/// The answer of a passkey in a form.
pub const ANSWER: &str = "passkey";
/// Which passkey a form is about.
pub const ID: &str = "passkey_id";
/// The name of the step.
pub const STEP: &str = "step";

/// What is done with passkeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyStep {
    Add,
    Rename,
    Remove,
}

impl PasskeyStep {
    const ALL: [Self; 3] = [Self::Add, Self::Rename, Self::Remove];

    /// Its word in a form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Rename => "rename",
            Self::Remove => "remove",
        }
    }
}

/// One step, and what it needs.
#[derive(Debug, Clone, Default)]
pub struct PasskeyForm {
    pub step: Option<PasskeyStep>,
    pub id: String,
    pub name: String,
    pub answer: String,
    pub password: SecretString,
}

impl FormFields for PasskeyForm {
    fn read(sent: &Pairs) -> Self {
        let step = sent.text(STEP);
        Self {
            step: PasskeyStep::ALL.into_iter().find(|known| known.as_str() == step),
            id: sent.text(ID),
            name: sent.text(Field::PasskeyName.as_str()),
            answer: sent.text(ANSWER),
            password: sent.text(Field::CurrentPassword.as_str()).into(),
        }
    }
}

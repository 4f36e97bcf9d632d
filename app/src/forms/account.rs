//! The forms about one's own account.

use domain::field::Field;
use secrecy::SecretString;

use super::fields::{FormFields, Pairs};

/// The name of a session in a form.
pub const SESSION: &str = "session";

/// The name that others see.
#[derive(Debug, Clone, Default)]
pub struct NameForm {
    pub name: String,
}

impl FormFields for NameForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::PersonName.as_str()) }
    }
}

/// A new e-mail, and the password.
#[derive(Debug, Clone, Default)]
pub struct EmailForm {
    pub email: String,
    pub password: SecretString,
}

impl FormFields for EmailForm {
    fn read(sent: &Pairs) -> Self {
        Self { email: sent.text(Field::Email.as_str()), password: sent.text(Field::CurrentPassword.as_str()).into() }
    }
}

/// The old password and the new one.
#[derive(Debug, Clone, Default)]
pub struct PasswordForm {
    pub current: SecretString,
    pub new: SecretString,
}

impl FormFields for PasswordForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            current: sent.text(Field::CurrentPassword.as_str()).into(),
            new: sent.text(Field::NewPassword.as_str()).into(),
        }
    }
}

/// The new password of somebody who has a link.
#[derive(Debug, Clone, Default)]
pub struct ResetForm {
    pub new: SecretString,
}

impl FormFields for ResetForm {
    fn read(sent: &Pairs) -> Self {
        Self { new: sent.text(Field::NewPassword.as_str()).into() }
    }
}

/// Which session to end.
#[derive(Debug, Clone, Default)]
pub struct SessionsForm {
    /// One; `None` for all but this one.
    pub session: Option<String>,
}

impl FormFields for SessionsForm {
    fn read(sent: &Pairs) -> Self {
        Self { session: sent.get(SESSION) }
    }
}

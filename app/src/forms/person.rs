//! The forms about people: sign-in, sign-out, the first owner.

use domain::field::Field;
use secrecy::SecretString;

use super::fields::{FormFields, Pairs};
use super::passkey::ANSWER;

/// A form without fields: just a button.
#[derive(Debug, Clone, Default)]
pub struct Nothing;

impl FormFields for Nothing {
    fn read(_: &Pairs) -> Self {
        Self
    }
}

/// Where sign-in leads.
pub const NEXT: &str = "next";
/// The proof that somebody may set Keystead up.
pub const TOKEN: &str = "token";

/// The sign-in form.
#[derive(Debug, Clone, Default)]
pub struct SignInForm {
    pub email: String,
    pub password: SecretString,
    /// The answer of a passkey, in place of both.
    pub passkey: String,
    /// Where to go afterwards: an address of this console.
    pub next: String,
}

impl FormFields for SignInForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            email: sent.text(Field::Email.as_str()),
            password: sent.text(Field::Password.as_str()).into(),
            passkey: sent.text(ANSWER),
            next: sent.text(NEXT),
        }
    }
}

/// The code of the second factor, or a recovery code.
#[derive(Debug, Clone, Default)]
pub struct CodeForm {
    pub code: SecretString,
    /// The answer of a passkey, in place of a code.
    pub passkey: String,
    /// Where to go afterwards: an address of this console.
    pub next: String,
}

impl FormFields for CodeForm {
    fn read(sent: &Pairs) -> Self {
        Self { code: sent.text(Field::Code.as_str()).into(), passkey: sent.text(ANSWER), next: sent.text(NEXT) }
    }
}

/// The form that creates the first owner.
#[derive(Debug, Clone, Default)]
pub struct SetupForm {
    pub token: String,
    pub name: String,
    pub email: String,
    pub password: SecretString,
}

impl FormFields for SetupForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            token: sent.text(TOKEN),
            name: sent.text(Field::PersonName.as_str()),
            email: sent.text(Field::Email.as_str()),
            password: sent.text(Field::Password.as_str()).into(),
        }
    }
}

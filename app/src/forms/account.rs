//! The forms about one's own account.

use std::sync::Arc;

use domain::field::Field;
use domain::timestamp::Timestamp;
use secrecy::SecretString;
use service::second_factor::{Enrolment, RecoveryCodes};

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

/// The name of the zone that times are shown in; empty for the browser's.
#[derive(Debug, Clone, Default)]
pub struct ZoneForm {
    pub zone: String,
}

impl FormFields for ZoneForm {
    fn read(sent: &Pairs) -> Self {
        Self { zone: sent.text(Field::TimeZone.as_str()) }
    }
}

/// What is done with one's own e-mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmailStep {
    #[default]
    Change,
    /// Confirm it with a code.
    Confirm,
    /// Have another code mailed.
    Again,
}

/// The name of the step in a form. Without it, the e-mail is changed.
pub const EMAIL_STEP: &str = "step";

impl EmailStep {
    const ALL: [Self; 3] = [Self::Change, Self::Confirm, Self::Again];

    /// Its word in a form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Confirm => "confirm",
            Self::Again => "again",
        }
    }
}

/// A new e-mail, and the password; or the code that was mailed there.
#[derive(Debug, Clone, Default)]
pub struct EmailForm {
    pub step: EmailStep,
    pub email: String,
    pub password: SecretString,
    pub code: SecretString,
}

impl FormFields for EmailForm {
    fn read(sent: &Pairs) -> Self {
        let step = sent.text(EMAIL_STEP);
        Self {
            step: EmailStep::ALL.into_iter().find(|known| known.as_str() == step).unwrap_or_default(),
            email: sent.text(Field::Email.as_str()),
            password: sent.text(Field::CurrentPassword.as_str()).into(),
            code: sent.text(Field::Code.as_str()).into(),
        }
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

/// The password, to connect a provider.
#[derive(Debug, Clone, Default)]
pub struct ConnectForm {
    pub password: SecretString,
}

impl FormFields for ConnectForm {
    fn read(sent: &Pairs) -> Self {
        Self { password: sent.text(Field::CurrentPassword.as_str()).into() }
    }
}

/// The name of a connected provider in a form.
pub const IDENTITY: &str = "identity";

/// Which provider is disconnected.
#[derive(Debug, Clone, Default)]
pub struct DisconnectForm {
    pub identity: String,
}

impl FormFields for DisconnectForm {
    fn read(sent: &Pairs) -> Self {
        Self { identity: sent.text(IDENTITY) }
    }
}

/// What is done with the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorStep {
    Begin,
    Confirm,
    Codes,
    Remove,
}

/// The name of the step in a form.
pub const FACTOR_STEP: &str = "step";

impl FactorStep {
    const ALL: [Self; 4] = [Self::Begin, Self::Confirm, Self::Codes, Self::Remove];

    /// Its word in a form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Confirm => "confirm",
            Self::Codes => "codes",
            Self::Remove => "remove",
        }
    }
}

/// One step with the second factor, and what it needs.
#[derive(Debug, Clone, Default)]
pub struct FactorForm {
    pub step: Option<FactorStep>,
    pub password: SecretString,
    pub code: SecretString,
}

impl FormFields for FactorForm {
    fn read(sent: &Pairs) -> Self {
        let step = sent.text(FACTOR_STEP);
        Self {
            step: FactorStep::ALL.into_iter().find(|known| known.as_str() == step),
            password: sent.text(Field::CurrentPassword.as_str()).into(),
            code: sent.text(Field::Code.as_str()).into(),
        }
    }
}

/// What the answer to a step shows, once.
#[derive(Debug, Clone)]
pub enum FactorAnswer {
    /// The secret for the app.
    Enrolment(Arc<Enrolment>),
    Codes(RecoveryCodes),
    /// A passkey can be added now.
    Proved,
}

/// The e-mail of somebody who wants a reset link.
#[derive(Debug, Clone, Default)]
pub struct ForgotForm {
    pub email: String,
}

impl FormFields for ForgotForm {
    fn read(sent: &Pairs) -> Self {
        Self { email: sent.text(Field::Email.as_str()) }
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

/// A link that resets a password. It goes nowhere but into the answer.
#[derive(Debug, Clone)]
pub struct NewReset {
    pub address: SecretString,
    /// Whose password it resets.
    pub email: String,
    pub expires_at: Timestamp,
}

//! The forms of a rotation.

use std::sync::Arc;

use domain::field::Field;
use domain::key::SecretNumber;
use service::keys::Rotated;

use super::fields::{FormFields, Pairs, TICKED};
use super::hand_over::RecipientFields;
use super::key::{ANYWAY, BACK};

/// The number of the new secret that a form about a rotation means: the one that its page showed.
pub const NEW_SECRET: &str = "new_secret";

/// Of a number that cannot be read, no key has a secret.
fn new_secret(sent: &Pairs) -> Option<SecretNumber> {
    sent.get(NEW_SECRET).map(|number| SecretNumber(number.parse().unwrap_or(0)))
}

/// The choice of how long the old secret works, for a new secret or to extend a rotation.
#[derive(Debug, Clone, Default)]
pub struct OverlapForm {
    /// The word of an `OverlapChoice`.
    pub choice: String,
    /// The time beside it.
    pub time: String,
    /// Makes a repeated POST harmless, because one form makes one secret.
    pub form_id: String,
    /// The new secret, to extend a rotation.
    pub new_secret: Option<SecretNumber>,
    pub back: String,
}

impl FormFields for OverlapForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            choice: sent.text(Field::Overlap.as_str()),
            time: sent.text(Field::OverlapTime.as_str()),
            form_id: sent.text(Field::FormId.as_str()),
            new_secret: new_secret(sent),
            back: sent.text(BACK),
        }
    }
}

/// A new secret that somebody else is to collect.
#[derive(Debug, Clone, Default)]
pub struct RotationHandOverForm {
    /// How long the old secret works, and the one-use id of the form.
    pub overlap: OverlapForm,
    pub to: RecipientFields,
}

impl FormFields for RotationHandOverForm {
    fn read(sent: &Pairs) -> Self {
        Self { overlap: OverlapForm::read(sent), to: RecipientFields::read(sent) }
    }
}

/// The key with its new secret, which goes nowhere but into the answer.
pub type NewerSecret = Arc<Rotated>;

/// The form that confirms a new secret.
#[derive(Debug, Clone, Default)]
pub struct ConfirmRotationForm {
    /// The box is ticked.
    pub ticked: bool,
    /// The secret is to be confirmed although somebody else asked for it.
    pub anyway: bool,
    pub new_secret: Option<SecretNumber>,
}

impl FormFields for ConfirmRotationForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            ticked: sent.text(Field::Acknowledged.as_str()) == TICKED,
            anyway: sent.text(ANYWAY) == TICKED,
            new_secret: new_secret(sent),
        }
    }
}

/// The form that drops a new secret, or finishes or undoes a rotation.
#[derive(Debug, Clone, Default)]
pub struct EndRotationForm {
    pub new_secret: Option<SecretNumber>,
    pub back: String,
}

impl FormFields for EndRotationForm {
    fn read(sent: &Pairs) -> Self {
        Self { new_secret: new_secret(sent), back: sent.text(BACK) }
    }
}

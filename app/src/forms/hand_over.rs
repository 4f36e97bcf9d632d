//! The form that hands a key over, and the forms of whoever collects it.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::hand_over::HandOverDraft;
use secrecy::SecretString;
use service::keys::{Collected, HandedOver};

use super::fields::{FormFields, Pairs, TICKED};

/// The approved request whose key is handed over.
pub const REQUEST: &str = "request";

/// A key to hand over. It carries the draft, so that nothing typed is lost.
#[derive(Debug, Clone, Default)]
pub struct HandOverFields {
    pub key: KeyDraft,
    pub form_id: String,
    /// The approved request whose key it is, in place of the draft; empty for none.
    pub request: String,
    pub to: HandOverDraft,
    pub passphrase: SecretString,
    /// The id of the app in which it makes the key; empty if there is no choice.
    pub app: String,
}

impl FormFields for HandOverFields {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self {
            key: KeyDraft::read(sent),
            form_id: text(Field::FormId),
            request: sent.text(REQUEST),
            to: HandOverDraft {
                recipient: text(Field::Recipient),
                email: text(Field::Email),
                life: text(Field::LinkLife),
            },
            passphrase: text(Field::Passphrase).into(),
            app: text(Field::App),
        }
    }
}

/// A new link, which goes nowhere but into the answer, and what came of its mail.
#[derive(Debug, Clone)]
pub struct NewHandOver {
    pub made: Arc<HandedOver>,
    /// Whether it was mailed; `None` if there was nothing to mail.
    pub mailed: Option<bool>,
}

/// What whoever collects a key sends.
#[derive(Debug, Clone, Default)]
pub struct CollectFields {
    pub passphrase: SecretString,
}

impl FormFields for CollectFields {
    fn read(sent: &Pairs) -> Self {
        Self { passphrase: sent.text(Field::Passphrase.as_str()).into() }
    }
}

/// The collected key with its secret, which goes nowhere but into the answer.
pub type CollectedSecret = Arc<Collected>;

/// The form that confirms a collected key.
#[derive(Debug, Clone, Default)]
pub struct StoredFields {
    /// The box is ticked.
    pub ticked: bool,
}

impl FormFields for StoredFields {
    fn read(sent: &Pairs) -> Self {
        Self { ticked: sent.text(Field::Acknowledged.as_str()) == TICKED }
    }
}

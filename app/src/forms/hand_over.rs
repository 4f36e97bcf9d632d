//! The form that hands a key over, and the forms of whoever collects it.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::Field;
use domain::hand_over::{HandOverDraft, LinkLife};
use secrecy::SecretString;
use service::keys::{Collected, Confirmed, HandedOver};

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
    pub to: RecipientFields,
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
            to: RecipientFields::read(sent),
            app: text(Field::App),
        }
    }
}

/// Whom a link is for, what it asks for, and how long it works.
#[derive(Debug, Clone, Default)]
pub struct RecipientFields {
    pub draft: HandOverDraft,
    pub passphrase: SecretString,
}

impl RecipientFields {
    /// What a form starts with.
    pub fn usual() -> Self {
        let draft = HandOverDraft { life: LinkLife::USUAL.as_str().to_owned(), ..HandOverDraft::default() };
        Self { draft, ..Self::default() }
    }
}

impl FormFields for RecipientFields {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        let draft =
            HandOverDraft { recipient: text(Field::Recipient), email: text(Field::Email), life: text(Field::LinkLife) };
        Self { draft, passphrase: text(Field::Passphrase).into() }
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
    /// Leads back to the confirmation of what this form has collected.
    pub form_id: String,
}

impl FormFields for CollectFields {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self { passphrase: text(Field::Passphrase).into(), form_id: text(Field::FormId) }
    }
}

/// The collected key with its secret, which goes nowhere but into the answer.
pub type CollectedSecret = Arc<Collected>;

/// What was confirmed.
pub type Stored = Arc<Confirmed>;

/// The form that confirms a collected key, or a new secret.
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

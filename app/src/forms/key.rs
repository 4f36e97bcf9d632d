//! The forms about keys.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::Field;
use service::keys::Issued;

use super::fields::{FormFields, Pairs};

/// Where the wizard is, and which form it is.
#[derive(Debug, Clone, Default)]
pub struct WizardForm {
    pub draft: KeyDraft,
    /// Makes a repeated POST harmless: one form makes one key.
    pub form_id: String,
    /// The button that was pressed.
    pub step: String,
}

impl FormFields for WizardForm {
    fn read(sent: &Pairs) -> Self {
        Self { draft: KeyDraft::read(sent), form_id: sent.text(Field::FormId.as_str()), step: sent.text("step") }
    }
}

/// What the wizard shows next.
#[derive(Debug, Clone)]
pub enum WizardScreen {
    Details,
    Summary,
    /// The only place that a secret goes to.
    Secret(Arc<Issued>),
}

/// The acknowledge form. It carries the draft, to generate again where the time is over.
#[derive(Debug, Clone, Default)]
pub struct AcknowledgeForm {
    pub draft: KeyDraft,
    /// The box is ticked.
    pub ticked: bool,
    /// The button that was pressed: on to the integration page, or to the list.
    pub to_integration: bool,
}

impl FormFields for AcknowledgeForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            draft: KeyDraft::read(sent),
            ticked: sent.text(Field::Acknowledged.as_str()) == "yes",
            to_integration: sent.text("then") == "integration",
        }
    }
}

/// The edit form: the fields of the key's kind, and the state that they were read from.
#[derive(Debug, Clone, Default)]
pub struct EditForm {
    pub draft: KeyDraft,
    pub revision: String,
    /// The list's own address, to go back to.
    pub back: String,
}

impl FormFields for EditForm {
    fn read(sent: &Pairs) -> Self {
        Self { draft: KeyDraft::read(sent), revision: sent.text("revision"), back: sent.text("back") }
    }
}

/// The confirmation of an act on a key.
#[derive(Debug, Clone, Default)]
pub struct ActForm {
    pub reason: String,
    pub note: String,
    pub confirm_name: String,
    pub back: String,
}

impl FormFields for ActForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            reason: sent.text(Field::Reason.as_str()),
            note: sent.text(Field::Note.as_str()),
            confirm_name: sent.text(Field::ConfirmName.as_str()),
            back: sent.text("back"),
        }
    }
}

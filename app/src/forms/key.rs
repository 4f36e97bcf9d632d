//! The forms about keys.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::Field;
use service::keys::Issued;

use super::fields::{FormFields, INTEGRATION, Pairs, THEN, TICKED};

/// A step of the wizard: where a button leads, and what an address shows.
pub const STEP: &str = "step";
/// The form whose draft an address shows.
pub const DRAFT: &str = "draft";
/// The address of the list behind a modal.
pub const BACK: &str = "back";
/// The box that confirms a key of somebody else.
pub const ANYWAY: &str = "anyway";
/// The revision that an edit started from.
pub const REVISION: &str = "revision";

/// A step of the wizard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WizardStep {
    /// The fields. No button leads here, only addresses.
    Details,
    Summary,
    /// Leads to the page that hands the key over.
    HandOver,
    /// Asks for the key, which a second person must approve.
    Ask,
    /// Creates the key. It has no address, because only a POST shows the secret.
    Generate,
}

impl WizardStep {
    /// Its word in forms and addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Details => "details",
            Self::Summary => "summary",
            Self::HandOver => "hand_over",
            Self::Ask => "ask",
            Self::Generate => "generate",
        }
    }

    /// The step with this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Details, Self::Summary, Self::HandOver, Self::Ask, Self::Generate];
        all.into_iter().find(|step| step.as_str() == word)
    }
}

/// The fields of a wizard step, and the id of its form.
#[derive(Debug, Clone, Default)]
pub struct WizardForm {
    pub draft: KeyDraft,
    /// Makes a repeated POST harmless, because one form creates one key.
    pub form_id: String,
    /// Why a key is asked for.
    pub reason: String,
    /// The button that was pressed; `None` if the wizard has no such button.
    pub step: Option<WizardStep>,
    /// The id of the app in which it makes the key; empty if there is no choice.
    pub app: String,
}

impl FormFields for WizardForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            draft: KeyDraft::read(sent),
            form_id: sent.text(Field::FormId.as_str()),
            reason: sent.text(Field::Reason.as_str()),
            step: WizardStep::parse(&sent.text(STEP)),
            app: sent.text(Field::App.as_str()),
        }
    }
}

/// The new key with its secret, which goes nowhere but into the answer.
pub type NewSecret = Arc<Issued>;

/// The form that confirms a key. It carries the draft, so that the key can be generated again if it is too late.
#[derive(Debug, Clone, Default)]
pub struct AcknowledgeForm {
    pub draft: KeyDraft,
    /// The id of the key's app.
    pub app: String,
    /// The box is ticked.
    pub ticked: bool,
    /// The key is to be confirmed although somebody else issued it.
    pub anyway: bool,
    /// Whether the button leads to the integration page rather than to the list.
    pub to_integration: bool,
}

impl FormFields for AcknowledgeForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            draft: KeyDraft::read(sent),
            app: sent.text(Field::App.as_str()),
            ticked: sent.text(Field::Acknowledged.as_str()) == TICKED,
            anyway: sent.text(ANYWAY) == TICKED,
            to_integration: sent.text(THEN) == INTEGRATION,
        }
    }
}

/// The edit form: the fields of the key's kind, and the revision that they were read at.
#[derive(Debug, Clone, Default)]
pub struct EditForm {
    pub draft: KeyDraft,
    pub revision: String,
    /// The list's own address, to go back to.
    pub back: String,
}

impl FormFields for EditForm {
    fn read(sent: &Pairs) -> Self {
        Self { draft: KeyDraft::read(sent), revision: sent.text(REVISION), back: sent.text(BACK) }
    }
}

/// The confirmation of an act on a key.
#[derive(Debug, Clone, Default)]
pub struct ActForm {
    pub reason: String,
    pub note: String,
    pub confirm_name: String,
    pub back: String,
    /// The revision of the key that an Undo is for.
    pub revision: Option<i64>,
}

impl FormFields for ActForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            reason: sent.text(Field::Reason.as_str()),
            note: sent.text(Field::Note.as_str()),
            confirm_name: sent.text(Field::ConfirmName.as_str()),
            back: sent.text(BACK),
            revision: sent.text(REVISION).parse().ok(),
        }
    }
}

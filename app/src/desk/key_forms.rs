//! The forms about keys.

use std::sync::Arc;

use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::ids::KeyId;
use domain::key::RevokeReason;
use domain::refusal::Refusal;
use service::keys::Issued;

use super::context::Desk;
use super::form_routes::Next;
use super::person_forms::Nothing;
use crate::components::links::{back_to_list, with_done};
use crate::error::ConsoleError;
use crate::fields::{FormFields, Pairs};

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
pub enum WizardShown {
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

pub async fn wizard(desk: Desk, form: WizardForm) -> Result<Next<WizardShown>, ConsoleError> {
    let caller = desk.caller()?;
    match form.step.as_str() {
        "details" => Ok(Next::Show(WizardShown::Details)),
        "summary" => {
            desk.service().check_draft(&caller, &form.draft)?;
            Ok(Next::Show(WizardShown::Summary))
        }
        "generate" => {
            let issued = desk.service().issue(&caller, &desk.app(), &form.draft, &form.form_id).await?;
            Ok(Next::Show(WizardShown::Secret(Arc::new(issued))))
        }
        _ => Err(ConsoleError::Malformed),
    }
}

pub async fn acknowledge(desk: Desk, id: KeyId, form: AcknowledgeForm) -> Result<Next<()>, ConsoleError> {
    if !form.ticked {
        return Err(wrong(Field::Acknowledged, "Tick the box once you have stored the key."));
    }
    desk.service().acknowledge(&desk.caller()?, &id).await?;
    Ok(Next::Go(if form.to_integration {
        format!("/integrations/setup?key={}", id.as_str())
    } else {
        with_done("/keys", "acknowledged")
    }))
}

pub async fn discard(desk: Desk, id: KeyId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().discard(&desk.caller()?, &id).await?;
    Ok(Next::Go(with_done("/keys", "discarded")))
}

pub async fn edit(desk: Desk, id: KeyId, form: EditForm) -> Result<Next<()>, ConsoleError> {
    let revision = form.revision.parse().map_err(|_| ConsoleError::Malformed)?;
    desk.service().edit(&desk.caller()?, &id, &form.draft, revision).await?;
    Ok(done(&form.back, "edited"))
}

pub async fn disable(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().disable(&desk.caller()?, &id).await?;
    Ok(done(&form.back, "disabled"))
}

pub async fn enable(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().enable(&desk.caller()?, &id).await?;
    Ok(done(&form.back, "enabled"))
}

pub async fn revoke(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    let reason = RevokeReason::parse(&form.reason).ok_or_else(|| wrong(Field::Reason, "Choose why it is revoked."))?;
    let note = Some(form.note.trim()).filter(|note| !note.is_empty());
    desk.service().revoke(&desk.caller()?, &id, reason, note).await?;
    Ok(done(&form.back, "revoked"))
}

pub async fn restore(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().restore(&desk.caller()?, &id).await?;
    Ok(done(&form.back, "restored"))
}

pub async fn delete(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    match desk.service().delete(&desk.caller()?, &id, &form.confirm_name).await {
        Err(service::Error::Refused(refusal @ Refusal::NameMismatch)) => {
            Err(wrong(Field::ConfirmName, &refusal.message()))
        }
        other => {
            other?;
            Ok(done(&form.back, "deleted"))
        }
    }
}

fn wrong(field: Field, message: &str) -> ConsoleError {
    ConsoleError::Refused(Refusal::Invalid(FieldErrors::one(field, message)))
}

fn done(back: &str, what: &str) -> Next<()> {
    Next::Go(with_done(&back_to_list(back), what))
}

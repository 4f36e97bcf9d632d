//! What the forms about keys do.

use std::sync::Arc;

use domain::bulk::{BulkAct, BulkChange, BulkDone};
use domain::contradiction::contradiction;
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, KeyId};
use domain::key::RevokeReason;
use domain::refusal::Refusal;
use domain::role::Act;

use super::context::Desk;
use super::keys::bulk_apps;
use super::people_forms::told;
use super::requests::address;
use super::session_cookie::Cookie;
use crate::addresses::{back_to, list_address, wizard_address};
use crate::components::app_switch::in_app;
use crate::error::ConsoleError;
use crate::forms::bulk::BulkForm;
use crate::forms::done::{Done, PersonDone, Told};
use crate::forms::key::{AcknowledgeForm, ActForm, EditForm, NewSecret, WizardForm, WizardStep};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;
use crate::forms::saved_view::SavedViewForm;

/// Each step of the wizard but the last leads to an address, so that Back, Forward and reload show what was typed.
pub async fn wizard(desk: Desk, form: WizardForm) -> Result<Next<NewSecret>, ConsoleError> {
    let caller = desk.caller()?;
    let service = desk.service();
    if form.draft.holds_token() {
        // It is shown again without its secret, with what is wrong, and kept nowhere.
        service.check_draft(&caller, &form.draft).await?;
    }
    let app = match desk.app_of(&form.app).await {
        Ok(app) => app,
        Err(ConsoleError::Refused(Refusal::Invalid(_))) => return keep(&desk, &form, WizardStep::Details).await,
        Err(error) => return Err(error),
    };
    let step = match form.step.ok_or(ConsoleError::Malformed)? {
        WizardStep::Details => return Err(ConsoleError::Malformed),
        step @ (WizardStep::Summary | WizardStep::HandOver) => {
            match service.check_draft_in(&caller, &app, &form.draft).await {
                Ok(()) => step,
                Err(service::Error::Refused(Refusal::Invalid(_))) => WizardStep::Details,
                Err(error) => return Err(error.into()),
            }
        }
        WizardStep::Generate => match service.issue(&caller, &app, &form.draft, &form.form_id).await {
            Ok(issued) => return Ok(Next::Show(Arc::new(issued))),
            Err(service::Error::Refused(Refusal::Invalid(errors))) if errors.of(Field::FormId).next().is_none() => {
                WizardStep::Details
            }
            // A damaged form gets a new id; one that has created its key says so; and one that needs approval asks for it.
            Err(service::Error::Refused(
                Refusal::Invalid(_) | Refusal::AlreadyIssued { .. } | Refusal::ApprovalNeeded,
            )) => WizardStep::Summary,
            Err(error) => return Err(error.into()),
        },
        WizardStep::Ask => match ask(&desk, &app, &form).await {
            Ok(Some(request)) => return Ok(told(&desk, format!("/requests/{request}"), PersonDone::Asked)),
            // Nobody has to approve it any more, or the form has created its key.
            Ok(None) | Err(service::Error::Refused(Refusal::AlreadyIssued { .. })) => WizardStep::Summary,
            Err(service::Error::Refused(Refusal::Invalid(errors))) if errors.of(Field::Reason).next().is_none() => {
                let damaged = errors.of(Field::FormId).next().is_some();
                if damaged { WizardStep::Summary } else { WizardStep::Details }
            }
            Err(error) => return Err(error.into()),
        },
    };
    keep(&desk, &form, step).await
}

/// Keeps what was typed, and leads to a step that shows it.
async fn keep(desk: &Desk, form: &WizardForm, step: WizardStep) -> Result<Next<NewSecret>, ConsoleError> {
    let (service, caller) = (desk.service(), desk.caller()?);
    let form_id = service.save_draft(&caller, &form.form_id, AppId::parse(&form.app).as_ref(), &form.draft).await?;
    let address = wizard_address(&form_id, step);
    // Without a choice of apps, none is named.
    let address = if form.app.is_empty() { address } else { in_app(&address, &form.app) };
    Ok(Next::Go(address))
}

/// Asks for a key that a second person must approve, and returns the request. It stands, whatever comes of the mail.
async fn ask(desk: &Desk, app: &AppId, form: &WizardForm) -> service::Result<Option<KeyId>> {
    let (service, caller) = (desk.service(), desk.caller().map_err(|_| Refusal::Forbidden)?);
    let asked = service.request_key(&caller, app, &form.draft, &form.form_id, &form.reason).await?;
    let Some(asked) = asked else { return Ok(None) };
    let request = asked.request;
    if asked.is_news {
        service.mail_request(&request, &address(desk, &format!("/requests/{}", request.key)));
    }
    Ok(Some(request.key))
}

pub async fn acknowledge(desk: Desk, id: KeyId, form: AcknowledgeForm) -> Result<Next<()>, ConsoleError> {
    if !form.ticked {
        return Err(wrong(Field::Acknowledged, "Tick the box to confirm that you have stored the key."));
    }
    desk.service().acknowledge(&desk.caller()?, &id, form.anyway).await?;
    if form.to_integration {
        return Ok(Next::Go(format!("/integrations/setup?key={}", id.as_str())));
    }
    Ok(done(&desk, "/keys".to_owned(), Done::Acknowledged, &id))
}

pub async fn drop_pending(desk: Desk, id: KeyId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().drop_pending(&desk.caller()?, &id).await?;
    Ok(done(&desk, "/keys".to_owned(), Done::Dropped, &id))
}

pub async fn edit(desk: Desk, id: KeyId, form: EditForm) -> Result<Next<()>, ConsoleError> {
    let revision = form.revision.parse().map_err(|_| ConsoleError::Malformed)?;
    let key = desk.service().edit(&desk.caller()?, &id, &form.draft, revision).await?;
    if contradiction(&key.rules).is_some() {
        // The key's page says what is wrong with it.
        return Ok(done(&desk, format!("/keys/{}", id.as_str()), Done::Edited, &id));
    }
    Ok(done(&desk, back_to(&form.back), Done::Edited, &id))
}

pub async fn disable(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().disable(&desk.caller()?, &id, form.revision).await?;
    Ok(done(&desk, back_to(&form.back), Done::Disabled, &id))
}

pub async fn enable(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().enable(&desk.caller()?, &id, form.revision).await?;
    Ok(done(&desk, back_to(&form.back), Done::Enabled, &id))
}

pub async fn revoke(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    let reason = RevokeReason::parse(&form.reason).ok_or_else(|| wrong(Field::Reason, "Choose a reason."))?;
    let note = Some(form.note.trim()).filter(|note| !note.is_empty());
    desk.service().revoke(&desk.caller()?, &id, reason, note).await?;
    Ok(done(&desk, back_to(&form.back), Done::Revoked, &id))
}

pub async fn restore(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    desk.service().restore(&desk.caller()?, &id).await?;
    Ok(done(&desk, back_to(&form.back), Done::Restored, &id))
}

pub async fn delete(desk: Desk, id: KeyId, form: ActForm) -> Result<Next<()>, ConsoleError> {
    match desk.service().delete(&desk.caller()?, &id, &form.confirm_name).await {
        Err(service::Error::Refused(refusal @ Refusal::NameMismatch)) => {
            Err(wrong(Field::ConfirmName, &refusal.message()))
        }
        other => {
            other?;
            Ok(done(&desk, back_to(&form.back), Done::Deleted, &id))
        }
    }
}

pub async fn bulk(desk: Desk, form: BulkForm) -> Result<Next<()>, ConsoleError> {
    let now = desk.service().now();
    let change = match form.act.ok_or(ConsoleError::Malformed)? {
        BulkAct::Disable => Ok(BulkChange::Disable),
        BulkAct::Enable => Ok(BulkChange::Enable),
        BulkAct::Revoke => {
            let reason = RevokeReason::parse(&form.reason).ok_or_else(|| wrong(Field::Reason, "Choose a reason."))?;
            Ok(BulkChange::Revoke { reason, note: Some(form.note.clone()) })
        }
        BulkAct::SetExpiry => BulkChange::set_expiry(&form.expiry, &form.expires_at, now),
        act @ (BulkAct::AddTag | BulkAct::RemoveTag) => BulkChange::tag(act, &form.tag),
        BulkAct::Transfer => BulkChange::transfer(&form.owner),
    };
    let change = change.map_err(|errors| ConsoleError::Refused(Refusal::Invalid(errors)))?;
    let caller = desk.caller()?;
    if !caller.rights().may(Act::ChangeKeys) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let selection = form.selection()?;
    let apps = bulk_apps(&desk, &form, &selection).await?;
    let done = desk.service().bulk(&caller, apps, &selection, &change, &form.form_id).await?;
    let back = list_address(&form.list.unwrap_or_default());
    let told = done.map_or(Told::Repeated, |done| told_of(&change, done, form.form_id));
    Ok(tell(&desk, back, told))
}

/// An act on many that took one key and skipped none is told as an act on that key.
fn told_of(change: &BulkChange, BulkDone { count, keys, .. }: BulkDone, form_id: String) -> Told {
    let act = change.act();
    match (&*keys, count.skipped_in_all()) {
        ([key], 0) => Told::Key(Done::of_bulk(act), *key),
        (_, skipped) => Told::Keys { act, taken: count.taken, skipped, form_id },
    }
}

pub async fn saved_view(desk: Desk, form: SavedViewForm) -> Result<Next<()>, ConsoleError> {
    let caller = desk.caller()?;
    if form.forget {
        desk.service().delete_view(&caller, &form.name).await?;
        return Ok(Next::Go("/keys/views".to_owned()));
    }
    let list = form.list.ok_or(ConsoleError::NoSuchFilter)?.first_page();
    desk.service().save_view(&caller, &form.name, &list).await?;
    Ok(Next::Go(list_address(&list)))
}

fn wrong(field: Field, message: &str) -> ConsoleError {
    ConsoleError::Refused(Refusal::Invalid(FieldErrors::one(field, message)))
}

/// Goes on, and lets the next page say what was done.
pub(super) fn done(desk: &Desk, to: String, done: Done, id: &KeyId) -> Next<()> {
    tell(desk, to, Told::Key(done, *id))
}

pub(super) fn tell<T>(desk: &Desk, to: String, told: Told) -> Next<T> {
    Next::GoWithCookies(to, vec![Cookie::Done.set(desk.visit.transport, desk.console.port, &told.cookie())])
}

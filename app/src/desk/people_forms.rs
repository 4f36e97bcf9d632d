//! What the forms about people do.

use domain::field::{Field, FieldErrors};
use domain::ids::PersonId;
use domain::labels::Owner;
use domain::refusal::Refusal;
use domain::role::Role;
use secrecy::ExposeSecret;

use super::context::Desk;
use super::session_cookie::Cookie;
use crate::error::ConsoleError;
use crate::forms::account::NewReset;
use crate::forms::apps::AppChoice;
use crate::forms::done::{PersonDone, Told};
use crate::forms::outcome::Next;
use crate::forms::people::{GuestForm, RemoveForm, RoleForm};
use crate::forms::person::Nothing;

pub async fn change_role(desk: Desk, id: PersonId, form: RoleForm) -> Result<Next<()>, ConsoleError> {
    if !desk.service().change_role(&desk.caller()?, &id, &form.role).await? {
        return Ok(told(&desk, format!("/people/{id}"), PersonDone::SameRole));
    }
    // A guest without keys sees none.
    let is_guest = Role::parse(&form.role) == Some(Role::Guest);
    let to = if is_guest { format!("/people/{id}/keys") } else { format!("/people/{id}") };
    Ok(told(&desk, to, PersonDone::Role))
}

pub async fn set_keys(desk: Desk, id: PersonId, form: GuestForm) -> Result<Next<()>, ConsoleError> {
    let caller = desk.caller()?;
    if form.keys.searches {
        return Ok(Next::Show(()));
    }
    desk.service().set_grants(&caller, &id, &form.keys.grants, &form.access_ends_at).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::Keys))
}

pub async fn set_apps(desk: Desk, id: PersonId, form: AppChoice) -> Result<Next<()>, ConsoleError> {
    let caller = desk.caller()?;
    if form.searches {
        return Ok(Next::Show(()));
    }
    form.check()?;
    desk.service().set_person_apps(&caller, &id, &form.apps).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::Apps))
}

pub async fn disable(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().disable_person(&desk.caller()?, &id).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::Disabled))
}

pub async fn enable(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().enable_person(&desk.caller()?, &id).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::Enabled))
}

pub async fn unlock(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().unlock_person(&desk.caller()?, &id).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::Unlocked))
}

pub async fn sign_out(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().sign_out_person(&desk.caller()?, &id).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::SignedOut))
}

pub async fn remove(desk: Desk, id: PersonId, form: RemoveForm) -> Result<Next<()>, ConsoleError> {
    let (service, caller) = (desk.service(), desk.caller()?);
    let to = Owner::parse(&form.owner).map_err(|message| FieldErrors::one(Field::Owner, message));
    match to.map_err(|errors| ConsoleError::Refused(Refusal::Invalid(errors)))? {
        Some(to) => service.remove_person_and_transfer(&caller, &id, &to).await?,
        None => service.remove_person(&caller, &id).await?,
    }
    Ok(told(&desk, "/people".to_owned(), PersonDone::Removed))
}

pub async fn reset(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<NewReset>, ConsoleError> {
    let made = desk.service().reset_link_of(&desk.caller()?, &id).await?;
    let address = format!("{}/reset/{}", desk.console.public_url, made.token.expose_secret()).into();
    Ok(Next::Show(NewReset { address, email: made.person.email().to_owned(), expires_at: made.expires_at }))
}

pub async fn reset_factor(desk: Desk, id: PersonId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().reset_factor(&desk.caller()?, &id).await?;
    Ok(told(&desk, format!("/people/{id}"), PersonDone::FactorRemoved))
}

/// Goes on, and lets the next page say what was done.
pub(super) fn told<T>(desk: &Desk, to: String, done: PersonDone) -> Next<T> {
    let cookie = Cookie::Done.set(desk.visit.transport, desk.console.port, &Told::Person(done).cookie());
    Next::GoWithCookies(to, vec![cookie])
}

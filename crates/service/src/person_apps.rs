//! To which apps people are limited.

use domain::{
    audit::{Action, AuditEvent},
    field::{Field, FieldErrors},
    ids::{AppId, PersonId},
    invite,
    refusal::Refusal,
    role::{Act, Role},
    sight::Scope,
    text::joined,
};
use store::Tx;

use crate::{
    Caller, Result, Service,
    people::{change, managed},
};

impl Service {
    /// Limits a person to these apps, or to none if there are none, from their next request on. `Forbidden` for an owner, who
    /// sees every app. Invites that the person may no longer send are revoked.
    pub async fn set_person_apps(&self, caller: &Caller, id: &PersonId, apps: &[AppId]) -> Result<()> {
        caller.may(Act::ManageGuests)?;
        let apps = invite::check_apps(apps).map_err(|message| FieldErrors::one(Field::Apps, message))?;
        let work = async |tx: &mut Tx| {
            let row = managed(tx, caller, id).await?;
            if row.role == Role::Owner {
                return Err(Refusal::Forbidden.into());
            }
            may_give(tx, caller, &apps).await?;
            if row.apps == apps {
                return Ok(());
            }
            caller.sees_state(&row.apps)?;
            tx.set_person_apps(id, &apps).await?;
            let (from, to) = (app_words(tx, &row.apps).await?, app_words(tx, &apps).await?);
            let changes = vec![change(Field::Apps, from.as_deref(), to.as_deref())];
            let event = AuditEvent { changes, ..self.about(caller, Action::PersonAppsChanged, &row) };
            self.record(tx, event).await?;
            self.revoke_invites_of(tx, caller, id, Some((row.role, &apps))).await
        };
        self.write(work).await?;
        self.streams().end_all_of(id);
        Ok(())
    }
}

/// `Invalid` at the field of the apps, and at each that is out of sight, unless the caller sees all that somebody is to see.
pub(crate) async fn may_give(tx: &mut Tx, caller: &Caller, apps: &Scope<AppId>) -> Result<()> {
    if *apps == Scope::All && *caller.people_of() != Scope::All {
        let message = "You do not see all apps yourself. Choose those that they may see.";
        return Err(FieldErrors::one(Field::Apps, message).into());
    }
    let Scope::Only(apps) = apps else { return Ok(()) };
    let mut errors = FieldErrors::default();
    for (n, app) in apps.iter().enumerate() {
        if !caller.people_of().has(app) || tx.app(app).await?.is_none() {
            errors.push_item(Field::Apps, n, "One of the apps no longer exists: leave it out.".to_owned());
        }
    }
    Ok(errors.into_result()?)
}

/// The apps of a person as the record has them: their names; `None` for all.
pub(crate) async fn app_words(tx: &mut Tx, apps: &Scope<AppId>) -> Result<Option<String>> {
    let Scope::Only(apps) = apps else { return Ok(None) };
    let mut names = Vec::new();
    for id in apps {
        names.extend(tx.app(id).await?.map(|app| app.name));
    }
    Ok(Some(joined(names)))
}

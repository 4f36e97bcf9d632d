//! Apps with what another family keeps with them.

use domain::{
    app_profile::{ProfileQuery, ProfiledApp, checked_profile},
    audit::{Action, AuditEvent},
    field::Field,
    ids::AppId,
    page::Page,
    refusal::Refusal,
    role::Act,
};
use store::Tx;

use crate::{
    Caller, Error, Result, Service,
    apps::{checked, managed},
    people::change,
};

/// How the record says that something is kept with an app. What that is may be secret elsewhere, so it is not in the record,
/// which keeps it for good.
pub(crate) const SET: &str = "set";
const CHANGED: &str = "changed";

impl Service {
    /// An app with what is kept with it; `AppNotFound` if there is none, or if the caller may not know of it.
    pub async fn profiled_app(&self, caller: &Caller, id: &AppId) -> Result<ProfiledApp> {
        caller.may(Act::SeeApps)?;
        let found = if caller.sight().apps.has(id) { self.app_reader().read(*id).await? } else { None };
        Ok(found.ok_or(Refusal::AppNotFound)?)
    }

    /// A page of the apps in use that the caller sees, by id.
    pub async fn profiled_apps(&self, caller: &Caller, query: &ProfileQuery) -> Result<Page<ProfiledApp>> {
        caller.may(Act::SeeApps)?;
        Ok(self.store().profiled_apps(&caller.sight().apps, query).await?)
    }

    /// Creates an app like [`Service::create_app`], and keeps a JSON object with it.
    pub async fn create_profiled_app(&self, caller: &Caller, name: &str, profile: &str) -> Result<ProfiledApp> {
        let profile = checked_profile(profile)?;
        let app = self.add_app(caller, name, &profile).await?;
        Ok(ProfiledApp { app, profile })
    }

    /// Gives an app another name, if one is given, and keeps what `change_profile` makes of the present profile. A key that
    /// calls on behalf of the app may, too. Records only what differs. `AppArchived` for an app that is not in use.
    pub async fn change_profiled_app(
        &self,
        caller: &Caller,
        id: &AppId,
        name: Option<&str>,
        change_profile: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<ProfiledApp> {
        if !caller.calls_for(id) {
            caller.may(Act::ManageApps)?;
        }
        let name = name.map(checked).transpose()?;
        let work = async |tx: &mut Tx| {
            let mut app = managed(tx, caller, id).await?;
            if app.archived_at.is_some() {
                return Err(Refusal::AppArchived.into());
            }
            if let Some(name) = &name {
                app = self.give_name(tx, caller, app, name).await?;
            }
            let before = tx.profiled_app(id).await?.ok_or(Refusal::AppNotFound)?.profile;
            let profile = checked_profile(&change_profile(&before))?;
            if profile != before {
                tx.set_app_profile(id, &profile).await?;
                let changes = vec![change(Field::Metadata, None, Some(CHANGED))];
                let event = self.app_event(caller, Action::AppChanged, &app);
                self.record(tx, AuditEvent { changes, ..event }).await?;
            }
            Ok::<_, Error>(ProfiledApp { app, profile })
        };
        self.write(work).await
    }
}

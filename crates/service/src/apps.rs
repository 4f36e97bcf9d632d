//! Apps, as callers see them.

use domain::{ids::AppId, refusal::Refusal, role::Act};
use store::AppRow;

use crate::{Caller, Result, Service};

impl Service {
    /// The apps that the caller may see, the oldest first.
    pub async fn apps(&self, caller: &Caller) -> Result<Vec<AppRow>> {
        caller.may(Act::SeeApps)?;
        Ok(self.store().apps(&caller.sight().apps).await?)
    }

    /// One of them; `NotFound` if there is none.
    pub async fn app(&self, caller: &Caller, id: &AppId) -> Result<AppRow> {
        caller.may(Act::SeeApps)?;
        let app = self.store().app(id).await?.filter(|app| caller.sight().apps.has(&app.id));
        Ok(app.ok_or(Refusal::NotFound)?)
    }
}

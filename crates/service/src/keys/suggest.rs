//! What the form of a key suggests.

use domain::{ids::AppId, life::LifeRules, role::Act, sight::Scope};

use crate::{Caller, Result, Service};

/// How many permissions are suggested.
const PERMISSIONS: u32 = 20;

/// What the form of a key suggests before anybody types.
#[derive(Debug, Clone, Default)]
pub struct Suggestions {
    /// How long new keys live.
    pub life: LifeRules,
    /// Permissions that other keys of the app have, the latest first.
    pub permissions: Vec<String>,
}

impl Service {
    /// What the form of a key of this app suggests. As long as there is a choice of apps, no permissions.
    pub async fn suggestions(&self, caller: &Caller, apps: impl Into<Scope<AppId>>) -> Result<Suggestions> {
        caller.may(Act::ChangeKeys)?;
        let permissions = match caller.sight().in_apps(&apps.into()).apps {
            Scope::Only(apps) => match &*apps {
                [app] => self.store().given_permissions(app, PERMISSIONS).await?,
                _ => Vec::new(),
            },
            Scope::All => Vec::new(),
        };
        Ok(Suggestions { life: self.life_rules_now().await?, permissions })
    }
}

//! Apps: which of them somebody looks at, and how they are created, renamed, archived and brought back.

use domain::{
    app::{APPS_TOGETHER, App, AppListed, AppQuery},
    app_profile::NO_PROFILE,
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    ids::{AppId, KeyId},
    look,
    page::Page,
    refusal::Refusal,
    role::Act,
    sight::Scope,
    text,
};
use store::{StoreError, Tx, Unique};

use crate::{Caller, Error, Result, Service, app_profiles, entropy, people::change, service::event, sessions::Session};

/// What somebody's pages are about: one app, or all that are in use.
#[derive(Debug, Clone)]
pub struct AppView {
    /// The one app, which may be archived; `None` for several, or if there is none.
    pub one: Option<App>,
    /// The apps to choose from, by name: those in sight and in use, as many as lists show together.
    pub choices: Vec<App>,
    /// Whether there are more.
    pub more: bool,
}

impl AppView {
    /// Whether there is anything to choose. With one app, nobody need know that there are apps.
    pub fn is_shown(&self) -> bool {
        let elsewhere = self.one.as_ref().is_some_and(|one| !self.choices.contains(one));
        self.more || self.choices.len() > 1 || elsewhere
    }

    /// The apps whose keys are shown; `ChooseApp` if they are more than lists show together.
    pub fn scope(&self) -> Result<Scope<AppId>> {
        match &self.one {
            Some(one) => Ok(Scope::from(&one.id)),
            None if self.more => Err(Refusal::ChooseApp { most: APPS_TOGETHER }.into()),
            None => Ok(Scope::Only(self.choices.iter().map(|app| app.id).collect())),
        }
    }

    /// The same caller, who looks at nothing but the chosen app, if one was chosen.
    pub fn narrowed(&self, caller: Caller) -> Caller {
        match self.one.as_ref().filter(|_| self.is_shown()) {
            Some(one) => caller.within(&one.id),
            None => caller,
        }
    }
}

impl Service {
    /// The apps that somebody may know of: those that they see, and of these, whoever sees only some keys, those of the
    /// keys.
    async fn known_apps(&self, caller: &Caller) -> Result<Scope<AppId>> {
        let sight = caller.sight();
        if caller.may(Act::SeeApps).is_ok() {
            return Ok(sight.apps.clone());
        }
        caller.may(Act::SeeKeys)?;
        let Scope::Only(keys) = &sight.keys else { return Ok(sight.apps.clone()) };
        let of_keys = self.store().apps_of_keys(keys).await?;
        let mut apps: Vec<_> = of_keys.into_iter().map(|(_, app)| app).filter(|app| sight.apps.has(app)).collect();
        apps.sort_unstable();
        apps.dedup();
        Ok(Scope::Only(apps))
    }

    /// What the pages of a session are about.
    pub async fn app_view(&self, session: &Session, caller: &Caller) -> Result<AppView> {
        let known = self.known_apps(caller).await?;
        let mut choices = self.store().apps_in_use(&known, APPS_TOGETHER + 1).await?;
        let together = usize::try_from(APPS_TOGETHER).unwrap_or(usize::MAX);
        let more = choices.len() > together;
        choices.truncate(together);
        let chosen = self.store().chosen_app(&session.id_mac).await?.filter(|chosen| known.has(chosen));
        let one = match (chosen, &*choices) {
            (Some(chosen), _) => self.store().app(&chosen).await?,
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        Ok(AppView { one, choices, more })
    }

    /// Notes which app the pages of a session are about from now on; `None` for all. `AppNotFound` for one that the caller
    /// may not know of.
    pub async fn choose_app(&self, session: &Session, caller: &Caller, app: Option<&AppId>) -> Result<()> {
        let known = self.known_apps(caller).await?;
        if let Some(app) = app {
            self.known_app(&known, app).await?;
        }
        self.write(async |tx: &mut Tx| tx.set_chosen_app(&session.id_mac, app).await).await?;
        Ok(())
    }

    async fn known_app(&self, known: &Scope<AppId>, app: &AppId) -> Result<App> {
        let found = if known.has(app) { self.store().app(app).await? } else { None };
        Ok(found.ok_or(Refusal::AppNotFound)?)
    }

    /// A page of the list of apps.
    pub async fn apps(&self, caller: &Caller, query: &AppQuery) -> Result<Page<AppListed>> {
        let known = self.known_apps(caller).await?;
        Ok(self.store().list_apps(&caller.sight().in_apps(&known), query).await?)
    }

    /// One app; `AppNotFound` if there is none, or if the caller may not know of it.
    pub async fn app(&self, caller: &Caller, id: &AppId) -> Result<App> {
        let known = self.known_apps(caller).await?;
        self.known_app(&known, id).await
    }

    /// `AppNotFound` unless the app is in use, and the caller may know of it. Hardly ever reads anything.
    pub async fn finds_app(&self, caller: &Caller, id: &AppId) -> Result<()> {
        let is_found = self.known_apps(caller).await?.has(id) && self.verifier().is_app_in_use(id).await?;
        if is_found { Ok(()) } else { Err(Refusal::AppNotFound.into()) }
    }

    /// The app with this id, or the one in use with this name.
    pub async fn app_by_name(&self, caller: &Caller, name: &str) -> Result<App> {
        let known = self.known_apps(caller).await?;
        if let Some(id) = AppId::parse(name.trim())
            && let Ok(app) = self.known_app(&known, &id).await
        {
            return Ok(app);
        }
        let named = self.store().app_named(name).await?.filter(|app| known.has(&app.id));
        Ok(named.ok_or(Refusal::AppNotFound)?)
    }

    /// Those of these apps that the caller may know of, by name.
    pub async fn some_apps(&self, caller: &Caller, ids: &[AppId]) -> Result<Vec<App>> {
        let known = self.known_apps(caller).await?;
        let mut apps = Vec::new();
        for id in ids {
            apps.extend(self.known_app(&known, id).await.ok());
        }
        apps.sort_by_cached_key(|app| text::name_key(&app.name));
        Ok(apps)
    }

    /// The app of each of these keys, which were read for the caller.
    pub async fn apps_of(&self, caller: &Caller, keys: &[KeyId]) -> Result<Vec<(KeyId, AppId)>> {
        caller.may(Act::SeeKeys)?;
        Ok(self.store().apps_of_keys(keys).await?)
    }

    /// Creates an app with its API KEY. `Forbidden` for people who do not see all apps: they would not see this one.
    pub async fn create_app(&self, caller: &Caller, name: &str) -> Result<App> {
        self.add_app(caller, name, NO_PROFILE).await
    }

    /// The same with what another family keeps with the app.
    pub(crate) async fn add_app(&self, caller: &Caller, name: &str, profile: &str) -> Result<App> {
        caller.may_create_apps()?;
        let name = checked(name)?;
        let id = AppId::from_random(entropy::bytes(self.entropy())?);
        let app = App { id, name, created_at: self.now(), archived_at: None };
        let work = async |tx: &mut Tx| {
            looks_like_none(tx, &app).await?;
            tx.insert_app(&app).await.map_err(taken)?;
            let api_key = self.add_member_key(tx, caller, &app).await?;
            let mut changes = vec![change(Field::Name, None, Some(&app.name)), api_key];
            if profile != NO_PROFILE {
                tx.set_app_profile(&app.id, profile).await?;
                changes.push(change(Field::Metadata, None, Some(app_profiles::SET)));
            }
            let event = self.app_event(caller, Action::AppCreated, &app);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            if let Ok(id) = caller.person_id()
                && let Some(creator) = tx.person_by_id(id).await?
            {
                self.add_first_contact(tx, &app.id, &creator).await?;
            }
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        Ok(app)
    }

    /// Gives an app another name. If it does not differ, records nothing.
    pub async fn rename_app(&self, caller: &Caller, id: &AppId, name: &str) -> Result<()> {
        caller.may(Act::ManageApps)?;
        let name = checked(name)?;
        let work = async |tx: &mut Tx| {
            let app = managed(tx, caller, id).await?;
            if app.name != name {
                caller.sees_state(&app.name)?;
            }
            self.give_name(tx, caller, app, &name).await.map(|_| ())
        };
        self.write(work).await
    }

    /// The app with this name, which was checked.
    pub(crate) async fn give_name(&self, tx: &mut Tx, caller: &Caller, app: App, name: &str) -> Result<App> {
        if app.name == name {
            return Ok(app);
        }
        let changes = vec![change(Field::Name, Some(&app.name), Some(name))];
        let app = App { name: name.to_owned(), ..app };
        if app.archived_at.is_none() {
            looks_like_none(tx, &app).await?;
        }
        tx.rename_app(&app.id, &app.name).await.map_err(taken)?;
        let event = self.app_event(caller, Action::AppRenamed, &app);
        self.record(tx, AuditEvent { changes, ..event }).await?;
        Ok(app)
    }

    /// Archives an app: its keys stop working at once, and nothing is deleted. `LastApp` if no other is in use.
    pub async fn archive_app(&self, caller: &Caller, id: &AppId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let app = managed(tx, caller, id).await?;
            if app.archived_at.is_some() {
                return Ok(false);
            }
            if tx.apps_in_use(&Scope::All, 2).await?.len() < 2 {
                return Err(Refusal::LastApp.into());
            }
            tx.set_app_archived(id, Some(self.now())).await?;
            self.record(tx, self.app_event(caller, Action::AppArchived, &app)).await?;
            Ok::<_, Error>(true)
        };
        self.switch_app(caller, work).await
    }

    /// Takes an archived app into use again: its keys work as before. `Invalid` if another app has its name now.
    pub async fn restore_app(&self, caller: &Caller, id: &AppId) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let app = managed(tx, caller, id).await?;
            if app.archived_at.is_none() {
                return Ok(false);
            }
            looks_like_none(tx, &app).await?;
            tx.set_app_archived(id, None).await.map_err(taken)?;
            self.record(tx, self.app_event(caller, Action::AppRestored, &app)).await?;
            Ok::<_, Error>(true)
        };
        self.switch_app(caller, work).await
    }

    /// Runs a change that may concern every key of an app, and makes every verifier forget what it knows.
    async fn switch_app(&self, caller: &Caller, work: impl AsyncFnOnce(&mut Tx) -> Result<bool>) -> Result<()> {
        caller.may(Act::ManageApps)?;
        let change = async |tx: &mut Tx| {
            let version = if work(tx).await? { Some(tx.bump_version().await?) } else { None };
            Ok::<_, Error>(version)
        };
        if let Some(version) = self.write(change).await? {
            self.verifier().all_changed(version);
        }
        Ok(())
    }

    pub(crate) fn app_event(&self, caller: &Caller, action: Action, app: &App) -> AuditEvent {
        let subject = Subject::app(&app.id, &app.name);
        AuditEvent { app_id: Some(app.id), ..event(caller, self.now(), action, subject) }
    }
}

/// The app as the transaction sees it, if it is in the caller's sight.
pub(crate) async fn managed(tx: &mut Tx, caller: &Caller, id: &AppId) -> Result<App> {
    let app = if caller.sight().apps.has(id) { tx.app(id).await? } else { None };
    Ok(app.ok_or(Refusal::AppNotFound)?)
}

/// `NotFound` unless the app is in the caller's sight, and `AppArchived` unless it is in use.
pub(crate) async fn usable(tx: &mut Tx, caller: &Caller, id: &AppId) -> Result<()> {
    let app = if caller.sight().apps.has(id) { tx.app(id).await? } else { None };
    let app = app.ok_or(Refusal::NotFound)?;
    if app.archived_at.is_some() { Err(Refusal::AppArchived.into()) } else { Ok(()) }
}

/// The same, with `AppNotFound` for an app out of sight.
pub(crate) async fn in_use(tx: &mut Tx, caller: &Caller, id: &AppId) -> Result<()> {
    let app = managed(tx, caller, id).await?;
    if app.archived_at.is_some() { Err(Refusal::AppArchived.into()) } else { Ok(()) }
}

pub(crate) fn checked(name: &str) -> Result<String, FieldErrors> {
    text::app_name(name).map_err(|message| FieldErrors::one(Field::Name, message))
}

/// `Invalid` if another app in use has a name that is drawn like that of this one.
async fn looks_like_none(tx: &mut Tx, app: &App) -> Result<()> {
    let drawn = look::drawn(&app.name);
    let others = tx.apps_in_use(&Scope::All, u32::MAX).await?;
    let alike = others.iter().any(|other| other.id != app.id && look::drawn(&other.name) == drawn);
    if alike { Err(looks_alike()) } else { Ok(()) }
}

fn looks_alike() -> Error {
    FieldErrors::one(Field::Name, "Another app has this name, or one that looks like it: choose another.").into()
}

/// The database compares names too, for when two are given at the same moment.
fn taken(error: StoreError) -> Error {
    match error {
        StoreError::Conflict(Unique::AppName) => looks_alike(),
        error => error.into(),
    }
}

//! Apps: what their pages read, and what their forms do.

use domain::app::{App, AppListed, AppQuery};
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, IntegrationId};
use domain::key::KeyDetail;
use domain::page::Page;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::sight::Scope;
use service::Caller;
use service::apps::AppView;

use super::context::Desk;
use super::people_forms::told;
use crate::error::ConsoleError;
use crate::forms::apps::{AppChoice, AppNameForm, ChooseForm};
use crate::forms::done::PersonDone;
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

/// How many apps a search offers for a person.
const FOUND: usize = 10;

/// A page of the list of apps.
#[derive(Debug)]
pub struct AppList {
    pub page: Page<AppListed>,
    pub view: AppView,
    /// Whether the visitor may rename, archive and bring back what is listed.
    pub manages: bool,
    /// Whether they may create an app, too.
    pub creates: bool,
}

/// The apps that the pages are about, of which there may be too many to list.
pub async fn read_choices() -> Result<Scope<AppId>, ConsoleError> {
    let view = Desk::from_context()?.apps().await?;
    Ok(view.scope().unwrap_or(Scope::All))
}

/// What the pages are about, if there is anything to choose.
pub async fn read_choice() -> Option<AppView> {
    let desk = Desk::from_context().ok()?;
    desk.apps().await.ok().filter(AppView::is_shown)
}

pub async fn read_apps(query: &AppQuery) -> Result<AppList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let page = desk.service().apps(&caller, query).await?;
    let manages = caller.rights().may(Act::ManageApps);
    let creates = manages && caller.sight().apps == Scope::All;
    Ok(AppList { page, view: desk.apps().await?, manages, creates })
}

/// One app, if the visitor may change it.
pub async fn read_app(id: &str) -> Result<App, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    if !caller.rights().may(Act::ManageApps) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    Ok(desk.service().app(&caller, &app_id(id)?).await?)
}

/// Whether the visitor may create an app.
pub fn may_create() -> Result<(), ConsoleError> {
    let caller = Desk::from_context()?.caller()?;
    let may = caller.rights().may(Act::ManageApps) && caller.sight().apps == Scope::All;
    if may { Ok(()) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
}

/// The app of a key, where that says anything: if there are several, or if it is archived.
pub async fn read_app_of(key: &KeyDetail) -> Result<Option<App>, ConsoleError> {
    let desk = Desk::from_context()?;
    let app = desk.service().app(&desk.caller()?, &key.app_id).await?;
    Ok(if app.archived_at.is_some() || desk.apps().await?.is_shown() { Some(app) } else { None })
}

/// The names of these apps, for lists that are about several. One that is archived says so.
pub(super) async fn app_names(
    desk: &Desk,
    caller: &Caller,
    view: &AppView,
    ids: &[AppId],
) -> Result<Vec<(AppId, String)>, ConsoleError> {
    let mut others: Vec<_> = ids.iter().copied().filter(|id| !view.choices.iter().any(|app| app.id == *id)).collect();
    others.sort_unstable();
    others.dedup();
    let others = desk.service().some_apps(caller, &others).await?;
    Ok(view.choices.iter().chain(&others).map(|app| (app.id, name_in_full(app))).collect())
}

/// The name of an app, and whether it is archived.
pub fn name_in_full(app: &App) -> String {
    if app.archived_at.is_some() { format!("{} (archived)", app.name) } else { app.name.clone() }
}

/// What is ticked first for somebody new: whoever sees only some apps cannot let others see more.
pub fn own_apps() -> Vec<AppId> {
    let caller = Desk::from_context().and_then(|desk| desk.caller());
    match caller.map(|caller| caller.sight().apps.clone()) {
        Ok(Scope::Only(apps)) => apps,
        _ => Vec::new(),
    }
}

/// The apps that can be ticked for a person, and which are: those that are ticked, and those that a search finds, or, without
/// one, the first in use. Nothing if there is only one app.
pub async fn read_app_choices(choice: &AppChoice) -> Result<Option<Vec<(App, bool)>>, ConsoleError> {
    let desk = Desk::from_context()?;
    let (caller, service, view) = (desk.caller()?, desk.service(), desk.apps().await?);
    let ticked = service.some_apps(&caller, &choice.apps).await?;
    let is_limited = caller.sight().apps != Scope::All;
    if ticked.is_empty() && !view.is_shown() && !is_limited {
        return Ok(None);
    }
    let offered = match domain::list::search(&choice.find) {
        Some(search) => {
            let query = AppQuery { search: Some(search), ..AppQuery::default() };
            service.apps(&caller, &query).await?.rows.into_iter().map(|row| row.app).take(FOUND).collect()
        }
        None => view.choices,
    };
    let new: Vec<_> = offered.into_iter().filter(|app| !ticked.contains(app)).collect();
    Ok(Some(ticked.into_iter().map(|app| (app, true)).chain(new.into_iter().map(|app| (app, false))).collect()))
}

/// The app with this id, if the visitor may know of it and keys can be issued in it.
pub async fn read_app_in_use(id: &str) -> Option<App> {
    let (desk, id) = (Desk::from_context().ok()?, app_id(id).ok()?);
    let found = desk.service().app(&desk.caller().ok()?, &id).await.ok();
    found.filter(|app| app.archived_at.is_none())
}

/// Reads the id of an app from an address. Invalid text gives `AppNotFound`, like an unknown id.
pub fn app_id(text: &str) -> Result<AppId, ConsoleError> {
    AppId::parse(text).ok_or(ConsoleError::Refused(Refusal::AppNotFound))
}

pub async fn create(desk: Desk, form: AppNameForm) -> Result<Next<()>, ConsoleError> {
    desk.service().create_app(&desk.caller()?, &form.name).await?;
    Ok(told(&desk, "/apps".to_owned(), PersonDone::AppCreated))
}

pub async fn rename(desk: Desk, id: AppId, form: AppNameForm) -> Result<Next<()>, ConsoleError> {
    desk.service().rename_app(&desk.caller()?, &id, &form.name).await?;
    Ok(told(&desk, "/apps".to_owned(), PersonDone::AppRenamed))
}

pub async fn archive(desk: Desk, id: AppId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().archive_app(&desk.caller()?, &id).await?;
    Ok(told(&desk, "/apps".to_owned(), PersonDone::AppArchived))
}

pub async fn restore(desk: Desk, id: AppId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().restore_app(&desk.caller()?, &id).await?;
    Ok(told(&desk, "/apps".to_owned(), PersonDone::AppRestored))
}

/// Chooses what the pages are about, and goes back to where that was done.
pub async fn choose(desk: Desk, form: ChooseForm) -> Result<Next<()>, ConsoleError> {
    let app = if form.app.is_empty() { None } else { Some(app_id(&form.app)?) };
    desk.service().choose_app(desk.session()?, &desk.caller()?, app.as_ref()).await?;
    Ok(Next::Go(section(&form.back)))
}

/// The page to go back to. What is asked for in a list, and what is written in a wizard, may make no sense in another app.
fn section(back: &str) -> String {
    let path = back.split(['?', '#']).next().unwrap_or_default();
    let known =
        path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte));
    match path {
        _ if !known || path.starts_with("//") => "/".to_owned(),
        "/keys/handovers" => path.to_owned(),
        _ if path.starts_with("/requests/") => "/requests".to_owned(),
        _ if path.starts_with("/keys/") => "/keys".to_owned(),
        _ if path.starts_with("/apps/") => "/apps".to_owned(),
        _ if path.starts_with("/member-key/") => "/".to_owned(),
        _ if is_of_integrations(path) => "/integrations".to_owned(),
        _ => ["/rooms", "/chats", "/contacts"]
            .into_iter()
            .find(|list| path.strip_prefix(list).is_some_and(|rest| rest.starts_with('/')))
            .unwrap_or(path)
            .to_owned(),
    }
}

/// Whether it is the page of an integration or a part of one. Beside them are pages that are about no app.
fn is_of_integrations(path: &str) -> bool {
    let below = path.strip_prefix("/integrations/").and_then(|rest| rest.split('/').next());
    below.is_some_and(|below| below == "new" || IntegrationId::parse(below).is_some())
}

/// The id of an app that keys can be issued in.
pub(super) fn in_use(app: App) -> Result<AppId, ConsoleError> {
    if app.archived_at.is_some() { Err(ConsoleError::Refused(Refusal::AppArchived)) } else { Ok(app.id) }
}

/// What a form is told that does not say in which app.
pub(super) fn no_app() -> ConsoleError {
    let errors = FieldErrors::one(Field::App, "Choose the app that the key will belong to.");
    ConsoleError::Refused(Refusal::Invalid(errors))
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn one_goes_back_to_pages_of_this_console_that_make_sense_in_any_app() {
        for (back, to) in [
            ("/", "/"),
            ("/keys", "/keys"),
            ("/keys?after=1", "/keys"),
            ("/keys/new?draft=1", "/keys"),
            ("/keys/7Qm2xVbN4tRa", "/keys"),
            ("/keys/handovers", "/keys/handovers"),
            ("/requests", "/requests"),
            ("/requests/many", "/requests"),
            ("/requests/7Qm2xVbN4tRa/approve", "/requests"),
            ("/apps/new", "/apps"),
            ("/rooms/000000000000000000000000/edit", "/rooms"),
            ("/chats", "/chats"),
            ("/contacts/000000000000000000000000", "/contacts"),
            ("/member-key/reissue?app=x", "/"),
            ("/integrations/new", "/integrations"),
            ("/integrations/000000000000000000000000/deliveries", "/integrations"),
            ("/integrations/setup", "/integrations/setup"),
            ("/audit?person=a", "/audit"),
            ("/people/000000000000000000000000", "/people/000000000000000000000000"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nb", "/"),
            ("", "/"),
        ] {
            assert_eq!(section(back), to, "{back:?}");
        }
    }
}

//! The people who may sign in, as the pages read them.

use domain::app::App;
use domain::field::{Field, FieldErrors};
use domain::grant::{KeyAct, KeyGrant};
use domain::ids::{AppId, PersonId};
use domain::key::KeyRow;
use domain::list::{KeyQuery, search};
use domain::page::Page;
use domain::person::{PersonListed, PersonQuery};
use domain::refusal::Refusal;
use domain::role::{Act, Rights};
use domain::sight::Scope;
use domain::timestamp::Timestamp;
use service::Caller;
use service::invites::InviteSeen;
use service::people::PersonDetail;

use super::context::Desk;
use crate::error::ConsoleError;

/// How many keys a search offers for a guest.
const FOUND: usize = 10;

/// A page of the list of people.
#[derive(Debug)]
pub struct PeopleList {
    pub page: Page<PersonListed>,
    /// The names of the providers that they can sign in by.
    pub providers: Vec<(PersonId, String)>,
    /// The invites that wait.
    pub invites: Vec<InviteSeen>,
    /// When they were read.
    pub now: Timestamp,
    /// Whether anything confirms an e-mail here.
    pub confirms: bool,
}

/// A person, when they were read, and what the visitor may do.
#[derive(Debug)]
pub struct PersonView {
    pub detail: PersonDetail,
    pub now: Timestamp,
    pub rights: Rights,
    /// Those of the person's apps that the visitor sees, if the person is limited to some.
    pub apps: Option<Vec<App>>,
    /// Whether there is more than one app.
    pub has_apps: bool,
    /// Whether the visitor sees all that the person sees.
    pub covers: bool,
    /// Whether anything confirms an e-mail here.
    pub confirms: bool,
}

impl PersonView {
    /// The same, if the visitor may do what only owners may do with people of any role.
    pub fn for_owners(self) -> Result<Self, ConsoleError> {
        let may = self.rights.may(Act::ManageOwners);
        if may { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }

    /// The same, if the visitor may change people of this role.
    pub fn managed(self) -> Result<Self, ConsoleError> {
        let may = self.rights.may(self.detail.person.role.managed_with()) && self.covers;
        if may { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }
}

/// A key that may be granted.
#[derive(Debug)]
pub struct Choice {
    pub key: KeyRow,
    /// What is ticked for it; nothing if it was only found.
    pub ticked: Vec<KeyAct>,
    /// Its app, if there are several.
    pub app: Option<String>,
    /// When it was read. Its status depends on that.
    pub now: Timestamp,
}

pub async fn read_people(query: &PersonQuery) -> Result<PeopleList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let mut page = desk.service().people(&caller, query).await?;
    for person in &mut page.rows {
        // Of a limit, only what is in sight.
        if person.apps != Scope::All {
            person.apps = person.apps.and(&caller.sight().apps);
        }
    }
    let invites = desk.service().invites(&caller).await?;
    let ids: Vec<_> = page.rows.iter().map(|person| person.id).collect();
    let providers = desk.service().providers_of(&caller, &ids).await?;
    Ok(PeopleList { page, providers, invites, now: desk.service().now(), confirms: confirms(&desk) })
}

pub async fn read_person(id: &str) -> Result<PersonView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let detail = desk.service().person(&caller, &person_id(id)?).await?;
    let limit = &detail.person.apps;
    let apps = match limit {
        Scope::All => None,
        Scope::Only(apps) => Some(desk.service().some_apps(&caller, apps).await?),
    };
    let has_apps = apps.is_some() || desk.apps().await?.is_shown();
    let covers = caller.sight().apps.covers(limit);
    let (now, rights, confirms) = (desk.service().now(), caller.rights(), confirms(&desk));
    Ok(PersonView { detail, now, rights, apps, has_apps, covers, confirms })
}

/// Whether anything confirms an e-mail: a link that is mailed, or a provider that vouches for it.
fn confirms(desk: &Desk) -> bool {
    desk.service().sends_mail() || !desk.service().offered_providers().is_empty()
}

/// The keys that are ticked, and then those that a search finds in the apps of whoever will see them. What is wrong with the
/// search is told beside them.
pub async fn read_choices(
    grants: &[KeyGrant],
    find: &str,
    apps: &Scope<AppId>,
) -> Result<(Vec<Choice>, FieldErrors), ConsoleError> {
    let desk = Desk::from_context()?;
    let (caller, service) = (desk.caller()?, desk.service());
    let acts = |row: &KeyRow| grants.iter().find(|grant| grant.key == row.id).map(|grant| grant.acts.clone());
    let mut choices = Vec::new();
    if !grants.is_empty() {
        let ids: Vec<_> = grants.iter().map(|grant| grant.key).collect();
        let rows = service.some_keys(&caller, &ids).await?;
        choices.extend(rows.into_iter().filter_map(|row| acts(&row).map(|acts| (row, acts))));
    }
    if let Some(search) = search(find) {
        let query = KeyQuery { search: Some(search), ..KeyQuery::default() };
        let view = desk.apps().await?;
        let apps = if *apps == Scope::All { view.scope() } else { Ok(apps.clone()) };
        let found = match apps {
            Ok(apps) => service.keys(&caller, apps, &query).await,
            Err(error) => Err(error),
        };
        let rows = match found {
            Ok(page) => page.rows,
            Err(service::Error::Refused(Refusal::ChooseApp { most })) => {
                let message =
                    format!("Keys are found in at most {most} apps at once: limit the guest to fewer apps first.");
                let choices = with_apps(&desk, &caller, choices).await?;
                return Ok((choices, FieldErrors::one(Field::Keys, message)));
            }
            Err(error) => return Err(error.into()),
        };
        let new = rows.into_iter().filter(|row| acts(row).is_none()).take(FOUND);
        choices.extend(new.map(|row| (row, Vec::new())));
    }
    Ok((with_apps(&desk, &caller, choices).await?, FieldErrors::default()))
}

/// The same with all that tells keys of one name apart.
async fn with_apps(
    desk: &Desk,
    caller: &Caller,
    keys: Vec<(KeyRow, Vec<KeyAct>)>,
) -> Result<Vec<Choice>, ConsoleError> {
    let service = desk.service();
    let (now, has_several) = (service.now(), desk.apps().await?.is_shown());
    let ids: Vec<_> = keys.iter().map(|(key, _)| key.id).collect();
    let of_keys = if has_several { service.apps_of(caller, &ids).await? } else { Vec::new() };
    let mut apps: Vec<_> = of_keys.iter().map(|(_, app)| *app).collect();
    apps.sort_unstable();
    apps.dedup();
    let apps = service.some_apps(caller, &apps).await?;
    let app = |key: &KeyRow| {
        let (_, of) = of_keys.iter().find(|(id, _)| *id == key.id)?;
        apps.iter().find(|app| app.id == *of).map(|app| app.name.clone())
    };
    Ok(keys.into_iter().map(|(key, ticked)| Choice { app: app(&key), key, ticked, now }).collect())
}

/// Reads a person's id from an address. Invalid text gives `PersonNotFound`, like an unknown id.
pub fn person_id(text: &str) -> Result<PersonId, ConsoleError> {
    PersonId::parse(text).ok_or(ConsoleError::Refused(Refusal::PersonNotFound))
}

/// How many keys that the visitor may change somebody owns: nothing if none, `None` if more than an act takes.
pub async fn read_owned(email: &str) -> Result<Option<Option<u64>>, ConsoleError> {
    let desk = Desk::from_context()?;
    match desk.service().count_owned(&desk.caller()?, email).await {
        Ok(owned) => Ok((owned > 0).then_some(Some(owned))),
        Err(service::Error::Refused(Refusal::TooMany { .. })) => Ok(Some(None)),
        Err(error) => Err(error.into()),
    }
}

//! The people who may sign in, as the pages read them.

use domain::grant::{KeyAct, KeyGrant};
use domain::ids::PersonId;
use domain::invite::Invite;
use domain::key::KeyRow;
use domain::list::{KeyQuery, search};
use domain::page::Page;
use domain::person::{PersonListed, PersonQuery};
use domain::refusal::Refusal;
use domain::role::Rights;
use domain::timestamp::Timestamp;
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
    pub invites: Vec<Invite>,
    /// When they were read.
    pub now: Timestamp,
    /// What the visitor may do.
    pub rights: Rights,
}

/// A person, when they were read, and what the visitor may do.
#[derive(Debug)]
pub struct PersonView {
    pub detail: PersonDetail,
    pub now: Timestamp,
    pub rights: Rights,
}

impl PersonView {
    /// The same, if the visitor may change people of this role.
    pub fn managed(self) -> Result<Self, ConsoleError> {
        let may = self.rights.may(self.detail.person.role.managed_with());
        if may { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }
}

/// A key that may be granted, and what is ticked for it; nothing if it was only found.
pub type Choice = (KeyRow, Vec<KeyAct>);

pub async fn read_people(query: &PersonQuery) -> Result<PeopleList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let page = desk.service().people(&caller, query).await?;
    let invites = desk.service().invites(&caller).await?;
    let ids: Vec<_> = page.rows.iter().map(|person| person.id).collect();
    let providers = desk.service().providers_of(&caller, &ids).await?;
    Ok(PeopleList { page, providers, invites, now: desk.service().now(), rights: caller.rights() })
}

pub async fn read_person(id: &str) -> Result<PersonView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let detail = desk.service().person(&caller, &person_id(id)?).await?;
    Ok(PersonView { detail, now: desk.service().now(), rights: caller.rights() })
}

/// The keys that are ticked, and then those that a search finds.
pub async fn read_choices(grants: &[KeyGrant], find: &str) -> Result<Vec<Choice>, ConsoleError> {
    let desk = Desk::from_context()?;
    let (caller, service, app) = (desk.caller()?, desk.service(), desk.app());
    let acts = |row: &KeyRow| grants.iter().find(|grant| grant.key == row.id).map(|grant| grant.acts.clone());
    let mut choices = Vec::new();
    if !grants.is_empty() {
        let ids: Vec<_> = grants.iter().map(|grant| grant.key).collect();
        let rows = service.some_keys(&caller, &app, &ids).await?.rows;
        choices.extend(rows.into_iter().filter_map(|row| acts(&row).map(|acts| (row, acts))));
    }
    if let Some(search) = search(find) {
        let query = KeyQuery { search: Some(search), ..KeyQuery::default() };
        let rows = service.keys(&caller, &app, &query).await?.rows;
        let new = rows.into_iter().filter(|row| acts(row).is_none()).take(FOUND);
        choices.extend(new.map(|row| (row, Vec::new())));
    }
    Ok(choices)
}

/// Reads a person's id from an address. Invalid text gives `PersonNotFound`, like an unknown id.
pub fn person_id(text: &str) -> Result<PersonId, ConsoleError> {
    PersonId::parse(text).ok_or(ConsoleError::Refused(Refusal::PersonNotFound))
}

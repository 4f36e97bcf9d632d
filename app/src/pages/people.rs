//! The people who may sign in, and the invites that wait.

use domain::ids::{AppId, PersonId};
use domain::invite::Invite;
use domain::person::{PersonFilter, PersonListed, PersonQuery, PersonSort};
use domain::query_string::ListQuery;
use domain::role::{Act, Role};
use domain::sight::Scope;
use domain::text::{SEARCH_MAX, joined};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_query_map;
use service::invites::InviteSeen;

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{read_address, with_query};
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::Pager;
use crate::components::person_status::PersonState;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::keys::may;
use crate::desk::later::later;
use crate::desk::people::{PeopleList, read_people};

/// How many invites are shown above the people. The rest is one press away.
const INVITES_SHOWN: usize = 5;

/// The value of `show` in the address that shows every invite.
const ALL_INVITES: &str = "invites";

#[component]
pub fn PeoplePage() -> impl IntoView {
    let map = use_query_map().get_untracked();
    let all_invites = map.get("show").as_deref() == Some(ALL_INVITES);
    let query: PersonQuery = read_address();
    let asked = query.clone();
    let list = later(async move {
        match read_people(&asked).await {
            Ok(list) => view! { <Found list query=asked all_invites/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="People"/>
        <div class="head">
            <div>
                <h1>"People"</h1>
                <p>"Who can sign in here, and what they may do."</p>
            </div>
            {may(Act::ManageGuests).then(|| view! {
                <div class="actions"><a class="button primary" href="/people/invite">"Invite someone"</a></div>
            })}
        </div>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

fn address(query: &PersonQuery) -> String {
    with_query("/people", &query.to_query_string())
}

#[component]
fn Found(list: PeopleList, query: PersonQuery, all_invites: bool) -> impl IntoView {
    let PeopleList { page, providers, invites, now, confirms } = list;
    let is_plain = query == PersonQuery::default();
    let waiting = (is_plain && !invites.is_empty()).then(|| view! { <Invites invites now all=all_invites/> });
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| address(&PersonQuery { after, before, ..query.clone() }))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first = address(&query.first_page());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let words = "Search looks at names and e-mails. Try fewer letters, or another filter.";
        view! { <Empty heading="Nobody matches" words next=Some(("/people", "Show all people"))/> }.into_any()
    } else {
        view! { <Table rows=page.rows providers confirms now query=query.clone()/> }.into_any()
    };
    view! {
        {waiting}
        <Filters query/>
        {table}
        <Pager total=page.total one="person" several="people" previous next/>
    }
}

#[component]
fn Filters(query: PersonQuery) -> impl IntoView {
    let roles: Vec<_> = Role::ALL
        .iter()
        .map(|role| view! { <option value=role.as_str() selected=query.role == Some(*role)>{role.label()}</option> })
        .collect();
    let statuses: Vec<_> = PersonFilter::ALL
        .iter()
        .map(|status| {
            view! { <option value=status.as_str() selected=query.status == Some(*status)>{status.label()}</option> }
        })
        .collect();
    let sort = (query.sort != PersonSort::default()).then_some(query.sort);
    view! {
        <form class="filters" method="get" action="/people" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search.clone() maxlength=SEARCH_MAX
                aria-label="Search by name or e-mail" placeholder="Name or e-mail" aria-keyshortcuts="/"
                pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="role" aria-label="Role">
                <option value="">"Any role"</option>
                {roles}
            </select>
            <select name="status" aria-label="Status">
                <option value="">"Any status"</option>
                {statuses}
            </select>
            {sort.map(|sort| view! { <input type="hidden" name="sort" value=sort.as_str()/> })}
            {query.descending.then(|| view! { <input type="hidden" name="dir" value="desc"/> })}
            <button class="button">"Apply"</button>
            {query.is_filtered().then(|| view! { <a class="button quiet" href="/people">"Clear"</a> })}
        </form>
    }
}

fn heading(label: &'static str, sort: PersonSort, query: &PersonQuery) -> impl IntoView + use<> {
    let current = query.sort == sort;
    let order = current.then_some(if query.descending { "descending" } else { "ascending" });
    // Dates start with the latest, words with the first.
    let descending = if current { !query.descending } else { sort == PersonSort::LastSignIn };
    let address = address(&PersonQuery { sort, descending, ..query.first_page() });
    view! { <th scope="col" aria-sort=order><a href=address>{label}</a></th> }
}

#[component]
fn Table(
    rows: Vec<PersonListed>,
    providers: Vec<(PersonId, String)>,
    confirms: bool,
    now: Timestamp,
    query: PersonQuery,
) -> impl IntoView {
    let rows: Vec<_> = rows
        .into_iter()
        .map(|person| {
            let address = format!("/people/{}", person.id);
            let by = providers.iter().filter(|(id, _)| *id == person.id).map(|(_, name)| name.as_str());
            let by = Some(joined(by)).filter(|by| !by.is_empty());
            let confirmed = match person.email_confirmed_at {
                Some(_) => Some("confirmed"),
                None => confirms.then_some("not confirmed"),
            };
            view! {
                <tr>
                    <td class="name"><a href=address dir="auto" title=person.name.clone()>{person.name.clone()}</a></td>
                    <td>
                        <bdi>{person.email}</bdi>
                        {confirmed.map(|words| view! { " " <small class="soft">{words}</small> })}
                        {by.map(|by| view! { " " <small class="soft">"by " <bdi>{by}</bdi></small> })}
                    </td>
                    <td>{person.role.label()} " " {limit(&person.apps)}</td>
                    <td><PersonState status=person.status/></td>
                    <td>
                        {match person.last_sign_in_at {
                            Some(at) => view! { <span class="visually-hidden">"Last sign-in "</span><Ago at now/> }.into_any(),
                            None => "Never signed in".into_any(),
                        }}
                    </td>
                    <td>{person.second_factor.label()}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="card sheet" role="region" aria-label="People" tabindex="0">
            <table class="blocks people">
                <caption class="visually-hidden">"People"</caption>
                <thead>
                    <tr>
                        {heading("Name", PersonSort::Name, &query)}
                        {heading("E-mail", PersonSort::Email, &query)}
                        {heading("Role", PersonSort::Role, &query)}
                        <th scope="col">"Status"</th>
                        {heading("Last sign-in", PersonSort::LastSignIn, &query)}
                        <th scope="col">"Second factor"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// To how many apps somebody is limited, if they are.
fn limit(apps: &Scope<AppId>) -> Option<impl IntoView + use<>> {
    let Scope::Only(apps) = apps else { return None };
    let words = if apps.len() == 1 { "1 app".to_owned() } else { format!("{} apps", apps.len()) };
    Some(view! { <small class="soft">{words}</small> })
}

/// The invites that wait, and who sent them.
#[component]
fn Invites(invites: Vec<InviteSeen>, now: Timestamp, all: bool) -> impl IntoView {
    let count = invites.len();
    let shown = if all { count } else { INVITES_SHOWN };
    let rows: Vec<_> = invites.into_iter().take(shown).map(|invite| waiting(invite, now)).collect();
    view! {
        <section class="card" aria-labelledby="invites">
            <header>
                <h2 id="invites">{if count == 1 { "1 invite waits".to_owned() } else { format!("{count} invites wait") }}</h2>
                {(count > shown).then(|| view! { <a href=format!("/people?show={ALL_INVITES}")>"Show all"</a> })}
            </header>
            <ul class="feed invites">{rows}</ul>
        </section>
    }
}

fn waiting(InviteSeen { invite, managed }: InviteSeen, now: Timestamp) -> impl IntoView {
    let Invite { id, email, name, role, keys, made_by: (_, made_by), expires_at, .. } = invite;
    let keys = match keys.len() {
        0 => String::new(),
        1 => ", 1 key".to_owned(),
        several => format!(", {several} keys"),
    };
    let until = if expires_at <= now {
        view! { <span class="status expired">"Link expired"</span> }.into_any()
    } else {
        view! { "until " <Time at=expires_at/> }.into_any()
    };
    let acts = managed.then(|| {
        let address = |act: &str| format!("/people/invites/{id}/{act}");
        view! {
            <span class="inline">
                <a class="button quiet" href=address("renew")>
                    "Send again" <span class="visually-hidden">" the invite of " {email.clone()}</span>
                </a>
                <a class="button quiet danger" href=address("revoke")>
                    "Revoke…" <span class="visually-hidden">" the invite of " {email.clone()}</span>
                </a>
            </span>
        }
    });
    view! {
        <li>
            <span>
                <b dir="auto">{name}</b> " " <bdi>{email.clone()}</bdi>
                <small class="soft">{format!(" {}{keys}, sent by ", role.label())} <bdi>{made_by}</bdi> ", " {until}</small>
            </span>
            {acts}
        </li>
    }
}

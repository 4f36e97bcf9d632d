//! The key list. Its state is in the address. Dialogs open over it in the outlet.

use domain::calls::Period;
use domain::environment::Environment;
use domain::field::Field;
use domain::key::KeyRow;
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, StatusFilter};
use domain::page::Capped;
use domain::role::Rights;
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use domain::token::{CHECKSUM_LEN, SECRET_LEN};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;

use super::key::KeyBehind;
use crate::addresses::{act_address, key_behind, list_address, list_query, with_query};
use crate::components::chart::spark::Spark;
use crate::components::failed::Failed;
use crate::components::key_status::KeyStatus;
use crate::components::pager::Pager;
use crate::components::time::{Ago, LastUsed};
use crate::desk::keys::{KeyList, read_keys};

/// The list, or the page of a key, with the dialog that its address opens over it.
#[component]
pub fn KeysPage() -> impl IntoView {
    match key_behind() {
        Some(id) => view! { <KeyBehind id/> <Outlet/> }.into_any(),
        None => view! { <List/> <Outlet/> }.into_any(),
    }
}

#[component]
fn List() -> impl IntoView {
    let query = list_query();
    let audit = with_query("/keys/audit", &query.to_query_string());
    let generate = generate_address(query.kind);
    let heading = query.kind.and_then(|kind| kind.rules().list).unwrap_or("API Keys");
    let asked = query.clone();
    let list = Suspend::new(async move {
        match read_keys(&asked).await {
            Ok(list) => view! { <Found list query=asked/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="API Keys"/>
        <div class="head">
            <div>
                <h1>{heading}</h1>
                <p>"Every key, its restrictions and its last use."</p>
            </div>
            <div class="actions">
                <a class="button quiet" href="/keys/new?kind=open_connect">"Setup Integration"</a>
                <a class="button" href=audit>"Audit"</a>
                <a class="button primary" href=generate>"Generate New Key"</a>
            </div>
        </div>
        <Filters query=query.clone()/>
        {narrowed(&query)}
        {list}
    }
}

#[component]
fn Filters(query: KeyQuery) -> impl IntoView {
    let kinds: Vec<_> = KeyKind::issuable()
        .map(|kind| {
            let chosen = query.kind == Some(kind);
            view! { <option value=kind.as_str() selected=chosen>{kind.label()}</option> }
        })
        .collect();
    let statuses: Vec<_> = StatusFilter::ALL
        .iter()
        .map(|status| {
            let chosen = query.status == Some(*status);
            view! { <option value=status.as_str() selected=chosen>{status.label()}</option> }
        })
        .collect();
    let environments: Vec<_> = Environment::ALL
        .iter()
        .map(|environment| {
            let chosen = query.environment == Some(*environment);
            view! { <option value=environment.as_str() selected=chosen>{environment.label()}</option> }
        })
        .collect();
    let sort = (query.sort != KeySort::default()).then_some(query.sort);
    view! {
        <form class="filters" method="get" action="/keys" role="search">
            <input type="search" name="q" data-search value=query.search.clone() maxlength=SEARCH_MAX
                aria-label="Search by name, id or external id" placeholder="Name, id or external id" aria-keyshortcuts="/"
                // Keeps a secret out of the address: in a whole key, which no script has cut to its id, and by itself,
                // without an id.
                pattern=secretless() title="This looks like the secret of a key. Search by name or id instead."
                autocomplete="off" spellcheck="false"/>
            <select name="kind" aria-label="Kind">
                <option value="">"Any kind"</option>
                {kinds}
            </select>
            <select name="status" aria-label="Status">
                <option value="">"Any status"</option>
                {statuses}
            </select>
            <select name="environment" aria-label="Environment">
                <option value="">"Any environment"</option>
                {environments}
            </select>
            {query.owner.clone().map(|owner| view! { <input type="hidden" name="owner" value=owner/> })}
            {query.tag.clone().map(|tag| view! { <input type="hidden" name="tag" value=tag/> })}
            {sort.map(|sort| view! { <input type="hidden" name="sort" value=sort.as_str()/> })}
            {query.descending.then(|| view! { <input type="hidden" name="dir" value="desc"/> })}
            <button class="button">"Apply"</button>
            {query.is_filtered().then(|| view! { <a class="button quiet" href="/keys">"Clear"</a> })}
        </form>
    }
}

/// Matches what `token::without_secrets` leaves as it is: no run as long as a secret, unless it is all small hexadecimal
/// digits.
pub fn secretless() -> String {
    let length = SECRET_LEN + CHECKSUM_LEN;
    format!("(?!.*(?![0-9a-f]{{{length}}})[0-9A-Za-z]{{{length}}}).*")
}

/// The filters that have no field of their own, each with a link that removes it.
fn narrowed(query: &KeyQuery) -> impl IntoView + use<> {
    let owner = query.owner.clone().map(|owner| {
        let without = list_address(&KeyQuery { owner: None, ..query.first_page() });
        (Field::Owner.label(), owner, without)
    });
    let tag = query.tag.clone().map(|tag| {
        let without = list_address(&KeyQuery { tag: None, ..query.first_page() });
        ("Tag", tag, without)
    });
    let chips: Vec<_> = [owner, tag]
        .into_iter()
        .flatten()
        .map(|(label, value, without)| {
            let words = format!("{label}: {value}");
            view! { <li><a class="chip" href=without aria-label=format!("{words}, remove")>{words.clone()} " ✕"</a></li> }
        })
        .collect();
    (!chips.is_empty()).then(|| view! { <ul class="chips">{chips}</ul> })
}

#[component]
fn Found(list: KeyList, query: KeyQuery) -> impl IntoView {
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| list_address(&KeyQuery { after, before, ..query.clone() }))
    };
    let previous = turn(None, list.page.previous);
    let next = turn(list.page.next, None);
    let (total, now, rights) = (list.page.total, list.now, list.rights);
    if list.page.rows.is_empty() {
        return match previous {
            Some(previous) => view! { <NothingMore total previous/> }.into_any(),
            None => empty(&query),
        };
    }
    let rows = list.page.rows.into_iter().zip(list.calls);
    let rows: Vec<_> = rows.map(|(row, calls)| line(row, calls, now, rights, &query)).collect();
    let searching = query.search.is_some();
    view! {
        <div class="card sheet" role="region" aria-label="Keys" tabindex="0">
            // The roles keep it a table for screen readers when the style no longer lays it out as one.
            <table class="keys" role="table">
                <caption class="visually-hidden">"API keys"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {heading("Name", "", KeySort::Name, &query)}
                        <th role="columnheader" class="sort-of">"Kind"</th>
                        <th role="columnheader" class="masked">"Key"</th>
                        <th role="columnheader" class="state">"Status"</th>
                        <th role="columnheader" class="restrictions">"Restrictions"</th>
                        <th role="columnheader" class="day">"Last 24 hours"</th>
                        {heading("Created", "created", KeySort::Created, &query)}
                        {heading("Last used", "used", KeySort::LastUsed, &query)}
                        <th role="columnheader" class="end"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
        <Pager total one="key" previous next/>
        {searching.then(|| view! { <p class="soft">"Sorted by name."</p> })}
    }
    .into_any()
}

/// Shown if every key of the page has left the list.
#[component]
fn NothingMore(total: Capped, previous: String) -> impl IntoView {
    let title = "This page is empty".to_owned();
    let words = "The keys on this page were deleted or no longer match. The keys before them are still there.";
    view! {
        {nothing(title, words, previous.clone(), "Show the previous page")}
        <Pager total one="key" previous=Some(previous) next=None/>
    }
}

/// What to do where there is nothing to show.
fn empty(query: &KeyQuery) -> AnyView {
    let only_kind = KeyQuery { kind: query.kind, ..KeyQuery::default() };
    let (title, words, address, action) = if query.first_page() == only_kind {
        let title = query.kind.map_or("No keys yet".to_owned(), |kind| format!("No {} keys yet", kind.label()));
        let words = "A key lets a program call your API. Its secret is shown once. The key works once you confirm that \
                     you have stored it.";
        (title, words, generate_address(query.kind), "Generate New Key")
    } else {
        let words = match query.status {
            _ if query.search.is_some() => {
                "Search looks at the beginning of names, ids and external ids. Try fewer letters, or another filter."
            }
            Some(StatusFilter::Accepted) => "No matching key had an accepted call in the last 24 hours.",
            Some(StatusFilter::Refused) => "No matching key had a refused call in the last 24 hours.",
            _ => "Try another filter.",
        };
        ("No keys match".to_owned(), words, "/keys".to_owned(), "Show all keys")
    };
    nothing(title, words, address, action)
}

/// A card in place of the list, with one thing to do next.
fn nothing(title: String, words: &'static str, address: String, action: &'static str) -> AnyView {
    view! {
        <div class="card">
            <div class="empty">
                <h2>{title}</h2>
                <p>{words}</p>
                <a class="button primary" href=address>{action}</a>
            </div>
        </div>
    }
    .into_any()
}

/// The address of the wizard, for the kind that the list shows.
fn generate_address(kind: Option<KeyKind>) -> String {
    kind.map_or_else(|| "/keys/new".to_owned(), |kind| format!("/keys/new?kind={}", kind.as_str()))
}

/// A column that sorts. Search results have one order, by name.
fn heading(label: &'static str, class: &'static str, sort: KeySort, query: &KeyQuery) -> AnyView {
    let current = query.sort == sort;
    let order = current.then_some(if query.descending { "descending" } else { "ascending" });
    if query.search.is_some() {
        return view! { <th role="columnheader" class=class>{label}</th> }.into_any();
    }
    // Dates start with the latest, names with the first.
    let descending = if current { !query.descending } else { sort != KeySort::Name };
    let address = list_address(&KeyQuery { sort, descending, after: None, before: None, ..query.clone() });
    view! { <th role="columnheader" class=class aria-sort=order><a href=address>{label}</a></th> }.into_any()
}

fn line(row: KeyRow, calls: Vec<Period>, now: Timestamp, rights: Rights, query: &KeyQuery) -> AnyView {
    let status = row.status(now);
    let menu = format!("menu-{}", row.id.as_str());
    let menu_of = menu.clone();
    let whole = KeyQuery::default();
    let actions: Vec<_> = super::key::acts(row.kind, status, rights)
        .map(|act| {
            // This page has its own query, which must not mix with the list's.
            let kept = if act.path == super::key::WHY.path { &whole } else { query };
            let address = act_address(row.id.as_str(), act.path, kept);
            let class = if act.grave { "danger" } else { "" };
            view! { <li><a class=class href=address>{act.label}</a></li> }
        })
        .collect();
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <a href=format!("/keys/{}", row.id.as_str()) dir="auto" title=row.name.clone()>{row.name.clone()}</a>
                <small>{row.kind.label()} " · " <span class="mono">{row.masked()}</span></small>
            </td>
            <td role="cell" class="sort-of">{row.kind.label()}</td>
            <td role="cell" class="masked"><span class="mono">{row.masked()}</span></td>
            <td role="cell" class="state"><KeyStatus status now/></td>
            <td role="cell" class="restrictions soft">{restrictions(&row)}</td>
            <td role="cell" class="day"><Spark periods=calls/></td>
            <td role="cell" class="created"><Ago at=row.created_at now/></td>
            <td role="cell" class="used"><LastUsed at=row.last_used_at now/></td>
            <td role="cell" class="end">
                <button type="button" class="more" popovertarget=menu_of aria-label=format!("Actions for {}", row.name)>
                    "⋯"
                </button>
                <ul class="menu" popover id=menu>{actions}</ul>
            </td>
        </tr>
    }
    .into_any()
}

/// The restrictions that a list knows. It knows nothing of blocked networks, so it must not call a key unrestricted by
/// address.
fn restrictions(row: &KeyRow) -> String {
    let count = |n: u32, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if row.cidr_count > 0 {
        parts.push(count(row.cidr_count, "network"));
    }
    if row.domain_count > 0 {
        parts.push(count(row.domain_count, "domain"));
    }
    parts.join(" · ")
}

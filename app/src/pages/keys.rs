//! The key list. Its state is in the address. Dialogs open over it in the outlet.

use domain::kind::KeyKind;
use domain::list::{KeyQuery, Rows, StatusFilter};
use domain::page::Capped;
use domain::query_string::ListQuery;
use domain::role::Act;
use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::key::OneKey;
use super::key_rotate::RotatedSecret;
use super::keys_bulk::BulkBar;
use super::keys_filters::{Chips, Filters};
use super::keys_table::KeysTable;
use super::keys_views::Views;
use crate::addresses::{key_behind, list_address, list_query, with_query};
use crate::components::app_switch::ArchivedNote;
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::{Exports, Pager};
use crate::components::title::Title;
use crate::desk::keys::{KeyList, may_change_keys, read_keys};
use crate::desk::later::later;
use crate::forms::outcome::PostedForm;
use crate::forms::rotation::{NewerSecret, OverlapForm};

/// The list, or the page of a key, with the dialog that its address opens over it. A new secret is shown alone.
#[component]
pub fn KeysPage() -> impl IntoView {
    if let Some(PostedForm { outcome: Ok(rotated), .. }) = PostedForm::<OverlapForm, NewerSecret>::take() {
        return view! { <RotatedSecret rotated/> }.into_any();
    }
    match key_behind() {
        Some(id) => view! { <OneKey id=id.to_string()/> <Outlet/> }.into_any(),
        None => view! { <List/> <Outlet/> }.into_any(),
    }
}

#[component]
fn List() -> impl IntoView {
    let query = list_query();
    let audit = with_query("/keys/audit", &query.to_query_string());
    let generate = generate_address(query.kind);
    let changes = may_change_keys();
    let heading = query.kind.and_then(|kind| kind.rules().list).unwrap_or("API Keys");
    let create = create_label(query.kind);
    let asked = query.clone();
    let list = later(async move {
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
                <p class="wide">"Every key, its restrictions and its last use."</p>
            </div>
            <div class="actions">
                {changes.then(|| view! {
                    <a class="button quiet" href="/keys/new?kind=open_connect">"Setup Integration"</a>
                })}
                {changes.then(|| view! { <a class="button quiet" href="/keys/handovers">"Hand-overs"</a> })}
                <a class="button wide" href=audit>"Audit"</a>
                {changes.then(|| view! { <a class="button primary" href=generate>{create}</a> })}
            </div>
        </div>
        <Views query=query.clone()/>
        <Filters query=query.clone()/>
        <Chips query=query.clone()/>
        <Ignored query/>
        {list}
    }
}

#[component]
fn Found(list: KeyList, query: KeyQuery) -> impl IntoView {
    let page = &list.page;
    let size = query.rows.count();
    let number = query.page.unwrap_or(1);
    let places = page.places(query.page, size);
    let turn = |after: Option<String>, before: Option<String>, page: u32| {
        let page = Some(page).filter(|page| *page > 1);
        (after.is_some() || before.is_some()).then(|| list_address(&KeyQuery { after, before, page, ..query.clone() }))
    };
    let previous = turn(None, page.previous.clone(), number.saturating_sub(1));
    let next = turn(page.next.clone(), None, number.saturating_add(1));
    let total = page.total;
    if page.rows.is_empty() {
        return match previous {
            Some(previous) => view! { <NothingMore total previous/> }.into_any(),
            None => empty(&query),
        };
    }
    let sizes = (total.more || total.n > Rows::default().count()).then(|| sizes(&query));
    let searching = query.search.is_some();
    let exported = KeyQuery { rows: Rows::default(), ..query.first_page() }.to_query_string();
    let changes = list.rights.may(Act::ChangeKeys);
    let only = list.only.as_ref().map(|app| app.id.to_string());
    let bar = changes.then(|| view! { <BulkBar query=query.clone() total only/> });
    let archived = list.only.as_ref().is_some_and(|app| app.archived_at.is_some());
    view! {
        {archived.then(|| view! { <ArchivedNote/> })}
        <KeysTable list query/>
        {bar}
        <Pager total one="key" places=Some(places) previous next>
            {sizes}
            <Exports path="/keys" query=exported/>
        </Pager>
        {searching.then(|| view! { <p class="soft">"Names that begin with it come first."</p> })}
    }
    .into_any()
}

/// How many rows a page shows, each number a link.
fn sizes(query: &KeyQuery) -> impl IntoView + use<> {
    let links: Vec<_> = Rows::ALL
        .iter()
        .map(|rows| {
            let address = list_address(&KeyQuery { rows: *rows, ..query.first_page() });
            if *rows == query.rows {
                return view! { " " <b aria-current="true">{rows.as_str()}</b> }.into_any();
            }
            view! { " " <a href=address>{rows.as_str()}</a> }.into_any()
        })
        .collect();
    view! { <span class="soft">"Rows:" {links}</span> }
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
    let (title, words, address, action) = if query.first_page() == only_kind && !may_change_keys() {
        let title = query.kind.map_or("No keys yet".to_owned(), |kind| format!("No {} yet", kind.rules().keys()));
        (title, "There is no key that you may see.", "/".to_owned(), "Dashboard")
    } else if query.first_page() == only_kind {
        let title = query.kind.map_or("No keys yet".to_owned(), |kind| format!("No {} yet", kind.rules().keys()));
        let words = "A key lets a program call your API. Its secret is shown once. The key works once you confirm that \
                     you have stored it.";
        (title, words, generate_address(query.kind), create_label(query.kind))
    } else {
        let words = match query.status {
            _ if query.search.is_some() => {
                "Search looks at the beginning of words in names, of ids and external ids. Try fewer letters, or another filter."
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

/// What the way to a new key is called: a kind with a list of its own has the word of its users.
fn create_label(kind: Option<KeyKind>) -> &'static str {
    if kind.is_some_and(|kind| kind.rules().list.is_some()) { "Create" } else { "Generate New Key" }
}

/// The address of the wizard, for the kind that the list shows.
fn generate_address(kind: Option<KeyKind>) -> String {
    kind.map_or_else(|| "/keys/new".to_owned(), |kind| format!("/keys/new?kind={}", kind.as_str()))
}

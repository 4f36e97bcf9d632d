//! The integrations of an app: the list.

use domain::integration::{Integration, IntegrationKind, IntegrationQuery, IntegrationStatus};
use domain::page::Page;
use domain::query_string::ListQuery;
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{read_address, with_query};
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::Pager;
use crate::components::sheet::Sheet;
use crate::components::time::Ago;
use crate::components::title::Title;
use crate::desk::integrations::{IntegrationList, address, may_create, read_integrations};
use crate::desk::later::later;

#[component]
pub fn IntegrationsPage() -> impl IntoView {
    let query: IntegrationQuery = read_address();
    let asked = query.clone();
    let creates = may_create().is_ok();
    let list = later(async move {
        match read_integrations(&asked).await {
            Ok(IntegrationList { page: Some(page), now, manages }) => {
                view! { <Found page now manages query=asked/> }.into_any()
            }
            Ok(IntegrationList { page: None, .. }) => choose_first().into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Integrations"/>
        <div class="head">
            <div>
                <h1>"Integrations"</h1>
                <p>"What connects an app with other systems. Its webhooks are told what happens in the app."</p>
            </div>
            <div class="actions">
                <a class="button" href="/integrations/setup">"Setup Integration"</a>
                {creates.then(|| view! { <a class="button primary" href="/integrations/new">"Add an integration"</a> })}
            </div>
        </div>
        <Ignored query/>
        {list}
    }
}

fn choose_first() -> impl IntoView {
    let words = "Each integration belongs to one app. Choose it in the menu, or in the list of apps.";
    view! { <Empty heading="Choose an app" words next=Some(("/apps", "Apps"))/> }
}

#[component]
fn Found(page: Page<Integration>, now: Timestamp, manages: bool, query: IntegrationQuery) -> impl IntoView {
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| {
            with_query("/integrations", &IntegrationQuery { after, before, ..query.clone() }.to_query_string())
        })
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first =
        with_query("/integrations", &IntegrationQuery { after: None, before: None, ..query.clone() }.to_query_string());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let filtered = query.is_filtered();
        let (heading, words) = if filtered {
            (
                "No integrations here",
                "Search looks at the beginning of names, and at whole ids. Try fewer letters, or another kind.",
            )
        } else {
            (
                "No integrations yet",
                "An integration tells your own systems what happens in the app, and has keys with which they chat. \
                 Those for events appear here with their first key.",
            )
        };
        let create = manages.then_some(("/integrations/new", "Add an integration"));
        let next = if filtered { Some(("/integrations", "Show all integrations")) } else { create };
        view! { <Empty heading words next/> }.into_any()
    } else {
        let rows: Vec<_> = page.rows.into_iter().map(|one| line(one, now)).collect();
        let columns = vec!["Name", "Kind", "Status", "Webhooks", "Created"];
        view! { <Sheet name="Integrations" columns>{rows}</Sheet> }.into_any()
    };
    view! {
        <Filters query/>
        {table}
        <Pager total=page.total one="integration" previous next/>
    }
}

fn line(integration: Integration, now: Timestamp) -> impl IntoView {
    let name = integration.shown_name().to_owned();
    let webhooks = match integration.webhooks.len() {
        0 => "None".to_owned(),
        1 => "1 webhook".to_owned(),
        several => format!("{several} webhooks"),
    };
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <a href=address(&integration.id) dir="auto" title=name.clone()>{name.clone()}</a>
            </td>
            <td role="cell">{integration.kind.label()}</td>
            <td role="cell">{state(integration.status)}</td>
            <td role="cell"><span class="keys-word">"Webhooks: "</span> {webhooks}</td>
            <td role="cell" class="soft"><span class="keys-word">"Created "</span> <Ago at=integration.created_at now/></td>
        </tr>
    }
}

/// Whether the webhooks of an integration are told what happens, by word and colour.
pub(super) fn state(status: IntegrationStatus) -> impl IntoView + use<> {
    let class = match status {
        IntegrationStatus::Active => "status active",
        IntegrationStatus::Inactive => "status disabled",
        IntegrationStatus::Error => "status revoked",
    };
    view! { <span class=class>{status.label()}</span> }
}

#[component]
fn Filters(query: IntegrationQuery) -> impl IntoView {
    let filtered = query.is_filtered();
    let kinds: Vec<_> = IntegrationKind::ALL
        .iter()
        .map(|kind| view! { <option value=kind.as_str() selected=query.kinds.contains(kind)>{kind.label()}</option> })
        .collect();
    view! {
        <form class="filters" method="get" action="/integrations" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search maxlength=SEARCH_MAX aria-label="Search by name or id"
                placeholder="Name or id" aria-keyshortcuts="/" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="kind" aria-label="Kind">
                <option value="">"Any kind"</option>
                {kinds}
            </select>
            <button class="button">"Apply"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/integrations">"Clear"</a> })}
        </form>
    }
}

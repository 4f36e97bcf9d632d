//! The rows of the key list.

use domain::calls::Period;
use domain::ids::KeyId;
use domain::key::KeyRow;
use domain::list::{KeyQuery, KeySort};
use domain::role::{Act, Rights};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::keys_bulk::FORM;
use crate::addresses::{act_address, list_address};
use crate::components::chart::spark::Spark;
use crate::components::icon::{Drawn, Icon};
use crate::components::key_status::{KeyStatus, RotationOverdue};
use crate::components::time::{Ago, LastUsed};
use crate::desk::keys::{KeyList, read_some_keys};
use crate::error::ConsoleError;
use crate::forms::bulk::KEY;
use crate::forms::key::BACK;
use crate::islands::rows::Row;

#[component]
pub fn KeysTable(list: KeyList, query: KeyQuery) -> impl IntoView {
    let ticks = list.rights.may(Act::ChangeKeys);
    let rows: Vec<_> = lines(list, &query).map(|(_, line)| line).collect();
    view! {
        <div class="card sheet" role="region" aria-label="Keys" tabindex="0">
            // The roles keep it a table for screen readers when the style no longer lays it out as one.
            <table class="keys" role="table">
                <caption class="visually-hidden">"API keys"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {ticks.then(|| view! {
                            <th role="columnheader" class="tick">
                                <input class="alive-only" type="checkbox" data-tick-all aria-label="Tick all on this page"/>
                            </th>
                        })}
                        {heading("Name", "of-name", KeySort::Name, &query)}
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
    }
}

/// These rows as they are now, for a list with this query. What the visitor may not see any longer is left out.
pub async fn rows_now(ids: &[KeyId], query: &KeyQuery) -> Result<Vec<Row>, ConsoleError> {
    let lines = lines(read_some_keys(ids).await?, query);
    Ok(lines.map(|(id, line)| Row { id: id.as_str().to_owned(), html: line.to_html() }).collect())
}

/// The rows of a list, each with the id of its key.
fn lines(list: KeyList, query: &KeyQuery) -> impl Iterator<Item = (KeyId, AnyView)> {
    let KeyList { page, calls, on, now, rights, apps, .. } = list;
    let ticks = rights.may(Act::ChangeKeys);
    let rows = page.rows.into_iter().zip(calls).zip(on);
    let apps = apps.into_iter().map(Some).chain(std::iter::repeat(None));
    rows.zip(apps).map(move |(((row, calls), on), app)| (row.id, line(row, app, calls, now, on, ticks, query)))
}

/// A column that sorts. A search has an order of its own.
fn heading(label: &'static str, class: &'static str, sort: KeySort, query: &KeyQuery) -> AnyView {
    let current = query.sort == sort;
    let order = current.then_some(if query.descending { "descending" } else { "ascending" });
    if query.search.is_some() {
        return view! { <th role="columnheader" class=class>{label}</th> }.into_any();
    }
    // Dates start with the latest, names with the first.
    let descending = if current { !query.descending } else { sort != KeySort::Name };
    let address = list_address(&KeyQuery { sort, descending, ..query.first_page() });
    view! { <th role="columnheader" class=class aria-sort=order><a href=address>{label}</a></th> }.into_any()
}

fn line(
    row: KeyRow,
    app: Option<String>,
    calls: Vec<Period>,
    now: Timestamp,
    on: Rights,
    ticks: bool,
    query: &KeyQuery,
) -> AnyView {
    let status = row.status(now);
    let dot = app.is_some().then(|| view! { <i>" · "</i> });
    let menu = format!("menu-{}", row.id.as_str());
    let menu_of = menu.clone();
    let whole = KeyQuery::default();
    let actions: Vec<_> = super::key::acts(status, on)
        .map(|act| {
            // This page has its own query, which must not mix with the list's.
            let kept = if act.path == super::key::WHY.path { &whole } else { query };
            let address = act_address(row.id.as_str(), act.path, kept);
            let class = act.grave.then_some("danger");
            if !act.at_once {
                return view! { <li><a class=class href=address>{act.label}</a></li> }.into_any();
            }
            // The message afterwards offers to undo it.
            let address = act_address(row.id.as_str(), act.path, &whole);
            view! {
                <li>
                    <form method="post" action=address>
                        <input type="hidden" name=BACK value=list_address(query)/>
                        <button>{act.label.trim_end_matches('…')}</button>
                    </form>
                </li>
            }
            .into_any()
        })
        .collect();
    view! {
        <tr role="row">
            {ticks.then(|| view! {
                <td role="cell" class="tick">
                    <input type="checkbox" form=FORM name=KEY value=row.id.as_str().to_owned()
                        aria-label=format!("Tick {}", row.name)/>
                </td>
            })}
            <td role="cell" class="name">
                <a href=format!("/keys/{}", row.id.as_str()) dir="auto" title=row.name.clone()>{row.name.clone()}</a>
                <small class="dots">
                    {app.map(|app| view! { <span class="app" dir="auto" title=app.clone()>{app.clone()}</span> })}
                    <span>{dot} {row.kind.label()}</span><span class="mono"><i>" · "</i>{row.masked()}</span>
                </small>
            </td>
            <td role="cell" class="sort-of">{row.kind.label()}</td>
            <td role="cell" class="masked"><span class="mono">{row.masked()}</span></td>
            <td role="cell" class="state"><KeyStatus status now/>{row.is_rotation_overdue(now).then(|| view! { " " <RotationOverdue/> })}</td>
            <td role="cell" class="restrictions soft" title=restrictions(&row)>{restrictions(&row)}</td>
            <td role="cell" class="day"><Spark periods=calls/></td>
            <td role="cell" class="created"><Ago at=row.created_at now/></td>
            <td role="cell" class="used"><LastUsed at=row.last_used_at now/></td>
            <td role="cell" class="end">
                <button type="button" class="more" popovertarget=menu_of aria-label=format!("Actions for {}", row.name)>
                    <Drawn icon=Icon::More/>
                </button>
                <ul class="menu" popover id=menu>{actions}</ul>
            </td>
        </tr>
    }
    .into_any()
}

/// Where a key may be used from, and what it may do.
fn restrictions(row: &KeyRow) -> String {
    let parts = [
        (row.cidr_count, "network"),
        (row.denied_cidr_count, "blocked network"),
        (row.domain_count, "domain"),
        (row.permission_count, "permission"),
    ];
    let count = |(n, one): (u32, &str)| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let parts: Vec<_> = parts.into_iter().filter(|(n, _)| *n > 0).map(count).collect();
    if parts.is_empty() { "Any address".to_owned() } else { parts.join(" · ") }
}

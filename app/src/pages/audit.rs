//! The audit: all of it, or what a form asks for, with a strip of events by day above.

use domain::audit::Action;
use domain::audit_query::AuditQuery;
use domain::ids::PersonId;
use domain::query_string::ListQuery;
use domain::role::Act;
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{read_address, with_query};
use crate::components::audit_table::{AuditTable, told};
use crate::components::chart::days::Days;
use crate::components::empty::PastTheEnd;
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::{Exports, Pager};
use crate::components::title::Title;
use crate::desk::apps::read_choice;
use crate::desk::audit::{name_of, read_audit, read_days};
use crate::desk::keys::{key_id, may};
use crate::desk::later::later;
use crate::error::ConsoleError;

#[component]
pub fn AuditPage() -> impl IntoView {
    let map = use_query_map().get_untracked();
    // A whole key is cut to its id.
    let key = map.get("key").as_deref().and_then(domain::list::search);
    let query: AuditQuery = read_address();
    let (asked, only_key) = (query.clone(), key.clone());
    let record = later(async move {
        match found(asked, only_key.as_deref()).await {
            Ok(found) => found,
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Audit"/>
        <div class="head">
            <div>
                <h1>"Audit"</h1>
                <p>{if may(Act::SeeAudit) {
                    "Every change, who made it and when. Nobody can edit it."
                } else {
                    "What you did here, and when. Nobody can edit it."
                }}</p>
            </div>
        </div>
        <Question query=query.clone() key/>
        <Ignored query/>
        {record}
    }
}

async fn found(query: AuditQuery, key: Option<&str>) -> Result<AnyView, ConsoleError> {
    let query = AuditQuery { key: key.map(key_id).transpose()?, ..query };
    let (page, days) = (read_audit(&query).await?, read_days(&query).await?);
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| address(&AuditQuery { after, before, ..query.clone() }))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let day = |day: Timestamp| address(&AuditQuery { from: Some(day), to: Some(day), ..query.first_page() });
    let narrowed = query.from.is_some() || query.to.is_some();
    let is_chosen = |day: Timestamp| {
        narrowed && query.from.is_none_or(|from| from <= day) && query.until().is_none_or(|until| day < until)
    };
    let nothing = (page.rows.is_empty() && query.is_filtered() && !is_past).then(|| {
        let words = match (query.from, query.to) {
            (Some(from), Some(to)) if from > to => "The first day is after the last one.",
            _ if query.name.is_some() => "No events match. Names are searched by their beginning.",
            _ => "No events match.",
        };
        view! { <p class="soft">{words}</p> }
    });
    let follows = query.key.is_none() && query.person_id.is_none();
    let only = if follows { read_choice().await.and_then(|choice| choice.one) } else { None };
    let only = only.map(|app| {
        view! {
            <p class="soft">
                "Only events of the app " <bdi>{app.name}</bdi> ". Those of people and settings belong to no app: to see them, show all apps."
            </p>
        }
    });
    let past = is_past.then(|| view! { <PastTheEnd first=address(&query.first_page())/> });
    let folded = told(page.rows.clone()).len() < page.rows.len();
    let table = (nothing.is_none() && !is_past).then(|| view! { <AuditTable rows=page.rows with_subject=true/> });
    Ok(view! {
        {only}
        <Days days link=day is_chosen/>
        {nothing}
        {past}
        {table}
        {folded.then(|| view! { <p class="soft">"“Issued and confirmed” is one line for two events."</p> })}
        <Pager total=page.total one="event" previous next>
            {may(Act::ExportAudit).then(|| view! {
                <Exports path="/audit" query=query.first_page().to_query_string()/>
            })}
        </Pager>
    }
    .into_any())
}

fn address(query: &AuditQuery) -> String {
    with_query("/audit", &query.to_query_string())
}

/// Whom the audit is narrowed to.
fn whom(person: PersonId) -> impl IntoView {
    later(async move { name_of(&person).await.ok().map(|name| view! { <bdi>{name}</bdi> }) })
}

/// The one form: about which key, by whom, what and when.
#[component]
fn Question(query: AuditQuery, key: Option<String>) -> impl IntoView {
    let actions: Vec<_> = Action::ALL
        .iter()
        .map(|action| {
            let chosen = query.action == Some(*action);
            view! { <option value=action.as_str() selected=chosen>{action.label()}</option> }
        })
        .collect();
    let date = |day: Option<Timestamp>| day.map(Timestamp::to_date);
    let filtered = query.is_filtered() || key.is_some();
    view! {
        <form class="filters" method="get" action="/audit" role="search">
            {key.map(|key| view! {
                <input type="hidden" name="key" value=key.clone()/>
                <span class="chip">"Only key " <span class="mono">{key}</span></span>
            })}
            {query.person_id.map(|person| view! {
                <input type="hidden" name="person_id" value=person.to_string()/>
                <span class="chip">"Only by or about " {whom(person)}</span>
            })}
            <input type="search" name="name" value=query.name.clone() maxlength=SEARCH_MAX aria-label="Name of a key"
                pattern=secretless() title=SEARCH_TAKES placeholder="Name of a key" autocomplete="off" spellcheck="false"/>
            <input type="search" name="person" value=query.person.clone() maxlength=SEARCH_MAX aria-label="Person"
                pattern=secretless() title=SEARCH_TAKES placeholder="Person: e-mail or name" autocomplete="off" spellcheck="false"/>
            <select name="action" aria-label="Action">
                <option value="">"Any action"</option>
                {actions}
            </select>
            <label class="date">"From" <input type="date" name="from" value=date(query.from) title="UTC"/></label>
            <label class="date">"To" <input type="date" name="to" value=date(query.to) title="UTC"/></label>
            <button class="button">"Search"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/audit">"Show all"</a> })}
        </form>
    }
}

//! The events that programs report to an integration: those on its page, and the page of one.

use domain::event::{AGENT_ID_MAX, CRM_ID_MAX, EVENT_NAME_MAX, EVENT_NAMES, Event, EventQuery, why_no_event};
use domain::integration::Integration;
use domain::list::{search_of, shown_again};
use domain::page::Page;
use domain::query_string::ListQuery;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde_json::Value;

use super::integration::not_there;
use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{address_pairs, with_query};
use crate::components::empty::PAST_THE_END;
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::Pager;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::events::{EventView, read_event, read_events};
use crate::desk::integrations::address;
use crate::desk::later::later;

/// The filters by a text: the name in an address, the label, and the most characters.
const TEXTS: [(&str, &str, usize); 3] =
    [("event", "Event", EVENT_NAME_MAX), ("crm", "CRM", CRM_ID_MAX), ("agent", "Agent", AGENT_ID_MAX)];

/// A filter by a text, as somebody asked for it.
#[derive(Debug)]
struct Asked {
    name: &'static str,
    label: &'static str,
    most: usize,
    text: Option<String>,
    /// Why no event can have it.
    why: Option<String>,
}

/// What the address of the page asks a filter for.
fn asked((name, label, most): (&'static str, &'static str, usize)) -> Asked {
    let pairs = address_pairs();
    let text = pairs.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str());
    let why = why_no_event(text, most);
    let text = if why.is_some() { Some(shown_again(text)) } else { search_of(text, most) };
    Asked { name, label, most, text, why }
}

/// The events of an integration, with their filter.
#[component]
pub fn Events(integration: Integration, query: EventQuery, now: Timestamp) -> impl IntoView {
    let (shown, asked) = (query.clone(), TEXTS.map(asked));
    let list = later(async move {
        match read_events(&integration, &query).await {
            Ok(page) => view! { <Found page address=address(&integration.id) query asked now/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Ignored query=shown/>
        {list}
    }
}

#[component]
fn Found(
    page: Page<Event>,
    address: String,
    query: EventQuery,
    asked: [Asked; TEXTS.len()],
    now: Timestamp,
) -> impl IntoView {
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some())
            .then(|| with_query(&address, &EventQuery { after, before, ..query.clone() }.to_query_string()))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first = with_query(&address, &EventQuery { after: None, before: None, ..query.clone() }.to_query_string());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let is_filtered = query.is_filtered();
    let is_empty = page.rows.is_empty();
    let table = if is_past {
        view! { <p class="body soft">{PAST_THE_END} " " <a href=first>"Show the first page"</a></p> }.into_any()
    } else if is_empty && is_filtered {
        let words =
            "No event matches. Every filter takes the whole of what it looks for, with its capital and small letters.";
        view! { <p class="body soft">{words}</p> }.into_any()
    } else if is_empty {
        view! { <p class="body soft">"Nothing was reported yet, or it is older than 30 days."</p> }.into_any()
    } else {
        let rows: Vec<_> = page.rows.into_iter().map(|event| line(event, &address, now)).collect();
        view! {
            <div class="sheet" role="region" aria-label="Table of events" tabindex="0">
                <table class="blocks apps" role="table">
                    <caption class="visually-hidden">"Events"</caption>
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader">"Event"</th>
                            <th role="columnheader">"CRM"</th>
                            <th role="columnheader">"For"</th>
                            <th role="columnheader">"Key"</th>
                            <th role="columnheader">"Reported"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let filters = (!is_empty || is_filtered).then(|| view! { <Filters asked is_filtered address/> });
    view! {
        <section class="card" aria-labelledby="events">
            <header><h2 id="events">"Events"</h2> <small class="soft">"Kept for 30 days"</small></header>
            {filters.map(|filters| view! { <div class="body">{filters}</div> })}
            {table}
        </section>
        {(!is_empty).then(|| view! { <Pager total=page.total one="event" previous next/> })}
    }
}

fn line(event: Event, address: &str, now: Timestamp) -> impl IntoView + use<> {
    let page = format!("{address}/events/{}", event.id);
    let (whom, key) = (event.target().to_owned(), format!("/keys/{}", event.key_id));
    view! {
        <tr role="row">
            <td role="cell" class="name"><a href=page dir="auto" title=event.name.clone()>{event.name.clone()}</a></td>
            <td role="cell" class="clip"><bdi>{event.crm_id}</bdi></td>
            <td role="cell" class="clip"><span class="keys-word">"For "</span> <bdi>{whom}</bdi></td>
            <td role="cell" class="clip"><a href=key dir="auto">{event.key_name}</a></td>
            <td role="cell" class="soft"><span class="keys-word">"Reported "</span> <Ago at=event.at now/></td>
        </tr>
    }
}

/// The id of what is wrong with a filter.
fn problem_id(name: &str) -> String {
    format!("{name}-error")
}

#[component]
fn Filters(asked: [Asked; TEXTS.len()], is_filtered: bool, address: String) -> impl IntoView {
    let problems: Vec<_> = asked
        .iter()
        .filter_map(|Asked { name, label, why, .. }| {
            let words = format!("{label}: {}", why.as_deref()?);
            Some(view! { <li id=problem_id(name)>{words}</li> })
        })
        .collect();
    let inputs = asked.map(|Asked { name, label, most, text, why }| {
        let is_event = name == "event";
        view! {
            <input type="search" name=name value=text maxlength=most aria-label=label placeholder=label
                list=is_event.then_some("event-names") data-search=is_event.then_some("") aria-keyshortcuts=is_event.then_some("/")
                pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"
                aria-invalid=why.is_some().then_some("true") aria-describedby=why.map(|_| problem_id(name))/>
        }
    });
    let names: Vec<_> = EVENT_NAMES.iter().map(|name| view! { <option value=*name></option> }).collect();
    view! {
        <form class="filters" method="get" action=address.clone() role="search">
            {inputs.into_iter().collect_view()}
            <datalist id="event-names">{names}</datalist>
            <button class="button">"Apply"</button>
            {is_filtered.then(|| view! { <a class="button quiet" href=address.clone()>"Clear"</a> })}
        </form>
        {(!problems.is_empty()).then(|| view! { <ul class="error">{problems}</ul> })}
    }
}

/// A JSON object as people read it. What is no JSON stays as it is.
fn indented(json: &str) -> String {
    let read = serde_json::from_str::<Value>(json).and_then(|value| serde_json::to_string_pretty(&value));
    read.unwrap_or_else(|_| json.to_owned())
}

#[component]
pub fn EventPage() -> impl IntoView {
    let params = use_params_map().get_untracked();
    let param = |name: &str| params.get(name).unwrap_or_default();
    let (id, event) = (param("id"), param("event"));
    later(async move {
        match read_event(&id, &event).await {
            Ok(view) => view! { <Shown view/> }.into_any(),
            Err(error) => not_there(error),
        }
    })
}

#[component]
fn Shown(view: EventView) -> impl IntoView {
    let EventView { integration, event } = view;
    let back = address(&integration.id);
    let none = || "Not known".into_any();
    let whom = event.target().to_owned();
    view! {
        <Title text=event.name.clone()/>
        <div class="head">
            <div>
                <h1 dir="auto">{event.name.clone()}</h1>
                <p>"Reported to " <a href=back dir="auto">{integration.shown_name().to_owned()}</a> ", " <Time at=event.at/></p>
            </div>
        </div>
        <section class="card">
            <header><h2>"Event"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"CRM"</dt><dd><bdi>{event.crm_id}</bdi></dd></div>
                    <div><dt>"For"</dt><dd><bdi>{whom}</bdi></dd></div>
                    <div><dt>"Key"</dt><dd><a href=format!("/keys/{}", event.key_id) dir="auto">{event.key_name}</a></dd></div>
                    <div><dt>"Origin"</dt><dd>{event.origin.map_or_else(none, |origin| view! { <bdi>{origin}</bdi> }.into_any())}</dd></div>
                    <div><dt>"Address"</dt><dd>{event.address.map_or_else(none, |address| address.to_string().into_any())}</dd></div>
                    <div><dt>"Sequence number"</dt><dd>{domain::page::grouped(event.seq)}</dd></div>
                    <div><dt>"Event id"</dt><dd class="mono">{event.id.to_string()}</dd></div>
                </dl>
            </div>
        </section>
        <section class="card">
            <header><h2>"Further members"</h2></header>
            <div class="body">
                <figure class="sample"><pre tabindex="0"><code>{indented(&event.data)}</code></pre></figure>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn members_are_indented_and_anything_else_stays() {
        assert_eq!(indented(r#"{"a":[1]}"#), "{\n  \"a\": [\n    1\n  ]\n}");
        assert_eq!(indented("{"), "{");
    }
}

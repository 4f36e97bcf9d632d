//! The part of the connectivity test for keys that report events: the call of each event, and what has arrived.

use domain::event::EVENT_NAMES;
use domain::kind::KeyKind;
use domain::rules::KeyRules;
use leptos::prelude::*;

use super::integration_samples::event_call;
use crate::components::copy::Sample;
use crate::components::event_line::event_line;
use crate::desk::integration::Reports;

/// The word in the address for the event whose call is shown.
pub const EVENT: &str = "event";

/// Whether there is an event of this name to choose.
pub fn is_event(name: &str) -> bool {
    EVENT_NAMES.contains(&name)
}

/// Whether keys of this kind report events.
pub fn is_of_events(kind: KeyKind) -> bool {
    KeyKind::CALLS_EVENTS.contains(&kind)
}

/// The call that reports an event of this name, or else the first one.
pub fn report(url: &str, kind: KeyKind, rules: &KeyRules, name: Option<&str>) -> String {
    event_call(&format!("{url}{}", path(kind)), rules, known(name))
}

fn known(name: Option<&str>) -> &'static str {
    let [first, ..] = EVENT_NAMES;
    EVENT_NAMES.into_iter().find(|known| name == Some(*known)).unwrap_or(first)
}

/// Where a program reports with a key of this kind.
fn path(kind: KeyKind) -> String {
    let [first, ..] = KeyKind::CALLS_EVENTS;
    if kind == first { "/openconnect".to_owned() } else { format!("/events/{}", kind.as_str().replace('_', "-")) }
}

/// Choosing an event, its call, and the latest events of the key.
#[component]
pub fn EventTest(
    url: String,
    kind: KeyKind,
    rules: KeyRules,
    /// The key's id.
    key: String,
    /// The event that was chosen.
    chosen: Option<String>,
    /// What the key has reported; `None` for those who may not see it.
    reports: Option<Reports>,
) -> impl IntoView {
    let code = report(&url, kind, &rules, chosen.as_deref());
    let chosen = known(chosen.as_deref());
    let options: Vec<_> = EVENT_NAMES
        .into_iter()
        .map(|name| view! { <option value=name selected=name == chosen>{name}</option> })
        .collect();
    view! {
        <form class="inline" method="get" action="/integrations/setup">
            <input type="hidden" name="key" value=key.clone()/>
            <label for="event">"Event"</label>
            <select id="event" name=EVENT>{options}</select>
            <button class="button">"Show its call"</button>
        </form>
        <Sample id="event-call" name="curl" code/>
        {reports.map(|reports| view! { <Reported reports key/> })}
    }
}

#[component]
fn Reported(reports: Reports, key: String) -> impl IntoView {
    let Reports { integration, latest, are_older, last } = reports;
    let live = format!("/integrations/setup/events/reported?integration={integration}&key={key}&after={last}");
    let empty = latest.is_empty();
    let none = if are_older { "None of the latest events came with this key." } else { "No events yet." };
    let lines: Vec<_> = latest.iter().map(event_line).collect();
    view! {
        <div class="inline">
            <h3>"Events that arrived"</h3>
            <small role="status" class="alive-only">
                <span class="status waiting" data-live-state="New events appear here as they come.">
                    "New events appear here as they come."
                </span>
            </small>
            <a class="still-only" href=format!("/integrations/setup?key={key}")>"Show new events"</a>
            <a href=format!("/integrations/{integration}")>"All events"</a>
        </div>
        {empty.then(|| view! { <p class="soft" data-no-messages>{none}</p> })}
        <ul class="feed ids" aria-label="Events, newest first" aria-live="polite" data-live=live hidden=empty>{lines}</ul>
    }
}

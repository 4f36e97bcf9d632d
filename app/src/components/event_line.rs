//! An event as a line of a list.

use domain::event::Event;
use leptos::prelude::*;

use super::time::Time;

/// The event, its target and its time.
pub fn event_line(event: &Event) -> impl IntoView + use<> {
    let target = format!("{} · {}", event.crm_id, event.target());
    view! {
        <li id=format!("event-{}", event.id)>
            <span><b class="status good" dir="auto">{event.name.clone()}</b> " " <bdi>{target}</bdi></span>
            <Time at=event.at/>
        </li>
    }
}

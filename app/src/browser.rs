//! What only a browser can do. Only effects and event handlers call this; they never run on the server.

use std::time::Duration;

use domain::timestamp::Timestamp;
use js_sys::{Date, Object, Reflect};
use leptos::ev::EventDescriptor;
use leptos::prelude::*;
use leptos::web_sys::{self, EventTarget, FormData, HtmlElement, HtmlFormElement, UrlSearchParams};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast, JsValue};

use crate::forms::fields::{FormFields, Pairs};

/// Marks the page as alive, which shows everything that needs scripts.
pub fn mark_alive() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}

/// The browser's clock.
pub fn now() -> Timestamp {
    #[allow(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit many times over")]
    Timestamp::from_millis(Date::now() as i64)
}

/// Seconds since the page was requested, by the browser's monotonic time. Nobody can set that, but it may pause while
/// the computer sleeps.
#[allow(clippy::cast_possible_truncation, reason = "no page is open for that long")]
pub fn seconds_open() -> i64 {
    let millis = web_sys::Event::new("now").map_or(0.0, |event| event.time_stamp());
    (millis / 1000.0) as i64
}

/// The time on the reader's own clock, in their own notation, with its zone.
pub fn local_time(at: Timestamp) -> String {
    local(
        at,
        &[
            ("year", "numeric"),
            ("month", "short"),
            ("day", "numeric"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
            ("timeZoneName", "short"),
        ],
    )
}

/// The date (`d`), the clock (`c`) or both of them, on the reader's own clock, for a chart.
pub fn local_parts(at: Timestamp, parts: &str) -> String {
    let all = [("month", "short"), ("day", "numeric"), ("hour", "2-digit"), ("minute", "2-digit")];
    let wanted = match parts {
        "d" => all.get(..2),
        "c" => all.get(2..),
        _ => None,
    };
    local(at, wanted.unwrap_or(&all))
}

fn local(at: Timestamp, parts: &[(&str, &str)]) -> String {
    let date = Date::new(&JsValue::from_str(&at.to_rfc3339()));
    let options = Object::new();
    for (name, value) in parts {
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    date.to_locale_string("default", &options).into()
}

/// Copies the text of an element, and returns whether that worked. It uses a selection, because `navigator.clipboard`
/// needs a secure context. The focus stays where it is.
pub fn copy_text_of(id: &str) -> bool {
    let copied = || {
        let element = document().get_element_by_id(id)?;
        let selection = window().get_selection().ok()??;
        let range = document().create_range().ok()?;
        range.select_node_contents(&element).ok()?;
        selection.remove_all_ranges().ok()?;
        selection.add_range(&range).ok()?;
        let document: web_sys::HtmlDocument = document().dyn_into().ok()?;
        let copied = document.exec_command("copy").ok()?;
        selection.remove_all_ranges().ok()?;
        Some(copied)
    };
    copied().unwrap_or(false)
}

/// Whether the focus is in a field that takes typing.
pub fn is_typing() -> bool {
    document()
        .active_element()
        .is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Moves the focus to the first field with an error, once the page shows it.
pub fn focus_first_error() {
    let _ = request_animation_frame(|| {
        let found = document().query_selector("[aria-invalid=true]").ok().flatten();
        if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// Every element that the selector finds, in order.
pub fn each<E: JsCast>(selector: &str, act: impl Fn(E)) {
    let Ok(found) = document().query_selector_all(selector) else { return };
    for index in 0..found.length() {
        if let Some(element) = found.get(index).and_then(|node| node.dyn_into().ok()) {
            act(element);
        }
    }
}

/// Listens to an element for as long as it lives.
pub fn listen<E>(target: &EventTarget, event: E, act: impl FnMut(E::EventType) + 'static) -> Result<(), JsValue>
where
    E: EventDescriptor,
    E::EventType: FromWasmAbi + 'static,
{
    let listener = Closure::<dyn FnMut(E::EventType)>::new(act);
    target.add_event_listener_with_callback(&event.name(), listener.as_ref().unchecked_ref())?;
    listener.forget();
    Ok(())
}

/// The fields of a form, as it would send them now.
pub fn read_form<F: FormFields>(form: &HtmlFormElement) -> F {
    F::read(&FormData::new_with_form(form).map(|data| pairs(&data)).unwrap_or_default())
}

fn pairs(data: &FormData) -> Pairs {
    let Ok(params) = UrlSearchParams::new_with_str_sequence_sequence(data) else {
        return Pairs::default();
    };
    let entries = js_sys::try_iter(&params).ok().flatten();
    Pairs(
        entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let pair = js_sys::Array::from(&entry);
                Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
            })
            .collect(),
    )
}

/// Listens to the window until the island ends.
pub fn listen_to_window<E>(event: E, act: impl Fn(E::EventType) + 'static)
where
    E: EventDescriptor + 'static,
    E::EventType: JsCast,
{
    let listener = window_event_listener(event, act);
    on_cleanup(move || listener.remove());
}

/// Calls `tick` every second until the island ends.
pub fn every_second(tick: impl Fn() + 'static) {
    if let Ok(interval) = set_interval(tick, Duration::from_secs(1)) {
        on_cleanup(move || interval.clear());
    }
}

//! What scripts add to every page, driven by attributes in its markup: `time` shows the reader's own time, `data-copy`
//! copies, "/" moves to `data-search`, `data-tick-all` ticks the boxes of a table, and a
//! choice in a form with `data-submit` sends it.

use std::time::Duration;

use domain::timestamp::Timestamp;
use domain::token;
use leptos::ev;
use leptos::prelude::*;
use leptos::web_sys::{
    Element, Event, EventTarget, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlSelectElement,
};
use wasm_bindgen::JsCast;

use crate::browser;

/// Brings the page to life. Shows nothing itself.
#[island]
pub fn Page() -> impl IntoView {
    Effect::new(|| {
        localise_times();
        window_event_listener(ev::click, |event| {
            if let Some(button) = closest(event.target(), "[data-copy]") {
                copy(&button);
            }
        });
        window_event_listener(ev::keydown, |event| {
            if event.ctrl_key() || event.meta_key() || browser::is_typing() {
                return;
            }
            if event.key() == "/"
                && let Some(search) = find::<HtmlInputElement>("main [data-search]")
            {
                event.prevent_default();
                let _ = search.focus();
                search.select();
            }
            if event.key() == "?"
                && let Some(shortcuts) = find::<HtmlDialogElement>("#shortcuts:not([open])")
            {
                let _ = shortcuts.show_modal();
            }
        });
        window_event_listener(ev::input, |event| {
            if let Some(search) = closest(event.target(), "[data-search]") {
                cut_to_id(&search.unchecked_into());
            }
        });
        window_event_listener(ev::change, |event| {
            if let Some(all) = closest(event.target(), "[data-tick-all]") {
                let all: HtmlInputElement = all.unchecked_into();
                browser::each("td.tick input", |one: HtmlInputElement| one.set_checked(all.checked()));
            }
            if closest(event.target(), "select").is_some()
                && let Some(form) = closest(event.target(), "form[data-submit]")
            {
                let _ = form.unchecked_into::<HtmlFormElement>().request_submit();
            }
        });
        window_event_listener(ev::submit, |event| {
            if let Some(form) = closest(event.target(), "form[method=post]")
                && !event.default_prevented()
            {
                send_once(&event, form);
            }
        });
        if let Some(problem) = find::<HtmlElement>("[aria-invalid=true], [role=alert][tabindex]") {
            let _ = problem.focus();
        }
        // From frontend/js, when the open page has changed.
        window_event_listener_untyped("keystead:shown", |_| localise_times());
        browser::mark_alive();
    });
}

/// Changes UTC to the reader's own time. What is `data-zoned` is in the zone that they chose. `data-relative` already says how long ago it was, in words of no zone.
fn localise_times() {
    browser::each("time:not([data-zoned])", |time: HtmlElement| {
        let Some(at) = time.get_attribute("datetime").as_deref().and_then(Timestamp::parse_input) else {
            return;
        };
        let local = browser::local_time(at);
        if !time.has_attribute("data-relative") {
            time.set_text_content(Some(&local));
        }
        time.set_title(&local);
    });
    browser::each("[data-time]", |words: Element| {
        let [at, parts] = ["data-time", "data-as"].map(|name| words.get_attribute(name).unwrap_or_default());
        if let Some(at) = Timestamp::parse_input(&at) {
            words.set_text_content(Some(&browser::local_parts(at, &parts)));
        }
    });
}

/// Copies what the button names, and says beside it whether that worked.
fn copy(button: &Element) {
    let copied = button.get_attribute("data-copy").is_some_and(|id| browser::copy_text_of(&id));
    if let Some(said) = button.parent_element().and_then(|parent| parent.query_selector(".said").ok().flatten()) {
        said.set_text_content(Some(if copied { "Copied" } else { "Select and copy it by hand" }));
    }
}

/// Blocks a second press while the first is under way. Its answer would replace the first one, and a secret would be
/// lost. After a while the button works again, in case no answer came.
fn send_once(event: &Event, form: Element) {
    const SENT: &str = "data-sent";
    if form.has_attribute(SENT) {
        event.prevent_default();
        return;
    }
    let _ = form.set_attribute(SENT, "");
    let _ = set_timeout(move || drop(form.remove_attribute(SENT)), Duration::from_secs(10));
}

/// Cuts a whole key to its id, so that it reaches neither an address nor a log.
fn cut_to_id(search: &HtmlInputElement) {
    if let Some(id) = token::cut_to_id(&search.value()) {
        search.set_value(id.as_str());
        // Whoever pastes a key looks for that one.
        browser::each("[data-search] ~ select, [data-search] ~ * select", |filter: HtmlSelectElement| {
            filter.set_selected_index(0);
        });
        browser::each("[data-search] ~ * input", |filter: HtmlInputElement| filter.set_value(""));
    }
}

fn closest(target: Option<EventTarget>, selector: &str) -> Option<Element> {
    target?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

fn find<E: JsCast>(selector: &str) -> Option<E> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

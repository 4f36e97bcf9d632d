//! The box "I have stored this key". Done waits until it is ticked, and leaving the page asks first.

use domain::field::Field;
use domain::timestamp::Timestamp;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::{HtmlElement, HtmlFormElement};
use wasm_bindgen::JsCast;

use super::exact;
use crate::browser;
use crate::forms::fields::{INTEGRATION, THEN, TICKED};

/// The box and the buttons that depend on it, for the form that confirms a key.
#[island]
pub fn AcknowledgeBox(
    /// Until when the key can be confirmed.
    deadline: Timestamp,
    /// The server's time when it rendered this page, since the browser's clock may be wrong.
    now: Timestamp,
    /// Whether the secret is on this page, so that leaving asks first.
    guard: bool,
    /// Whether whoever confirms has no session, and so nowhere else to go.
    outside: bool,
    /// Whether it is a new secret of a key that works already.
    rotates: bool,
    /// What is wrong with the tick, if the form was sent without it.
    wrong: Option<String>,
) -> impl IntoView {
    let (alive, set_alive) = signal(false);
    let (ticked, set_ticked) = signal(false);
    let (time_left, set_time_left) = signal(format!("Confirm it before {}.", exact(deadline)));
    let place = NodeRef::<html::Div>::new();
    let tick_box = NodeRef::<html::Input>::new();
    // The box may be ticked before the scripts load, and a browser that goes back may restore a tick.
    let read_tick = move || {
        if let Some(tick_box) = tick_box.get_untracked() {
            set_ticked.set(tick_box.checked());
        }
    };
    Effect::new(move || {
        read_tick();
        set_alive.set(true);
        browser::listen_to_window(ev::pageshow, move |_| read_tick());
        // Somebody may set one clock, and the other pauses while the computer sleeps, so use the later of the two.
        let (opened, begun) = (browser::seconds_open(), browser::now());
        let tick = move || {
            let passed = browser::seconds_open().max(opened + browser::now().since(begun).as_seconds());
            set_time_left.set(left(deadline.since(now).as_seconds() - passed, rotates));
        };
        tick();
        browser::every_second(tick);
        if guard {
            let form = place.get().and_then(|place| place.closest("form").ok().flatten());
            guard_leaving(form.and_then(|form| form.dyn_into().ok()), outside);
        }
    });
    let effect = match (rotates, guard) {
        (false, true) => "Confirming activates the key and removes it from this page. ",
        (false, false) => "Confirming activates the key. ",
        (true, true) => "Confirming makes the new secret work and removes it from this page. ",
        (true, false) => "Confirming makes the new secret work. ",
    };
    let id = Field::Acknowledged.as_str();
    let blocked = move || alive.get() && !ticked.get();
    view! {
        <div class="stack" node_ref=place>
            <label class="check">
                <input type="checkbox" name=id id=id value=TICKED required autocomplete="off"
                    node_ref=tick_box
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=wrong.is_some().then(|| format!("{id}-error"))
                    on:change=move |event| set_ticked.set(event_target_checked(&event))/>
                <span>
                    "I have stored this key."
                    <br/>
                    <small>{effect} {time_left}</small>
                </span>
            </label>
            {wrong.map(|wrong| view! { <span class="error" id=format!("{id}-error")>{wrong}</span> })}
            <div class="actions">
                <button class="button primary" disabled=blocked>"Done"</button>
                {(!outside).then(|| view! {
                    <button class="button" name=THEN value=INTEGRATION disabled=blocked>"Setup Integration"</button>
                })}
            </div>
        </div>
    }
}

/// The text for the seconds that are left. Only the server knows whether the key, or its new secret, was dropped.
fn left(seconds: i64, rotates: bool) -> String {
    match seconds {
        ..=0 if rotates => {
            "The time is up, so the new secret may have been dropped. Press Done to find out.".to_owned()
        }
        ..=0 => "The time is up, so the key may have been dropped. Press Done to find out, or generate a new one."
            .to_owned(),
        1..60 => "Less than a minute left.".to_owned(),
        60..120 => "1 minute left.".to_owned(),
        _ => format!("{} minutes left.", seconds / 60),
    }
}

/// Asks before the page is left: frontend/js does, for a reload, a link, Back and closing. For Esc, we do, where there is a
/// list to go back to.
fn guard_leaving(form: Option<HtmlFormElement>, outside: bool) {
    const QUESTION: &str = "You have not confirmed this key. If you leave, you will not see it again. Leave?";
    // While it is there, leaving asks this. If nothing came of sending the form, frontend/js puts it back from the other one.
    const GUARD: &str = "data-guard";
    const KEPT: &str = "data-question";
    if let Some(form) = form.clone() {
        let _ = form.set_attribute(GUARD, QUESTION);
        let _ = form.set_attribute(KEPT, QUESTION);
        let sent = form.clone();
        let _ = browser::listen(&form, ev::submit, move |_| drop(sent.remove_attribute(GUARD)));
    }
    // A page that Back restores must not show the secret again.
    browser::listen_to_window(ev::pagehide, |_| {
        browser::each("#secret, #pair-id", |shown: HtmlElement| shown.set_text_content(None));
        browser::each("a[download]", |link: HtmlElement| drop(link.remove_attribute("href")));
    });
    if outside {
        return;
    }
    browser::listen_to_window(ev::keydown, move |event| {
        // Another dialog may be open, or was closed by this very press.
        let is_taken = || event.default_prevented() || matches!(document().query_selector("dialog:modal"), Ok(Some(_)));
        if event.key() != "Escape" || is_taken() {
            return;
        }
        let is_armed = form.as_ref().is_some_and(|form| form.has_attribute(GUARD));
        if is_armed && window().confirm_with_message(QUESTION).unwrap_or(false) {
            form.as_ref().map(|form| form.remove_attribute(GUARD));
            let _ = window().location().set_href("/keys");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn minutes_are_rounded_down_and_the_end_is_a_guess() {
        for (seconds, expected) in [
            (900, "15 minutes left."),
            (899, "14 minutes left."),
            (120, "2 minutes left."),
            (119, "1 minute left."),
            (60, "1 minute left."),
            (59, "Less than a minute left."),
            (1, "Less than a minute left."),
        ] {
            assert_eq!(left(seconds, false), expected);
        }
        for over in [0, -1, i64::MIN] {
            assert!(left(over, false).starts_with("The time is up, so the key may have been dropped."), "{over}");
            assert!(left(over, true).starts_with("The time is up, so the new secret may have been dropped."), "{over}");
        }
    }
}

//! The fields of a key, checked as people fill them in, with the server's own rules, and what they mean in words.

use std::time::Duration;

use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::{Element, HtmlFormElement, HtmlTextAreaElement};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;

use super::check::{Told, check_key};
use super::exact;
use crate::browser;
use crate::components::key_fields::{KeyFields, KeyHints};
use crate::components::problem::FieldProblems;
use crate::components::warning::Warning;

/// How long people stop typing before the words follow.
const PAUSE: Duration = Duration::from_millis(400);

/// What the form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A new key.
    New,
    /// Changes to a key.
    Edit,
}

impl Purpose {
    fn fields(self, kind: KeyKind) -> &'static [Field] {
        match self {
            Self::New => kind.rules().asked,
            Self::Edit => kind.rules().editable,
        }
    }

    fn check(self, kind: KeyKind, typed: &KeyDraft) -> FieldErrors {
        let now = browser::now();
        match self {
            Self::New => typed.check(now).err(),
            Self::Edit => typed.check_sent(kind, now).err(),
        }
        .unwrap_or_default()
    }
}

/// The fields, for use inside a form.
#[island]
pub fn KeyForm(
    kind: KeyKind,
    purpose: Purpose,
    draft: KeyDraft,
    errors: FieldErrors,
    hints: KeyHints,
    /// What the form means as it was rendered.
    told: Told,
) -> impl IntoView {
    let errors = RwSignal::new(errors);
    let typed = RwSignal::new(draft.clone());
    let told = RwSignal::new(told);
    // Answers may overtake each other, and only the last one counts.
    let asked = StoredValue::new(0_u32);
    let place = NodeRef::<html::Div>::new();
    let form = move || place.get()?.closest("form").ok()??.dyn_into::<HtmlFormElement>().ok();
    let next = move || {
        asked.update_value(|asked| *asked = asked.wrapping_add(1));
        asked.get_value()
    };
    // International names and public suffixes need tables that only the server has, and the words would make a large
    // script. `settles` is a field whose errors the answer replaces.
    let ask = move |sent: KeyDraft, number: u32, settles: Option<Field>| {
        spawn_local(async move {
            let domains = sent.domains.clone();
            let Ok((wrong, means)) = check_key(kind, sent).await else { return };
            if asked.try_get_value() == Some(number) {
                told.set(means);
            }
            // Typing in another field does not change what is wrong with this one.
            let still = typed.try_with_untracked(|typed| typed.domains == domains).unwrap_or_default();
            if let Some(field) = settles.filter(|_| still) {
                replace(errors, field, &wrong);
            }
        });
    };
    let left = Callback::new(move |field: Field| {
        let Some(form) = form() else { return };
        let typed: KeyDraft = browser::read_form(&form);
        let wrong = purpose.check(kind, &typed);
        let clean = wrong.of(field).next().is_none();
        replace(errors, field, &wrong);
        let settles = (field == Field::Domains && clean && purpose == Purpose::New).then_some(field);
        ask(typed, next(), settles);
    });
    let pause = move || {
        let number = next();
        let after = move || {
            if asked.try_get_value() == Some(number) {
                ask(typed.get_untracked(), number, None);
            }
        };
        let _ = set_timeout(after, PAUSE);
    };
    let alive = RwSignal::new(false);
    Effect::new(move || {
        alive.set(true);
        let Some(form) = form() else { return };
        let sending = form.clone();
        let _ = browser::listen(&form, ev::submit, move |event| {
            let wrong = purpose.check(kind, &browser::read_form(&sending));
            if !wrong.is_empty() {
                event.prevent_default();
                errors.set(wrong);
                browser::focus_first_error();
            }
        });
        let read = form.clone();
        // A browser that goes back may have put other values in.
        typed.set(browser::read_form(&read));
        let _ = browser::listen(&form, ev::input, move |_| {
            typed.set(browser::read_form(&read));
            pause();
        });
        let pressing = form.clone();
        let _ = browser::listen(&form, ev::click, move |event| {
            let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let line = pressed.and_then(|pressed| Some((pressed.get_attribute("data-line")?, pressed.text_content()?)));
            if let Some((list, line)) = line {
                add_line(&list, &line);
                typed.set(browser::read_form(&pressing));
                left.run(Field::Permissions);
            }
        });
    });
    // The document has UTC or the chosen zone, as every page does.
    let until = move || {
        let shown = if alive.get() { browser::local_time } else { exact };
        told.get().until.map(|at| format!("Until {}.", shown(at)))
    };
    let shown = move |refuses| {
        move || {
            let cautions = told.get().cautions.into_iter().filter(|caution| caution.refuses == refuses);
            cautions.map(|caution| view! { <Warning words=caution.words grave=refuses/> }).collect_view()
        }
    };
    view! {
        <div class="beside" node_ref=place>
            <div class="stack">
                <FieldProblems errors/>
                <KeyFields errors kind fields=purpose.fields(kind) draft typed hints left/>
                <div role="status">{shown(true)}</div>
            </div>
            // A key that calls for an account, an app or an integration has at most a rate limit, which needs no words.
            {(purpose == Purpose::New && !KeyKind::SCOPED.contains(&kind)).then(|| view! {
                <aside class="stack alive-only" aria-label="What this key will do">
                    <b>"What this key will do"</b>
                    <p>{move || told.get().words} " " {until}</p>
                    {shown(false)}
                </aside>
            })}
        </div>
    }
}

/// Adds a line to a list, unless it is there already.
fn add_line(id: &str, line: &str) {
    let found = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlTextAreaElement>().ok());
    let Some(list) = found else { return };
    let text = list.value();
    if text.lines().all(|known| known.trim() != line) {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        list.set_value(&format!("{text}{gap}{line}"));
    }
}

/// Replaces the errors of one field.
fn replace(errors: RwSignal<FieldErrors>, field: Field, found: &FieldErrors) {
    errors.update(|errors| {
        errors.0.retain(|kept| kept.field != field);
        errors.0.extend(found.of(field).cloned());
    });
}

//! The fields of a key, checked as people fill them in, with the server's own rules.

use domain::contradiction::contradiction_of;
use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::HtmlFormElement;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;

use super::check::check_key;
use crate::browser;
use crate::components::key_fields::KeyFields;
use crate::components::problem::FieldProblems;
use crate::components::warning::Warning;

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
pub fn KeyForm(kind: KeyKind, purpose: Purpose, draft: KeyDraft, errors: FieldErrors) -> impl IntoView {
    let errors = RwSignal::new(errors);
    let warning = RwSignal::new(contradiction_of(&draft));
    let place = NodeRef::<html::Div>::new();
    let form = move || place.get()?.closest("form").ok()??.dyn_into::<HtmlFormElement>().ok();
    let left = Callback::new(move |field: Field| {
        let Some(form) = form() else { return };
        let typed: KeyDraft = browser::read_form(&form);
        let wrong = purpose.check(kind, &typed);
        let clean = wrong.of(field).next().is_none();
        replace(errors, field, &wrong);
        warning.set(contradiction_of(&typed));
        // International names and public suffixes need tables that only the server has.
        if field == Field::Domains && clean && purpose == Purpose::New {
            spawn_local(async move {
                if let Ok(wrong) = check_key(typed).await {
                    replace(errors, field, &wrong);
                }
            });
        }
    });
    Effect::new(move || {
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
    });
    view! {
        <div class="stack" node_ref=place>
            <FieldProblems errors/>
            <KeyFields errors kind fields=purpose.fields(kind) draft left/>
            <div role="status">{move || warning.get().map(|words| view! { <Warning words/> })}</div>
        </div>
    }
}

/// Replaces the errors of one field.
fn replace(errors: RwSignal<FieldErrors>, field: Field, found: &FieldErrors) {
    errors.update(|errors| {
        errors.0.retain(|kept| kept.field != field);
        errors.0.extend(found.of(field).cloned());
    });
}

//! What is wrong with a form: at its fields, and above them.

use domain::field::{Field, FieldErrors};
use leptos::prelude::*;

use crate::components::icon::{Drawn, Icon};

/// The errors at one field, if there are any; `aria-describedby` of its input names them.
#[component]
pub fn FieldProblem(field: Field, errors: RwSignal<FieldErrors>) -> impl IntoView {
    move || {
        let found: Vec<_> =
            errors.with(|errors| errors.of(field).map(|error| with_line(error.item, &error.message)).collect());
        (!found.is_empty()).then(|| {
            let lines: Vec<_> = found.into_iter().map(|line| view! { <li>{line}</li> }).collect();
            view! { <ul class="error" id=format!("{}-error", field.as_str())>{lines}</ul> }
        })
    }
}

/// What `aria-describedby` of an input names: its hint, and its errors.
pub fn described(field: Field, has_hint: bool, is_wrong: bool) -> Option<String> {
    let id = field.as_str();
    match (has_hint, is_wrong) {
        (false, false) => None,
        (false, true) => Some(format!("{id}-error")),
        (true, false) => Some(format!("{id}-hint")),
        (true, true) => Some(format!("{id}-hint {id}-error")),
    }
}

/// Every field that needs attention, each a link to it.
#[component]
pub fn FieldProblems(errors: RwSignal<FieldErrors>) -> impl IntoView {
    move || {
        let found = errors.get().0;
        (found.len() > 1).then(|| {
            let mut fields: Vec<_> = found.iter().map(|error| error.field.as_str()).collect();
            fields.sort_unstable();
            fields.dedup();
            let count = match fields.len() {
                1 => "1 field needs attention".to_owned(),
                several => format!("{several} fields need attention"),
            };
            let items: Vec<_> = found
                .into_iter()
                .map(|error| {
                    let href = format!("#{}", error.field.as_str());
                    view! {
                        <li>
                            <a href=href>{error.field.label()}</a> ": " {with_line(error.item, &error.message)}
                        </li>
                    }
                })
                .collect();
            view! {
                <div class="note bad" role="alert">
                    <Drawn icon=Icon::Alert/>
                    <div><b>{count}</b><ul>{items}</ul></div>
                </div>
            }
        })
    }
}

/// Splits errors into those at fields that the form shows, and the rest.
#[cfg(feature = "ssr")]
pub fn part(errors: FieldErrors, shown: &[Field]) -> (FieldErrors, FieldErrors) {
    let (here, elsewhere) = errors.0.into_iter().partition(|error| shown.contains(&error.field));
    (FieldErrors(here), FieldErrors(elsewhere))
}

/// Shows errors of fields that the form does not show. Nothing else on the page would mention them.
#[cfg(feature = "ssr")]
#[component]
pub fn UnshownProblems(errors: FieldErrors) -> impl IntoView {
    (!errors.is_empty()).then(|| {
        let items: Vec<_> = errors
            .0
            .into_iter()
            .map(|error| {
                let words = with_line(error.item, &error.message);
                view! { <li>{format!("{}: {words}", error.field.label())}</li> }
            })
            .collect();
        view! {
            <div class="note bad" role="alert" tabindex="-1">
                <Drawn icon=Icon::Alert/>
                <div><b>"The form could not be saved"</b><ul>{items}</ul></div>
            </div>
        }
    })
}

/// A form has one item of a list per line.
fn with_line(item: Option<usize>, message: &str) -> String {
    match item {
        Some(item) => format!("Line {}: {message}", item.saturating_add(1)),
        None => message.to_owned(),
    }
}

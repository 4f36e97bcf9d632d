//! What is wrong with a form: at its fields, and above them.

use domain::field::{Field, FieldErrors};
use leptos::prelude::*;

/// The errors at one field, if there are any; `aria-describedby` of its input names them.
#[component]
pub fn FieldProblem(field: Field, errors: RwSignal<FieldErrors>) -> impl IntoView {
    move || {
        let found: Vec<_> =
            errors.with(|errors| errors.of(field).map(|error| with_line(error.line, &error.message)).collect());
        (!found.is_empty()).then(|| {
            let lines: Vec<_> = found.into_iter().map(|line| view! { <li>{line}</li> }).collect();
            view! { <ul class="error" id=format!("{}-error", field.as_str())>{lines}</ul> }
        })
    }
}

/// Every field that needs attention, each a link to it.
#[component]
pub fn FieldProblems(errors: RwSignal<FieldErrors>) -> impl IntoView {
    move || {
        let found = errors.get().0;
        (found.len() > 1).then(|| {
            let count = format!("{} things need attention", found.len());
            let items: Vec<_> = found
                .into_iter()
                .map(|error| {
                    let href = format!("#{}", error.field.as_str());
                    view! {
                        <li>
                            <a href=href>{error.field.label()}</a> ": " {with_line(error.line, &error.message)}
                        </li>
                    }
                })
                .collect();
            view! {
                <div class="note bad" role="alert">
                    <span aria-hidden="true">"!"</span>
                    <div><b>{count}</b><ul>{items}</ul></div>
                </div>
            }
        })
    }
}

fn with_line(line: Option<u32>, message: &str) -> String {
    match line {
        Some(line) => format!("Line {line}: {message}"),
        None => message.to_owned(),
    }
}

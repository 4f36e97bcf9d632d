//! One labelled choice with its hint and its error, for pages without an island.

use domain::field::{Field, FieldErrors};
use leptos::prelude::*;

use super::problem::{FieldProblem, described};

#[component]
pub fn SelectField(
    errors: RwSignal<FieldErrors>,
    field: Field,
    /// A label to use instead of the field's own.
    #[prop(optional)]
    label: Option<&'static str>,
    #[prop(optional)] hint: &'static str,
    /// Their values and words.
    options: Vec<(&'static str, &'static str)>,
    /// The chosen value.
    #[prop(into)]
    chosen: String,
) -> impl IntoView {
    let id = field.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(field).next().is_some());
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| view! { <option value=value selected=chosen == value>{words}</option> })
        .collect();
    view! {
        <div class="field">
            <label for=id>{label.unwrap_or_else(|| field.label())}</label>
            <select id=id name=id aria-invalid=wrong.then_some("true")
                aria-describedby=described(field, !hint.is_empty(), wrong)>{options}</select>
            {(!hint.is_empty()).then(|| view! { <span class="hint" id=format!("{id}-hint")>{hint}</span> })}
            <FieldProblem field errors/>
        </div>
    }
}

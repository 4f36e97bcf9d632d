//! One labelled input with its hint and its error.

use domain::field::{Field, FieldErrors};
use leptos::prelude::*;

use super::problem::{FieldProblem, described};

/// What to write into the field of a new password.
#[cfg(feature = "ssr")]
pub fn password_hint(least: usize) -> String {
    format!("At least {least} characters. A few unusual words are easier to remember than symbols.")
}

/// A labelled input. Its errors are linked to it for screen readers.
#[component]
pub fn TextField(
    errors: RwSignal<FieldErrors>,
    field: Field,
    /// A label to use instead of the field's own.
    #[prop(optional, into)]
    label: Option<String>,
    /// Small words beside the label, for example "optional".
    #[prop(optional)]
    aside: &'static str,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
    /// The type of the input.
    #[prop(default = "text")]
    input: &'static str,
    /// The keyboard that a phone shows, if the type does not decide it.
    #[prop(optional)]
    inputmode: &'static str,
    /// How many lines to show; 0 or 1 for a single-line input.
    #[prop(optional)]
    lines: u32,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(default = "off")] autocomplete: &'static str,
    /// Called when the field loses focus, to check it at once.
    #[prop(optional)]
    left: Option<Callback<Field>>,
) -> impl IntoView {
    let id = field.as_str();
    let wrong = Memo::new(move |_| errors.with(|errors| errors.of(field).next().is_some()));
    let invalid = move || wrong.get().then_some("true");
    let has_hint = !hint.is_empty();
    let described = move || described(field, has_hint, wrong.get());
    let required = required.then_some("true");
    let change = move |_| {
        if let Some(left) = left {
            left.run(field);
        }
    };
    let control = if lines > 0 {
        // HTML drops a line break at the very beginning of the tag.
        let value = if value.starts_with(['\r', '\n']) { format!("\n{value}") } else { value };
        view! {
            <textarea id=id name=id rows=lines aria-describedby=described aria-invalid=invalid
                aria-required=required autofocus=autofocus autocomplete=autocomplete spellcheck="false" on:change=change>
                {value}
            </textarea>
        }
        .into_any()
    } else {
        view! {
            <input id=id name=id type=input value=value inputmode=(!inputmode.is_empty()).then_some(inputmode)
                aria-describedby=described aria-invalid=invalid aria-required=required autofocus=autofocus autocomplete=autocomplete on:change=change/>
        }
        .into_any()
    };
    view! {
        <div class="field">
            <label for=id>
                {label.unwrap_or_else(|| field.label().to_owned())} {(!aside.is_empty()).then(|| view! { " " <small>{aside}</small> })}
            </label>
            {control}
            {has_hint.then(|| view! { <span class="hint" id=format!("{id}-hint")>{hint}</span> })}
            <FieldProblem field errors/>
        </div>
    }
}

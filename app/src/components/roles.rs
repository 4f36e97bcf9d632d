//! The roles that somebody can be given.

use domain::field::{Field, FieldErrors};
use domain::role::{Rights, Role};
use leptos::prelude::*;

use super::problem::FieldProblem;

/// The roles that a visitor with these rights may give, to choose one.
#[component]
pub fn Roles(errors: RwSignal<FieldErrors>, rights: Rights, chosen: String) -> impl IntoView {
    let id = Field::Role.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::Role).next().is_some());
    // The least powerful first.
    let options: Vec<_> = Role::ALL
        .iter()
        .rev()
        .filter(|role| rights.may(role.managed_with()))
        .map(|role| {
            view! {
                <label class="check">
                    <input type="radio" name=id value=role.as_str() checked=chosen == role.as_str()
                        aria-invalid=wrong.then_some("true") aria-describedby=wrong.then(|| format!("{id}-error"))/>
                    <span>{role.label()} <small class="soft">": " {role.summary()}</small></span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field" id=id>
            <legend>"Role"</legend>
            <div class="checks">{options}</div>
            <FieldProblem field=Field::Role errors/>
        </fieldset>
    }
}

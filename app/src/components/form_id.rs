//! The one-use id of a form whose answer shows something once.

use domain::field::Field;
use leptos::prelude::*;

use super::failed::FormProblem;
use crate::desk::keys::new_form;

/// Goes with such a form, so that sending it again makes nothing. Each page that has the form has another id.
#[component]
pub fn FormId() -> impl IntoView {
    match new_form() {
        Ok(form_id) => view! { <input type="hidden" name=Field::FormId.as_str() value=form_id/> }.into_any(),
        Err(error) => view! { <FormProblem problem=Some(error)/> }.into_any(),
    }
}

//! What a page showed of the thing that its form changes.

use leptos::prelude::*;
use service::seen::SeenState;

/// The name of the field.
pub const SEEN: &str = "seen";

/// Goes with a form that shows what it changes, so that a page that is out of date takes nothing back.
#[component]
pub fn Seen(state: SeenState) -> impl IntoView {
    view! { <input type="hidden" name=SEEN value=state.as_str().to_owned()/> }
}

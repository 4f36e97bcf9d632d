//! What people should know before they go on, although nothing is wrong.

use leptos::prelude::*;

use crate::components::icon::{Drawn, Icon};

#[component]
pub fn Warning(
    words: String,
    /// Whether calls are refused that people may expect to pass.
    #[prop(optional)]
    grave: bool,
) -> impl IntoView {
    view! {
        <div class="note" class:bad=grave>
            <Drawn icon=Icon::Caution/>
            <div><b>{words}</b></div>
        </div>
    }
}

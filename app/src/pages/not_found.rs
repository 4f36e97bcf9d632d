//! The page for an unknown address.

use domain::refusal::Refusal;
use leptos::prelude::*;

use super::frame::{Around, Mark};
use crate::components::failed::set_status;
use crate::components::title::Title;
use crate::desk::person::read_me;
use crate::error::ConsoleError;

#[component]
pub fn NotFound() -> impl IntoView {
    set_status(&ConsoleError::Refused(Refusal::NotFound));
    let words = view! {
        <Title text="Not found"/>
        <div class="card">
            <div class="empty">
                <h1>"Page not found"</h1>
                <p>"The address may be mistyped, or the page is gone."</p>
                <a class="button primary" href="/">"Go to the dashboard"</a>
            </div>
        </div>
    };
    if read_me().is_ok() {
        return view! { <Around>{words}</Around> }.into_any();
    }
    view! { <main class="door" id="main"><Mark/> {words}</main> }.into_any()
}

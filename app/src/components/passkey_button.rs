//! A button that asks the browser for a passkey, and sends its answer in the form around it.

use domain::passkey::PasskeyUse;
use leptos::prelude::*;

/// The button, with the hidden field that takes the answer. Browsers without passkeys or scripts show none.
#[component]
pub fn PasskeyButton(
    used_for: PasskeyUse,
    /// The name of the field.
    name: &'static str,
    words: &'static str,
) -> impl IntoView {
    view! {
        <input type="hidden" name=name data-passkey-answer=""/>
        <button type="button" class="button passkeys-only" data-passkey=used_for.as_str()
            data-busy="Waiting for your passkey…">{words}</button>
    }
}

//! What the browser's history keeps of a page that answers a form.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

/// Gives the page's entry in the history another address of this console. Back, Forward and reload then open that page,
/// where the browser would ask whether to send the form again.
#[component]
pub fn HistoryEntry(
    /// A path, with no character that a string of a script could not hold.
    address: String,
) -> impl IntoView {
    let script = format!("history.replaceState(history.state,'','{address}')");
    view! { <script nonce=use_nonce()>{script}</script> }
}

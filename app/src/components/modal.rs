//! A dialog over the key list or the page of a key, with its own address. Without scripts it is a page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::title::DialogTitle;

/// Runs while the browser reads the document, so that nothing flickers. `open` makes the dialog readable without
/// scripts, but only `showModal` makes it modal. frontend/js closes it.
const OPEN: &str = "(d=>{d.removeAttribute('open');d.showModal()})(document.currentScript.previousElementSibling)";

/// A modal that returns to `back` when it is closed.
#[component]
pub fn Modal(
    #[prop(into)] title: String,
    /// The address to return to.
    #[prop(into)]
    back: String,
    /// Wide, for tables.
    #[prop(optional)]
    broad: bool,
    /// A click outside closes it. Only for dialogs in which nothing is typed.
    #[prop(optional)]
    light: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <DialogTitle text=title.clone()/>
        <dialog
            open
            class:broad=broad
            aria-labelledby="modal-title"
            closedby=if light { "any" } else { "closerequest" }
            data-back=back
        >
            <header><h1 id="modal-title">{title}</h1></header>
            {children()}
        </dialog>
        <script nonce=use_nonce()>{OPEN}</script>
    }
}

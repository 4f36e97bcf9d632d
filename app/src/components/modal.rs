//! A dialog over the key list or the page of a key, with its own address. Without scripts it is a page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::Title;

/// Runs while the browser reads the document, so that nothing flickers. `open` makes the dialog readable without
/// scripts, but only `showModal` makes it modal. Closing it goes back, if that is where the dialog was opened from, and
/// otherwise puts that page in its place: so Back never opens a dialog again. A link to that page closes it, too.
const OPEN: &str = "(d=>{d.removeAttribute('open');d.showModal();\
    d.addEventListener('close',()=>{let n=window.navigation,b=new URL(d.dataset.back,location).href;\
    n?.entries()[n.currentEntry.index-1]?.url==b?history.back():location.replace(b)});\
    d.addEventListener('click',e=>{if(e.target.closest('a')?.getAttribute('href')==d.dataset.back\
    &&!(e.ctrlKey||e.metaKey||e.shiftKey)){e.preventDefault();d.close()}})})\
    (document.currentScript.previousElementSibling)";

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
        <Title text=title.clone()/>
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

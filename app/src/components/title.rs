//! The title of a page. The dialog over a page gives it its own.

use std::sync::{Arc, OnceLock};

use leptos::prelude::*;

/// The title of the dialog that is open, once it is known. A page and its dialog are rendered at the same time.
#[derive(Clone, Default)]
struct OfDialog(Arc<OnceLock<String>>);

/// Lets every title of the document know that of its dialog.
pub fn provide_titles() {
    provide_context(OfDialog::default());
}

/// The title of a page, unless a dialog is over it.
#[component]
pub fn Title(#[prop(into)] text: String) -> impl IntoView {
    let dialog = use_context::<OfDialog>().unwrap_or_default();
    // Asked for when the document is whole.
    let text = move || dialog.0.get().unwrap_or(&text).clone();
    view! { <leptos_meta::Title text/> }
}

/// The title of a dialog.
#[component]
pub fn DialogTitle(text: String) -> impl IntoView {
    if let Some(OfDialog(dialog)) = use_context() {
        // A page has one dialog.
        dialog.set(text.clone()).ok();
    }
    view! { <Title text/> }
}

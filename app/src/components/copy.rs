//! Text to copy: a button that shows whether copying worked, and code samples.

use leptos::prelude::*;

/// A button that copies the text of an element. It is hidden without scripts, where people can select the text instead.
#[component]
pub fn CopyButton(
    /// The id of the element whose text is copied.
    #[prop(into)]
    of: String,
    /// What is copied, for screen readers.
    #[prop(into)]
    what: String,
    #[prop(optional)] quiet: bool,
) -> impl IntoView {
    view! {
        <span class="inline alive-only">
            <span class="said" role="status"></span>
            <button type="button" class="button" class:quiet=quiet data-copy=of>
                "Copy" <span class="visually-hidden">" " {what}</span>
            </button>
        </span>
    }
}

/// A piece of code with its name and a copy button.
#[component]
pub fn Sample(
    /// Unique in the page.
    id: &'static str,
    #[prop(into)] name: String,
    #[prop(into)] code: String,
    /// Hide the name, because it is already shown above.
    #[prop(optional)]
    untitled: bool,
) -> impl IntoView {
    view! {
        <figure class="sample">
            <figcaption>
                <span class:visually-hidden=untitled>{name.clone()}</span> <CopyButton of=id what=name quiet=true/>
            </figcaption>
            <pre><code id=id>{code}</code></pre>
        </figure>
    }
}

//! Text to copy: a button that says whether it worked, and code samples.

use leptos::prelude::*;

/// Copies the text of an element. Where no script runs it is not shown: selecting works.
#[component]
pub fn CopyButton(
    /// The id of the element whose text is copied.
    of: &'static str,
    /// What is copied, for readers that do not see the place.
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
    /// Its name stands above it already.
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

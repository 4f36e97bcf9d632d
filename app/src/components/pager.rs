//! Paging through a long list.

use domain::page::Capped;
use leptos::prelude::*;

/// How many there are, and links to the pages around this one.
#[component]
pub fn Pager(
    total: Capped,
    /// The singular noun, for example "key".
    one: &'static str,
    /// The address of the previous page.
    previous: Option<String>,
    /// The address of the next page.
    next: Option<String>,
) -> impl IntoView {
    let plural = if total.n == 1 && !total.more { "" } else { "s" };
    let alone = previous.is_none() && next.is_none();
    view! {
        <nav class="pager" aria-label="Pages">
            <span>{format!("{total} {one}{plural}")}</span>
            {(!alone).then(|| (step("Previous", "prev", previous), step("Next", "next", next)))}
        </nav>
    }
}

fn step(label: &'static str, rel: &'static str, address: Option<String>) -> AnyView {
    match address {
        Some(address) => view! { <a class="button" rel=rel href=address>{label}</a> }.into_any(),
        None => view! { <span class="button" aria-disabled="true">{label}</span> }.into_any(),
    }
}

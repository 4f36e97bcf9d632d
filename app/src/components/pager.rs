//! Paging through a long list.

use domain::page::{Capped, grouped};
use leptos::prelude::*;

use crate::addresses::with_query;

/// How many there are, and links to the pages around this one.
#[component]
pub fn Pager(
    total: Capped,
    /// The singular noun, for example "key".
    one: &'static str,
    /// The plural, unless it only has an "s" more.
    #[prop(optional)]
    several: Option<&'static str>,
    /// The places of the first and last row; `None` if they are not known.
    #[prop(optional_no_strip)]
    places: Option<(u32, u32)>,
    /// The address of the previous page.
    previous: Option<String>,
    /// The address of the next page.
    next: Option<String>,
    /// What else belongs to the list as a whole.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let noun = match several {
        _ if total.n == 1 && !total.more => one.to_owned(),
        Some(several) => several.to_owned(),
        None => format!("{one}s"),
    };
    let of = places.map(|(from, to)| format!("{}–{} of ", grouped(from.into()), grouped(to.into())));
    let alone = previous.is_none() && next.is_none();
    view! {
        <nav class="pager" aria-label="Pages">
            <span>{of.filter(|_| !alone)} {format!("{total} {noun}")}</span>
            {children.map(|children| children())}
            {(!alone).then(|| view! {
                <span class="inline">{step("Previous", "prev", previous)} {step("Next", "next", next)}</span>
            })}
        </nav>
    }
}

/// Links to the whole list as a file.
#[component]
pub fn Exports(
    /// The path of the list.
    path: &'static str,
    /// Its filters, as its address has them.
    query: String,
) -> impl IntoView {
    let link = |ending: &str| with_query(&format!("{path}.{ending}"), &query);
    view! {
        <span class="soft">
            "Export: " <a href=link("csv") download>"CSV"</a> " " <a href=link("jsonl") download>"JSON lines"</a>
        </span>
    }
}

fn step(label: &'static str, rel: &'static str, address: Option<String>) -> AnyView {
    match address {
        Some(address) => view! { <a class="button" rel=rel href=address>{label}</a> }.into_any(),
        None => view! { <span class="button" aria-disabled="true">{label}</span> }.into_any(),
    }
}

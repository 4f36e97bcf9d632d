//! What the address of a list asks for and no filter understands, so that nobody takes the list for the answer.

use domain::text::{joined, quote};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::warning::Warning;

#[component]
pub fn Ignored(
    /// What was understood, as a query string.
    read: String,
    /// The filters that take only some values.
    filters: &'static [&'static str],
) -> impl IntoView {
    let map = use_query_map().get_untracked();
    let understood = |name: &str| read.split('&').any(|pair| pair.split('=').next() == Some(name));
    let ignored: Vec<_> = filters
        .iter()
        .filter_map(|name| map.get(name).filter(|value| !value.is_empty() && !understood(name)))
        .map(|value| quote(&value))
        .collect();
    (!ignored.is_empty()).then(|| {
        let words = format!("The address asks for {}, which no filter understands. It was left out.", joined(&ignored));
        view! { <Warning words/> }
    })
}

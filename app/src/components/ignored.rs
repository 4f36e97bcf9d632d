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
    /// The filters that take any text but a blank one and a secret.
    texts: &'static [&'static str],
) -> impl IntoView {
    let map = use_query_map().get_untracked();
    let understood = |name: &str| read.split('&').any(|pair| pair.split('=').next() == Some(name));
    let ignored = |name: &str| map.get(name).filter(|value| !value.is_empty() && !understood(name));
    let values: Vec<_> = filters.iter().filter_map(|name| ignored(name)).map(|value| quote(&value)).collect();
    let asks = (!values.is_empty()).then(|| {
        let words = format!("The address asks for {}, which no filter understands. It was left out.", joined(&values));
        view! { <Warning words/> }
    });
    // It may be a secret, so it is not shown again.
    let blank = texts.iter().any(|name| ignored(name).is_some()).then(|| {
        let words = "What you searched for is blank, or it has the secret of a key in it. It was left out.".to_owned();
        view! { <Warning words/> }
    });
    (asks, blank)
}

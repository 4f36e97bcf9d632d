//! What the address of a list asks for and the list does not have, so that nobody takes the list for the answer.

use domain::list::search;
use domain::query_string::ListQuery;
use domain::text::{joined, quote};
use leptos::prelude::*;
use service::Paged;

use super::warning::Warning;
use crate::addresses::address_pairs;

#[component]
pub fn Ignored<Q: ListQuery + Paged>(
    /// What was understood.
    query: Q,
) -> impl IntoView {
    let pairs = address_pairs();
    let (_, left_out) = Q::read(pairs.iter().map(|(name, value)| (&**name, &**value)));
    // Links of other programs add names that say nothing about the list.
    let values: Vec<_> = left_out.into_iter().filter(|pair| pair.known).map(|pair| pair.value).collect();
    // What is no search text may be a secret, so it is not shown again.
    let (shown, hidden): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|value| search(value).is_some_and(|text| text == value.trim()));
    let asks = (!shown.is_empty()).then(|| {
        let values = joined(shown.iter().map(|value| quote(value)));
        view! { <Warning words=format!("The address asks for {values}, which no filter understands. It was left out.")/> }
    });
    let blank = (!hidden.is_empty()).then(|| {
        let words = "What you searched for is blank, or it has the secret of a key in it. It was left out.".to_owned();
        view! { <Warning words/> }
    });
    let is_wrong = |(name, value): &(String, String)| match name.as_str() {
        "after" => !value.is_empty() && !query.is_cursor(value, false),
        "before" => !value.is_empty() && !query.is_cursor(value, true),
        _ => false,
    };
    let page = pairs.iter().any(is_wrong).then(|| {
        let words = "The address asks for a page that this list does not have. This is the first page.".to_owned();
        view! { <Warning words/> }
    });
    (asks, blank, page)
}

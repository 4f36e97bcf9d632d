//! What the address of a page asks for and the page does not have, so that nobody takes what it shows for the answer.

use domain::list::search_whole;
use domain::query_string::{LeftOut, ListQuery};
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
    // Links of other programs add names that say nothing about the list. Cursors are looked at below.
    let is_filter = |pair: &LeftOut| pair.known && !["after", "before"].contains(&&*pair.name);
    let asks = not_understood(left_out.into_iter().filter(is_filter).map(|pair| pair.value).collect());
    let cursor = |asked: &str| pairs.iter().find(|(name, value)| name == asked && !value.is_empty());
    let is_wrong = |(name, value): &(String, String)| !query.is_cursor(value, name == "before");
    // Of both, the first counts.
    let page = cursor("after").or_else(|| cursor("before")).is_some_and(is_wrong).then(|| {
        let words = "The address asks for a page that this list does not have. This is the first page.".to_owned();
        view! { <Warning words/> }
    });
    (asks, page)
}

/// A name of an address, and whether the page understands a value of it.
pub type AddressFilter = (&'static str, fn(&str) -> bool);

/// The same for a page that is no list. A blank value asks for nothing.
#[component]
pub fn NotUnderstood(filters: &'static [AddressFilter]) -> impl IntoView {
    let is_wrong = |(name, value): &(String, String)| {
        !value.is_empty() && filters.iter().any(|(known, understands)| known == name && !understands(value))
    };
    not_understood(address_pairs().into_iter().filter(is_wrong).map(|(_, value)| value).collect())
}

/// Whether a search looks for the whole of a text.
pub fn searched(text: &str) -> bool {
    search_whole(text).is_some()
}

fn not_understood(values: Vec<String>) -> impl IntoView {
    // What is no search text may be a secret, so it is not shown again.
    let (shown, hidden): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| searched(value));
    let asks = (!shown.is_empty()).then(|| {
        let values = joined(shown.iter().map(|value| quote(value)));
        view! { <Warning words=format!("The address asks for {values}, which no filter understands. It was left out.")/> }
    });
    let blank = (!hidden.is_empty()).then(|| {
        let words =
            "What you asked for is blank, too long, or has the secret of a key in it. What cannot be looked for was \
                     left out."
                .to_owned();
        view! { <Warning words/> }
    });
    (asks, blank)
}

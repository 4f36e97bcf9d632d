//! Addresses that carry the state of the list, and a code for the last act.

use domain::list::KeyQuery;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The wizard, at the kind and the permission of a service that checks keys.
pub const NEW_VERIFIER: &str = "/keys/new?kind=service&preset=verifier";

/// The list's filters and position, read from the address of the page.
pub fn list_query() -> KeyQuery {
    let map = use_query_map().get_untracked();
    let pairs: Vec<(String, String)> = map.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
    KeyQuery::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

/// The address of the list in this state.
pub fn list_address(query: &KeyQuery) -> String {
    with_query("/keys", &query.to_query_string())
}

/// The address of an act on a key, with the state of the list to return to.
pub fn act_address(id: &str, act: &str, query: &KeyQuery) -> String {
    with_query(&format!("/keys/{id}/{act}"), &query.to_query_string())
}

/// `path?query`, or the path alone.
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Adds a code for what was done. The frame turns it into a message.
pub fn with_done(address: &str, done: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}done={done}")
}

/// `back` comes from a form, so only the key list and its pages are accepted.
pub fn back_to_list(back: &str) -> String {
    let query = back.strip_prefix("/keys?").unwrap_or_default();
    if query.bytes().all(|byte| byte.is_ascii_graphic()) { with_query("/keys", query) } else { "/keys".to_owned() }
}

/// Where a modal returns to: the address that its form sent, or the list that its own address names.
pub fn back_of(sent: Option<&str>) -> String {
    match sent {
        Some(back) => back_to_list(back),
        None => list_address(&list_query()),
    }
}

#[cfg(test)]
mod tests {
    use super::{back_to_list, with_done};

    #[test]
    fn only_the_list_is_gone_back_to() {
        assert_eq!(back_to_list("/keys?status=active"), "/keys?status=active");
        for elsewhere in ["", "/", "//evil.example", "/keys/new", "https://evil.example/keys?x", "/keys?a\r\nb"] {
            assert_eq!(back_to_list(elsewhere), "/keys", "{elsewhere:?}");
        }
    }

    #[test]
    fn what_was_done_joins_the_filters() {
        assert_eq!(with_done("/keys", "edited"), "/keys?done=edited");
        assert_eq!(with_done("/keys?q=a", "edited"), "/keys?q=a&done=edited");
    }
}

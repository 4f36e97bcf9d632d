//! The query of a list's address, without `?`: read pair by pair, and written again.

use percent_encoding::percent_decode_str;

use crate::text::uri_component;
use crate::token;

/// A list as the query of an address asks for it.
pub trait ListQuery: Default {
    /// Takes a decoded pair, as far as it can be read.
    fn take(&mut self, name: &str, value: &str) -> Taken;

    /// Reads decoded pairs, and gives those that no filter understands whole.
    fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<LeftOut>) {
        read_pairs(pairs)
    }

    /// Reads decoded pairs. Ignores what it does not know, so a link from another version still opens a list.
    fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::read(pairs).0
    }

    /// Reads what `to_query_string` wrote, and gives what it cannot have written.
    fn read_string(text: &str) -> (Self, Vec<LeftOut>) {
        let pairs: Vec<_> = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name, percent_decode_str(value).decode_utf8_lossy()))
            .collect();
        Self::read(pairs.iter().map(|(name, value)| (*name, &**value)))
    }

    /// The query string without `?`; empty for the plain list. `read_string` turns it back into the same query.
    fn to_query_string(&self) -> String;
}

/// The plain way to read a list.
pub(crate) fn read_pairs<'a, Q: ListQuery>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Q, Vec<LeftOut>) {
    let mut query = Q::default();
    let mut left_out = Vec::new();
    let mut names = Vec::new();
    for (name, value) in pairs {
        // Of two values, nobody knows which one is meant.
        let taken = if names.contains(&name) { Taken::Unread } else { query.take(name, value) };
        if taken == Taken::Unknown {
            left_out.push(LeftOut { name: name.to_owned(), value: value.to_owned(), known: false });
            continue;
        }
        names.push(name);
        if taken == Taken::Unread {
            left_out.push(LeftOut { name: name.to_owned(), value: value.to_owned(), known: true });
        }
    }
    (query, left_out)
}

/// What a list makes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It understands it.
    Read,
    /// It has such a filter, and the filter has no such value, or takes a part of it only.
    Unread,
    /// It has no such filter.
    Unknown,
}

/// A pair of an address that no filter understands whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it asks by.
    pub name: String,
    /// What it asks for.
    pub value: String,
    /// Whether there is a filter of its name.
    pub known: bool,
}

/// Puts what a filter read into its place. An empty value asks for nothing.
pub(crate) fn put<T, P: From<T>>(place: &mut P, value: &str, read: Option<T>) -> Taken {
    match read {
        Some(read) => *place = read.into(),
        None if value.is_empty() => {}
        None => return Taken::Unread,
    }
    Taken::Read
}

/// The same for a text. What was left out of it makes it another question.
pub(crate) fn put_text(place: &mut Option<String>, value: &str, read: Option<String>) -> Taken {
    let whole = read.as_deref().is_none_or(|read| is_whole(read, value));
    let taken = put(place, value, read);
    if whole { taken } else { Taken::Unread }
}

/// Whether nothing was left out of a text when it was read. A whole key is meant to be cut to its id.
pub(crate) fn is_whole(read: &str, text: &str) -> bool {
    read == text.trim() || token::cut_to_id(text).is_some()
}

/// Whether an order is reversed; `None` if the text is no direction.
pub(crate) fn descending(text: &str) -> Option<bool> {
    match text {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    }
}

/// Those of the pairs that have a value, in their order.
pub(crate) fn query_string<'a>(pairs: impl IntoIterator<Item = (&'static str, Option<&'a str>)>) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", uri_component(value?))));
    given.collect::<Vec<_>>().join("&")
}

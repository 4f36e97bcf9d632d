//! The query string of an address, without `?`.

use crate::text::uri_component;

/// Those of the pairs that have a value, in their order.
pub(crate) fn query_string<'a>(pairs: impl IntoIterator<Item = (&'static str, Option<&'a str>)>) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", uri_component(value?))));
    given.collect::<Vec<_>>().join("&")
}

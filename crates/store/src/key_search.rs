//! A search for keys: the beginning of a name, an id or an external id, as ranges of indexes.

use domain::base62::is_base62;
use domain::text::{name_key, prefix_upper_bound};
use domain::token::id_part;

use crate::sql::Sql;

/// The beginning of a name or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    name: (String, Option<String>),
    pub(crate) id: Option<(String, Option<String>)>,
}

impl Search {
    /// Builds a search; `None` if the text is blank, because every name begins with nothing.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let name = name_key(text.trim());
        (!name.is_empty()).then(|| Self { id: id_prefix(text.trim()).map(range), name: range(&name) })
    }

    pub(crate) fn push_name(&self, sql: &mut Sql) {
        push_range(sql, "name_key", &self.name);
    }

    pub(crate) fn push_id(&self, sql: &mut Sql, column: &'static str) {
        if let Some(range) = &self.id {
            push_range(sql, column, range);
        }
    }

    /// External ids are kept in the form of names.
    pub(crate) fn push_external_id(&self, sql: &mut Sql) {
        push_range(sql, "l.value", &self.name);
    }
}

fn push_range(sql: &mut Sql, column: &'static str, (from, until): &(String, Option<String>)) {
    sql.push(column).push(" >= ").bind(&**from);
    if let Some(until) = until {
        sql.push(" AND ").push(column).push(" < ").bind(&**until);
    }
}

fn range(prefix: &str) -> (String, Option<String>) {
    (prefix.to_owned(), prefix_upper_bound(prefix))
}

/// The beginning of an id in `7Qm…`, `ks_7Qm…` or `ks_7Qm2xVbN4tRa_…`: three characters or more.
fn id_prefix(text: &str) -> Option<&str> {
    let id = id_part(text);
    (3..=12).contains(&id.len()).then_some(id).filter(|id| is_base62(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_searched_with_and_without_the_prefix() {
        for (text, id) in [
            ("7Qm", Some("7Qm")),
            ("ks_7Qm", Some("7Qm")),
            ("ks_7Qm2xVbN4tRa_secret", Some("7Qm2xVbN4tRa")),
            ("7Q", None),
            ("ks_7Q", None),
            ("ks_", None),
            ("a name", None),
            ("7Qm2xVbN4tRa7", None),
            ("é7Qm", None),
        ] {
            assert_eq!(id_prefix(text), id, "{text}");
        }
    }

    #[test]
    fn a_blank_search_is_none() {
        assert_eq!(Search::new("  "), None);
        assert!(Search::new("a").is_some_and(|search| search.id.is_none()));
    }
}

//! A search for keys: the beginning of a name or of a word in it, of an id or an external id, as ranges of indexes.

use domain::base62::is_base62;
use domain::text::{name_key, prefix_upper_bound};
use domain::token::id_part;

use crate::name_parts::BEFORE_WORDS;
use crate::sql::Sql;

/// The beginning of a name, a word or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    name: (String, Option<String>),
    /// Whether it can be the beginning of a later word.
    pub(crate) is_word: bool,
    /// Whether so many names have such a word that reading in the order of the list soon meets enough of them.
    pub(crate) is_frequent: bool,
    pub(crate) id: Option<(String, Option<String>)>,
}

impl Search {
    /// Builds a search; `None` if the text is blank, because every name begins with nothing.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let name = name_key(text.trim());
        let id = id_prefix(text.trim()).map(range);
        let is_word = !name.starts_with(BEFORE_WORDS);
        (!name.is_empty()).then(|| Self { name: range(&name), is_word, is_frequent: false, id })
    }

    /// Adds the condition on keys that are found in the order of their names.
    pub(crate) fn push_in_order(&self, sql: &mut Sql) {
        if self.is_frequent { self.push_name_or_word(sql) } else { self.push_name(sql) }
    }

    fn push_name(&self, sql: &mut Sql) {
        push_range(sql, "name_key", &self.name);
    }

    /// Tests each name for what `push_parts` finds by its index.
    pub(crate) fn push_name_or_word(&self, sql: &mut Sql) {
        let (name, _) = &self.name;
        sql.push("((");
        self.push_name(sql);
        sql.push(")");
        if self.is_word {
            // Most names fail the first test.
            let name = escaped(name);
            sql.push(" OR (name_key LIKE ").bind(format!("%{name}%")).push(" ESCAPE '\\'");
            for (n, before) in BEFORE_WORDS.into_iter().enumerate() {
                sql.push(if n == 0 { " AND (" } else { " OR " }).push("name_key LIKE ");
                sql.bind(format!("%{}{name}%", escaped(before.encode_utf8(&mut [0; 4])))).push(" ESCAPE '\\'");
            }
            sql.push("))");
        }
        sql.push(")");
    }

    /// Adds the condition on the parts of names.
    pub(crate) fn push_parts(&self, sql: &mut Sql) {
        push_range(sql, "p.part", &self.name);
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

/// A text as a pattern that matches only itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
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
        assert!(Search::new("a").is_some_and(|search| search.id.is_none() && search.is_word));
        assert!(Search::new("-a").is_some_and(|search| !search.is_word));
    }
}

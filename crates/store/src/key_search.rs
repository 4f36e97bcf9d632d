//! A search for keys: the beginning of a name or of a word in it, of an id or an external id, as ranges of indexes.

use domain::base62::is_base62;
use domain::text::{name_key, prefix_upper_bound};
use domain::token::id_part;

use crate::name_parts::{BEFORE_WORDS, parts};
use crate::sql::{Sql, push_contains};

/// A part of what a search finds. The parts follow each other in the list, and each has an index that has its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Names that begin like the search, by name.
    Begins,
    /// Other names with a later word that begins like it, by what is left of the name from that word on.
    Inside,
    /// Other keys whose id or external id begins like it, by name.
    Aside,
}

impl Source {
    pub(crate) const ALL: [Self; 3] = [Self::Begins, Self::Inside, Self::Aside];
}

/// The beginning of a name, a word or an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    name: (String, Option<String>),
    /// Whether it can be the beginning of a later word.
    pub(crate) is_word: bool,
    pub(crate) id: Option<(String, Option<String>)>,
}

impl Search {
    /// Builds a search; `None` if the text is blank, because every name begins with nothing.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let name = name_key(text.trim());
        let id = id_prefix(text.trim()).map(range);
        let is_word = !name.starts_with(BEFORE_WORDS);
        (!name.is_empty()).then(|| Self { name: range(&name), is_word, id })
    }

    /// Where a key that it finds stands in the list: the part, and what the part is sorted by.
    pub(crate) fn place(&self, name_key: &str) -> (Source, String) {
        let (begin, _) = &self.name;
        if name_key.starts_with(begin.as_str()) {
            return (Source::Begins, name_key.to_owned());
        }
        match parts(name_key).find(|part| part.starts_with(begin.as_str())) {
            Some(part) => (Source::Inside, part.to_owned()),
            None => (Source::Aside, name_key.to_owned()),
        }
    }

    pub(crate) fn push_name(&self, sql: &mut Sql) {
        push_range(sql, "name_key", &self.name);
    }

    /// Adds the beginning and the end of the range of this column, or only one of them.
    pub(crate) fn push_ends(&self, sql: &mut Sql, column: &'static str, (begins, ends): (bool, bool)) {
        let (from, until) = &self.name;
        if begins {
            sql.push(" AND ").push(column).push(" >= ").bind(&**from);
        }
        if let Some(until) = until.as_ref().filter(|_| ends) {
            sql.push(" AND ").push(column).push(" < ").bind(&**until);
        }
    }

    /// Whether a list that is read in this direction has come to the range with this text.
    pub(crate) fn reaches(&self, text: &str, descending: bool) -> bool {
        let (from, until) = &self.name;
        if descending { until.as_ref().is_none_or(|until| text < until.as_str()) } else { text >= from.as_str() }
    }

    /// Tests each name for what the ranges of names and of their words find.
    pub(crate) fn push_name_or_word(&self, sql: &mut Sql) {
        sql.push("((");
        self.push_name(sql);
        sql.push(")");
        if self.is_word {
            sql.push(" OR ");
            self.push_word(sql, |sql| {
                sql.push("name_key");
            });
        }
        sql.push(")");
    }

    /// Tests whether the same name has an earlier word that begins like the search, so that each key is found once.
    pub(crate) fn push_earlier(&self, sql: &mut Sql) {
        let (begin, _) = &self.name;
        let rest = i64::try_from(begin.chars().count()).unwrap_or(i64::MAX) - 1;
        self.push_word(sql, |sql| {
            sql.push("substr(name_key, 1, length(name_key) - length(part) + CAST(").bind(rest).push(" AS INTEGER))");
        });
    }

    fn push_word(&self, sql: &mut Sql, push_text: impl Fn(&mut Sql)) {
        let contains = |sql: &mut Sql, text: &str| {
            push_text(sql);
            push_contains(sql, text);
        };
        let (begin, _) = &self.name;
        // Most names fail this first test.
        sql.push("(");
        contains(sql, begin);
        for (n, before) in BEFORE_WORDS.into_iter().enumerate() {
            sql.push(if n == 0 { " AND (" } else { " OR " });
            contains(sql, &format!("{before}{begin}"));
        }
        sql.push("))");
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
    fn a_name_that_begins_with_it_comes_before_a_word_and_a_word_before_an_id() {
        let search = Search::new("Ex").unwrap();
        let place = |name: &str| search.place(name);
        assert_eq!(place("export ex"), (Source::Begins, "export ex".to_owned()));
        assert_eq!(place("a ex-b ex"), (Source::Inside, "ex-b ex".to_owned()));
        assert_eq!(place("rex"), (Source::Aside, "rex".to_owned()));
        assert!(Source::ALL.is_sorted());
    }

    #[test]
    fn a_list_begins_with_the_range_or_in_it() {
        let search = Search::new("ex").unwrap();
        for (text, forwards, backwards) in
            [("aa", false, true), ("ex", true, true), ("exz", true, true), ("ey", true, false), ("zz", true, false)]
        {
            assert_eq!((search.reaches(text, false), search.reaches(text, true)), (forwards, backwards), "{text}");
        }
    }

    #[test]
    fn a_blank_search_is_none() {
        assert_eq!(Search::new("  "), None);
        assert!(Search::new("a").is_some_and(|search| search.id.is_none() && search.is_word));
        assert!(Search::new("-a").is_some_and(|search| !search.is_word));
    }
}

//! The end of a page of the key list: the value that the list is sorted by, and the id. A cursor still works after its
//! key is gone.

use domain::ids::KeyId;
use domain::list::KeySort;

use crate::key_search::Source;
use crate::key_walk::{Place, SortedBy};
use crate::sql::{Arg, Sql};

/// A place between two keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    value: Value,
    id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    Time(i64),
    /// In a search: the part of it, and what that is sorted by.
    Found(Source, String),
}

impl Cursor {
    /// The place of a key in a list by name.
    pub(crate) fn by_name(name_key: &str, id: &str) -> Self {
        Self { value: Value::Text(name_key.to_owned()), id: id.to_owned() }
    }

    /// The place of a key in a list by a time.
    pub(crate) fn by_time(millis: i64, id: &str) -> Self {
        Self { value: Value::Time(millis), id: id.to_owned() }
    }

    /// The place of a key in a search.
    pub(crate) fn found((source, value): (Source, String), id: &str) -> Self {
        Self { value: Value::Found(source, value), id: id.to_owned() }
    }

    /// A place in a list; in a search, in this part of it.
    pub(crate) fn at((by, id): Place, source: Option<Source>) -> Self {
        let value = match (by, source) {
            (SortedBy::Text(text), Some(source)) => Value::Found(source, text),
            (SortedBy::Text(text), None) => Value::Text(text),
            (SortedBy::Time(millis), _) => Value::Time(millis),
        };
        Self { value, id }
    }

    /// The id of its key.
    pub(crate) fn id(&self) -> Option<KeyId> {
        KeyId::parse(&self.id)
    }

    /// The place in the order of its list.
    pub(crate) fn place(&self) -> Place {
        let by = match &self.value {
            Value::Text(text) | Value::Found(_, text) => SortedBy::Text(text.clone()),
            Value::Time(millis) => SortedBy::Time(*millis),
        };
        (by, self.id.clone())
    }

    /// The part of a search that it is in; `None` if it is not in a search.
    pub(crate) fn source(&self) -> Option<Source> {
        match self.value {
            Value::Found(source, _) => Some(source),
            Value::Text(_) | Value::Time(_) => None,
        }
    }

    /// Reads a cursor for a search; `None` if the text is not one.
    pub(crate) fn parse_found(text: &str) -> Option<Self> {
        let (id, place) = text.split_once('~')?;
        let (number, value) = place.split_once('~')?;
        let source = *Source::ALL.get(number.parse::<usize>().ok()?)?;
        Some(Self::found((source, value.to_owned()), KeyId::parse(id)?.as_str()))
    }

    /// Reads a cursor for this sort; `None` if the text is not one.
    pub(crate) fn parse(text: &str, sort: KeySort) -> Option<Self> {
        let (id, place) = text.split_once('~')?;
        let id = KeyId::parse(id)?;
        let value = place.strip_prefix(sort.as_str())?.strip_prefix('~')?;
        Some(match sort {
            KeySort::Name => Self::by_name(value, id.as_str()),
            KeySort::Created | KeySort::LastUsed => Self::by_time(value.parse().ok()?, id.as_str()),
        })
    }

    /// The text for a URL, not yet percent-encoded. It names the sort, because a place is in the order of one only.
    pub(crate) fn text(&self, sort: KeySort) -> String {
        match &self.value {
            Value::Text(value) => format!("{}~{}~{value}", self.id, sort.as_str()),
            Value::Time(millis) => format!("{}~{}~{millis}", self.id, sort.as_str()),
            Value::Found(source, value) => format!("{}~{}~{value}", self.id, *source as usize),
        }
    }

    /// Adds both values as `($n, $m)`.
    pub(crate) fn push(&self, sql: &mut Sql) {
        let value = match &self.value {
            Value::Text(value) | Value::Found(_, value) => Arg::from(&**value),
            Value::Time(millis) => Arg::from(*millis),
        };
        sql.row(true, [value, Arg::from(&*self.id)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_url() {
        let id = "7Qm2xVbN4tRa";
        for (sort, cursor) in [
            (KeySort::Name, Cursor::by_name("a~b & c", id)),
            (KeySort::Created, Cursor::by_time(1_800_000_000_000, id)),
            (KeySort::LastUsed, Cursor::by_time(0, id)),
        ] {
            assert_eq!(Cursor::parse(&cursor.text(sort), sort), Some(cursor.clone()));
            for other in KeySort::ALL.iter().filter(|other| **other != sort) {
                assert_eq!(Cursor::parse(&cursor.text(sort), *other), None, "{other:?}");
            }
        }
        let found = Cursor::found((Source::Inside, "a~b".to_owned()), id);
        assert_eq!(Cursor::parse_found(&found.text(KeySort::Name)), Some(found));
        for text in ["", "~~", "7Qm2xVbN4tRa~a", "7Qm2xVbN4tRa~3~a", "7Qm2xVbN4tRa~~a", "short~1~a"] {
            assert_eq!(Cursor::parse_found(text), None, "{text}");
        }
        for text in [
            "",
            "~",
            "7Qm2xVbN4tRa",
            "7Qm2xVbN4tRa~1",
            "7Qm2xVbN4tRa~created~x",
            "short~created~1",
            "7Qm2xVbN4tR'~created~1",
        ] {
            assert_eq!(Cursor::parse(text, KeySort::Created), None, "{text}");
        }
    }
}

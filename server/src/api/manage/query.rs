//! The query of a list: one table says what it takes, for the check and for the `OpenAPI` document.

use domain::ids::{IntegrationId, KeyId, PersonId};
use domain::timestamp::Timestamp;
use domain::{list, text, token};
use serde_json::{Value, json};
use service::Paged;

use crate::json::fault::{Faults, Step};
use crate::json::problem::Problem;

/// The characters of a day.
const DAY: usize = 10;

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// What to search for, in at most so many characters. A whole key is cut to its id.
    Search(usize),
    /// A word that is looked for as it is, of at most so many characters.
    Text(usize),
    /// Where another page of the list ends.
    Cursor,
    /// A day.
    Day,
    /// The id of a key.
    KeyId,
    /// The id of a person.
    PersonId,
    /// The id of an integration.
    IntegrationId,
}

/// A parameter of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub name: &'static str,
    pub takes: Takes,
    pub about: &'static str,
}

impl Param {
    pub const fn new(name: &'static str, takes: Takes, about: &'static str) -> Self {
        Self { name, takes, about }
    }

    /// Its schema.
    pub fn schema(&self) -> Value {
        match self.takes {
            Takes::Words(words) => json!({ "type": "string", "enum": words() }),
            Takes::Search(most) | Takes::Text(most) => text_schema(most),
            Takes::Cursor => text_schema(CURSOR_MAX),
            Takes::Day => {
                json!({ "type": "string", "format": "date", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" })
            }
            Takes::KeyId => json!({ "type": "string", "pattern": "^[0-9A-Za-z]{12}$" }),
            Takes::PersonId | Takes::IntegrationId => json!({ "type": "string", "pattern": "^[0-9a-f]{24}$" }),
        }
    }

    fn check(&self, value: &str) -> Result<(), String> {
        match self.takes {
            Takes::Words(words) if words().contains(&value) => Ok(()),
            Takes::Words(words) => Err(format!("Use one of {}.", words().join(", "))),
            Takes::Search(most) => usable(value, most, token::cut_to_id(value).is_none() && has_secret(value)),
            Takes::Text(most) => usable(value, most, token::stands_in(value)),
            Takes::Cursor if list::cursor(value).is_some() => Ok(()),
            Takes::Cursor => Err(NO_CURSOR.to_owned()),
            // An hour would be cut off.
            Takes::Day if value.len() == DAY && Timestamp::parse_input(value).is_some() => Ok(()),
            Takes::Day => Err("Send a day like 2026-11-21.".to_owned()),
            Takes::KeyId if KeyId::parse(value).is_some() => Ok(()),
            Takes::KeyId => Err("An id has 12 letters and digits.".to_owned()),
            Takes::PersonId if PersonId::parse(value).is_some() => Ok(()),
            Takes::PersonId => Err("The id of a person has 24 digits from 0 to f, in lower case.".to_owned()),
            Takes::IntegrationId if IntegrationId::parse(value).is_some() => Ok(()),
            Takes::IntegrationId => {
                Err("The id of an integration has 24 digits from 0 to f, in lower case.".to_owned())
            }
        }
    }
}

/// The most characters of a cursor.
const CURSOR_MAX: usize = 1_000;

const NO_CURSOR: &str = "This is no cursor of this list. Send next or previous as a page of the same list has it.";

fn text_schema(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$" })
}

/// What cannot be looked for would be left out, and the list would be the answer to another question.
fn usable(value: &str, most: usize, secret: bool) -> Result<(), String> {
    if !(1..=most).contains(&value.chars().count()) {
        return Err(format!("Send 1 to {most} characters."));
    }
    if value.contains(char::is_control) {
        return Err("Send no control characters.".to_owned());
    }
    if text::likeness(value).is_empty() {
        return Err("Send characters that people can see.".to_owned());
    }
    if secret { Err("Send no secret of a key.".to_owned()) } else { Ok(()) }
}

fn has_secret(value: &str) -> bool {
    token::without_secrets(value) != value
}

/// A list as its query asks for it, if it has known parameters only, each once and with a value that it takes.
pub(super) fn read_list<Q: Paged>(
    query: Option<&str>,
    params: &[Param],
    asked: impl FnOnce(&[(String, String)]) -> Q,
) -> Result<Q, Problem> {
    let pairs = read(query, params)?;
    let list = asked(&pairs);
    let cursor = |param: &Param| value(&pairs, param.name).map(|text| (text, param.name));
    let (after, before) = (cursor(&AFTER), cursor(&BEFORE));
    let mut faults = Faults::default();
    if let (Some(_), Some((_, name))) = (after, before) {
        faults.at(vec![Step::Parameter(name.to_owned())], "Send after or before, not both.");
    }
    for ((text, name), backwards) in after.map(|after| (after, false)).into_iter().chain(before.map(|one| (one, true)))
    {
        if !list.is_cursor(text, backwards) {
            faults.at(vec![Step::Parameter(name.to_owned())], NO_CURSOR);
        }
    }
    if faults.is_empty() { Ok(list) } else { Err(Problem::wrong_query(faults)) }
}

/// The pairs of a query, if it has known parameters only, each once and with a value that it takes.
pub(super) fn read(query: Option<&str>, params: &[Param]) -> Result<Vec<(String, String)>, Problem> {
    let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let mut faults = Faults::default();
    for (name, wrong) in wrong_pairs(&pairs, params) {
        faults.at(vec![Step::Parameter(name.to_owned())], wrong);
    }
    if faults.is_empty() { Ok(pairs) } else { Err(Problem::wrong_query(faults)) }
}

/// The names of the pairs that are unknown, repeated or have a wrong value, each with what is wrong.
pub(super) fn wrong_pairs<'a>(
    pairs: &'a [(String, String)],
    params: &[Param],
) -> impl Iterator<Item = (&'a str, String)> {
    pairs.iter().enumerate().filter_map(move |(n, (name, value))| {
        let wrong = match params.iter().find(|param| param.name == name) {
            None if params.is_empty() => "This call takes no parameters.".to_owned(),
            None => {
                let known: Vec<_> = params.iter().map(|param| param.name).collect();
                format!("This parameter is unknown. Use {}.", known.join(", "))
            }
            Some(_) if pairs.iter().take(n).any(|(before, _)| before == name) => {
                "This parameter is repeated.".to_owned()
            }
            Some(param) => param.check(value).err()?,
        };
        Some((name.as_str(), wrong))
    })
}

/// The value of one parameter.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The pairs, borrowed.
pub(super) fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The two parameters of every list with pages.
pub(super) const AFTER: Param =
    Param::new("after", Takes::Cursor, "The page after this cursor: `next` of the page before it.");
pub(super) const BEFORE: Param =
    Param::new("before", Takes::Cursor, "The page before this cursor: `previous` of the page after it.");

#[cfg(test)]
mod tests {
    use domain::labels::TAG_MAX;
    use domain::list::KeyQuery;
    use domain::query_string::ListQuery;

    use super::*;

    const PARAMS: &[Param] = &[
        Param::new("kind", Takes::Words(|| vec!["a", "b"]), ""),
        Param::new("q", Takes::Search(99), ""),
        Param::new("tag", Takes::Text(3), ""),
        Param::new("from", Takes::Day, ""),
        Param::new("key", Takes::KeyId, ""),
        Param::new("integration", Takes::IntegrationId, ""),
        Param::new("person_id", Takes::PersonId, ""),
    ];

    #[test]
    fn a_query_has_known_parameters_with_right_values() {
        let pairs = read(Some("kind=a&q=%C3%BC&from=2026-11-21&key=7Qm2xVbN4tRa"), PARAMS).unwrap();
        assert_eq!((value(&pairs, "q"), value(&pairs, "x"), pairs.len()), (Some("ü"), None, 4));
        assert!(read(None, PARAMS).unwrap().is_empty() && read(Some(""), PARAMS).unwrap().is_empty());
        for wrong in [
            "kind=c",
            "kind=",
            "q=",
            "tag=four",
            "from=soon",
            "key=x",
            "integration=0123456789ABCDEF01234567",
            "person_id=ada@example.com",
            "other=1",
            "q=a&q=b",
            "kind",
        ] {
            assert!(read(Some(wrong), PARAMS).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        let secret = "s".repeat(49);
        for value in ["%20", "+", "%00", "a%00", "%E2%80%8B", "%C2%85", secret.as_str(), &format!("a+{secret}")] {
            assert!(read(Some(&format!("q={value}")), PARAMS).is_err(), "{value}");
        }
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let whole = token::PlainToken::compose("ks", &id, &"s".repeat(43));
        assert!(read(Some(&format!("q={}", whole.expose())), PARAMS).is_ok(), "a whole key is cut to its id");
        for value in ["%20", "%00", "%E2%80%8B"] {
            assert!(read(Some(&format!("tag={value}")), PARAMS).is_err(), "{value}");
        }
        let tags = [Param::new("tag", Takes::Text(TAG_MAX), "")];
        assert!(read(Some(&format!("tag={}", whole.expose())), &tags).is_err(), "no tag has a key in it");
    }

    #[test]
    fn a_cursor_is_one_of_its_list() {
        let refused = |query: &str| {
            read_list(Some(query), &[AFTER, BEFORE], |pairs| KeyQuery::from_pairs(borrowed(pairs))).is_err()
        };
        assert!(!refused("after=7Qm2xVbN4tRa~name~a") && !refused("before=end"));
        for wrong in [
            "after=x",
            "after=end",
            "after=~name~a",
            "after=7Qm2xVbN4tRa~created~1",
            "after=%00",
            "before=7Qm2xVbN4tR~name~a",
        ] {
            assert!(refused(wrong), "{wrong}");
        }
        assert!(refused("after=7Qm2xVbN4tRa~name~a&before=7Qm2xVbN4tRa~name~a"), "one of the two");
    }
}

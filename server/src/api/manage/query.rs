//! The query of a list: one table says what it takes, for the check and for the `OpenAPI` document.

use domain::ids::KeyId;
use domain::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::json::fault::{Faults, Step};
use crate::json::problem::Problem;

/// The most of an unknown name that an answer repeats.
const NAME_SHOWN: usize = 64;

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// At most so many characters.
    Text(usize),
    /// A day, or a moment of it.
    Day,
    /// The id of a key.
    KeyId,
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
            Takes::Text(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
            Takes::Day => {
                json!({ "type": "string", "format": "date", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$" })
            }
            Takes::KeyId => json!({ "type": "string", "pattern": "^[0-9A-Za-z]{12}$" }),
        }
    }

    fn check(&self, value: &str) -> Result<(), String> {
        match self.takes {
            Takes::Words(words) if words().contains(&value) => Ok(()),
            Takes::Words(words) => Err(format!("Use one of {}.", words().join(", "))),
            Takes::Text(most) if (1..=most).contains(&value.chars().count()) => Ok(()),
            Takes::Text(most) => Err(format!("Send 1 to {most} characters.")),
            Takes::Day if Timestamp::parse_input(value).is_some() => Ok(()),
            Takes::Day => Err("Send a day like 2026-11-21.".to_owned()),
            Takes::KeyId if KeyId::parse(value).is_some() => Ok(()),
            Takes::KeyId => Err("An id has 12 letters and digits.".to_owned()),
        }
    }
}

/// The pairs of a query, if it has known parameters only, each once and with a value that it takes.
pub(super) fn read(query: Option<&str>, params: &[Param]) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut faults = Faults::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let fault = match params.iter().find(|param| param.name == name) {
            None => {
                let known: Vec<_> = params.iter().map(|param| param.name).collect();
                Some(format!("This parameter is unknown. Use {}.", known.join(", ")))
            }
            Some(_) if pairs.iter().any(|(before, _)| *before == name) => {
                Some("This parameter is repeated.".to_owned())
            }
            Some(param) => param.check(&value).err(),
        };
        if let Some(fault) = fault {
            let shown = name.chars().take(NAME_SHOWN).collect();
            faults.at(vec![Step::Parameter(shown)], fault);
        }
        pairs.push((name.into_owned(), value.into_owned()));
    }
    if faults.is_empty() { Ok(pairs) } else { Err(Problem::wrong_query(faults)) }
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
    Param::new("after", Takes::Text(1_000), "The page after this cursor: `next` of the page before it.");
pub(super) const BEFORE: Param =
    Param::new("before", Takes::Text(1_000), "The page before this cursor: `previous` of the page after it.");

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param::new("kind", Takes::Words(|| vec!["a", "b"]), ""),
        Param::new("q", Takes::Text(3), ""),
        Param::new("from", Takes::Day, ""),
        Param::new("key", Takes::KeyId, ""),
    ];

    #[test]
    fn a_query_has_known_parameters_with_right_values() {
        let pairs = read(Some("kind=a&q=%C3%BC&from=2026-11-21&key=7Qm2xVbN4tRa"), PARAMS).unwrap();
        assert_eq!((value(&pairs, "q"), value(&pairs, "x"), pairs.len()), (Some("ü"), None, 4));
        assert!(read(None, PARAMS).unwrap().is_empty() && read(Some(""), PARAMS).unwrap().is_empty());
        for wrong in ["kind=c", "kind=", "q=", "q=four", "from=soon", "key=x", "other=1", "q=a&q=b", "kind"] {
            assert!(read(Some(wrong), PARAMS).is_err(), "{wrong}");
        }
    }
}

//! A body, reduced to what is needed to say what is wrong with it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::members::Whole;

/// The most values to check. A nearly correct body has fewer, and any other must not fill the memory.
const LOOKED_AT: usize = 10_000;

/// One value of JSON.
pub(super) enum Tree {
    Null,
    Flag(bool),
    Number(Option<u64>),
    Text(String),
    /// The items that are checked, and the number of all items.
    List(Vec<Tree>, usize),
    /// The members that are checked, and whether those are all.
    Object(Vec<(String, Tree)>, bool),
}

impl Tree {
    /// Reads JSON of any form.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        // No member takes a number that is too large, and the others are to be checked, too.
        let is_large = |error: &serde_json::Error| error.to_string().starts_with("number out of range");
        let read = match read(text) {
            Err(error) if is_large(&error) => read(&with_numbers_in_range(text)),
            read => read,
        };
        read.map_err(|error| match error.to_string() {
            _ if text.trim().is_empty() => Unreadable::Empty,
            deep if deep.starts_with("recursion limit") => Unreadable::TooDeep,
            reason => Unreadable::NoJson(reason),
        })
    }

    /// Whether all of it was read.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::List(items, count) => items.len() == *count && items.iter().all(Self::is_whole),
            Self::Object(members, all) => *all && members.iter().all(|(_, tree)| tree.is_whole()),
            _ => true,
        }
    }

    /// Its type, as part of a sentence.
    pub const fn named(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(..) => "an array",
            Self::Object(..) => "an object",
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => json.serialize_unit(),
            Self::Flag(flag) => json.serialize_bool(*flag),
            Self::Number(number) => number.serialize(json),
            Self::Text(text) => json.serialize_str(text),
            Self::List(items, _) => json.collect_seq(items),
            Self::Object(members, _) => json.collect_map(members.iter().map(|(name, tree)| (name, tree))),
        }
    }
}

/// Why the body could not be read.
pub(super) enum Unreadable {
    Empty,
    TooDeep,
    /// The parser's reason.
    NoJson(String),
}

fn read(text: &str) -> serde_json::Result<Tree> {
    let mut json = serde_json::Deserializer::from_str(text);
    let tree = Reader(&Cell::new(LOOKED_AT)).deserialize(&mut json)?;
    json.end()?;
    Ok(tree)
}

/// The least number that is taken for too large. The parser refuses a few that a float can just hold.
const LARGE: f64 = 1e308;

/// The same JSON with -1 for each number that is too large, which no parser takes.
fn with_numbers_in_range(text: &str) -> String {
    let (mut kept, mut copied, mut at, mut in_text) = (String::with_capacity(text.len()), 0, 0, false);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => at += 1,
            b'-' | b'0'..=b'9' if !in_text => {
                let digits = text.bytes().skip(at).take_while(|byte| b"+-.eE0123456789".contains(byte)).count();
                let number = text.get(at..at + digits).unwrap_or_default();
                let is_number = serde_json::from_str::<IgnoredAny>(number).is_ok();
                if is_number && number.parse().is_ok_and(|number: f64| number.abs() >= LARGE) {
                    kept.push_str(text.get(copied..at).unwrap_or_default());
                    kept.push_str("-1");
                    copied = at + digits;
                }
                at += digits - 1;
            }
            _ => {}
        }
        at += 1;
    }
    kept + text.get(copied..).unwrap_or_default()
}

/// Reads a value, as long as it counts down to nothing.
#[derive(Clone, Copy)]
struct Reader<'r>(&'r Cell<usize>);

impl Reader<'_> {
    /// Whether to check one more value.
    fn goes_on(self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Tree, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(u64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Number(Whole::of(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Tree, A::Error> {
        let (mut items, mut count) = (Vec::new(), 0);
        while self.goes_on() {
            let Some(item) = json.next_element_seed(self)? else { return Ok(Tree::List(items, count)) };
            items.push(item);
            count += 1;
        }
        while json.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Tree::List(items, count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Tree, A::Error> {
        let (mut members, mut all) = (Vec::new(), true);
        while let Some(name) = json.next_key::<String>()? {
            if self.goes_on() {
                members.push((name, json.next_value_seed(self)?));
            } else {
                json.next_value::<IgnoredAny>()?;
                all = false;
            }
        }
        Ok(Tree::Object(members, all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_too_large_is_one_that_no_member_takes() {
        let sent = r#"{"a":1e400,"b":[-1.5E+999,2,1e300],"é\\\"9e999":"1e400 \"2e999"}"#;
        let read = r#"{"a":-1,"b":[-1,2,1e300],"é\\\"9e999":"1e400 \"2e999"}"#;
        assert_eq!(with_numbers_in_range(sent), read);
        assert!(Tree::read(sent).is_ok());
        // The parser refuses the first, which a float can hold.
        for large in ["1.7976931348623158e308", "-179.76931348623158e306", "1e400"] {
            assert!(matches!(Tree::read(large), Ok(Tree::Number(None))), "{large}");
        }
        for broken in [
            "[1e400,0001e400]",
            "[1e400,1.e999]",
            "[1e400,1e+]",
            "[1e400,-]",
            "1e400x",
            r#"{"a":1e400"#,
            "1e4001e400e",
            r#""\"#,
            "1e400 1e400",
        ] {
            assert!(matches!(Tree::read(broken), Err(Unreadable::NoJson(_))), "{broken}");
        }
    }
}

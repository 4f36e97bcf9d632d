//! The labels of a key, for people and for the services that ask about it. Labels restrict nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors, parse_items};
use crate::text::{self, quote};

/// The most characters of an external id.
pub const EXTERNAL_ID_MAX: usize = 200;
/// The most tags of a key.
pub const TAGS_MAX: usize = 20;
/// The most characters of a tag.
pub const TAG_MAX: usize = 50;
/// The most pairs in a key's metadata.
pub const METADATA_MAX: usize = 50;
/// The most characters in the name of a pair.
pub const METADATA_NAME_MAX: usize = 100;
/// The most bytes of a key's metadata, as JSON.
pub const METADATA_BYTES_MAX: usize = 10_000;

/// Who is responsible for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Owner {
    /// A person with an account, by e-mail.
    Person(String),
    /// A team, by any name.
    Team(String),
}

impl Owner {
    /// Reads an e-mail or the name of a team; `None` if it is blank.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let owner =
            if text::is_email(text) { text::email(text).map(Self::Person) } else { text::name(text).map(Self::Team) };
        owner.map(Some)
    }

    /// The e-mail, or the name of the team.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person(text) | Self::Team(text) => text,
        }
    }
}

/// Reads a stored owner. The name of a team never contains `@`.
impl From<String> for Owner {
    fn from(text: String) -> Self {
        if text.contains('@') { Self::Person(text) } else { Self::Team(text) }
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Person(text) | Owner::Team(text) => text,
        }
    }
}

/// Reads the id of the key or of its holder in other systems, on one line; `None` if it is blank.
pub fn external_id(text: &str) -> Result<Option<String>, String> {
    text::optional_line(text, EXTERNAL_ID_MAX)
}

/// Reads tags, in lower case, so that one tag has one spelling.
pub fn tags(items: &[String]) -> Result<Vec<String>, FieldErrors> {
    let tag = |text: &str| text::word(&text::name_key(text), TAG_MAX);
    let mut tags = parse_items(items, Field::Tags, TAGS_MAX, tag)?;
    tags.sort();
    Ok(tags)
}

/// Names and values that verify calls return.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Reads items like `plan=gold`, each name once. Skips blank items.
    pub fn parse_items(items: &[String]) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut pairs = BTreeMap::new();
        for (number, item) in items.iter().enumerate().filter(|(_, item)| !item.trim().is_empty()) {
            match pair(item) {
                Ok((name, _)) if pairs.contains_key(&name) => {
                    errors.push_item(Field::Metadata, number, format!("Use the name {} only once.", quote(&name)));
                }
                Ok((name, value)) => drop(pairs.insert(name, value)),
                Err(message) => errors.push_item(Field::Metadata, number, message),
            }
        }
        let metadata = Self(pairs);
        // The two parts of a key may be in two places.
        if let Err(message) = text::no_key(&metadata.to_items().join("\n")) {
            errors.push(Field::Metadata, message);
        }
        if metadata.0.len() > METADATA_MAX {
            let message = format!("Use at most {METADATA_MAX}; you entered {}.", metadata.0.len());
            errors.push(Field::Metadata, message);
        } else if metadata.json_len() > METADATA_BYTES_MAX {
            errors.push(Field::Metadata, "This is too much: keep it under 10 kB in all.");
        }
        errors.into_result().map(|()| metadata)
    }

    /// The pairs as `parse_items` reads them.
    pub fn to_items(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Roughly how many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len() + 64).sum()
    }

    /// The length of the JSON. Each pair has quotes and a colon, and a comma before the next.
    fn json_len(&self) -> usize {
        let escaped = |text: &str| text.len() + text.matches(['"', '\\']).count();
        self.0.iter().map(|(name, value)| escaped(name) + escaped(value) + 5).sum::<usize>() + self.0.len().max(1) + 1
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What has a comma itself must not look like two.
        let told = |item: String| if item.contains([',', '"']) { format!("{item:?}") } else { item };
        f.write_str(&self.to_items().into_iter().map(told).collect::<Vec<_>>().join(", "))
    }
}

fn pair(item: &str) -> Result<(String, String), String> {
    let (name, value) = item.split_once('=').unwrap_or((item, ""));
    let name = name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) || !item.contains('=') {
        return Err(format!("{} is not a name and a value: write one like plan=gold.", quote(item)));
    }
    let name = text::word(name, METADATA_NAME_MAX)?;
    Ok((name, text::line(value, METADATA_BYTES_MAX)?))
}

#[cfg(test)]
mod tests {
    use crate::ids::KeyId;
    use crate::token::PlainToken;

    use super::*;

    #[test]
    fn a_value_with_a_comma_is_not_told_as_two() {
        let told = |items: &[&str]| {
            let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
            Metadata::parse_items(&items).unwrap().to_string()
        };
        assert_eq!(told(&["plan=gold", "tier=2"]), "plan=gold, tier=2");
        assert_eq!(told(&["plan=gold, tier=2"]), r#""plan=gold, tier=2""#);
    }

    #[test]
    fn an_owner_is_a_person_or_a_team() {
        assert_eq!(Owner::parse(" ").unwrap(), None);
        assert_eq!(Owner::parse(" Ada@Example.com ").unwrap(), Some(Owner::Person("ada@example.com".to_owned())));
        for at in ['＠', '﹫'] {
            let owner = Owner::parse(&format!("ada{at}example.com")).unwrap();
            assert_eq!(owner, Some(Owner::Person("ada@example.com".to_owned())));
        }
        assert_eq!(Owner::parse("Payments").unwrap(), Some(Owner::Team("Payments".to_owned())));
        for text in ["@", "a@b@c", "two\nlines", "\u{200d}", &"x".repeat(101)] {
            assert!(Owner::parse(text).is_err(), "{text}");
        }
        for owner in [Owner::Person("ada@example.com".to_owned()), Owner::Team("Payments".to_owned())] {
            let json = serde_json::to_string(&owner).unwrap();
            assert_eq!(serde_json::from_str::<Owner>(&json).unwrap(), owner);
        }
    }

    #[test]
    fn tags_are_few_short_and_of_one_spelling() {
        let read = |items: &[&str]| tags(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["Prod, eu", "", "prod"]).unwrap(), ["eu", "prod"]);
        for wrong in [&"x".repeat(51), "\u{200d}\u{fe0f}"] {
            assert_eq!(read(&["ok", wrong]).unwrap_err().0[0].item, Some(1), "{wrong:?}");
        }
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert!(tags(&many).is_err() && tags(&many[..20]).is_ok());
    }

    #[test]
    fn metadata_is_pairs_that_come_back_as_they_went() {
        let read = |items: &[&str]| Metadata::parse_items(&items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
        let metadata = read(&["plan = gold", "", "url=https://example.com/?a=b", "empty="]).unwrap();
        assert_eq!(metadata.to_items(), ["empty=", "plan=gold", "url=https://example.com/?a=b"]);
        assert_eq!(Metadata::parse_items(&metadata.to_items()).unwrap(), metadata);
        assert_eq!(
            serde_json::to_string(&metadata).unwrap(),
            r#"{"empty":"","plan":"gold","url":"https://example.com/?a=b"}"#
        );
        assert_eq!(read(&["plan=gold", "", "plan=silver"]).unwrap_err().0[0].item, Some(2));
        for (item, wrong) in [("plan", 0), ("=gold", 0), ("two words=x", 0), ("a=line\u{7}", 0), ("\u{fe0f}=x", 0)] {
            assert_eq!(read(&[item]).unwrap_err().0[wrong].item, Some(0), "{item}");
        }
    }

    #[test]
    fn the_two_parts_of_a_key_are_no_metadata() {
        let plain = PlainToken::compose("mk", &KeyId::parse("7Qm2xVbN4tRa").unwrap(), &"s".repeat(43));
        let token = plain.token().unwrap();
        let (id, secret) = (token.pair_id(), token.pair_secret());
        for items in [vec![format!("{id}={secret}")], vec![format!("id={id}"), format!("secret={secret}")]] {
            let wrong = Metadata::parse_items(&items).unwrap_err();
            assert!(wrong.0[0].message.contains("complete API key"), "{items:?}");
        }
        assert!(Metadata::parse_items(&[format!("id={id}")]).is_ok());
    }

    #[test]
    fn metadata_has_its_bounds() {
        let many: Vec<String> = (0..51).map(|n| format!("n{n}=x")).collect();
        assert!(Metadata::parse_items(&many).is_err() && Metadata::parse_items(&many[..50]).is_ok());
        let long = |length: usize| Metadata::parse_items(&[format!("a={}", "\"".repeat(length))]);
        let kept = long(4_996).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap().len(), METADATA_BYTES_MAX);
        assert!(long(4_997).is_err());
    }
}

//! JSON as the API sent it, with its members in their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One value.
#[derive(Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Flag(bool),
    Whole(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads what the API answered; `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// An object of these members.
    pub fn object(members: Vec<(&str, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A member, or one inside it, as `key.name`.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| value.get(name))
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A member that is a number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Self::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    /// The members of an object, in their order.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The value in words; blank if there is none.
    pub fn words(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Whole(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => {
                let between = if items.iter().any(|item| matches!(item, Self::Object(_))) { "; " } else { ", " };
                items.iter().map(Self::words).collect::<Vec<_>>().join(between)
            }
            Self::Object(members) => {
                let there = members.iter().filter(|(_, value)| !value.is_nothing());
                let named = there.map(|(name, value)| format!("{name}={}", value.words()));
                named.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Whether there is no value at all. An empty text is one.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Flag(_) | Self::Whole(_) | Self::Text(_) => false,
        }
    }

    /// The value as it is sent.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<Vec<String>> for Json {
    fn from(items: Vec<String>) -> Self {
        Self::List(items.into_iter().map(Self::Text).collect())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => json.serialize_unit(),
            Self::Flag(flag) => json.serialize_bool(*flag),
            Self::Whole(number) => json.serialize_i64(*number),
            Self::Text(text) => json.serialize_str(text),
            Self::List(items) => json.collect_seq(items),
            Self::Object(members) => {
                let mut object = json.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON of the API")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Json, E> {
        i64::try_from(number).map(Json::Whole).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = json.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = json.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let text = r#"{"z":[1,"two",null],"a":{"flag":true,"b":-3},"":""}"#;
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(json.to_text(), text);
        assert_eq!(
            (json.get("z").unwrap().words(), json.get("a").unwrap().words()),
            ("1, two, ".into(), "flag=yes, b=-3".into())
        );
        assert!(json.at("a.b") == Some(&Json::Whole(-3)) && json.at("z.b").is_none() && json.at("a.flag.b").is_none());
        let revoked = br#"{"at":"2026","reason":"leaked","restorableUntil":null,"keys":[],"note":""}"#;
        assert_eq!(Json::read(revoked).unwrap().words(), "at=2026, reason=leaked, note=");
        assert!(Json::read(b"<html>").is_none() && Json::read(b"").is_none());
    }
}

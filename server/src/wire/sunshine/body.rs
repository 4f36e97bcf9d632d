//! The JSON body of a call, and its members. Those that nobody here knows are kept or ignored, never refused.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::json::problem::Problem;
use crate::reading;

/// The longest body, in bytes.
const LIMIT: usize = 100 * 1024;

/// The most characters of a name.
const NAME_MAX: usize = 100;

/// A body that is a JSON object. One that was left out is an empty object.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = reading::of_call(&parts, body, LIMIT).await;
        let bytes = bytes.map_err(|error| Failure::from(Problem::no_body(error, LIMIT)))?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        if !is_json(&parts.headers) {
            return Err(Problem::not_json().into());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Failure::bad_request("Bad request: the body should be an object")),
            Err(error) => Err(Failure::bad_request(format!("Bad request: {error}"))),
        }
    }
}

impl Body {
    /// Its members.
    pub fn members(&self) -> Members<'_> {
        Members { map: &self.0, place: String::new() }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// The members of an object in a body, and its place there.
#[derive(Debug)]
pub(super) struct Members<'a> {
    map: &'a Map<String, Value>,
    /// Empty for the body itself.
    place: String,
}

impl<'a> Members<'a> {
    /// The members of a value that must be an object.
    pub fn of(value: &'a Value, place: String) -> Result<Self, Failure> {
        match value {
            Value::Object(map) => Ok(Self { map, place }),
            _ => Err(Failure::bad_request(format!("{place} should be object"))),
        }
    }

    /// The place of a member, as errors name it.
    pub fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// The member as it was sent; `None` if it is missing or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether it was sent as null.
    pub fn is_null(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(Value::is_null)
    }

    /// Whether it was sent, be it as null.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    fn should_be(&self, name: &str, what: &str) -> Failure {
        Failure::bad_request(format!("{} should be {what}", self.place(name)))
    }

    /// That a member is missing which must be there.
    pub fn required(&self, name: &str) -> Failure {
        Failure::required(&self.place, name)
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.should_be(name, "string")),
        }
    }

    pub fn needed(&self, name: &str) -> Result<&'a str, Failure> {
        self.text(name)?.ok_or_else(|| self.required(name))
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.should_be(name, "boolean")),
        }
    }

    pub fn list(&self, name: &str) -> Result<Option<&'a [Value]>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.should_be(name, "array")),
        }
    }

    pub fn object(&self, name: &str) -> Result<Option<Members<'a>>, Failure> {
        self.get(name).map(|value| Members::of(value, self.place(name))).transpose()
    }

    /// The display name: 1 to 100 characters.
    pub fn display_name(&self) -> Result<Option<&'a str>, Failure> {
        let name = "displayName";
        let Some(text) = self.text(name)? else { return Ok(None) };
        if text.trim().is_empty() {
            return Err(Failure::bad_request(format!("{} should NOT be shorter than 1 characters", self.place(name))));
        }
        if text.trim().chars().count() > NAME_MAX {
            let title = format!("{} should NOT be longer than {NAME_MAX} characters", self.place(name));
            return Err(Failure::bad_request(title));
        }
        Ok(Some(text))
    }

    /// The display name of something that must have one.
    pub fn needed_display_name(&self) -> Result<&'a str, Failure> {
        self.display_name()?.ok_or_else(|| self.required("displayName"))
    }

    /// What was sent besides these members, without nulls.
    pub fn besides(&self, known: &[&str]) -> Map<String, Value> {
        let rest = self.map.iter().filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
        rest.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What was sent besides these members, with nulls, which take a member away.
    pub fn unknown(&self, known: &[&str]) -> Map<String, Value> {
        let rest = self.map.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        rest.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// All members.
    pub fn map(&self) -> &'a Map<String, Value> {
        self.map
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_and_named_where_they_are_wrong() {
        let body = json!({ "displayName": "é".repeat(100), "n": null, "on": true, "in": { "a": 1 }, "of": [1] });
        let members = Members::of(&body, String::new()).unwrap();
        assert_eq!(members.needed_display_name().unwrap().chars().count(), NAME_MAX);
        assert!(members.text("n").unwrap().is_none() && members.has("n") && !members.has("m"));
        assert_eq!(
            (members.flag("on").unwrap(), members.list("of").unwrap().map(<[Value]>::len)),
            (Some(true), Some(1))
        );
        let inner = members.object("in").unwrap().unwrap();
        let told = |failure: Failure| format!("{failure:?}");
        assert!(told(inner.text("a").unwrap_err()).contains("in.a should be string"));
        assert!(told(inner.needed("b").unwrap_err()).contains("in should have required property 'b'"));
        assert!(told(members.needed("m").unwrap_err()).contains("\"should have required property 'm'\""));
        assert_eq!(members.besides(&["displayName", "in"]).len(), 2);
        for wrong in ["", "  ", &"a".repeat(101)] {
            let body = json!({ "displayName": wrong });
            assert!(Members::of(&body, String::new()).unwrap().display_name().is_err(), "{wrong}");
        }
    }
}

//! The parameters of a call: in the query, in a form or in JSON, all alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use domain::timestamp::Timestamp;
use percent_encoding::percent_decode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::answer::Fail;
use crate::json::fault::shortened;
use crate::json::problem::{Kind, Problem};
use crate::reading;

/// The longest body, in bytes.
const LIMIT: usize = 64 * 1024;
/// The most parameters of a call. The family has six of them at most.
const MOST: usize = 100;

/// The parameters of a call by their names.
pub(super) struct Form(BTreeMap<String, String>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold the password of a room.
        write!(f, "Form({} parameters)", self.0.len())
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Fail;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fail> {
        let (parts, body) = request.into_parts();
        let bytes = reading::of_call(&parts, body, LIMIT).await;
        let bytes = bytes.map_err(|error| Problem::no_body(error, LIMIT))?;
        let mut form = Self(BTreeMap::new());
        form.add_pairs(parts.uri.query().unwrap_or_default().as_bytes())?;
        form.add_body(&parts.headers, &bytes)?;
        Ok(form)
    }
}

impl Form {
    fn add_body(&mut self, headers: &HeaderMap, bytes: &Bytes) -> Result<(), Fail> {
        if bytes.is_empty() {
            return Ok(());
        }
        match media_type(headers).as_deref() {
            None | Some("application/x-www-form-urlencoded") => self.add_pairs(bytes),
            Some("application/json") => self.add_json(bytes),
            Some(_) => {
                let message = "Send the body as application/x-www-form-urlencoded, or as application/json.";
                Err(Problem::new(Kind::NotJson, message).into())
            }
        }
    }

    fn add_pairs(&mut self, encoded: &[u8]) -> Result<(), Fail> {
        let pairs = encoded.split(|byte| *byte == b'&');
        for (pair, (name, value)) in pairs.flat_map(|pair| form_urlencoded::parse(pair).map(move |read| (pair, read))) {
            // The parser puts U+FFFD where bytes are not UTF-8, but a text may hold that character too.
            if percent_decode(pair).decode_utf8().is_err() {
                return Err(Fail::incorrect(format!("{}: This is not UTF-8 text.", shortened(&name))));
            }
            self.add(name.into_owned(), value.into_owned())?;
        }
        Ok(())
    }

    fn add_json(&mut self, bytes: &[u8]) -> Result<(), Fail> {
        let members: Members =
            serde_json::from_slice(bytes).map_err(|_| Fail::incorrect("The body is not a JSON object."))?;
        if let Some(name) = &members.twice {
            return Err(twice(name));
        }
        for (name, value) in members.by_name {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    return Err(Fail::incorrect(format!("{}: Send a text or a number.", shortened(&name))));
                }
            };
            self.add(name, text)?;
        }
        Ok(())
    }

    /// Adds a parameter. Sent twice with different values it is refused, because nobody knows which one was meant.
    fn add(&mut self, name: String, value: String) -> Result<(), Fail> {
        if self.0.len() >= MOST {
            return Err(Fail::incorrect(format!("Send at most {MOST} parameters.")));
        }
        match self.0.entry(name) {
            Entry::Occupied(known) if *known.get() != value => Err(twice(known.key())),
            Entry::Occupied(_) => Ok(()),
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
        }
    }

    /// A parameter as it was sent, which may be empty.
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter without white space around it; an empty one is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.sent(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A parameter that the call needs.
    pub fn needed(&self, name: &str) -> Result<&str, Fail> {
        self.text(name).ok_or_else(|| Fail::missing(name))
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<u32>, Fail> {
        let read = |text: &str| text.parse().map_err(|_| Fail::incorrect(format!("{name}: Send a whole number.")));
        self.text(name).map(read).transpose()
    }

    /// A time in UTC: the one `before` if none was sent, and none if it was sent empty.
    pub fn time(&self, name: &str, before: Option<Timestamp>) -> Result<Option<Timestamp>, Fail> {
        match self.sent(name).map(str::trim) {
            None => Ok(before),
            Some("") => Ok(None),
            Some(text) => {
                let wrong = || format!("{name}: Send a time in UTC, such as 2026-11-21T09:30:00Z.");
                Timestamp::parse_input(text).map(Some).ok_or_else(|| Fail::incorrect(wrong()))
            }
        }
    }
}

/// The media type of a body, in small letters and without its parameters; `None` if there is none.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("unreadable");
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase()).filter(|kind| !kind.is_empty())
}

/// The members of a JSON object. A map would keep the last of those with the same name.
#[derive(Default)]
struct Members {
    by_name: BTreeMap<String, Value>,
    /// The name of one that is there twice, with different values.
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some((name, value)) = json.next_entry::<String, Value>()? {
            match members.by_name.entry(name) {
                Entry::Occupied(known) if *known.get() != value => members.twice = Some(known.key().clone()),
                Entry::Occupied(_) => {}
                Entry::Vacant(place) => {
                    place.insert(value);
                }
            }
        }
        Ok(members)
    }
}

fn twice(name: &str) -> Fail {
    Fail::incorrect(format!("{}: This is there twice, with different values.", shortened(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(query: &str, kind: Option<&str>, body: &'static str) -> Result<Form, Fail> {
        let mut request = Request::new(body.into());
        *request.uri_mut() = format!("/a?{query}").parse().unwrap();
        if let Some(kind) = kind {
            request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        Form::from_request(request, &()).await
    }

    #[tokio::test]
    async fn query_form_and_json_are_read_alike() {
        let form = Some("application/x-www-form-urlencoded; charset=UTF-8");
        for (query, kind, body) in [
            ("roomName=A%20b&maxUser=5", None, ""),
            ("maxUser=5", form, "roomName=A+b"),
            ("", form, "roomName=A%20b&maxUser=5"),
            ("", None, "roomName=A%20b&maxUser=5"),
            ("", Some("application/json"), r#"{"roomName":"A b","maxUser":5,"webrtc":null}"#),
            ("roomName=A+b", Some("APPLICATION/JSON"), r#"{"roomName":"A b","maxUser":"5"}"#),
            ("roomName=A+b&maxUser=5", Some("text/plain"), ""),
        ] {
            let form = read(query, kind, body).await.unwrap();
            assert_eq!(form.needed("roomName").unwrap(), "A b", "{query} {body}");
            assert_eq!(form.number("maxUser").unwrap(), Some(5));
            assert_eq!(form.text("webrtc"), None);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused() {
        for (query, kind, body) in [
            ("a=1&a=2", None, ""),
            ("a=1", None, "a=2"),
            ("a=%ff", None, ""),
            ("a=%ef%bf%bd%ff", None, ""),
            ("", None, "b=1&a=%c3"),
            ("", Some("application/json"), "{"),
            ("", Some("application/json"), "[]"),
            ("", Some("application/json"), r#"{"a":[1]}"#),
            ("", Some("application/json"), r#"{"a":"1","a":"2"}"#),
            ("", Some("application/json"), r#"{"a":null,"b":1,"a":"2"}"#),
            ("a=1", Some("application/json"), r#"{"a":2}"#),
            ("", Some("text/xml"), "<a/>"),
            ("", Some("multipart/form-data; boundary=x"), "--x"),
        ] {
            assert!(read(query, kind, body).await.is_err(), "{query} {body}");
        }
        let replaced = read("&a=%EF%BF%BD+%25&", None, "b=\u{fffd}").await.unwrap();
        assert_eq!((replaced.sent("a"), replaced.sent("b")), (Some("\u{fffd} %"), Some("\u{fffd}")));
        assert!(read("a=1&a=1", None, "a=1").await.is_ok(), "the same twice is clear");
        assert!(read("a=1", Some("application/json"), r#"{"a":"1","a":"1"}"#).await.is_ok());
        let form = read("n=-1&t=soon&e=", None, "").await.unwrap();
        assert!(form.number("n").is_err() && form.time("t", None).is_err() && form.needed("e").is_err());
        let before = Some(Timestamp::from_millis(1));
        assert_eq!((form.time("e", before).unwrap(), form.time("none", before).unwrap()), (None, before));
    }
}

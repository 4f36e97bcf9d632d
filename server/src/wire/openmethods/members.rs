//! The members of an event: in the query, in a form or in JSON, all alike.

use std::fmt;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use domain::event::EVENT_MEMBERS_MAX;
use percent_encoding::percent_decode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use service::events::NewEvent;

use super::answer::{Code, Fail};
use crate::api::credential::bearer;
use crate::json::fault::shortened;
use crate::json::problem::{Kind, Problem};
use crate::reading::{self, Sender};

/// The longest body, in bytes. The longest further members fit, with room for how they are written.
const LIMIT: usize = 128 * 1024;

/// What a call sends.
#[derive(Default)]
pub(super) struct Members {
    jwt: Option<Value>,
    event: Option<Value>,
    crm_id: Option<Value>,
    agent_id: Option<Value>,
    further: Map<String, Value>,
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // They hold a key.
        write!(f, "Members({} further ones)", self.further.len())
    }
}

impl Members {
    /// Those of the address.
    pub fn of_query(parts: &Parts) -> Result<Self, Fail> {
        let mut members = Self::default();
        members.add_pairs(parts.uri.query().unwrap_or_default().as_bytes())?;
        Ok(members)
    }

    /// Adds those of the body.
    pub async fn add_body(&mut self, parts: &Parts, body: Body, sender: Sender<'_>) -> Result<(), Fail> {
        let arrived = reading::whole(sender, &parts.headers, body, LIMIT).await;
        let bytes = arrived.map_err(|error| Problem::no_body(error, LIMIT))?.bytes;
        if bytes.is_empty() {
            return Ok(());
        }
        if parts.method == Method::GET {
            let message = "A GET has its members in the query, and no body: move them there, or send a POST.";
            return Err(Fail::new(Code::BODY_NOT_READ, message));
        }
        self.add_bytes(&parts.headers, &bytes)
    }

    fn add_bytes(&mut self, headers: &HeaderMap, bytes: &Bytes) -> Result<(), Fail> {
        let looks_like_json = bytes.trim_ascii_start().first() == Some(&b'{');
        match media_type(headers).as_deref() {
            Some("application/json") => self.add_json(bytes),
            None if looks_like_json => self.add_json(bytes),
            Some("application/x-www-form-urlencoded") if looks_like_json => {
                let message =
                    "The body is JSON, and its Content-Type says that it is a form: send it as application/json.";
                Err(Problem::new(Kind::NotJson, message).into())
            }
            None | Some("application/x-www-form-urlencoded") => self.add_pairs(bytes),
            Some(_) => {
                let message = "Send the body as application/json, or as application/x-www-form-urlencoded.";
                Err(Problem::new(Kind::NotJson, message).into())
            }
        }
    }

    fn add_pairs(&mut self, encoded: &[u8]) -> Result<(), Fail> {
        let pairs = encoded.split(|byte| *byte == b'&');
        for (pair, (name, value)) in pairs.flat_map(|pair| form_urlencoded::parse(pair).map(move |read| (pair, read))) {
            // The parser puts U+FFFD where bytes are not UTF-8, but a text may hold that character too.
            if percent_decode(pair).decode_utf8().is_err() {
                let message = format!("{}: This is not UTF-8 text.", shortened(&name));
                return Err(Fail::new(Code::MALFORMED, message));
            }
            self.add(name.into_owned(), Value::String(value.into_owned()))?;
        }
        Ok(())
    }

    fn add_json(&mut self, bytes: &[u8]) -> Result<(), Fail> {
        let pairs: Pairs = serde_json::from_slice(bytes).map_err(|error| {
            Fail::new(Code::MALFORMED, format!("The body is no JSON object that can be read: {}.", why(&error)))
        })?;
        pairs.0.into_iter().try_for_each(|(name, value)| self.add(name, value))
    }

    /// Adds a member. Sent twice with different values it is refused, because nobody knows which one was meant.
    fn add(&mut self, name: String, value: Value) -> Result<(), Fail> {
        let place = match name.to_ascii_lowercase().as_str() {
            "jwt" => &mut self.jwt,
            "event" => &mut self.event,
            "crmid" => &mut self.crm_id,
            "agentid" => &mut self.agent_id,
            _ => {
                if self.further.get(&name).is_some_and(|known| *known != value) {
                    return Err(twice(&name));
                }
                if self.further.len() >= EVENT_MEMBERS_MAX && !self.further.contains_key(&name) {
                    let message =
                        format!("Send at most {EVENT_MEMBERS_MAX} members beside jwt, event, crmId and agentId.");
                    return Err(Fail::new(Code::TOO_MANY_MEMBERS, message));
                }
                self.further.insert(name, value);
                return Ok(());
            }
        };
        if place.as_ref().is_some_and(|known| *known != value) {
            return Err(twice(&name));
        }
        *place = Some(value);
        Ok(())
    }

    /// The key of the call: in the member `jwt`, as Bearer, or the same one in both.
    pub fn key<'a>(&'a self, headers: &'a HeaderMap) -> Result<&'a str, Fail> {
        self.early_key(headers)?.ok_or_else(|| {
            let message =
                "The key is missing: send it as the member jwt, or in the header Authorization: Bearer <key>.";
            Fail::new(Code::KEY_MISSING, message)
        })
    }

    /// The key as far as the call is known; `None` if it may still come with the body.
    pub fn early_key<'a>(&'a self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Fail> {
        let member = text("jwt", self.jwt.as_ref())?;
        let header = headers.contains_key(header::AUTHORIZATION).then(|| bearer(headers)).transpose()?;
        match (member, header) {
            (Some(member), Some(header)) if member != header => {
                let message = "The call has two keys, one as jwt and one in the Authorization header: send one.";
                Err(Fail::new(Code::TWO_KEYS, message))
            }
            (member, header) => Ok(member.or(header)),
        }
    }

    /// What the call reports, with the members that every event needs.
    pub fn event(self) -> Result<NewEvent, Fail> {
        let owned = |name, value: &Option<Value>| text(name, value.as_ref()).map(|text| text.map(str::to_owned));
        let name = owned("event", &self.event)?;
        let crm_id = owned("crmId", &self.crm_id)?;
        let agent_id = owned("agentId", &self.agent_id)?;
        let name = name.ok_or_else(|| Fail::missing("event", "send what happened, for example On Ring."))?;
        let crm_id = crm_id
            .ok_or_else(|| Fail::missing("crmId", "send the host of the CRM, for example example.zendesk.com."))?;
        Ok(NewEvent { name, crm_id, agent_id, data: self.further, ..NewEvent::default() })
    }
}

/// A member that is a text, without white space around it; a blank one is none.
fn text<'a>(name: &str, value: Option<&'a Value>) -> Result<Option<&'a str>, Fail> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(Fail::new(Code::MEMBER_INVALID, format!("{name}: Send a text."))),
    }
}

/// The media type of a body, in small letters and without its parameters; `None` if there is none.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("unreadable");
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase()).filter(|kind| !kind.is_empty())
}

/// Where the body ends to be JSON. The parser's own words may repeat a part of it, and that may be the key.
fn why(error: &serde_json::Error) -> String {
    if error.is_data() {
        "it begins with something else".to_owned()
    } else {
        format!("line {}, column {}", error.line(), error.column())
    }
}

/// The members of a JSON object as they were sent. A map would keep the last of those with the same name.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = json.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

fn twice(name: &str) -> Fail {
    let message = format!("{}: This is there twice, with different values.", shortened(name));
    Fail::new(Code::MEMBER_REPEATED, message)
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    async fn read(method: &str, query: &str, kind: Option<&str>, body: impl Into<Body>) -> Result<Members, Fail> {
        let mut request = Request::new(body.into());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = format!("/openconnect?{query}").parse().unwrap();
        if let Some(kind) = kind {
            request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        let (parts, body) = request.into_parts();
        let mut members = Members::of_query(&parts)?;
        members.add_body(&parts, body, Sender::Stranger).await?;
        Ok(members)
    }

    const JSON: Option<&str> = Some("application/json; charset=utf-8");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[tokio::test]
    async fn query_form_and_json_are_read_alike() {
        for (method, query, kind, body) in [
            ("GET", "jwt=k&event=On%20Ring&crmId=a.example&agentId=7&x=1", None, ""),
            ("GET", "JWT=k&EVENT=On+Ring&CRMID=a.example&agentid=7&x=1", JSON, ""),
            ("POST", "", FORM, "jwt=k&event=On+Ring&crmid=a.example&AgentID=7&x=1"),
            ("POST", "", None, "jwt=k&event=On%20Ring&crmId=a.example&agentId=7&x=1"),
            ("POST", "", JSON, r#"{"jwt":"k","event":" On Ring ","crmId":"a.example","agentId":"7","x":"1"}"#),
            ("POST", "", None, r#"  {"Jwt":"k","Event":"On Ring","CrmId":"a.example","AgentId":"7","x":"1"}"#),
            ("POST", "jwt=k&x=1", JSON, r#"{"jwt":"k","event":"On Ring","crmId":"a.example","agentId":"7","x":"1"}"#),
        ] {
            let members = read(method, query, kind, body).await.unwrap();
            assert_eq!(members.key(&HeaderMap::new()).unwrap(), "k", "{query} {body}");
            assert!(!format!("{members:?}").contains("k\""));
            let event = members.event().unwrap();
            assert_eq!((event.name.as_str(), event.crm_id.as_str()), ("On Ring", "a.example"), "{query} {body}");
            assert_eq!(event.agent_id.as_deref(), Some("7"));
            assert_eq!(event.data, Map::from_iter([("x".to_owned(), Value::from("1"))]));
        }
    }

    #[tokio::test]
    async fn further_members_keep_their_types_and_spelling() {
        let body = r#"{"event":"e","crmId":"c","agentId":null,"n":1.5,"list":[{"a":null}],"A":true,"a":false}"#;
        let event = read("POST", "", JSON, body).await.unwrap().event().unwrap();
        let data = Value::Object(event.data);
        assert_eq!(data, serde_json::json!({"n": 1.5, "list": [{"a": null}], "A": true, "a": false}));
        assert_eq!(event.agent_id, None);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_by_its_code() {
        for (method, query, kind, body, code) in [
            ("GET", "", None, "event=e", Code::BODY_NOT_READ),
            ("GET", "a=%ff", None, "", Code::MALFORMED),
            ("GET", "a=1&a=2", None, "", Code::MEMBER_REPEATED),
            ("GET", "crmId=1&CRMID=2", None, "", Code::MEMBER_REPEATED),
            ("POST", "jwt=1", JSON, r#"{"jwt":"2"}"#, Code::MEMBER_REPEATED),
            ("POST", "", JSON, r#"{"a":1,"a":2}"#, Code::MEMBER_REPEATED),
            ("POST", "", JSON, "{", Code::MALFORMED),
            ("POST", "", JSON, "[]", Code::MALFORMED),
            ("POST", "", JSON, "null", Code::MALFORMED),
            ("POST", "", JSON, "{} x", Code::MALFORMED),
            ("POST", "", JSON, "\u{feff}{}", Code::MALFORMED),
            ("POST", "", FORM, r#"{"jwt":"k"}"#, Code::WRONG_TYPE),
            ("POST", "", Some("text/plain"), "{}", Code::WRONG_TYPE),
            ("POST", "", Some("multipart/form-data; boundary=x"), "--x", Code::WRONG_TYPE),
        ] {
            let fail = read(method, query, kind, body).await.unwrap_err();
            assert_eq!(fail.code, code, "{query} {body}: {fail:?}");
        }
        let deep = format!(r#"{{"a":{}}}"#, "[".repeat(100_000));
        assert_eq!(read("POST", "", JSON, deep).await.unwrap_err().code, Code::MALFORMED);
        let many = |n: usize| (0..n).map(|n| format!("m{n}=1")).collect::<Vec<_>>().join("&");
        assert!(read("POST", "", FORM, many(200)).await.is_ok());
        assert_eq!(read("POST", "", FORM, many(201)).await.unwrap_err().code, Code::TOO_MANY_MEMBERS);
        assert_eq!(read("POST", "", FORM, "x".repeat(LIMIT + 1)).await.unwrap_err().code, Code::TOO_LONG);
    }

    #[tokio::test]
    async fn what_is_missing_or_of_the_wrong_type_is_named() {
        for (body, code, named) in [
            ("{}", Code::MEMBER_MISSING, "event"),
            (r#"{"event":"e"}"#, Code::MEMBER_MISSING, "crmId"),
            (r#"{"event":" ","crmId":"c"}"#, Code::MEMBER_MISSING, "event"),
            (r#"{"event":"e","crmId":null}"#, Code::MEMBER_MISSING, "crmId"),
            (r#"{"event":["e"],"crmId":"c"}"#, Code::MEMBER_INVALID, "event"),
            (r#"{"event":"e","crmId":7}"#, Code::MEMBER_INVALID, "crmId"),
            (r#"{"event":"e","crmId":"c","agentId":7}"#, Code::MEMBER_INVALID, "agentId"),
        ] {
            let fail = read("POST", "", JSON, body).await.unwrap().event().unwrap_err();
            assert_eq!(fail.code, code, "{body}");
            assert!(fail.message.starts_with(named), "{body}: {fail:?}");
        }
    }

    #[tokio::test]
    async fn one_key_comes_in_either_place_and_two_are_refused() {
        let bearer = |key: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
            headers
        };
        let (with, without) = (read("GET", "jwt=k", None, "").await.unwrap(), read("GET", "", None, "").await.unwrap());
        assert_eq!(without.key(&bearer("k")).unwrap(), "k");
        assert_eq!(with.key(&bearer("k")).unwrap(), "k", "the same twice is clear");
        assert_eq!(with.key(&bearer("other")).unwrap_err().code, Code::TWO_KEYS);
        assert_eq!(without.key(&HeaderMap::new()).unwrap_err().code, Code::KEY_MISSING);
        let odd = read("POST", "", JSON, r#"{"jwt":7}"#).await.unwrap();
        assert_eq!(odd.key(&HeaderMap::new()).unwrap_err().code, Code::MEMBER_INVALID);
    }
}

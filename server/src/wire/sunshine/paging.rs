//! Pages of a list: `page[after]`, `page[before]` and `page[size]`, also with the brackets encoded, or as one JSON object
//! in `page`. Filters are read in the same three spellings.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value};

use super::failure::Failure;

/// How many rows a page has unless the call says otherwise.
const SIZE: u32 = 25;

/// The most rows of a page.
const SIZE_MAX: u32 = 100;

/// The most characters of a cursor.
const CURSOR_MAX: usize = 100;

/// The query of a call, and its path, which links to other pages repeat.
#[derive(Debug)]
pub(super) struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paging {
    /// How many rows: 1 to 100.
    pub size: u32,
    /// What comes after this.
    pub after: Option<String>,
    /// What comes before this. Never together with `after`.
    pub before: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(Self { path: parts.uri.path().to_owned(), pairs })
    }
}

/// Why a parameter of one group could not be read.
struct Wrong;

impl Query {
    /// The value of a plain parameter; `None` if it is missing. One that is repeated is wrong.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() { Err(Failure::query()) } else { Ok(value) }
    }

    /// A member of a group, as `filter[types]`; `None` if it is missing.
    pub fn filter(&self, name: &str) -> Result<Option<String>, Failure> {
        self.member("filter", name).map_err(|Wrong| Failure::query())
    }

    /// Which page is asked for. `is_cursor` says whether a text can be a cursor of the list.
    pub fn paging(&self, is_cursor: impl Fn(&str) -> bool) -> Result<Paging, Failure> {
        self.read_paging(is_cursor).map_err(|Wrong| Failure::page())
    }

    fn read_paging(&self, is_cursor: impl Fn(&str) -> bool) -> Result<Paging, Wrong> {
        let cursor = |name| {
            let text = self.member("page", name)?;
            let wrong = text.as_deref().is_some_and(|text| text.len() > CURSOR_MAX || !is_cursor(text));
            if wrong { Err(Wrong) } else { Ok(text) }
        };
        let (after, before) = (cursor("after")?, cursor("before")?);
        if after.is_some() && before.is_some() {
            return Err(Wrong);
        }
        let size = match self.member("page", "size")? {
            None => SIZE,
            // Digits alone: parsing would take a sign, too.
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().map_err(|_| Wrong)?,
            Some(_) => return Err(Wrong),
        };
        if (1..=SIZE_MAX).contains(&size) { Ok(Paging { size, after, before }) } else { Err(Wrong) }
    }

    /// A member of a group, in any of the spellings. Two of them at the same time are wrong.
    fn member(&self, group: &str, name: &str) -> Result<Option<String>, Wrong> {
        let bracketed = format!("{group}[{name}]");
        let mut found = None;
        for (known, value) in &self.pairs {
            let value = if *known == bracketed {
                Some(value.clone())
            } else if known == group {
                let members: Map<String, Value> = serde_json::from_str(value).map_err(|_| Wrong)?;
                match members.get(name) {
                    None | Some(Value::Null) => None,
                    Some(Value::String(text)) => Some(text.clone()),
                    Some(Value::Number(number)) => Some(number.to_string()),
                    Some(_) => return Err(Wrong),
                }
            } else {
                None
            };
            if value.is_some() && found.is_some() {
                return Err(Wrong);
            }
            found = found.or(value);
        }
        Ok(found)
    }

    /// What an answer says of the pages beside it. `next` and `previous` are the cursors of those pages, if there are any.
    pub fn beside(&self, public_url: &str, paging: &Paging, next: Option<String>, previous: Option<String>) -> Beside {
        let link = |name: &str, cursor: &str| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (known, value) in self.pairs.iter().filter(|(known, _)| known != "page" && !known.starts_with("page["))
            {
                query.append_pair(known, value);
            }
            query.append_pair(name, cursor);
            if paging.size != SIZE {
                query.append_pair("page[size]", &paging.size.to_string());
            }
            format!("{public_url}{}?{}", self.path, query.finish())
        };
        // A caller goes on in its direction for as long as there is more.
        let has_more = if paging.before.is_some() { previous.is_some() } else { next.is_some() };
        let links = Links {
            prev: previous.as_deref().map(|cursor| link("page[before]", cursor)),
            next: next.as_deref().map(|cursor| link("page[after]", cursor)),
        };
        Beside { meta: Meta { has_more, after_cursor: next, before_cursor: previous }, links }
    }
}

/// The members of a list beside its rows.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    meta: Meta,
    links: Links,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Whether a text can be the id of a record: 24 hexadecimal digits.
pub(super) fn is_record_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5e1606762556d93e9c176f69";

    fn query(text: &str) -> Query {
        let pairs = form_urlencoded::parse(text.as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Query { path: "/v2/apps".to_owned(), pairs }
    }

    fn paging(text: &str) -> Result<Paging, Failure> {
        query(text).paging(is_record_id)
    }

    #[test]
    fn three_spellings_ask_for_the_same_page() {
        let asked = Paging { size: 10, after: Some(ID.to_owned()), before: None };
        for text in [
            format!("page[after]={ID}&page[size]=10"),
            format!("page%5Bafter%5D={ID}&page%5Bsize%5D=10&other=1"),
            format!(r#"page={{"after":"{ID}","size":10}}"#),
            format!("page=%7B%22after%22%3A%22{ID}%22%2C%22size%22%3A%2210%22%7D"),
        ] {
            assert_eq!(paging(&text).unwrap(), asked, "{text}");
        }
        assert_eq!(paging("").unwrap(), Paging { size: 25, after: None, before: None });
        for text in ["filter[types]=custom,web", r#"filter={"types":"custom,web"}"#, "filter%5Btypes%5D=custom%2Cweb"] {
            assert_eq!(query(text).filter("types").unwrap().as_deref(), Some("custom,web"), "{text}");
        }
    }

    #[test]
    fn pages_that_cannot_be_are_refused() {
        for size in ["0", "101", "-1", "+1", "a", "", "1.5", "99999999999"] {
            assert!(paging(&format!("page[size]={size}")).is_err(), "{size}");
        }
        for text in [
            format!("page[after]={ID}&page[before]={ID}"),
            format!("page[after]={ID}&page[after]={ID}"),
            format!(r#"page[after]={ID}&page={{"after":"{ID}"}}"#),
            format!("page[after]={}", ID.to_uppercase()),
            "page[after]=x".to_owned(),
            "page[after]=".to_owned(),
            "page=x".to_owned(),
            "page=[]".to_owned(),
            r#"page={"size":{}}"#.to_owned(),
            r#"page={"size":true}"#.to_owned(),
        ] {
            assert!(paging(&text).is_err(), "{text}");
        }
        assert!(paging("page[size]=1").is_ok() && paging("page[size]=100").is_ok());
    }

    #[test]
    fn links_lead_to_the_pages_beside() {
        let asked = query(&format!("page[after]={ID}&page[size]=2&filter[types]=custom"));
        let paging = asked.paging(is_record_id).unwrap();
        let told = asked.beside("https://keys.example.com", &paging, Some("b".repeat(24)), Some("a".repeat(24)));
        let told = serde_json::to_value(told).unwrap();
        assert_eq!(told["meta"]["hasMore"], true);
        assert_eq!(told["meta"]["afterCursor"], "b".repeat(24));
        let next = format!(
            "https://keys.example.com/v2/apps?filter%5Btypes%5D=custom&page%5Bafter%5D={}&page%5Bsize%5D=2",
            "b".repeat(24)
        );
        assert_eq!(told["links"]["next"], next);
        let alone = serde_json::to_value(asked.beside("", &paging, None, None)).unwrap();
        assert_eq!(alone, serde_json::json!({ "meta": { "hasMore": false }, "links": {} }));
    }
}

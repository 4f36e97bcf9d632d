//! The body of a verify call: read in one pass when it is right, looked through when it is not.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use serde::Deserialize;
use serde_json::Value;

use super::problem::{Member, Problem};

/// What is asked about a key.
#[derive(Debug, PartialEq)]
pub(super) struct Asked<'a> {
    pub key: Cow<'a, str>,
    pub address: Option<IpAddr>,
    pub origin: Option<Cow<'a, str>>,
    pub permissions: Option<PermissionQuery>,
    pub kind: Option<KeyKind>,
}

/// The members, all of them strings.
const MEMBERS: [&str; 5] = ["key", "clientIp", "origin", "permissions", "kind"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    client_ip: Option<Text<'a>>,
    #[serde(borrow)]
    origin: Option<Text<'a>>,
    #[serde(borrow)]
    permissions: Option<Text<'a>>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
}

/// Borrowed from the body where nothing in it is escaped; a bare `Option<Cow>` would copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Asked<'a> {
    /// From a body.
    pub fn read(body: &'a [u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body).map_err(|error| {
            Problem::malformed(format!("The body is not UTF-8 text: byte {} is wrong.", error.valid_up_to() + 1))
        })?;
        let written: Written = serde_json::from_str(text).map_err(|error| look_through(text, &error))?;

        let mut errors = Vec::new();
        let address = checked(&mut errors, "clientIp", written.client_ip.as_ref(), |text| {
            let address: IpAddr = text.parse().map_err(|_| {
                "This is not an IP address; send one like 203.0.113.9 or 2001:db8::7, without a port.".to_owned()
            })?;
            Ok(address.to_canonical())
        });
        let permissions = checked(&mut errors, "permissions", written.permissions.as_ref(), |text| {
            PermissionQuery::parse(text).map_err(|error| error.to_string())
        });
        let kind = checked(&mut errors, "kind", written.kind.as_ref(), |text| {
            KeyKind::parse(text).ok_or_else(|| {
                let names: Vec<_> = KeyKind::ALL.iter().map(|kind| kind.as_str()).collect();
                format!("There is no such kind; it is one of {}.", names.join(", "))
            })
        });
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let origin = written.origin.map(|Text(origin)| origin);
        Ok(Self { key: written.key.0, address, origin, permissions, kind })
    }
}

fn checked<T>(
    errors: &mut Vec<Member>,
    member: &str,
    text: Option<&Text<'_>>,
    check: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    match check(&text?.0) {
        Ok(value) => Some(value),
        Err(detail) => {
            errors.push(Member { pointer: format!("/{member}"), detail });
            None
        }
    }
}

/// Says what is wrong with a body that is not as it should be, member by member.
fn look_through(text: &str, error: &serde_json::Error) -> Problem {
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(_) if text.trim().is_empty() => {
            return Problem::malformed("The body is empty; send a JSON object with at least the member key.");
        }
        Err(error) if error.to_string().starts_with("recursion limit") => {
            return Problem::malformed("The body is nested too deeply; it is one object whose members are strings.");
        }
        Err(error) => return Problem::malformed(format!("The body is not JSON: {error}.")),
    };
    let Value::Object(members) = &value else {
        let detail = format!("The body has to be a JSON object, not {}.", named(&value));
        return Problem::invalid(vec![Member { pointer: String::new(), detail }]);
    };
    let mut errors = Vec::new();
    if !members.contains_key("key") {
        errors.push(Member {
            pointer: "/key".to_owned(),
            detail: "This member is needed: the key to ask about.".to_owned(),
        });
    }
    for (name, value) in members {
        if !MEMBERS.contains(&name.as_str()) {
            let detail = format!("There is no such member; there are {}.", MEMBERS.join(", "));
            errors.push(Member { pointer: pointer(name), detail });
        } else if !value.is_string() && (name == "key" || !value.is_null()) {
            let detail = format!("This member has to be a string, not {}.", named(value));
            errors.push(Member { pointer: pointer(name), detail });
        }
    }
    if errors.is_empty() {
        // A member that comes twice is lost on the way to `Value`.
        errors.push(Member { pointer: String::new(), detail: format!("{error}.") });
    }
    Problem::invalid(errors)
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A JSON pointer to a member; a long name is cut, so that the answer stays short.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

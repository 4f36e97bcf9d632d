//! The options of a proxy. One that cannot be read is the operator's mistake: the answer says so, and nothing passes
//! until it is fixed.

use std::fmt::Display;

use axum::http::{HeaderMap, HeaderName};
use domain::kind::KeyKind;
use domain::limit::COST_MAX;
use domain::permission_query::PermissionQuery;

use crate::json::problem::Problem;

/// The options.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub permissions: Option<PermissionQuery>,
    pub kind: Option<KeyKind>,
    /// Never 0, because a call that counts nothing would bypass every limit.
    pub cost: u32,
    /// Whether the proxy understands only 401 and 403 as refusals.
    pub nginx: bool,
}

/// An option's name in the query, and its header.
static NAMES: [(&str, HeaderName); 4] = [
    ("permissions", HeaderName::from_static("x-keystead-permissions")),
    ("kind", HeaderName::from_static("x-keystead-kind")),
    ("cost", HeaderName::from_static("x-keystead-cost")),
    ("proxy", HeaderName::from_static("x-keystead-proxy")),
];

impl Options {
    /// Reads options from the query of the exact path.
    pub fn of_query(query: Option<&str>) -> Result<Self, Problem> {
        let mut options = Read::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            // A misspelt option must not silently skip a check.
            options.set(&name, &value).map_err(|message| of_option(&name, message))?;
        }
        Ok(options.done())
    }

    /// Reads options from the headers, below the exact path. From an untrusted address they are refused, not ignored: a
    /// proxy that nobody has named would otherwise ask in vain and let everything pass.
    pub fn of_headers(headers: &HeaderMap, trusted: bool) -> Result<Self, Problem> {
        let mut options = Read::default();
        for (name, header) in &NAMES {
            for value in headers.get_all(header) {
                if !trusted {
                    let message = "only a proxy in KEYSTEAD_TRUSTED_PROXIES may send it, and this request came from \
                                   another address";
                    return Err(of_option(header, message));
                }
                let value = value.to_str().map_err(|_| of_option(header, "it is not printable ASCII"))?;
                options.set(name, value).map_err(|message| of_option(header, message))?;
            }
        }
        Ok(options.done())
    }
}

#[derive(Default)]
struct Read {
    permissions: Option<PermissionQuery>,
    kind: Option<KeyKind>,
    cost: Option<u32>,
    nginx: Option<()>,
}

impl Read {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "permissions" => {
                let query = PermissionQuery::parse(value).map_err(|error| error.to_string());
                once(&mut self.permissions, query?)
            }
            "kind" => once(&mut self.kind, KeyKind::parse(value).ok_or("no such kind exists")?),
            "cost" => once(&mut self.cost, cost(value)?),
            "proxy" if value == "nginx" => once(&mut self.nginx, ()),
            "proxy" => Err("its only value is nginx".to_owned()),
            _ => Err("no such option exists; use permissions, kind, cost or proxy".to_owned()),
        }
    }

    fn done(self) -> Options {
        let Self { permissions, kind, cost, nginx } = self;
        Options { permissions, kind, cost: cost.unwrap_or(1), nginx: nginx.is_some() }
    }
}

/// Sets an option that must not be repeated: two parties could each read a different value.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err("it is repeated".to_owned()),
    }
}

fn cost(text: &str) -> Result<u32, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let cost = text.parse().ok().filter(|cost| digits && (1..=COST_MAX).contains(cost));
    cost.ok_or_else(|| format!("it must be a number from 1 to {COST_MAX}"))
}

fn of_option(name: impl Display, message: impl Display) -> Problem {
    let name: String = name.to_string().chars().take(64).collect();
    let message = message.to_string();
    Problem::malformed(format!("The option {name} cannot be used: {}.", message.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const NONE: Options = Options { permissions: None, kind: None, cost: 1, nginx: false };

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn the_query_and_the_headers_say_the_same() {
        let of_query =
            Options::of_query(Some("permissions=a.b+OR%20%28c.d%29&kind=service&cost=5&proxy=nginx")).unwrap();
        let of_headers = Options::of_headers(
            &headers(&[
                ("x-keystead-permissions", "a.b OR (c.d)"),
                ("x-keystead-kind", "service"),
                ("x-keystead-cost", "5"),
                ("x-keystead-proxy", "nginx"),
            ]),
            true,
        );
        assert_eq!(of_query.permissions.as_ref().unwrap().as_str(), "a.b OR (c.d)");
        assert_eq!((of_query.kind, of_query.cost, of_query.nginx), (Some(KeyKind::Service), 5, true));
        assert_eq!(of_query, of_headers.unwrap());
        for query in [None, Some(""), Some("&&")] {
            assert_eq!(Options::of_query(query).unwrap(), NONE);
        }
        assert_eq!(Options::of_headers(&HeaderMap::new(), true).unwrap(), NONE);
        assert_eq!(Options::of_headers(&HeaderMap::new(), false).unwrap(), NONE);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_both_places() {
        let long = "a".repeat(1_001);
        let deep = "(".repeat(1_000);
        for (name, value) in [
            ("permissions", ""),
            ("permissions", "a b"),
            ("permissions", "(a"),
            ("permissions", "a, b"),
            ("permissions", &long),
            ("permissions", &deep),
            ("kind", ""),
            ("kind", "Service"),
            ("kind", "services"),
            ("cost", ""),
            ("cost", "0"),
            ("cost", "-1"),
            ("cost", "+1"),
            ("cost", "1.5"),
            ("cost", "1000000001"),
            ("cost", "99999999999999999999"),
            ("proxy", ""),
            ("proxy", "Nginx"),
            ("proxy", "caddy"),
        ] {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            assert!(Options::of_query(Some(&query)).is_err(), "{query}");
            let (_, header) = NAMES.iter().find(|(known, _)| known == &name).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(header, value.parse().unwrap());
            assert!(Options::of_headers(&headers, true).is_err(), "{name}: {value}");
        }
        for query in ["permission=a", "PERMISSIONS=a", "a", "kind=app&kind=app", "proxy=nginx&proxy=nginx", "%ff=1"] {
            assert!(Options::of_query(Some(query)).is_err(), "{query}");
        }
        // A proxy that adds its header to the client's, although it should replace it.
        let twice = headers(&[("x-keystead-permissions", "a.b"), ("x-keystead-permissions", "c.d")]);
        assert!(Options::of_headers(&twice, true).is_err());
        assert!(Options::of_headers(&headers(&[("x-keystead-kind", "é")]), true).is_err());
    }

    #[test]
    fn a_strangers_headers_are_refused_each() {
        for (_, header) in &NAMES {
            let mut headers = HeaderMap::new();
            headers.insert(header, HeaderValue::from_static("1"));
            let problem = format!("{:?}", Options::of_headers(&headers, false).unwrap_err());
            assert!(problem.contains("KEYSTEAD_TRUSTED_PROXIES") && problem.contains(header.as_str()), "{problem}");
        }
    }
}

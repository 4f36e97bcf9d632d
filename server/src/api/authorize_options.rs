//! The options of a proxy. One that cannot be read is the operator's mistake: the answer says so, and nothing passes
//! until it is fixed.

use std::fmt::Display;

use axum::http::{HeaderMap, HeaderName};
use domain::kind::KeyKind;
use domain::limit::COST_MAX;
use domain::permission_query::PermissionQuery;
use percent_encoding::percent_decode_str;

use super::credential::Place;
use crate::json::fault::shown;

/// The options.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub permissions: Option<PermissionQuery>,
    pub kind: Option<KeyKind>,
    /// Never 0, because a call that counts nothing would bypass every limit.
    pub cost: u32,
    /// Whether the proxy understands only 401 and 403 as refusals.
    pub nginx: bool,
    /// Where the key is; `None` if it may be anywhere.
    pub from: Option<Place>,
}

/// An option that cannot be used.
#[derive(Debug)]
pub(super) struct BadOption {
    /// Its name, if it exists. Any other name may be a secret in the wrong place, so the log does not have it.
    pub name: Option<&'static str>,
    pub detail: String,
}

/// The options' names in the query. Their headers have the same names after [`HEADERS`].
const NAMES: [&str; 5] = ["permissions", "kind", "cost", "from", "proxy"];
/// How the headers of options begin.
const HEADERS: &str = "x-keystead-";

/// The exact path.
pub(super) const PATH: &str = "/v1/authorize";
/// What a proxy may write between the exact path and the client's own, so that the client's is never empty.
pub(super) const PREFIX: &str = "/request";

impl Options {
    /// Reads options from the query of the exact path. Headers in which options come elsewhere are refused there: the
    /// check that they ask for would not be made.
    pub fn of_exact(query: Option<&str>, headers: &HeaderMap) -> Result<Self, BadOption> {
        if let Some(header) = option_headers(headers).next() {
            let message = "on this path options come in the query alone; remove the header in the proxy";
            return Err(of_option(header, message));
        }
        let mut options = Read::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            // A misspelt option must not silently skip a check.
            options.set(&name, &value).map_err(|message| of_option(&name, message))?;
        }
        Ok(options.done())
    }

    /// Reads options from the headers, below the exact path. From an untrusted address they are refused, not ignored: a
    /// proxy that nobody has named would otherwise ask in vain and let everything pass.
    pub fn of_below(path: &str, query: Option<&str>, headers: &HeaderMap, trusted: bool) -> Result<Self, BadOption> {
        let mut options = Read::default();
        for header in option_headers(headers) {
            if !trusted {
                let message = "only a proxy in KEYSTEAD_TRUSTED_PROXIES may send it, and this request came from \
                               another address";
                return Err(of_option(header, message));
            }
            let name = header.as_str().strip_prefix(HEADERS).unwrap_or_default();
            for value in headers.get_all(header) {
                let value = value.to_str().map_err(|_| of_option(header, "it is not printable ASCII"))?;
                options.set(name, value).map_err(|message| of_option(header, message))?;
            }
        }
        // The query is the client's where its path is appended. Where nothing is, it may be meant for the exact path.
        if is_bare(path) {
            for (name, _) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
                if known(&name).is_some() {
                    return Err(of_option(&name, "below /v1/authorize options come in headers; write the exact path"));
                }
            }
        }
        Ok(options.done())
    }
}

/// The headers that look like options, in any spelling.
fn option_headers(headers: &HeaderMap) -> impl Iterator<Item = &HeaderName> {
    headers.keys().filter(|name| name.as_str().starts_with(HEADERS))
}

/// Whether a path below the exact one has nothing of a client's path in it.
fn is_bare(path: &str) -> bool {
    let below = path.strip_prefix(PATH).unwrap_or_default();
    below == PREFIX || percent_decode_str(below).all(|byte| matches!(byte, b'/' | b'.'))
}

/// The option with this name or header.
fn known(name: &str) -> Option<&'static str> {
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix(HEADERS).unwrap_or(&name);
    NAMES.into_iter().find(|known| *known == name)
}

#[derive(Default)]
struct Read {
    permissions: Option<PermissionQuery>,
    kind: Option<KeyKind>,
    cost: Option<u32>,
    nginx: Option<()>,
    from: Option<Place>,
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
            "from" => once(&mut self.from, Place::parse(value)?),
            "proxy" if value == "nginx" => once(&mut self.nginx, ()),
            "proxy" => Err("its only value is nginx".to_owned()),
            _ => Err("no such option exists; use permissions, kind, cost, from or proxy".to_owned()),
        }
    }

    fn done(self) -> Options {
        let Self { permissions, kind, cost, nginx, from } = self;
        Options { permissions, kind, cost: cost.unwrap_or(1), nginx: nginx.is_some(), from }
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

fn of_option(name: impl Display, message: impl Display) -> BadOption {
    let name = shown(&name.to_string());
    let message = message.to_string();
    let detail = format!("The option {name} cannot be used: {}.", message.trim_end_matches('.'));
    BadOption { name: known(&name), detail }
}

#[cfg(test)]
mod tests;

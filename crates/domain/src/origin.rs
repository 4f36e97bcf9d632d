//! Domains: the origins from which a key is accepted. This is no authentication: outside a browser, anyone can send any
//! `Origin`.

use crate::field::{Field, FieldErrors, parse_items};
use crate::text::{DOMAINS_MAX, quote};

/// One host, or `*.host` for everything below that host but not the host itself. Lower case, A-labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainRule(String);

/// The host of an Origin header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    host: &'a str,
}

impl<'a> Origin<'a> {
    /// Reads `http(s)://host[:port]` and nothing else. `null`, another scheme, or anything after the port gives `None`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let host = match rest.split_once(':') {
            Some((host, port)) if is_port(port) => host,
            Some(_) => return None,
            None => rest,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        is_host(host).then_some(Self { host })
    }

    /// The host without a trailing dot, as it was sent.
    pub fn host(self) -> &'a str {
        self.host
    }
}

impl DomainRule {
    /// Reads `app.example.com` or `*.example.com`; the error says what to write instead.
    ///
    /// Without the feature `server`, names outside ASCII pass as they are and public suffixes are not known: the server checks again.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let shown = quote(text);
        if text == "*" {
            return Err("* would accept every origin: to do that, leave the list blank.".to_owned());
        }
        if text.parse::<std::net::IpAddr>().is_ok() || text.starts_with('[') {
            return Err(format!("{shown} is an address: write a host name."));
        }
        if text.contains(['/', ':', '?', '#', '@', '\\']) {
            return Err(host_alone_message(text, &shown));
        }
        let (wildcard, host) = text.strip_prefix("*.").map_or((false, text), |host| (true, host));
        if host.contains('*') {
            return Err(format!("{shown} has a star that is not at the front: write one like *.example.com."));
        }
        let host = to_ascii(host).ok_or_else(|| not_a_host_message(&shown))?;
        let host = host.strip_suffix('.').unwrap_or(&host);
        if !is_host(host) && !left_to_server(host) {
            return Err(not_a_host_message(&shown));
        }
        if is_number(host.rsplit('.').next().unwrap_or(host)) {
            return Err(format!("{shown} is an address: write a host name."));
        }
        if wildcard && is_public_suffix(host) {
            return Err(format!("{shown} would accept other people's sites: write at least *.your-name.{host}."));
        }
        Ok(Self(if wildcard { format!("*.{host}") } else { host.to_owned() }))
    }

    /// Reads one rule per item, or several with commas between them. Errors name their items.
    pub fn parse_items(items: &[impl AsRef<str>]) -> Result<Vec<Self>, FieldErrors> {
        parse_items(items, Field::Domains, DOMAINS_MAX, Self::parse)
    }

    /// The text as it is stored and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rule as people read it: a name outside ASCII in its own letters, followed by the stored form.
    pub fn display(&self) -> String {
        match to_unicode(&self.0) {
            Some(unicode) if unicode != self.0 => format!("{unicode} ({})", self.0),
            _ => self.0.clone(),
        }
    }

    /// Whether the host is this one, or below it for a `*.` rule. Scheme and port do not matter.
    pub fn matches(&self, origin: Origin<'_>) -> bool {
        let Some(base) = self.0.strip_prefix('*') else {
            return origin.host.eq_ignore_ascii_case(&self.0);
        };
        // `base` begins with the dot, and `is_host` left no empty label in front of it.
        let Some(below) = origin.host.len().checked_sub(base.len()) else {
            return false;
        };
        below > 0 && origin.host.get(below..).is_some_and(|end| end.eq_ignore_ascii_case(base))
    }
}

impl serde::Serialize for DomainRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for DomainRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        // Checks only the form. The rule was checked in full when it was typed, and the public suffix list changes.
        let rule = is_host(text.strip_prefix("*.").unwrap_or(&text)) && !text.bytes().any(|b| b.is_ascii_uppercase());
        if rule { Ok(Self(text)) } else { Err(serde::de::Error::custom("not a domain rule")) }
    }
}

/// ASCII labels of letters, digits, `-` and `_` (which intranets use), at most 63 each and 253 in all.
fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// Browsers read a host that ends in a number as an IPv4 address.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || label.bytes().all(|b| b.is_ascii_digit())
}

fn not_a_host_message(shown: &str) -> String {
    format!("{shown} is not a host name: write one like app.example.com or *.example.com.")
}

fn host_alone_message(text: &str, shown: &str) -> String {
    let with_scheme = text.contains("://");
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#', '@', '\\']).next().unwrap_or(rest);
    if is_host(host) && !rest.contains('@') {
        return format!("{shown} is more than a host name: write only {host}.");
    }
    let part = if with_scheme { "a scheme" } else { "a path or port" };
    format!("{shown} has {part}: write only the host name, like app.example.com.")
}

#[cfg(feature = "server")]
fn to_ascii(host: &str) -> Option<String> {
    let lower = host.to_ascii_lowercase();
    if lower.is_ascii() && !lower.split('.').any(|label| label.starts_with("xn--")) {
        return Some(lower);
    }
    // Full stops of other scripts count as dots, and the strict form has none at the end.
    let host = host.strip_suffix(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).unwrap_or(host);
    idna::domain_to_ascii_strict(host).ok()
}

#[cfg(not(feature = "server"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature `server`")]
fn to_ascii(host: &str) -> Option<String> {
    Some(host.to_ascii_lowercase())
}

#[cfg(feature = "server")]
fn to_unicode(rule: &str) -> Option<String> {
    let (prefix, host) = rule.strip_prefix("*.").map_or(("", rule), |host| ("*.", host));
    let (unicode, checked) = idna::domain_to_unicode(host);
    checked.ok().map(|()| format!("{prefix}{unicode}"))
}

#[cfg(not(feature = "server"))]
fn to_unicode(_rule: &str) -> Option<String> {
    None
}

fn left_to_server(host: &str) -> bool {
    cfg!(not(feature = "server")) && !host.is_ascii() && !host.contains(char::is_whitespace)
}

#[cfg(feature = "server")]
fn is_public_suffix(host: &str) -> bool {
    psl::suffix_str(host).is_none_or(|suffix| suffix.len() == host.len())
}

#[cfg(not(feature = "server"))]
fn is_public_suffix(host: &str) -> bool {
    !host.contains('.')
}

#[cfg(test)]
mod tests;

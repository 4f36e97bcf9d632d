//! The client's address: the peer, unless that is a trusted proxy.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use domain::cidr::CidrRule;
use domain::forwarded;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Headers that only a proxy has a reason to send. Those that begin with `X-Forwarded-` or `X-Original-` count too.
const OF_PROXIES: [&str; 8] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-envoy-external-address",
];

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<CidrRule>);

impl TrustedProxies {
    /// Reads addresses and networks, separated by commas or white space; may be empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split([',', ' ', '\t', '\n'])
            .filter(|rule| !rule.is_empty())
            .map(|text| {
                let rule = CidrRule::parse(text)?;
                if rule.to_string().ends_with("/0") {
                    return Err(format!(
                        "{text} trusts everybody, and anybody could then claim any address; name only your proxies"
                    ));
                }
                Ok(rule)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The client's address in canonical form. `None` if it cannot be known; a key that is restricted to networks is
    /// then refused.
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev().map(HeaderValue::as_bytes);
        forwarded::client(peer?, lines, &self.0)
    }

    /// The address of the client that a proxy asks about. Here, nobody calls for themselves: a peer that nobody has
    /// named but that sends what only proxies send is not the client, and neither is a named proxy that says nothing.
    pub fn asked_about(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let known =
            if self.sent(peer) { headers.contains_key(X_FORWARDED_FOR) } else { !came_through_a_proxy(headers) };
        known.then(|| self.client(peer, headers)).flatten()
    }

    /// The rules, to be shown.
    pub fn rules(&self) -> &[CidrRule] {
        &self.0
    }

    /// Whether a request comes directly from a trusted proxy. Only then are its other headers trusted.
    pub fn sent(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| forwarded::is_trusted(peer, &self.0))
    }
}

fn came_through_a_proxy(headers: &HeaderMap) -> bool {
    headers.keys().map(HeaderName::as_str).any(|name| {
        OF_PROXIES.contains(&name) || ["x-forwarded-", "x-original-"].iter().any(|start| name.starts_with(start))
    })
}

/// The address at the other end of the connection: a client or a proxy.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: Option<&str>, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let proxies = TrustedProxies::parse("10.0.0.0/8").unwrap();
        proxies.client(peer.map(|peer| peer.parse().unwrap()), &headers).map(|address| address.to_string())
    }

    #[test]
    fn all_lines_are_one_list_that_ends_at_the_last() {
        let client = |lines: &[&str]| client(Some("10.0.0.1"), lines);
        assert_eq!(client(&["1.2.3.4", "203.0.113.9, 10.0.0.2"]).unwrap(), "203.0.113.9");
        assert_eq!(client(&["203.0.113.9", "10.0.0.2"]).unwrap(), "203.0.113.9");
        assert_eq!(client(&["10.0.0.2", "203.0.113.9"]).unwrap(), "203.0.113.9");
        assert_eq!(client(&["203.0.113.9", ""]), None);
        assert_eq!(client(&["203.0.113.9", "é"]), None);
    }

    #[test]
    fn a_request_without_a_peer_has_no_address_and_is_nobodys() {
        assert_eq!(client(None, &["203.0.113.9"]), None);
        assert!(!TrustedProxies::parse("10.0.0.0/8").unwrap().sent(None));
    }

    #[test]
    fn the_client_of_a_proxy_is_known_only_from_one_that_is_named_and_says_so() {
        let proxies = TrustedProxies::parse("10.0.0.0/8").unwrap();
        let found = |peer: &str, lines: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            proxies.asked_about(Some(peer.parse().unwrap()), &headers).map(|address| address.to_string())
        };
        assert_eq!(found("10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]).unwrap(), "203.0.113.9");
        assert_eq!(found("198.51.100.7", &[]).unwrap(), "198.51.100.7");
        assert_eq!(
            found("198.51.100.7", &[("x-api-key", "x"), ("origin", "x"), ("x-forwarder", "x")]).unwrap(),
            "198.51.100.7"
        );
        assert_eq!(found("10.0.0.1", &[]), None);
        for name in OF_PROXIES.into_iter().chain(["x-forwarded-for", "x-forwarded-host", "x-original-uri"]) {
            for value in ["203.0.113.9", "198.51.100.7", "", "é"] {
                assert_eq!(found("198.51.100.7", &[(name, value)]), None, "{name}: {value}");
            }
            let named = found("10.0.0.1", &[(name, "203.0.113.9")]);
            assert_eq!(named.is_some(), name == "x-forwarded-for", "{name}");
        }
    }

    #[test]
    fn the_proxies_are_known_in_every_notation() {
        let proxies = TrustedProxies::parse("10.0.0.0/8, ::1").unwrap();
        for (peer, ours) in [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("::1", true), ("127.0.0.1", false)] {
            assert_eq!(proxies.sent(Some(peer.parse().unwrap())), ours, "{peer}");
        }
    }

    #[test]
    fn the_rules_are_checked() {
        assert_eq!(TrustedProxies::parse("").unwrap(), TrustedProxies::default());
        assert!(TrustedProxies::parse("10.0.0.1/8").unwrap_err().contains("10.0.0.0/8"));
        for rules in ["0.0.0.0/0", "::/0", "proxy.example.com", "10.0.0.0/33"] {
            assert!(TrustedProxies::parse(rules).is_err(), "{rules}");
        }
    }
}

//! Where a request came from: the peer, unless that is a proxy which the configuration trusts.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use domain::cidr::CidrRule;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<CidrRule>);

impl TrustedProxies {
    /// From CIDR rules, separated by commas or white space; none at all is fine.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split([',', ' ', '\t', '\n'])
            .filter(|rule| !rule.is_empty())
            .map(|text| {
                let rule = CidrRule::parse(text)?;
                if rule.to_string().ends_with("/0") {
                    return Err(format!(
                        "{text} trusts everybody, who could then claim any address; name your proxies"
                    ));
                }
                Ok(rule)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The client's address in canonical form. `None` when it cannot be known: then a key that is
    /// bound to addresses is refused.
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        // From the right, each entry was written by the one before it; the first that is not a
        // proxy of ours may have written anything to its left.
        for line in headers.get_all(X_FORWARDED_FOR).iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Ok(line) = line.to_str() else { return None };
            for entry in line.rsplit(',') {
                if !self.trusts(client) {
                    break;
                }
                client = forwarded(entry.trim_matches([' ', '\t']))?;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|rule| rule.contains(address))
    }
}

/// One entry: an address, which some proxies write with its port.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let address = if let Some(rest) = entry.strip_prefix('[') {
        let (inside, port) = rest.split_once(']')?;
        let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        IpAddr::V6(inside.parse().ok().filter(|_| port_is_fine)?)
    } else if let Ok(address) = entry.parse() {
        address
    } else {
        let (address, port) = entry.split_once(':')?;
        IpAddr::V4(address.parse().ok().filter(|_| is_port(port))?)
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(trusted: &str, peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let proxies = TrustedProxies::parse(trusted).unwrap();
        proxies.client(Some(peer.parse().unwrap()), &headers).map(|address| address.to_string())
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_claims() {
        assert_eq!(client("", "198.51.100.7", &["1.2.3.4, 10.0.0.1"]), Some("198.51.100.7".to_owned()));
        assert_eq!(client("10.0.0.0/8", "198.51.100.7", &["1.2.3.4, 10.0.0.1"]), Some("198.51.100.7".to_owned()));
        assert_eq!(client("10.0.0.0/8", "198.51.100.7", &["unknown"]), Some("198.51.100.7".to_owned()));
        assert_eq!(client("", "::ffff:127.0.0.1", &[]), Some("127.0.0.1".to_owned()));
    }

    #[test]
    fn the_first_untrusted_entry_from_the_right_is_the_client() {
        let trusted = "10.0.0.0/8, 2001:db8::/32";
        for (lines, expected) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            (&["1.2.3.4, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            // All lines are one list.
            (&["1.2.3.4", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (&["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            (&["203.0.113.9,2001:db8::7"], "203.0.113.9"),
            // What stands left of the client is the client's own invention.
            (&["unknown, 203.0.113.9"], "203.0.113.9"),
            // Only proxies: the farthest of them is the caller.
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&[], "10.0.0.1"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["::ffff:10.0.0.2", "203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
            (&["1.2.3.4:80"], "1.2.3.4"),
            (&["[::1]:443"], "::1"),
            (&["[2a00::5]"], "2a00::5"),
            (&["2a00::5"], "2a00::5"),
        ] {
            assert_eq!(client(trusted, "10.0.0.1", lines), Some(expected.to_owned()), "{lines:?}");
        }
        assert_eq!(client(trusted, "::ffff:10.0.0.1", &["203.0.113.9"]), Some("203.0.113.9".to_owned()));
    }

    #[test]
    fn a_malformed_entry_leaves_the_address_unknown() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "203.0.113.9,",
            "203.0.113.9,,10.0.0.2",
            "fe80::1%eth0",
            "0177.0.0.1",
            "2130706433",
            "1.2.3",
            "1.2.3.4:",
            "1.2.3.4:x",
            "1.2.3.4:+80",
            "1.2.3.4:65536",
            "[::1",
            "[::1]443",
            "[::1]:",
            "[1.2.3.4]:80",
            "1.2.3.4/32",
            "203.0.113.9, 10.0.0.2, é",
            "for=203.0.113.9",
        ] {
            assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[entry]), None, "{entry:?}");
        }
    }

    #[test]
    fn ten_thousand_entries_are_walked_only_as_far_as_they_are_ours() {
        let forged = vec!["1.2.3.4"; 9_999].join(",");
        assert_eq!(
            client("10.0.0.0/8", "10.0.0.1", &[&format!("{forged},203.0.113.9")]),
            Some("203.0.113.9".to_owned())
        );
        let ours = vec!["10.0.0.2"; 10_000].join(",");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[&ours]), Some("10.0.0.2".to_owned()));
    }

    #[test]
    fn a_request_without_a_peer_has_no_address() {
        let proxies = TrustedProxies::parse("10.0.0.0/8").unwrap();
        assert_eq!(proxies.client(None, &HeaderMap::new()), None);
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

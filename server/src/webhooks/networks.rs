//! The networks of one's own in which webhooks may be.

use std::net::IpAddr;

use domain::cidr::CidrRule;

/// Networks whose addresses webhooks may have, though only some machines reach them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<CidrRule>);

impl Networks {
    /// Reads addresses and networks, separated by commas or white space; may be empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rules = text.split([',', ' ', '\t', '\n']).filter(|rule| !rule.is_empty());
        let rule = |text: &str| {
            let rule = CidrRule::parse(text)?;
            if rule.to_string().ends_with("/0") {
                return Err(format!(
                    "{text} lets webhooks call everything that this server reaches; name only the networks of receivers"
                ));
            }
            Ok(rule)
        };
        rules.map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address is in one of them.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|rule| rule.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_a_list() {
        let networks = Networks::parse("10.1.0.0/16, 127.0.0.1\nfd00::/8,").unwrap();
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "fd12::1"] {
            assert!(networks.has(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "127.0.0.2", "::1", "64:ff9b::10.1.2.3", "2002:a01:203::"] {
            assert!(!networks.has(outside.parse().unwrap()), "{outside}");
        }
        assert_eq!(Networks::parse(" "), Ok(Networks::default()));
        for wrong in ["0.0.0.0/0", "::/0", "10.0.0.1/8", "corp.example"] {
            assert!(Networks::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! Networks: the addresses from which a key is accepted, written as CIDR rules.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::field::{Field, FieldErrors, parse_items};
use crate::text::{CIDRS_MAX, quote};

/// Who calls from an address: an IPv4 address is one subscriber, and so is a /64 of IPv6, which one household or machine
/// has for itself.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// A network or a single address. IPv4 inside IPv6 is stored as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CidrRule(IpNet);

impl CidrRule {
    /// Reads `203.0.113.9`, `10.0.0.0/8`, `2001:db8::/32`; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (host, prefix) = match text.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = host.parse().map_err(|_| address_message(text, host))?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let len = match prefix {
            None => width,
            Some(prefix) => prefix_len(prefix, width).ok_or_else(|| {
                format!("{} has no valid prefix length: end it with / and a number from 0 to {width}.", quote(text))
            })?,
        };
        let (address, len) = canonical(address, len);
        let net = IpNet::new(address, len).map_err(|_| address_message(text, host))?;
        if net.trunc() != net {
            let full = net.max_prefix_len();
            return Err(format!(
                "{net} has host bits set. Did you mean {}, or the single address {address}/{full}?",
                net.trunc(),
            ));
        }
        Ok(Self(net))
    }

    /// Reads one rule per item, or several with commas between them. Errors at `field` name their items.
    pub fn parse_items(field: Field, items: &[impl AsRef<str>]) -> Result<Vec<Self>, FieldErrors> {
        parse_items(items, field, CIDRS_MAX, Self::parse)
    }

    /// The first address inside.
    pub fn first_address(&self) -> IpAddr {
        self.0.network()
    }

    /// The two rules that together hold every address.
    pub fn everything() -> [Self; 2] {
        [Self(IpNet::V4(Ipv4Net::default())), Self(IpNet::V6(Ipv6Net::default()))]
    }

    /// The fewest rules for the same addresses: a network that several of these make up together is one.
    pub fn merged(rules: &[Self]) -> Vec<Self> {
        IpNet::aggregate(&rules.iter().map(|rule| rule.0).collect()).into_iter().map(Self).collect()
    }

    /// Whether every address of the other rule is inside.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the address, in its canonical form, is inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (&self.0, address.to_canonical()) {
            (IpNet::V4(net), IpAddr::V4(address)) => net.contains(&address),
            (IpNet::V6(net), IpAddr::V6(address)) => net.contains(&address),
            _ => false,
        }
    }
}

impl fmt::Display for CidrRule {
    /// `10.0.0.0/8`; one address as `203.0.113.9/32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl serde::Serialize for CidrRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for CidrRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// `::ffff:10.0.0.0/104` becomes `10.0.0.0/8`. Callers are compared in canonical form, so rules must be as well.
fn canonical(address: IpAddr, len: u8) -> (IpAddr, u8) {
    match (address.to_canonical(), len.checked_sub(96)) {
        (IpAddr::V4(v4), Some(short)) if address.is_ipv6() => (IpAddr::V4(v4), short),
        _ => (address, len),
    }
}

/// A plain number up to `max`; no sign, no leading zero.
fn prefix_len(text: &str, max: u8) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|len| plain && *len <= max)
}

fn address_message(text: &str, host: &str) -> String {
    let text = quote(text);
    if host.contains('%') {
        return format!("{text} has a zone: leave out the % and everything after it.");
    }
    if host.parse::<std::net::SocketAddr>().is_ok() || host.contains(['[', ']']) {
        return format!("{text} has a port or brackets: write only the address.");
    }
    if host.contains('-') {
        return format!("{text} is not a network: write a range as one or more networks, for example 203.0.113.0/24.");
    }
    let padded = |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
    if host.contains('.') && host.split('.').any(padded) {
        return format!("{text} has a number with a leading zero: leave the zero out.");
    }
    format!("{text} is not an address or network: write one like 203.0.113.9, 203.0.113.0/24 or 2001:db8::/32.")
}

#[cfg(test)]
mod tests;

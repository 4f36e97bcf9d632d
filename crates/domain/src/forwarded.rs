//! The client behind proxies: the part of `X-Forwarded-For` that trusted proxies wrote.

use std::net::IpAddr;

use crate::cidr::CidrRule;

/// The client's address in canonical form. `lines` are the values of the header, the last one first. `None` if the
/// address cannot be known; a key that is restricted to networks is then refused.
pub fn client<'a>(peer: IpAddr, lines: impl IntoIterator<Item = &'a [u8]>, trusted: &[CidrRule]) -> Option<IpAddr> {
    let mut client = peer.to_canonical();
    // Each entry was written by the proxy to its right. The first entry that is not a trusted proxy is the client, who
    // may have written anything further left: that is never read.
    for entry in lines.into_iter().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !is_trusted(client, trusted) {
            break;
        }
        client = address(entry)?;
    }
    Some(client)
}

/// Whether one of the rules contains the address.
pub fn is_trusted(address: IpAddr, trusted: &[CidrRule]) -> bool {
    trusted.iter().any(|rule| rule.contains(address))
}

/// One entry, in canonical form: an address, which some proxies write with its port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
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
mod tests;

//! The client behind proxies: what `X-Forwarded-For` says, as far as somebody who is trusted wrote it.

use std::net::IpAddr;

use crate::cidr::CidrRule;

/// The client's address in canonical form. `lines` are the values of the header, the last one first. `None` when the
/// address cannot be known: then a key that is bound to addresses is refused.
pub fn client<'a>(peer: IpAddr, lines: impl IntoIterator<Item = &'a [u8]>, trusted: &[CidrRule]) -> Option<IpAddr> {
    let mut client = peer.to_canonical();
    // From the right, each entry was written by the one before it; the first that is not a proxy of ours may have
    // written anything to its left, which is not even looked at.
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

//! How a visitor's browser reached Keystead.

use std::net::IpAddr;

use app::desk::context::Transport;
use axum::http::{HeaderMap, Uri, header};

use crate::state::AppState;

/// Headers that a proxy adds. A browser that calls Keystead directly from this machine sends none of them.
const OF_PROXIES: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host"];

/// HTTPS if the public address is HTTPS and the request comes from a proxy that is trusted or on this machine, since
/// only a proxy can end TLS. Otherwise loopback, if the browser used a loopback name and there is no proxy in between, or a
/// trusted one that says so.
pub(super) fn transport(
    state: &AppState,
    uri: &Uri,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
    client: Option<IpAddr>,
) -> Transport {
    if state.public_url.is_https() {
        let by_proxy = peer.is_none_or(|peer| peer.to_canonical().is_loopback()) || state.trusted_proxies.sent(peer);
        return if by_proxy { Transport::Https } else { Transport::Plain };
    }
    let proxied = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    // Who the client is, only a trusted proxy can say.
    let nearby = !proxied || (state.trusted_proxies.sent(peer) && client.is_some_and(|client| client.is_loopback()));
    let host = uri.host().or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(without_port));
    if nearby && host.is_some_and(is_loopback) { Transport::Loopback } else { Transport::Plain }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_by_the_name_that_the_browser_used() {
        for host in [
            "localhost",
            "localhost:3000",
            "LOCALHOST:1",
            "keys.localhost:3000",
            "127.0.0.1:3000",
            "127.8.8.8",
            "[::1]:3000",
            "[::1]",
        ] {
            assert!(is_loopback(without_port(host)), "{host}");
        }
        for host in [
            "",
            "keys.lan:3000",
            "localhost.example.com",
            "10.0.0.5",
            "128.0.0.1",
            "notlocalhost",
            "[2001:db8::1]:3000",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(without_port(host)), "{host}");
        }
    }
}

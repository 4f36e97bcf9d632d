//! What the console replaces in the snippets.

use super::harness::snippet;

#[test]
fn every_snippet_has_the_addresses_that_are_filled_in() {
    let haproxy = snippet("haproxy.cfg") + &snippet("keystead.lua");
    let traefik = snippet("traefik.yml") + &snippet("traefik-static.yml");
    for text in [haproxy, traefik, snippet("nginx.conf"), snippet("Caddyfile")] {
        for address in ["127.0.0.1:3000", "127.0.0.1:8081", "8080", "KEYSTEAD_TRUSTED_PROXIES"] {
            assert!(text.contains(address), "{address}: {text}");
        }
    }
    let envoy = snippet("envoy.yaml");
    for address in ["address: 127.0.0.1, port_value: 3000", "address: 127.0.0.1, port_value: 8081", "port_value: 8080"]
    {
        assert!(envoy.contains(address), "{address}");
    }
}

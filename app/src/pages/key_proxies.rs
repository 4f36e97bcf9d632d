//! A key behind a proxy: the tested examples of docs/proxies, with this installation's address in them.

use domain::key::KeyDetail;
use domain::permission::Permission;
use leptos::prelude::*;

use crate::components::copy::Sample;
use crate::desk::integration::public_url;

/// The address of Keystead in the examples.
const EXAMPLE: &str = "127.0.0.1:3000";
/// The same as Envoy writes it in one of its places.
const EXAMPLE_IN_PARTS: &str = "address: 127.0.0.1, port_value: 3000";
/// The permission that the examples ask for.
const ASKED: &str = "invoices.read";

/// One file of an example: its id in the page, its name, its text.
type File = (&'static str, &'static str, &'static str);

const NGINX: [File; 1] = [("proxy-nginx", "nginx.conf", include_str!("../../../docs/proxies/nginx.conf"))];
const CADDY: [File; 1] = [("proxy-caddy", "Caddyfile", include_str!("../../../docs/proxies/Caddyfile"))];
const HAPROXY: [File; 2] = [
    ("proxy-haproxy", "haproxy.cfg", include_str!("../../../docs/proxies/haproxy.cfg")),
    ("proxy-haproxy-lua", "keystead.lua", include_str!("../../../docs/proxies/keystead.lua")),
];
const TRAEFIK: [File; 2] = [
    ("proxy-traefik", "traefik.yml", include_str!("../../../docs/proxies/traefik.yml")),
    ("proxy-traefik-static", "traefik-static.yml", include_str!("../../../docs/proxies/traefik-static.yml")),
];
const ENVOY: [File; 1] = [("proxy-envoy", "envoy.yaml", include_str!("../../../docs/proxies/envoy.yaml"))];

const PROXIES: [(&str, &[File]); 5] =
    [("nginx", &NGINX), ("Caddy", &CADDY), ("HAProxy", &HAPROXY), ("Traefik", &TRAEFIK), ("Envoy", &ENVOY)];

/// The card, for kinds that a proxy can pass on.
pub fn proxies(key: &KeyDetail) -> Option<AnyView> {
    key.row.kind.rules().behind_proxy.then(|| {
        let origin = public_url().unwrap_or_default();
        let (place, asked) = (place(&origin), asked(key));
        let examples: Vec<_> = PROXIES
            .into_iter()
            .map(|(name, files)| {
                let samples: Vec<_> = files
                    .iter()
                    .map(|(id, file, text)| view! { <Sample id=*id name=*file code=filled(text, &place, asked)/> })
                    .collect();
                view! { <details name="proxy" class="fold"><summary>{name}</summary>{samples}</details> }
            })
            .collect();
        let unknown = place == EXAMPLE && !origin.ends_with(":3000");
        view! {
            <section class="card" id="proxies">
                <header><h2>"Behind a proxy"</h2></header>
                <div class="body">
                    <p>
                        "The proxy asks Keystead about each request, and passes on only what the key may do. Replace \
                         the example paths, and the address of the example service, with your own."
                        {unknown.then(|| view! {
                            " Instead of " <code>{EXAMPLE}</code> " enter the address at which the proxy reaches Keystead without TLS."
                        })}
                    </p>
                    {examples}
                </div>
            </section>
        }
        .into_any()
    })
}

/// Host and port of a plain HTTP address. With HTTPS, the example stays: a proxy should not ask through another proxy's
/// TLS.
fn place(origin: &str) -> String {
    let Some(host) = origin.strip_prefix("http://") else { return EXAMPLE.to_owned() };
    // As an address, because some proxies resolve names only through a name server.
    let host = match host.strip_prefix("localhost") {
        Some(port) if port.is_empty() || port.starts_with(':') => format!("127.0.0.1{port}"),
        _ => host.to_owned(),
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    if has_port { host } else { format!("{host}:80") }
}

/// A permission of the key that a proxy may ask for.
fn asked(key: &KeyDetail) -> &str {
    let own = |held: &&Permission| !held.is_reserved() && !held.as_str().contains('*');
    key.rules.permissions.iter().find(own).map_or(ASKED, Permission::as_str)
}

fn filled(text: &str, place: &str, asked: &str) -> String {
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "80"));
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => format!("\"{address}\""),
        None => host.to_owned(),
    };
    let parts = format!("address: {host}, port_value: {port}");
    text.trim_end().replace(EXAMPLE, place).replace(EXAMPLE_IN_PARTS, &parts).replace(ASKED, asked)
}

#[cfg(test)]
mod tests {
    use domain::kind::KeyKind;

    use super::{EXAMPLE, PROXIES, filled, place};

    #[test]
    fn the_place_is_host_and_port_over_plain_http() {
        for (origin, expected) in [
            ("http://localhost:3100", "127.0.0.1:3100"),
            ("http://localhost", "127.0.0.1:80"),
            ("http://keys.internal", "keys.internal:80"),
            ("http://localhost.example:81", "localhost.example:81"),
            ("http://10.0.0.5:3000", "10.0.0.5:3000"),
            ("http://[::1]:3000", "[::1]:3000"),
            ("http://[::1]", "[::1]:80"),
            ("https://keys.example.com", EXAMPLE),
        ] {
            assert_eq!(place(origin), expected, "{origin}");
        }
    }

    #[test]
    fn every_example_names_the_place_and_what_is_asked_for() {
        for (name, files) in PROXIES {
            let text: String = files.iter().map(|(_, _, text)| filled(text, "10.9.9.9:99", "orders.read")).collect();
            assert!(text.contains("10.9.9.9:99") && text.contains("orders.read"), "{name}");
            assert!(!text.contains("127.0.0.1:3000") && !text.contains("port_value: 3000"), "{name}");
        }
        // The other two pass on every header of a request.
        for (name, files) in PROXIES.iter().filter(|(name, _)| !["nginx", "Caddy"].contains(name)) {
            let text: String = files.iter().map(|(_, _, text)| text.to_lowercase()).collect();
            for header in KeyKind::pair_headers().flat_map(|headers| [headers.id, headers.secret]) {
                assert!(text.contains(&header.to_lowercase()), "{name} does not pass on {header}");
            }
        }
        let (_, [(_, _, envoy)]) = PROXIES[4] else { panic!("Envoy has one file") };
        assert!(filled(envoy, "[::1]:99", "x").contains(r#"{ address: "::1", port_value: 99 }"#));
    }
}

//! Debian has no packages of Traefik and Envoy. These tests send requests as their documentation describes them, using
//! the snippets from the docs.

use domain::draft::KeyDraft;

use crate::authorize::IDENTITY;
use crate::support::{Call, Product, Settings, list, service_key};

const TRAEFIK: &str = include_str!("../../../../docs/proxies/traefik.yml");
const ENVOY: &str = include_str!("../../../../docs/proxies/envoy.yaml");

/// The snippets contain the addresses that the console replaces.
#[test]
fn every_snippet_has_the_addresses_that_are_filled_in() {
    for snippet in [
        concat!(
            include_str!("../../../../docs/proxies/haproxy.cfg"),
            include_str!("../../../../docs/proxies/keystead.lua")
        ),
        include_str!("../../../../docs/proxies/nginx.conf"),
        include_str!("../../../../docs/proxies/Caddyfile"),
        TRAEFIK,
    ] {
        for address in ["127.0.0.1:3000", "127.0.0.1:8081", "8080", "KEYSTEAD_TRUSTED_PROXIES"] {
            assert!(snippet.contains(address), "{address}: {snippet}");
        }
    }
    for address in ["address: 127.0.0.1, port_value: 3000", "address: 127.0.0.1, port_value: 8081", "port_value: 8080"]
    {
        assert!(ENVOY.contains(address), "{address}");
    }
}

async fn product() -> Product {
    // Envoy calls from one address, and appends the other.
    Product::with(Settings { trusted_proxies: "127.0.0.1, 192.0.2.10", ..Settings::default() }).await
}

struct Keys {
    free: String,
    reader: String,
    bound: String,
    few: String,
}

async fn keys(product: &Product) -> Keys {
    let reader = KeyDraft { permissions: list(&["invoices.read"]), ..service_key("reader") };
    let bound = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..service_key("bound") };
    let few = KeyDraft { limits: list(&["2 per minute"]), ..service_key("few") };
    Keys {
        free: product.token(service_key("free")).await,
        reader: product.token(reader).await,
        bound: product.token(bound).await,
        few: product.token(few).await,
    }
}

async fn status(product: &Product, call: Call) -> u16 {
    let answer = product.send(call).await;
    // They replace the client's header by one that the answer has, be it empty.
    assert!(IDENTITY.iter().all(|name| answer.headers.contains_key(*name)), "{:?}", answer.headers);
    assert!(answer.headers.get("location").is_none());
    answer.status.as_u16()
}

/// A GET to the unchanged address, with the listed headers and Traefik's own five.
fn traefik(address: &str, client: &str, token: &str) -> Call {
    let path = address.strip_prefix("http://127.0.0.1:3000").unwrap();
    Call::get(path)
        .header("host", "127.0.0.1:3000")
        .header("authorization", &format!("Bearer {token}"))
        .header("x-forwarded-for", client)
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "api.example.com")
        .header("x-forwarded-uri", "/invoices/7?permissions=x&cost=0")
}

#[tokio::test]
async fn traefik_asks_with_its_own_address_and_headers_about_the_request() {
    let product = product().await;
    let keys = keys(&product).await;
    let address = |line: &str| line.trim().strip_prefix("address: ").map(str::to_owned);
    let addresses: Vec<String> = TRAEFIK.lines().filter_map(address).collect();
    let [any, invoices] = addresses.as_slice() else { panic!("{addresses:?}") };
    let ask = |address: &str, client: &str, token: &str| traefik(address, client, token);
    for (call, expected) in [
        (ask(any, "198.51.100.7", &keys.free), 200),
        (ask(any, "198.51.100.7", "ks_x"), 401),
        (ask(invoices, "198.51.100.7", &keys.reader), 200),
        (ask(invoices, "198.51.100.7", &keys.free), 403),
        (ask(any, "203.0.113.9", &keys.bound), 200),
        (ask(any, "198.51.100.7", &keys.bound), 403),
        (ask(any, "198.51.100.7", &keys.few), 200),
        (ask(any, "198.51.100.7", &keys.few), 200),
        (ask(any, "198.51.100.7", &keys.few), 429),
        // With no list of headers it would hand on these, too.
        (ask(invoices, "198.51.100.7", &keys.free).header("x-keystead-permissions", "a.b"), 403),
        (ask(any, "198.51.100.7", &keys.few).header("x-keystead-cost", "0"), 429),
    ] {
        assert_eq!(status(&product, call).await, expected);
    }
}

/// The client's method, path and query below the prefix, no body, and the headers that are allowed; the client's
/// address is appended by the listener, the host's own by the filter.
fn envoy(method: &str, target: &str, forwarded: &str, token: &str) -> Call {
    let prefix = ENVOY.lines().find_map(|line| line.trim().strip_prefix("path_prefix: ")).unwrap();
    Call::new(method, &format!("{prefix}{target}"))
        .header("host", "api.example.com")
        .header("content-length", "0")
        .header("authorization", &format!("Bearer {token}"))
        .header("x-forwarded-for", &format!("{forwarded},192.0.2.10"))
        .header("x-envoy-internal", "true")
}

#[tokio::test]
async fn envoy_appends_the_clients_path_and_query_which_say_nothing() {
    let product = product().await;
    let keys = keys(&product).await;
    let permission = |call: Call| call.header("x-keystead-permissions", "invoices.read");
    let forged = "203.0.113.9,198.51.100.7";
    for (call, expected) in [
        (envoy("POST", "/things?permissions=a.b&kind=app", "198.51.100.7", &keys.free), 200),
        (envoy("GET", "/", "198.51.100.7", &keys.free), 200),
        (envoy("GET", "/", "198.51.100.7", "ks_x"), 401),
        (permission(envoy("DELETE", "/invoices/7", "198.51.100.7", &keys.reader)), 200),
        (permission(envoy("DELETE", "/invoices/7?permissions=a.b", "198.51.100.7", &keys.free)), 403),
        (envoy("GET", "/", "203.0.113.9", &keys.bound), 200),
        (envoy("GET", "/", forged, &keys.bound), 403),
        (envoy("GET", "/?cost=0", "198.51.100.7", &keys.few), 200),
        (envoy("GET", "/?cost=0", "198.51.100.7", &keys.few), 200),
        (envoy("GET", "/?cost=0&proxy=nginx", "198.51.100.7", &keys.few), 429),
    ] {
        assert_eq!(status(&product, call).await, expected);
    }
    // Lines with the same name are joined on the way, so two keys make none.
    let joined = envoy("GET", "/", "198.51.100.7", &format!("{},{}", keys.free, keys.reader));
    assert_eq!(status(&product, joined).await, 401);
    let joined = envoy("GET", "/", "198.51.100.7", &keys.free).header("x-keystead-permissions", "a.b,invoices.read");
    assert_eq!(status(&product, joined).await, 400);
}

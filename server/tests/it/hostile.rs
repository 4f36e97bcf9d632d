//! Hostile requests to pages, and hostile names on them.

use crate::support::{Call, Product, Settings, service_key};

#[tokio::test]
async fn a_name_ends_no_title() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let name = "</title><meta http-equiv=refresh content=0;url=//evil.example>";
    let token = product.token(service_key(name)).await;
    let id = token.split('_').nth(1).unwrap();
    for path in ["", "/why", "/revoke", "/delete", "/edit", "/audit"] {
        let answer = product.send(Call::get(&format!("/keys/{id}{path}")).cookie(&session)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("<meta http-equiv"), "{path}");
        assert!(answer.body.contains("&lt;meta http-equiv"), "{path}");
    }
}

#[tokio::test]
async fn a_host_chooses_no_page_and_breaks_none() {
    let product = Product::start().await;
    let plain = product.send(Call::get("/login")).await;
    for (name, value) in [
        ("host", "a:99999"),
        ("host", "x/keys?"),
        ("host", "[::"),
        ("x-forwarded-proto", "http://x/keys?"),
        ("x-forwarded-proto", "javascript"),
    ] {
        let answer = product.send(Call::get("/login").header("host", "localhost:3000").header(name, value)).await;
        assert_eq!(answer.status, 200, "{name}: {value}");
        assert!(answer.body.contains("<title>Sign in"), "{name}: {value}");
    }
    assert!(plain.body.contains("<title>Sign in"));
}

#[tokio::test]
async fn a_form_of_very_many_fields_is_not_shown_again() {
    let product = Product::start().await;
    for path in ["/keys/AAAAAAAAAAAA/edit", "/login", "/setup"] {
        let answer = product.send(Call::post(path).same_origin().form("a&".repeat(100_000))).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.len() < 10_000, "{path}");
    }
}

#[tokio::test]
async fn https_comes_through_a_proxy_that_is_trusted_or_on_this_machine() {
    let settings = Settings {
        public_url: Some("https://keys.example.com"),
        trusted_proxies: "192.0.2.0/24",
        ..Settings::default()
    };
    let product = Product::with(settings).await;
    let session = product.sign_in().await;
    for (peer, may) in [("192.0.2.7", true), ("127.0.0.1", true), ("::1", true), ("203.0.113.9", false)] {
        let login = product.send(Call::get("/login").peer(peer)).await;
        assert_eq!(login.body.contains("type=\"password\""), may, "{peer}");
        let cookie = format!("__Host-keystead={session}; keystead={session}");
        let keys = product.send(Call::get("/keys").peer(peer).header("cookie", &cookie)).await;
        assert_eq!(keys.status == 200, may, "{peer}");
    }
}

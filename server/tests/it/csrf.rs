//! No other site can make a browser change anything.

use crate::routes::unsafe_with_cookie;
use crate::support::{Call, Product, Settings};

const REFUSED: &str = "This request was refused because it came from another site";

#[tokio::test]
async fn every_unsafe_route_refuses_what_another_site_sends() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in unsafe_with_cookie() {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "Same-Origin")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3001")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://localhost:3000.evil.example")],
            &[("origin", "http://localhost:3001")],
            // Every browser that sends a session also says where the request comes from.
            &[],
            &[("origin", "")],
        ] {
            let call = Call::post(&path).cookie(&session).form("");
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            let answer = product.send(call).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(answer.body.contains(REFUSED) || path.starts_with("/api/"), "{path} {headers:?}");
        }
    }
    // Nothing was signed out along the way.
    assert_eq!(product.send(Call::get("/keys").cookie(&session)).await.status, 200);
}

#[tokio::test]
async fn every_unsafe_route_takes_what_the_console_sends() {
    let product = Product::start().await;
    for path in unsafe_with_cookie() {
        for (name, value) in
            [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", "http://localhost:3000")]
        {
            let session = product.sign_in().await;
            let answer = product.send(Call::post(&path).cookie(&session).header(name, value).form("")).await;
            assert_ne!(answer.status, 403, "{path} {name}: {value}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn behind_a_proxy_that_rewrites_the_host_the_public_address_counts() {
    let settings = Settings { public_url: Some("https://keys.example.com"), ..Settings::default() };
    let product = Product::with(settings).await;
    let call = || Call::post("/login").header("host", "10.0.0.7:3000").form("email=a&password=b");
    assert_ne!(product.send(call().header("origin", "https://keys.example.com")).await.status, 403);
    for origin in ["http://keys.example.com", "https://keys.example.com:8443", "https://keys.example.com.evil.example"]
    {
        assert_eq!(product.send(call().header("origin", origin)).await.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn a_page_is_only_read_whoever_links_to_it() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for site in ["cross-site", "same-site", "none"] {
        let call = Call::get("/keys").cookie(&session).header("sec-fetch-site", site);
        assert_eq!(product.send(call).await.status, 200, "{site}");
    }
}

//! The client's address as the verdicts see it. The resolver's own vectors are beside it.

use domain::draft::KeyDraft;

use crate::support::{Call, Product, Settings, list, service_key};

#[tokio::test]
async fn only_a_trusted_proxy_is_believed_and_nothing_malformed_is() {
    let product = Product::with(Settings { trusted_proxies: "10.0.0.0/8", ..Settings::default() }).await;
    let bound = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..service_key("bound") };
    let (bound, free) = (product.token(bound).await, product.token(service_key("free")).await);
    for (peer, lines, expected) in [
        ("10.0.0.1", &["203.0.113.9"][..], "VALID"),
        ("10.0.0.1", &["198.51.100.1", "203.0.113.9, 10.0.0.7"], "VALID"),
        ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "VALID"),
        ("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "IP_NOT_ALLOWED"),
        ("10.0.0.1", &["203.0.113.9, unknown"], "IP_NOT_ALLOWED"),
        ("10.0.0.1", &["203.0.113.9", ""], "IP_NOT_ALLOWED"),
        ("198.51.100.1", &["203.0.113.9"], "IP_NOT_ALLOWED"),
    ] {
        let call = |token: &str| {
            let call = Call::get("/v1/keys/self").bearer(token).peer(peer);
            lines.iter().fold(call, |call, line| call.header("x-forwarded-for", line))
        };
        assert_eq!(product.send(call(&bound)).await.json()["code"], expected, "{peer} {lines:?}");
        // A key that is not bound to addresses works from everywhere, the unknown included.
        assert_eq!(product.send(call(&free)).await.json()["code"], "VALID", "{peer} {lines:?}");
    }
}

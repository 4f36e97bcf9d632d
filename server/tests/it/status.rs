//! The page Status: for owners, whether all is well and what this node does.

use domain::draft::KeyDraft;
use domain::timestamp::Millis;
use service::nodes::Joining;

use crate::support::{Call, Product, service_key, text};

#[tokio::test]
async fn an_owner_sees_that_all_is_well_and_what_this_node_did() {
    let product = Product::start().await;
    let joining = Joining { name: "keys-1".to_owned(), version: "0.1.0".to_owned(), counts_alone: false };
    product.service.joins_nodes(joining).unwrap();
    let session = product.sign_in().await;
    let token = product.token(service_key("Orders")).await;
    for (token, status) in [(token.as_str(), 200), ("ks_nothing", 401)] {
        assert_eq!(product.send(Call::get("/v1/authorize").bearer(token)).await.status, status);
    }
    let page = product.send(Call::get("/status").cookie(&session)).await;
    assert_eq!(page.status, 200);
    let shown = text(&page.body);
    for words in
        ["Everything works.", "on SQLite , started just now", "keys-1 (this one)", "1 accepted", "Key not found 1"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Nobody has measured yet.
    assert!(shown.contains("This node has just started."), "{shown}");
    assert!(page.body.contains("href=\"/status\" aria-current=\"page\""), "{}", page.body);
    // Neither attribute is let through by the page's own policy.
    assert!(!page.body.contains(" style=") && !page.body.contains(" onclick="));
    // Nothing in it names a key, a token or the database.
    for secret in ["Orders", token.as_str(), "sqlite:", "keystead.db"] {
        assert!(!page.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_first() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let expires = product.service.now().plus(Millis::days(3)).to_input();
    product
        .issue(KeyDraft { expiry: Some("custom".to_owned()), expires_at: Some(expires), ..service_key("Old") })
        .await;
    let page = product.send(Call::get("/status").cookie(&session)).await;
    let shown = text(&page.body);
    assert!(shown.contains("1 key expires within 7 days."), "{shown}");
    assert!(page.body.contains("href=\"/keys?status=expiring_7\"") && !shown.contains("Everything works."), "{shown}");
    assert!(shown.find("1 key expires") < shown.find("Nodes"));
}

//! `GET /v1/keys/self`: what a key is told about itself.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use crate::support::{Call, Product, list, operator, service_key};

#[tokio::test]
async fn a_key_is_described_to_itself_by_where_it_calls_from() {
    let product = Product::start().await;
    let bound = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..service_key("bound") };
    let token = product.token(bound).await;
    let call = || Call::get("/v1/keys/self").bearer(&token);
    let answer = product.send(call().peer("203.0.113.9")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (200, &"VALID".into()));
    assert_eq!(answer.json()["name"], "bound");
    let answer = product.send(call().peer("198.51.100.1")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (200, &"IP_NOT_ALLOWED".into()));
    // What a caller claims about its address counts only through a trusted proxy.
    let forged = call().peer("198.51.100.1").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(product.send(forged).await.json()["code"], "IP_NOT_ALLOWED");
}

#[tokio::test]
async fn a_key_that_is_not_acknowledged_is_told_so() {
    let product = Product::start().await;
    let app = *product.service.default_app();
    let issued =
        product.service.issue(&operator(), &app, &service_key("waiting"), "form-0123456789abcdef").await.unwrap();
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let call = || Call::get("/v1/keys/self").bearer(token.expose_secret());
    let answer = product.send(call()).await.json();
    assert_eq!((&answer["valid"], &answer["code"]), (&false.into(), &"PENDING".into()));
    product.service.acknowledge(&operator(), &issued.key.row.id, false).await.unwrap();
    assert_eq!(product.send(call()).await.json()["code"], "VALID");
}

#[tokio::test]
async fn a_master_user_presents_two_headers() {
    let product = Product::start().await;
    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = product.issue(draft).await.shown else { panic!() };
    let (id, secret) = (id.as_str(), secret.expose_secret());
    let call = || Call::get("/v1/keys/self");
    let pair = |id: &str, secret: &str| {
        call().header("X-MASTER-USER-API-KEY", id).header("X-MASTER-USER-API-KEY-SECRET", secret)
    };
    let answer = product.send(pair(id, secret)).await.json();
    assert_eq!((&answer["code"], &answer["kind"]), (&"VALID".into(), &"master_user".into()));
    assert_eq!(answer["permissions"][0], "chats.read");
    let mut wrong = secret.to_owned();
    wrong.replace_range(..1, if wrong.starts_with('A') { "B" } else { "A" });
    for (id, secret) in [(id, wrong.as_str()), ("mk_000000000000", secret), ("", ""), ("x", "y"), (secret, id)] {
        assert_eq!(product.send(pair(id, secret)).await.json()["code"], "NOT_FOUND", "{id}");
    }
    product.send(call().header("X-MASTER-USER-API-KEY", id)).await.problem(401);
    product.send(call().header("X-MASTER-USER-API-KEY-SECRET", secret)).await.problem(401);
    product.send(pair(id, secret).bearer("ks_x")).await.problem(400);
    product.send(pair(id, secret).header("X-MASTER-USER-API-KEY", id)).await.problem(400);
}

#[tokio::test]
async fn what_is_no_key_is_not_found_and_no_header_is_a_challenge() {
    let product = Product::start().await;
    for token in ["x", "ks_", &"x".repeat(600)] {
        let answer = product.send(Call::get("/v1/keys/self").bearer(token)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (200, &"NOT_FOUND".into()));
    }
    let answer = product.send(Call::get("/v1/keys/self")).await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="keystead""#);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let product = Product::start().await;
    let token = product.token(service_key("key")).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = product.send(Call::new(method, "/v1/keys/self").bearer(&token)).await;
        answer.problem(405);
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
    let answer = product.send(Call::new("HEAD", "/v1/keys/self").bearer(&token)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    // A body on a GET means nothing.
    let answer = product.send(Call::get("/v1/keys/self").bearer(&token).json("{{{")).await;
    assert_eq!(answer.json()["code"], "VALID");
}

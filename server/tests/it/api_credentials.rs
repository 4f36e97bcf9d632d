//! The key that a caller presents: where it may be, and the answers to a bad one.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use crate::support::{Call, Product, list, operator, service_key};

fn call() -> Call {
    Call::post("/v1/keys/verify").json(r#"{"key":"a"}"#)
}

#[tokio::test]
async fn without_a_readable_key_the_answer_is_a_challenge() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Basic dTpw",
        &verifier,
        &format!("Bearer {verifier} {verifier}"),
        "Bearer\tx",
    ] {
        let answer = product.send(call().header("authorization", value)).await;
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="keystead""#, "{value}");
    }
    let answer = product.send(call()).await;
    answer.problem(401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    product.send(call().bearer(&verifier).bearer(&verifier)).await.problem(400);
    product.send(call().header("authorization", "Bearer é")).await.problem(400);
    assert_eq!(product.send(call().header("authorization", &format!("bearer   {verifier} "))).await.status, 200);
}

#[tokio::test]
async fn what_follows_bearer_is_told() {
    let product = Product::start().await;
    for value in ["Bearer", "bearer ", "Bearer  "] {
        let detail = product.send(call().header("authorization", value)).await.problem(401)["detail"].take();
        assert!(detail.as_str().unwrap().starts_with("Nothing follows the word Bearer"), "{value}: {detail}");
    }
    let detail = product.send(call().header("authorization", "Bearer a b")).await.problem(401)["detail"].take();
    assert!(detail.as_str().unwrap().starts_with("Exactly one key must follow"), "{detail}");
}

#[tokio::test]
async fn every_refused_key_gets_the_same_answer() {
    let product = Product::start().await;
    let verify = || vec!["keystead.verify".to_owned()];
    let disabled = product.issue(KeyDraft { boxes: verify(), ..service_key("off") }).await;
    product.service.disable(&operator(), &disabled.key.row.id, None).await.unwrap();
    let ShownSecret::Token(disabled) = disabled.shown else { panic!() };
    let future = product
        .token(KeyDraft { boxes: verify(), not_before: Some("2030-01-01".to_owned()), ..service_key("later") })
        .await;
    let unknown = "ks_7Qm2xVbN4tRa_0000000000000000000000000000000000000000000000000";
    let mut answers = Vec::new();
    for token in [disabled.expose_secret(), &future, unknown, "x", &"x".repeat(5000)] {
        let answer = product.send(call().bearer(token)).await;
        answer.problem(401);
        answers.push((answer.body, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(answers[0].1["www-authenticate"], r#"Bearer realm="keystead", error="invalid_token""#);
}

#[tokio::test]
async fn a_key_that_may_not_ask_is_told_what_it_lacks() {
    let product = Product::start().await;
    let verify = || vec!["keystead.verify".to_owned()];
    let plain = product.token(KeyDraft { permissions: list(&["*"]), ..service_key("no permission") }).await;
    let answer = product.send(call().bearer(&plain)).await;
    assert!(answer.problem(403)["detail"].as_str().unwrap().contains("keystead.verify"));
    assert!(answer.header("www-authenticate").contains("insufficient_scope"));

    let client = KeyDraft { kind: Some("client".to_owned()), ..service_key("client") };
    let client = product.token(client).await;
    assert!(product.send(call().bearer(&client)).await.problem(403)["detail"].as_str().unwrap().contains("Service"));

    let bound = KeyDraft { boxes: verify(), cidrs: list(&["203.0.113.0/24"]), ..service_key("bound") };
    let bound = product.token(bound).await;
    product.send(call().bearer(&bound)).await.problem(403);
    assert_eq!(product.send(call().bearer(&bound).peer("203.0.113.9")).await.status, 200);

    let origin = KeyDraft { boxes: verify(), domains: list(&["app.example.com"]), ..service_key("origin") };
    let origin = product.token(origin).await;
    product.send(call().bearer(&origin)).await.problem(403);
    product.send(call().bearer(&origin).header("origin", "https://é")).await.problem(403);
    assert_eq!(product.send(call().bearer(&origin).header("origin", "https://app.example.com")).await.status, 200);
}

#[tokio::test]
async fn the_key_is_asked_for_before_the_body_is_looked_at() {
    let product = Product::start().await;
    product.send(Call::post("/v1/keys/verify").body("{")).await.problem(401);
    let plain = product.token(service_key("no permission")).await;
    product.send(Call::post("/v1/keys/verify").bearer(&plain).json("{")).await.problem(403);
}

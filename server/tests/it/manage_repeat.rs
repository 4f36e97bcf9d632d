//! `Idempotency-Key` over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::manage_keys::{ALL, manager};
use crate::support::{Answer, Call, Product};

fn issue(key: &str, repeat: &str, name: &str) -> Call {
    let body = json!({ "kind": "service", "name": name });
    Call::post("/v1/keys").bearer(key).header("idempotency-key", repeat).json(body.to_string())
}

async fn count(product: &Product, key: &str) -> usize {
    let all = product.send(Call::get("/v1/keys?rows=100&q=Made").bearer(key)).await.json();
    all["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_call_has_the_same_answer_and_another_is_refused() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    let first = product.send(issue(&key, "order-7", "Made")).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (StatusCode::CREATED, ""));
    let again = product.send(issue(&key, "order-7", "Made")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.header("idempotent-replayed"), "true");
    let problem = product.send(issue(&key, "order-7", "Other")).await.problem(422);
    assert_eq!(problem["type"], "urn:keystead:problem:idempotency-key-reused");
    // The key of another caller is another key.
    let other = manager(&product, &ALL).await;
    assert_eq!(product.send(issue(&other, "order-7", "Made")).await.header("idempotent-replayed"), "");
    assert_eq!(count(&product, &key).await, 2);
    // Once it is used, the secret stays away.
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    product.send(Call::get("/v1/keys/self").bearer(&secret)).await;
    let used = product.send(issue(&key, "order-7", "Made")).await.json();
    assert_eq!((&used["key"]["id"], &used["secret"]), (&first.json()["key"]["id"], &Value::Null));
}

#[tokio::test]
async fn of_64_at_once_one_has_an_effect() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let (app, call) = (product.app.clone(), issue(&key, "at once", "Made"));
        calls.spawn(
            async move { Answer::of(tower::ServiceExt::oneshot(app, call.into_request()).await.unwrap()).await },
        );
    }
    let mut secrets = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            201 => secrets.push(answer.json()["secret"].clone()),
            409 => assert_eq!(answer.header("retry-after"), "1"),
            status => panic!("{status}: {}", answer.body),
        }
    }
    assert!(!secrets.is_empty() && secrets.iter().all(|secret| *secret == secrets[0]));
    assert_eq!(count(&product, &key).await, 1);
}

#[tokio::test]
async fn a_refused_call_and_a_key_of_another_form_are_carried_out_or_refused_anew() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    for _ in 0..2 {
        let refused = product.send(issue(&key, "empty", "")).await;
        refused.problem(422);
        assert_eq!(refused.header("idempotent-replayed"), "");
    }
    product.send(issue(&key, &"x".repeat(256), "Made")).await.problem(400);
    product.send(issue(&key, "", "Made")).await.problem(400);
    product.send(issue(&key, "a", "Made").header("idempotency-key", "b")).await.problem(400);
    // Without the permission, nothing is told of what others did.
    let reader = manager(&product, &["keystead.keys.read"]).await;
    product.send(issue(&reader, "a", "Made")).await.problem(403);
    assert_eq!(count(&product, &key).await, 0);
}

#[tokio::test]
async fn an_act_is_done_once_too() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    let made = product.send(issue(&key, "a", "Made")).await.json();
    let path = format!("/v1/keys/{}/disable", made["key"]["id"].as_str().unwrap());
    let act = || Call::post(&path).bearer(&key).header("idempotency-key", "b");
    let first = product.send(act()).await;
    assert_eq!((first.status.as_u16(), &first.json()["key"]["status"]), (200, &"disabled".into()));
    let again = product.send(act()).await;
    assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
    assert_eq!(again.header("idempotent-replayed"), "true");
    product.send(Call::post(&path).bearer(&key)).await.problem(409);
}

#[tokio::test]
async fn the_link_of_a_hand_over_is_given_again_until_it_is_withdrawn() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    let body = json!({ "key": { "kind": "service", "name": "Partner" }, "recipient": "Grace" });
    let make = || Call::post("/v1/hand-overs").bearer(&key).header("idempotency-key", "grace").json(body.to_string());
    let first = product.send(make()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(product.send(make()).await.body, first.body);
    let list = product.send(Call::get("/v1/hand-overs").bearer(&key)).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let path = first.header("location").to_owned();
    assert_eq!(product.send(Call::new("DELETE", &path).bearer(&key)).await.status, 204);
    let after = product.send(make()).await.json();
    assert_eq!((&after["handOver"], &after["link"]), (&first.json()["handOver"], &Value::Null));
}

#[tokio::test]
async fn the_link_of_an_invite_is_given_again_until_it_is_renewed() {
    let product = Product::start().await;
    let key = manager(&product, &ALL).await;
    let body = json!({ "firstName": "Ada", "email": "ada@example.com", "role": "auditor" });
    let invite = || Call::post("/v1/invites").bearer(&key).header("idempotency-key", "ada").json(body.to_string());
    let first = product.send(invite()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let link = first.json()["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("http://localhost:3000/invite/"), "{link}");
    assert_eq!(product.send(invite()).await.body, first.body);
    product.clock.advance(domain::timestamp::Millis::seconds(5));
    let path = format!("/v1/invites/{}/renew", first.json()["invite"]["id"].as_str().unwrap());
    assert_ne!(product.send(Call::post(&path).bearer(&key)).await.json()["link"], link);
    assert_eq!(product.send(invite()).await.json()["link"], Value::Null);
}

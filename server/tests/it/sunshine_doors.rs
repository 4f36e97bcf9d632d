//! Who may: the scopes of the three kinds of keys, as Basic and as a JWT, and what lets nobody in.

use domain::draft::KeyDraft;
use domain::ids::KeyId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::keys::ShownSecret;

use crate::sunshine_caller::{Client, Pair, custom, signed};
use crate::support::{Call, list, operator, service_key};

/// Now, as the clock of the tests has it, in seconds.
const NOW: i64 = 1_795_253_402;

#[tokio::test]
async fn a_key_is_used_no_more_often_than_it_may_be() {
    let client = Client::start().await;
    let draft = KeyDraft {
        kind: Some("app".to_owned()),
        name: Some("Slow".to_owned()),
        limits: list(&["2 per minute"]),
        ..KeyDraft::default()
    };
    let app = *client.product.service.default_app();
    let issued = client.product.service.issue_acknowledged(&operator(), &app, &draft).await.unwrap();
    let ShownSecret::Pair { id, secret } = issued.shown else { panic!("an app key is shown as a pair") };
    let key = Pair { id, secret: secret.expose_secret().to_owned() };
    let path = client.path("integrations");
    client.send(&key, "GET", &path, None).await.shown(200);
    let token = key.jwt(&json!({ "scope": "app" }));
    bearer(&client, &token, &path).await.shown(200);
    for answer in [client.send(&key, "GET", &path, None).await, bearer(&client, &token, &path).await] {
        answer.sunshine_error(429, "too_many_requests");
        let wait: u32 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    client.send(&client.of_app, "GET", &path, None).await.shown(200);
}

async fn bearer(client: &Client, token: &str, path: &str) -> crate::support::Answer {
    client.product.send(Call::get(path).bearer(token)).await
}

#[tokio::test]
async fn basic_needs_the_id_and_the_secret_of_one_key() {
    let client = Client::start().await;
    let path = client.path("integrations");
    let key = &client.of_app;
    client.send(key, "GET", &path, None).await.shown(200);
    let pair = |id: &str, secret: &str| Pair { id: id.to_owned(), secret: secret.to_owned() };
    let damaged = testkit::damaged(&key.secret);
    for wrong in [
        pair(&key.id, &damaged),
        pair(&key.id, ""),
        pair("", &key.secret),
        pair(&key.id, &client.account.secret),
        pair(&client.account.id, &key.secret),
        pair(&key.id.replace("app_", "int_"), &key.secret),
        pair(&key.id.replace("app_", "svc_"), &key.secret),
        pair("username", "password"),
    ] {
        let answer = client.send(&wrong, "GET", &path, None).await;
        assert_eq!(answer.sunshine_error(401, "unauthorized"), "Authorization is required");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    for header in ["", "Basic", "Basic ****", "Digest a", "Basic Og==", "Bearer", "Bearer x y"] {
        let call = Call::get(&path).header("authorization", header);
        client.product.send(call).await.sunshine_error(401, "unauthorized");
    }
    client.product.send(Call::get(&path)).await.sunshine_error(401, "unauthorized");
    let twice = key.call("GET", &path).header("authorization", &key.basic());
    client.product.send(twice).await.sunshine_error(401, "unauthorized");
    let token = client.product.token(service_key("Other kind")).await;
    bearer(&client, &token, &path).await.sunshine_error(401, "unauthorized");
}

#[tokio::test]
async fn a_jwt_of_each_kind_reaches_what_its_scope_says() {
    let client = Client::start().await;
    for (key, scope) in [(&client.account, "account"), (&client.of_app, "app"), (&client.of_integration, "integration")]
    {
        let token = key.jwt(&json!({ "scope": scope }));
        let answer = |path: String| {
            let (client, token) = (&client, token.clone());
            async move { bearer(client, &token, &path).await.status.as_u16() }
        };
        let apps = if scope == "account" { 200 } else { 403 };
        assert_eq!(answer("/v2/apps".to_owned()).await, apps, "{scope}");
        assert_eq!(answer(client.path("keys")).await, apps, "{scope}");
        let in_app = if scope == "integration" { 403 } else { 200 };
        assert_eq!(answer(client.path("integrations")).await, in_app, "{scope}");
        assert_eq!(answer(client.keys()).await, in_app, "{scope}");
        assert_eq!(answer(format!("/v2/apps/{}", client.app)).await, in_app, "{scope}");
        let own = if scope == "integration" { 200 } else { 404 };
        assert_eq!(answer(client.path("integrations/me/webhooks")).await, own, "{scope}");
        let webhooks = client.path(&format!("integrations/{}/webhooks", client.integration));
        assert_eq!(answer(webhooks).await, 200, "{scope}");
    }
}

#[tokio::test]
async fn an_integration_key_reaches_conversations_and_no_key() {
    let client = Client::start().await;
    let key = &client.of_integration;
    let conversations = client.path("conversations");
    let user = client.send(key, "POST", &client.path("users"), Some(&json!({ "externalId": "ada" }))).await;
    user.shown(201);
    let body = json!({ "type": "personal", "participants": [{ "userExternalId": "ada" }] });
    client.send(key, "POST", &conversations, Some(&body)).await.shown(201);
    for (method, path, body) in [
        ("POST", client.keys(), Some(json!({ "displayName": "No" }))),
        ("GET", client.keys(), None),
        ("DELETE", format!("{}/{}", client.keys(), key.id), None),
        ("POST", client.path("keys"), Some(json!({ "displayName": "No" }))),
        ("POST", client.path("integrations"), Some(custom("No"))),
        ("DELETE", client.path(&format!("integrations/{}", client.integration)), None),
        ("POST", "/v2/apps".to_owned(), Some(json!({ "displayName": "No" }))),
    ] {
        client.send(key, method, &path, body.as_ref()).await.sunshine_error(403, "forbidden");
    }
}

#[tokio::test]
async fn an_app_key_makes_keys_of_integrations_and_neither_apps_nor_app_keys() {
    let client = Client::start().await;
    let body = json!({ "displayName": "Made by an app" });
    client.send(&client.of_app, "POST", &client.keys(), Some(&body)).await.shown(201);
    for path in ["/v2/apps".to_owned(), client.path("keys")] {
        client.send(&client.of_app, "POST", &path, Some(&body)).await.sunshine_error(403, "forbidden");
    }
    let other = client.post("/v2/apps", &json!({ "displayName": "Another" })).await;
    let path = format!("/v2/apps/{}/integrations", other["app"]["id"].as_str().unwrap());
    client.send(&client.of_app, "GET", &path, None).await.sunshine_error(404, "app_not_found");
    let integration = client.send(&client.account, "POST", &path, Some(&custom("Elsewhere"))).await.shown(201);
    let webhooks = format!("{path}/{}/webhooks", integration["integration"]["id"].as_str().unwrap());
    client.send(&client.of_integration, "GET", &webhooks, None).await.sunshine_error(404, "app_not_found");
}

#[tokio::test]
async fn bearer_wins_over_basic() {
    let client = Client::start().await;
    let (good, bad) = (client.of_app.jwt(&json!({ "scope": "app" })), "a.b.c");
    let wrong = Pair { id: client.of_app.id.clone(), secret: "wrong".to_owned() };
    let path = client.path("integrations");
    let both = |basic: &Pair, token: &str| basic.call("GET", &path).bearer(token);
    client.product.send(both(&wrong, &good)).await.shown(200);
    client.product.send(both(&client.of_app, bad)).await.sunshine_error(401, "unauthorized");
}

/// What RFC 8725 warns of, and what a lenient reader would let in.
#[tokio::test]
async fn a_jwt_that_is_not_wholly_right_is_refused() {
    let client = Client::start().await;
    let path = client.path("integrations");
    let key = &client.of_app;
    let head = json!({ "alg": "HS256", "typ": "JWT", "kid": key.id });
    let claims = json!({ "scope": "app" });
    let secret = key.secret.as_bytes();
    let with = |name: &str, value: Value| {
        let mut head = head.clone();
        head[name] = value;
        signed(&head, &claims, secret)
    };
    let says = |claims: Value| signed(&head, &claims, secret);
    let good = signed(&head, &claims, secret);
    let (text, mac) = good.rsplit_once('.').unwrap();
    let (first, body) = text.split_once('.').unwrap();
    let unsigned = {
        let none = signed(&json!({ "alg": "none", "kid": key.id }), &claims, b"");
        none.rsplit_once('.').unwrap().0.to_owned() + "."
    };
    bearer(&client, &good, &path).await.shown(200);
    for (what, token) in [
        ("no signature", format!("{text}.")),
        ("none", unsigned),
        ("none in other letters", with("alg", json!("nOnE"))),
        ("another algorithm", with("alg", json!("HS512"))),
        ("an asymmetric one", with("alg", json!("RS256"))),
        ("no algorithm", with("alg", Value::Null)),
        ("another key's id", with("kid", json!(client.account.id))),
        ("no such id", with("kid", json!(format!("app_{}", KeyId::from_random([9; 16]).to_hex())))),
        ("a path as id", with("kid", json!("../../root.key"))),
        ("an id that is no text", with("kid", json!(1))),
        ("critical extensions", with("crit", json!(["exp"]))),
        ("a key in the head", with("jwk", json!({ "kty": "oct", "k": "AA" }))),
        ("a key elsewhere", with("jku", json!("https://evil.example/keys"))),
        ("a certificate", with("x5u", json!("https://evil.example/x5u"))),
        ("a wider scope", says(json!({ "scope": "account" }))),
        ("a narrower scope", says(json!({ "scope": "integration" }))),
        ("no scope", says(json!({}))),
        ("scopes", says(json!({ "scope": ["app"] }))),
        ("over", says(json!({ "scope": "app", "exp": NOW - 1 }))),
        ("over now", says(json!({ "scope": "app", "exp": NOW }))),
        ("an end that is text", says(json!({ "scope": "app", "exp": (NOW + 60).to_string() }))),
        ("not yet", says(json!({ "scope": "app", "nbf": NOW + 3_600 }))),
        ("made later", says(json!({ "scope": "app", "iat": NOW + 3_600 }))),
        ("another's secret", signed(&head, &claims, client.account.secret.as_bytes())),
        ("an empty secret", signed(&head, &claims, b"")),
        ("a fourth part", format!("{good}.{mac}")),
        ("two parts", text.to_owned()),
        ("an encrypted one", format!("{first}.{body}.{mac}.{mac}.{mac}")),
        ("padding", format!("{good}=")),
        ("something else", "abc".to_owned()),
        ("a long one", format!("{text}.{}", "A".repeat(8_193))),
    ] {
        let answer = bearer(&client, &token, &path).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        answer.sunshine_error(401, "unauthorized");
    }
    for claims in [
        json!({ "scope": "app", "exp": NOW + 60 }),
        json!({ "scope": "app", "iat": NOW, "nbf": NOW - 1 }),
        json!({ "scope": "app", "iat": NOW + 30, "appId": client.app, "more": [1] }),
    ] {
        bearer(&client, &says(claims.clone()), &path).await.shown(200);
    }
}

#[tokio::test]
async fn a_key_that_is_off_opens_nothing() {
    let client = Client::start().await;
    let service = &client.product.service;
    let id = KeyId::from_hex(client.of_app.id.strip_prefix("app_").unwrap()).unwrap();
    let path = client.path("integrations");
    let token = client.of_app.jwt(&json!({ "scope": "app" }));
    let both = async || {
        let basic = client.send(&client.of_app, "GET", &path, None).await.status.as_u16();
        (basic, bearer(&client, &token, &path).await.status.as_u16())
    };
    assert_eq!(both().await, (200, 200));
    service.disable(&operator(), &id, None).await.unwrap();
    assert_eq!(both().await, (401, 401));
    let listed = client.get(&client.path("keys")).await;
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1, "it is there, and counts");
    service.enable(&operator(), &id, None).await.unwrap();
    assert_eq!(both().await, (200, 200));
    let reason = domain::key::RevokeReason::Leaked;
    service.revoke(&operator(), &id, reason, None).await.unwrap();
    assert_eq!(both().await, (401, 401));
    assert_eq!(client.get(&client.path("keys")).await, json!({ "keys": [] }));
}

//! `POST /v2/keys.verifyKey`: the answers that a client of Unkey's second API reads.

use domain::draft::KeyDraft;
use domain::usage::Edge;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::keys::ShownSecret;

use crate::support::{Call, Product, list, operator, service_key};

const NOW: i64 = 1_795_253_402_000;

async fn ask(product: &Product, root: &str, body: &Value) -> Value {
    let answer = product.send(Call::post("/v2/keys.verifyKey").bearer(root).json(body.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    let mut document = answer.json();
    let id = document["meta"]["requestId"].as_str().unwrap();
    assert!(id.starts_with("req_") && id.len() == 28, "{id}");
    let data = document["data"].take();
    assert_eq!(data["valid"], data["code"] == "VALID", "{data}");
    data
}

#[tokio::test]
async fn a_good_key_is_described_in_its_members() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let token = product
        .token(KeyDraft {
            permissions: list(&["documents.read", "documents.write"]),
            expiry: Some("custom".to_owned()),
            expires_at: Some("2030-01-02T03:04:05Z".to_owned()),
            limits: list(&["requests: 100 per minute"]),
            quota: Some("1000".to_owned()),
            external_id: Some("cus_42".to_owned()),
            metadata: list(&["plan=gold"]),
            ..service_key("Production")
        })
        .await;
    let call = json!({ "key": token, "permissions": "documents.read AND documents.write", "tags": ["path=/a", "b"] });
    let expected = json!({
        "valid": true, "code": "VALID", "keyId": token.split('_').nth(1).unwrap(), "name": "Production",
        "meta": { "plan": "gold" }, "identity": { "id": "cus_42", "externalId": "cus_42" },
        "expires": 1_893_553_445_000_i64, "credits": 999, "enabled": true,
        "permissions": ["documents.read", "documents.write"], "roles": [],
        "ratelimits": [{
            "id": "requests", "name": "requests", "limit": 100, "duration": 60_000, "reset": NOW + 60_000,
            "remaining": 99, "exceeded": false, "autoApply": true,
        }],
    });
    assert_eq!(ask(&product, &root, &call).await, expected);
    // What a key does not have is left out, as far as Unkey leaves it out.
    let plain = product.token(service_key("plain")).await;
    let expected = json!({
        "valid": true, "code": "VALID", "keyId": plain.split('_').nth(1).unwrap(), "name": "plain", "meta": {},
        "enabled": true, "permissions": [], "roles": [], "ratelimits": [],
    });
    assert_eq!(ask(&product, &root, &json!({ "key": plain })).await, expected);
    for unknown in ["x", "ks_", &"k".repeat(512), &plain.to_uppercase()] {
        let answer = ask(&product, &root, &json!({ "key": unknown })).await;
        assert_eq!(answer, json!({ "valid": false, "code": "NOT_FOUND" }));
    }
}

#[tokio::test]
async fn each_verdict_has_the_code_that_unkey_has_for_it() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let code = async |call: Value| {
        let data = ask(&product, &root, &call).await;
        (data["code"].as_str().unwrap().to_owned(), data["enabled"].as_bool())
    };
    let is = |code: &str, enabled| (code.to_owned(), enabled);

    let app = *product.service.default_app();
    let waiting = product.service.issue(&operator(), &app, &service_key("p"), "form-0123456789abcdef").await.unwrap();
    let ShownSecret::Token(waiting) = waiting.shown else { panic!() };
    assert_eq!(code(json!({ "key": waiting.expose_secret() })).await, is("NOT_FOUND", None));

    let later = KeyDraft { not_before: Some("2030-01-01".to_owned()), ..service_key("later") };
    assert_eq!(code(json!({ "key": product.token(later).await })).await, is("DISABLED", Some(false)));

    let bound = KeyDraft {
        cidrs: list(&["203.0.113.0/24"]),
        domains: list(&["app.example.com"]),
        permissions: list(&["a.b"]),
        ..service_key("bound")
    };
    let issued = product.issue(bound).await;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let token = token.expose_secret();
    let (ip, origin) = ("203.0.113.9", "https://app.example.com");
    let good = json!({ "key": token, "clientIp": ip, "origin": origin });
    assert_eq!(code(good.clone()).await, is("VALID", Some(true)));
    assert_eq!(code(json!({ "key": token, "origin": origin })).await, is("FORBIDDEN", Some(true)));
    assert_eq!(code(json!({ "key": token, "clientIp": ip })).await, is("FORBIDDEN", Some(true)));
    let call = json!({ "key": token, "clientIp": ip, "origin": origin, "permissions": "a.b AND c.d" });
    assert_eq!(code(call).await, is("INSUFFICIENT_PERMISSIONS", Some(true)));
    product.service.disable(&operator(), &issued.key.row.id, None).await.unwrap();
    assert_eq!(code(good.clone()).await, is("DISABLED", Some(false)));

    let limited = KeyDraft { limits: list(&["1 per minute"]), ..service_key("limited") };
    let limited = json!({ "key": product.token(limited).await });
    assert_eq!(code(limited.clone()).await, is("VALID", Some(true)));
    assert_eq!(code(limited).await, is("RATE_LIMITED", Some(true)));
    let counted = KeyDraft { quota: Some("1".to_owned()), ..service_key("counted") };
    let counted = json!({ "key": product.token(counted).await });
    assert_eq!(code(counted.clone()).await, is("VALID", Some(true)));
    assert_eq!(code(counted).await, is("USAGE_EXCEEDED", Some(true)));

    // Each call was counted as one of this form.
    product.service.verifier().flush_usage().await.unwrap();
    let kept = product.store.key_refusals(&issued.key.row.id).await.unwrap();
    assert!(kept.len() == 4 && kept.iter().all(|call| call.edge == Edge::Unkey), "{kept:?}");
}

#[tokio::test]
async fn credits_are_taken_from_the_quota_and_from_nothing_else() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let draft = KeyDraft { quota: Some("10".to_owned()), limits: list(&["10 per minute"]), ..service_key("counted") };
    let token = product.token(draft).await;
    let left = async |call: Value| {
        let data = ask(&product, &root, &call).await;
        (
            data["code"].as_str().unwrap().to_owned(),
            data["credits"].as_u64(),
            data["ratelimits"][0]["remaining"].as_u64(),
        )
    };
    let is = |code: &str, credits, remaining| (code.to_owned(), Some(credits), Some(remaining));
    assert_eq!(left(json!({ "key": token })).await, is("VALID", 9, 9));
    assert_eq!(left(json!({ "key": token, "credits": { "cost": 5 } })).await, is("VALID", 4, 8));
    assert_eq!(left(json!({ "key": token, "credits": { "cost": 0 } })).await, is("VALID", 4, 7));
    assert_eq!(left(json!({ "key": token, "credits": null })).await, is("VALID", 3, 6));
    assert_eq!(left(json!({ "key": token, "credits": { "cost": 1_000_000_000 } })).await, is("USAGE_EXCEEDED", 3, 5));
}

#[tokio::test]
async fn limits_are_named_or_brought_along() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let draft = KeyDraft { limits: list(&["tokens: 10 per minute", "others: 5 per minute"]), ..service_key("k") };
    let token = product.token(draft).await;
    let limits = async |ratelimits: Value| {
        let data = ask(&product, &root, &json!({ "key": token, "ratelimits": ratelimits })).await;
        let states = data["ratelimits"].as_array().unwrap().iter().map(|state| {
            let member = |name: &str| state[name].as_u64().unwrap();
            let words = (state["name"].as_str().unwrap().to_owned(), state["autoApply"].as_bool().unwrap());
            (words.0, member("limit"), member("remaining"), words.1)
        });
        (data["code"].as_str().unwrap().to_owned(), states.collect::<Vec<_>>())
    };
    let state = |name: &str, limit, remaining, own| (name.to_owned(), limit, remaining, own);
    // One of the key's limits, at another cost. Its other limits apply as always.
    assert_eq!(
        limits(json!([{ "name": "tokens", "cost": 4 }])).await,
        ("VALID".to_owned(), vec![state("tokens", 10, 6, true), state("others", 5, 4, true)])
    );
    assert_eq!(limits(json!([{ "name": "tokens", "cost": 7 }])).await.0, "RATE_LIMITED");
    assert_eq!(limits(json!([{ "name": "tokens", "cost": 0 }, { "name": "others", "cost": 4 }])).await.0, "VALID");
    // A limit that only this call brings, with its own window.
    let brought = json!([
        { "name": "per-document", "limit": 2, "duration": 3_600_000 }, { "name": "others", "cost": 0 },
    ]);
    let (code, states) = limits(brought.clone()).await;
    assert_eq!((code.as_str(), states.last().unwrap()), ("VALID", &state("per-document", 2, 1, false)));
    assert_eq!(limits(brought.clone()).await.0, "VALID");
    let (code, states) = limits(brought).await;
    assert_eq!((code.as_str(), states.last().unwrap()), ("RATE_LIMITED", &state("per-document", 2, 0, false)));
    // If no limit is named, those of the key apply.
    assert_eq!(limits(json!([])).await.0, "RATE_LIMITED");
}

#[tokio::test]
async fn a_limit_that_the_key_does_not_have_is_an_error_as_it_is_at_unkey() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let send =
        async |call: Value| product.send(Call::post("/v2/keys.verifyKey").bearer(&root).json(call.to_string())).await;
    for limits in [None, list(&["tokens: 10 per minute"])] {
        let token = product.token(KeyDraft { limits, ..service_key("k") }).await;
        let answer = send(json!({ "key": token, "ratelimits": [{ "name": "does-not-exist" }] })).await;
        let error = answer.unkey_error(412);
        assert_eq!(error["type"], "https://unkey.com/docs/errors/unkey/application/precondition_failed");
        assert!(error["detail"].as_str().unwrap().contains("does-not-exist"), "{error}");
    }
    // The answer does not reveal whether an unknown key has it.
    let answer = send(json!({ "key": "ks_x", "ratelimits": [{ "name": "does-not-exist" }] })).await;
    assert_eq!(answer.json()["data"], json!({ "valid": false, "code": "NOT_FOUND" }));
}

//! `POST /v2/keys.verifyKey`: every wrong way to ask, in Unkey's form.

use domain::draft::KeyDraft;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, list, service_key};

async fn send(product: &Product, root: &str, body: impl Into<axum::body::Body>) -> Answer {
    product.send(Call::post("/v2/keys.verifyKey").bearer(root).json(body)).await
}

fn locations(error: &Value) -> Vec<String> {
    let errors = error["errors"].as_array().unwrap();
    assert!(errors.iter().all(|fault| fault["message"].as_str().unwrap().len() > 10), "{error}");
    let mut found: Vec<_> = errors.iter().map(|fault| fault["location"].as_str().unwrap().to_owned()).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn a_root_key_is_needed_that_may_verify() {
    let product = Product::start().await;
    let call = || Call::post("/v2/keys.verifyKey").json(r#"{"key":"a"}"#);
    let of = |page: &str| format!("https://unkey.com/docs/errors/unkey/{page}");
    let answer = product.send(call()).await;
    let error = answer.unkey_error(401);
    assert_eq!((&error["title"], &error["type"]), (&"Unauthorized".into(), &of("authentication/missing").into()));
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="keystead""#);
    product.send(call().header("authorization", "Basic dTpw")).await.unkey_error(401);
    let answer = product.send(call().bearer("unkey_0000")).await;
    let error = answer.unkey_error(401);
    assert_eq!((&error["title"], &error["type"]), (&"Unauthorized".into(), &of("authentication/key_not_found").into()));

    let plain = product.token(KeyDraft { permissions: list(&["*"]), ..service_key("plain") }).await;
    let error = product.send(call().bearer(&plain)).await.unkey_error(403);
    assert_eq!(error["title"], "Insufficient Permissions");
    assert_eq!(error["type"], of("authorization/insufficient_permissions"));
    let (boxes, cidrs) = (vec!["keystead.verify".to_owned()], list(&["203.0.113.0/24"]));
    let bound = product.token(KeyDraft { boxes, cidrs, ..service_key("bound") }).await;
    let error = product.send(call().bearer(&bound)).await.unkey_error(403);
    assert_eq!((&error["title"], &error["type"]), (&"Forbidden".into(), &of("authorization/forbidden").into()));
    // The key comes before the body.
    product.send(Call::post("/v2/keys.verifyKey").bearer(&plain).body("{")).await.unkey_error(403);
}

#[tokio::test]
async fn a_wrong_member_is_located() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let limit =
        |limit: Value| json!({ "key": "a", "ratelimits": [{ "name": "good", "limit": 1, "duration": 1_000 }, limit] });
    let second = |member: &str| vec![format!("body.ratelimits[1]{member}")];
    let all = |members: &[&str]| members.iter().flat_map(|member| second(member)).collect::<Vec<_>>();
    let own = |member: &str| vec![format!("body{member}")];
    for (body, expected) in [
        (json!([]), own("")),
        (json!(["a", null, null, null, null, null, null, null, null]), own("")),
        (json!({}), own(".key")),
        (json!({ "key": null }), own(".key")),
        (json!({ "key": 7 }), own(".key")),
        (json!({ "key": "" }), own(".key")),
        (json!({ "key": "k".repeat(513) }), own(".key")),
        (json!({ "key": "é".repeat(513) }), own(".key")),
        (json!({ "key": "a", "apiId": "api_1" }), own(".apiId")),
        (json!({ "key": "a", "migrationId": "m_1" }), own(".migrationId")),
        (json!({ "key": "a", "kind": "service" }), own(".kind")),
        (json!({ "key": "a", "credits": 1 }), own(".credits")),
        (json!({ "key": "a", "credits": [5] }), own(".credits")),
        (json!({ "key": "a", "credits": {} }), own(".credits.cost")),
        (json!({ "key": "a", "credits": { "cost": null } }), own(".credits.cost")),
        (json!({ "key": "a", "credits": { "cost": -1 } }), own(".credits.cost")),
        (json!({ "key": "a", "credits": { "cost": 1_000_000_001 } }), own(".credits.cost")),
        (json!({ "key": "a", "credits": { "cost": 1, "more": 2 } }), own(".credits.more")),
        (json!({ "key": "a", "tags": "a" }), own(".tags")),
        (json!({ "key": "a", "tags": vec!["a"; 21] }), own(".tags")),
        (json!({ "key": "a", "tags": ["a", ""] }), own(".tags[1]")),
        (json!({ "key": "a", "tags": ["a", "b c"] }), own(".tags[1]")),
        (json!({ "key": "a", "tags": ["x".repeat(257)] }), own(".tags[0]")),
        (json!({ "key": "a", "tags": ["a", 1] }), own(".tags[1]")),
        (json!({ "key": "a", "clientIp": "1.2.3.4:80" }), own(".clientIp")),
        (json!({ "key": "a", "method": " " }), own(".method")),
        (json!({ "key": "a", "path": "x".repeat(2_001) }), own(".path")),
        (json!({ "key": "a", "ratelimits": {} }), own(".ratelimits")),
        (json!({ "key": "a", "ratelimits": vec![json!({ "name": "a" }); 11] }), own(".ratelimits")),
        (limit(json!({})), second(".name")),
        (limit(json!("tokens")), second("")),
        (limit(json!(["tokens", 3, null, null])), second("")),
        (limit(json!({ "name": "good" })), second(".name")),
        (limit(json!({ "name": "" })), second(".name")),
        (limit(json!({ "name": "a b" })), second(".name")),
        (limit(json!({ "name": "x".repeat(51), "limit": 1, "duration": 1_000 })), second(".name")),
        (limit(json!({ "name": "tokens", "cost": -1 })), second(".cost")),
        (limit(json!({ "name": "tokens", "cost": 1_000_000_001 })), second(".cost")),
        (limit(json!({ "name": "tokens", "limit": 10 })), second(".duration")),
        (limit(json!({ "name": "tokens", "duration": 1_000 })), second(".limit")),
        (limit(json!({ "name": "tokens", "limit": 0, "duration": 1_000 })), second(".limit")),
        (limit(json!({ "name": "tokens", "limit": -1, "duration": 1_000 })), second(".limit")),
        (limit(json!({ "name": "tokens", "limit": 1.5, "duration": 1_000 })), second(".limit")),
        (limit(json!({ "name": "tokens", "limit": u64::MAX, "duration": 1_000 })), second(".limit")),
        (limit(json!({ "name": "tokens", "limit": 1, "duration": 999 })), second(".duration")),
        (limit(json!({ "name": "a b", "limit": 0, "duration": 5 })), all(&[".duration", ".limit", ".name"])),
        (limit(json!({ "name": "a b", "limit": 5 })), all(&[".duration", ".name"])),
        (limit(json!({ "name": "tokens", "limit": 1, "duration": -1 })), second(".duration")),
        (limit(json!({ "name": "tokens", "limit": 1, "duration": u64::MAX })), second(".duration")),
        (limit(json!({ "name": "tokens", "limit": 1, "duration": 31_i64 * 86_400_000 + 1 })), second(".duration")),
        (json!({ "key": 1, "tags": 1, "more": 1 }), vec!["body.key".into(), "body.more".into(), "body.tags".into()]),
    ] {
        let error = send(&product, &root, body.to_string()).await.unkey_error(400);
        assert_eq!(locations(&error), expected, "{body}");
        assert_eq!(error["title"], "Bad Request");
        assert_eq!(error["type"], "https://unkey.com/docs/errors/unkey/application/invalid_input");
    }
    for (text, location) in [
        (r#"{"key":"a","credits":{"cost":1e400}}"#, "body.credits.cost"),
        (r#"{"key":"a","ratelimits":[{"name":"a","limit":1,"duration":1e999}]}"#, "body.ratelimits[0].duration"),
        (
            r#"{"key":"a","ratelimits":[{"name":"a","limit":99999999999999999999,"duration":1000}]}"#,
            "body.ratelimits[0].limit",
        ),
        (r#"{"key":"a","key":"b"}"#, "body.key"),
    ] {
        let error = send(&product, &root, text).await.unkey_error(400);
        assert_eq!(locations(&error), [location], "{text}");
    }
}

#[tokio::test]
async fn a_wrong_query_has_a_type_of_its_own() {
    let product = Product::start().await;
    let root = product.verifier().await;
    let deep = format!("{}a.b{}", "(".repeat(400), ")".repeat(400));
    for query in ["permission_1.a AND", "(a.b AND c.d", "a.b AND ()", "AND a.b", "a.b)", " ", &deep] {
        let error =
            send(&product, &root, json!({ "key": "a", "permissions": query }).to_string()).await.unkey_error(400);
        assert_eq!(error["type"], "https://unkey.com/docs/errors/user/bad_request/permissions_query_syntax_error");
        assert_eq!(locations(&error), ["body.permissions"], "{query}");
    }
    for query in ["", &"a.b OR ".repeat(200)] {
        let error =
            send(&product, &root, json!({ "key": "a", "permissions": query }).to_string()).await.unkey_error(400);
        assert_eq!(error["type"], "https://unkey.com/docs/errors/unkey/application/invalid_input");
        assert_eq!(locations(&error), ["body.permissions"], "{query}");
    }
}

#[tokio::test]
async fn what_is_no_body_for_it_is_refused_in_the_same_form() {
    let product = Product::start().await;
    let root = product.verifier().await;
    for body in ["", "{", "key=a", r#"{"key":"a"}x"#, r#"{"key":"\ud800"}"#] {
        let error = send(&product, &root, body).await.unkey_error(400);
        assert_eq!(error["errors"], json!([]), "{body}");
    }
    send(&product, &root, b"{\"key\":\"\xff\"}".to_vec()).await.unkey_error(400);
    product.send(Call::post("/v2/keys.verifyKey").bearer(&root).body(r#"{"key":"a"}"#)).await.unkey_error(415);
    let error = send(&product, &root, json!({ "key": "k".repeat(1_000_000) }).to_string()).await.unkey_error(413);
    assert_eq!(error["type"], "https://unkey.com/docs/errors/user/bad_request/request_body_too_large");
}

#[tokio::test]
async fn it_is_the_only_operation_and_takes_a_post() {
    let product = Product::start().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
        let answer = product.send(Call::new(method, "/v2/keys.verifyKey")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"), "{method}");
        if method != "HEAD" {
            assert_eq!(answer.unkey_error(405)["title"], "Method Not Allowed");
        }
    }
    for path in ["/v2/keys.createKey", "/v2/keys.verifykey", "/v2/keys.whoami"] {
        for method in ["GET", "POST"] {
            assert_eq!(product.send(Call::new(method, path)).await.unkey_error(404)["title"], "Not Found");
        }
    }
    // The rest of /v2 is another family's.
    for path in ["/v2", "/v2/", "/v2/keys", "/v2/keys.verifyKey/", "/v2/keys.verifyKey/x", "/v2/apis.createApi"] {
        let answer = product.send(Call::get(path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("\"requestId\"") && answer.body.starts_with("{\"errors\""), "{path}");
    }
}

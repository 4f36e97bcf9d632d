//! `POST /v1/keys/verify`: every verdict that a service can be given, and every wrong way to ask.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use serde_json::json;
use service::keys::ShownSecret;

use crate::support::{Answer, Call, Product, list, operator, service_key};

async fn ask(product: &Product, verifier: &str, body: impl Into<axum::body::Body>) -> Answer {
    product.send(Call::post("/v1/keys/verify").bearer(verifier).json(body)).await
}

#[tokio::test]
async fn a_good_key_is_valid_and_described() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product
        .token(KeyDraft {
            permissions: list(&["invoices.*", "orders.read"]),
            expiry: Some("custom".to_owned()),
            expires_at: Some("2030-01-02T03:04:05Z".to_owned()),
            ..service_key("billing")
        })
        .await;
    let answer = ask(&product, &verifier, json!({ "key": token }).to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("set-cookie"), "");
    let id = token.split('_').nth(1).unwrap();
    let expected = json!({
        "valid": true, "code": "VALID", "keyId": id, "name": "billing", "kind": "service",
        "permissions": ["invoices.*", "orders.read"], "expiresAt": "2030-01-02T03:04:05Z",
        "ratelimits": [], "credits": null, "environment": "live", "externalId": null, "owner": null, "tags": [],
        "metadata": {},
    });
    assert_eq!(answer.json(), expected);
    // What came first stays in its order; what was added later follows.
    let places: Vec<_> =
        ["valid", "code", "keyId", "name", "kind", "permissions", "expiresAt", "ratelimits", "credits", "environment"]
            .map(|member| answer.body.find(&format!("\"{member}\":")).unwrap())
            .into();
    assert!(places.is_sorted(), "{}", answer.body);
}

/// A key that was read from a file has a line break at its end.
#[tokio::test]
async fn white_space_around_a_key_is_no_part_of_it() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product.token(service_key("billing")).await;
    for around in [format!("{token}\n"), format!(" \t{token}\r\n"), format!("{token} ")] {
        let body = json!({ "key": around }).to_string();
        assert_eq!(ask(&product, &verifier, body.clone()).await.json()["code"], "VALID", "{around:?}");
        let batch = Call::post("/v1/keys/verify-batch").bearer(&verifier).json(format!("{{\"calls\":[{body}]}}"));
        assert_eq!(product.send(batch).await.json()["results"][0]["code"], "VALID", "{around:?}");
        let unkey = Call::post("/v2/keys.verifyKey").bearer(&verifier).json(body);
        assert_eq!(product.send(unkey).await.json()["data"]["code"], "VALID", "{around:?}");
    }
    let inside = token.replace('_', "_ ");
    assert_eq!(ask(&product, &verifier, json!({ "key": inside }).to_string()).await.json()["code"], "NOT_FOUND");
}

#[tokio::test]
async fn the_answer_tells_the_labels() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product
        .token(KeyDraft {
            environment: Some("test".to_owned()),
            external_id: Some("cus_42".to_owned()),
            owner: Some("Payments".to_owned()),
            tags: list(&["production", "EU"]),
            metadata: list(&["plan=gold", "größe=\"10\""]),
            ..service_key("labelled")
        })
        .await;
    assert!(token.starts_with("ks_test_"), "{token}");
    let answer = ask(&product, &verifier, json!({ "key": token }).to_string()).await.json();
    assert_eq!((&answer["code"], &answer["environment"]), (&"VALID".into(), &"test".into()));
    assert_eq!((&answer["externalId"], &answer["owner"]), (&"cus_42".into(), &"Payments".into()));
    assert_eq!(answer["tags"], json!(["eu", "production"]));
    assert_eq!(answer["metadata"], json!({ "plan": "gold", "größe": "\"10\"" }));
}

#[tokio::test]
async fn a_refused_key_is_an_answer_with_its_code() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product
        .token(KeyDraft {
            cidrs: list(&["203.0.113.0/24"]),
            domains: list(&["app.example.com"]),
            permissions: list(&["invoices.read"]),
            ..service_key("bound")
        })
        .await;
    let (ip, origin) = ("203.0.113.9", "https://app.example.com");
    for (body, code) in [
        (json!({ "key": token, "clientIp": ip, "origin": origin }), "VALID"),
        (json!({ "key": token, "clientIp": "::ffff:203.0.113.9", "origin": origin }), "VALID"),
        (
            json!({ "key": token, "clientIp": ip, "origin": origin, "permissions": "invoices.read OR (a.b AND c.d)" }),
            "VALID",
        ),
        (json!({ "key": token, "clientIp": ip, "origin": origin, "permissions": null, "kind": null }), "VALID"),
        (
            json!({ "key": token, "clientIp": ip, "origin": origin, "permissions": "invoices.read AND orders.read" }),
            "INSUFFICIENT_PERMISSIONS",
        ),
        (json!({ "key": token, "clientIp": ip, "origin": origin, "kind": "client" }), "KIND_NOT_ALLOWED"),
        (json!({ "key": token, "clientIp": "198.51.100.1", "origin": origin }), "IP_NOT_ALLOWED"),
        (json!({ "key": token, "origin": origin }), "IP_NOT_ALLOWED"),
        (
            json!({ "key": token, "clientIp": ip, "origin": "https://app.example.com.evil.example" }),
            "ORIGIN_NOT_ALLOWED",
        ),
        (json!({ "key": token, "clientIp": ip }), "ORIGIN_NOT_ALLOWED"),
    ] {
        let answer = ask(&product, &verifier, body.to_string()).await;
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.json()["code"], code, "{body}");
        assert_eq!(answer.json()["valid"], code == "VALID", "{body}");
        assert_eq!(answer.json()["name"], "bound", "{body}");
    }
}

#[tokio::test]
async fn what_is_no_key_is_not_found_and_nothing_is_said_about_it() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let (one, other) = (product.token(service_key("one")).await, product.token(service_key("other")).await);
    // The id of one key with the secret of the other. The checksum refuses it before the MAC could.
    let mixed = format!("{}{}", &one[..15], &other[15..]);
    let damaged = testkit::damaged(&one);
    let long = "k".repeat(513);
    for key in ["", " ", "a", "ks_", "é", "\u{0}", &mixed, &damaged, &long, &one[1..], &one.to_uppercase()] {
        let answer = ask(&product, &verifier, json!({ "key": key }).to_string()).await;
        assert_eq!(answer.status, 200, "{key}");
        let expected = json!({
            "valid": false, "code": "NOT_FOUND", "keyId": null, "name": null, "kind": null,
            "permissions": [], "expiresAt": null, "ratelimits": [], "credits": null, "environment": null,
            "externalId": null, "owner": null, "tags": [], "metadata": null,
        });
        assert_eq!(answer.json(), expected, "{key}");
    }
}

#[tokio::test]
async fn a_key_of_another_app_is_not_found() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let other = product.service.create_app(&operator(), "Other").await.unwrap();
    let issued = product.service.issue_acknowledged(&operator(), &other.id, &service_key("theirs")).await.unwrap();
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let token = token.expose_secret();
    let own = product.send(Call::get("/v1/keys/self").bearer(token)).await;
    assert_eq!(own.json()["code"], "VALID");
    let answer = ask(&product, &verifier, json!({ "key": token }).to_string()).await.json();
    assert_eq!((&answer["code"], &answer["name"]), (&"NOT_FOUND".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn a_state_is_told_at_once() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let issued = product.issue(service_key("on and off")).await;
    let id = issued.key.row.id;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let body = json!({ "key": token.expose_secret() }).to_string();
    assert_eq!(ask(&product, &verifier, body.clone()).await.json()["code"], "VALID");
    product.service.disable(&operator(), &id, None).await.unwrap();
    assert_eq!(ask(&product, &verifier, body.clone()).await.json()["code"], "DISABLED");
    product.service.enable(&operator(), &id, None).await.unwrap();
    assert_eq!(ask(&product, &verifier, body.clone()).await.json()["code"], "VALID");
    product.service.delete(&operator(), &id, "on and off").await.unwrap();
    assert_eq!(ask(&product, &verifier, body).await.json()["code"], "NOT_FOUND");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_malformed() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep_member = format!(r#"{{"key":"a","extra":{deep}}}"#);
    let deep_key = format!(r#"{{"key":{deep}}}"#);
    for (body, words) in [
        (&b""[..], "empty"),
        (b"  \n", "empty"),
        (b"{", "not JSON"),
        (b"{\"key\":\"a\"", "not JSON"),
        (b"{\"key\":\"a\"}x", "not JSON"),
        (b"{\"key\":\"a\",}", "not JSON"),
        (b"{'key':'a'}", "not JSON"),
        (b"key=a", "not JSON"),
        (b"\xef\xbb\xbf{\"key\":\"a\"}", "not JSON"),
        (b"{\"key\":\"\\ud800\"}", "not JSON"),
        (b"{\"key\":\"a\nb\"}", "not JSON"),
        (b"{\"key\":\"a\xff\"}", "byte 10"),
        (deep.as_bytes(), "nested too deeply"),
        (deep_member.as_bytes(), "nested too deeply"),
        (deep_key.as_bytes(), "nested too deeply"),
    ] {
        let answer = ask(&product, &verifier, body.to_vec()).await;
        let problem = answer.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
}

#[tokio::test]
async fn a_wrong_member_is_named_with_what_it_should_be() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let long_query = format!("a.{}", "b".repeat(1001));
    let deep_query = format!("{}a.b{}", "(".repeat(1000), ")".repeat(1000));
    for (body, pointers) in [
        (json!([]), &[""][..]),
        (json!(["ks_", null, null, null, null, null, null, null, null]), &[""]),
        (json!("ks_"), &[""]),
        (json!(null), &[""]),
        (json!({}), &["/key"]),
        (json!({ "key": null }), &["/key"]),
        (json!({ "key": 1 }), &["/key"]),
        (json!({ "key": ["a"] }), &["/key"]),
        (json!({ "key": { "a": "b" } }), &["/key"]),
        (json!({ "key": "a", "clientIp": 1 }), &["/clientIp"]),
        (json!({ "key": "a", "origin": true }), &["/origin"]),
        (json!({ "key": "a", "permissions": ["a.b"] }), &["/permissions"]),
        (json!({ "key": "a", "kind": {} }), &["/kind"]),
        (json!({ "key": "a", "client_ip": "1.2.3.4" }), &["/client_ip"]),
        (json!({ "Key": "a" }), &["/key", "/Key"]),
        (json!({ "key": "a", "a/b~c": 1 }), &["/a~1b~0c"]),
        (json!({ "key": "a", "clientIp": "" }), &["/clientIp"]),
        (json!({ "key": "a", "clientIp": "1.2.3.4:80" }), &["/clientIp"]),
        (json!({ "key": "a", "clientIp": "0177.0.0.1" }), &["/clientIp"]),
        (json!({ "key": "a", "clientIp": "fe80::1%eth0" }), &["/clientIp"]),
        (json!({ "key": "a", "permissions": "" }), &["/permissions"]),
        (json!({ "key": "a", "permissions": "a.b AND" }), &["/permissions"]),
        (json!({ "key": "a", "permissions": "(a.b" }), &["/permissions"]),
        (json!({ "key": "a", "permissions": long_query }), &["/permissions"]),
        (json!({ "key": "a", "permissions": deep_query }), &["/permissions"]),
        (json!({ "key": "a", "kind": "" }), &["/kind"]),
        (json!({ "key": "a", "kind": "Service" }), &["/kind"]),
        (
            json!({ "key": "a", "kind": "root", "clientIp": "x", "permissions": "(" }),
            &["/clientIp", "/permissions", "/kind"],
        ),
    ] {
        let answer = ask(&product, &verifier, body.to_string()).await;
        let problem = answer.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        let mut found: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        let mut expected = pointers.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{body}");
        assert!(errors.iter().all(|error| error["detail"].as_str().unwrap().len() > 10), "{problem}");
    }
    let twice = ask(&product, &verifier, r#"{"key":"a","key":"b"}"#).await.problem(422);
    assert_eq!(twice["errors"][0]["pointer"], "/key");
    assert!(twice["errors"][0]["detail"].as_str().unwrap().contains("repeated"), "{twice}");
}

#[tokio::test]
async fn the_body_has_to_be_sent_as_json_and_be_short() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let call = || Call::post("/v1/keys/verify").bearer(&verifier).body(r#"{"key":"a"}"#);
    product.send(call()).await.problem(415);
    for kind in
        ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=latin1"]
    {
        product.send(call().header("content-type", kind)).await.problem(415);
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        assert_eq!(product.send(call().header("content-type", kind)).await.status, 200, "{kind}");
    }
    let huge = json!({ "key": "k".repeat(1_000_000) }).to_string();
    let problem = ask(&product, &verifier, huge).await.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("65536"));
    let fits = json!({ "key": "k".repeat(60_000) }).to_string();
    assert_eq!(ask(&product, &verifier, fits).await.json()["code"], "NOT_FOUND");
}

#[tokio::test]
async fn another_method_or_path_says_what_there_is() {
    let product = Product::start().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"] {
        let answer = product.send(Call::new(method, "/v1/keys/verify")).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "POST", "{method}");
        if method != "HEAD" {
            answer.problem(405);
        }
    }
    for path in ["/v1", "/v1/", "/v1/key", "/v1/keys/", "/v1/keys/verify/", "/v1/keys/verify/x", "/v1/../v1/keys"] {
        for method in ["GET", "POST", "DELETE"] {
            product.send(Call::new(method, path)).await.problem(404);
        }
    }
}

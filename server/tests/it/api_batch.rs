//! `POST /v1/keys/verify-batch`: many questions in one call.

use domain::draft::KeyDraft;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, list, service_key};

async fn ask(product: &Product, verifier: &str, body: impl Into<axum::body::Body>) -> Answer {
    product.send(Call::post("/v1/keys/verify-batch").bearer(verifier).json(body)).await
}

#[tokio::test]
async fn each_call_gets_the_answer_that_it_gets_alone_in_its_place() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let mut calls = Vec::new();
    for n in 0..33 {
        let cidrs = list(&["203.0.113.0/24"]);
        let token = product.token(KeyDraft { cidrs, ..service_key(&format!("key {n}")) }).await;
        calls.push(json!({ "key": token, "clientIp": "203.0.113.9" }));
        calls.push(json!({ "key": token, "clientIp": "198.51.100.1", "explain": true }));
        calls.push(json!({ "key": format!("unknown {n}") }));
    }
    calls.push(calls[0].clone());
    assert_eq!(calls.len(), 100);
    let together = ask(&product, &verifier, json!({ "calls": calls }).to_string()).await;
    assert_eq!((together.status.as_u16(), together.header("content-type")), (200, "application/json"));
    let together = together.json();
    let results = together["results"].as_array().unwrap();
    assert_eq!(results.len(), 100);
    for (call, result) in calls.iter().zip(results) {
        let alone = product.send(Call::post("/v1/keys/verify").bearer(&verifier).json(call.to_string())).await;
        assert_eq!(&alone.json(), result, "{call}");
    }
    let codes: Vec<_> = results.iter().take(3).map(|result| result["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["VALID", "IP_NOT_ALLOWED", "NOT_FOUND"]);
    assert_eq!(results[99]["name"], "key 0");
}

#[tokio::test]
async fn calls_for_one_key_share_its_quota_and_the_asking_key_is_counted_once() {
    let product = Product::start().await;
    let boxes = vec!["keystead.verify".to_owned()];
    let asker = product.token(KeyDraft { boxes, quota: Some("2".to_owned()), ..service_key("asker") }).await;
    let token = product.token(KeyDraft { quota: Some("60".to_owned()), ..service_key("counted") }).await;
    let calls = vec![json!({ "key": token }); 100];
    let body = json!({ "calls": calls }).to_string();
    let answer = ask(&product, &asker, body.clone()).await.json();
    let count = |answer: &Value, code: &str| {
        answer["results"].as_array().unwrap().iter().filter(|result| result["code"] == code).count()
    };
    assert_eq!((count(&answer, "VALID"), count(&answer, "USAGE_EXCEEDED")), (60, 40));
    let answer = ask(&product, &asker, body.clone()).await.json();
    assert_eq!(count(&answer, "USAGE_EXCEEDED"), 100);
    ask(&product, &asker, body).await.problem(429);
}

#[tokio::test]
async fn a_fault_is_named_with_the_call_that_it_is_in_and_nothing_is_decided() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product.token(KeyDraft { quota: Some("5".to_owned()), ..service_key("counted") }).await;
    let good = json!({ "key": token });
    let many = |count: usize| json!({ "calls": vec![good.clone(); count] });
    for (body, pointers) in [
        (json!({}), &["/calls"][..]),
        (json!([]), &[""]),
        (json!([[good]]), &[""]),
        (json!({ "calls": null }), &["/calls"]),
        (json!({ "calls": {} }), &["/calls"]),
        (json!({ "calls": [] }), &["/calls"]),
        (many(101), &["/calls"]),
        (many(5_000), &["/calls"]),
        (json!({ "calls": [good], "more": 1 }), &["/more"]),
        (json!({ "calls": [good, null] }), &["/calls/1"]),
        (json!({ "calls": [good, "ks_x", [], 1] }), &["/calls/1", "/calls/2", "/calls/3"]),
        (json!({ "calls": [good, {}] }), &["/calls/1/key"]),
        (json!({ "calls": [good, [token, null, null, null, null, null, null, null, null]] }), &["/calls/1"]),
        (json!({ "calls": [good, good, good, { "key": "a", "cost": -1 }] }), &["/calls/3/cost"]),
        (
            json!({ "calls": [{ "key": "a", "cost": 1.5, "kind": 1 }, { "Key": "a" }] }),
            &["/calls/0/cost", "/calls/0/kind", "/calls/1/Key", "/calls/1/key"],
        ),
        (
            json!({ "calls": [good, { "key": "a", "clientIp": "x", "permissions": "(" }] }),
            &["/calls/1/clientIp", "/calls/1/permissions"],
        ),
        (json!({ "calls": [good, { "key": "a", "calls": [good] }] }), &["/calls/1/calls"]),
    ] {
        let problem = ask(&product, &verifier, body.to_string()).await.problem(422);
        let mut found: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, pointers, "{body}");
    }
    for (cost, pointer) in [("1e400", "/calls/1/cost"), ("99999999999999999999", "/calls/1/cost")] {
        let body = format!(r#"{{"calls":[{{"key":"a"}},{{"key":"a","cost":{cost}}},{{"key":"a"}}]}}"#);
        assert_eq!(ask(&product, &verifier, body).await.problem(422)["errors"][0]["pointer"], pointer);
    }
    let twice = ask(&product, &verifier, r#"{"calls":[{"key":"a","key":"b"}]}"#).await.problem(422);
    assert_eq!(twice["errors"][0]["pointer"], "/calls/0/key");
    let counted = ask(&product, &verifier, json!({ "calls": [good] }).to_string()).await.json();
    assert_eq!(counted["results"][0]["credits"], 4, "only this call was decided");
}

#[tokio::test]
async fn a_body_holds_a_hundred_long_calls_and_not_much_more() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    // The longest that each member may be; a hundred of them fit.
    let call = json!({
        "key": "k".repeat(512), "clientIp": "2001:0db8:0000:0000:0000:0000:0000:0007",
        "origin": format!("https://{}.example.com", "o".repeat(250)), "permissions": vec!["invoices.read"; 50].join(" OR "),
        "kind": "service", "method": "M".repeat(32), "path": "é".repeat(2_000), "cost": 1_000_000_000, "explain": true,
    });
    let body = json!({ "calls": vec![call; 100] }).to_string();
    assert!(body.len() > 400_000);
    let answer = ask(&product, &verifier, body).await;
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 100, "{}", answer.body);
    let huge = json!({ "calls": [{ "key": "k".repeat(2 * 1024 * 1024) }] }).to_string();
    let problem = ask(&product, &verifier, huge).await.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("2097152"), "{problem}");
    // Very many faults are not all repeated, nor very many values looked at.
    for body in [
        format!(r#"{{"calls":[{}0]}}"#, "0,".repeat(900_000)),
        format!(r#"{{"calls":[{{{}"key":"a"}}]}}"#, r#""x":0,"#.repeat(300_000)),
        format!(r#"{{"calls":[{}[0]]}}"#, r"[0],".repeat(300_000)),
    ] {
        let answer = ask(&product, &verifier, body).await;
        answer.problem(422);
        assert!(answer.body.len() < 10_000, "{}", answer.body.len());
    }
}

#[tokio::test]
async fn it_is_asked_for_like_a_single_call() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = product.send(Call::new(method, "/v1/keys/verify-batch").bearer(&verifier)).await;
        answer.problem(405);
        assert_eq!(answer.header("allow"), "POST");
    }
    let call = || Call::post("/v1/keys/verify-batch");
    product.send(call().json("{")).await.problem(401);
    product.send(call().bearer("ks_x").json("{")).await.problem(401);
    let plain = product.token(service_key("no permission")).await;
    product.send(call().bearer(&plain).json("{")).await.problem(403);
    product.send(call().bearer(&verifier).body(r#"{"calls":[]}"#)).await.problem(415);
    for body in ["", "{", r#"{"calls":[{"key":"a"}"#, r#"{"calls":[{"key":"a"}]}x"#] {
        product.send(call().bearer(&verifier).json(body)).await.problem(400);
    }
}

/// As a later version may leave them. Whoever asks about others, or looks at the console, is not to suffer from it.
#[tokio::test]
async fn what_this_version_cannot_read_fails_alone() {
    let product = Product::start().await;
    let (session, verifier) = (product.sign_in().await, product.verifier().await);
    let mut calls = Vec::new();
    for name in ["good", "odd", "better"] {
        calls.push(json!({ "key": product.token(service_key(name)).await }));
    }
    product.execute("UPDATE api_key SET permissions = '[\"Not A Permission\"]' WHERE name = 'odd'").await;
    product
        .execute("UPDATE audit_event SET action = 'key.painted' WHERE seq = (SELECT MAX(seq) FROM audit_event)")
        .await;
    for _ in 0..2 {
        let answer = ask(&product, &verifier, json!({ "calls": calls }).to_string()).await.json();
        let codes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| &result["code"]).collect();
        assert_eq!(codes, ["VALID", "NOT_FOUND", "VALID"]);
        let alone = Call::post("/v1/keys/verify").bearer(&verifier).json(calls[1].to_string());
        assert_eq!(product.send(alone).await.json()["code"], "NOT_FOUND");
    }
    for page in ["/", "/audit", "/keys", "/keys/audit"] {
        let answer = product.send(Call::get(page).cookie(&session)).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
    }
    let audit = product.send(Call::get("/audit").cookie(&session)).await.body;
    assert!(audit.contains("key.painted"), "what is not known is shown as it is");
}

//! Limits, quotas and what else a verify call may say: cost, method, path, `explain`.

use domain::draft::KeyDraft;
use domain::timestamp::Millis;
use domain::usage::Edge;
use domain::verdict::Code;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::keys::ShownSecret;

use crate::support::{Answer, Call, Product, list, service_key};

async fn ask(product: &Product, verifier: &str, body: &Value) -> Value {
    let answer = product.send(Call::post("/v1/keys/verify").bearer(verifier).json(body.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn refused(product: &Product, verifier: &str, body: &str) -> Value {
    product.send(Call::post("/v1/keys/verify").bearer(verifier).json(body.to_owned())).await.problem(422)
}

#[tokio::test]
async fn a_limit_says_what_is_left_and_until_when() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let limits = list(&["3 per minute", "burst: 20 per 10s"]);
    let token = product.token(KeyDraft { limits, ..service_key("limited") }).await;
    let call = json!({ "key": token });
    let first = ask(&product, &verifier, &call).await;
    assert_eq!((&first["code"], &first["credits"]), (&"VALID".into(), &Value::Null));
    assert_eq!(
        first["ratelimits"],
        json!([
            { "name": "calls", "limit": 3, "remaining": 2, "reset": 60_000, "exceeded": false },
            { "name": "burst", "limit": 20, "remaining": 19, "reset": 10_000, "exceeded": false },
        ])
    );
    let twice = ask(&product, &verifier, &json!({ "key": token, "cost": 2 })).await;
    assert_eq!((&twice["code"], &twice["ratelimits"][0]["remaining"]), (&"VALID".into(), &0.into()));
    let third = ask(&product, &verifier, &call).await;
    assert_eq!((&third["valid"], &third["code"]), (&false.into(), &"RATE_LIMITED".into()));
    assert_eq!((&third["keyId"], &third["name"]), (&first["keyId"], &"limited".into()));
    assert_eq!(third["ratelimits"][0]["exceeded"], true);
    // The clock of these tests is stopped.
    assert_eq!(third["ratelimits"][0]["reset"], 60_000);
    // A refused call counts for no limit.
    assert_eq!(
        (&third["ratelimits"][1]["exceeded"], &third["ratelimits"][1]["remaining"]),
        (&false.into(), &17.into())
    );
    // A call that costs nothing only looks.
    let looked = ask(&product, &verifier, &json!({ "key": token, "cost": 0 })).await;
    assert_eq!((&looked["code"], &looked["ratelimits"][0]["remaining"]), (&"VALID".into(), &0.into()));
}

#[tokio::test]
async fn a_quota_is_spent_and_then_used_up() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let token = product.token(KeyDraft { quota: Some("5".to_owned()), ..service_key("counted") }).await;
    let call = json!({ "key": token });
    let credits = |answer: &Value| (answer["code"].as_str().unwrap().to_owned(), answer["credits"].as_u64());
    assert_eq!(credits(&ask(&product, &verifier, &call).await), ("VALID".to_owned(), Some(4)));
    let dear = json!({ "key": token, "cost": 3 });
    assert_eq!(credits(&ask(&product, &verifier, &dear).await), ("VALID".to_owned(), Some(1)));
    assert_eq!(credits(&ask(&product, &verifier, &dear).await), ("USAGE_EXCEEDED".to_owned(), Some(1)));
    assert_eq!(credits(&ask(&product, &verifier, &call).await), ("VALID".to_owned(), Some(0)));
    let last = ask(&product, &verifier, &call).await;
    assert_eq!((&last["valid"], &last["code"], &last["credits"]), (&false.into(), &"USAGE_EXCEEDED".into(), &0.into()));
    // A call that is refused earlier does not reach the quota.
    let other = ask(&product, &verifier, &json!({ "key": token, "kind": "client" })).await;
    assert_eq!((&other["code"], &other["credits"]), (&"KIND_NOT_ALLOWED".into(), &Value::Null));
}

#[tokio::test]
async fn a_network_that_is_denied_is_refused() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let cidrs = list(&["203.0.113.0/24"]);
    let draft = KeyDraft { cidrs, denied_cidrs: list(&["203.0.113.9"]), ..service_key("bound") };
    let token = product.token(draft).await;
    for (address, code) in
        [("203.0.113.8", "VALID"), ("203.0.113.9", "IP_NOT_ALLOWED"), ("::ffff:203.0.113.9", "IP_NOT_ALLOWED")]
    {
        let answer = ask(&product, &verifier, &json!({ "key": token, "clientIp": address })).await;
        assert_eq!(answer["code"], code, "{address}");
    }
}

#[tokio::test]
async fn the_checks_are_told_where_they_are_asked_for() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let cidrs = list(&["203.0.113.0/24"]);
    let draft = KeyDraft { cidrs, limits: list(&["3 per minute"]), ..service_key("bound") };
    let token = product.token(draft).await;
    for without in
        [json!({ "key": token }), json!({ "key": token, "explain": false }), json!({ "key": token, "explain": null })]
    {
        assert!(ask(&product, &verifier, &without).await.get("checks").is_none());
    }
    let call = json!({ "key": token, "clientIp": "198.51.100.1", "explain": true });
    let answer = ask(&product, &verifier, &call).await;
    assert_eq!(answer["code"], "IP_NOT_ALLOWED");
    let checks = answer["checks"].as_array().unwrap();
    let codes: Vec<_> = checks.iter().map(|check| check["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "PENDING",
            "REVOKED",
            "DISABLED",
            "NOT_YET_VALID",
            "EXPIRED",
            "KIND_NOT_ALLOWED",
            "IP_NOT_ALLOWED",
            "ORIGIN_NOT_ALLOWED",
            "INSUFFICIENT_PERMISSIONS",
            "RATE_LIMITED",
            "USAGE_EXCEEDED"
        ]
    );
    for check in checks {
        assert_eq!(check["passed"], check["code"] != "IP_NOT_ALLOWED", "{check}");
        assert!(check["detail"].as_str().unwrap().ends_with('.'), "{check}");
    }
    assert!(checks[6]["detail"].as_str().unwrap().contains("198.51.100.1"), "{answer}");
    let unknown = ask(&product, &verifier, &json!({ "key": "ks_x", "explain": true })).await;
    assert_eq!((&unknown["checks"][0]["code"], unknown["checks"].as_array().unwrap().len()), (&"NOT_FOUND".into(), 1));
}

#[tokio::test]
async fn a_refused_call_is_kept_with_its_method_and_its_path_without_a_query() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let issued = product.issue(service_key("watched")).await;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let long = format!("/invoices/7?token={}", "s".repeat(5_000));
    for path in ["/invoices/7?token=secret", &long, "\\u002finvoices/7\\u003ftoken=secret"] {
        let body =
            format!(r#"{{"key":"{}","kind":"client","method":"DELETE","path":"{path}"}}"#, token.expose_secret());
        let answer = product.send(Call::post("/v1/keys/verify").bearer(&verifier).json(body)).await;
        assert_eq!(answer.json()["code"], "KIND_NOT_ALLOWED", "{}", answer.body);
    }
    product.service.verifier().flush_usage().await.unwrap();
    let kept = product.store.key_refusals(&issued.key.row.id).await.unwrap();
    assert_eq!(kept.len(), 3);
    for call in kept {
        assert_eq!((call.edge, call.code), (Edge::Verify, Code::KindNotAllowed));
        assert_eq!((call.method.as_deref(), call.path.as_deref()), (Some("DELETE"), Some("/invoices/7")));
    }
}

#[tokio::test]
async fn a_cost_is_a_whole_number_within_its_bounds() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    for cost in [
        "-1",
        "1.5",
        "1000000000.5",
        "1000000001",
        "4294967296",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "-9223372036854775809",
        "1e400",
        "-1e400",
        "\"1\"",
        "true",
        "[]",
        "{}",
        "[1]",
    ] {
        let problem = refused(&product, &verifier, &format!(r#"{{"key":"a","cost":{cost}}}"#)).await;
        assert_eq!(problem["errors"][0]["pointer"], "/cost", "{cost}");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    }
    // However it is written: some languages write 1.0.
    for cost in ["0", "1", "1000000000", "1.0", "1e3", "0.0", "-0", "1000000000.0", "null"] {
        let call = Call::post("/v1/keys/verify").bearer(&verifier).json(format!(r#"{{"key":"a","cost":{cost}}}"#));
        assert_eq!(product.send(call).await.json()["code"], "NOT_FOUND", "{cost}");
    }
    // The largest cost is more than any sensible limit has, and overflows nothing.
    let limits = list(&["1000000000 per 31d"]);
    let draft = KeyDraft { limits, quota: Some("1000000000000".to_owned()), ..service_key("huge") };
    let token = product.token(draft).await;
    let call = json!({ "key": token, "cost": 1_000_000_000 });
    let first = ask(&product, &verifier, &call).await;
    assert_eq!((&first["code"], &first["credits"]), (&"VALID".into(), &999_000_000_000_u64.into()));
    assert_eq!(ask(&product, &verifier, &call).await["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn the_other_members_have_bounds_too() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let long_path = format!("/{}", "é".repeat(2_000));
    for (member, value) in [
        ("path", json!(long_path)),
        ("path", json!(1)),
        ("method", json!("")),
        ("method", json!("GET /")),
        ("method", json!("G\u{0}T")),
        ("method", json!("GËT")),
        ("method", json!("M".repeat(33))),
        ("method", json!(["GET"])),
        ("explain", json!("true")),
        ("explain", json!(1)),
    ] {
        let mut call = json!({ "key": "a" });
        call[member] = value;
        let problem = refused(&product, &verifier, &call.to_string()).await;
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"), "{call}");
    }
    for call in [
        json!({ "key": "a", "path": "é".repeat(2_000), "method": "M".repeat(32) }),
        json!({ "key": "a", "path": "", "method": "PROPFIND", "explain": null }),
    ] {
        assert_eq!(ask(&product, &verifier, &call).await["code"], "NOT_FOUND");
    }
}

#[tokio::test]
async fn an_asking_key_that_is_used_too_often_is_told_when_to_come_back() {
    let product = Product::start().await;
    let asker =
        async |draft: KeyDraft| product.token(KeyDraft { boxes: vec!["keystead.verify".to_owned()], ..draft }).await;
    let quota = |refill: &str| {
        let (quota, quota_refill) = (Some("1".to_owned()), Some(refill.to_owned()));
        KeyDraft { quota, quota_refill, ..service_key("quota") }
    };
    let limited = KeyDraft { limits: list(&["1 per minute"]), ..service_key("limited") };
    let until_midnight = Millis::hours(24).as_seconds() - (9 * 3_600 + 30 * 60 + 2);
    for (asker, wait) in [
        (asker(limited).await, "60".to_owned()),
        (asker(quota("daily")).await, until_midnight.to_string()),
        (asker(quota("never")).await, String::new()),
    ] {
        let paths = [
            ("/v1/keys/verify", r#"{"key":"a"}"#),
            ("/v1/keys/verify-batch", r#"{"calls":[{"key":"a"},{"key":"b"}]}"#),
        ];
        let call = |(path, body): (&str, &'static str)| Call::post(path).bearer(&asker).json(body);
        let send = async |of: (&str, &'static str)| -> Answer { product.send(call(of)).await };
        assert_eq!(send(paths[0]).await.status, 200);
        for path in paths {
            let answer = send(path).await;
            assert_eq!(answer.problem(429)["type"], "urn:keystead:problem:too-many-calls");
            assert_eq!(answer.header("retry-after"), wait);
        }
        let unkey = send(("/v2/keys.verifyKey", r#"{"key":"a"}"#)).await;
        assert_eq!(unkey.unkey_error(429)["title"], "Too Many Requests");
        assert_eq!(unkey.header("retry-after"), wait);
    }
}

//! `/openconnect` and `/events/…`: every wrong way to report an event, in the family's form.

use axum::body::Body;
use domain::integration::IntegrationKind;
use serde_json::{Value, json};

use crate::events::{PATHS, event_key, kept, refused, reports, taken};
use crate::support::{Call, Product, operator};

async fn with_key() -> (Product, String) {
    let product = Product::start().await;
    let key = product.token(event_key("open_connect")).await;
    (product, key)
}

#[tokio::test]
async fn odd_bodies_are_refused_and_none_fails() {
    let (product, key) = with_key().await;
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut call = Call::post("/openconnect").bearer(&key).body(body);
        if let Some(kind) = kind {
            call = call.header("content-type", kind);
        }
        refused(&product.send(call).await)
    };
    let code = |status: u16, code: &str| (status, code.to_owned());
    let json = Some("application/json");
    for kind in [json, None, Some("application/x-www-form-urlencoded"), Some("text/plain")] {
        assert_eq!(send(kind, Vec::new()).await, code(400, "MEMBER_MISSING"), "0 bytes");
        assert_eq!(send(kind, vec![b'x'; 1_000_000]).await, code(413, "TOO_LONG"), "1 MB");
    }
    for body in ["{", "[]", "null", "7", "\"a\"", "{} {}", "\u{feff}{}", "{\"a\":\"\\ud800\"}", "{\"a\":1e999}"] {
        assert_eq!(send(json, body.into()).await, code(400, "MALFORMED"), "{body}");
    }
    assert_eq!(send(json, vec![0xff, 0xfe]).await, code(400, "MALFORMED"));
    assert_eq!(send(None, b"event=%ff".to_vec()).await, code(400, "MALFORMED"));
    for kind in ["text/plain", "text/html", "application/xml", "multipart/form-data; boundary=x"] {
        assert_eq!(send(Some(kind), b"{}".to_vec()).await, code(415, "WRONG_TYPE"), "{kind}");
    }
    assert_eq!(send(Some("application/x-www-form-urlencoded"), b"{}".to_vec()).await, code(415, "WRONG_TYPE"));
    for body in [r#"{"a":1,"a":2}"#, r#"{"event":"a","EVENT":"b"}"#, r#"{"crmId":"a","crmid":"b"}"#] {
        assert_eq!(send(json, body.into()).await, code(400, "MEMBER_REPEATED"), "{body}");
    }
    let many: Vec<_> = (0..10_000).map(|n| format!("\"m{n:04}\":1")).collect();
    assert_eq!(send(json, format!("{{{}}}", many.join(",")).into()).await, code(400, "TOO_MANY_MEMBERS"));
    let many: Vec<_> = (0..10_000).map(|n| format!("m{n:04}=1")).collect();
    assert_eq!(send(None, many.join("&").into()).await, code(400, "TOO_MANY_MEMBERS"));
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(send(json, deep.into()).await, code(400, "MALFORMED"));
    assert!(kept(&product, IntegrationKind::OpenConnect).await.is_empty());
}

#[tokio::test]
async fn each_member_is_checked_at_its_limits() {
    let (product, key) = with_key().await;
    let send = async |change: &dyn Fn(&mut Value)| {
        let mut body = json!({"crmId": "example.zendesk.com", "agentId": "ana", "event": "On Ring"});
        change(&mut body);
        product.send(Call::post("/openconnect").bearer(&key).json(body.to_string())).await
    };
    for name in ["event", "crmId"] {
        for wrong in [json!(null), json!(""), json!(" ")] {
            let answer = send(&|body: &mut Value| body[name] = wrong.clone()).await;
            assert_eq!(refused(&answer), (400, "MEMBER_MISSING".to_owned()), "{name} {wrong}");
            assert!(answer.body.contains(name), "{}", answer.body);
        }
    }
    for name in ["event", "crmId", "agentId", "jwt"] {
        for wrong in [json!(7), json!(true), json!(["a"]), json!({"a": 1})] {
            let answer = send(&|body: &mut Value| body[name] = wrong.clone()).await;
            assert_eq!(refused(&answer), (400, "MEMBER_INVALID".to_owned()), "{name} {wrong}");
        }
    }
    for (name, most) in [("event", 100), ("crmId", 253), ("agentId", 254)] {
        taken(&send(&|body: &mut Value| body[name] = json!("é".repeat(most))).await);
        for wrong in ["a".repeat(most + 1), "a\u{0}b".to_owned(), "a\nb".to_owned(), "\u{202e}a".to_owned()] {
            let answer = send(&|body: &mut Value| body[name] = json!(wrong)).await;
            assert_eq!(refused(&answer), (400, "MEMBER_INVALID".to_owned()), "{name} {wrong:?}");
            assert!(answer.json()["message"].as_str().unwrap().starts_with(name), "{}", answer.body);
        }
    }
    let padded = |bytes: usize| "x".repeat(bytes - r#"{"a":""}"#.len());
    taken(&send(&|body: &mut Value| body["a"] = json!(padded(64 * 1024))).await);
    let answer = send(&|body: &mut Value| body["a"] = json!(padded(64 * 1024 + 1))).await;
    assert_eq!(refused(&answer), (400, "MEMBER_INVALID".to_owned()), "more than 64 kB");
    let answer = send(&|body: &mut Value| body["token"] = json!(key)).await;
    assert_eq!(refused(&answer), (400, "MEMBER_INVALID".to_owned()), "whoever reads the event would have the key");
    assert!(!answer.body.contains(&key));
    // What databases and pages stumble over is kept as it is.
    let odd = json!({"": "\u{0}\u{1}", "__proto__": {"a": "</script>"}, "n": 1e300, "deep": [[[[{}]]]]});
    let answer = send(&|body: &mut Value| body.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone())).await;
    let id = taken(&answer);
    let newest = kept(&product, IntegrationKind::OpenConnect).await.remove(0);
    assert_eq!((newest.id.as_str(), serde_json::from_str::<Value>(&newest.data).unwrap()), (&*id, odd));
}

#[tokio::test]
async fn a_get_has_no_body_and_a_head_reports_nothing() {
    let (product, key) = with_key().await;
    let query = format!("/openconnect?jwt={key}&crmId=a.example&event=On+Ring");
    for call in [
        Call::get(&query).body("event=On+Hold"),
        Call::get(&query).json(r#"{"event":"On Ring"}"#),
        Call::get("/openconnect").bearer(&key).json(r#"{"crmId":"a.example","event":"On Ring"}"#),
    ] {
        assert_eq!(refused(&product.send(call).await), (400, "BODY_NOT_READ".to_owned()));
    }
    let long = Call::get(&query).body(vec![b'x'; 1_000_000]);
    assert_eq!(refused(&product.send(long).await), (413, "TOO_LONG".to_owned()));
    assert_eq!(product.send(Call::new("HEAD", &query)).await.status, 405);
    for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
        let answer = product.send(Call::new(method, &query)).await;
        assert_eq!(refused(&answer), (405, "METHOD_NOT_ALLOWED".to_owned()), "{method}");
        assert_eq!(answer.header("allow"), "GET, POST");
    }
    assert!(kept(&product, IntegrationKind::OpenConnect).await.is_empty());
}

#[tokio::test]
async fn without_one_good_key_nothing_else_is_told() {
    let (product, key) = with_key().await;
    let second = product.token(event_key("open_connect")).await;
    let bare = || Call::post("/openconnect").json("{}");
    for (call, expected) in [
        (bare(), (401, "KEY_MISSING")),
        (bare().header("authorization", "Basic YTpi"), (401, "KEY_MISSING")),
        (bare().header("authorization", "Bearer "), (401, "KEY_MISSING")),
        (bare().bearer(&key).bearer(&key), (400, "MALFORMED")),
        (bare().bearer("nonsense"), (401, "KEY_NOT_ACCEPTED")),
        (bare().bearer(&format!("{key}x")), (401, "KEY_NOT_ACCEPTED")),
        (reports("/openconnect", "a.b.c"), (401, "KEY_NOT_ACCEPTED")),
        (reports("/openconnect", &key).bearer(&second), (400, "TWO_KEYS")),
        (reports("/openconnect?jwt=other", &key), (401, "KEY_NOT_ACCEPTED")),
        (reports(&format!("/openconnect?jwt={second}"), &key), (400, "MEMBER_REPEATED")),
    ] {
        let answer = product.send(call).await;
        assert_eq!(refused(&answer), (expected.0, expected.1.to_owned()), "{}", answer.body);
        assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), expected.0 == 401);
        assert!(!answer.body.contains(&key) && !answer.body.contains(&second), "{}", answer.body);
    }
    taken(&product.send(reports("/openconnect", &key).bearer(&key)).await);
    assert_eq!(kept(&product, IntegrationKind::OpenConnect).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_off_reports_nothing() {
    let (product, key) = with_key().await;
    let app = *product.service.default_app();
    let spare = product.service.create_app(&operator(), "Spare").await.unwrap();
    let id = domain::ids::KeyId::parse(key.split('_').nth(1).unwrap()).unwrap();
    product.service.disable(&operator(), &id, None).await.unwrap();
    assert_eq!(refused(&product.send(reports("/openconnect", &key)).await), (401, "KEY_NOT_ACCEPTED".to_owned()));
    product.service.enable(&operator(), &id, None).await.unwrap();
    taken(&product.send(reports("/openconnect", &key)).await);
    product.service.archive_app(&operator(), &app).await.unwrap();
    assert_eq!(refused(&product.send(reports("/openconnect", &key)).await), (401, "APP_ARCHIVED".to_owned()));
    assert!(spare.archived_at.is_none());
}

#[tokio::test]
async fn other_paths_are_answered_in_the_same_form() {
    let product = Product::start().await;
    for path in ["/events", "/events/", "/events/nothing", "/events/client/x", "/openconnect/", "/openconnect/x"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = product.send(Call::new(method, path).body(Body::from("x"))).await;
            assert_eq!(refused(&answer), (404, "NO_SUCH_PATH".to_owned()), "{method} {path}");
            assert!(PATHS.iter().all(|(path, _)| answer.body.contains(path)), "{}", answer.body);
        }
    }
}

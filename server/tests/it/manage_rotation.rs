//! Rotating a key by the API, and the secrets of one that is being rotated.

use serde_json::{Value, json};

use crate::manage_keys::{Manager, pointers};
use crate::support::Call;

/// The verdict about a key, which asks about itself from this machine.
async fn code(m: &Manager, token: &Value) -> String {
    let answer = m.product.send(Call::get("/v1/keys/self").bearer(token.as_str().unwrap())).await;
    answer.json()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_rotated_with_an_overlap() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Billing" })).await;
    let (id, old) = (made["key"]["id"].as_str().unwrap(), &made["secret"]);
    assert_eq!(m.code(old).await, "VALID");
    let path = format!("/v1/keys/{id}/rotate");
    let rotate = |repeat: &str| {
        let body = json!({ "overlap": "24h" }).to_string();
        Call::post(&path).header("idempotency-key", repeat).json(body)
    };
    let answer = m.call(rotate("once")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let rotated = answer.json();
    let new = &rotated["secret"];
    assert_eq!((rotated["key"]["id"].as_str(), rotated["key"]["name"].as_str()), (Some(id), Some("Billing")));
    assert!(rotated["overlapEndsAt"].as_str().unwrap().ends_with('Z') && new != old);
    assert_eq!(m.code(old).await, "VALID");
    assert_eq!(m.call(rotate("once")).await.json()["secret"], *new, "a lost answer is fetched again");
    assert_eq!(m.code(new).await, "VALID");
    assert_eq!(m.call(rotate("once")).await.json()["secret"], Value::Null, "until it is used");
    m.call(rotate("again")).await.problem(409);
    for (body, pointer) in [(json!({ "overlap": "91d" }), "/overlap"), (json!({ "overlaps": "1h" }), "/overlaps")] {
        assert_eq!(pointers(&m.post(&path, &body).await), [pointer]);
    }
    let own = m.get("/v1/keys/self").await.json()["keyId"].as_str().unwrap().to_owned();
    m.post(&format!("/v1/keys/{own}/rotate"), &json!({})).await.problem(403);

    let other = m.issue(&json!({ "kind": "service", "name": "Other", "rotateDays": 90 })).await;
    assert_eq!(other["key"]["rotateDays"], 90);
    let path = format!("/v1/keys/{}/rotate", other["key"]["id"].as_str().unwrap());
    let rotated = m.post(&path, &json!({ "overlap": "none" })).await.json();
    assert_eq!(rotated["overlapEndsAt"], Value::Null);
    assert_eq!(m.code(&other["secret"]).await, "NOT_FOUND");
    assert_eq!(m.code(&rotated["secret"]).await, "VALID");
}

#[tokio::test]
async fn the_use_of_each_secret_is_told_while_there_are_two() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Billing" })).await;
    let (id, old) = (made["key"]["id"].as_str().unwrap(), &made["secret"]);
    let new = m.post(&format!("/v1/keys/{id}/rotate"), &json!({})).await.json()["secret"].take();
    for _ in 0..3 {
        assert_eq!(code(&m, old).await, "VALID");
    }
    m.product.service.verifier().flush_usage().await.unwrap();
    let path = format!("/v1/keys/{id}/rotation");
    let answer = m.get(&path).await;
    assert!(answer.status == 200 && answer.header("etag").starts_with('"'), "{}", answer.body);
    assert!(!answer.body.contains(&new.as_str().unwrap()[20..40]));
    let shown = answer.json()["rotation"].take();
    let numbers: Vec<_> = shown["secrets"].as_array().unwrap().iter().map(|one| one["number"].as_i64()).collect();
    assert_eq!((numbers, &shown["waiting"]), (vec![Some(2), Some(1)], &Value::Null));
    let (unused, used) = (&shown["secrets"][0], &shown["secrets"][1]);
    assert_eq!((&unused["callsLastHour"], &unused["lastUsedAt"]), (&0.into(), &Value::Null));
    assert_eq!((&used["callsLastHour"], &used["moreAddresses"]), (&3.into(), &false.into()));
    assert_eq!(used["addresses"][0]["address"], "127.0.0.1");
    assert!(used["lastUsedAt"].is_string() && used["endsAt"].is_string() && unused["endsAt"].is_null(), "{shown}");
    assert!(old.as_str().unwrap().ends_with(used["last4"].as_str().unwrap()));
    let extend = format!("{path}/extend");
    let extended = m.post(&extend, &json!({ "overlap": "7d" })).await.json();
    assert!(extended["rotation"]["secrets"][1]["endsAt"].as_str() > used["endsAt"].as_str(), "{extended}");
    m.post(&extend, &json!({ "overlap": "1m" })).await.problem(409);
    for wrong in ["x", "none"] {
        assert_eq!(pointers(&m.post(&extend, &json!({ "overlap": wrong })).await), ["/overlap"]);
    }
}

#[tokio::test]
async fn a_rotation_is_finished_or_undone() {
    let m = Manager::start().await;
    for act in ["finish", "undo"] {
        let made = m.issue(&json!({ "kind": "service", "name": act })).await;
        let (id, old) = (made["key"]["id"].as_str().unwrap(), &made["secret"]);
        code(&m, old).await;
        m.product.service.verifier().flush_usage().await.unwrap();
        let path = format!("/v1/keys/{id}/rotation");
        let one = m.get(&path).await.json()["rotation"].take();
        assert_eq!((one["secrets"].as_array().unwrap().len(), &one["secrets"][0]["callsLastHour"]), (1, &Value::Null));
        assert!(one["secrets"][0]["lastUsedAt"].is_string(), "{one}");
        assert_eq!(one["secrets"][0]["addresses"][0]["address"], "127.0.0.1");
        m.post(&format!("{path}/{act}"), &json!({})).await.problem(409);
        m.product.clock.advance(domain::timestamp::Millis::seconds(1));
        let new = m.post(&format!("/v1/keys/{id}/rotate"), &json!({})).await.json()["secret"].take();
        let done = m.post(&format!("{path}/{act}"), &json!({})).await;
        let left = done.json()["rotation"]["secrets"].take();
        assert_eq!(left.as_array().unwrap().len(), 1, "{}", done.body);
        let (used, addresses) = (&left[0]["lastUsedAt"], left[0]["addresses"].as_array().unwrap());
        let is_unused = used.is_null() && addresses.is_empty();
        assert_eq!(is_unused, act == "finish", "the new secret was never used, the old one was: {left}");
        let codes = [code(&m, old).await, code(&m, &new).await];
        assert_eq!(codes, if act == "finish" { ["NOT_FOUND", "VALID"] } else { ["VALID", "NOT_FOUND"] });
    }
    m.get("/v1/keys/000000000000/rotation").await.problem(404);
    // No secret of a revoked key works for longer.
    let made = m.issue(&json!({ "kind": "service", "name": "Leaked" })).await;
    let key = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    m.post(&format!("{key}/rotate"), &json!({})).await;
    m.post(&format!("{key}/revoke"), &json!({ "reason": "leaked" })).await;
    let refused = m.post(&format!("{key}/rotation/extend"), &json!({ "overlap": "7d" })).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("revoked"), "{refused}");
    assert_eq!(m.post(&format!("{key}/rotation/finish"), &json!({})).await.status, 200);
}

/// A new secret that somebody has asked for in the console, and nobody has confirmed.
#[tokio::test]
async fn a_secret_that_waits_is_named() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Billing" })).await;
    let id = domain::ids::KeyId::parse(made["key"]["id"].as_str().unwrap()).unwrap();
    let (service, overlap) = (&m.product.service, domain::rotation::Overlap::USUAL);
    let form = service.new_form_id().unwrap();
    service.rotate(&crate::support::operator(), &id, overlap, &form).await.unwrap();
    let shown = m.get(&format!("/v1/keys/{id}/rotation")).await.json()["rotation"].take();
    assert_eq!((&shown["waiting"]["number"], shown["secrets"].as_array().unwrap().len()), (&2.into(), 1));
    assert_eq!(shown["waiting"]["askedBy"], "tester (command line)");
}

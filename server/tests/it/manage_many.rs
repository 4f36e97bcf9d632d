//! `/v1/keys/acts`: one act on many keys by the API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::manage_keys::{Manager, manager, pointers};
use crate::support::{Answer, Call};

/// Somebody who acts on a Service key, a Client key, and the key that calls.
struct Many {
    m: Manager,
    service: Value,
    client: Value,
    own: Value,
}

impl Many {
    async fn start() -> Self {
        let m = Manager::start().await;
        let service = m.issue(&json!({ "kind": "service", "name": "Nightly", "tags": ["eu"] })).await;
        let client = m.issue(&json!({ "kind": "client", "name": "Widget" })).await["key"]["id"].take();
        let own = m.get("/v1/keys?q=manager").await.json()["data"][0]["id"].take();
        Self { m, service, client, own }
    }

    async fn act(&self, body: &Value) -> Answer {
        self.m.post("/v1/keys/acts", body).await
    }

    async fn done(&self, body: &Value) -> Value {
        let answer = self.act(body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn id(&self) -> &Value {
        &self.service["key"]["id"]
    }

    async fn key(&self) -> Value {
        self.m.get(&format!("/v1/keys/{}", self.id().as_str().unwrap())).await.json()["key"].take()
    }
}

#[tokio::test]
async fn an_act_says_which_keys_it_changed_and_which_it_left() {
    let many = Many::start().await;
    let (id, unknown) = (many.id(), "7Qm2xVbN4tRa");
    let done = many.done(&json!({ "act": "disable", "ids": [id, many.client, many.own, unknown, id] })).await;
    let changed: BTreeSet<_> = done["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!((&done["changed"], changed.len()), (&2.into(), 2));
    assert!(changed.contains(id.as_str().unwrap()) && changed.contains(many.client.as_str().unwrap()));
    let left = json!([{ "reason": "not_found", "ids": [unknown] }, { "reason": "not_allowed", "ids": [many.own] }]);
    assert_eq!(done["left"], left);
    assert_eq!(many.m.code(&many.service["secret"]).await, "DISABLED");

    let again = many.done(&json!({ "act": "disable", "ids": [id] })).await;
    assert_eq!(again, json!({ "changed": 0, "ids": [], "left": [{ "reason": "already_disabled", "ids": [id] }] }));
    assert_eq!(many.done(&json!({ "act": "enable", "ids": [id] })).await["changed"], 1);
    assert_eq!(many.m.code(&many.service["secret"]).await, "VALID");
    let revoke = json!({ "act": "revoke", "ids": [id], "reason": "leaked", "note": "seen in a log" });
    assert_eq!(many.done(&revoke).await["changed"], 1);
    assert_eq!(many.key().await["revoked"]["reason"], "leaked");
    // Each key has an event of its own, by the key that called.
    let events = many.m.get(&format!("/v1/audit?key={}", id.as_str().unwrap())).await.json();
    let newest = &events["data"][0];
    assert_eq!((&newest["action"], &newest["actor"]), (&"key.revoked".into(), &"key manager".into()));
}

#[tokio::test]
async fn each_act_takes_its_member() {
    let many = Many::start().await;
    for (act, member, value, shown) in [
        ("set_expiry", "expiresAt", json!("2030-01-01T00:30:00+02:00"), json!("2029-12-31T22:30:00Z")),
        ("set_expiry", "expiresAt", Value::Null, Value::Null),
        ("add_tag", "tags", json!("Asia"), json!(["asia", "eu"])),
        ("remove_tag", "tags", json!("eu"), json!(["asia"])),
        ("transfer", "owner", json!("Payments"), json!("Payments")),
    ] {
        let sent = if member == "tags" { "tag" } else { member };
        let done = many.done(&json!({ "act": act, "ids": [many.id()], sent: value })).await;
        assert_eq!((&done["changed"], &many.key().await[member]), (&1.into(), &shown), "{act}");
    }
}

#[tokio::test]
async fn a_filter_takes_all_that_match_but_the_key_that_calls() {
    let many = Many::start().await;
    let done = many.done(&json!({ "act": "disable", "filter": { "tag": "eu", "kind": "service" } })).await;
    assert_eq!(done, json!({ "changed": 1, "ids": [many.id()], "left": [] }));
    let all = many.done(&json!({ "act": "revoke", "filter": { "environment": "live" } })).await;
    assert_eq!((&all["changed"], &all["left"]), (&2.into(), &json!([{ "reason": "not_allowed", "ids": [many.own] }])));
    let none = many.done(&json!({ "act": "enable", "filter": { "tag": "nowhere" } })).await;
    assert_eq!(none, json!({ "changed": 0, "ids": [], "left": [] }));
    // To find keys is to read.
    let writer = manager(&many.m.product, &["keystead.keys.write"]).await;
    let ask = async |body: Value| {
        let call = Call::post("/v1/keys/acts").bearer(&writer).json(body.to_string());
        many.m.product.send(call).await
    };
    let refused = ask(json!({ "act": "disable", "filter": { "tag": "eu" } })).await;
    refused.problem(403);
    assert!(refused.header("www-authenticate").contains("keystead.keys.read"));
    assert_eq!(ask(json!({ "act": "disable", "ids": [many.id()] })).await.status, 200);
}

#[tokio::test]
async fn every_fault_is_named_at_its_member() {
    let many = Many::start().await;
    let ids = json!([many.id()]);
    let named = async |body: &Value| {
        let mut found = pointers(&many.act(body).await);
        found.sort();
        found.join(" ")
    };
    for (body, found) in [
        (json!({ "ids": ids }), "/act"),
        (json!({ "act": "fly", "ids": ["x"] }), "/act /ids/0"),
        (json!({ "act": "disable" }), "/ids"),
        (json!({ "act": "disable", "ids": [] }), "/ids"),
        (json!({ "act": "disable", "ids": ids, "filter": { "tag": "eu" } }), "/filter"),
        (json!({ "act": "disable", "filter": {} }), "/filter"),
        (json!({ "act": "disable", "filter": { "colour": "red", "tag": "" } }), "/filter/colour /filter/tag"),
        (json!({ "act": "disable", "filter": { "tag": null } }), "/filter/tag"),
        (json!({ "act": "disable", "filter": { "tag": "eu", "rows": "25" } }), "/filter/rows"),
        (json!({ "act": "disable", "ids": ids, "reason": "leaked", "tag": "eu" }), "/reason /tag"),
        (json!({ "act": "revoke", "ids": ids, "reason": "bored" }), "/reason"),
        (json!({ "act": "revoke", "ids": ids, "note": "x".repeat(201) }), "/note"),
        (json!({ "act": "set_expiry", "ids": ids }), "/expiresAt"),
        (json!({ "act": "set_expiry", "ids": ids, "expiresAt": " " }), "/expiresAt"),
        (json!({ "act": "set_expiry", "ids": ["x"], "expiresAt": "2020-01-01" }), "/expiresAt /ids/0"),
        (json!({ "act": "add_tag", "ids": ids }), "/tag"),
        (json!({ "act": "remove_tag", "ids": ids, "tag": "x".repeat(60) }), "/tag"),
        (json!({ "act": "transfer", "ids": ids }), "/owner"),
        (json!({ "act": "transfer", "ids": ids, "owner": "nobody@example.com" }), "/owner"),
    ] {
        assert_eq!(named(&body).await, found, "{body}");
    }
    // A time that the settings do not allow is at its member too.
    let longest = json!({ "defaultLife": "30", "longestLife": "30" }).to_string();
    assert_eq!(many.m.call(Call::new("PATCH", "/v1/settings").json(longest)).await.status, 200);
    many.done(&json!({ "act": "set_expiry", "ids": ids, "expiresAt": "2026-11-30" })).await;
    assert_eq!(named(&json!({ "act": "set_expiry", "ids": ids, "expiresAt": "2030-01-01" })).await, "/expiresAt");
    assert_eq!(many.key().await["expiresAt"], "2026-11-30T00:00:00Z");
    many.m.get("/v1/keys/acts").await.problem(405);
}

#[tokio::test]
async fn an_act_that_is_sent_again_is_done_once() {
    let many = Many::start().await;
    let body = json!({ "act": "disable", "ids": [many.id()] });
    let call = || Call::post("/v1/keys/acts").header("idempotency-key", "night-7").json(body.to_string());
    let first = many.m.call(call()).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (200, ""));
    many.done(&json!({ "act": "enable", "ids": [many.id()] })).await;
    let again = many.m.call(call()).await;
    assert_eq!((&again.body, again.header("idempotent-replayed")), (&first.body, "true"));
    assert_eq!(many.m.code(&many.service["secret"]).await, "VALID");
}

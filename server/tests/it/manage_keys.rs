//! `/v1/keys` and what goes with it: the life of a key by the API alone.

use std::collections::BTreeSet;

use domain::audit_query::AuditQuery;
use domain::draft::KeyDraft;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, list, operator, service_key};

pub const ALL: [&str; 10] = [
    "keystead.verify",
    "keystead.keys.read",
    "keystead.keys.write",
    "keystead.people.read",
    "keystead.people.write",
    "keystead.apps.read",
    "keystead.apps.write",
    "keystead.settings.read",
    "keystead.settings.write",
    "keystead.audit.read",
];

/// A key with these permissions of Keystead's own.
pub async fn manager(product: &Product, permissions: &[&str]) -> String {
    let boxes = permissions.iter().map(|name| (*name).to_owned()).collect();
    product.token(KeyDraft { boxes, ..service_key("manager") }).await
}

pub struct Manager {
    pub product: Product,
    key: String,
}

impl Manager {
    pub async fn start() -> Self {
        let product = Product::start().await;
        let key = manager(&product, &ALL).await;
        Self { product, key }
    }

    pub async fn call(&self, call: Call) -> Answer {
        self.product.send(call.bearer(&self.key)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Call::get(path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Call::post(path).json(body.to_string())).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Call::new("PATCH", path).json(body.to_string())).await
    }

    pub async fn issue(&self, body: &Value) -> Value {
        let answer = self.post("/v1/keys", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    pub async fn code(&self, token: &Value) -> String {
        let asked = json!({ "key": token });
        self.post("/v1/keys/verify", &asked).await.json()["code"].as_str().unwrap().to_owned()
    }
}

pub fn pointers(answer: &Answer) -> Vec<String> {
    let problem = answer.problem(422);
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_is_issued_with_all_it_can_have_and_works_at_once() {
    let m = Manager::start().await;
    let body = json!({
        "kind": "service", "name": "Billing", "description": "Invoices", "permissions": ["invoices.*", "keystead.verify"],
        "cidrs": ["127.0.0.0/8"], "deniedCidrs": ["127.9.0.0/16"], "domains": ["app.example.com"],
        "notBefore": "2026-01-01", "expiresAt": "2030-01-01T00:00:00Z", "limits": ["100 per minute"],
        "quota": 1000, "quotaRefill": "monthly", "environment": "test", "externalId": "cus_42", "owner": "Payments",
        "tags": ["eu", "Prod"], "metadata": { "plan": "gold" },
    });
    let answer = m.post("/v1/keys", &body).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
    let made = answer.json();
    let (key, secret) = (&made["key"], made["secret"].as_str().unwrap());
    let id = key["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/keys/{id}"));
    assert_eq!(answer.header("etag"), format!("\"{}\"", key["revision"]));
    assert!(secret.starts_with(&format!("ks_test_{id}_")), "{secret}");
    for (member, expected) in [
        ("status", json!("active")),
        ("permissions", json!(["invoices.*", "keystead.verify"])),
        ("cidrs", json!(["127.0.0.0/8"])),
        ("deniedCidrs", json!(["127.9.0.0/16"])),
        ("domains", json!(["app.example.com"])),
        ("expiresAt", json!("2030-01-01T00:00:00Z")),
        ("limits", json!(["calls: 100 per minute"])),
        ("quota", json!(1000)),
        ("quotaRefill", json!("monthly")),
        ("tags", json!(["eu", "prod"])),
        ("metadata", json!({ "plan": "gold" })),
        ("createdBy", json!("key manager")),
        ("acknowledgeBy", Value::Null),
    ] {
        assert_eq!(key[member], expected, "{member}");
    }
    let got = m.get(&format!("/v1/keys/{id}")).await;
    assert_eq!((&got.json()["key"], got.header("etag")), (key, answer.header("etag")));
    assert!(!got.body.contains(secret));
    let asked = json!({ "key": secret, "clientIp": "127.0.0.1", "origin": "https://app.example.com" });
    assert_eq!(m.post("/v1/keys/verify", &asked).await.json()["code"], "VALID");
    // What the key says about itself, it can be made of again.
    let same = json!({
        "kind": key["kind"], "name": "Again", "limits": key["limits"], "domains": key["domains"],
        "expiresAt": key["expiresAt"], "metadata": key["metadata"],
    });
    assert_eq!(m.post("/v1/keys", &same).await.status, 201);
    let events = m.product.service.audit(&operator(), &AuditQuery::default()).await.unwrap().rows;
    assert!(events.iter().take(4).all(|event| event.actor_label == "key manager"));
}

#[tokio::test]
async fn a_pending_key_is_confirmed_by_the_key_that_issued_it() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Later", "acknowledge": false })).await;
    let path = format!("/v1/keys/{}/acknowledge", made["key"]["id"].as_str().unwrap());
    assert_eq!((&made["key"]["status"], m.code(&made["secret"]).await.as_str()), (&"pending".into(), "PENDING"));
    assert!(made["key"]["acknowledgeBy"].is_string());
    let other = manager(&m.product, &ALL).await;
    m.product.send(Call::post(&path).bearer(&other)).await.problem(409);
    assert_eq!(m.call(Call::post(&path)).await.json()["key"]["status"], "active");
    assert_eq!(m.code(&made["secret"]).await, "VALID");
    m.call(Call::post(&path)).await.problem(409);
}

#[tokio::test]
async fn a_key_of_two_headers_has_its_id_beside_the_secret() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "master_user", "name": "Chat", "permissions": ["chats.read"] })).await;
    let (id, secret) = (made["secretId"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let own =
        Call::get("/v1/keys/self").header("x-master-user-api-key", id).header("x-master-user-api-key-secret", secret);
    assert_eq!(m.product.send(own).await.json()["code"], "VALID");
}

#[tokio::test]
async fn every_fault_is_named_at_its_member() {
    let m = Manager::start().await;
    let before = m.get("/v1/keys").await.json()["data"].as_array().unwrap().len();
    let wrong = json!({
        "kind": "service", "name": "", "cidrs": ["10.0.0.0/8", "nope"], "permissions": ["keystead.verify", "A"],
        "limits": ["many"], "quota": 0, "expiresAt": "soon", "tags": ["ok", "x".repeat(60)], "owner": "a@b@c",
        "metadata": { "fine": "x", "two words": "x" },
    });
    let mut found = pointers(&m.post("/v1/keys", &wrong).await);
    found.sort();
    assert_eq!(
        found,
        [
            "/cidrs/1",
            "/expiresAt",
            "/limits/0",
            "/metadata/two words",
            "/name",
            "/owner",
            "/permissions/1",
            "/quota",
            "/tags/1"
        ]
    );
    for (body, pointer) in [
        (json!({ "name": "x" }), "/kind"),
        (json!({ "kind": "service", "name": "x", "colour": "red" }), "/colour"),
        (json!({ "kind": "service", "name": null }), "/name"),
        (json!({ "kind": "member", "name": "x" }), "/kind"),
        (json!({ "kind": "integration", "name": "x" }), "/integration"),
        (json!({ "kind": "integration", "name": "x", "integration": "me" }), "/integration"),
        (json!({ "kind": "integration", "name": "x", "integration": "0123456789abcdef01234567" }), "/integration"),
        (json!({ "kind": "app", "name": "x", "integration": "0123456789abcdef01234567" }), "/integration"),
        (json!({ "kind": "client", "name": "x", "cidrs": ["10.0.0.0/8"] }), "/cidrs"),
        (json!({ "kind": "service", "name": "x", "metadata": { "a=b": "c" } }), "/metadata/a=b"),
        (json!({ "kind": "service", "name": "x", "metadata": { "a": 1 } }), "/metadata/a"),
        (json!({ "kind": "service", "name": "x", "limits": [{ "limit": 1 }] }), "/limits/0"),
    ] {
        assert_eq!(pointers(&m.post("/v1/keys", &body).await), [pointer], "{body}");
    }
    m.call(Call::post("/v1/keys").json("[]")).await.problem(422);
    m.call(Call::post("/v1/keys").json("{")).await.problem(400);
    m.call(Call::post("/v1/keys").body("{}")).await.problem(415);
    m.call(Call::post("/v1/keys").json(format!("{{\"name\":\"{}\"}}", "x".repeat(1_000_000)))).await.problem(413);
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
    m.call(Call::post("/v1/keys").json(format!("{{\"name\":{deep}}}"))).await.problem(400);
    assert_eq!(m.get("/v1/keys").await.json()["data"].as_array().unwrap().len(), before);
}

#[tokio::test]
async fn a_change_leaves_the_rest_and_null_clears() {
    let m = Manager::start().await;
    let made = m
        .issue(&json!({
            "kind": "service", "name": "Key", "permissions": ["a.b", "keystead.verify"], "quota": 5,
            "quotaRefill": "daily", "owner": "Team", "expiresAt": "2030-01-01", "metadata": { "a": "b" },
        }))
        .await;
    let path = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    let changed = m.patch(&path, &json!({ "name": "New", "quota": 9 })).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    let key = changed.json()["key"].take();
    for (member, expected) in
        [("name", json!("New")), ("quota", json!(9)), ("quotaRefill", json!("daily")), ("owner", json!("Team"))]
    {
        assert_eq!(key[member], expected, "{member}");
    }
    assert_eq!(key["permissions"], json!(["a.b", "keystead.verify"]));
    let refill = m.patch(&path, &json!({ "quotaRefill": "monthly" })).await.json()["key"].take();
    assert_eq!((&refill["quota"], &refill["quotaRefill"]), (&9.into(), &"monthly".into()));
    let cleared = json!({
        "quota": null, "owner": null, "expiresAt": null, "metadata": null, "permissions": null, "description": null,
    });
    let key = m.patch(&path, &cleared).await.json()["key"].take();
    for member in ["quota", "quotaRefill", "owner", "expiresAt"] {
        assert_eq!(key[member], Value::Null, "{member}");
    }
    assert_eq!((&key["metadata"], &key["permissions"]), (&json!({}), &json!([])));
    assert_eq!(pointers(&m.patch(&path, &json!({ "name": null })).await), ["/name"]);
    assert_eq!(pointers(&m.patch(&path, &json!({ "kind": "client" })).await), ["/kind"]);
    assert_eq!(pointers(&m.patch(&path, &json!({ "metadata": { "two words": "x" } })).await), ["/metadata/two words"]);
    // A variable of a script that is not set takes no restriction away.
    let blank = json!({ "cidrs": ["192.0.2.0/24", " "], "domains": [""], "expiresAt": "", "notBefore": " " });
    let found: BTreeSet<_> = pointers(&m.patch(&path, &blank).await).into_iter().collect();
    assert_eq!(found, ["/cidrs/1", "/domains/0", "/expiresAt", "/notBefore"].map(str::to_owned).into());
    let new = json!({ "kind": "service", "name": "Open", "limits": [""], "expiresAt": "" });
    let found: BTreeSet<_> = pointers(&m.post("/v1/keys", &new).await).into_iter().collect();
    assert_eq!(found, ["/expiresAt", "/limits/0"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_blank_item_hides_no_other_fault() {
    let m = Manager::start().await;
    let new = json!({
        "kind": "service", "name": "", "cidrs": ["x"], "tags": ["", "x".repeat(60)], "environment": "",
        "metadata": { "a=b": "c", "fine": "x", "two words": "x" },
    });
    let found: BTreeSet<_> = pointers(&m.post("/v1/keys", &new).await).into_iter().collect();
    let expected = ["/cidrs/0", "/environment", "/metadata/a=b", "/metadata/two words", "/name", "/tags/0", "/tags/1"];
    assert_eq!(found, expected.map(str::to_owned).into());
    // White space around the kind is a fault alone: the rest is checked as for the kind.
    let padded = json!({ "kind": " client", "name": "x", "cidrs": ["10.0.0.0/8"] });
    let found: BTreeSet<_> = pointers(&m.post("/v1/keys", &padded).await).into_iter().collect();
    assert_eq!(found, ["/cidrs", "/kind"].map(str::to_owned).into());
    let padded = json!({ "kind": " service", "name": "x", "permissions": ["keystead.verify"] });
    assert_eq!(pointers(&m.post("/v1/keys", &padded).await), ["/kind"]);

    let made = m.issue(&json!({ "kind": "service", "name": "Key", "quota": 5, "quotaRefill": "daily" })).await;
    let path = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    let change = json!({
        "name": null, "cidrs": ["", "x"], "permissions": ["a.b", "keystead.verify"], "quotaRefill": "monthly",
        "metadata": { "a=b": "c", "two words": "x" },
    });
    let found: BTreeSet<_> = pointers(&m.patch(&path, &change).await).into_iter().collect();
    let expected = ["/cidrs/0", "/cidrs/1", "/metadata/a=b", "/metadata/two words", "/name"];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_moment_has_any_zone_and_is_told_in_utc() {
    let m = Manager::start().await;
    let body = json!({
        "kind": "service", "name": "Key", "notBefore": "2026-11-27t23:30:00.999z", "expiresAt": "2030-01-01T00:30:00+02:00",
    });
    let made = m.issue(&body).await;
    assert_eq!(made["key"]["notBefore"], "2026-11-27T23:30:00Z");
    assert_eq!(made["key"]["expiresAt"], "2029-12-31T22:30:00Z");
    let path = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    let changed = m.patch(&path, &json!({ "expiresAt": "2029-06-30T16:59:60-07:00" })).await.json();
    assert_eq!(changed["key"]["expiresAt"], "2029-07-01T00:00:00Z");
    let wrong = json!({ "expiresAt": "2030-01-01T00:30:00+2:00" });
    assert_eq!(pointers(&m.patch(&path, &wrong).await), ["/expiresAt"]);
}

#[tokio::test]
async fn a_stale_change_is_refused() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Key" })).await;
    let path = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    let change = |tag: &str, name: &str| {
        Call::new("PATCH", &path).header("if-match", tag).json(json!({ "name": name }).to_string())
    };
    assert_eq!(m.call(change("\"1\"", "Second")).await.header("etag"), "\"2\"");
    for stale in ["\"1\"", "W/\"2\"", "\"abc\"", "\"\"", "", "2", "\"1\", \"7\"", "\"2"] {
        let problem = m.call(change(stale, "Third")).await.problem(412);
        assert_eq!(problem["type"], "urn:keystead:problem:stale");
    }
    m.call(change("\"2\"", "Third").header("if-match", "\"2\"")).await.problem(400);
    // Any of a list will do.
    assert_eq!(m.call(change("\"7\", \"2\"", "Third")).await.header("etag"), "\"3\"");
    assert_eq!(m.call(change("*", "Third")).await.header("etag"), "\"3\"");
    for act in [
        "rotate",
        "rotation/extend",
        "rotation/finish",
        "rotation/undo",
        "disable",
        "enable",
        "revoke",
        "restore",
        "acknowledge",
    ] {
        for stale in ["\"2\"", "\"1\", \"2\""] {
            let problem = m.call(Call::post(&format!("{path}/{act}")).header("if-match", stale)).await.problem(412);
            assert_eq!(problem["type"], "urn:keystead:problem:stale", "{act}");
        }
    }
    assert_eq!(m.get(&path).await.header("etag"), "\"3\"", "nothing was done");
    assert_eq!(m.call(Call::post(&format!("{path}/rotate")).header("if-match", "\"3\"")).await.status, 201);
    for stale in [Call::post(&format!("{path}/rotation/finish")), Call::new("DELETE", &path)] {
        m.call(stale.header("if-match", "\"3\"")).await.problem(412);
    }
    assert_eq!(m.call(Call::post(&format!("{path}/revoke"))).await.header("etag"), "\"5\"");
    m.call(change("\"4\"", "Third")).await.problem(412);
    m.call(change("\"5\"", "Third")).await.problem(409);
    let gone = m.call(Call::new("DELETE", &path).header("if-match", "\"3\", \"5\"")).await;
    assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
    m.get(&path).await.problem(404);
    assert_eq!(m.code(&made["secret"]).await, "NOT_FOUND");
}

#[tokio::test]
async fn every_act_changes_the_verdict_at_once() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Key" })).await;
    let path = format!("/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    for (act, status, code) in [
        ("disable", "disabled", "DISABLED"),
        ("enable", "active", "VALID"),
        ("revoke", "revoked", "REVOKED"),
        ("restore", "active", "VALID"),
    ] {
        let done = m.call(Call::post(&format!("{path}/{act}"))).await;
        assert_eq!((done.status.as_u16(), &done.json()["key"]["status"]), (200, &status.into()), "{act}");
        assert_eq!(m.code(&made["secret"]).await, code, "{act}");
        let problem = m.call(Call::post(&format!("{path}/{act}"))).await.problem(409);
        assert_eq!(problem["type"], "urn:keystead:problem:conflict");
        assert_eq!(problem["detail"], format!("The key is {status}, and its status does not allow this."), "{act}");
    }
    let leaked = m.post(&format!("{path}/revoke"), &json!({ "reason": "leaked", "note": "seen in a log" })).await;
    assert_eq!(leaked.json()["key"]["revoked"]["reason"], "leaked");
    assert_eq!(leaked.json()["key"]["revoked"]["restorableUntil"], Value::Null);
    let restored = m.call(Call::post(&format!("{path}/restore"))).await.problem(409);
    assert_eq!(restored["detail"], "A leaked key stays revoked; issue a new one.");
    assert_eq!(pointers(&m.post(&format!("{path}/revoke"), &json!({ "reason": "bored" })).await), ["/reason"]);
    assert_eq!(pointers(&m.post(&format!("{path}/enable"), &json!({ "now": true })).await), ["/now"]);
    for gone in ["7Qm2xVbN4tRa", "x", "7Qm2xVbN4tRa7Qm2xVbN4tRa", "%00", "%ff"] {
        m.call(Call::post(&format!("/v1/keys/{gone}/disable"))).await.problem(404);
    }
}

#[tokio::test]
async fn the_list_has_pages_in_both_directions_and_filters() {
    let m = Manager::start().await;
    for n in 0..60 {
        let (tag, kind) = if n % 2 == 0 { ("even", "service") } else { ("odd", "client") };
        m.product
            .issue(KeyDraft { kind: Some(kind.into()), tags: list(&[tag]), ..service_key(&format!("k{n:02}")) })
            .await;
    }
    let names = |page: &Value| {
        page["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (mut pages, mut path) = (Vec::new(), "/v1/keys".to_owned());
    loop {
        let page = m.get(&path).await.json();
        pages.push(names(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/keys?after={next}");
    }
    assert_eq!(pages.concat().len(), 61);
    assert!(pages.concat().is_sorted());
    let last = m.get(&path).await.json();
    let before = m.get(&format!("/v1/keys?before={}", last["previous"].as_str().unwrap())).await.json();
    assert_eq!(names(&before), pages[1]);
    let odd = m.get("/v1/keys?tag=odd&kind=client&rows=100&sort=created&dir=desc").await.json();
    assert_eq!((odd["data"].as_array().unwrap().len(), &odd["next"]), (30, &Value::Null));
    assert_eq!(m.get("/v1/keys?q=k07").await.json()["data"][0]["tags"], json!(["odd"]));
    for wrong in [
        "colour=red",
        "kind=sausage",
        "rows=7",
        "dir=up",
        "kind=client&kind=service",
        "status=",
        "q=%00",
        "q=%20",
        "owner=%20",
        "tag=%00",
        "external_id=+",
        "after=damaged",
        "before=7Qm2xVbN4tR~a",
        "before=end&after=end",
        "after=7Qm2xVbN4tRa~name~1&sort=created",
    ] {
        let problem = m.get(&format!("/v1/keys?{wrong}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], wrong.split('=').next().unwrap());
    }
    for wrong in [
        "people?q=%00",
        "people?after=x",
        "apps?q=%20",
        "apps?before=x",
        "audit?name=%00",
        "audit?after=x",
        "audit?after=-5",
        "people?sort=email&after=0123456789abcdef01234567~name~a",
    ] {
        m.get(&format!("/v1/{wrong}")).await.problem(400);
    }
    let problem = m.get("/v1/invites?rows=25").await.problem(400);
    assert_eq!(problem["errors"][0]["detail"], "This call takes no parameters.");
}

#[tokio::test]
async fn limits_of_the_calling_key_are_told() {
    let product = Product::start().await;
    let boxes = vec!["keystead.keys.read".to_owned()];
    let key =
        product.token(KeyDraft { boxes, limits: list(&["2 per minute", "day: 50/1d"]), ..service_key("m") }).await;
    for left in [1, 0] {
        let answer = product.send(Call::get("/v1/keys").bearer(&key)).await;
        assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=2;w=60, \"day\";q=50;w=86400");
        assert!(
            answer.header("ratelimit").starts_with(&format!("\"calls\";r={left};t=60")),
            "{}",
            answer.header("ratelimit")
        );
    }
    let refused = product.send(Call::get("/v1/keys").bearer(&key)).await;
    refused.problem(429);
    assert_eq!(
        (refused.header("retry-after"), refused.header("ratelimit").starts_with("\"calls\";r=0;")),
        ("60", true)
    );
    let without = manager(&product, &["keystead.keys.read"]).await;
    assert_eq!(product.send(Call::get("/v1/keys").bearer(&without)).await.header("ratelimit-policy"), "");
}

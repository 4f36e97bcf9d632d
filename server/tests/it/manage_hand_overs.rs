//! Hand-overs by the API: a program makes the link, and never has the secret.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::ClientInfo;
use service::keys::ShownSecret;

use crate::manage_keys::{Manager, manager, pointers};
use crate::support::{Call, text};

fn partner() -> Value {
    json!({
        "key": { "kind": "service", "name": "Partner", "permissions": ["invoices.read"], "expiresAt": "2030-01-01" },
        "recipient": "Grace", "email": "Grace@example.com", "passphrase": "a lantern", "linkLife": "3d",
    })
}

#[tokio::test]
async fn a_program_hands_a_key_over_and_its_recipient_collects_it() {
    let m = Manager::start().await;
    let made = m.post("/v1/hand-overs", &partner()).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.body);
    let (hand_over, link) = (made.json()["handOver"].take(), made.json()["link"].as_str().unwrap().to_owned());
    let id = hand_over["id"].as_str().unwrap();
    for (member, expected) in [
        ("app", json!(m.product.service.default_app().to_string())),
        ("kind", json!("service")),
        ("name", json!("Partner")),
        ("recipient", json!("Grace")),
        ("email", json!("grace@example.com")),
        ("hasPassphrase", json!(true)),
        ("overlap", Value::Null),
        ("madeBy", json!("key manager")),
        ("createdAt", json!("2026-11-21T09:30:02Z")),
        ("expiresAt", json!("2026-11-24T09:30:02Z")),
    ] {
        assert_eq!(hand_over[member], expected, "{member}");
    }
    assert_eq!(made.header("location"), format!("/v1/hand-overs/{id}"));
    let path = link.strip_prefix("http://localhost:3000").unwrap();
    let token = path.strip_prefix("/collect/").unwrap();
    assert!(!made.body.contains("lantern"));

    m.get(&format!("/v1/keys/{id}")).await.problem(404);
    let list = m.get("/v1/hand-overs").await;
    assert_eq!(list.json(), json!({ "data": [hand_over], "next": null, "previous": null }));
    assert_eq!(m.get(&format!("/v1/hand-overs/{id}")).await.json(), json!({ "handOver": hand_over }));
    let page = text(&m.product.send(Call::get(path)).await.body);
    assert!(page.contains("Grace") && page.contains("key manager") && page.contains("Partner"), "{page}");

    let (service, client) = (&m.product.service, ClientInfo::default());
    let collected = service.collect(token, &"a lantern".into(), "", &client).await.unwrap();
    let ShownSecret::Token(secret) = &collected.issued.shown else { panic!("no token") };
    let secret = json!(secret.expose_secret());
    let key = m.get(&format!("/v1/keys/{id}")).await.json()["key"].take();
    assert_eq!((&key["createdBy"], &key["permissions"]), (&json!("key manager"), &json!(["invoices.read"])));
    assert_eq!((&key["status"], &key["expiresAt"]), (&json!("pending"), &json!("2030-01-01T00:00:00Z")));
    // It did not see the secret, so it cannot say that it has stored it.
    m.call(Call::post(&format!("/v1/keys/{id}/acknowledge"))).await.problem(409);
    service.confirm_collected(collected.confirm.expose_secret(), &client).await.unwrap();
    assert_eq!(m.code(&secret).await, "VALID");
    m.get(&format!("/v1/hand-overs/{id}")).await.problem(404);
    assert_eq!(m.get("/v1/hand-overs").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_program_hands_a_new_secret_over_and_never_has_it() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Partner", "permissions": ["invoices.read"] })).await;
    let (id, old) = (made["key"]["id"].as_str().unwrap(), &made["secret"]);
    let (path, of_key) = (format!("/v1/keys/{id}/rotate"), format!("/v1/keys/{id}"));
    let before = m.get(&of_key).await.body;
    let rotate = |repeat: &str, recipient: Value| {
        let body = json!({ "overlap": "1h", "handOver": recipient }).to_string();
        Call::post(&path).header("idempotency-key", repeat).json(body)
    };
    let grace = || json!({ "recipient": "Grace", "passphrase": "a lantern", "linkLife": "3d" });
    let answer = m.call(rotate("once", grace())).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{}", answer.body);
    let handed = answer.json();
    let members: Vec<_> = handed.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["handOver", "link"]);
    for (member, expected) in [
        ("id", json!(id)),
        ("name", json!("Partner")),
        ("recipient", json!("Grace")),
        ("hasPassphrase", json!(true)),
        ("overlap", json!("1 hour")),
        ("madeBy", json!("key manager")),
    ] {
        assert_eq!(handed["handOver"][member], expected, "{member}");
    }
    assert_eq!(answer.header("location"), format!("/v1/hand-overs/{id}"));
    assert_eq!(m.get(&of_key).await.body, before, "the key is as it was");
    assert_eq!(m.get("/v1/hand-overs").await.json()["data"], json!([handed["handOver"]]));
    assert_eq!(m.call(rotate("once", grace())).await.json(), handed, "a lost answer is fetched again");
    m.call(rotate("again", grace())).await.problem(409);

    let link = handed["link"].as_str().unwrap();
    let token = link.strip_prefix("http://localhost:3000/collect/").unwrap();
    let (service, client) = (&m.product.service, ClientInfo::default());
    let collected = service.collect(token, &"a lantern".into(), "", &client).await.unwrap();
    assert_eq!(m.call(rotate("once", grace())).await.json()["link"], Value::Null, "until it is used");
    let ShownSecret::Token(new) = &collected.issued.shown else { panic!("no token") };
    let new = json!(new.expose_secret());
    assert_eq!((m.code(old).await.as_str(), m.code(&new).await.as_str()), ("VALID", "NOT_FOUND"));
    service.confirm_collected(collected.confirm.expose_secret(), &client).await.unwrap();
    assert_eq!((m.code(old).await.as_str(), m.code(&new).await.as_str()), ("VALID", "VALID"));
}

#[tokio::test]
async fn a_new_secret_is_handed_over_as_the_key_is_rotated() {
    let m = Manager::start().await;
    let made = m.issue(&json!({ "kind": "service", "name": "Partner" })).await;
    let path = format!("/v1/keys/{}/rotate", made["key"]["id"].as_str().unwrap());
    for (body, expected) in [
        (json!({ "handOver": {} }), &["/handOver/recipient"][..]),
        (json!({ "handOver": ["Grace"] }), &["/handOver"]),
        (json!({ "handOver": { "recipient": "Grace", "name": "Partner" } }), &["/handOver/name"]),
        (
            json!({ "overlap": "91d", "handOver": { "recipient": " ", "email": "grace", "passphrase": "short" } }),
            &["/overlap", "/handOver/recipient", "/handOver/email", "/handOver/passphrase"],
        ),
        (json!({ "handOver": { "recipient": "Grace", "linkLife": "2d" } }), &["/handOver/linkLife"]),
        // A variable of a script that is not set takes no protection away.
        (json!({ "handOver": { "recipient": "Grace", "passphrase": "" } }), &["/handOver/passphrase"]),
    ] {
        assert_eq!(pointers(&m.post(&path, &body).await), expected, "{body}");
    }
    let grace = json!({ "handOver": { "recipient": "Grace" } });
    let seen = |tag: &str| Call::post(&path).header("if-match", tag).json(grace.to_string());
    m.call(seen("\"99\"")).await.problem(412);
    let own = m.get("/v1/keys/self").await.json()["keyId"].as_str().unwrap().to_owned();
    m.post(&format!("/v1/keys/{own}/rotate"), &grace).await.problem(403);
    m.post("/v1/keys/000000000000/rotate", &grace).await.problem(404);
    assert_eq!(pointers(&m.post(&path.replace("/rotate", "/rotation/extend"), &grace).await), ["/handOver"]);
    assert_eq!(m.get("/v1/hand-overs").await.json()["data"], json!([]));

    let tag = format!("\"{}\"", made["key"]["revision"]);
    let handed = m.call(seen(&tag)).await;
    assert_eq!(handed.status, 201, "{}", handed.body);
    assert_eq!(m.call(Call::new("DELETE", handed.header("location"))).await.status, 204);
    assert_eq!(m.post(&path, &json!({ "handOver": null })).await.json()["key"]["name"], "Partner");
}

#[tokio::test]
async fn what_is_wrong_is_named_at_its_member_and_nothing_waits() {
    let m = Manager::start().await;
    let key = json!({ "kind": "service", "name": "Partner" });
    for (body, expected) in [
        (json!({ "recipient": "Grace" }), &["/key"][..]),
        (json!({ "key": key }), &["/recipient"]),
        (json!({ "key": null, "recipient": "Grace" }), &["/key"]),
        (json!({ "key": ["service", "Partner"], "recipient": "Grace" }), &["/key"]),
        (json!({ "key": { "name": "Partner" }, "recipient": "Grace" }), &["/key/kind"]),
        (json!({ "key": { "kind": "service", "name": "x", "colour": "red" }, "recipient": "G" }), &["/key/colour"]),
        (json!({ "key": key, "recipient": "Grace", "name": "Partner" }), &["/name"]),
        (
            json!({ "key": key, "recipient": " ", "email": "grace", "passphrase": "short", "linkLife": "2d" }),
            &["/recipient", "/email", "/passphrase", "/linkLife"],
        ),
        // A variable of a script that is not set takes no protection away.
        (json!({ "key": key, "recipient": "Grace", "passphrase": "" }), &["/passphrase"]),
        (
            json!({ "key": { "kind": "service", "name": "x", "acknowledge": true }, "recipient": "G" }),
            &["/key/acknowledge"],
        ),
        (json!({ "key": { "kind": "service", "name": "x", "cidrs": [""] }, "recipient": "G" }), &["/key/cidrs/0"]),
        (json!({ "key": { "kind": "service", "name": "x", "cidrs": [","] }, "recipient": "G" }), &["/key/cidrs/0"]),
        (
            json!({ "key": { "kind": "service", "name": "", "cidrs": ["10.0.0.0/8", "x"] }, "recipient": "G" }),
            &["/key/name", "/key/cidrs/1"],
        ),
        (
            json!({ "key": { "kind": "service", "name": "", "cidrs": ["x"] }, "recipient": " " }),
            &["/recipient", "/key/name", "/key/cidrs/0"],
        ),
        (
            json!({ "key": { "kind": "service", "name": "", "tags": [""] }, "recipient": " " }),
            &["/recipient", "/key/tags/0", "/key/name"],
        ),
        (
            json!({ "key": { "kind": "service", "name": "x", "expiresAt": "2020-01-01" }, "recipient": "G" }),
            &["/key/expiresAt"],
        ),
        (
            json!({ "key": { "kind": "service", "name": "x", "metadata": { "a b": "c" } }, "recipient": "G" }),
            &["/key/metadata/a b"],
        ),
        (
            json!({ "key": { "kind": "integration", "name": "x", "integration": "0123456789abcdef01234567" }, "recipient": "G" }),
            &["/key/integration"],
        ),
    ] {
        assert_eq!(pointers(&m.post("/v1/hand-overs", &body).await), expected, "{body}");
    }
    assert_eq!(m.get("/v1/hand-overs").await.json()["data"], json!([]));
    for gone in ["7Qm2xVbN4tRa", "x", "%00"] {
        m.get(&format!("/v1/hand-overs/{gone}")).await.problem(404);
        m.call(Call::new("DELETE", &format!("/v1/hand-overs/{gone}"))).await.problem(404);
    }
    let problem = m.get("/v1/hand-overs?rows=25").await.problem(400);
    assert_eq!(problem["errors"][0]["detail"], "This call takes no parameters.");
}

#[tokio::test]
async fn a_hand_over_is_refused_as_issuing_the_key_would_be() {
    let m = Manager::start().await;
    let weak = manager(&m.product, &["keystead.keys.write"]).await;
    let body = |permission: &str| {
        let key = json!({ "kind": "service", "name": "x", "permissions": [permission] });
        json!({ "key": key, "recipient": "Grace" })
    };
    let by = async |key: &str, body: &Value| {
        m.product.send(Call::post("/v1/hand-overs").bearer(key).json(body.to_string())).await
    };
    by(&weak, &body("keystead.audit.read")).await.problem(403);
    assert_eq!(by(&weak, &body("keystead.keys.write")).await.status, 201);
    // What is stronger than the calling key is not its own to withdraw.
    let strong = m.post("/v1/hand-overs", &body("keystead.audit.read")).await.header("location").to_owned();
    m.product.send(Call::new("DELETE", &strong).bearer(&weak)).await.problem(403);
    assert_eq!(m.call(Call::new("DELETE", &strong)).await.status, 204);
    m.call(Call::new("DELETE", &strong)).await.problem(404);

    let settings = json!({ "approvalKinds": ["master_user"] });
    m.call(Call::new("PATCH", "/v1/settings").json(settings.to_string())).await;
    let key = json!({ "kind": "master_user", "name": "Chats", "permissions": ["chats.read"] });
    let chats = json!({ "key": key, "recipient": "Grace" });
    let (issued, handed) = (m.post("/v1/keys", &chats["key"]).await, m.post("/v1/hand-overs", &chats).await);
    assert_eq!(issued.problem(409), handed.problem(409));
}

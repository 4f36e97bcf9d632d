//! `/v1/requests`: what waits for a second person, by the API.

use domain::approval::ApprovalRules;
use domain::draft::KeyDraft;
use domain::ids::KeyId;
use serde_json::{Value, json};
use service::Caller;

use crate::manage_keys::{Manager, manager, pointers};
use crate::support::{Call, EMAIL, Product, list, operator, service_key};

/// A person who needs a second one for keys with a permission like `risky.do`.
pub async fn asker(product: &Product) -> Caller {
    let session = product.sign_in().await;
    let rules = ApprovalRules::read(&[], &["risky.*".to_owned()], false).unwrap();
    product.service.set_approval_rules(&operator(), &rules).await.unwrap();
    product.service.session(&session).await.unwrap().unwrap().caller(None)
}

/// Asks for a key, and gives the id of the request.
pub async fn ask(product: &Product, by: &Caller) -> KeyId {
    let draft = KeyDraft {
        permissions: list(&["risky.do"]),
        expiry: Some("90".to_owned()),
        rotate_days: Some("30".to_owned()),
        metadata: list(&["plan=gold"]),
        ..service_key("Nightly export")
    };
    let (service, form_id) = (&product.service, product.service.new_form_id().unwrap());
    let asked = service.request_key(by, service.default_app(), &draft, &form_id, "For the auditors").await.unwrap();
    asked.unwrap().request.key
}

#[tokio::test]
async fn a_request_is_listed_shown_and_declined() {
    let m = Manager::start().await;
    let by = asker(&m.product).await;
    let (id, kept) = (ask(&m.product, &by).await, ask(&m.product, &by).await);
    let path = format!("/v1/requests/{id}");
    let request = m.get(&path).await.json()["request"].take();
    for (member, expected) in [
        ("id", json!(id.to_string())),
        ("status", json!("waiting")),
        ("askedBy", json!(EMAIL)),
        ("reason", json!("For the auditors")),
        ("decided", Value::Null),
    ] {
        assert_eq!(request[member], expected, "{member}");
    }
    for (member, expected) in [
        ("kind", json!("service")),
        ("name", json!("Nightly export")),
        ("permissions", json!(["risky.do"])),
        ("expiresInDays", json!(90)),
        ("expiresAt", Value::Null),
        ("rotateDays", json!(30)),
        ("metadata", json!({ "plan": "gold" })),
        ("actsFor", json!([])),
        ("integration", Value::Null),
    ] {
        assert_eq!(request["key"][member], expected, "{member}");
    }
    let ids = async |query: &str| {
        let page = m.get(&format!("/v1/requests{query}")).await.json();
        page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await.len(), 2);

    let decline = format!("{path}/decline");
    assert_eq!(pointers(&m.post(&decline, &json!({ "note": "x".repeat(501) })).await), ["/note"]);
    let declined = m.post(&decline, &json!({ "note": "Not now." })).await.json()["request"].take();
    assert_eq!(declined["status"], "declined");
    let decided = &declined["decided"];
    assert_eq!((&decided["by"], &decided["note"]), (&"key manager".into(), &"Not now.".into()));
    m.call(Call::post(&decline)).await.problem(409);
    assert_eq!((ids("").await, ids("?show=ended").await), (vec![kept.to_string()], vec![id.to_string()]));
    assert!(ids("?show=approved").await.is_empty());
    assert_eq!(m.call(Call::post(&format!("/v1/requests/{kept}/decline"))).await.status, 200, "without a word");
    for wrong in ["show=all", "mine=yes", "after=x"] {
        m.get(&format!("/v1/requests?{wrong}")).await.problem(400);
    }
    for gone in ["7Qm2xVbN4tRa", "x"] {
        m.get(&format!("/v1/requests/{gone}")).await.problem(404);
        m.call(Call::post(&format!("/v1/requests/{gone}/decline"))).await.problem(404);
    }
}

#[tokio::test]
async fn a_key_approves_nothing() {
    let m = Manager::start().await;
    let by = asker(&m.product).await;
    let id = ask(&m.product, &by).await;
    m.call(Call::post(&format!("/v1/requests/{id}/approve"))).await.problem(404);
    let reader = manager(&m.product, &["keystead.keys.read"]).await;
    let decline = Call::post(&format!("/v1/requests/{id}/decline"));
    m.product.send(decline.bearer(&reader)).await.problem(403);
    let key = json!({ "kind": "service", "name": "Nightly export", "permissions": ["risky.do"] });
    m.post("/v1/keys", &key).await.problem(409);
}

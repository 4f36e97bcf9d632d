//! `/v1/keys` for keys of an integration and of an app.

use domain::ids::KeyId;
use domain::integration::IntegrationKind;
use domain::webhook::{Trigger, WebhookRules};
use serde_json::{Value, json};
use service::integrations::NewIntegration;

use crate::manage_keys::{Manager, manager, pointers};
use crate::support::{Call, operator};

/// The id of a custom integration of the first app.
async fn integration(m: &Manager) -> String {
    let webhook = WebhookRules {
        target: "https://example.com/callback".to_owned(),
        triggers: vec![Trigger::ConversationMessage],
        include_full_user: false,
        include_full_source: false,
    };
    let new = NewIntegration {
        kind: IntegrationKind::Custom,
        name: Some("Desk".to_owned()),
        extra: "{}".to_owned(),
        webhooks: vec![webhook],
    };
    let service = &m.product.service;
    let (made, _) = service.create_integration(&operator(), service.default_app(), new).await.unwrap();
    made.id.to_string()
}

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_key_of_an_integration_is_issued_and_found_by_it() {
    let m = Manager::start().await;
    let id = integration(&m).await;
    let body = json!({ "kind": "integration", "name": "Desk", "integration": id });
    let made = m.issue(&body).await;
    assert_eq!(made["key"]["integration"], json!(id));
    let key = KeyId::parse(made["key"]["id"].as_str().unwrap()).unwrap();
    assert_eq!(made["secretId"], json!(format!("int_{}", key.to_hex())));
    assert_eq!(made["secret"].as_str().unwrap().len(), 49);
    let app = m.issue(&json!({ "kind": "app", "name": "App" })).await;
    assert!(app["key"]["integration"].is_null());

    let listed = m.get(&format!("/v1/keys?integration={id}")).await.json();
    assert_eq!(names(&listed), ["Desk"]);
    assert_eq!(names(&m.get("/v1/keys?integration=abababababababababababab").await.json()), [""; 0]);
    let by_id = m.get(&format!("/v1/keys?q={}", made["secretId"].as_str().unwrap())).await.json();
    assert_eq!(names(&by_id), ["Desk"], "the id that programs know");
    for wrong in ["me", "", "ABABABABABABABABABABABAB"] {
        m.get(&format!("/v1/keys?integration={wrong}")).await.problem(400);
    }

    for _ in 0..9 {
        m.issue(&body).await;
    }
    m.post("/v1/keys", &body).await.problem(409);
    m.issue(&json!({ "kind": "app", "name": "Another" })).await;
}

#[tokio::test]
async fn what_is_no_custom_integration_of_the_app_has_no_key() {
    let m = Manager::start().await;
    let service = &m.product.service;
    let new = NewIntegration { kind: IntegrationKind::Web, name: None, extra: "{}".to_owned(), webhooks: Vec::new() };
    let (web, _) = service.create_integration(&operator(), service.default_app(), new).await.unwrap();
    let body = json!({ "kind": "integration", "name": "Web", "integration": web.id.to_string() });
    m.post("/v1/keys", &body).await.problem(422);
    let unknown = json!({ "kind": "integration", "name": "x", "integration": "abababababababababababab" });
    assert_eq!(pointers(&m.post("/v1/keys", &unknown).await), ["/integration"]);
}

/// An app key makes other keys and is never restricted.
#[tokio::test]
async fn a_restricted_key_issues_no_app_key() {
    let m = Manager::start().await;
    let restricted =
        json!({ "kind": "service", "name": "m", "permissions": ["keystead.keys.write"], "cidrs": ["127.0.0.0/8"] });
    let restricted = m.issue(&restricted).await["secret"].as_str().unwrap().to_owned();
    let free = manager(&m.product, &["keystead.keys.write"]).await;
    let app = json!({ "kind": "app", "name": "App" }).to_string();
    let issue = |key: &str| m.product.send(Call::post("/v1/keys").json(app.clone()).bearer(key));
    issue(&restricted).await.problem(403);
    assert_eq!(issue(&free).await.status, 201);
    let account = Call::post("/v1/keys").json(json!({ "kind": "account", "name": "x" }).to_string()).bearer(&free);
    let problem = m.product.send(account).await.problem(403);
    assert!(
        problem["detail"].as_str().unwrap().starts_with("Only an owner issues and changes account keys"),
        "{problem}"
    );
}

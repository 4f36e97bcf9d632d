//! `/v2/…`: apps, integrations, keys and webhooks, as a client that was written for Sunshine Conversations calls them.

use domain::audit::Action;
use domain::audit_query::AuditQuery;
use serde_json::{Value, json};

use crate::sunshine_caller::{Client, Pair, TARGET, custom, id};
use crate::support::{Call, operator};

fn is_hex(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 24 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The names of what was recorded of this action, the newest first.
async fn recorded(client: &Client, action: Action) -> Vec<String> {
    let query = AuditQuery { action: Some(action), ..AuditQuery::default() };
    let page = client.product.service.audit(&operator(), &query).await.unwrap();
    page.rows.into_iter().map(|row| row.subject.label).collect()
}

fn members(shown: &Value) -> Vec<&str> {
    shown.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn an_integration_key_is_made_as_published_and_works_at_once() {
    let client = Client::start().await;
    let body = json!({ "displayName": "My custom key" });
    let made = client.post(&client.keys(), &body).await;
    assert_eq!(members(&made), ["key"]);
    assert_eq!(members(&made["key"]), ["displayName", "id", "secret"]);
    assert_eq!(made["key"]["displayName"], "My custom key");
    let key = Pair::of(&made);
    assert!(is_hex(&key.id, "int_"), "{}", key.id);
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    assert!((34..=86).contains(&key.secret.len()) && key.secret.bytes().all(is_safe), "{}", key.secret);
    let webhooks = client.path("integrations/me/webhooks");
    let own = client.send(&key, "GET", &webhooks, None).await.shown(200);
    assert_eq!(own["webhooks"].as_array().unwrap().len(), 1);
    let again = client.post(&client.keys(), &body).await;
    assert_ne!(again["key"]["id"], made["key"]["id"], "names may be the same, ids never are");
}

#[tokio::test]
async fn whoever_makes_a_key_by_the_api_acknowledges_it_and_that_is_on_record() {
    let client = Client::start().await;
    client.post(&client.keys(), &json!({ "displayName": "On record" })).await;
    for action in [Action::KeyIssued, Action::KeyAcknowledged] {
        let named = recorded(&client, action).await;
        assert_eq!(named.iter().filter(|name| *name == "On record").count(), 1, "{action:?}");
    }
}

#[tokio::test]
async fn keys_are_listed_read_and_deleted_and_a_deleted_one_is_refused() {
    let client = Client::start().await;
    for (path, prefix) in [(client.keys(), "int_"), (client.path("keys"), "app_")] {
        let key = Pair::of(&client.post(&path, &json!({ "displayName": "Short-lived" })).await);
        let listed = client.get(&path).await;
        assert_eq!(members(&listed), ["keys"], "this list has no pages");
        let keys = listed["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        let shown = json!({ "id": key.id, "displayName": "Short-lived" });
        assert!(is_hex(&key.id, prefix) && keys.contains(&shown), "{listed}");
        let one = format!("{path}/{}", key.id);
        assert_eq!(client.get(&one).await, json!({ "key": shown }), "the secret is shown once");
        let reach = client.path("integrations/me/webhooks");
        let works = if prefix == "app_" { client.path("integrations") } else { reach };
        client.send(&key, "GET", &works, None).await.shown(200);
        assert_eq!(client.delete(&one).await, json!({}));
        client.send(&key, "GET", &works, None).await.sunshine_error(401, "unauthorized");
        for method in ["GET", "DELETE"] {
            client.send(&client.account, method, &one, None).await.sunshine_error(404, "not_found");
        }
        assert_eq!(client.get(&path).await["keys"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn ten_keys_are_enough_for_an_app_and_for_an_integration() {
    let client = Client::start().await;
    for (path, whose) in [(client.keys(), "Integration"), (client.path("keys"), "App")] {
        let body = json!({ "displayName": "One of many" });
        let mut last = Value::Null;
        for _ in 1..10 {
            last = client.post(&path, &body).await;
        }
        let title = client.send(&client.account, "POST", &path, Some(&body)).await.sunshine_error(400, "too_many_keys");
        assert_eq!(title, format!("{whose} has reached the max number of keys (10)"));
        client.delete(&format!("{path}/{}", id(&last["key"]))).await;
        client.post(&path, &body).await;
    }
    let other = id(&client.post(&client.path("integrations"), &custom("Other")).await["integration"]);
    let made =
        client.post(&client.path(&format!("integrations/{other}/keys")), &json!({ "displayName": "Own ten" })).await;
    let elsewhere = format!("{}/{}", client.keys(), id(&made["key"]));
    for method in ["GET", "DELETE"] {
        client.send(&client.account, method, &elsewhere, None).await.sunshine_error(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_keys_at_the_same_moment_ten_are_made() {
    let client = Client::start().await;
    let body = json!({ "displayName": "At once" });
    for path in [client.keys(), client.path("keys")] {
        let calls = (0..64).map(|_| client.send(&client.account, "POST", &path, Some(&body)));
        let answers = futures::future::join_all(calls).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(made.len(), 9, "one was there");
        for answer in refused {
            answer.sunshine_error(400, "too_many_keys");
        }
    }
}

#[tokio::test]
async fn only_custom_integrations_have_keys() {
    let client = Client::start().await;
    let web = client.post(&client.path("integrations"), &json!({ "type": "web" })).await;
    let path = client.path(&format!("integrations/{}/keys", id(&web["integration"])));
    let refused = "API keys are available only for custom integrations";
    let body = json!({ "displayName": "No" });
    assert_eq!(
        client.send(&client.account, "POST", &path, Some(&body)).await.sunshine_error(400, "bad_request"),
        refused
    );
    assert_eq!(client.send(&client.of_app, "GET", &path, None).await.sunshine_error(400, "bad_request"), refused);
}

#[tokio::test]
async fn unknown_apps_integrations_and_keys_have_their_codes() {
    let client = Client::start().await;
    let other = id(&client.post("/v2/apps", &json!({ "displayName": "Another" })).await["app"]);
    let unknown = "0123456789abcdef01234567";
    for app in [unknown, "x", "%ff", "0123456789ABCDEF01234567"] {
        for rest in ["", "/keys", "/integrations", "/integrations/x/keys", "/integrations/x/webhooks"] {
            let path = format!("/v2/apps/{app}{rest}");
            client.send(&client.account, "GET", &path, None).await.sunshine_error(404, "app_not_found");
        }
        let path = format!("/v2/apps/{app}/integrations");
        client.send(&client.of_app, "GET", &path, None).await.sunshine_error(404, "app_not_found");
    }
    let elsewhere = format!("/v2/apps/{other}/integrations/{}", client.integration);
    client.send(&client.account, "GET", &elsewhere, None).await.sunshine_error(404, "integration_not_found");
    client.send(&client.of_app, "GET", &elsewhere, None).await.sunshine_error(404, "app_not_found");
    for integration in [unknown, "x", "me", "%ff"] {
        for rest in ["", "/keys", "/webhooks"] {
            let path = client.path(&format!("integrations/{integration}{rest}"));
            let answer = client.send(&client.of_app, "GET", &path, None).await;
            assert_eq!(answer.sunshine_error(404, "integration_not_found"), "Integration not found");
        }
        let path = client.path(&format!("integrations/{integration}/keys"));
        let body = json!({ "displayName": "No" });
        client.send(&client.account, "POST", &path, Some(&body)).await.sunshine_error(404, "integration_not_found");
    }
    for key in [unknown, "x", "int_x", "int_0123456789abcdef01234567", &client.of_app.id, &client.account.id] {
        let path = format!("{}/{key}", client.keys());
        client.send(&client.account, "GET", &path, None).await.sunshine_error(404, "not_found");
    }
    let path = client.path(&format!("integrations/{}/webhooks/{unknown}", client.integration));
    client.send(&client.account, "GET", &path, None).await.sunshine_error(404, "not_found");
}

#[tokio::test]
async fn apps_are_created_listed_changed_and_deleted() {
    let client = Client::start().await;
    let made = client.post("/v2/apps", &json!({ "displayName": "My Test App", "metadata": { "team": "a" } })).await;
    let app = id(&made["app"]);
    let settings = json!({
        "appLocalizationEnabled": true, "echoPostback": false, "maskCreditCardNumbers": true,
        "multiConvoEnabled": false, "useAnimalNames": false,
    });
    let shown = json!({ "id": app, "displayName": "My Test App", "settings": settings, "metadata": { "team": "a" } });
    assert_eq!(made, json!({ "app": shown }));
    let path = format!("/v2/apps/{app}");
    assert_eq!(client.get(&path).await, made);
    assert_eq!(client.get(&format!("/sc{path}")).await, made, "both bases answer alike");
    let listed = client.get("/v2/apps").await;
    assert_eq!(members(&listed), ["apps", "links", "meta"]);
    assert!(listed["apps"].as_array().unwrap().contains(&shown) && listed["meta"]["hasMore"] == false);
    let change = json!({ "displayName": "Renamed", "settings": { "multiConvoEnabled": true }, "brandId": "7" });
    let changed = client.patch(&path, &change).await;
    assert_eq!(changed["app"]["displayName"], "Renamed");
    assert_eq!(changed["app"]["settings"]["multiConvoEnabled"], true);
    assert_eq!(changed["app"]["metadata"], json!({ "team": "a" }));
    assert_eq!(changed["app"]["brandId"], "7", "what is not known is kept");
    let with = client.patch(&path, &json!({ "settings": { "x": 1, "y": 2 } })).await;
    assert_eq!(with["app"]["settings"]["x"], 1);
    let without = client.patch(&path, &json!({ "settings": { "x": null }, "metadata": null })).await;
    assert_eq!((without["app"]["settings"].get("x"), &without["app"]["settings"]["y"]), (None, &json!(2)));
    assert_eq!(without["app"]["metadata"], json!({}), "null takes away");
    let plain = client.patch(&path, &json!({ "settings": null, "metadata": { "team": "a" } })).await;
    assert_eq!(plain["app"]["settings"], settings);
    let changed = client.patch(&path, &json!({ "settings": { "multiConvoEnabled": true } })).await;
    let key = Pair::of(&client.post(&format!("{path}/keys"), &json!({ "displayName": "Key" })).await);
    assert_eq!(client.send(&key, "GET", &path, None).await.shown(200), changed, "its own key reads it");
    let by_its_key = client.send(&key, "PATCH", &path, Some(&json!({ "metadata": { "team": "b" } }))).await.shown(200);
    assert_eq!(by_its_key["app"]["metadata"], json!({ "team": "b" }), "and changes it");
    let other = Some(&change);
    client.send(&client.of_app, "PATCH", &path, other).await.sunshine_error(404, "app_not_found");
    let own = format!("/v2/apps/{}", client.app);
    client.send(&client.of_integration, "PATCH", &own, other).await.sunshine_error(403, "forbidden");
    client.send(&key, "DELETE", &path, None).await.sunshine_error(403, "forbidden");
    assert_eq!(client.delete(&path).await, json!({}));
    client.send(&client.account, "GET", &path, None).await.sunshine_error(404, "app_not_found");
    client.send(&key, "GET", &path, None).await.sunshine_error(401, "unauthorized");
    client.send(&client.account, "DELETE", &own, None).await.sunshine_error(400, "bad_request");
    client.get(&own).await;
    for action in [Action::AppCreated, Action::AppRenamed, Action::AppChanged, Action::AppArchived] {
        let named = recorded(&client, action).await;
        assert!(["My Test App", "Renamed"].contains(&named[0].as_str()), "{action:?}: {named:?}");
    }
}

#[tokio::test]
async fn integrations_are_created_listed_changed_and_deleted() {
    let client = Client::start().await;
    let all = client.path("integrations");
    let made = client.post(&all, &custom("x")).await;
    let integration = &made["integration"];
    assert_eq!(members(integration), ["displayName", "id", "status", "type", "webhooks"]);
    assert_eq!((&integration["type"], &integration["status"]), (&json!("custom"), &json!("active")));
    let webhook = &integration["webhooks"][0];
    assert_eq!(
        members(webhook),
        ["id", "includeFullSource", "includeFullUser", "secret", "target", "triggers", "version"]
    );
    assert_eq!((&webhook["version"], &webhook["target"]), (&json!("v2"), &json!(TARGET)));
    let path = format!("{all}/{}", id(integration));
    let shown = client.get(&path).await;
    assert!(shown["integration"]["webhooks"][0].get("secret").is_none(), "the secret is shown once");
    assert_eq!(shown["integration"]["webhooks"][0]["id"], webhook["id"]);
    let change = json!({ "displayName": null, "status": "inactive", "showAIDisclaimer": true });
    let changed = client.patch(&path, &change).await;
    assert_eq!(changed["integration"]["status"], "inactive");
    assert_eq!(changed["integration"]["showAIDisclaimer"], true, "what is not known is kept");
    assert!(changed["integration"].get("displayName").is_none());
    let changed = client.patch(&path, &json!({ "showAIDisclaimer": null })).await;
    assert!(changed["integration"].get("showAIDisclaimer").is_none(), "null takes a member away");
    let telegram = json!({ "type": "telegram", "token": "192033615:AAEuee2FS2JYKWfDlTulfygjaIGJi4s" });
    let telegram = client.post(&all, &telegram).await;
    assert!(telegram["integration"].get("token").is_none(), "secrets of other systems are not kept");
    let key = Pair::of(&client.post(&format!("{path}/keys"), &json!({ "displayName": "Key" })).await);
    assert_eq!(client.delete(&path).await, json!({}));
    client.send(&client.account, "GET", &path, None).await.sunshine_error(404, "integration_not_found");
    let own = client.path("integrations/me/webhooks");
    client.send(&key, "GET", &own, None).await.sunshine_error(401, "unauthorized");
}

#[tokio::test]
async fn a_list_goes_on_in_both_directions_and_in_three_spellings() {
    let client = Client::start().await;
    let all = client.path("integrations");
    for n in 0..4 {
        client.post(&all, &json!({ "type": "web", "displayName": format!("Web {n}") })).await;
    }
    let ids = |page: &Value| {
        page["integrations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let whole = ids(&client.get(&all).await);
    assert_eq!(whole.len(), 5);
    let first = client.get(&format!("{all}?page%5Bsize%5D=2")).await;
    assert_eq!((ids(&first), &first["meta"]["hasMore"]), (whole[..2].to_vec(), &json!(true)));
    assert!(first["meta"].get("beforeCursor").is_none() && first["links"].get("prev").is_none());
    let after = first["meta"]["afterCursor"].as_str().unwrap();
    assert_eq!(after, whole[1]);
    let asked = format!(r#"{{"after":"{after}","size":2}}"#);
    let encoded: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let second = client.get(&format!("{all}?page[after]={after}&page[size]=2")).await;
    for spelling in [
        format!("{all}?page%5Bafter%5D={after}&page%5Bsize%5D=2"),
        format!("{all}?page={encoded}"),
        first["links"]["next"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap().to_owned(),
    ] {
        assert_eq!(client.get(&spelling).await["integrations"], second["integrations"], "{spelling}");
    }
    assert_eq!(ids(&second), whole[2..4]);
    let prev = second["links"]["prev"].as_str().unwrap().strip_prefix("http://localhost:3000").unwrap();
    assert_eq!(ids(&client.get(prev).await), whole[..2]);
    let last = client.get(&format!("{all}?page[after]={}", whole[3])).await;
    assert_eq!((ids(&last), &last["meta"]["hasMore"]), (whole[4..].to_vec(), &json!(false)));
    assert!(last["meta"].get("afterCursor").is_none() && last["links"].get("next").is_none());
    for filter in ["filter[types]=custom", "filter%5Btypes%5D=custom,telegram", "filter=%7B%22types%22:%22custom%22%7D"]
    {
        assert_eq!(
            ids(&client.get(&format!("{all}?{filter}")).await),
            std::slice::from_ref(&client.integration),
            "{filter}"
        );
    }
    let apps = client.get("/v2/apps?page[size]=1").await;
    assert_eq!(apps["apps"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_are_added_changed_and_removed_and_a_custom_integration_keeps_its_one() {
    let client = Client::start().await;
    let own = client.path("integrations/me/webhooks");
    let by_id = client.path(&format!("integrations/{}/webhooks", client.integration));
    let listed = client.send(&client.of_integration, "GET", &own, None).await.shown(200);
    assert_eq!(client.get(&by_id).await, listed);
    assert_eq!(client.send(&client.of_app, "GET", &by_id, None).await.shown(200), listed);
    let one = format!("{own}/{}", id(&listed["webhooks"][0]));
    let change =
        json!({ "target": "https://example.com/other", "triggers": ["conversation:create"], "includeFullUser": true });
    let changed = client.send(&client.of_integration, "PATCH", &one, Some(&change)).await.shown(200);
    assert_eq!(changed["webhook"]["triggers"], json!(["conversation:create"]));
    assert_eq!((&changed["webhook"]["includeFullUser"], changed["webhook"].get("secret")), (&json!(true), None));
    let read = client.send(&client.of_integration, "GET", &one, None).await.shown(200);
    assert_eq!(read, changed);
    let more = json!({ "target": TARGET, "triggers": ["conversation:message"] });
    client.send(&client.of_integration, "POST", &own, Some(&more)).await.sunshine_error(400, "bad_request");
    client.send(&client.of_integration, "DELETE", &one, None).await.sunshine_error(400, "bad_request");

    let web = id(&client.post(&client.path("integrations"), &json!({ "type": "web" })).await["integration"]);
    let hooks = client.path(&format!("integrations/{web}/webhooks"));
    let made = client.post(&hooks, &more).await;
    assert!(made["webhook"]["secret"].as_str().unwrap().len() >= 32);
    assert_eq!(client.get(&hooks).await["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(client.delete(&format!("{hooks}/{}", id(&made["webhook"]))).await, json!({}));
    assert_eq!(client.get(&hooks).await, json!({ "webhooks": [] }));
    client.send(&client.of_integration, "GET", &hooks, None).await.sunshine_error(403, "forbidden");
}

#[tokio::test]
async fn every_other_path_and_method_answers_in_this_form_and_keys_stay_unkeys() {
    let client = Client::start().await;
    for path in [
        "/v2",
        "/v2/",
        "/v2/nothing",
        "/v2/apps/x/y/z/a",
        "/sc",
        "/sc/v2",
        "/sc/v1/apps",
        "/v2/keys",
        "/v2/keys.verifyKey/x",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = client.product.send(Call::new(method, path)).await;
            assert_eq!(answer.sunshine_error(404, "not_found"), "Resource not found", "{method} {path}");
        }
    }
    for (path, allowed) in [
        ("/v2/apps".to_owned(), "GET, HEAD, POST"),
        ("/sc/v2/apps".to_owned(), "GET, HEAD, POST"),
        (client.keys(), "GET, HEAD, POST"),
        (client.path("users"), "POST"),
        (format!("/sc{}", client.path("conversations/x/messages")), "GET, HEAD, POST, DELETE"),
    ] {
        let answer = client.product.send(Call::new("PUT", &path)).await;
        assert_eq!(answer.sunshine_error(405, "method_not_allowed"), "Method not allowed");
        assert_eq!(answer.header("allow"), allowed);
    }
    for path in ["/v2/apps", "/sc/v2/apps"] {
        let head = client.product.send(client.account.call("HEAD", path)).await;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), "application/json");
    }
    client.product.send(Call::post("/v2/keys.createKey")).await.unkey_error(404);
    client.product.send(Call::get("/v2/keys.verifyKey")).await.unkey_error(405);
}

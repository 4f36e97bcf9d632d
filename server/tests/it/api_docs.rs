//! The document of the API and its page.

use std::collections::BTreeSet;

use serde_json::Value;
use server::router::{api_operations, program_calls};

use crate::manage_keys::Manager;
use crate::support::{Answer, Call, Product};

pub async fn document(product: &Product) -> Value {
    let answer = product.send(Call::get("/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let product = Product::start().await;
    let document = document(&product).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            told.insert((method.to_uppercase(), path.clone()));
            assert!(operation["security"][0]["key"].is_array(), "{method} {path} has no lock");
            assert!(!operation["summary"].as_str().unwrap().is_empty());
        }
    }
    let routes: BTreeSet<_> = api_operations().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(told, routes);
    // The paths for proxies take any method, and other products' are documented by them or on a page of their own.
    let others = |path: &str| path.starts_with("/v1/authorize") || !path.starts_with("/v1/");
    let all =
        program_calls().filter(|(_, path)| !others(path)).map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(told, all.collect());
}

#[tokio::test]
async fn everything_that_the_document_refers_to_is_in_it() {
    let product = Product::start().await;
    let document = document(&product).await;
    let mut wanted = Vec::new();
    references(&document, &mut wanted);
    assert!(wanted.len() > 50);
    for reference in wanted {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let named =
        ["Verification", "Keys", "Hand-overs", "Apps", "People", "Invites", "Requests", "Audit", "Settings", "Usage"];
    assert_eq!(tags, named);
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation}");
            assert!(tags.contains(&operation["tags"][0].as_str().unwrap()));
        }
    }
    // A new key, as its caller reads and writes it.
    let new = &document["components"]["schemas"]["NewKeyBody"];
    assert_eq!(new["required"], serde_json::json!(["kind", "name"]));
    assert_eq!(new["additionalProperties"], false);
    assert!(document["components"]["schemas"]["KeyMade"]["properties"]["secret"].is_object());
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.push(reference.clone());
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Whoever tries a call on the page sends its example.
#[tokio::test]
async fn the_example_of_each_body_is_accepted() {
    let m = Manager::start().await;
    let document = document(&m.product).await;
    let paths = document["paths"].as_object().unwrap().iter();
    // That one would end the key that calls.
    for (path, item) in paths.filter(|(path, _)| path.as_str() != "/v1/keys/revoke-self") {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.get("requestBody") else { continue };
            let is_key = path.starts_with("/v1/keys/{id}");
            let id = if is_key {
                let key = m.issue(&serde_json::json!({ "kind": "service", "name": operation["operationId"] })).await;
                key["key"]["id"].as_str().unwrap().to_owned()
            } else {
                "0123456789abcdef01234567".to_owned()
            };
            let call = Call::new(&method.to_uppercase(), &path.replace("{id}", &id));
            let answer = m.call(call.json(body["content"]["application/json"]["example"].to_string())).await;
            // Nobody has the other id, and a new key has for example no rotation to end.
            let fits = path.contains("{id}") && answer.status.as_u16() == if is_key { 409 } else { 404 };
            assert!(answer.status.is_success() || fits, "{method} {path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn the_page_asks_this_server_alone() {
    let product = Product::start().await;
    let page = product.send(Call::get("/docs")).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'nonce-", "img-src 'self' data:", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !page.body.contains("://"), "{policy}");
    for name in ["swagger-ui-bundle.js", "docs.js", "docs.css"] {
        assert!(page.body.contains(&format!("/docs/{name}\"")), "{name}");
    }
}

/// Nobody is asked to sign in for either, and a cookie changes nothing.
#[tokio::test]
async fn both_are_the_same_for_everybody() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in ["/docs", "/openapi.json", "/docs/openapi", "/openapi/openapi.json"] {
        let (nobody, owner) =
            (product.send(Call::get(path)).await, product.send(Call::get(path).cookie(&session)).await);
        // Each answer names its own scripts.
        let shown = |answer: &Answer| {
            let policy = answer.header("content-security-policy");
            let nonce = policy.split('\'').find_map(|part| part.strip_prefix("nonce-"));
            nonce.map_or_else(|| answer.body.clone(), |nonce| answer.body.replace(nonce, ""))
        };
        assert_eq!(shown(&nobody), shown(&owner));
        let wrong = product.send(Call::post(path)).await;
        assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "GET, HEAD"), "{path}");
        let its_own = if path == "/openapi/openapi.json" { "result_cd" } else { "type" };
        assert!(!wrong.json()[its_own].is_null(), "{path}: {}", wrong.body);
    }
}
